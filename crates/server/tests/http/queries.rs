//! Answers of queries, in Loki's JSON.

use serde_json::{Value, json};

use crate::api::{Api, SECOND, a_minute_ago};

/// Two streams of three lines each, a second between lines.
async fn filled() -> (Api, i64) {
    let api = Api::start().await;
    let start = a_minute_ago();
    let at = |index: i64| (start + index * SECOND).to_string();
    api.push(
        json!({"app": "web"}),
        json!([[at(0), "level=info a=1"], [at(1), "level=error a=2", {"trace": "t1"}], [at(2), "level=info a=3"]]),
    )
    .await;
    api.push(
        json!({"app": "db"}),
        json!([[at(0), "one"], [at(1), "two"], [at(2), "three"]]),
    )
    .await;
    (api, start)
}

fn range(start: i64) -> [(&'static str, String); 3] {
    [
        ("start", start.to_string()),
        ("end", (start + 10 * SECOND).to_string()),
        ("step", "5".to_owned()),
    ]
}

async fn query_range(api: &Api, start: i64, params: &[(&str, &str)], flags: &[(&str, &str)]) -> Value {
    let range = range(start);
    let mut all: Vec<(&str, &str)> = range.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.extend(params);
    let (status, text) = api.try_get("/loki/api/v1/query_range", &all, flags).await;
    assert_eq!(status, 200, "{text}");
    let mut answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["status"], "success");
    let stats = answer["data"].as_object_mut().unwrap().remove("stats").unwrap();
    assert!(stats["summary"]["execTime"].is_number());
    answer["data"].take()
}

