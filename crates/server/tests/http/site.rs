//! The page, metrics and compression.

use std::sync::Arc;

use bytes::Bytes;
use longshore_server::{Asset, Assets, ServerSettings};

use crate::api::Api;

struct TwoFiles;

impl Assets for TwoFiles {
    fn get(&self, path: &str) -> Option<Asset> {
        let (content_type, content, immutable) = match path {
            "index.html" => ("text/html; charset=utf-8", "<p>page</p>", false),
            "assets/app-1.js" => ("text/javascript", "let x", true),
            _ => return None,
        };
        Some(Asset {
            content_type,
            content: Bytes::from_static(content.as_bytes()),
            encoding: None,
            etag: format!("tag-of-{path}"),
            immutable,
        })
    }
}

#[tokio::test]
async fn without_a_page_it_says_how_to_build_one() {
    let api = Api::start().await;
    let (status, text) = api.send("GET", "/", &[], "").await;
    assert_eq!(status, 200);
    assert!(text.contains("make web"), "{text}");
}

#[tokio::test]
async fn files_of_the_page_are_kept_by_browsers() {
    let api = Api::start_with(ServerSettings::default(), Some(Arc::new(TwoFiles))).await;
    let get = async |path: &str, tag: &str| {
        let client = reqwest::Client::new();
        let request = client
            .get(format!("http://{}{path}", api.address))
            .header("if-none-match", tag);
        let response = request.send().await.unwrap();
        let caching = response.headers()["cache-control"].to_str().unwrap().to_owned();
        (response.status().as_u16(), caching, response.text().await.unwrap())
    };
    let revalidate = "no-cache".to_owned();
    let keep = "public, max-age=31536000, immutable".to_owned();
    assert_eq!(
        get("/", "\"other\"").await,
        (200, revalidate.clone(), "<p>page</p>".to_owned())
    );
    assert_eq!(
        get("/", "\"tag-of-index.html\"").await,
        (304, revalidate, String::new())
    );
    assert_eq!(get("/assets/app-1.js", "").await, (200, keep, "let x".to_owned()));
    let missing = api.send("GET", "/assets/none.js", &[], "").await;
    assert_eq!(missing, (404, "404 page not found\n".to_owned()));
}

#[tokio::test]
async fn the_page_may_run_nothing_but_its_own_files() {
    let api = Api::start_with(ServerSettings::default(), Some(Arc::new(TwoFiles))).await;
    let response = reqwest::get(format!("http://{}/", api.address)).await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn requests_are_counted_by_route() {
    let api = Api::start().await;
    api.get("/loki/api/v1/label/app/values", &[]).await;
    api.send("GET", "/nowhere", &[], "").await;
    let (_, metrics) = api.send("GET", "/metrics", &[], "").await;
    for wanted in [
        r#"longshore_server_request_duration_seconds_count{method="GET",route="/loki/api/v1/label/{name}/values",status_code="200"} 1"#,
        r#"longshore_server_request_duration_seconds_count{method="GET",route="other",status_code="404"} 1"#,
        "longshore_store_ingested_lines_total 0",
    ] {
        assert!(metrics.contains(wanted), "{wanted} is not in {metrics}");
    }
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_take_it() {
    let api = Api::start().await;
    let (_, plain) = api.send("GET", "/", &[], "").await;
    let (status, packed) = api.send("GET", "/", &[("accept-encoding", "gzip")], "").await;
    assert_eq!(status, 200);
    assert_ne!(plain, packed);
}

#[tokio::test]
async fn a_flush_writes_segments_and_queries_go_on() {
    let api = Api::start().await;
    let time = (crate::api::a_minute_ago()).to_string();
    api.push(serde_json::json!({"app": "web"}), serde_json::json!([[time, "one"]]))
        .await;
    let (status, text) = api.send("POST", "/flush", &[], "").await;
    assert_eq!((status, text.as_str()), (204, ""));
    let (_, metrics) = api.send("GET", "/metrics", &[], "").await;
    assert!(metrics.contains("longshore_store_head_bytes 0\n"), "{metrics}");
    assert_eq!(api.lines("{app=\"web\"}").await, ["one"]);
}

#[tokio::test]
async fn answers_are_compressed_unless_that_is_switched_off() {
    for compress_responses in [true, false] {
        let settings = ServerSettings {
            compress_responses,
            ..ServerSettings::default()
        };
        let api = Api::start_with(settings, None).await;
        let url = format!("http://{}/metrics", api.address);
        let request = reqwest::Client::new().get(url).header("accept-encoding", "gzip");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers().contains_key("content-encoding"), compress_responses);
    }
}
