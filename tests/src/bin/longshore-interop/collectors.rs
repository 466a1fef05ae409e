//! Upstream collectors that read our test's files and write to our store.

use std::fs;
use std::process::Command;

use longshore_tests::configs::{CollectorFile, otlp_exporter};
use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::program::{Program, free_address};
use longshore_tests::verify::Report;

use crate::{Outcome, Pair, judged, plain_logs, verified};

pub(crate) fn promtail(pair: &Pair) -> Outcome {
    let mut halves = Halves::new(&pair.longshore, &pair.folder, Via::Loki)?;
    halves.start_ready(Half::Store)?;
    let generator = plain_logs(&pair.folder)?;
    let (folder, address) = (pair.folder.display(), halves.address);
    // The namespace is the only label of ours that one expression over a path gives; the rest is checked by content.
    let config = format!(
        "server: {{disable: true}}
positions: {{filename: \"{folder}/positions.yaml\"}}
clients: [{{url: \"http://{address}/loki/api/v1/push\"}}]
scrape_configs:
  - job_name: files
    pipeline_stages: [{{cri: {{}}}}]
    static_configs:
      - targets: [localhost]
        labels: {{job: promtail, k8s_namespace_name: team-all, __path__: \"{folder}/logs/pods/*/*/*.log\"}}
"
    );
    fs::write(pair.folder.join("promtail.yaml"), config)?;
    let mut command = Command::new(&pair.peer);
    command.arg(format!("-config.file={folder}/promtail.yaml"));
    let program = Program::start("promtail", &pair.folder, &mut command)?;
    let report = verified(&halves, &generator)?;
    let report = Report {
        wrong_labels: 0,
        ..report
    };
    judged(&report, || format!("{}\n{}", program.last_words(), halves.last_words()))
}

pub(crate) fn otelcol(pair: &Pair) -> Outcome {
    let mut halves = Halves::new(&pair.longshore, &pair.folder, Via::Loki)?;
    halves.start_ready(Half::Store)?;
    let generator = plain_logs(&pair.folder)?;
    let file = CollectorFile {
        logs: &pair.folder.join("logs"),
        state: &pair.folder.join("otelcol-offsets"),
        health: free_address()?,
        metrics: free_address()?,
        exporter: otlp_exporter(&format!("http://{}/otlp", halves.address)),
        batch_lines: 500,
        batch_timeout: "200ms",
    };
    let config = pair.folder.join("otelcol.yaml");
    fs::write(&config, file.text())?;
    let program = Program::start(
        "otelcol",
        &pair.folder,
        Command::new(&pair.peer).arg("--config").arg(config),
    )?;
    let report = verified(&halves, &generator)?;
    judged(&report, || format!("{}\n{}", program.last_words(), halves.last_words()))
}
