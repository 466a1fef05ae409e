//! A client against a small API server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::super::tests::settings;
use super::*;

/// Lists what it has, and lets the test write what its watches say.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    items: Vec<Value>,
    version: u64,
    /// Answers every request with this status instead.
    refusal: Option<u16>,
    requests: Vec<String>,
    watches: Vec<mpsc::UnboundedSender<String>>,
}

impl Server {
    async fn start(items: Vec<Value>) -> (Self, Config) {
        let server = Self::default();
        server.0.lock().unwrap().items = items;
        server.0.lock().unwrap().version = 100;
        let router = Router::new().fallback(answer).with_state(server.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (server, Config::new(format!("http://{address}").parse().unwrap()))
    }

    fn refuse(&self, status: Option<u16>) {
        self.0.lock().unwrap().refusal = status;
    }

    /// Says something on every watch that is open.
    fn say(&self, kind: &str, object: &Value) {
        let line = format!("{}\n", json!({"type": kind, "object": object}));
        self.0
            .lock()
            .unwrap()
            .watches
            .retain(|watch| watch.send(line.clone()).is_ok());
    }

    /// Ends every watch.
    fn hang_up(&self) {
        self.0.lock().unwrap().watches.clear();
    }

    fn requests(&self) -> Vec<String> {
        self.0.lock().unwrap().requests.clone()
    }

    /// Waits until so many watches were begun.
    async fn is_watched(&self, times: usize) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while self
            .requests()
            .iter()
            .filter(|request| request.contains("watch=true"))
            .count()
            < times
        {
            assert!(tokio::time::Instant::now() < deadline, "{:?}", self.requests());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn answer(
    State(server): State<Server>,
    Query(query): Query<HashMap<String, String>>,
    request: axum::extract::Request,
) -> Response {
    let mut shared = server.0.lock().unwrap();
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let is_partial = accept.is_some_and(|accept| accept.contains("PartialObjectMetadata"));
    shared.requests.push(format!(
        "{}{}",
        if is_partial { "metadata of " } else { "" },
        request.uri()
    ));
    let status = |code: u16, message: &str| {
        let status =
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message});
        let code = StatusCode::from_u16(code).unwrap();
        (code, [(header::CONTENT_TYPE, "application/json")], status.to_string()).into_response()
    };
    if let Some(refusal) = shared.refusal {
        return status(
            refusal,
            "pods is forbidden: User \"collector\" cannot list resource \"pods\"",
        );
    }
    if query.get("watch").is_some_and(|watch| watch == "true") {
        let (sender, receiver) = mpsc::unbounded_channel::<String>();
        shared.watches.push(sender);
        let lines = futures_util::stream::unfold(receiver, |mut receiver| async {
            let line = receiver.recv().await?;
            Some((Ok::<_, std::convert::Infallible>(line), receiver))
        });
        return Body::from_stream(lines).into_response();
    }
    // A page at a time.
    let limit = query.get("limit").map_or(usize::MAX, |limit| limit.parse().unwrap());
    let from = query.get("continue").map_or(0, |token| token.parse().unwrap());
    let page: Vec<_> = shared.items.iter().skip(from).take(limit).cloned().collect();
    let next = from + page.len();
    let token = if next < shared.items.len() {
        next.to_string()
    } else {
        String::new()
    };
    let metadata = json!({"resourceVersion": shared.version.to_string(), "continue": token});
    let list = json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": page});
    ([(header::CONTENT_TYPE, "application/json")], list.to_string()).into_response()
}

fn pod(number: u32) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("web-{number}"),
            "namespace": "shop",
            "uid": format!("u-{number}"),
            "resourceVersion": (101 + number).to_string(),
            "creationTimestamp": "2026-11-22T21:00:00Z",
            "labels": {"app.kubernetes.io/name": "checkout"},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-66f5", "uid": "rs-1", "controller": true},
            ],
            "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:status": {}}}],
        },
        "spec": {
            "nodeName": "n-1",
            "containers": [{"name": "app", "image": "team/app:v2", "env": [{"name": "SECRET", "value": "x"}]}],
            "initContainers": [{"name": "init", "image": "team/init"}],
        },
        "status": {
            "podIP": "10.0.0.7",
            "containerStatuses": [{
                "name": "app",
                "containerID": "containerd://new",
                "imageID": "docker.io/team/app@sha256:12",
                "restartCount": 2,
                "lastState": {"terminated": {"exitCode": 1, "containerID": "containerd://old"}},
            }],
        },
    })
}

