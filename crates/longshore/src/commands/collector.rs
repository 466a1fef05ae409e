//! `longshore collector`: the half that the OpenTelemetry Collector is.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use longshore_collector::RunError;
use longshore_config::otel;

use crate::logging::Logging;
use crate::open_files;
use crate::setup::{Patience, collector, load};
use crate::shutdown;

const EXAMPLES: &str = "Examples:
  longshore collector --config deploy/configs/otel-collector-config.yaml
  longshore validate --config deploy/configs/otel-collector-config.yaml

Readiness is at the address of the health_check extension, metrics (Prometheus) at localhost:8888 or
where service.telemetry.metrics puts them. Ctrl-C or SIGTERM sends what was read and writes the checkpoints.";

/// Arguments of `longshore collector`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CollectorArgs {
    /// Configuration, in the OpenTelemetry Collector's form
    #[arg(long, short, value_name = "FILE")]
    config: PathBuf,
    /// Folder for checkpoints when the configuration names no storage extension
    #[arg(long, value_name = "DIR", default_value = "data/collector")]
    data: PathBuf,
}

/// Runs until it is told to stop.
pub(crate) fn run(arguments: &CollectorArgs, logging: Logging) -> anyhow::Result<()> {
    let loaded = load(&arguments.config, otel::load)?;
    let telemetry = &loaded.settings.service.telemetry;
    logging.start_as(telemetry.log_level, telemetry.log_encoding);
    open_files::raise_limit();
    let build = || collector(&loaded.settings, arguments.data.clone());
    let mut collector = build()?;
    // The allocator's huge pages would double the memory of a program that needs 20 MiB.
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "huge pages stay on");
    }
    // One thread: the budget of a collector is a small share of one core.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let shutdown = shutdown::on_signals("stopping; press Ctrl-C again to stop at once")?;
        for tailed in collector.describe() {
            tracing::info!("tailing {tailed}");
        }
        let mut patience = Patience::default();
        let report = loop {
            match collector.run(shutdown.clone().requested()).await {
                Err(error @ RunError::Locked { .. }) if patience.lasts(&error).await => collector = build()?,
                ended => break ended?,
            }
        };
        if report.unacknowledged_records > 0 {
            tracing::warn!(
                records = report.unacknowledged_records,
                "not acknowledged yet, will be read again"
            );
        }
        Ok(())
    })
}
