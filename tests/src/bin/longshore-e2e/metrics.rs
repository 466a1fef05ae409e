//! The real VictoriaMetrics beside the stack: finds both halves by their pods' annotations, as an agent in a cluster
//! does, and the real vmalert evaluates the rules from the ConfigMap that the stack brings.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use longshore_tests::http::{Client, escape};
use longshore_tests::peers;
use serde_json::Value;

use crate::Outcome;
use crate::cluster::{kubectl, kubectl_with, wait_for};

/// Images on the node, with the programs in them.
const IMAGES: [(&str, &str); 2] = [("victoria-metrics:e2e", "victoria-metrics"), ("vmalert:e2e", "vmalert")];
/// The pod, and the name of its account and its rights.
const NAME: &str = "victoria-metrics";
/// Longest time until the pod runs, and until it has looked at both halves twice.
const WITHIN: Duration = Duration::from_secs(120);

/// The real programs that are there, by the image they go into.
pub(crate) fn images() -> Vec<(&'static str, PathBuf)> {
    let found = |(image, program)| Some((image, peers::find(program)?.canonicalize().ok()?));
    IMAGES.into_iter().filter_map(found).collect()
}

/// Whether both programs are there.
pub(crate) fn is_there() -> bool {
    images().len() == IMAGES.len()
}

/// Deploys both beside the stack and waits until both halves were scraped, and no rule fails or fires.
pub(crate) fn check(namespace: &str) -> Outcome<String> {
    kubectl_with(&manifest(namespace), &["apply", "-f", "-"])?;
    let result = look(namespace);
    kubectl_with(&manifest(namespace), &["delete", "--ignore-not-found", "-f", "-"])?;
    result
}

fn look(namespace: &str) -> Outcome<String> {
    let form = "jsonpath={.status.podIP}";
    let address = wait_for("the pod of VictoriaMetrics", WITHIN, || {
        let address = kubectl(["-n", namespace, "get", "pod", NAME, "-o", form])?;
        Ok(address.parse::<std::net::IpAddr>().ok())
    })?;
    let (metrics, rules) = (SocketAddr::new(address, 8428), SocketAddr::new(address, 8880));
    let lines =
        "sum by (app_kubernetes_io_component) (sum_over_time(up{app_kubernetes_io_name=\"longshore\"}[5m])) >= 2";
    let targets = wait_for("two scrapes of both halves", WITHIN, || {
        let answer = get(metrics, &format!("/api/v1/query?query={}", escape(lines)))?;
        let series = answer["data"]["result"].as_array().ok_or("no vector")?;
        let names = series
            .iter()
            .filter_map(|one| one["metric"]["app_kubernetes_io_component"].as_str());
        let names: Vec<String> = names.map(str::to_owned).collect();
        Ok((names.len() == 2).then(|| names.join(" and ")))
    })?;
    let ready = get(
        metrics,
        &format!("/api/v1/query?query={}", escape("sum(longshore_store_ready)")),
    )?;
    if ready["data"]["result"][0]["value"][1] != "1" {
        return Err(format!("longshore_store_ready is not 1: {ready}").into());
    }
    let evaluated = wait_for("every rule evaluated", WITHIN, || {
        evaluated(&get(rules, "/api/v1/rules")?)
    })?;
    let alerts = get(rules, "/api/v1/alerts")?;
    let firing: Vec<&Value> = alerts["data"]["alerts"].as_array().ok_or("no alerts")?.iter().collect();
    let firing: Vec<_> = firing.iter().filter(|alert| alert["state"] == "firing").collect();
    if !firing.is_empty() {
        return Err(format!("alerts fire on a healthy stack: {firing:?}").into());
    }
    Ok(format!(
        "{targets} scraped by their annotations, {evaluated} rules evaluated, none fires"
    ))
}

/// How many rules there are, once each was evaluated without an error.
fn evaluated(answer: &Value) -> Outcome<Option<usize>> {
    let groups = answer["data"]["groups"].as_array().ok_or("no groups")?;
    let rules: Vec<&Value> = groups
        .iter()
        .filter_map(|group| group["rules"].as_array())
        .flatten()
        .collect();
    if let Some(rule) = rules.iter().find(|rule| rule["health"] != "ok") {
        return Err(format!("{} is {}: {}", rule["name"], rule["health"], rule["lastError"]).into());
    }
    let was_evaluated = |rule: &&Value| !rule["lastEvaluation"].as_str().unwrap_or_default().starts_with("0001");
    Ok((!rules.is_empty() && rules.iter().all(was_evaluated)).then_some(rules.len()))
}

fn get(address: SocketAddr, path: &str) -> Outcome<Value> {
    let answer = Client::new(address).get(path)?;
    if answer.status != 200 {
        return Err(format!("{path}: {} {}", answer.status, answer.text()).into());
    }
    Ok(serde_json::from_slice(&answer.body)?)
}

fn manifest(namespace: &str) -> String {
    let [(metrics, _), (rules, _)] = IMAGES;
    format!(
        r#"apiVersion: v1
kind: ServiceAccount
metadata: {{name: {NAME}, namespace: {namespace}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: {NAME}}}
rules:
  - {{apiGroups: [""], resources: [pods], verbs: [get, list, watch]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: {NAME}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {NAME}}}
subjects: [{{kind: ServiceAccount, name: {NAME}, namespace: {namespace}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: {NAME}, namespace: {namespace}}}
data:
  scrape.yaml: |
    global: {{scrape_interval: 2s}}
    scrape_configs:
      - job_name: kubernetes-pods
        kubernetes_sd_configs: [{{role: pod}}]
        relabel_configs:
          - {{source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], action: keep, regex: "true"}}
          - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_path]
            action: replace
            target_label: __metrics_path__
            regex: (.+)
          - source_labels: [__meta_kubernetes_pod_ip, __meta_kubernetes_pod_annotation_prometheus_io_port]
            action: replace
            separator: ":"
            target_label: __address__
          - {{action: labelmap, regex: __meta_kubernetes_pod_label_(.+)}}
---
apiVersion: v1
kind: Pod
metadata: {{name: {NAME}, namespace: {namespace}, labels: {{app.kubernetes.io/name: victoria-metrics-single}}}}
spec:
  serviceAccountName: {NAME}
  terminationGracePeriodSeconds: 1
  containers:
    - name: metrics
      image: {metrics}
      imagePullPolicy: IfNotPresent
      args: [-promscrape.config=/etc/scrape/scrape.yaml, -storageDataPath=/data, -search.latencyOffset=0s]
      volumeMounts: [{{name: scrape, mountPath: /etc/scrape}}, {{name: data, mountPath: /data}}]
    - name: rules
      image: {rules}
      imagePullPolicy: IfNotPresent
      args:
        - -rule=/etc/rules/*.yaml
        - -datasource.url=http://127.0.0.1:8428
        - -notifier.blackhole
      volumeMounts: [{{name: rules, mountPath: /etc/rules}}]
  volumes:
    - {{name: scrape, configMap: {{name: {NAME}}}}}
    - {{name: rules, configMap: {{name: longshore-alerts}}}}
    - {{name: data, emptyDir: {{}}}}
"#
    )
}