fn source(config: Config, keys: &str) -> ApiServer {
    let _ = rustls::crypto::ring::default_provider().install_default();
    ApiServer::with_config(config, settings(keys).filter).unwrap()
}

/// The next thing that a watch tells, in short.
async fn next(stream: &mut BoxStream<'static, Result<Change, WatchFailure>>) -> String {
    let next = tokio::time::timeout(Duration::from_secs(20), stream.next()).await;
    match next.expect("an answer").expect("no end") {
        Ok(Change::Listing) => "listing".to_owned(),
        Ok(Change::Listed) => "listed".to_owned(),
        Ok(Change::Put(object)) => format!("put {}", object.name),
        Ok(Change::Gone(object)) => format!("gone {}", object.name),
        Err(failure) => format!("{} {}", failure.reason.as_str(), failure.text),
    }
}

async fn next_of(stream: &mut BoxStream<'static, Result<Change, WatchFailure>>, expected: &[&str]) {
    for expected in expected {
        assert_eq!(next(stream).await, *expected);
    }
}

#[tokio::test]
async fn pods_are_listed_page_by_page_then_watched_and_resumed() {
    let (server, config) = Server::start((0..70).map(pod).collect()).await;
    let mut stream = source(
        config,
        "filter: {node: n-1, labels: [{key: a, op: exists}, {key: b, op: does-not-exist}]}",
    )
    .follow(Kind::Pod);
    assert_eq!(next(&mut stream).await, "listing");
    for number in 0..70 {
        assert_eq!(next(&mut stream).await, format!("put web-{number}"));
    }
    assert_eq!(next(&mut stream).await, "listed");
    // The stream does something only while it is asked.
    let heard = tokio::spawn(async move {
        let first = next(&mut stream).await;
        (first, stream)
    });
    server.is_watched(1).await;
    server.say("MODIFIED", &pod(70));
    let (first, mut stream) = heard.await.unwrap();
    assert_eq!(first, "put web-70");
    let heard = tokio::spawn(async move {
        let first = next(&mut stream).await;
        (first, stream)
    });
    server.hang_up();
    server.is_watched(2).await;
    server.say("DELETED", &pod(71));
    assert_eq!(heard.await.unwrap().0, "gone web-71");
    let requests = server.requests();
    assert_eq!(requests.len(), 4, "{requests:?}");
    let selectors = "fieldSelector=spec.nodeName%3Dn-1&labelSelector=a%2C%21b";
    assert!(
        requests
            .iter()
            .all(|request| request.starts_with("/api/v1/pods?") && request.contains(selectors)),
        "{requests:?}"
    );
    assert!(requests[2].contains("resourceVersion=100"), "{requests:?}");
    // From where the watch was, not from the list.
    assert!(requests[3].contains("resourceVersion=171"), "{requests:?}");
}

