//! Programs that the host starts, each in a process group of its own.
//!
//! Invariant: a program whose starter no longer waits for it, or that runs when the host is to end, is asked to end,
//! and killed with its whole group when it does not.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::limits::ENDS_WITHIN;

/// All programs that the host has started.
#[derive(Debug)]
pub(super) struct Processes {
    ending: watch::Sender<bool>,
    running: watch::Sender<usize>,
}

impl Default for Processes {
    fn default() -> Self {
        Self {
            ending: watch::Sender::new(false),
            running: watch::Sender::new(0),
        }
    }
}

/// One program. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Process {
    /// Its standard output, where the command asked for it.
    pub stdout: Option<ChildStdout>,
    /// Its standard error, where the command asked for it.
    pub stderr: Option<ChildStderr>,
    watcher: JoinHandle<io::Result<Ended>>,
    _wanted: oneshot::Sender<()>,
}

/// How a program ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself.
    Itself(ExitStatus),
    /// It was told to.
    Told,
}

impl Processes {
    /// Starts a program. Its standard input is empty.
    pub(super) fn start(&self, command: &mut Command) -> io::Result<Process> {
        let mut child = command
            .process_group(0)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (wanted, unwanted) = oneshot::channel();
        let mut ending = self.ending.subscribe();
        let running = self.running.clone();
        running.send_modify(|count| *count += 1);
        let watcher = tokio::spawn(async move {
            let ended = tokio::select! {
                status = child.wait() => status.map(Ended::Itself),
                _ = unwanted => end(&mut child).await,
                () = async { let _ = ending.wait_for(|ending| *ending).await; } => end(&mut child).await,
            };
            running.send_modify(|count| *count -= 1);
            ended
        });
        Ok(Process {
            stdout,
            stderr,
            watcher,
            _wanted: wanted,
        })
    }

    /// Asks every program to end. Programs started later end at once.
    pub(super) fn tell_all_to_end(&self) {
        self.ending.send_replace(true);
    }

    /// Ends every program and waits for that.
    pub(super) async fn end_all(&self, grace: Duration) {
        self.tell_all_to_end();
        let mut running = self.running.subscribe();
        let all_ended = running.wait_for(|count| *count == 0);
        // Twice: `end` itself waits that long before it kills.
        let _ = timeout(grace * 2, all_ended).await;
    }
}

impl Process {
    /// Waits until it has ended.
    pub(super) async fn wait(self) -> io::Result<Ended> {
        let Self { watcher, _wanted, .. } = self;
        watcher.await.map_err(io::Error::other)?
    }
}

/// Asks the program's group to end, and kills it when the program does not.
async fn end(child: &mut Child) -> io::Result<Ended> {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let Some(group) = group else {
        return Ok(Ended::Told);
    };
    // The group may be gone already: then there is nothing to signal.
    let _ = kill_process_group(group, Signal::TERM);
    if timeout(ENDS_WITHIN, child.wait()).await.is_err() {
        let _ = kill_process_group(group, Signal::KILL);
        child.wait().await?;
    }
    Ok(Ended::Told)
}
