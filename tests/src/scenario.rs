//! What the query language does, as texts: streams are loaded, queries are run, answers are compared.
//!
//! ```text
//! # a comment
//! load {app="web"} pod=x      a stream; words behind the selector are structured metadata
//!   10s GET /cart 200         an entry: when, in seconds or milliseconds since 1970, and its line
//!   20s..60s/10s tick         entries from, to (inclusive) and how far apart
//!
//! eval log {app="web"} |= "GET"          the lines that pass, oldest first
//!   {app="web", pod="x"} GET /cart 200
//!
//! eval at 60s sum(rate({app="web"}[1m]))      one moment
//!   {} 0.1
//!
//! eval 10s..30s/10s count_over_time(...)      a range: one value a step, `_` for none
//!   {app="web"} _ 1 2
//!
//! eval fail at 60s sum by (x                  a mistake; one line that its text contains
//!   parse error
//! ```
//!
//! Invariant: a file without a question, or a question with an answer that was not compared, is a mistake.

use std::fmt::Write as _;

use longshore_logql::eval::{InstantParams, LogParams, QueryMemory, RangeParams, Value};
use longshore_logql::{Context, Expr, format_number, instant_query, log_query, parse, parse_matchers, range_query};
use longshore_model::{
    Cancellation, Direction, Entry, Labels, StreamEntries, TenantId, TimeRange, TimestampNs, parse_go_duration,
};

use crate::conformance::memory::Memory;

/// No question here makes more.
const LIMIT: usize = 1000;
/// What a query may hold; none of the scenarios needs much.
const MEMORY_BYTES: usize = 64 << 20;

/// A question with its answer.
struct Question<'a> {
    line_number: usize,
    text: &'a str,
    expected: Vec<&'a str>,
}

/// Runs a file; gives the number of its questions.
///
/// # Errors
/// Every answer that differs and every line that means nothing, one text.
pub fn run(text: &str) -> Result<usize, String> {
    let mut memory = Memory::default();
    let mut question: Option<Question<'_>> = None;
    let (mut questions, mut problems) = (0, String::new());
    let mut in_load = false;
    for (index, line) in text.lines().enumerate() {
        let is_detail = line.starts_with("  ");
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if is_detail && in_load {
            memory_entry(&mut memory, trimmed).map_err(|problem| format!("line {}: {problem}", index + 1))?;
            continue;
        }
        if let (true, Some(question)) = (is_detail, &mut question) {
            question.expected.push(trimmed);
            continue;
        }
        ask(&memory, question.take(), &mut problems);
        if let Some(stream) = trimmed.strip_prefix("load ") {
            let stream = stream_of(stream).map_err(|problem| format!("line {}: {problem}", index + 1))?;
            memory.streams.push(stream);
            in_load = true;
        } else if let Some(text) = trimmed.strip_prefix("eval ") {
            questions += 1;
            in_load = false;
            question = Some(Question {
                line_number: index + 1,
                text,
                expected: Vec::new(),
            });
        } else {
            return Err(format!("line {}: neither load nor eval: {line}", index + 1));
        }
    }
    ask(&memory, question, &mut problems);
    match (problems.is_empty(), questions) {
        (true, 0) => Err("no eval".to_owned()),
        (true, count) => Ok(count),
        (false, _) => Err(problems),
    }
}

fn ask(memory: &Memory, question: Option<Question<'_>>, problems: &mut String) {
    let Some(question) = question else {
        return;
    };
    let (must_fail, text) = match question.text.strip_prefix("fail ") {
        Some(text) => (true, text),
        None => (false, question.text),
    };
    let answer = answer(memory, text);
    let found = match &answer {
        Ok(lines) => lines.clone(),
        Err(message) => vec![format!("fails: {message}")],
    };
    let as_expected = match (&answer, must_fail, question.expected.as_slice()) {
        (Err(message), true, [part]) => message.contains(part),
        (Ok(lines), false, expected) => lines.iter().map(String::as_str).eq(expected.iter().copied()),
        _ => false,
    };
    if !as_expected {
        let (wanted, found) = (question.expected.join("\n    "), found.join("\n    "));
        let _ = writeln!(
            problems,
            "line {}: {text}\n  expected\n    {wanted}\n  found\n    {found}",
            question.line_number
        );
    }
}

