//! The table: one row a figure, on standard output and in a file.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use longshore_tests::clock::now;

/// One figure.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// Our figure, with its unit.
    pub ours: String,
    /// The target and whether it was met; empty when there is none.
    pub target: String,
    /// The upstream program's figure of the same run; empty when it is not there.
    pub upstream: String,
    /// Ours against upstream's, above 1 where ours is better.
    pub better: Option<f64>,
}

impl Row {
    /// A row with our figure only.
    pub fn new(what: impl Into<String>, ours: impl Into<String>) -> Self {
        let (what, ours) = (what.into(), ours.into());
        Self {
            what,
            ours,
            target: String::new(),
            upstream: String::new(),
            better: None,
        }
    }

    /// Adds a target.
    #[must_use]
    pub fn target(mut self, target: &str, met: bool) -> Self {
        self.target = format!("{target}: {}", if met { "met" } else { "MISSED" });
        self
    }

    /// Adds upstream's figure and how much better ours is.
    #[must_use]
    pub fn upstream(mut self, figure: Option<(String, f64)>) -> Self {
        if let Some((figure, better)) = figure {
            self.upstream = figure;
            self.better = Some(better).filter(|better| better.is_finite());
        }
        self
    }
}

/// All rows under one heading, as Markdown.
pub fn table(heading: &str, rows: &[Row]) -> String {
    let mut text = format!("## {heading}\n\n| what | Longshore | target | upstream, same run | better by |\n");
    text.push_str("|---|---|---|---|---|\n");
    for Row {
        what,
        ours,
        target,
        upstream,
        better,
    } in rows
    {
        // A bar would end the cell.
        let what = what.replace('|', "\\|");
        let better = better.map_or(String::new(), |better| format!("{better:.1}x"));
        writeln!(text, "| {what} | {ours} | {target} | {upstream} | {better} |").expect("a String takes every write");
    }
    text
}

/// When and on what the run was made.
pub fn circumstances() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    let kernel = Command::new("uname").arg("-sr").output();
    let kernel = kernel
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    let date = now().to_string();
    let (date, model) = (&date[..10], model.unwrap_or("unknown processor"));
    format!("{date}, {cores} cores of {model}, {kernel}, load average at the start {load}.\n")
}
