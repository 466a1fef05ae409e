//! Limits of pushes, configured as users do: what is stored, what is refused, with which text. The texts were recorded
//! from Loki 3.7.8.

use longshore_config::loki;
use longshore_server::ServerSettings;
use serde_json::{Value, json};

use crate::api::{Api, SECOND, a_minute_ago};

/// A server with these limits.
async fn start(limits: &str) -> Api {
    let config = format!(
        "auth_enabled: false\nlimits_config:\n  {}\n",
        limits.replace('\n', "\n  ")
    );
    let loaded = loki::load(&config, "store.yaml", &|_| None).unwrap();
    let inert = loaded
        .warnings
        .iter()
        .find(|warning| warning.message.contains("without effect"));
    assert!(inert.is_none(), "{inert:?}");
    Api::start_with(ServerSettings::from(&loaded.settings), None).await
}

/// Pushes streams of `(app, lines)`, a second between lines.
async fn push(api: &Api, streams: &[(&str, &[&str])]) -> (u16, String) {
    let at = |index: i64| (a_minute_ago() + index * SECOND).to_string();
    let streams: Vec<Value> = streams
        .iter()
        .map(|(app, lines)| {
            let values: Vec<Value> = lines
                .iter()
                .zip(0..)
                .map(|(line, index)| json!([at(index), line]))
                .collect();
            json!({"stream": {"app": app}, "values": values})
        })
        .collect();
    api.push_json(&json!({"streams": streams}).to_string()).await
}

