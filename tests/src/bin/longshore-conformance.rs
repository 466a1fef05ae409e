//! Runs recorded behaviours of Loki against our language and prints how many of them hold.
//!
//! `LONGSHORE_CASES` names the folder of the cases, which are not part of this repository; `LONGSHORE_CASES_SHOW=1`
//! prints the departures that are listed too.

#![expect(clippy::print_stdout, reason = "a report is what this program is for")]
#![expect(clippy::print_stderr, reason = "a report is what this program is for")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use longshore_tests::conformance::{self, Departures, Report};

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("LONGSHORE_CASES").map(PathBuf::from) else {
        println!("skipped: LONGSHORE_CASES is not set, so there are no cases to run");
        return ExitCode::SUCCESS;
    };
    let outcome = conformance::run(&folder).and_then(|reports| Ok((reports, Departures::ours()?)));
    let (reports, departures) = match outcome {
        Ok(outcome) => outcome,
        Err(message) => {
            eprintln!("conformance: {message}");
            return ExitCode::FAILURE;
        }
    };
    let unexpected = print_differences(&reports, &departures);
    print_table(&reports, &departures);
    let stale = departures.stale(&reports);
    for id in &stale {
        eprintln!("{id} is listed as a departure and passes: take it off the list");
    }
    if reports.is_empty() {
        eprintln!("conformance: no cases in {}", folder.display());
    }
    if unexpected == 0 && stale.is_empty() && !reports.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Prints what differs and is not listed; gives how many these are.
fn print_differences(reports: &[Report], departures: &Departures) -> usize {
    let show_listed = std::env::var_os("LONGSHORE_CASES_SHOW").is_some();
    let mut unexpected = 0;
    for outcome in reports.iter().flat_map(|report| &report.outcomes) {
        let Some(difference) = &outcome.difference else {
            continue;
        };
        let reason = departures.reason(&outcome.id);
        unexpected += usize::from(reason.is_none());
        if reason.is_none() || show_listed {
            println!("{}  {}\n    {difference}", outcome.id, outcome.subject);
            println!("    {}\n", reason.unwrap_or("not listed as a departure"));
        }
    }
    unexpected
}

fn print_table(reports: &[Report], departures: &Departures) {
    println!(
        "{:<10} {:<32} {:>6} {:>7} {:>7} {:>7}",
        "family", "file", "cases", "passed", "listed", "failed"
    );
    let mut totals: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for report in reports {
        let differing = report.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        let listed = differing
            .filter(|outcome| departures.reason(&outcome.id).is_some())
            .count();
        let (cases, passed) = (report.outcomes.len(), report.passed());
        let row = [cases, passed, listed, cases - passed - listed];
        print_row(report.family, &report.file, row);
        let total = totals.entry(report.family).or_default();
        for (sum, value) in total.iter_mut().zip(row) {
            *sum += value;
        }
    }
    println!();
    for (family, total) in totals {
        let share = total[1] as f64 / total[0].max(1) as f64 * 100.0;
        print_row(family, &format!("all, {share:.2} % passed"), total);
    }
}

fn print_row(family: &str, file: &str, [cases, passed, listed, failed]: [usize; 4]) {
    println!("{family:<10} {file:<32} {cases:>6} {passed:>7} {listed:>7} {failed:>7}");
}
