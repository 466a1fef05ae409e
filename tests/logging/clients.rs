//! The program's own client commands, and SQL over the segments, against a store with known content.

use std::process::{Command, Output};

use longshore_tests::clock::{now, wait_until};
use longshore_tests::halves::{Halves, Via};

use crate::{ENDS_WITHIN, PATIENCE, filled, program};

fn client(halves: &Halves, arguments: &[&str]) -> Output {
    let address = format!("http://{}", halves.address);
    Command::new(program())
        .args(arguments)
        .env("LOKI_ADDR", address)
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

#[test]
fn query_labels_and_series() {
    let folder = tempfile::tempdir().unwrap();
    let (halves, _generator) = filled(folder.path(), Via::Loki, 5, 100);
    let run = |arguments: &[&str]| {
        let output = client(&halves, arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };

    let raw = run(&[
        "query",
        "{service_name=\"cart\"}",
        "--output",
        "raw",
        "--limit",
        "1000",
        "--forward",
    ]);
    let numbers: Vec<_> = raw.lines().filter_map(|line| line.split(' ').next()).collect();
    let expected: Vec<_> = (0..100).map(|number| format!("n={number}")).collect();
    assert_eq!(numbers, expected);

    let json = run(&["query", "{service_name=\"cart\"} |= \"n=7 \"", "--output", "jsonl"]);
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{json}");

    let names = run(&["labels"]);
    assert!(names.lines().any(|line| line == "service_name"), "{names}");
    let values = run(&["labels", "service_name"]);
    assert_eq!(
        values.lines().collect::<Vec<_>>(),
        ["cart", "checkout", "frontend", "payment", "shipping"]
    );
    let series = run(&["series", "{service_name=~\"cart|payment\"}"]);
    assert_eq!(
        series.lines().filter(|line| line.contains("k8s_pod_name")).count(),
        2,
        "{series}"
    );

    let bad = client(&halves, &["query", "{service_name="]);
    assert!(!bad.status.success() && !bad.stderr.is_empty());
}

/// SQL over the folder of a running store gives the counts that LogQL gives.
#[test]
fn duckdb_reads_the_segments_of_a_running_store() {
    let python = std::env::var("LONGSHORE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_duckdb = Command::new(&python).args(["-c", "import duckdb"]).output();
    if !has_duckdb.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED duckdb_reads_the_segments_of_a_running_store: `{python}` has no duckdb (pip install duckdb; LONGSHORE_PYTHON names another Python)"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (halves, generator) = filled(folder.path(), Via::Loki, 5, 400);
    let script = "
import duckdb, sys
query = \"select labels['service_name'], count(*) from read_parquet(?) group by 1 order by 1\"
for name, count in duckdb.execute(query, [sys.argv[1] + '/**/*.parquet']).fetchall():
    print(name, count)
";
    let mut said = String::new();
    // Idle chunks are written after two seconds; until then the lines are in the head only.
    let counted = wait_until(PATIENCE, || {
        let output = Command::new(&python)
            .args(["-c", script])
            .arg(halves.data())
            .output()
            .unwrap();
        said = String::from_utf8_lossy(&[output.stdout.clone(), output.stderr].concat()).into_owned();
        let counts: Vec<u64> = said
            .lines()
            .filter_map(|line| line.split(' ').nth(1)?.parse().ok())
            .collect();
        (counts.iter().sum::<u64>() == generator.messages()).then_some(counts)
    });
    assert_eq!(counted, Some(vec![400; 5]), "{said}");
    assert_eq!(halves.stored(), Some(2_000));
}

/// Ctrl-C ends a live tail well, and it has shown what came meanwhile.
#[test]
fn tail_follows() {
    let folder = tempfile::tempdir().unwrap();
    let (halves, mut generator) = filled(folder.path(), Via::Loki, 1, 10);
    let mut command = Command::new(program());
    command.args(["tail", "{service_name=\"checkout\"}", "--output", "raw"]);
    command.env("LOKI_ADDR", format!("http://{}", halves.address));
    let mut tail = longshore_tests::program::Program::start("tail", folder.path(), &mut command).unwrap();
    // What is there already is shown first; so the tail stands before the new lines come.
    let shown = |text: &'static str| move |output: String| output.contains(text).then_some(());
    let first = wait_until(PATIENCE, || shown("n=9 ")(tail.output()));
    assert!(first.is_some(), "{}", tail.last_words());
    generator.write_each(10, now()).unwrap();
    let second = wait_until(PATIENCE, || shown("n=19 ")(tail.output()));
    assert!(second.is_some(), "{}\n{}", tail.last_words(), halves.last_words());
    tail.interrupt().unwrap();
    assert!(
        tail.wait(ENDS_WITHIN).is_some_and(|status| status.success()),
        "{}",
        tail.last_words()
    );
}
