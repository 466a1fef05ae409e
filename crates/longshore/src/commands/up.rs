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

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use clap::Args;
use longshore_server::ServerSettings;

use self::sources::Sources;
use crate::clock;
use crate::demo::{self, Demo, DemoHandle};
use crate::failure::Hinted;
use crate::limits::QUERIES_AT_ONCE;
use crate::setup::{RunningStore, collector, embedded, store_settings};
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
    let (stop_store, store_stop) = Shutdown::manual();
    let store = RunningStore::start(store_settings(&loaded.settings, data.join("store")), server, store_stop).await?;
    let result = collect(arguments, &data, store.address(), shutdown).await;
    // Also after a failure: what was taken in is closed in good order.
    stop_store.send_replace(true);
    store.finish().await?;
    result
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

/// Writes the demo if it is wanted, tails, and drains when the user asks to stop.
async fn collect(arguments: &UpArgs, data: &Path, address: SocketAddr, shutdown: Shutdown) -> anyhow::Result<()> {
    let found = Sources::find(Path::new("/"));
    let is_demo = arguments.demo || found.globs.is_empty();
    let demo_root = data.join("demo");
    let (demo, globs) = if is_demo {
        (
            Some(start_demo(&demo_root)?),
            vec![demo::include_glob(&demo_root).display().to_string()],
        )
    } else {
        (None, found.globs.clone())
    };
    let loaded = config::collector(&globs, address)?;
    let collector = collector(&loaded.settings, data.join("collector"))?;
    greet(arguments, is_demo, &found, &globs, address);
    let report = collector.run(stopped_by(shutdown, demo)).await?;
    if report.unacknowledged_records > 0 {
        tracing::warn!(
            records = report.unacknowledged_records,
            "not stored yet, will be read again"
        );
    }
    Ok(())
}

fn start_demo(root: &Path) -> anyhow::Result<DemoHandle> {
    let cannot_write = || format!("cannot write the demo's logs to {}", root.display());
    Demo::open(root, clock::now())
        .and_then(Demo::start)
        .with_context(cannot_write)
}

/// Completes when the user asks to stop and the demo's last line is written.
async fn stopped_by(shutdown: Shutdown, demo: Option<DemoHandle>) {
    shutdown.requested().await;
    if let Some(demo) = demo {
        drop(tokio::task::spawn_blocking(|| demo.stop()).await);
    }
}

fn greet(arguments: &UpArgs, is_demo: bool, found: &Sources, globs: &[String], address: SocketAddr) {
    let bold: Style = Style::new().bold();
    let link: Style = AnsiColor::Cyan.on_default().underline();
    let reason = match (is_demo, arguments.demo, &found.unreadable) {
        (false, ..) => String::new(),
        (true, true, _) => format!(" (demo: {})", demo::service_names().join(", ")),
        (true, false, None) => format!(
            " (demo, since this machine has no container logs: {})",
            demo::service_names().join(", ")
        ),
        (true, false, Some(folder)) => format!(" (demo, since this user may not read {})", folder.display()),
    };
    let page = if embedded().is_some() { "page" } else { "API " };
    anstream::eprintln!("\n{bold}Longshore is up{bold:#}");
    anstream::eprintln!("  tails  {}{reason}", globs.join(", "));
    anstream::eprintln!("  {page}   {link}http://{}{link:#}", reachable(address));
    anstream::eprintln!(
        "  query  longshore query '{{service_name=~\".+\"}} |= \"error\"'{}",
        addr_flag(address)
    );
    anstream::eprintln!("  data   {}", arguments.data.display());
    anstream::eprintln!("  stop   Ctrl-C\n");
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
