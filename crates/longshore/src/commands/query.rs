//! `longshore query`: one LogQL query, printed.

use std::collections::HashSet;
use std::io::Write as _;

use clap::Args;
use longshore_model::TimestampNs;

use crate::client::{ConnectionArgs, LogEntry, QueryData, QueryResult, RangeQuery};
use crate::clock;
use crate::failure::Hinted;
use crate::output::{EntryPrinter, OutputArgs, print_series, stdout};
use crate::time_range::{RangeArgs, duration};

const EXAMPLES: &str = "Examples:
  longshore query '{service_name=\"checkout\"} |= \"error\"'
  longshore query '{service_name=\"payments\"} | logfmt | amount > 100' --since 15m --limit 100
  longshore query '{service_name=\"web\"}' --to 2026-01-31T12:00:00Z --since 5m --forward
  longshore query 'sum by (service_name) (count_over_time({service_name=~\".+\"}[1m]))' --step 1m
  longshore query '{service_name=\"web\"}' --output raw --limit 0 > web.log

A metric query prints a row a sample; --output raw prints the server's JSON, jsonl one object a series.";

/// Arguments of `longshore query`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct QueryArgs {
    /// LogQL, as in '{service_name="checkout"} |= "error"'
    query: String,
    /// Print at most so many lines; 0 prints all
    #[arg(long, value_name = "N", default_value_t = 30)]
    limit: u64,
    #[command(flatten)]
    range: RangeArgs,
    /// Oldest lines first
    #[arg(long)]
    forward: bool,
    /// Resolution of a metric query, as in 30s
    #[arg(long, value_name = "DURATION")]
    step: Option<String>,
    /// Of a log query, print one line in each interval
    #[arg(long, value_name = "DURATION")]
    interval: Option<String>,
    /// Evaluate a metric query at one moment only: that of --to, or now
    #[arg(long, conflicts_with_all = ["step", "interval", "forward", "from"])]
    instant: bool,
    /// Lines asked for at a time until the limit is reached
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(2..))]
    batch: u64,
    /// Print the server's statistics to stderr
    #[arg(long)]
    stats: bool,
    /// Go on with lines as they arrive, as `longshore tail` does
    #[arg(short, long, visible_short_alias = 'f', visible_alias = "follow")]
    tail: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs the query and prints what comes.
pub(crate) async fn run(arguments: QueryArgs) -> anyhow::Result<()> {
    if arguments.tail {
        let QueryArgs {
            query,
            limit,
            range,
            output,
            connection,
            ..
        } = arguments;
        return super::tail::run(super::tail::TailArgs {
            query,
            limit,
            since: range.since,
            delay_for: 0,
            output,
            connection,
        })
        .await;
    }
    for step in arguments.step.iter().chain(&arguments.interval) {
        // Plain numbers are seconds, as in the API.
        if step.parse::<f64>().is_err() {
            duration(step).map_err(anyhow::Error::msg)?;
        }
    }
    let client = arguments.connection.client()?;
    let range = arguments.range.resolve(clock::now())?;
    if arguments.instant {
        let result = client.query_instant(&arguments.query, range.end).await?;
        return print_metric(&arguments, &result);
    }
    let mut batches = Batches {
        next: RangeQuery {
            query: arguments.query.clone(),
            range,
            limit: 0,
            forward: arguments.forward,
            step: arguments.step.clone(),
            interval: arguments.interval.clone(),
        },
        left: if arguments.limit == 0 {
            u64::MAX
        } else {
            arguments.limit
        },
        batch: arguments.batch,
        seen: HashSet::new(),
    };
    let mut printer = EntryPrinter::new(&arguments.output);
    let mut first = true;
    while let Some(request) = batches.request() {
        if first {
            talk(&arguments.output, || {
                client.range_query_url(&request).map(String::from).unwrap_or_default()
            });
        }
        let result = client.query_range(&request).await?;
        print_stats(&arguments, &result);
        let QueryData::Streams(entries) = &result.data else {
            return print_metric(&arguments, &result);
        };
        let entries = batches.take(sorted(entries.clone(), arguments.forward), request.limit)?;
        print_entries(&mut printer, &entries, &arguments.output, first)?;
        first = false;
    }
    Ok(())
}

/// Pages through a range, since a server gives only so many lines at a time.
///
/// The next page begins with the moment of the last line, not after it, because more lines may bear the same moment;
/// those that were printed already are left out.
struct Batches {
    next: RangeQuery,
    left: u64,
    batch: u64,
    seen: HashSet<LogEntry>,
}

impl Batches {
    fn request(&mut self) -> Option<RangeQuery> {
        if self.left == 0 || self.next.range.is_empty() {
            return None;
        }
        self.next.limit = self.batch.min(self.left.saturating_add(self.seen.len() as u64));
        Some(self.next.clone())
    }

    /// Takes in what came, in the order of the direction; returns what is new and sets out for the next page.
    fn take(&mut self, entries: Vec<LogEntry>, limit: u64) -> anyhow::Result<Vec<LogEntry>> {
        let full = entries.len() as u64 >= limit;
        let last = entries.last().map(|entry| entry.at);
        let mut new: Vec<LogEntry> = entries.into_iter().filter(|entry| !self.seen.contains(entry)).collect();
        if full && new.is_empty() {
            return Err(Hinted::error(
                format!("more than {} lines bear the same timestamp", self.seen.len()),
                "ask for more at a time with --batch",
            ));
        }
        new.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= new.len() as u64;
        match last {
            Some(last) if full => self.move_to(last, &new),
            _ => self.left = 0,
        }
        Ok(new)
    }

    fn move_to(&mut self, last: TimestampNs, new: &[LogEntry]) {
        let range = &mut self.next.range;
        let before = *range;
        if self.next.forward {
            range.start = last;
        } else {
            range.end = TimestampNs(last.0.saturating_add(1));
        }
        if *range != before {
            self.seen.clear();
        }
        self.seen.extend(new.iter().filter(|entry| entry.at == last).cloned());
    }
}

/// Streams come one after the other; lines are printed in the order of time.
fn sorted(mut entries: Vec<LogEntry>, forward: bool) -> Vec<LogEntry> {
    if forward {
        entries.sort_by_key(|entry| entry.at);
    } else {
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    }
    entries
}

fn print_entries(
    printer: &mut EntryPrinter<'_>,
    entries: &[LogEntry],
    output: &OutputArgs,
    first: bool,
) -> anyhow::Result<()> {
    if first {
        let common = printer.study(entries);
        if !common.is_empty() {
            talk(output, || format!("Common labels: {common}"));
        }
    }
    let mut out = stdout();
    for entry in entries {
        printer.print(entry, &mut out)?;
    }
    Ok(out.flush()?)
}

fn print_metric(arguments: &QueryArgs, result: &QueryResult) -> anyhow::Result<()> {
    let QueryData::Series(series) = &result.data else {
        return Ok(());
    };
    let mut out = stdout();
    print_series(result, series, &arguments.output, &mut out)?;
    Ok(out.flush()?)
}

fn print_stats(arguments: &QueryArgs, result: &QueryResult) {
    if arguments.stats {
        anstream::eprintln!("{:#}", result.stats);
    }
}

fn talk(output: &OutputArgs, text: impl FnOnce() -> String) {
    if !output.quiet {
        anstream::eprintln!("{}", text());
    }
}

#[cfg(test)]
mod tests;
