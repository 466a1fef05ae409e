//! Every file of `tests/scenarios`, and that a wrong answer is told.

use std::path::Path;

use super::run;

#[test]
fn every_scenario_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 5, "the scenarios are missing");
    let mut problems = String::new();
    for file in files {
        if let Err(problem) = run(&std::fs::read_to_string(&file).unwrap()) {
            problems.push_str(&format!("{}\n{problem}\n", file.display()));
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn a_wrong_answer_is_told() {
    let load = "load {a=\"b\"}\n  1s x\n";
    assert_eq!(
        run(&format!(
            "{load}eval at 2s count_over_time({{a=\"b\"}}[5s])\n  {{a=\"b\"}} 1\n"
        )),
        Ok(1)
    );
    for wrong in [
        "eval at 2s count_over_time({a=\"b\"}[5s])\n  {a=\"b\"} 2\n",
        "eval at 2s count_over_time({a=\"b\"}[5s])\n",
        "eval log {a=\"b\"}\n  {a=\"b\"} y\n",
        "eval fail at 2s count_over_time({a=\"b\"}[5s])\n  parse error\n",
        "expect nothing\n",
        "",
    ] {
        assert!(run(&format!("{load}{wrong}")).is_err(), "{wrong}");
    }
}
