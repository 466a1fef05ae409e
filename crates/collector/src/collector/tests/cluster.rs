//! Lines of pods that a cluster tells of, soon, late or never.

use crate::kubernetes::tests::script::{Script, Step, TIMING, listing};
use crate::kubernetes::{Change, Reason, tests};

use super::*;

const PROCESSORS: &str = "processors: {k8s_attributes: {filter: {node: n-1}, wait_for_metadata_timeout: PATIENCE,
    extract: {metadata: [k8s.deployment.name], labels: [{tag_name: service.name, key: app.kubernetes.io/name}]}}}\n";

impl Node {
    /// A node with a file of pod `u-0`, and the configuration that asks for its deployment.
    fn of_cluster(store: &Store, patience: &str, more: &str) -> (Self, String) {
        let node = Self::new();
        fs::create_dir_all(node.path("pods/shop_web-0_u-0/app")).unwrap();
        node.append_to_pod(&["F one"]);
        let config = node
            .config(store, "")
            .replace("exporters: [loki]}", "processors: [k8s_attributes], exporters: [loki]}");
        (
            node,
            config + &PROCESSORS.replace("PATIENCE", &format!("{patience}{more}")),
        )
    }

    fn append_to_pod(&self, lines: &[&str]) {
        let path = self.path("pods/shop_web-0_u-0/app/0.log");
        let mut file = fs::File::options().create(true).append(true).open(path).unwrap();
        let lines = lines
            .iter()
            .map(|line| format!("2026-11-22T18:00:00.5Z stdout {line}\n"));
        std::io::Write::write_all(&mut file, lines.collect::<String>().as_bytes()).unwrap();
    }

    fn start_with(&self, config: &str, script: &Arc<Script>) -> Running {
        let collector = self.collector(config).unwrap();
        collector.clusters[0].follow_instead(Arc::new(script.clone()), TIMING);
        let metrics = collector.metrics();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(collector.run(async {
            let _ = stopped.await;
        }));
        Running { metrics, stop, task }
    }
}

impl Running {
    async fn shows(&self, metric: &str) {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
        while !self.metrics.text().contains(metric) {
            assert!(tokio::time::Instant::now() < deadline, "{}", self.metrics.text());
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

const WHOLE: &str = r#"{k8s_container_name="app", k8s_deployment_name="web", k8s_namespace_name="shop", k8s_pod_name="web-0", service_name="checkout"}"#;
const BARE: &str = r#"{k8s_container_name="app", k8s_namespace_name="shop", k8s_pod_name="web-0", service_name="app"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_lines_wait_for_their_pod_and_go_with_all_of_it() {
    let store = Store::start().await;
    let (node, config) = Node::of_cluster(&store, "60s", "");
    let script = Script::new(listing(&[]));
    let collector = node.start_with(&config, &script);
    let files_waiting = "longshore_collector_files_waiting{component=\"file_log\"} 1";
    collector.shows(files_waiting).await;
    assert!(store.bodies().is_empty());
    script.add([Step::tell(Change::Put(tests::pod(0)))]);
    store.has(&["one"]).await;
    // Deleted, and there is more in its file.
    script.add([Step::tell(Change::Gone(tests::pod(0)))]);
    node.append_to_pod(&["F two"]);
    store.has(&["one", "two"]).await;
    let text = collector.metrics.text();
    collector.stop().await;
    assert_eq!(store.labels(), [WHOLE]);
    let waited = "longshore_collector_kubernetes_waits_total{component=\"k8s_attributes\",result=\"known\"} 1";
    assert!(text.contains(waited), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_rights_lines_go_after_a_while_and_get_better_when_rights_come() {
    let store = Store::start().await;
    let (node, config) = Node::of_cluster(&store, "100ms", "");
    let script = Script::new((0..20).map(|_| Step::Fail(Reason::Forbidden)));
    let collector = node.start_with(&config, &script);
    store.has(&["one"]).await;
    assert_eq!(store.labels(), [BARE]);
    let waited = "longshore_collector_kubernetes_waits_total{component=\"k8s_attributes\",result=\"timeout\"} 1";
    collector.shows(waited).await;
    script.add(listing(&[0]));
    collector
        .shows("longshore_collector_kubernetes_pods{component=\"k8s_attributes\"} 1")
        .await;
    node.append_to_pod(&["F two"]);
    store.has(&["one", "two"]).await;
    collector.stop().await;
    assert_eq!(store.labels(), [WHOLE, BARE]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_wait_for_the_cluster_it_does_not_start_without() {
    let store = Store::start().await;
    let (node, config) = Node::of_cluster(&store, "100ms", ", wait_for_metadata: true");
    let script = Script::new([Step::tell(Change::Listing), Step::Hang]);
    let collector = node.start_with(&config, &script);
    let error = collector.task.await.unwrap().expect_err("no metadata");
    assert!(
        error
            .to_string()
            .starts_with("k8s_attributes: wait_for_metadata is set"),
        "{error}"
    );
    assert!(store.bodies().is_empty());
    let collector = node.start_with(&config, &Script::new(listing(&[0])));
    store.has(&["one"]).await;
    collector.stop().await;
    assert_eq!(store.labels(), [WHOLE]);
}