async fn discarded(api: &Api, reason: &str) -> u64 {
    let (_, metrics) = api.send("GET", "/metrics", &[], "").await;
    let name = format!("longshore_store_discarded_lines_total{{reason=\"{reason}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test]
async fn a_request_above_the_rate_is_refused_whole_and_later_taken() {
    let api = start("ingestion_rate_mb: 0.0001\ningestion_burst_size_mb: 0.0002").await;
    let (first, second) = ("x".repeat(200), "y".repeat(50));
    let answer = push(&api, &[("web", &[&first]), ("db", &[&second])]).await;
    let text = "ingestion rate limit exceeded for user fake (limit: 104 bytes/sec) while attempting to ingest '2' lines \
                totaling '250' bytes, reduce log volume or contact your Loki administrator to see if the limit can be \
                increased\n";
    assert_eq!(answer, (429, text.to_owned()));
    assert_eq!(discarded(&api, "rate_limited").await, 2);
    assert!(api.lines(r#"{app=~".+"}"#).await.is_empty());
    assert_eq!(push(&api, &[("web", &[&first])]).await, (204, String::new()));
    assert_eq!(api.lines(r#"{app=~".+"}"#).await, [first]);
}

#[tokio::test]
async fn a_fast_stream_is_refused_and_the_others_are_stored() {
    let api = start("per_stream_rate_limit: 100B\nper_stream_rate_limit_burst: 200B").await;
    let (long, short) = ("x".repeat(201), "y".repeat(50));
    let (status, text) = push(&api, &[("web", &[&long]), ("db", &[&short])]).await;
    assert_eq!(status, 429);
    let reason = "Per stream rate limit exceeded (limit: 100B/sec) while attempting to ingest for stream '{app=\"web\", \
                  service_name=\"web\"}' totaling 201B, consider splitting a stream via additional labels or contact \
                  your Loki administrator to see if the limit can be increased";
    assert!(text.starts_with("entry with timestamp 20"), "{text}");
    let end = format!(
        " +0000 UTC ignored, reason: '{reason}',\nuser 'fake', total ignored: 1 out of 1 for stream: {{app=\"web\", \
         service_name=\"web\"}}\n"
    );
    assert!(text.ends_with(&end), "{text}");
    assert_eq!(api.lines(r#"{app=~".+"}"#).await, [short]);
    assert_eq!(discarded(&api, "per_stream_rate_limit").await, 1);
}

#[tokio::test]
async fn only_so_many_streams() {
    for limits in [
        "max_global_streams_per_user: 1",
        "max_streams_per_user: 1\nmax_global_streams_per_user: 5",
    ] {
        let api = start(limits).await;
        let answer = push(&api, &[("a", &["1"]), ("b", &["2"])]).await;
        let text = "maximum active stream limit exceeded when trying to create stream {app=\"b\", service_name=\"b\"}, \
                    reduce the number of active streams (reduce labels or reduce label values), or contact your Loki \
                    administrator to see if the limit can be increased, user: 'fake'\n";
        assert_eq!(answer, (429, text.to_owned()));
        assert_eq!(push(&api, &[("a", &["3"])]).await.0, 204);
        assert_eq!(api.lines(r#"{app=~".+"}"#).await, ["1", "3"]);
        assert_eq!(discarded(&api, "stream_limit").await, 1);
    }
}

/// Loki 3.7.8 compares the number of all streams with the limit of the policy; later ones count as here.
#[tokio::test]
async fn a_policy_may_have_streams_of_its_own() {
    let api = start(
        r#"max_global_streams_per_user: 2
policy_stream_mapping:
  gold: [{selector: '{app=~"gold.*"}'}]
  any: [{selector: '{app=~"any.*"}'}]
  iron: [{selector: '{app=~"iron.*"}'}]
policy_override_limits:
  gold: {max_global_streams_per_user: 1}
  any: {max_streams_per_user: 0}
"#,
    )
    .await;
    for (app, status) in [
        ("iron", 204),
        ("web", 204),
        ("db", 429),
        ("iron2", 429),
        ("gold", 204),
        ("gold2", 429),
        ("gold", 204),
        ("any", 204),
        ("any2", 204),
        ("any3", 204),
        ("web", 204),
    ] {
        assert_eq!(push(&api, &[(app, &["x"])]).await.0, status, "{app}");
    }
}

#[tokio::test]
async fn pushes_may_be_blocked_for_a_time() {
    let until = "block_ingestion_until: \"2100-01-01T00:00:00Z\"";
    let text = |code: u16| {
        format!("ingestion blocked for user 'fake' until '2100-01-01T00:00:00Z' with status code '{code}'\n")
    };
    let with_code = |code: u16| format!("{until}\nblock_ingestion_status_code: {code}");
    for (limits, status, text) in [
        (until.to_owned(), 260, text(260)),
        (with_code(429), 429, text(429)),
        (with_code(200), 204, String::new()),
    ] {
        let api = start(&limits).await;
        assert_eq!(push(&api, &[("web", &["x", "y"])]).await, (status, text));
        assert!(api.lines(r#"{app="web"}"#).await.is_empty());
        assert_eq!(discarded(&api, "blocked_ingestion").await, 2);
    }
    let api = start("block_ingestion_until: \"2020-01-01T00:00:00Z\"").await;
    assert_eq!(push(&api, &[("web", &["x"])]).await.0, 204);
}

#[tokio::test]
async fn lines_that_are_moved_apart_are_stored_once_when_the_push_is_repeated() {
    let api = start("increment_duplicate_timestamp: true").await;
    let at = a_minute_ago();
    let lines = [(0, "a"), (0, "b"), (0, "b"), (1, "b"), (0, "c")];
    let values: Vec<Value> = lines
        .iter()
        .map(|(ns, line)| json!([(at + ns).to_string(), line]))
        .collect();
    let body = json!({"streams": [{"stream": {"app": "web"}, "values": values}]}).to_string();
    for _ in 0..2 {
        assert_eq!(api.push_json(&body).await, (204, String::new()));
        assert_eq!(api.lines(r#"{app="web"}"#).await, ["a", "b", "b", "c"]);
    }
}

#[tokio::test]
async fn own_fields_tell_the_level() {
    let api = start("log_level_fields: [prio]").await;
    assert_eq!(push(&api, &[("web", &["prio=trc", "level=trc"])]).await.0, 204);
    assert_eq!(api.lines(r#"{app="web"} | detected_level="trace""#).await, ["prio=trc"]);
}

#[tokio::test]
async fn levels_are_found_as_deep_as_configured() {
    let line = r#"{"a":{"b":{"level":"dbg"}}}"#;
    for (limits, level) in [("{}", "unknown"), ("log_level_from_json_max_depth: 3", "debug")] {
        let api = start(limits).await;
        assert_eq!(push(&api, &[("web", &[line])]).await.0, 204);
        let query = format!(r#"{{app="web"}} | detected_level="{level}""#);
        assert_eq!(api.lines(&query).await, [line]);
    }
}

#[tokio::test]
async fn fields_are_found_under_several_names() {
    let api = start("discover_generic_fields: {fields: {trace: [trace_id, ctx.trace]}}").await;
    let lines = ["trace_id=a1", r#"{"ctx":{"trace":"a2"}}"#, "trace=a3"];
    assert_eq!(push(&api, &[("web", &lines)]).await.0, 204);
    assert_eq!(api.lines(r#"{app="web"} | trace=~"a[12]""#).await, lines[..2]);
    assert_eq!(api.lines(r#"{app="web"} | trace="""#).await, lines[2..]);
}

/// Statuses and texts were recorded from Loki 3.7.8.
#[tokio::test]
async fn policies_are_about_some_streams_only() {
    let api = start(
        r#"enforced_labels: [zone]
discover_service_name: []
block_ingestion_status_code: 422
policy_stream_mapping:
  gold:
    - {selector: '{tier="gold"}', priority: 2}
  silver:
    - {selector: '{tier=~"gold|silver"}', priority: 1}
policy_enforced_labels:
  gold: [team, zone]
  "*": [app]
block_ingestion_policy_until:
  silver: 2100-01-01T00:00:00Z
  "*": 2101-01-01T00:00:00Z
"#,
    )
    .await;
    let missing = |labels: &str, stream: &str, policy: &str| {
        let text = format!("missing required labels '{labels}' for user 'fake' for stream '{stream}'");
        (
            400,
            format!(
                "{text} (policy: '{policy}')
"
            ),
        )
    };
    let blocked = |policy: &str, until: &str| {
        let text = format!("ingestion blocked for user 'fake' (policy: '{policy}') until '{until}-01-01T00:00:00Z'");
        (
            422,
            format!(
                "{text} with status code '422'
"
            ),
        )
    };
    for (stream, expected) in [
        (json!({"b": "c"}), missing("zone,app", r#"{b="c"}"#, "")),
        (
            json!({"tier": "gold"}),
            missing("zone,app,team", r#"{tier="gold"}"#, "gold"),
        ),
        (
            json!({"tier": "gold", "app": "a", "zone": "z", "team": "t"}),
            (204, String::new()),
        ),
        (
            json!({"tier": "silver", "app": "a", "zone": "z"}),
            blocked("silver", "2100"),
        ),
        (json!({"app": "a", "zone": "z"}), blocked("", "2101")),
    ] {
        let body = json!({"streams": [{"stream": stream, "values": [[a_minute_ago().to_string(), "x"]]}]});
        assert_eq!(api.push_json(&body.to_string()).await, expected, "{stream}");
    }
}

/// Pushes a record by OTLP; gives the status and the text of the answer.
async fn push_otlp(api: &Api, resource: &[(&str, &str)], severity: &str, line: &str) -> (u16, String) {
    let attributes: Vec<Value> = resource
        .iter()
        .map(|(key, value)| json!({"key": key, "value": {"stringValue": value}}))
        .collect();
    let record = json!({
        "timeUnixNano": a_minute_ago().to_string(), "severityText": severity, "body": {"stringValue": line},
        "attributes": [{"key": "x.drop", "value": {"stringValue": "1"}}],
    });
    let scope = json!({"scope": {"name": "lib"}, "logRecords": [record]});
    let body = json!({"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [scope]}]}).to_string();
    let headers = [("content-type", "application/json")];
    api.send("POST", "/otlp/v1/logs", &headers, body).await
}

#[tokio::test]
async fn otlp_config_says_what_becomes_of_attributes() {
    let api = start(
        "otlp_config:\n  resource_attributes:\n    attributes_config:\n      - {action: index_label, attributes: \
         [service.group]}\n      - {action: drop, regex: \"host.*\"}\n  log_attributes:\n    - {action: drop, regex: \
         \"x.*\"}\n  severity_text_as_label: true",
    )
    .await;
    let resource = [("service.name", "web"), ("service.group", "g"), ("host.name", "h")];
    assert_eq!(push_otlp(&api, &resource, "INFO", "one").await, (204, String::new()));
    let query = r#"{service_group="g", service_name="web", severity_text="INFO"} | host_name="" | x_drop="""#;
    assert_eq!(api.lines(query).await, ["one"]);
}

#[tokio::test]
async fn otlp_has_the_limits_of_pushes() {
    let api = start("block_ingestion_until: \"2100-01-01T00:00:00Z\"").await;
    let (status, answer) = push_otlp(&api, &[("service.name", "web")], "", "x").await;
    assert_eq!(status, 260);
    let text = "ingestion blocked for user 'fake' until '2100-01-01T00:00:00Z' with status code '260'";
    assert_eq!(answer, format!("\u{12}U{text}"));
    let api = start("otlp_config: {resource_attributes: {ignore_defaults: true}}\ndiscover_service_name: []").await;
    let (status, answer) = push_otlp(&api, &[("service.name", "web")], "", "x").await;
    assert_eq!(status, 400);
    assert_eq!(answer, "\u{12}4error at least one label pair is required per stream");
}
