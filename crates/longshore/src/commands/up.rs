//! `longshore up`: collector, store and page in one process.
//!
//! Invariants:
//! * The collector reaches the store over HTTP like any other, so there is one path.
//! * Started in order: store, server, demo, collector. Stopped the other way round, so that what was read is stored.

mod config;
mod sources;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use clap::Args;
use longshore_server::ServerSettings;

use self::sources::Sources;
use crate::clock;
use crate::demo::{self, Demo, DemoHandle};
use crate::failure::Hinted;
use crate::limits::QUERIES_AT_ONCE;
use crate::open_files;
use crate::setup::{BoundStore, ConfiguredBy, ConfiguredRules, collector, embedded, store_settings};
use crate::shutdown::{self, Shutdown};

const EXAMPLES: &str = "Examples:
  longshore up            tail this machine's containers, or a demo where there are none
  longshore up --demo     always the demo
  longshore up --data /var/lib/longshore --listen 0.0.0.0:3100";

/// Arguments of `longshore up`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct UpArgs {
    /// Folder for everything that is kept
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data: PathBuf,
    /// Address of the page and the API; a port alone is one of 127.0.0.1
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3100", value_parser = listen_address)]
    listen: String,
    /// Write and tail the logs of a small shop, even if there are container logs
    #[arg(long)]
    demo: bool,
}

/// Reads `127.0.0.1:3100`, `localhost:3100`, `[::1]:3100`, `:3100` or `3100`.
fn listen_address(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    port.parse::<u16>()
        .map_err(|_| "write an address and a port, as in 127.0.0.1:3100".to_owned())?;
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    Ok(format!("{host}:{port}"))
}

/// Runs until it is told to stop.
pub(crate) fn run(arguments: &UpArgs) -> anyhow::Result<()> {
    open_files::raise_limit();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(async {
            let shutdown = shutdown::on_signals("stopping; press Ctrl-C again to stop at once")?;
            up(arguments, shutdown).await
        })
}

async fn up(arguments: &UpArgs, shutdown: Shutdown) -> anyhow::Result<()> {
    let data = prepare(&arguments.data)?;
    let mut loaded = config::store()?;
    loaded.settings.querier.max_concurrent = QUERIES_AT_ONCE;
    let mut server = ServerSettings::from(&loaded.settings);
    server.listen.clone_from(&arguments.listen);
    server.effective_config = loaded.effective_yaml;
    let rules = Arc::new(ConfiguredRules::new(&loaded.settings)?);
    let store = BoundStore::open(
        store_settings(&loaded.settings, data.join("store"), rules),
        server,
        ConfiguredBy::Flags,
    )
    .await?;
    let address = store.address();
    let source = match Source::choose(arguments, &data) {
        Ok(source) => source,
        Err(error) => {
            store.close().await?;
            return Err(error);
        }
    };
    let loaded = config::collector(&source.globs, address)?;
    let collector = collector(&loaded.settings, data.join("collector"))?;
    store.register_metrics(|registry| collector.metrics().register(registry));
    store.control_by_api(shutdown.clone());
    let (stop_store, store_stop) = Shutdown::manual();
    let store = store.serve(store_stop, None);
    source.greet(arguments, address);
    let result = collector.run(stopped_by(shutdown, source.demo)).await;
    // Also after a failure: what was taken in is closed in good order.
    stop_store.send_replace(true);
    store.finish().await?;
    let report = result?;
    if report.unacknowledged_records > 0 {
        tracing::warn!(
            records = report.unacknowledged_records,
            "not stored yet, will be read again"
        );
    }
    Ok(())
}

/// Makes the folder; the rest of the program needs its whole path, since links point into it.
fn prepare(data: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(data)
        .and_then(|()| data.canonicalize())
        .map_err(|error| {
            Hinted::error(
                format!("cannot make the data folder {}: {error}", data.display()),
                "choose a folder that this user may write to, with --data",
            )
        })
}

/// What is tailed.
struct Source {
    globs: Vec<String>,
    demo: Option<DemoHandle>,
    found: Sources,
}

impl Source {
    /// Takes this machine's container logs; where there are none, or if it is wanted, starts the demo.
    fn choose(arguments: &UpArgs, data: &Path) -> anyhow::Result<Self> {
        let found = Sources::find(Path::new("/"));
        if !arguments.demo && !found.globs.is_empty() {
            return Ok(Self {
                globs: found.globs.clone(),
                demo: None,
                found,
            });
        }
        let root = data.join("demo");
        let cannot_write = || format!("cannot write the demo's logs to {}", root.display());
        let demo = Demo::open(&root, clock::now())
            .and_then(Demo::start)
            .with_context(cannot_write)?;
        Ok(Self {
            globs: vec![demo::include_glob(&root).display().to_string()],
            demo: Some(demo),
            found,
        })
    }

    fn greet(&self, arguments: &UpArgs, address: SocketAddr) {
        let bold: Style = Style::new().bold();
        let link: Style = AnsiColor::Cyan.on_default().underline();
        let names = demo::service_names().join(", ");
        let reason = match (&self.demo, arguments.demo, &self.found.unreadable) {
            (None, ..) => String::new(),
            (_, true, _) => format!(" (demo: {names})"),
            (_, _, None) => format!(" (demo, since this machine has no container logs: {names})"),
            (_, _, Some(folder)) => format!(" (demo, since this user may not read {})", folder.display()),
        };
        let page = if embedded().is_some() { "page" } else { "API " };
        anstream::eprintln!("\n{bold}Longshore is up{bold:#}");
        anstream::eprintln!("  tails  {}{reason}", self.globs.join(", "));
        anstream::eprintln!("  {page}   {link}http://{}{link:#}", reachable(address));
        anstream::eprintln!(
            "  query  longshore query '{{service_name=~\".+\"}} |= \"error\"'{}",
            addr_flag(address)
        );
        anstream::eprintln!("  data   {}", arguments.data.display());
        anstream::eprintln!("  stop   Ctrl-C\n");
    }
}

/// Completes when the user asks to stop and the demo's last line is written.
async fn stopped_by(shutdown: Shutdown, demo: Option<DemoHandle>) {
    shutdown.requested().await;
    if let Some(demo) = demo {
        drop(tokio::task::spawn_blocking(|| demo.stop()).await);
    }
}

/// An address that a browser on this machine can open.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    }
}

fn addr_flag(address: SocketAddr) -> String {
    if address.port() == 3100 {
        String::new()
    } else {
        format!(" --addr http://{}", reachable(address))
    }
}

#[cfg(test)]
mod tests;
