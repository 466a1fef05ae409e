//! `longshore store`: the half that Loki is.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use longshore_config::loki;
use longshore_server::ServerSettings;

use crate::logging::Logging;
use crate::open_files;
use crate::setup::{BoundStore, ConfiguredBy, ConfiguredRules, Overrides, load, store_settings};
use crate::shutdown;

const EXAMPLES: &str = "Examples:
  longshore store --config deploy/configs/loki-config.yaml
  longshore validate --config deploy/configs/loki-config.yaml

GET /ready tells whether it is up, GET /metrics how it does (Prometheus); longshore_store_ready
is 0 while it takes in no logs. Ctrl-C or SIGTERM lets requests end and writes everything to
segments.";

/// Where data lies when the configuration names no folder.
const DIRECTORY: &str = "data/store";

/// Arguments of `longshore store`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StoreArgs {
    /// Configuration, in Loki's form
    #[arg(long, short, visible_alias = "config.file", value_name = "FILE")]
    config: PathBuf,
}

/// Runs until it is told to stop.
pub(crate) fn run(arguments: &StoreArgs, logging: Logging) -> anyhow::Result<()> {
    let loaded = load(&arguments.config, loki::load)?;
    let configured = &loaded.settings.server;
    logging.start_as(configured.log_level, configured.log_format);
    open_files::raise_limit();
    let directory = PathBuf::from(loaded.settings.data_directory.as_deref().unwrap_or(DIRECTORY));
    let mut server = ServerSettings::from(&loaded.settings);
    server.effective_config = loaded.effective_yaml;
    let rules = Arc::new(ConfiguredRules::new(&loaded.settings)?);
    let mut overrides = Overrides::new(&loaded.settings, Arc::clone(&rules));
    server.overrides = overrides.read()?;
    let settings = store_settings(&loaded.settings, directory.clone(), rules);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let shutdown = shutdown::on_signals("stopping; press Ctrl-C again to stop at once")?;
        let store = BoundStore::open(settings, server, ConfiguredBy::File).await?;
        store.control_by_api(shutdown.clone());
        tracing::info!(address = %store.address(), directory = %directory.display(), "store is ready");
        store.serve(shutdown, Some(overrides)).finish().await
    })
}
