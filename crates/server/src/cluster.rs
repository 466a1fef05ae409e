//! What one process answers where Loki tells of its cluster: rings with one member, services that all run.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::json;
use crate::params::now;
use crate::server::Shared;

/// What the one member of every ring is called.
const MEMBER: &str = "longshore";

/// Loki's names for what this process does.
const SERVICES: [&str; 14] = [
    "cache-generation-loader",
    "compactor",
    "distributor",
    "ingester",
    "ingester-querier",
    "memberlist-kv",
    "pattern-ingester",
    "querier",
    "query-frontend",
    "query-scheduler",
    "ring",
    "ruler",
    "server",
    "store",
];

/// `GET /ring` and the rings of the other components.
pub(crate) async fn ring(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let (address, started) = (shared.address.to_string(), shared.started.to_string());
    let now = now().to_string();
    if wants_json(&headers) {
        let member = json!({
            "id": MEMBER,
            "state": "ACTIVE",
            "address": address,
            "timestamp": now,
            "registered_timestamp": started,
            "read_only": false,
            "read_only_updated_timestamp": "0001-01-01T00:00:00Z",
            "zone": "",
            "tokens": [0],
        });
        return json::plain_value(&json!({"shards": [member], "now": now}));
    }
    page(
        "Ring Status",
        &format!(
            "<p>Current time: {now}</p>\
             <table><thead><tr><th>Instance ID</th><th>State</th><th>Address</th><th>Registered At</th>\
             <th>Last Heartbeat</th><th>Tokens</th><th>Ownership</th></tr></thead>\
             <tbody><tr><td>{MEMBER}</td><td>ACTIVE</td><td>{address}</td><td>{started}</td><td>{now}</td>\
             <td>1</td><td>100%</td></tr></tbody></table>\
             <p>One process does everything: the ring has one member, always.</p>"
        ),
    )
}

/// `GET /ruler/ring`: a page whatever is accepted, as Loki's is.
pub(crate) async fn ruler_ring() -> Response {
    page("Ruler Status", "<p>Ruler running with shards disabled</p>")
}

/// `GET /memberlist`.
pub(crate) async fn memberlist() -> Response {
    ([(CONTENT_TYPE, "text/plain")], "This instance doesn't use memberlist.").into_response()
}

/// `GET /services`.
pub(crate) async fn services() -> Response {
    let lines: String = SERVICES.iter().map(|name| format!("{name} => Running\n")).collect();
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], lines).into_response()
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

/// A small page; nothing in it comes from clients.
fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html><html><head><meta charset=\"UTF-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    );
    ([(CONTENT_TYPE, "text/html")], html).into_response()
}
