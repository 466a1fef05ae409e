//! Runs recorded behaviours of Loki against our language, in this process and over HTTP, and prints how many hold.
//!
//! `LONGSHORE_CASES` names the folder of the cases, which are not part of this repository; `LONGSHORE_CASES_SHOW=1`
//! prints the departures that are listed too. `--in-process` leaves the server out.

#![expect(clippy::print_stdout, reason = "a report is what this program is for")]
#![expect(clippy::print_stderr, reason = "a report is what this program is for")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use longshore_tests::conformance::{self, Departures, Outcome, Report, Server, passed};

/// Where the cases lie beside the repository, when nobody says.
const CASES_BESIDE: &str = "../shared/cases/loki";

/// Recorded behaviours of Loki against ours.
#[derive(Parser)]
#[command(name = "longshore-conformance")]
struct Plan {
    /// Folder of the cases
    #[arg(long, env = "LONGSHORE_CASES")]
    cases: Option<PathBuf>,
    /// Only the language, without a server
    #[arg(long)]
    in_process: bool,
}

fn main() -> ExitCode {
    let plan = Plan::parse();
    let beside = PathBuf::from(CASES_BESIDE);
    let Some(folder) = plan.cases.or_else(|| beside.is_dir().then_some(beside)) else {
        println!("skipped: LONGSHORE_CASES is not set and {CASES_BESIDE} not there, so there are no cases to run");
        return ExitCode::SUCCESS;
    };
    match run(&folder, plan.in_process) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("conformance: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything is as the list of departures says.
fn run(folder: &std::path::Path, in_process: bool) -> Result<bool, String> {
    let data = tempfile::tempdir().map_err(|error| error.to_string())?;
    let server = if in_process {
        None
    } else {
        let missing = "there is no program `longshore` beside this one: build it, or give --in-process";
        let binary = conformance::program().ok_or(missing)?;
        Some(Server::start(&binary, data.path())?)
    };
    let reports = conformance::run(folder, server)?;
    let departures = Departures::ours()?;
    let mut unexpected = 0;
    for report in &reports {
        unexpected += print_differences(&report.outcomes, "", |id| departures.reason(id));
        let http = report.http.as_deref().unwrap_or_default();
        unexpected += print_differences(http, "over HTTP: ", |id| departures.http_reason(id));
    }
    print_table(&reports);
    let stale = departures.stale(&reports);
    for id in &stale {
        eprintln!("{id} is listed as a departure and passes: take it off the list");
    }
    if reports.is_empty() {
        eprintln!("conformance: no cases in {}", folder.display());
    }
    Ok(unexpected == 0 && stale.is_empty() && !reports.is_empty())
}

/// Prints what differs and is not listed; gives how many these are.
fn print_differences<'a>(outcomes: &[Outcome], how: &str, reason: impl Fn(&str) -> Option<&'a str>) -> usize {
    let show_listed = std::env::var_os("LONGSHORE_CASES_SHOW").is_some();
    let mut unexpected = 0;
    for outcome in outcomes {
        let Some(difference) = &outcome.difference else {
            continue;
        };
        let reason = reason(&outcome.id);
        unexpected += usize::from(reason.is_none());
        if reason.is_none() || show_listed {
            println!("{how}{}  {}\n    {difference}", outcome.id, outcome.subject);
            println!("    {}\n", reason.unwrap_or("not listed as a departure"));
        }
    }
    unexpected
}

fn print_table(reports: &[Report]) {
    println!(
        "{:<10} {:<32} {:>6} {:>10} {:>6} {:>6}",
        "family", "file", "cases", "in-process", "pushed", "HTTP"
    );
    let mut totals: BTreeMap<conformance::Family, [usize; 4]> = BTreeMap::new();
    for report in reports {
        let http = report.http.as_deref().unwrap_or_default();
        let row = [
            report.outcomes.len(),
            passed(&report.outcomes),
            http.len(),
            passed(http),
        ];
        print_row(report.family, &report.file, row);
        let total = totals.entry(report.family).or_default();
        for (sum, value) in total.iter_mut().zip(row) {
            *sum += value;
        }
    }
    println!();
    for (family, total) in totals {
        let share = |passed: usize, cases: usize| passed as f64 / cases.max(1) as f64 * 100.0;
        let (here, there) = (share(total[1], total[0]), share(total[3], total[2]));
        print_row(family, &format!("all, {here:.2} % and {there:.2} %"), total);
    }
}

fn print_row(family: conformance::Family, file: &str, [cases, here, pushed, there]: [usize; 4]) {
    println!("{family:<10} {file:<32} {cases:>6} {here:>10} {pushed:>6} {there:>6}");
}
