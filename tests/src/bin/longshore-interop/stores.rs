//! The real Loki behind our collector.

use std::process::Command;
use std::time::Duration;

use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::loki::Loki;
use longshore_tests::program::Program;

use crate::{Outcome, Pair, judged, plain_logs, verified};

/// Loki waits 15 s before it says that it is ready.
pub(crate) const LOKI_READY_WITHIN: Duration = Duration::from_secs(90);

pub(crate) fn loki_push(pair: &Pair) -> Outcome {
    through_real_loki(pair, Via::Loki)
}

pub(crate) fn loki_otlp(pair: &Pair) -> Outcome {
    through_real_loki(pair, Via::Otlp)
}

fn through_real_loki(pair: &Pair, via: Via) -> Outcome {
    let mut halves = Halves::new(&pair.longshore, &pair.folder, via)?;
    let mut command = Command::new(&pair.peer);
    command
        .arg(format!("-config.file={}", pair.folder.join("store.yaml").display()))
        .current_dir(&pair.folder);
    let loki = Program::start("loki", &pair.folder, &mut command)?;
    let ready = Loki::new(halves.address).wait_ready(LOKI_READY_WITHIN);
    ready.map_err(|error| format!("{error}\n{}", loki.last_words()))?;
    let generator = plain_logs(&pair.folder)?;
    halves.start_ready(Half::Collector)?;
    let report = verified(&halves, &generator)?;
    judged(&report, || format!("{}\n{}", loki.last_words(), halves.last_words()))
}
