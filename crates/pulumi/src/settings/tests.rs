//! The host's environment variables, whole and in part.

use super::*;

fn variable(name: &str) -> Option<String> {
    let value = match name {
        MONITOR => "127.0.0.1:1",
        ENGINE => "127.0.0.1:2",
        PROJECT => "logs",
        STACK => "dev",
        ORGANIZATION => "organization",
        DRY_RUN => "true",
        PARALLEL => "8",
        CONFIG => r#"{"logs:a":"1","logs:b":"2"}"#,
        CONFIG_SECRET_KEYS => r#"["logs:b"]"#,
        _ => return None,
    };
    Some(value.to_owned())
}

#[test]
fn all_of_it() {
    let Surroundings {
        settings,
        monitor,
        engine,
    } = Surroundings::read(variable).unwrap();
    assert_eq!((monitor.as_str(), engine.as_str()), ("127.0.0.1:1", "127.0.0.1:2"));
    assert_eq!((settings.project.as_str(), settings.stack.as_str()), ("logs", "dev"));
    assert_eq!((settings.dry_run, settings.parallel), (true, Some(8)));
    let config = crate::Config::new(settings.config, "logs");
    assert_eq!(
        (config.get("a"), config.is_secret("a"), config.is_secret("b")),
        (Some("1"), false, true)
    );
}

#[test]
fn the_least_of_it() {
    let least = |name: &str| {
        [MONITOR, ENGINE, PROJECT, STACK]
            .contains(&name)
            .then(|| "x".to_owned())
    };
    let settings = Surroundings::read(least).unwrap().settings;
    assert_eq!(
        (settings.dry_run, settings.parallel, settings.organization.as_str()),
        (false, None, "")
    );
}

#[test]
fn started_by_hand() {
    let error = Surroundings::read(|_| None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this program only runs inside Pulumi (PULUMI_MONITOR is not set): run `pulumi up`, or `pulumi preview`"
    );
}

#[test]
fn a_host_that_writes_nonsense() {
    let broken = |name: &str| {
        if name == CONFIG {
            Some("{".to_owned())
        } else {
            variable(name)
        }
    };
    assert!(matches!(
        Surroundings::read(broken),
        Err(SettingsError::NotJson { variable: CONFIG, .. })
    ));
}
