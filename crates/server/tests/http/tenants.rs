//! Each tenant has its limits.

use std::collections::BTreeMap;

use longshore_config::loki;
use longshore_model::TenantId;
use longshore_server::{ServerSettings, overrides};
use serde_json::{Value, json};

use crate::api::{Api, a_minute_ago};

/// Everybody may push lines of 10 bytes and read 2 at a time; tenant `big` more.
const CONFIG: &str = "
auth_enabled: true
limits_config:
  max_line_size: 10
  max_entries_limit_per_query: 2
  max_concurrent_tail_requests: 0
overrides:
  big:
    max_line_size: 20
    max_entries_limit_per_query: 4
    max_query_series: 7
    volume_enabled: false
";

async fn start() -> Api {
    let loaded = loki::load(CONFIG, "store.yaml", &|_| None).unwrap();
    Api::start_with(ServerSettings::from(&loaded.settings), None).await
}

async fn push(api: &Api, tenant: &str, line: &str) -> u16 {
    let stream = json!({"stream": {"app": "web"}, "values": [[a_minute_ago().to_string(), line]]});
    let body = json!({"streams": [stream]}).to_string();
    let headers = [("content-type", "application/json"), ("x-scope-orgid", tenant)];
    api.send("POST", "/loki/api/v1/push", &headers, body).await.0
}

async fn get(api: &Api, tenant: &str, path: &str, params: &[(&str, &str)]) -> (u16, String) {
    api.try_get(path, params, &[("x-scope-orgid", tenant)]).await
}

#[tokio::test]
async fn pushes_and_reads_have_the_limits_of_their_tenant() {
    let api = start().await;
    for (tenant, length, status) in [
        ("small", 10, 204),
        ("small", 11, 400),
        ("big", 20, 204),
        ("big", 21, 400),
    ] {
        assert_eq!(
            push(&api, tenant, &"x".repeat(length)).await,
            status,
            "{tenant} {length}"
        );
    }
    for (tenant, limit, status) in [
        ("small", "2", 200),
        ("small", "3", 400),
        ("big", "4", 200),
        ("big", "5", 400),
    ] {
        let params = [("query", r#"{app="web"}"#), ("limit", limit)];
        let (got, text) = get(&api, tenant, "/loki/api/v1/query_range", &params).await;
        assert_eq!(got, status, "{tenant} {limit}: {text}");
    }
    for (tenant, status) in [("small", 200), ("big", 404)] {
        let params = [("query", r#"{app="web"}"#)];
        assert_eq!(
            get(&api, tenant, "/loki/api/v1/index/volume", &params).await.0,
            status,
            "{tenant}"
        );
    }
}

#[tokio::test]
async fn a_tenant_sees_its_limits() {
    let api = start().await;
    let drilldown = async |tenant| -> Value {
        let (status, text) = get(&api, tenant, "/loki/api/v1/drilldown-limits", &[]).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(drilldown("small").await["limits"]["max_query_series"], 500);
    assert_eq!(drilldown("big").await["limits"]["max_query_series"], 7);
    assert_eq!(drilldown("big").await["limits"]["max_query_length"], "30d1h");
    let (status, text) = get(&api, "big", "/config/tenant/v1/limits", &[]).await;
    assert_eq!(status, 200, "{text}");
    for line in [
        "max_line_size: 20B",
        "max_query_series: 7",
        "volume_enabled: false",
        "query_timeout: 1m",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert_eq!(get(&api, "", "/config/tenant/v1/limits", &[]).await.0, 401);
}

#[tokio::test]
async fn limits_change_while_the_server_runs() {
    let api = start().await;
    assert_eq!(push(&api, "small", &"x".repeat(15)).await, 400);
    let loaded = loki::load(CONFIG, "store.yaml", &|_| None).unwrap();
    let base = &loaded.settings.limits;
    let file = "overrides: {small: {max_line_size: 15}}";
    let changed = loki::load_overrides(file, "overrides.yaml", &|_| None, base, BTreeMap::new()).unwrap();
    api.tenant_limits.replace_overrides(overrides(&changed.settings));
    assert_eq!(push(&api, "small", &"x".repeat(15)).await, 204);
    assert_eq!(push(&api, "big", &"x".repeat(15)).await, 400, "its override is gone");
    assert!(changed.settings.contains_key(&TenantId::new("small").unwrap()));
}
