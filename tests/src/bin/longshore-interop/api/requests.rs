//! The requests.

use super::Compare::{Form, Json, Refused, Status, Text};
use super::{Ask, get, send};

const CATEGORIZE: &[(&str, &str)] = &[("X-Loki-Response-Encoding-Flags", "categorize-labels")];
const TENANT: &[(&str, &str)] = &[("X-Scope-OrgID", "fake")];
const YAML: &[(&str, &str)] = &[("Content-Type", "application/yaml")];
const FORM: &[(&str, &str)] = &[("Content-Type", "application/x-www-form-urlencoded")];
const ACCEPT_JSON: &[(&str, &str)] = &[("Accept", "application/json")];

const NO_RULES: &str = "rules are not kept here";
const NO_RULE_STORE: &str = "this is what a Loki says whose rules are files, and Grafana does not offer to store any";

/// `{env="test"}`, escaped.
macro_rules! env {
    ($before:literal, $after:literal) => {
        concat!($before, "query=%7Benv%3D%22test%22%7D", $after)
    };
}

/// With `none` about `{app="none"}`, with `filter` about `{app="none"} != "x"`, escaped.
macro_rules! delete {
    ($method:literal, none, $params:literal) => {
        delete!($method, "?query=%7Bapp%3D%22none%22%7D&", $params)
    };
    ($method:literal, filter, $params:literal) => {
        delete!($method, "?query=%7Bapp%3D%22none%22%7D%20!%3D%20%22x%22&", $params)
    };
    ($method:literal, $($params:literal),+) => {
        send($method, concat!("/loki/api/v1/delete", $($params),+), "", Text)
    };
}

const fn rule(group: &'static str) -> Ask {
    send("POST", "/loki/api/v1/rules/a", group, Text).with(YAML)
}