fn answer(memory: &Memory, question: &str) -> Result<Vec<String>, String> {
    let tenant = TenantId::single();
    let context = Context {
        storage: memory,
        tenant: &tenant,
        cancellation: Cancellation::default(),
        memory: QueryMemory::alone(MEMORY_BYTES),
        series_max: LIMIT,
        now: TimestampNs(1_700_000_000_000_000_000),
    };
    let (when, query) = question.split_once(' ').ok_or("a query is missing")?;
    if when == "log" {
        return lines(query, &context);
    }
    let (when, query) = match when {
        "at" => query.split_once(' ').ok_or("a query is missing")?,
        _ => (when, query),
    };
    let expr = match parse(query).map_err(|error| error.to_string())? {
        Expr::Sample(expr) => expr,
        Expr::Log(_) => return Err("lines are asked for with `eval log`".to_owned()),
    };
    let times = times(when)?;
    let result = if when.contains("..") {
        let params = RangeParams {
            start: TimestampNs(times.from),
            end: TimestampNs(times.to),
            step_ns: times.step,
        };
        range_query(&expr, params, &context)
    } else {
        instant_query(
            &expr,
            InstantParams {
                at: TimestampNs(times.from),
            },
            &context,
        )
    };
    let value = result.map_err(|error| error.to_string())?.value;
    Ok(match value {
        Value::Scalar(point) => vec![format_number(point.value)],
        Value::Vector { samples, .. } => samples
            .iter()
            .map(|sample| format!("{} {}", sample.labels, format_number(sample.value)))
            .collect(),
        Value::Matrix(series) => series
            .iter()
            .map(|series| {
                let steps = (times.from..=times.to).step_by(usize::try_from(times.step).unwrap_or(1));
                let value = |at: i64| {
                    let point = series.points.iter().find(|point| point.timestamp.0 == at);
                    point.map_or("_".to_owned(), |point| format_number(point.value))
                };
                format!("{} {}", series.labels, steps.map(value).collect::<Vec<_>>().join(" "))
            })
            .collect(),
    })
}

fn lines(query: &str, context: &Context<'_>) -> Result<Vec<String>, String> {
    let expr = match parse(query).map_err(|error| error.to_string())? {
        Expr::Log(expr) => expr,
        Expr::Sample(_) => return Err("numbers are asked for with a time".to_owned()),
    };
    let params = LogParams {
        time: TimeRange::ALL,
        limit: LIMIT,
        direction: Direction::Forward,
    };
    let result = log_query(&expr, params, context).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    for stream in &result.streams {
        for (at, line) in &stream.entries {
            rows.push((
                *at,
                format!("{} {}", stream.labels.merged(), String::from_utf8_lossy(line)),
            ));
        }
    }
    rows.sort();
    Ok(rows.into_iter().map(|(_, row)| row.trim_end().to_owned()).collect())
}

/// Moments `from`, `from + step`, ... up to `to`.
struct Times {
    from: i64,
    to: i64,
    step: i64,
}

fn times(text: &str) -> Result<Times, String> {
    let ns = |text: &str| parse_go_duration(text).map_err(|_| format!("{text} is no time"));
    let Some((from, rest)) = text.split_once("..") else {
        let at = ns(text)?;
        return Ok(Times {
            from: at,
            to: at,
            step: 1,
        });
    };
    let (to, step) = rest
        .split_once('/')
        .ok_or_else(|| format!("{text} needs a step: from..to/step"))?;
    Ok(Times {
        from: ns(from)?,
        to: ns(to)?,
        step: ns(step)?.max(1),
    })
}

fn stream_of(text: &str) -> Result<StreamEntries, String> {
    let end = text.rfind('}').ok_or("a stream needs a selector")? + 1;
    let matchers = parse_matchers(&text[..end]).map_err(|error| error.to_string())?;
    Ok(StreamEntries {
        labels: matchers
            .into_iter()
            .map(|matcher| (matcher.name, matcher.value))
            .collect(),
        // Entries take their metadata from the first, which is none itself.
        entries: vec![Entry {
            timestamp: TimestampNs(i64::MIN),
            line: "".into(),
            structured_metadata: text[end..]
                .split_whitespace()
                .filter_map(|pair| pair.split_once('='))
                .collect(),
        }],
    })
}

fn memory_entry(memory: &mut Memory, text: &str) -> Result<(), String> {
    let (when, line) = text.split_once(' ').unwrap_or((text, ""));
    let times = times(when)?;
    let stream = memory.streams.last_mut().ok_or("an entry needs a stream")?;
    let is_mark = |entry: &Entry| entry.timestamp.0 == i64::MIN;
    let metadata = stream
        .entries
        .first()
        .map_or_else(Labels::empty, |entry| entry.structured_metadata.clone());
    if stream.entries.first().is_some_and(is_mark) {
        stream.entries.clear();
    }
    let mut at = times.from;
    while at <= times.to {
        stream.entries.push(Entry {
            timestamp: TimestampNs(at),
            line: line.to_owned().into(),
            structured_metadata: metadata.clone(),
        });
        at = at.saturating_add(times.step);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
