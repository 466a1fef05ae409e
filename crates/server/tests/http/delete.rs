//! Deletion of lines.

use std::time::Duration;

use longshore_store::{DeletionMode, SameForAll, Settings};
use serde_json::{Value, json};

use crate::api::{Api, SECOND, a_minute_ago};

const PATH: &str = "/loki/api/v1/delete";

/// A server whose requests cannot be taken back.
async fn at_once() -> Api {
    let change = |store| Settings {
        delete_request_cancel_period: Duration::ZERO,
        ..store
    };
    Api::start_over(change).await
}

async fn fill(api: &Api) {
    let at = a_minute_ago();
    let metadata = json!({"trace": "1"});
    let values = json!([
        [at.to_string(), r#"{"user":"ann","msg":"hello"}"#, metadata],
        [(at + 1).to_string(), r#"{"user":"bob","msg":"hello"}"#],
        [(at + 2).to_string(), "plain ann"],
    ]);
    api.push(json!({"app": "web"}), values).await;
    api.push(json!({"app": "api"}), json!([[(at + 3).to_string(), "ann too"]]))
        .await;
}

/// Seconds around what `fill` pushes.
fn around() -> (String, String) {
    let second = a_minute_ago() / SECOND;
    ((second - 100).to_string(), (second + 30).to_string())
}

/// Asks for lines to be deleted; gives the status and the id or the text.
async fn delete(api: &Api, method: &str, params: &[(&str, &str)]) -> (u16, String) {
    let url = reqwest::Url::parse_with_params(&format!("http://{}{PATH}", api.address), params).unwrap();
    let request = reqwest::Client::new().request(method.parse().unwrap(), url);
    let response = request.send().await.unwrap();
    let id = response
        .headers()
        .get("x-delete-request-id")
        .map(|id| id.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    (status, id.unwrap_or(response.text().await.unwrap()))
}

async fn delete_query(api: &Api, query: &str) -> String {
    let (start, end) = around();
    let (status, id) = delete(api, "POST", &[("query", query), ("start", &start), ("end", &end)]).await;
    assert_eq!(status, 204, "{id}");
    id
}

/// Waits until no request is left to do.
async fn processed(api: &Api) {
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let list = api.get(PATH, &[]).await;
        let list = list.as_array().unwrap();
        if list.iter().all(|request| request["status"] == "processed") {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{list:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn deleted_lines_are_in_no_answer() {
    let api = Api::start().await;
    fill(&api).await;
    delete_query(&api, r#"{app="web"} | json | user="ann""#).await;
    delete_query(&api, r#"{app="api"}"#).await;
    assert_eq!(
        api.lines(r#"{app=~".+"}"#).await,
        [r#"{"user":"bob","msg":"hello"}"#, "plain ann"]
    );
    let count = api
        .get(
            "/loki/api/v1/query",
            &[("query", r#"sum(count_over_time({app=~".+"}[1h]))"#)],
        )
        .await;
    assert_eq!(count["data"]["result"][0]["value"][1], "2");
    let stats = api
        .get("/loki/api/v1/index/stats", &[("query", r#"{app=~".+"}"#)])
        .await;
    assert_eq!((&stats["streams"], &stats["entries"]), (&json!(1), &json!(2)));
    let series = api.get("/loki/api/v1/series", &[]).await;
    assert_eq!(series["data"].as_array().unwrap().len(), 1);
    let values = api.get("/loki/api/v1/label/app/values", &[]).await;
    assert_eq!(values["data"], json!(["web"]));
    let volume = api
        .get("/loki/api/v1/index/volume", &[("query", r#"{app="api"}"#)])
        .await;
    assert_eq!(volume["data"]["result"], json!([]));
}

#[tokio::test]
async fn structured_metadata_can_be_asked_for() {
    let api = Api::start().await;
    fill(&api).await;
    delete_query(&api, r#"{app="web"} | trace="1""#).await;
    assert_eq!(
        api.lines(r#"{app="web"}"#).await,
        [r#"{"user":"bob","msg":"hello"}"#, "plain ann"]
    );
}

#[tokio::test]
async fn requests_are_listed_and_taken_back() {
    let api = Api::start().await;
    assert_eq!(api.get(PATH, &[]).await, json!([]));
    assert_eq!(api.get("/loki/api/v1/cache/generation_numbers", &[]).await, "");
    fill(&api).await;
    let id = delete_query(&api, r#"{app="web"} |= "ann""#).await;
    let list = api.get(PATH, &[]).await;
    let (start, end) = around();
    let request = &list[0];
    assert_eq!(request["request_id"], Value::String(id.clone()));
    assert_eq!(request["start_time"].to_string(), start);
    assert_eq!(request["end_time"].to_string(), end);
    assert_eq!(request["query"], r#"{app="web"} |= "ann""#);
    assert_eq!(
        (&request["status"], &request["user_id"]),
        (&json!("received"), &json!("fake"))
    );
    assert!(request["created_at"].as_f64().unwrap() > 1.7e9);
    assert_eq!(api.lines(r#"{app="web"}"#).await.len(), 1);
    let before = api.get("/loki/api/v1/cache/generation_numbers", &[]).await;
    assert_eq!(before, api.get("/loki/api/v1/cache/generation_numbers", &[]).await);
    assert!(before.as_str().is_some_and(|number| !number.is_empty()));
    assert_eq!(
        delete(&api, "DELETE", &[("request_id", &id)]).await,
        (204, String::new())
    );
    assert_eq!(api.get(PATH, &[]).await, json!([]));
    assert_ne!(before, api.get("/loki/api/v1/cache/generation_numbers", &[]).await);
    assert_eq!(api.lines(r#"{app="web"}"#).await.len(), 3);
    let unknown = (404, "could not find delete request with given id\n".to_owned());
    assert_eq!(delete(&api, "DELETE", &[("request_id", &id)]).await, unknown);
}

#[tokio::test]
async fn lines_are_removed_and_the_request_says_so() {
    let api = at_once().await;
    fill(&api).await;
    let id = delete_query(&api, r#"{app="web"} |= "ann""#).await;
    let too_late = "Cancellation of partially completed delete request or delete request past the deadline of 0s since its \
                    creation is not allowed. To force, use the ?force query parameter\n";
    let answer = delete(&api, "DELETE", &[("request_id", &id)]).await;
    assert_eq!(answer, (400, too_late.to_owned()));
    processed(&api).await;
    let gone = "deletion of request which is in process or already processed is not allowed\n";
    let forced = [("request_id", &*id), ("force", "true")];
    assert_eq!(delete(&api, "DELETE", &forced).await, (400, gone.to_owned()));
    assert_eq!(
        api.lines(r#"{app=~".+"}"#).await,
        [r#"{"user":"bob","msg":"hello"}"#, "ann too"]
    );
    let (_, metrics) = api.send("GET", "/metrics", &[], "").await;
    assert!(
        metrics.contains("longshore_store_removed_lines_total{reason=\"deletion\"} 2\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_request() {
    let api = Api::start().await;
    let (start, end) = around();
    let query = ("query", r#"{app="web"}"#);
    let check = async |params: &[(&str, &str)], text: &str| {
        for method in ["PUT", "POST"] {
            let answer = delete(&api, method, params).await;
            assert_eq!(answer, (400, format!("{text}\n")), "{method} {params:?}");
        }
    };
    check(&[], "query not set").await;
    check(&[("query", "")], "query not set").await;
    check(&[("query", "{"), ("start", &start)], "invalid query expression").await;
    check(
        &[("query", r#"rate({app="web"}[1m])"#), ("start", &start)],
        "invalid query expression",
    )
    .await;
    check(&[query], "start time not set").await;
    check(&[("query", "{}")], "start time not set").await;
    let invalid = "time: require unix seconds or RFC3339 format";
    for text in [
        "x",
        "-5",
        "1795810715.5",
        "1795810715000",
        "1795810715000000000",
        "2026-11-27",
    ] {
        check(&[query, ("start", text)], &format!("invalid start {invalid}")).await;
    }
    check(
        &[query, ("start", &start), ("end", "x")],
        &format!("invalid end {invalid}"),
    )
    .await;
    let order = "start time can't be greater than or equal to end time";
    check(&[query, ("start", &end), ("end", &start)], order).await;
    check(
        &[query, ("start", &start), ("end", "9000000000")],
        "deletes in the future are not allowed",
    )
    .await;
    let filter = ("query", r#"{app="web"} |= "x""#);
    let units = "invalid max_interval: valid time units are 's', 'm', 'h'";
    for text in ["1x", "10", "1d", "0s", "-1h"] {
        check(&[filter, ("start", &start), ("max_interval", text)], units).await;
    }
    let longest = "max_interval can't be greater than 24h0m0s";
    check(&[filter, ("start", &start), ("max_interval", "25h")], longest).await;
    let whole = "max_interval can't be greater than the interval to be deleted (2m10s)";
    check(
        &[filter, ("start", &start), ("end", &end), ("max_interval", "2h")],
        whole,
    )
    .await;
    assert_eq!(api.get(PATH, &[]).await, json!([]));
    let (status, text) = api.send("DELETE", PATH, &[], "").await;
    assert_eq!(
        (status, text.as_str()),
        (404, "could not find delete request with given id\n")
    );
    // Only filters make Loki look at the interval.
    let params = [query, ("start", &start), ("max_interval", "1x")];
    assert_eq!(delete(&api, "PUT", &params).await.0, 204);
    // The form of a body counts as the query string does.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let (status, _) = api
        .send("PUT", PATH, &form, format!("query={{app=\"web\"}}&start={start}"))
        .await;
    assert_eq!(status, 204);
}

#[tokio::test]
async fn a_page_of_another_site_deletes_nothing() {
    let api = Api::start().await;
    let (start, _) = around();
    let path = format!("{PATH}?query=%7B%7D&start={start}");
    let from = async |site| api.send("POST", &path, &[("sec-fetch-site", site)], "").await.0;
    assert_eq!((from("cross-site").await, from("same-site").await), (403, 403));
    assert_eq!(api.get(PATH, &[]).await, json!([]));
    assert_eq!((from("same-origin").await, from("none").await), (204, 204));
}

#[tokio::test]
async fn a_tenant_whose_deletion_is_off_is_told() {
    let change = |store| Settings {
        rules: std::sync::Arc::new(SameForAll {
            deletion_mode: DeletionMode::Disabled,
            ..SameForAll::default()
        }),
        ..store
    };
    let api = Api::start_over(change).await;
    let refused = (403, "deletion is not available for this tenant\n".to_owned());
    for method in ["GET", "PUT", "POST", "DELETE"] {
        assert_eq!(api.send(method, PATH, &[], "").await, refused, "{method}");
    }
}
