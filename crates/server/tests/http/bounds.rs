//! Work ends when nobody waits for it, or when it takes too long.

use std::time::{Duration, Instant};

use longshore_server::{Limits, ServerSettings};
use serde_json::json;

use crate::api::{Api, a_minute_ago};

/// Far less than the query would take: it sorts all samples for each of thousands of moments.
const STOPS_WITHIN: Duration = Duration::from_secs(20);
const LINES: i64 = 5_000;

/// A server with lines for a query that would take minutes.
async fn with_lines(query_timeout: Duration) -> Api {
    let settings = ServerSettings {
        limits: Limits {
            query_timeout,
            ..Limits::default()
        },
        ..ServerSettings::default()
    };
    let api = Api::start_with(settings, None).await;
    fill(&api).await;
    api
}

/// Stores lines for a query that takes minutes.
pub(crate) async fn fill(api: &Api) {
    let first = a_minute_ago();
    let values: Vec<_> = (0..LINES)
        .map(|index| json!([(first + index).to_string(), format!("n={}", index * 7919 % LINES)]))
        .collect();
    api.push(json!({"app": "web"}), json!(values)).await;
}

pub(crate) fn long_query() -> String {
    let start = a_minute_ago() + 1_000_000_000;
    let query = "quantile_over_time(0.5,%7Bapp%3D%22web%22%7D%7Clogfmt%7Cunwrap+n%5B1h%5D)by(app)";
    let end = start + 10_000 * 1_000_000;
    format!("/loki/api/v1/query_range?query={query}&start={start}&end={end}&step=0.001")
}

async fn running(api: &Api) -> bool {
    let (_, metrics) = api.send("GET", "/metrics", &[], "").await;
    let line = metrics
        .lines()
        .find(|line| line.starts_with("longshore_server_queries_running "));
    !line.unwrap().ends_with(" 0")
}

/// Waits until a query runs, or none does.
pub(crate) async fn wait_for(api: &Api, wanted: bool) {
    let since = Instant::now();
    while running(api).await != wanted {
        assert!(since.elapsed() < STOPS_WITHIN, "still not: running is {wanted}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_query_ends_when_its_client_goes() {
    let api = with_lines(Duration::from_secs(3600)).await;
    let url = format!("http://{}{}", api.address, long_query());
    let request = tokio::spawn(async move { reqwest::get(url).await });
    wait_for(&api, true).await;
    assert!(!request.is_finished());
    request.abort();
    wait_for(&api, false).await;
}

#[tokio::test]
async fn a_query_ends_when_its_time_is_over() {
    let api = with_lines(Duration::from_millis(300)).await;
    let (status, text) = api.send("GET", &long_query(), &[], "").await;
    assert_eq!(status, 504, "{text}");
    wait_for(&api, false).await;
}
