//! Kills each half and the kubelet while pods write, and counts.

use std::process::Command;

use crate::Outcome;
use crate::cluster::{kubectl, run, wait_for};
use crate::load::Load;
use crate::stack::{Part, READY_WITHIN, Stack};

/// Lines a second: half of what fits the limits with ease, so that what is seen comes from the faults.
const RATE: u64 = 500;
/// Seconds of writing.
const SECONDS: u64 = 120;

/// A fault: the second it comes at, and what it is.
type Fault = (u64, fn(&Stack) -> Outcome<()>);

/// Store's pod, collector's pod, kubelet: each killed once. Gives the load's row.
pub(crate) fn run_faults(stack: &Stack) -> Outcome<String> {
    let mut due: Vec<Fault> = vec![
        (85, |_| kill_kubelet()),
        (50, |stack| kill_pod(stack, Part::Collector)),
        (15, |stack| kill_pod(stack, Part::Store)),
    ];
    let mut load = Load::start(stack, RATE, SECONDS)?;
    load.watch(SECONDS, |stack, second| match due.pop_if(|(at, _)| *at <= second) {
        Some((_, fault)) => fault(stack),
        None => Ok(()),
    })?;
    if !due.is_empty() {
        return Err(format!("{} faults did not happen", due.len()).into());
    }
    wait_for("the stack is Ready again", READY_WITHIN, || stack.ready().map(Some))?;
    load.finish()
}

fn kill_pod(stack: &Stack, part: Part) -> Outcome<()> {
    let (name, _) = stack.pod(part)?;
    kubectl([
        "-n",
        stack.namespace(),
        "delete",
        "pod",
        &name,
        "--force",
        "--grace-period=0",
        "--wait=false",
    ])
    .map(drop)
}

fn kill_kubelet() -> Outcome<()> {
    let pids = run(Command::new("ps").args(["-C", "kubelet", "-o", "pid="]))?;
    let pid = pids.split_whitespace().next().ok_or("no kubelet runs")?;
    run(Command::new("kill").args(["-9", pid])).map(drop)
}
