//! What a single process says of itself, and what may be done to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use longshore_server::{Process, ServerSettings};
use serde_json::{Value, json};

use crate::api::{Api, a_minute_ago};

/// A program that writes down what it is asked for.
struct Fake {
    level: Mutex<String>,
    stopped: AtomicBool,
}

impl Process for Fake {
    fn log_level(&self) -> String {
        self.level.lock().unwrap().clone()
    }

    fn set_log_level(&self, level: &str) -> Result<(), String> {
        *self.level.lock().unwrap() = level.to_owned();
        Ok(())
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

async fn controlled() -> (Api, Arc<Fake>) {
    let fake = Arc::new(Fake {
        level: Mutex::new("info".to_owned()),
        stopped: AtomicBool::new(false),
    });
    let process = Arc::clone(&fake);
    let api = Api::start_controlled(ServerSettings::default(), None, Some(process)).await;
    (api, fake)
}

async fn check(api: &Api, method: &str, path: &str, status: u16, text: &str) {
    let answer = api.send(method, path, &[], "").await;
    assert_eq!(answer, (status, text.to_owned()), "{method} {path}");
}

#[tokio::test]
async fn rings_have_one_active_member() {
    let api = Api::start().await;
    for name in ["", "/distributor", "/compactor", "/scheduler", "/pattern"] {
        let path = format!("{name}/ring");
        let (status, html) = api.send("GET", &path, &[("accept", "text/html")], "").await;
        assert_eq!(status, 200, "{path}");
        assert!(html.starts_with("<!DOCTYPE html>") && html.contains("ACTIVE"), "{html}");
        let (_, text) = api.send("GET", &path, &[("accept", "application/json")], "").await;
        let ring: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(ring["shards"].as_array().unwrap().len(), 1, "{ring}");
        assert_eq!(ring["shards"][0]["state"], "ACTIVE");
        assert_eq!(ring["shards"][0]["address"], api.address);
    }
    check(&api, "GET", "/indexgateway/ring", 404, "404 page not found\n").await;
    assert_eq!(api.send("GET", "/ruler/ring", &[], "").await.0, 200);
    check(&api, "GET", "/memberlist", 200, "This instance doesn't use memberlist.").await;
    let (status, services) = api.send("GET", "/services", &[], "").await;
    assert_eq!(status, 200);
    assert!(services.lines().all(|line| line.ends_with(" => Running")), "{services}");
    assert!(services.contains("distributor => Running\n"));
}

#[tokio::test]
async fn the_level_of_logging_is_told_and_changed() {
    let (api, fake) = controlled().await;
    check(
        &api,
        "GET",
        "/log_level",
        200,
        r#"{"message":"Current log level is info"}"#,
    )
    .await;
    let (status, text) = api.send("POST", "/log_level?log_level=debug", &[], "").await;
    assert_eq!(status, 200, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        answer,
        json!({"status": "success", "message": "Log level set to debug"})
    );
    assert_eq!(fake.log_level(), "debug");
    let (status, text) = api.send("POST", "/log_level?log_level=loud", &[], "").await;
    assert_eq!(status, 400);
    assert!(text.contains("unrecognized log level"), "{text}");
    assert_eq!(fake.log_level(), "debug");
}

#[tokio::test]
async fn flushing_and_stopping() {
    let (api, fake) = controlled().await;
    for (method, path) in [
        ("GET", "/flush"),
        ("POST", "/flush"),
        ("POST", "/flush/tenant"),
        ("PUT", "/sync-indexes"),
    ] {
        check(&api, method, path, 204, "").await;
    }
    check(&api, "GET", "/ingester/prepare_shutdown", 200, "unset").await;
    check(&api, "POST", "/ingester/prepare_shutdown", 204, "").await;
    check(&api, "GET", "/ingester/prepare_shutdown", 200, "set").await;
    check(&api, "DELETE", "/ingester/prepare_shutdown", 204, "").await;
    check(&api, "GET", "/ingester/prepare_shutdown", 200, "unset").await;

    let from_elsewhere = [("sec-fetch-site", "cross-site")];
    assert_eq!(api.send("POST", "/ingester/shutdown", &from_elsewhere, "").await.0, 403);
    check(&api, "POST", "/ingester/shutdown?terminate=false", 204, "").await;
    assert!(!fake.stopped.load(Ordering::Relaxed));
    check(&api, "POST", "/ingester/shutdown", 204, "").await;
    assert!(fake.stopped.load(Ordering::Relaxed));

    let api = Api::start().await;
    assert_eq!(api.send("POST", "/ingester/shutdown", &[], "").await.0, 501);
}

#[tokio::test]
async fn there_are_no_rules_and_none_is_taken() {
    let api = Api::start().await;
    for prefix in ["/loki/api/v1/rules", "/api/prom/rules"] {
        check(&api, "GET", prefix, 404, "no rule groups found\n").await;
        check(&api, "GET", &format!("{prefix}/a"), 404, "no rule groups found\n").await;
        let unsupported = "GetRuleGroup unsupported in rule local store\n";
        check(&api, "GET", &format!("{prefix}/a/b"), 400, unsupported).await;
        check(&api, "DELETE", &format!("{prefix}/a/b"), 404, "group does not exist\n").await;
        check(
            &api,
            "DELETE",
            &format!("{prefix}/a"),
            404,
            "group namespace does not exist\n",
        )
        .await;
        let group = format!("{prefix}/a");
        check(&api, "POST", &group, 400, "group 0: Groupname must not be empty\n").await;
        let post = async |body: &str| api.send("POST", &group, &[], body).await;
        assert_eq!(post("- [").await, (400, "unable to decoded rule group\n".to_owned()));
        let bad = "name: g\nrules: [{alert: a, expr: '{'}]";
        let (status, text) = post(bad).await;
        assert_eq!(status, 400);
        assert!(
            text.starts_with("could not parse expression for alert 'a' in group 'g': parse error"),
            "{text}"
        );
        let good = "name: g\nrules:\n  - alert: a\n    expr: rate({a=\"b\"}[1m]) > 1\n";
        let (status, text) = post(good).await;
        assert_eq!(status, 501);
        assert!(text.starts_with("rules are not evaluated here"), "{text}");
    }
    let none = json!({"status": "success", "data": {"groups": []}, "errorType": "", "error": ""});
    assert_eq!(api.get("/prometheus/api/v1/rules", &[("type", "alert")]).await, none);
    let (status, text) = api.try_get("/prometheus/api/v1/rules", &[("type", "x")], &[]).await;
    assert_eq!(status, 400, "{text}");
    let none = json!({"status": "success", "data": {"alerts": []}, "errorType": "", "error": ""});
    assert_eq!(api.get("/prometheus/api/v1/alerts", &[]).await, none);
}

#[tokio::test]
async fn the_configuration_and_where_it_differs() {
    let settings = ServerSettings {
        effective_config: "auth_enabled: false\nserver:\n  http_listen_port: 3100\n".to_owned(),
        ..ServerSettings::default()
    };
    let effective = settings.effective_config.clone();
    let api = Api::start_with(settings, None).await;
    check(&api, "GET", "/config", 200, &effective).await;
    check(&api, "GET", "/config?mode=diffs", 200, "auth_enabled: false\n").await;
    let (status, defaults) = api.send("GET", "/config?mode=defaults", &[], "").await;
    assert_eq!(status, 200);
    assert!(defaults.starts_with("auth_enabled: true\n"), "{defaults}");
}

#[tokio::test]
async fn profiles_are_elsewhere() {
    let api = Api::start().await;
    for path in ["/debug/pprof/", "/debug/pprof/heap", "/debug/fgprof"] {
        let (status, text) = api.send("GET", path, &[], "").await;
        assert_eq!(status, 404);
        assert!(text.contains("perf record"), "{text}");
    }
}

#[tokio::test]
async fn one_shard_holds_everything() {
    let api = Api::start().await;
    let at = a_minute_ago().to_string();
    api.push(json!({"app": "web"}), json!([[at, "one"]])).await;
    let query = ("query", r#"{app="web"}"#);
    let answer = api
        .get("/loki/api/v1/index/shards", &[query, ("targetBytesPerShard", "100MB")])
        .await;
    assert_eq!(
        answer["shards"],
        json!([{
            "bounds": {"min": 0, "max": u64::MAX},
            "stats": {"streams": 1, "chunks": 1, "bytes": 3, "entries": 1},
        }])
    );
    assert!(answer["statistics"]["summary"].is_object());
    for wrong in ["", "0", "x"] {
        let params = [query, ("targetBytesPerShard", wrong)];
        assert_eq!(
            api.try_get("/loki/api/v1/index/shards", &params, &[]).await.0,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn the_old_paths_have_their_own_shapes() {
    let api = Api::start().await;
    let at = a_minute_ago();
    api.push(
        json!({"app": "web"}),
        json!([[at.to_string(), "one"], [(at + 1).to_string(), "two"]]),
    )
    .await;
    let mut answer = api
        .get(
            "/api/prom/query",
            &[("query", r#"{app="web"}"#), ("regexp", "^t\\w\"?o$")],
        )
        .await;
    assert!(answer["stats"]["summary"].is_object());
    let ts = longshore_model::TimestampNs(at + 1).to_string();
    assert_eq!(
        answer["streams"].take(),
        json!([{
            "labels": r#"{app="web", detected_level="unknown", service_name="web"}"#,
            "entries": [{"ts": ts, "line": "two"}],
        }])
    );
    let wrong = [("query", r#"rate({app="web"}[1m])"#)];
    assert_eq!(api.try_get("/api/prom/query", &wrong, &[]).await.0, 400);
    let names = json!({"values": ["app", "service_name"]});
    assert_eq!(api.get("/api/prom/label", &[]).await, names);
    assert_eq!(
        api.get("/api/prom/label/app/values", &[]).await,
        json!({"values": ["web"]})
    );
    assert_eq!(api.get("/api/prom/label/none/values", &[]).await, json!({}));
}
