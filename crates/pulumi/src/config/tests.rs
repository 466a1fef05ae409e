//! Values, types and the messages that say how to mend them.

use futures_util::FutureExt as _;
use serde::Deserialize;

use super::*;

fn config() -> Config {
    let all = Configuration::default()
        .with("logs:replicas", "3")
        .with("logs:enableLogging", "yes")
        .with("logs:tolerations", r#"[{"key":"a"}]"#)
        .with("kubernetes:context", "lab")
        .with_secret("logs:token", "hunter2");
    Config::new(all.into(), "logs")
}

#[test]
fn a_namespace_sees_its_own_keys() {
    assert_eq!(
        config().keys().collect::<Vec<_>>(),
        ["enableLogging", "replicas", "token", "tolerations"]
    );
    assert_eq!(config().get("context"), None);
}

#[test]
fn values_have_types() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Toleration {
        key: String,
    }
    assert_eq!(config().get_as::<u32>("replicas", "a number").unwrap(), Some(3));
    assert_eq!(config().get_bool("absent").unwrap(), None);
    let tolerations = config().get_object::<Vec<Toleration>>("tolerations").unwrap();
    assert_eq!(tolerations, Some(vec![Toleration { key: "a".to_owned() }]));
}

#[test]
fn every_message_names_key_and_command() {
    let message = |error: ConfigError| error.to_string();
    assert_eq!(
        message(config().require("image").unwrap_err()),
        "configuration lacks logs:image: set it with `pulumi config set logs:image <value>`"
    );
    assert_eq!(
        message(config().get_bool("enableLogging").unwrap_err()),
        "configuration key logs:enableLogging is \"yes\", not true or false: set it with `pulumi config set logs:enableLogging <value>`"
    );
    assert_eq!(
        message(config().require_secret("password").unwrap_err()),
        "configuration lacks logs:password: set it with `pulumi config set --secret logs:password <value>`"
    );
}

#[test]
fn a_secret_stays_one() {
    let token = config()
        .require_secret("token")
        .unwrap()
        .resolve()
        .now_or_never()
        .unwrap()
        .unwrap();
    assert!(token.secret);
    assert_eq!(token.value.as_deref(), Some("hunter2"));
    for shown in [
        config().get_bool("token").unwrap_err().to_string(),
        config().get_object::<u32>("token").unwrap_err().to_string(),
        format!("{:?}", config()),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
