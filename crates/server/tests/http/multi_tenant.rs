//! Reads of several tenants at once: `X-Scope-OrgID: a|b`.

use longshore_config::loki;
use longshore_server::ServerSettings;
use serde_json::{Value, json};

use crate::api::{Api, a_minute_ago};

async fn start(enabled: bool) -> Api {
    let config = format!(
        "auth_enabled: true\nquerier: {{multi_tenant_queries_enabled: {enabled}}}\n\
         overrides: {{b: {{max_entries_limit_per_query: 50}}}}\n"
    );
    let loaded = loki::load(&config, "store.yaml", &|_| None).unwrap();
    let api = Api::start_with(ServerSettings::from(&loaded.settings), None).await;
    let at = |ns: i64| (a_minute_ago() + ns).to_string();
    let evil = json!({"app": "web", "__tenant_id__": "evil"});
    push(
        &api,
        "a",
        json!({"app": "web", "team": "x"}),
        json!([[at(0), "from a"]]),
    )
    .await;
    push(&api, "a", evil, json!([[at(1), "has the label"]])).await;
    push(
        &api,
        "b",
        json!({"app": "web", "team": "y"}),
        json!([[at(2), "from b"]]),
    )
    .await;
    push(&api, "b", json!({"app": "db"}), json!([[at(3), "db of b"]])).await;
    push(&api, "c", json!({"app": "web"}), json!([[at(4), "not asked for"]])).await;
    api
}

async fn push(api: &Api, tenant: &str, stream: Value, values: Value) {
    let body = json!({"streams": [{"stream": stream, "values": values}]}).to_string();
    let headers = [("content-type", "application/json"), ("x-scope-orgid", tenant)];
    let answer = api.send("POST", "/loki/api/v1/push", &headers, body).await;
    assert_eq!(answer, (204, String::new()));
}

async fn try_get(api: &Api, tenants: &str, path: &str, params: &[(&str, &str)]) -> (u16, String) {
    let path = format!("/loki/api/v1/{path}");
    api.try_get(&path, params, &[("x-scope-orgid", tenants)]).await
}

