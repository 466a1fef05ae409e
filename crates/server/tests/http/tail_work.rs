//! What live tails hold and compute while they follow.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::{Api, SECOND, a_minute_ago};
use crate::tail::{lines, open};

const WITHIN: Duration = Duration::from_secs(20);

/// A template that takes long for each line, and then gives the line.
const SLOW: &str = r#"{app="web"} | line_format "{{range 20000}}{{end}}{{__line__}}""#;

fn values(count: i64, text: &str) -> Value {
    let start = a_minute_ago();
    let value = |index: i64| json!([(start + index).to_string(), format!("{index} {text}")]);
    (0..count).map(value).collect()
}

/// Bytes that queries and tails hold.
async fn held_bytes(api: &Api) -> usize {
    let (_, metrics) = api.send("GET", "/metrics", &[], "").await;
    let name = "longshore_server_query_memory_bytes ";
    let held = metrics.lines().find_map(|line| line.strip_prefix(name));
    held.unwrap().parse().unwrap()
}

#[tokio::test]
async fn others_are_answered_while_a_tail_works() {
    let api = Api::start().await;
    let mut socket = open(&api, &[("query", SLOW)]).await;
    api.push(json!({"app": "web"}), values(50, "")).await;
    // The server runs on this thread: were the work done on it, the lines would come first.
    let mut answers = 0;
    let all = lines(&mut socket, 50);
    tokio::pin!(all);
    let all = loop {
        tokio::select! {
            all = &mut all => break all,
            (status, _) = api.send("GET", "/ready", &[], "") => {
                assert_eq!(status, 200);
                answers += 1;
            }
        }
    };
    assert!(answers > 2, "{answers} answers");
    let expected: Vec<String> = (0..50).map(|index| format!("{index} ")).collect();
    assert_eq!(all, expected);
}

/// Several frames of one batch, batches that come meanwhile, and the past of the same moments.
#[tokio::test]
async fn lines_keep_their_order_over_frames_and_batches() {
    let api = Api::start().await;
    for delay in ["0", "1"] {
        let app = format!("delay {delay}");
        let query = format!(r#"{{app="{app}"}} | line_format "{{{{__line__}}}}""#);
        let mut socket = open(&api, &[("query", &query), ("delay_for", delay)]).await;
        let start = a_minute_ago();
        for batch in 0..3 {
            let first = batch * 2_500;
            let value = |index: i64| json!([(start + index).to_string(), index.to_string()]);
            let values: Value = (first..first + 2_500).rev().map(value).collect();
            api.push(json!({"app": app}), values).await;
        }
        let expected: Vec<String> = (0..7_500).map(|index: i32| index.to_string()).collect();
        assert!(lines(&mut socket, 7_500).await == expected, "{delay}");
    }
}

#[tokio::test]
async fn what_a_tail_holds_counts_as_memory_of_queries_until_it_is_sent() {
    let api = Api::start().await;
    let long = "x".repeat(1 << 20);
    for second in 0..4 {
        let start = a_minute_ago() + second * SECOND;
        let value = |index: i64| json!([(start + index).to_string(), format!("past {long}")]);
        api.push(json!({"app": "web"}), (0..8).map(value).collect()).await;
    }
    let mut socket = open(&api, &[("query", r#"{app="web"}"#)]).await;
    assert_eq!(lines(&mut socket, 1).await.len(), 1);
    // The query for the past is over; what is not sent of it is still held.
    let of_past = held_bytes(&api).await;
    assert!(of_past > 32 << 20, "{of_past}");
    api.push(json!({"app": "web"}), values(4, &long)).await;
    let with_new = held_bytes(&api).await;
    assert!(with_new >= of_past + (4 << 20), "{of_past} then {with_new}");
    assert_eq!(lines(&mut socket, 31 + 4).await.len(), 35);
    let since = Instant::now();
    while held_bytes(&api).await > 0 {
        assert!(since.elapsed() < WITHIN, "still held");
    }
}
