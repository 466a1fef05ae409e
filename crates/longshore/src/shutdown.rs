//! Ctrl-C and SIGTERM: the first asks everything to drain, a further Ctrl-C ends the process at once.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::limits::SECOND_SIGNAL_AFTER;

/// Exit code after the second Ctrl-C: 128 + SIGINT, as shells report it.
const INTERRUPTED: i32 = 130;

/// Becomes `true` when the user asks to stop; clones see the same.
#[derive(Clone)]
pub(crate) struct Shutdown {
    asked: watch::Receiver<bool>,
    ask: watch::Sender<bool>,
}

impl Shutdown {
    /// Returns when the user has asked to stop.
    pub(crate) async fn requested(mut self) {
        // It has a sender of its own, so an error cannot come first.
        drop(self.asked.wait_for(|stop| *stop).await);
    }

    /// Asks to stop, as the user would.
    pub(crate) fn request(&self) {
        self.ask.send_replace(true);
    }

    /// Asks to stop by hand, for tests and for parts that end on their own.
    pub(crate) fn manual() -> (watch::Sender<bool>, Self) {
        let (ask, asked) = watch::channel(false);
        (ask.clone(), Self { asked, ask })
    }
}

/// Listens for the signals; the first is answered with `message` on stderr. Must be called inside a runtime.
pub(crate) fn on_signals(message: &'static str) -> anyhow::Result<Shutdown> {
    let interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let (sender, shutdown) = Shutdown::manual();
    tokio::spawn(watch_signals(interrupt, terminate, sender, message));
    Ok(shutdown)
}

#[expect(clippy::exit, reason = "the user asked twice: nothing may hold the process any more")]
async fn watch_signals(
    mut interrupt: Signal,
    mut terminate: Signal,
    sender: watch::Sender<bool>,
    message: &'static str,
) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    if !message.is_empty() {
        anstream::eprintln!("\n{message}");
    }
    sender.send_replace(true);
    let asked = Instant::now();
    // Shells, `make` and supervisors may pass one request on to the process and to its group: that is not a second one.
    while asked.elapsed() < SECOND_SIGNAL_AFTER {
        interrupt.recv().await;
    }
    std::process::exit(INTERRUPTED);
}
