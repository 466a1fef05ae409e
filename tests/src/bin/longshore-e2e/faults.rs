//! Kills each half and the kubelet while pods write, and counts.

use std::fs;

use rustix::process::{Pid, Signal, kill_process as kill_process_by_id};

use crate::Outcome;
use crate::cluster::{kubectl, wait_for};
use crate::load::Load;
use crate::stack::{Part, READY_WITHIN, Stack};

/// Lines a second: enough that the kubelet rotates every file several times between two faults.
const RATE: u64 = 3_000;
/// Seconds of writing.
const SECONDS: u64 = 150;
/// Every so many messages one comes in two pieces, so that rotation and restarts fall between pieces too.
const LONG_EVERY: u64 = 500;

/// A fault: the second it comes at, and what it is.
type Fault = (u64, fn(&Stack) -> Outcome<()>);

/// Store's pod, collector's pod, kubelet, and both processes: each killed once. Gives the load's row.
pub(crate) fn run_faults(stack: &Stack) -> Outcome<String> {
    let mut due: Vec<Fault> = vec![
        (120, |_| kill_process("longshore", "collector")),
        (95, |_| kill_process("longshore", "store")),
        (70, |_| kill_process("kubelet", "")),
        (40, |stack| kill_pod(stack, Part::Collector)),
        (15, |stack| kill_pod(stack, Part::Store)),
    ];
    let mut load = Load::start(stack, RATE, SECONDS, LONG_EVERY)?;
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

/// Kills the one process of that name that has the argument among its own; both halves are one program.
fn kill_process(program: &str, argument: &str) -> Outcome<()> {
    let is_it = |id: &str| {
        let command = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let mut words = command.split(|byte| *byte == 0);
        let name = words.next().and_then(|path| path.rsplit(|byte| *byte == b'/').next());
        name == Some(program.as_bytes()) && (argument.is_empty() || words.any(|word| word == argument.as_bytes()))
    };
    let names = fs::read_dir("/proc")?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let found: Vec<i32> = names
        .filter(|name| is_it(name))
        .filter_map(|name| name.parse().ok())
        .collect();
    let [id] = found.as_slice() else {
        return Err(format!("{} processes are {program} {argument}, not one", found.len()).into());
    };
    kill_process_by_id(Pid::from_raw(*id).ok_or("no process has the number 0")?, Signal::KILL)?;
    Ok(())
}