pub(super) const ALL: &[Ask] = &[
    // Queries.
    get(env!("/loki/api/v1/query_range?{range}&", ""), Form),
    get(env!("/loki/api/v1/query_range?{range}&", ""), Form).with(CATEGORIZE),
    get(env!("/loki/api/v1/query_range?{range}&limit=0&", ""), Text),
    get(env!("/loki/api/v1/query_range?{range}&limit=5001&", ""), Text),
    get(env!("/loki/api/v1/query_range?{range}&direction=sideways&", ""), Text),
    get(env!("/loki/api/v1/query_range?start=x&", ""), Text),
    get(env!("/loki/api/v1/query_range?start=20&end=10&", ""), Text),
    get(env!("/loki/api/v1/query_range?{range}&step=0&", ""), Text),
    get(env!("/loki/api/v1/query_range?{range}&step=x&", ""), Text),
    get(env!("/loki/api/v1/query_range?{range}&interval=-1&", ""), Text),
    get("/loki/api/v1/query_range?{range}", Text),
    get("/loki/api/v1/query_range?{range}&query=%7B", Text),
    get("/loki/api/v1/query_range?{range}&query=%7B%7D", Text),
    get(
        "/loki/api/v1/query_range?{range}&query=sum(rate(%7Benv%3D%22test%22%7D%5B1m%5D))&step=15000ms",
        Form,
    ),
    get("/loki/api/v1/query_range?{range}&query=%7Benv%3D%22none%22%7D", Form),
    get("/loki/api/v1/query?query=vector(1)%2Bvector(1)", Form),
    get("/loki/api/v1/query?query=1%2B1", Form),
    get(
        "/loki/api/v1/query?query=count_over_time(%7Benv%3D%22test%22%7D%5B5m%5D)",
        Form,
    ),
    get("/loki/api/v1/query?query=%7Benv%3D%22test%22%7D", Text),
    get("/loki/api/v1/query?query=vector(1)&time=x", Text),
    // What there is.
    get("/loki/api/v1/labels?{range}", Json),
    get("/loki/api/v1/label?{range}", Json),
    get("/loki/api/v1/labels?start=10&end=20", Json),
    get("/loki/api/v1/label/app/values?{range}", Json),
    get("/loki/api/v1/label/none/values?{range}", Json),
    get("/loki/api/v1/labels?{range}&query=%7B", Text),
    get("/loki/api/v1/series?{range}&match%5B%5D=%7Bapp%3D%22web%22%7D", Json),
    get("/loki/api/v1/series?{range}&match%5B%5D=%7Bapp%3D%22none%22%7D", Json),
    get(env!("/loki/api/v1/index/stats?{range}&", ""), Form),
    get("/loki/api/v1/index/stats?{range}&query=%7B", Text),
    get(env!("/loki/api/v1/index/volume?{range}&", ""), Form),
    get(env!("/loki/api/v1/index/volume?{range}&targetLabels=app&", ""), Form),
    get(env!("/loki/api/v1/index/volume?{range}&aggregateBy=x&", ""), Text),
    get(env!("/loki/api/v1/index/volume_range?{range}&step=10s&", ""), Form),
    get(
        env!("/loki/api/v1/index/shards?{range}&targetBytesPerShard=1MB&", ""),
        Form,
    )
    .differs("a single process of 3.7 fails with 500"),
    get(env!("/loki/api/v1/index/shards?{range}&", ""), Text),
    get(env!("/loki/api/v1/detected_labels?{range}&", ""), Form),
    get(env!("/loki/api/v1/detected_fields?{range}&", ""), Form),
    get(
        "/loki/api/v1/detected_fields?{range}&query=%7Benv%3D%22none%22%7D",
        Json,
    ),
    get(env!("/loki/api/v1/detected_field/status/values?{range}&", ""), Json),
    get(env!("/loki/api/v1/patterns?{range}&step=10s&", ""), Form),
    get("/loki/api/v1/patterns?{range}&query=%7B", Text),
    get("/loki/api/v1/patterns?{range}&query=%7Bapp%3D%22none%22%7D", Json),
    get("/loki/api/v1/drilldown-limits", Form)
        .with(TENANT)
        .differs("the rules of OTLP are not told there"),
    get(
        "/loki/api/v1/format_query?query=%7Benv%3D%22test%22%7D%7C%3D%22x%22",
        Json,
    ),
    get("/loki/api/v1/format_query?query=%7B", Json),
    get("/loki/api/v1/status/buildinfo", Form),
    // The old paths.
    get(env!("/api/prom/query?{range}&", ""), Form),
    get(env!("/api/prom/query?{range}&regexp=slow&", ""), Form),
    get("/api/prom/query?{range}&query=%7Benv%3D%22none%22%7D", Form),
    get(
        "/api/prom/query?{range}&query=rate(%7Benv%3D%22test%22%7D%5B1m%5D)",
        Text,
    )
    .differs("of rpc nothing is said"),
    get("/api/prom/label?{range}", Json),
    get("/api/prom/label/app/values?{range}", Json).differs("theirs are all names of labels"),
    get("/api/prom/label/none/values?{range}", Json).differs("theirs are all names of labels"),
    get("/api/prom/series?{range}&match%5B%5D=%7Bapp%3D%22web%22%7D", Json),
    // Rules.
    get("/loki/api/v1/rules", Text),
    get("/loki/api/v1/rules/a", Text),
    get("/loki/api/v1/rules/a/b", Text).differs(NO_RULE_STORE),
    get("/api/prom/rules", Text),
    get("/api/prom/rules/a/b", Text).differs(NO_RULE_STORE),
    send("DELETE", "/loki/api/v1/rules/a", "", Text),
    send("DELETE", "/loki/api/v1/rules/a/b", "", Text).differs("what is not there is not deleted"),
    rule("- ["),
    rule("[]"),
    rule(""),
    rule("name: ''"),
    rule("name: {a: b}"),
    rule("name: g\nrules: [{alert: a}]\n"),
    rule("name: g\nrules: [{expr: '1'}]\n"),
    rule("name: g\nrules: [{alert: a, record: b, expr: '1'}]\n"),
    rule("name: g\nrules: [{record: a b, expr: '1'}]\n"),
    rule("name: g\nrules: [{alert: a, expr: '1', for: soon}]\n"),
    rule("name: g\nrules: [{alert: a, expr: '{'}]\n"),
    rule("name: g\nrules: []\n").differs(NO_RULES),
    rule("name: g\nrules: [{alert: a, expr: 'vector(1) > 0'}]\n").differs(NO_RULES),
    send("DELETE", "/loki/api/v1/rules/a/g", "", Status).differs(NO_RULES),
    get("/prometheus/api/v1/rules", Json),
    get("/prometheus/api/v1/rules?type=alert", Json),
    get("/prometheus/api/v1/rules?type=x", Text),
    get("/prometheus/api/v1/alerts", Json),
    // Deletion; of a stream that is not there.
    get("/loki/api/v1/delete", Json),
    get("/loki/api/v1/cache/generation_numbers", Text),
    delete!("POST", ""),
    delete!("POST", "?query=%7B"),
    delete!("POST", "?query=rate(%7Bapp%3D%22none%22%7D%5B1m%5D)&start=1000000000"),
    delete!("POST", none, ""),
    delete!("PUT", none, "start=x"),
    delete!("PUT", none, "start=1000000000.5"),
    delete!("PUT", none, "start=1000000000000000000"),
    delete!("POST", none, "start=1000000000&end=x"),
    delete!("POST", none, "start=1000000000&end=999999999").differs("ours are seconds with any number of digits"),
    delete!("POST", none, "start=1000000001&end=1000000000"),
    delete!("POST", none, "start=1000000000&end=9000000000"),
    delete!("POST", filter, "start=1000000000&max_interval=1d"),
    delete!("POST", filter, "start=1000000000&max_interval=0s"),
    delete!("POST", filter, "start=1000000000&max_interval=25h"),
    delete!("POST", filter, "start=1000000000&end=1000000060&max_interval=1h"),
    delete!("POST", filter, "start=1000000000&end=1000000060&max_interval=30s"),
    delete!("POST", none, "start=1000000000&end=1000000060&max_interval=1h"),
    delete!("POST", "?query=%7B%7D&start=1000000000&end=1000000060"),
    delete!("PUT", none, "start=2020-01-01T00:00:00Z&end=2020-01-01T00:00:00.5Z"),
    send(
        "PUT",
        "/loki/api/v1/delete?start=1000000000&end=1000000060",
        "query=%7Bapp%3D%22none%22%7D",
        Text,
    )
    .with(FORM)
    .differs("ours reads a form too"),
    get("/loki/api/v1/delete", Form),
    get("/loki/api/v1/cache/generation_numbers", Form),
    delete!("DELETE", "?request_id=none"),
    delete!("DELETE", "?request_id=none&force=true"),
    delete!("DELETE", "").differs("theirs takes every request back"),
    delete!("PATCH", ""),
    // The process.
    get("/ready", Text),
    get("/services", Status),
    get("/ring", Status),
    get("/ring", Form).with(ACCEPT_JSON),
    get("/distributor/ring", Form).with(ACCEPT_JSON),
    get("/compactor/ring", Form).with(ACCEPT_JSON),
    get("/ruler/ring", Status).with(ACCEPT_JSON),
    get("/scheduler/ring", Form).with(ACCEPT_JSON),
    get("/pattern/ring", Form).with(ACCEPT_JSON),
    get("/memberlist", Text),
    get("/indexgateway/ring", Text),
    get("/config", Status),
    get("/config?mode=diffs", Status),
    get("/config?mode=defaults", Status),
    get("/log_level", Form),
    send("POST", "/log_level?log_level=warn", "", Json),
    send("POST", "/log_level?log_level=loud", "", Json),
    send("POST", "/log_level", "", Json),
    get("/flush", Text),
    send("POST", "/flush", "", Text),
    send("POST", "/flush/tenant", "", Text).differs("3.7 has it not yet"),
    send("PUT", "/sync-indexes", "", Text).differs("3.7 has it not yet"),
    get("/sync-indexes", Text).differs("3.7 has it not yet"),
    get("/ingester/prepare_shutdown", Text),
    send("POST", "/ingester/prepare_shutdown", "", Text),
    get("/ingester/prepare_shutdown", Text),
    send("DELETE", "/ingester/prepare_shutdown", "", Text),
    get("/debug/pprof/cmdline", Status).differs("ours is no program of Go"),
    // Routing.
    get("/nowhere", Text),
    get("/loki/api/v1/push", Refused),
    send("DELETE", "/loki/api/v1/query_range", "", Refused),
    send("PUT", "/loki/api/v1/labels", "", Refused),
    send("POST", "/ready", "", Refused),
    send("POST", "/loki/api/v1/status/buildinfo", "", Refused),
    send("POST", "/ring", "", Status).differs("no member can be forgotten"),
    get("/loki/api/v1/tail", Text),
];
