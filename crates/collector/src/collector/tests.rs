//! A whole collector on real files, against a store that answers as it is told.

mod cluster;
mod memory;
mod store;

use std::fs;
use std::path::{Path, PathBuf};

use longshore_config::otel;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use store::Store;

/// Folders as a node has them.
struct Node {
    folder: TempDir,
}

impl Node {
    fn new() -> Self {
        let node = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(node.path("pods/shop_web-0_u-1/nginx")).unwrap();
        fs::create_dir_all(node.path("containers")).unwrap();
        node
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn live(&self) -> PathBuf {
        self.path("pods/shop_web-0_u-1/nginx/0.log")
    }

    fn append(&self, lines: &[&str]) {
        let mut file = fs::File::options().create(true).append(true).open(self.live()).unwrap();
        let text: String = lines
            .iter()
            .map(|line| format!("2026-11-22T18:00:00.5Z stdout {line}\n"))
            .collect();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    }

    fn config(&self, store: &Store, more: &str) -> String {
        format!(
            "receivers:
  file_log:
    include: ['{pods}/*/*/*.log']
    start_at: beginning
    include_file_name: false
    {more}
exporters:
  loki:
    endpoint: http://{address}/loki/api/v1/push
    retry_on_failure: {{initial_interval: 1ms, max_interval: 2ms}}
service:
  pipelines:
    logs: {{receivers: [file_log], exporters: [loki]}}
  telemetry:
    metrics: {{level: none}}
",
            pods = self.path("pods").display(),
            address = store.address,
        )
    }

    fn collector(&self, config: &str) -> Result<Collector, BuildError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let loaded = otel::load(config, "test.yaml", &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
        let surroundings = Surroundings {
            data_directory: Some(self.path("data")),
            node_name: Some("node-1".to_owned()),
            memory_bytes: None,
        };
        Collector::new(&loaded.settings, &surroundings)
    }

    fn start(&self, config: &str) -> Running {
        let collector = self.collector(config).unwrap();
        let metrics = collector.metrics();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(collector.run(async {
            let _ = stopped.await;
        }));
        Running { metrics, stop, task }
    }
}

struct Running {
    metrics: Metrics,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<StopReport, RunError>>,
}

impl Running {
    async fn stop(self) -> StopReport {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_arrive_with_labels_live_and_over_rotation_and_restart() {
    let (node, store) = (Node::new(), Store::start().await);
    node.append(&["F one", "P two ", "F  halves"]);
    let collector = node.start(&node.config(&store, ""));
    store.has(&["one", "two  halves"]).await;
    node.append(&["F three"]);
    store.has(&["one", "two  halves", "three"]).await;
    fs::rename(
        node.live(),
        node.path("pods/shop_web-0_u-1/nginx/0.log.20261122-180000"),
    )
    .unwrap();
    node.append(&["F four"]);
    store.has(&["one", "two  halves", "three", "four"]).await;
    assert_eq!(collector.stop().await, StopReport::default());
    node.append(&["F five"]);
    let collector = node.start(&node.config(&store, ""));
    store.has(&["one", "two  halves", "three", "four", "five"]).await;
    assert_eq!(collector.stop().await, StopReport::default());
    let labels =
        r#"{k8s_container_name="nginx", k8s_namespace_name="shop", k8s_pod_name="web-0", service_name="nginx"}"#;
    assert_eq!(store.labels(), [labels]);
    let metadata = r#"{k8s_container_restart_count="0", k8s_pod_uid="u-1", log_iostream="stdout"}"#;
    assert_eq!(store.metadata(), [metadata]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_repeated_with_the_same_bytes_and_refusals_are_counted() {
    let (node, store) = (Node::new(), Store::start().await);
    store.answer(&[(500, "no"), (429, "later"), (204, "")]);
    node.append(&["F one", "F two"]);
    let collector = node.start(&node.config(&store, ""));
    store.has(&["one", "two"]).await;
    let bodies = store.bodies();
    assert!(
        bodies.len() == 3 && bodies.iter().all(|body| *body == bodies[0]),
        "{} requests",
        bodies.len()
    );
    store.answer(&[(400, "entry too old, total ignored: 1 out of 2")]);
    node.append(&["F three", "F four"]);
    store.has_requests(4).await;
    node.append(&["F five"]);
    store.has(&["one", "two", "five"]).await;
    let text = collector.metrics.text();
    assert_eq!(collector.stop().await, StopReport::default());
    let dropped = r#"longshore_collector_records_dropped_total{component="loki",reason="refused"} 1"#;
    assert!(text.contains(dropped), "{text}");
    let failed = r#"longshore_collector_export_requests_total{component="loki",result="failed"} 2"#;
    assert!(text.contains(failed), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_followed_and_probes_are_dropped() {
    let (node, store) = (Node::new(), Store::start().await);
    let id = "0123456789abcdef".repeat(4);
    let link = node.path(&format!("containers/web-0_shop_nginx-{id}.log"));
    std::os::unix::fs::symlink(node.live(), link).unwrap();
    node.append(&["F GET /healthz 200", "F GET /healthz 500", "F GET / 200"]);
    let operators = "operators: [{type: filter, expr: 'body matches \"/healthz 2\"'}]";
    let config = node
        .config(&store, operators)
        .replace("pods/*/*/*.log", "containers/*.log");
    let collector = node.start(&config);
    store.has(&["GET /healthz 500", "GET / 200"]).await;
    node.append(&["F live"]);
    store.has(&["GET /healthz 500", "GET / 200", "live"]).await;
    let text = collector.metrics.text();
    collector.stop().await;
    assert!(
        text.contains(r#"_dropped_total{component="file_log filter",reason="filter"} 1"#),
        "{text}"
    );
    assert!(store.labels()[0].contains("k8s_pod_name=\"web-0\""));
    assert!(
        store.metadata()[0].contains("k8s_pod_uid=\"u-1\""),
        "{:?}",
        store.metadata()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_folders_are_found_and_batches_have_at_most_so_many_records() {
    let (node, store) = (Node::new(), Store::start().await);
    let config = node
        .config(&store, "")
        .replace("exporters: [loki]}", "processors: [batch], exporters: [loki]}")
        + "processors: {batch: {timeout: 1ms, send_batch_size: 3, send_batch_max_size: 3}}\n";
    let collector = node.start(&config);
    fs::create_dir_all(node.path("pods/shop_db-0_u-2/db")).unwrap();
    let lines: String = (0..20)
        .map(|n| format!("2026-11-22T18:00:01Z stderr F {n}\n"))
        .collect();
    fs::write(node.path("pods/shop_db-0_u-2/db/0.log"), lines).unwrap();
    let expected: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    store
        .has(&expected.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    collector.stop().await;
    assert!(store.sizes().iter().all(|size| *size <= 3), "{:?}", store.sizes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_acknowledged_is_read_again() {
    let (node, store) = (Node::new(), Store::start().await);
    store.answer(&[(503, "down"); 10_000]);
    node.append(&["F one"]);
    let collector = node.start(&node.config(&store, ""));
    store.has_requests(2).await;
    // Killed: no stop, no last checkpoint.
    collector.task.abort();
    assert!(collector.task.await.is_err());
    store.answer(&[]);
    let collector = node.start_when_free(&node.config(&store, "")).await;
    store.has(&["one"]).await;
    collector.stop().await;
}

impl Node {
    /// The thread of a collector whose task was aborted lets go of the folder a moment later.
    async fn start_when_free(&self, config: &str) -> Running {
        loop {
            let mut running = self.start(config);
            tokio::select! {
                biased;
                ended = &mut running.task => match ended.unwrap() {
                    Err(RunError::Locked { .. }) => {}
                    other => panic!("{other:?}"),
                },
                () = tokio::time::sleep(std::time::Duration::from_millis(50)) => return running,
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_serves_one_collector_at_a_time() {
    let (node, store) = (Node::new(), Store::start().await);
    node.append(&["F one"]);
    let first = node.start(&node.config(&store, ""));
    store.has(&["one"]).await;
    let second = node.collector(&node.config(&store, "")).unwrap();
    let error = second.run(std::future::pending()).await.unwrap_err();
    assert!(matches!(error, RunError::Locked { .. }), "{error}");
    first.stop().await;
}

#[tokio::test]
async fn what_cannot_act_is_refused_before_anything_is_opened() {
    let (node, store) = (Node::new(), Store::start().await);
    let check = |more: &str, replaced: (&str, &str), expected: &str| {
        let config = node.config(&store, more).replace(replaced.0, replaced.1);
        let error = node.collector(&config).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(
        "operators: [{type: filter, expr: 'bdy == 1'}]",
        ("", ""),
        "unknown name 'bdy'",
    );
    check("", ("*/*.log", "[/*.log"), "is no glob");
    assert!(!Path::new(&node.path("data")).exists());
}