async fn get(api: &Api, path: &str, params: &[(&str, &str)]) -> Value {
    let (status, text) = try_get(api, "b|a", path, params).await;
    assert_eq!(status, 200, "{path} {params:?}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Streams with their lines, as `tenant original team: line`.
async fn lines(api: &Api, tenants: &str, query: &str) -> Vec<String> {
    let (status, text) = try_get(api, tenants, "query_range", &[("query", query), ("limit", "50")]).await;
    assert_eq!(status, 200, "{tenants} {query}: {text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    let mut lines = Vec::new();
    for stream in answer["data"]["result"].as_array().unwrap() {
        let labels = &stream["stream"];
        let label = |name: &str| labels[name].as_str().unwrap_or("-").to_owned();
        for value in stream["values"].as_array().unwrap() {
            let (tenant, original) = (label("__tenant_id__"), label("original___tenant_id__"));
            lines.push(format!(
                "{tenant} {original} {}: {}",
                label("team"),
                value[1].as_str().unwrap()
            ));
        }
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn lines_say_whose_they_are() {
    let api = start(true).await;
    let (evil, a, b) = ("a evil -: has the label", "a - x: from a", "b - y: from b");
    let web = r#"{app="web"}"#;
    for tenants in ["a|b", "b|a|a", "a|b|"] {
        assert_eq!(lines(&api, tenants, web).await, [a, evil, b], "{tenants}");
    }
    assert_eq!(
        lines(&api, "a", web).await,
        ["- - x: from a", "evil - -: has the label"]
    );
    assert_eq!(lines(&api, "a|", web).await, [a, evil]);
    assert_eq!(lines(&api, "a|b", r#"{app="web", __tenant_id__="b"}"#).await, [b]);
    assert_eq!(lines(&api, "a|b", r#"{app="web", __tenant_id__!="a"}"#).await, [b]);
    assert_eq!(lines(&api, "a|b", r#"{app="web", __tenant_id__="c"}"#).await, [""; 0]);
    assert_eq!(lines(&api, "a|b", r#"{app="web"} | __tenant_id__="b""#).await, [b]);
}

#[tokio::test]
async fn every_read_sees_all_of_them() {
    let api = start(true).await;
    let all = ("query", r#"{app=~".+"}"#);
    let count = r#"sum by (__tenant_id__) (count_over_time({app=~".+"}[1h]))"#;
    let answer = get(&api, "query", &[("query", count)]).await;
    let counts: Vec<(&str, &str)> = answer["data"]["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sample| {
            (
                sample["metric"]["__tenant_id__"].as_str().unwrap(),
                sample["value"][1].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(counts, [("a", "2"), ("b", "2")]);
    let names = json!(["__tenant_id__", "app", "original___tenant_id__", "service_name", "team"]);
    assert_eq!(get(&api, "labels", &[]).await["data"], names);
    assert_eq!(get(&api, "label/app/values", &[]).await["data"], json!(["db", "web"]));
    assert_eq!(
        get(&api, "label/__tenant_id__/values", &[]).await["data"],
        json!(["a", "b"])
    );
    let of_b = ("query", r#"{app=~".+", __tenant_id__="b"}"#);
    assert_eq!(get(&api, "label/team/values", &[of_b]).await["data"], json!(["y"]));
    let series = get(&api, "series", &[("match[]", r#"{app=~".+", __tenant_id__="b"}"#)]).await;
    assert_eq!(
        series["data"],
        json!([
            {"__tenant_id__": "b", "app": "db", "service_name": "db"},
            {"__tenant_id__": "b", "app": "web", "service_name": "web", "team": "y"},
        ])
    );
    let stats = get(&api, "index/stats", &[all]).await;
    assert_eq!((&stats["streams"], &stats["entries"]), (&json!(4), &json!(4)));
    let volume = get(&api, "index/volume", &[all, ("targetLabels", "__tenant_id__")]).await;
    let bytes: Vec<&str> = volume["data"]["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|series| series["value"][1].as_str().unwrap())
        .collect();
    assert_eq!(bytes, ["19", "13"]);
    let labels = get(&api, "detected_labels", &[all]).await;
    assert!(
        labels["detectedLabels"].to_string().contains("__tenant_id__"),
        "{labels}"
    );
    assert_eq!(get(&api, "detected_fields", &[all]).await["limit"], 1000);
}

#[tokio::test]
async fn the_narrower_limit_holds() {
    let api = start(true).await;
    let params = [("query", r#"{app="web"}"#), ("limit", "51")];
    for (tenants, status) in [("a", 200), ("b", 400), ("a|b", 400)] {
        assert_eq!(
            try_get(&api, tenants, "query_range", &params).await.0,
            status,
            "{tenants}"
        );
    }
}

#[tokio::test]
async fn what_is_refused() {
    let query = [("query", r#"{app="web"}"#)];
    let several = (400, "multiple org IDs present\n".to_owned());
    let api = start(false).await;
    assert_eq!(try_get(&api, "a|b", "query_range", &query).await, several);
    assert_eq!(try_get(&api, "a", "query_range", &query).await.0, 200);
    // One that is named twice is one, which any request may name.
    assert_eq!(try_get(&api, "a|a", "query_range", &query).await.0, 200);
    let api = start(true).await;
    let tenants = r#"sum by (__tenant_id__) (count_over_time({app=~".+"}[1h]))"#;
    let answer = try_get(&api, "a|a", "query", &[("query", tenants)]).await.1;
    assert!(answer.contains(r#""metric":{}"#), "{answer}");
    let headers = [("content-type", "application/json"), ("x-scope-orgid", "a|b")];
    assert_eq!(api.send("POST", "/loki/api/v1/push", &headers, "{}").await, several);
    assert_eq!(
        try_get(&api, "|", "query_range", &query).await,
        (401, "no org id\n".to_owned())
    );
    let wrong = "tenant ID 'b/c' contains unsupported character '/'";
    assert_eq!(
        try_get(&api, "a|b/c", "query_range", &query).await,
        (400, wrong.to_owned())
    );
    let many: Vec<String> = (0..257).map(|index| index.to_string()).collect();
    assert_eq!(try_get(&api, &many.join("|"), "query_range", &query).await.0, 400);
}
