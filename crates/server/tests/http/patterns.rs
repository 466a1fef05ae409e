//! Patterns of lines.

use longshore_server::ServerSettings;
use serde_json::{Value, json};

use crate::api::{Api, SECOND, a_minute_ago};

async fn find(api: &Api, params: &[(&str, &str)]) -> Value {
    let answer = api.get("/loki/api/v1/patterns", params).await;
    assert_eq!(answer["status"], "success");
    answer["data"].clone()
}

#[tokio::test]
async fn patterns_by_level_and_step() {
    let api = Api::start().await;
    let start = a_minute_ago().div_euclid(10 * SECOND) * 10 * SECOND;
    let at = |index: i64| (start + index * SECOND).to_string();
    api.push(
        json!({"app": "web"}),
        json!([
            [at(0), "level=info msg=\"order placed\" order=17"],
            [at(1), "level=info msg=\"order placed\" order=18"],
            [at(11), "level=info msg=\"order placed\" order=19"],
            [at(12), "level=error msg=\"no stock\" order=19"],
        ]),
    )
    .await;
    api.push(json!({"app": "db"}), json!([[at(3), "slow query"]])).await;
    let range = [("start", at(0)), ("end", at(30))];
    let params = |more: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> {
        let range = range.iter().map(|(name, value)| (*name, value.as_str()));
        range.chain(more.iter().copied()).collect()
    };
    let second = start / SECOND;
    let web = ("query", r#"{app="web"}"#);
    // A step below ten seconds is ten seconds.
    let found = find(&api, &params(&[web, ("step", "1s")])).await;
    let placed = json!({
        "pattern": "level=info msg=\"order placed\" order=<_>", "level": "info",
        "samples": [[second, 2], [second + 10, 1]],
    });
    let no_stock = json!({
        "pattern": "level=error msg=\"no stock\" order=19", "level": "error", "samples": [[second + 10, 1]],
    });
    assert_eq!(found, json!([placed, no_stock]));
    let found = find(&api, &params(&[web, ("step", "1m"), ("line_limit", "1")])).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["pattern"], no_stock["pattern"], "the newest line is looked at");
    let query = ("query", r#"{app=~".+"} |= "order" != "stock" | logfmt | order > 17"#);
    let found = find(&api, &params(&[query])).await;
    assert_eq!(found[0]["samples"], json!([[second, 1], [second + 10, 1]]));
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(find(&api, &params(&[("query", r#"{app="none"}"#)])).await, json!([]));
}

#[tokio::test]
async fn wrong_requests_and_a_server_without_patterns() {
    let api = Api::start().await;
    let path = "/loki/api/v1/patterns";
    for (params, text) in [
        ([("query", "{"), ("step", "1m")], "parse error at line 1, col 2: "),
        (
            [("query", r#"rate({a="b"}[1m])"#), ("step", "1m")],
            "only label matchers are supported",
        ),
        (
            [("query", r#"{a="b"}"#), ("step", "0")],
            "zero or negative query resolution",
        ),
        (
            [("query", r#"{a="b"}"#), ("line_limit", "-1")],
            "limit must be a positive value",
        ),
        (
            [("query", r#"{a="b"}"#), ("since", "6000h")],
            "exceeded maximum resolution",
        ),
    ] {
        let params = if params[1].0 == "since" {
            vec![params[0], params[1], ("step", "10s")]
        } else {
            params.to_vec()
        };
        let (status, answer) = api.try_get(path, &params, &[]).await;
        assert_eq!(status, 400, "{params:?}: {answer}");
        assert!(answer.starts_with(text), "{params:?}: {answer}");
    }
    let limits = api.get("/loki/api/v1/drilldown-limits", &[]).await;
    assert_eq!(limits["pattern_ingester_enabled"], true);

    let settings = ServerSettings {
        patterns_enabled: false,
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    let answer = api.try_get(path, &[("query", r#"{a="b"}"#)], &[]).await;
    assert_eq!(answer, (404, "404 page not found\n".to_owned()));
    let limits = api.get("/loki/api/v1/drilldown-limits", &[]).await;
    assert_eq!(limits["pattern_ingester_enabled"], false);
}
