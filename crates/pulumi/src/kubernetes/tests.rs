//! Types of objects, and where clusters and namespaces lead.

use std::sync::Arc;

use super::*;
use crate::{MemoryMonitor, Settings};

#[test]
fn types_as_pulumi_writes_them() {
    for (version, kind, expected) in [
        ("v1", "ConfigMap", "kubernetes:core/v1:ConfigMap"),
        ("apps/v1", "DaemonSet", "kubernetes:apps/v1:DaemonSet"),
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
        ),
    ] {
        assert_eq!(
            type_token(&json!({ "apiVersion": version, "kind": kind })).unwrap(),
            expected
        );
    }
    let error = type_token(&json!({ "apiVersion": "v1" })).unwrap_err();
    assert_eq!(
        error.to_string(),
        "inputs are not usable: a Kubernetes object needs kind"
    );
}

#[tokio::test]
async fn objects_go_to_their_cluster_after_their_namespace() {
    let monitor = Arc::new(MemoryMonitor::new("logs", "dev"));
    let settings = Settings {
        project: "logs".to_owned(),
        stack: "dev".to_owned(),
        ..Settings::default()
    };
    let context = Context::new(settings, monitor.clone());
    let cluster = ClusterProvider::new(&context, "lab", &Cluster::Context("kind".to_owned())).unwrap();
    let namespace = Namespace::register(&context, &cluster, "monitoring").unwrap();
    let object = json!({ "apiVersion": "v1", "kind": "ConfigMap" });
    let options = namespace.options(cluster.options(ResourceOptions::new()));
    register_object(&context, "cfg", &object, options).unwrap();
    context.finish().await.unwrap();

    let provider = monitor.resource("lab").unwrap();
    assert_eq!(provider.registration.type_token, "pulumi:providers:kubernetes");
    assert_eq!(
        Value::Object(provider.registration.object),
        json!({ "context": "kind" })
    );
    let map = monitor.resource("cfg").unwrap().registration;
    assert_eq!(map.provider, Some(format!("{}::id-of-lab", provider.urn)));
    let namespace = monitor.resource("monitoring").unwrap();
    assert_eq!(map.dependencies.into_iter().collect::<Vec<_>>(), [namespace.urn]);
}