#[tokio::test]
async fn a_place_that_the_server_forgot_is_found_by_a_new_list() {
    let (server, config) = Server::start(vec![pod(0)]).await;
    let mut stream = source(config, "filter: {node: n-1, namespace: shop}").follow(Kind::Pod);
    next_of(&mut stream, &["listing", "put web-0", "listed"]).await;
    let heard = tokio::spawn(async move {
        let first = next(&mut stream).await;
        (first, stream)
    });
    server.is_watched(1).await;
    server.say(
        "ERROR",
        &json!({"kind": "Status", "status": "Failure", "code": 410, "message": "too old", "reason": "Expired"}),
    );
    let (first, mut stream) = heard.await.unwrap();
    assert_eq!(first, "expired 410: too old");
    next_of(&mut stream, &["listing", "put web-0", "listed"]).await;
    assert!(server.requests()[0].starts_with("/api/v1/namespaces/shop/pods?"));
}

#[tokio::test]
async fn refusals_and_failures_are_told_apart() {
    let (server, config) = Server::start(vec![pod(0)]).await;
    let mut stream = source(config, "filter: {node: n-1}").follow(Kind::Pod);
    for (status, expected) in [
        (403, "forbidden 403: pods is"),
        (401, "unauthorized 401:"),
        (503, "failed 503:"),
    ] {
        server.refuse(Some(status));
        assert_eq!(next(&mut stream).await, "listing");
        let failure = next(&mut stream).await;
        assert!(failure.starts_with(expected), "{failure}");
    }
    server.refuse(None);
    next_of(&mut stream, &["listing", "put web-0", "listed"]).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut stream = source(Config::new(format!("http://{address}").parse().unwrap()), "").follow(Kind::Pod);
    assert_eq!(next(&mut stream).await, "listing");
    let failure = next(&mut stream).await;
    assert!(
        failure.starts_with("failed ") && failure.contains("refused"),
        "{failure}"
    );
}

#[tokio::test]
async fn of_other_objects_only_the_metadata_is_asked_for() {
    let namespace = json!({"metadata": {"name": "shop", "uid": "n-1", "labels": {"team": "payments"}}});
    let (server, config) = Server::start(vec![namespace]).await;
    let source = source(config, "filter: {node: n-1, namespace: shop}");
    for (kind, path) in [
        (Kind::Namespace, "metadata of /api/v1/namespaces?"),
        (Kind::Node, "metadata of /api/v1/nodes?"),
        (
            Kind::ReplicaSet,
            "metadata of /apis/apps/v1/namespaces/shop/replicasets?",
        ),
        (Kind::CronJob, "metadata of /apis/batch/v1/namespaces/shop/cronjobs?"),
    ] {
        next_of(&mut source.follow(kind), &["listing", "put shop", "listed"]).await;
        let request = server.requests().pop().unwrap();
        assert!(request.starts_with(path), "{request}");
        assert_eq!(request.contains("metadata.name%3Dn-1"), kind == Kind::Node, "{request}");
    }
}

#[tokio::test]
async fn a_pod_is_cut_down_while_it_is_read() {
    let (_server, config) = Server::start(vec![pod(0)]).await;
    let mut stream = source(config, "filter: {node: n-1}").follow(Kind::Pod);
    assert_eq!(next(&mut stream).await, "listing");
    let Some(Ok(Change::Put(found))) = stream.next().await else {
        panic!("no pod")
    };
    assert_eq!((found.created, found.owners.len()), (Some(1_795_381_200), 1));
    assert_eq!(
        (found.pod.node.as_str(), found.pod.address.as_str()),
        ("n-1", "10.0.0.7")
    );
    let names: Vec<_> = found
        .pod
        .containers
        .iter()
        .map(|container| container.name.as_str())
        .collect();
    assert_eq!(names, ["app", "init"]);
    let runs = [(1, "old".to_owned()), (2, "new".to_owned())];
    assert_eq!(found.pod.containers[0].runs, runs);
}

#[test]
fn filters_become_selectors() {
    let filter = settings("filter: {node: n-1, fields: [{key: status.phase, value: Failed, op: not-equals}], labels: [{key: a, value: b}]}").filter;
    assert_eq!(fields_of(&filter), "status.phase!=Failed,spec.nodeName=n-1");
    assert_eq!(labels_of(&filter), "a=b");
}
