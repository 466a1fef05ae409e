//! Flags, `--set` and the variable, and which of them wins.

use clap::Parser as _;

use super::*;

#[derive(Debug, clap::Parser)]
struct Cli {
    #[command(flatten)]
    render: RenderArgs,
}

fn settings_of(arguments: &[&str]) -> anyhow::Result<Settings> {
    let mut all = vec!["render"];
    all.extend(arguments);
    settings(&Cli::parse_from(all).render)
}

#[test]
fn flags_and_set_reach_the_settings() {
    let settings = settings_of(&[
        "--environment",
        "production",
        "--namespace",
        "logs",
        "--set",
        "store.size=50Gi",
    ])
    .unwrap();
    assert_eq!(settings.environment.as_str(), "production");
    assert_eq!(
        (settings.namespace.as_str(), settings.store.size.as_str()),
        ("logs", "50Gi")
    );
}

#[test]
fn the_variable_wins_over_set() {
    let settings = settings_of(&["--set", "enableLogging=true", "--enable-logging", "false"]).unwrap();
    assert!(!settings.enabled);
    let text = render(&settings);
    assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
}

#[test]
fn mistakes_name_what_to_write() {
    let error = |set: &str| settings_of(&["--set", set]).unwrap_err().to_string();
    assert_eq!(
        error("store.size"),
        "--set 'store.size' has no value; write --set store.size=VALUE"
    );
    assert_eq!(
        error("store.sise=1"),
        "store.sise: there is no such setting; did you mean store.size?"
    );
}

#[test]
fn every_key_is_listed() {
    let text = settings_text();
    assert!(
        text.contains("store.retention") && text.lines().all(|line| line.contains("  ")),
        "{text}"
    );
}