#[tokio::test]
async fn streams_newest_first_with_all_labels_together() {
    let (api, start) = filled().await;
    let at = |index: i64| (start + index * SECOND).to_string();
    let data = query_range(&api, start, &[("query", r#"{app="web"}"#)], &[]).await;
    assert_eq!(
        data,
        json!({"resultType": "streams", "result": [
            {
                "stream": {"app": "web", "detected_level": "error", "service_name": "web", "trace": "t1"},
                "values": [[at(1), "level=error a=2"]],
            },
            {
                "stream": {"app": "web", "detected_level": "info", "service_name": "web"},
                "values": [[at(2), "level=info a=3"], [at(0), "level=info a=1"]],
            },
        ]})
    );
}

#[tokio::test]
async fn stats_say_what_was_read_and_what_passed() {
    let (api, start) = filled().await;
    for query in [
        r#"{app="web"} |= "info""#,
        r#"sum(count_over_time({app="web"} |= "info" [10s]))"#,
    ] {
        let range = range(start);
        let mut params: Vec<(&str, &str)> = range.iter().map(|(name, value)| (*name, value.as_str())).collect();
        params.push(("query", query));
        let text = api.try_get("/loki/api/v1/query_range", &params, &[]).await.1;
        let answer: Value = serde_json::from_str(&text).unwrap();
        let stats = &answer["data"]["stats"];
        assert_eq!(stats["summary"]["totalLinesProcessed"], 3, "{query}");
        assert_eq!(stats["summary"]["totalPostFilterLines"], 2, "{query}");
        assert_eq!(stats["ingester"]["store"]["chunk"]["postFilterLines"], 2, "{query}");
        assert_eq!(stats["querier"]["store"]["chunk"]["postFilterLines"], 0, "{query}");
        assert_eq!(stats["ingester"]["totalChunksMatched"], 1, "{query}");
        assert_eq!(stats["ingester"]["totalLinesSent"], 2, "{query}");
    }
}

#[tokio::test]
async fn streams_oldest_first_with_categories() {
    let (api, start) = filled().await;
    let at = |index: i64| (start + index * SECOND).to_string();
    let flags = [("x-loki-response-encoding-flags", "categorize-labels")];
    let params = [
        ("query", r#"{app="web"} | logfmt a"#),
        ("direction", "forward"),
        ("limit", "2"),
    ];
    let data = query_range(&api, start, &params, &flags).await;
    assert_eq!(
        data,
        json!({"resultType": "streams", "encodingFlags": ["categorize-labels"], "result": [{
            "stream": {"app": "web", "service_name": "web"},
            "values": [
                [at(0), "level=info a=1", {"structuredMetadata": {"detected_level": "info"}, "parsed": {"a": "1"}}],
                [at(1), "level=error a=2", {
                    "structuredMetadata": {"detected_level": "error", "trace": "t1"}, "parsed": {"a": "2"},
                }],
            ],
        }]})
    );
}

#[tokio::test]
async fn the_end_of_a_range_is_outside_and_its_start_inside() {
    let (api, start) = filled().await;
    let params = [
        ("query", r#"{app="db"}"#.to_owned()),
        ("start", (start + SECOND).to_string()),
        ("end", (start + 2 * SECOND).to_string()),
    ];
    let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = api.get("/loki/api/v1/query_range", &params).await;
    assert_eq!(
        answer["data"]["result"][0]["values"],
        json!([[(start + SECOND).to_string(), "two"]])
    );
}

#[tokio::test]
async fn interval_leaves_out_what_is_too_near() {
    let (api, start) = filled().await;
    let params = [("query", r#"{app="db"}"#), ("interval", "2s"), ("direction", "forward")];
    let data = query_range(&api, start, &params, &[]).await;
    let lines: Vec<_> = data["result"][0]["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value[1].clone())
        .collect();
    assert_eq!(lines, ["one", "three"]);
}

#[tokio::test]
async fn metric_queries_give_matrix_vector_and_scalar() {
    let (api, start) = filled().await;
    let query = r#"sum by (app) (count_over_time({app=~".+"}[1m]))"#;
    let data = query_range(&api, start, &[("query", query)], &[]).await;
    assert_eq!(data["resultType"], "matrix");
    let result = data["result"].as_array().unwrap();
    assert_eq!(result.len(), 2);
    for (series, app) in result.iter().zip(["db", "web"]) {
        assert_eq!(series["metric"], json!({"app": app}));
        let last = series["values"].as_array().unwrap().last().unwrap();
        assert!(last[0].is_number());
        assert_eq!(last[1], "3");
    }

    let time = (start + 10 * SECOND).to_string();
    let answer = api
        .get("/loki/api/v1/query", &[("query", query), ("time", &time)])
        .await;
    assert_eq!(answer["data"]["resultType"], "vector");
    let at = (start + 10 * SECOND) / SECOND;
    assert_eq!(
        answer["data"]["result"][0],
        json!({"metric": {"app": "db"}, "value": [at, "3"]})
    );

    let answer = api
        .get("/loki/api/v1/query", &[("query", "1+1"), ("time", &time)])
        .await;
    assert_eq!(answer["data"]["resultType"], "scalar");
    assert_eq!(answer["data"]["result"], json!([at, "2"]));
    let answer = api.get("/loki/api/v1/query", &[("query", "vector(1)+vector(1)")]).await;
    assert_eq!(answer["data"]["result"][0]["value"][1], "2");
}

#[tokio::test]
async fn a_query_may_come_in_a_form() {
    let (api, _) = filled().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "query=%7Bapp%3D%22db%22%7D+%7C%3D+%22two%22";
    let (status, text) = api.send("POST", "/loki/api/v1/query_range", &form, body).await;
    assert_eq!(status, 200, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["data"]["result"][0]["values"][0][1], "two");
}

#[tokio::test]
async fn labels_values_and_series() {
    let (api, _) = filled().await;
    let check = async |path: &str, params: &[(&str, &str)], expected: Value| {
        assert_eq!(
            api.get(&format!("/loki/api/v1/{path}"), params).await,
            expected,
            "{path} {params:?}"
        );
    };
    let success = |data: Value| json!({"status": "success", "data": data});
    check("labels", &[], success(json!(["app", "service_name"]))).await;
    check("label", &[], success(json!(["app", "service_name"]))).await;
    check("label/app/values", &[], success(json!(["db", "web"]))).await;
    check(
        "label/app/values",
        &[("query", r#"{service_name="web"}"#)],
        success(json!(["web"])),
    )
    .await;
    check("label/none/values", &[], json!({"status": "success"})).await;
    check(
        "labels",
        &[("start", "10"), ("end", "20")],
        json!({"status": "success"}),
    )
    .await;
    check(
        "series",
        &[],
        success(json!([{"app": "db", "service_name": "db"}, {"app": "web", "service_name": "web"}])),
    )
    .await;
    let two = [("match[]", r#"{app="db"}"#), ("match[]", r#"{app="nothing"}"#)];
    check("series", &two, success(json!([{"app": "db", "service_name": "db"}]))).await;
}

#[tokio::test]
async fn volumes_and_counts() {
    let (api, start) = filled().await;
    let range = range(start);
    let params = |more: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> {
        let range = range.iter().map(|(name, value)| (*name, value.as_str()));
        range.chain(more.iter().copied()).collect()
    };
    let web_bytes = "level=info a=1level=error a=2level=info a=3".len();
    let end = (start + 10 * SECOND) / SECOND;
    let answer = api
        .get("/loki/api/v1/index/volume", &params(&[("query", r#"{app=~".+"}"#)]))
        .await;
    assert_eq!(answer["data"]["resultType"], "vector");
    assert_eq!(
        answer["data"]["result"],
        json!([
            {"metric": {"app": "web"}, "value": [end, web_bytes.to_string()]},
            {"metric": {"app": "db"}, "value": [end, "11"]},
        ])
    );
    let by_labels = params(&[
        ("query", r#"{app=~".+"}"#),
        ("aggregateBy", "labels"),
        ("targetLabels", "service_name"),
    ]);
    let answer = api.get("/loki/api/v1/index/volume", &by_labels).await;
    let all = (web_bytes + 11).to_string();
    assert_eq!(
        answer["data"]["result"],
        json!([{"metric": {"service_name": ""}, "value": [end, all]}])
    );

    let answer = api
        .get(
            "/loki/api/v1/index/volume_range",
            &params(&[("query", r#"{app="db"}"#)]),
        )
        .await;
    assert_eq!(answer["data"]["resultType"], "matrix");
    let series = &answer["data"]["result"][0];
    assert_eq!(series["metric"], json!({"app": "db"}));
    let bucket_end = (start / SECOND).div_euclid(5) * 5 + 5;
    assert_eq!(series["values"][0][0].as_f64().unwrap(), bucket_end as f64 - 0.001);
    let bytes = series["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value[1].as_str().unwrap());
    assert_eq!(bytes.map(|bytes| bytes.parse::<u64>().unwrap()).sum::<u64>(), 11);

    let answer = api
        .get("/loki/api/v1/index/stats", &params(&[("query", r#"{app="db"}"#)]))
        .await;
    assert_eq!(answer, json!({"streams": 1, "chunks": 1, "bytes": 11, "entries": 3}));
}

#[tokio::test]
async fn labels_and_fields_are_detected() {
    let (api, _) = filled().await;
    let offered = |label: &str| json!({"label": label, "cardinality": 2});
    assert_eq!(
        api.get("/loki/api/v1/detected_labels", &[]).await,
        json!({"detectedLabels": [offered("app"), offered("service_name")]})
    );
    let web = ("query", r#"{app="web"}"#);
    let fields = api.get("/loki/api/v1/detected_fields", &[web]).await;
    let a = json!({"label": "a", "type": "int", "cardinality": 3, "parsers": ["logfmt"]});
    assert_eq!(fields["fields"][0], a, "{fields}");
    let newest = [web, ("line_limit", "1"), ("limit", "5")];
    assert_eq!(
        api.get("/loki/api/v1/detected_field/a/values", &newest).await,
        json!({"values": ["3"], "limit": 5})
    );
    assert_eq!(
        api.get("/loki/api/v1/detected_field/none/values", &[web]).await,
        json!({})
    );
}

#[tokio::test]
async fn queries_are_formatted_and_versions_told() {
    let api = Api::start().await;
    let answer = api
        .get("/loki/api/v1/format_query", &[("query", r#"{ app = "web" }|="x""#)])
        .await;
    assert_eq!(answer, json!({"status": "success", "data": r#"{app="web"} |= "x""#}));
    let (status, text) = api.try_get("/loki/api/v1/format_query", &[("query", "{")], &[]).await;
    assert_eq!(status, 400);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["status"], "invalid-query");
    let answer = api.get("/loki/api/v1/status/buildinfo", &[]).await;
    assert!(answer["version"].as_str().unwrap().starts_with("3."));
}
