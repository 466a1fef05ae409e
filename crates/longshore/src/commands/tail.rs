//! `longshore tail`: lines as they arrive.
//!
//! Invariant: a line is printed once, also over reconnections: a new connection starts at the moment of the newest line
//! that was printed, and the lines of that moment are remembered.

use std::collections::HashSet;
use std::io::Write;
use std::time::Duration;

use clap::Args;
use longshore_model::TimestampNs;

use crate::client::{Client, ConnectionArgs, LiveTail, LogEntry, Next, Refused};
use crate::clock;
use crate::limits::{TAIL_ATTEMPTS_MAX, TAIL_REMEMBERED_MAX};
use crate::output::{EntryPrinter, OutputArgs, stdout};
use crate::shutdown;
use crate::time_range::duration;

const EXAMPLES: &str = "Examples:
  longshore tail '{service_name=\"checkout\"}'
  longshore tail '{service_name=~\".+\"} |= \"error\"' --since 5m
  longshore tail '{service_name=\"web\"}' --output raw | grep POST

Ends with Ctrl-C. A broken connection is opened again.";

/// Arguments of `longshore tail`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TailArgs {
    /// LogQL without metrics, as in '{service_name="checkout"} |= "error"'
    pub(crate) query: String,
    /// Print at most so many older lines at first
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) limit: u64,
    /// How far to look back for older lines
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub(crate) since: Duration,
    /// Let the server wait so many seconds (at most 5) for late lines, to print them in order
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=5))]
    pub(crate) delay_for: u64,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// Prints until the user stops it or the server stays away.
pub(crate) async fn run(arguments: TailArgs) -> anyhow::Result<()> {
    let shutdown = shutdown::on_signals("")?;
    let client = arguments.connection.client()?;
    let mut out = stdout();
    tokio::select! {
        result = follow(&arguments, &client, &mut out) => result,
        () = shutdown.requested() => Ok(()),
    }
}

async fn follow(arguments: &TailArgs, client: &Client, out: &mut impl Write) -> anyhow::Result<()> {
    let since_ns = i64::try_from(arguments.since.as_nanos()).unwrap_or(i64::MAX);
    let start = TimestampNs(clock::now().0.saturating_sub(since_ns));
    let mut printed = Printed {
        newest: start,
        lines: HashSet::new(),
    };
    let mut printer = EntryPrinter::new(&arguments.output);
    // The first connection must succeed, so that a wrong address or query is told at once.
    let mut tail = connect(arguments, client, start).await?;
    loop {
        let why = print_all(&mut tail, &mut printer, &mut printed, out).await?;
        tracing::warn!(why, "the tail ended, connecting again");
        tail = reconnect(arguments, client, printed.newest).await?;
    }
}

async fn connect(arguments: &TailArgs, client: &Client, start: TimestampNs) -> anyhow::Result<LiveTail> {
    client
        .tail(client.tail_url(&arguments.query, start, arguments.limit, arguments.delay_for)?)
        .await
}

async fn reconnect(arguments: &TailArgs, client: &Client, start: TimestampNs) -> anyhow::Result<LiveTail> {
    let mut pause = client.pause;
    for attempt in 1..TAIL_ATTEMPTS_MAX {
        tokio::time::sleep(pause).await;
        match connect(arguments, client, start).await {
            Err(error) if !error.downcast_ref::<Refused>().is_some_and(Refused::is_final) => {
                tracing::warn!(attempt, error = format!("{error:#}"), "the server is away");
            }
            result => return result,
        }
        pause = (pause * 2).min(client.pause_max);
    }
    connect(arguments, client, start).await
}

/// Prints one connection's lines; returns why it ended.
async fn print_all(
    tail: &mut LiveTail,
    printer: &mut EntryPrinter<'_>,
    printed: &mut Printed,
    out: &mut impl Write,
) -> anyhow::Result<String> {
    loop {
        let frame = match tail.next().await? {
            Next::Frame(frame) => frame,
            Next::Lost(why) => return Ok(why),
        };
        if frame.dropped > 0 {
            tracing::warn!(
                lines = frame.dropped,
                "the server left lines out because this tail is too slow"
            );
        }
        let mut entries: Vec<LogEntry> = frame
            .entries
            .into_iter()
            .filter(|entry| printed.is_new(entry))
            .collect();
        entries.sort_by_key(|entry| entry.at);
        printer.widen(&entries);
        for entry in &entries {
            printer.print(entry, out)?;
        }
        out.flush()?;
        entries.into_iter().for_each(|entry| printed.remember(entry));
    }
}

/// What was printed last, to tell it from what is new after a reconnection.
struct Printed {
    newest: TimestampNs,
    lines: HashSet<LogEntry>,
}

impl Printed {
    fn is_new(&self, entry: &LogEntry) -> bool {
        entry.at != self.newest || !self.lines.contains(entry)
    }

    fn remember(&mut self, entry: LogEntry) {
        if entry.at > self.newest {
            self.newest = entry.at;
            self.lines.clear();
        }
        if entry.at == self.newest && self.lines.len() < TAIL_REMEMBERED_MAX {
            self.lines.insert(entry);
        }
    }
}

#[cfg(test)]
mod tests;
