//! `docker-compose.yaml`: valid for both values of the flag, every variable in `.env.example`, every mounted file there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use longshore_tests::peers;

/// What the flag switches.
const SERVICES: [&str; 4] = ["longshore-store", "longshore-collector", "victoriametrics", "grafana"];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// `docker compose` or `docker-compose`, whichever is there; neither needs a daemon for `config`.
fn compose() -> Option<Command> {
    let works = |program: &str, first: &[&str]| {
        let output = Command::new(program).args(first).arg("version").output();
        output.is_ok_and(|output| output.status.success())
    };
    let (program, first): (&str, &[&str]) = if works("docker", &["compose"]) {
        ("docker", &["compose"])
    } else if works("docker-compose", &[]) {
        ("docker-compose", &[])
    } else {
        peers::tell(
            "SKIPPED the compose file for both values of the flag: no `docker compose` and no `docker-compose`",
        );
        return None;
    };
    let mut command = Command::new(program);
    command.args(first).current_dir(root());
    Some(command)
}

/// What compose makes of the file with the flag as given.
fn config(flag: &str) -> Option<String> {
    let output = compose()?
        .args(["--env-file", ".env.example", "-f", "docker-compose.yaml", "config"])
        .env("ENABLE_LOGGING", flag)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ENABLE_LOGGING={flag}: {errors}");
    Some(text)
}

/// Names of the profiles in the text; older versions of compose print services whose profile is off too.
fn profiles(text: &str) -> BTreeSet<&str> {
    let mut lines = text.lines();
    let mut found = BTreeSet::new();
    while lines.by_ref().any(|line| line.trim() == "profiles:") {
        let value = lines.next().unwrap().trim().trim_start_matches("- ");
        found.insert(value.trim_matches(['"', '\'']));
    }
    found
}

#[test]
fn the_flag_switches_every_service() {
    let (Some(on), Some(off)) = (config("true"), config("false")) else {
        return;
    };
    for service in SERVICES {
        assert!(on.contains(&format!("\n  {service}:\n")), "{service} is missing:\n{on}");
    }
    assert_eq!(profiles(&on), BTreeSet::from(["true"]), "{on}");
    // Either the services are not there, or they wait for a profile that nothing names.
    let is_off = SERVICES
        .iter()
        .all(|service| !off.contains(&format!("\n  {service}:\n")));
    assert!(is_off || profiles(&off) == BTreeSet::from(["false"]), "{off}");
}

#[test]
fn every_variable_is_in_the_example_with_its_default() {
    let (file, example) = (read("docker-compose.yaml"), read(".env.example"));
    let mut seen = 0;
    for (at, _) in file.match_indices("${") {
        let inner = file[at + 2..].split('}').next().unwrap();
        let (name, default) = inner
            .split_once(":-")
            .unwrap_or_else(|| panic!("${{{inner}}} has no default"));
        let line = format!("{name}={default}");
        assert!(
            example.lines().any(|other| other == line),
            "{line} is not in .env.example"
        );
        seen += 1;
    }
    assert!(seen > 10, "{seen} variables found");
}

#[test]
fn root_without_rights_over_others_writes_only_where_the_image_has_no_folder() {
    // A new volume belongs to whom the image's folder belongs; the collector's image folders belong to user 10001.
    let file = read("docker-compose.yaml");
    let collector = file.split("\n  longshore-collector:\n").nth(1).unwrap();
    let collector = collector.split("\n\n  victoriametrics:").next().unwrap();
    let volume = collector
        .lines()
        .find_map(|line| line.trim().strip_prefix("- offsets:"));
    let folder = volume.unwrap();
    assert!(collector.contains("user: \"0:0\"") && collector.contains("cap_drop: [ALL]"));
    assert!(collector.contains(&format!("LONGSHORE_STATE_DIR: {folder}\n")));
    let image = read("Dockerfile");
    assert!(!image.contains(&format!(" {folder}\n")), "{folder} is in the image");
}

#[test]
fn every_mounted_file_is_there() {
    let file = read("docker-compose.yaml");
    let paths: Vec<&str> = file
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- ./")?.split(':').next())
        .collect();
    assert!(paths.len() >= 5, "{paths:?}");
    for path in paths {
        assert!(root().join(path).exists(), "{path} is mounted, and not there");
    }
}
