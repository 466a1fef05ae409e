//! Names of components: ours, their old spellings, and those of upstream that we do not have.

use super::ComponentId;
use crate::decode::nearest;

/// A kind of component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Family {
    /// Key of the section, `receivers`.
    pub section: &'static str,
    /// One of them, `receiver`.
    pub singular: &'static str,
    /// What we have.
    pub supported: &'static [&'static str],
    /// What upstream's distributions have besides, in old and new spelling.
    pub upstream: &'static [&'static str],
    /// Old spelling and present one.
    pub renamed: &'static [(&'static str, &'static str)],
}

pub(super) const RECEIVERS: Family = Family {
    section: "receivers",
    singular: "receiver",
    supported: &["file_log"],
    upstream: &[
        "otlp",
        "journald",
        "syslog",
        "tcp_log",
        "tcplog",
        "udp_log",
        "udplog",
        "kafka",
        "prometheus",
        "host_metrics",
        "hostmetrics",
        "k8s_events",
        "k8s_objects",
        "k8sobjects",
        "k8s_cluster",
        "kubelet_stats",
        "kubeletstats",
        "fluent_forward",
        "fluentforward",
        "windows_event_log",
        "windowseventlog",
        "docker_stats",
        "file_stats",
        "filestats",
        "loki",
        "splunk_hec",
        "zipkin",
        "jaeger",
        "nop",
        "receiver_creator",
        "http_check",
        "httpcheck",
        "otlp_json_file",
        "otlpjsonfile",
        "aws_cloudwatch",
        "awscloudwatch",
        "azure_event_hub",
        "azureeventhub",
        "webhook_event",
        "webhookevent",
        "carbon",
        "statsd",
        "collectd",
        "redis",
        "postgresql",
        "mysql",
        "nginx",
    ],
    renamed: &[("filelog", "file_log")],
};

pub(super) const PROCESSORS: Family = Family {
    section: "processors",
    singular: "processor",
    supported: &["attributes", "batch", "k8s_attributes", "memory_limiter", "resource"],
    upstream: &[
        "filter",
        "transform",
        "resource_detection",
        "resourcedetection",
        "probabilistic_sampler",
        "group_by_attrs",
        "groupbyattrs",
        "group_by_trace",
        "groupbytrace",
        "tail_sampling",
        "redaction",
        "log_dedup",
        "logdedup",
        "logs_transform",
        "logstransform",
        "cumulative_to_delta",
        "cumulativetodelta",
        "delta_to_rate",
        "deltatorate",
        "metrics_transform",
        "metricstransform",
        "span",
        "remote_tap",
        "remotetap",
        "schema",
        "interval",
        "geo_ip",
        "geoip",
        "queuebatch",
        "span_metrics",
        "unroll",
        "isolation_forest",
        "tail_storage",
        "coralogix",
        "sumologic",
    ],
    renamed: &[("k8sattributes", "k8s_attributes")],
};

pub(super) const EXPORTERS: Family = Family {
    section: "exporters",
    singular: "exporter",
    supported: &["debug", "loki", "otlp_http"],
    upstream: &[
        "otlp_grpc",
        "otlp",
        "file",
        "nop",
        "kafka",
        "prometheus",
        "prometheus_remote_write",
        "prometheusremotewrite",
        "elasticsearch",
        "opensearch",
        "splunk_hec",
        "load_balancing",
        "loadbalancing",
        "aws_s3",
        "awss3",
        "aws_cloudwatch_logs",
        "awscloudwatchlogs",
        "azure_monitor",
        "azuremonitor",
        "azure_data_explorer",
        "clickhouse",
        "datadog",
        "google_cloud",
        "googlecloud",
        "syslog",
        "pulsar",
        "rabbitmq",
        "zipkin",
        "coralogix",
        "logzio",
        "mezmo",
        "sumologic",
        "logicmonitor",
        "otel_arrow",
        "otelarrow",
        "otlp_json_file",
        "logging",
        "cassandra",
        "influxdb",
        "honeycomb_marker",
        "sentry",
        "doris",
        "bmchelix",
        "faro",
    ],
    renamed: &[("otlphttp", "otlp_http")],
};

pub(super) const EXTENSIONS: Family = Family {
    section: "extensions",
    singular: "extension",
    supported: &[
        "basicauth",
        "bearertokenauth",
        "file_storage",
        "health_check",
        "pprof",
        "zpages",
    ],
    upstream: &[
        "health_check_v2",
        "healthcheckv2",
        "oauth2client",
        "oidc",
        "headers_setter",
        "k8s_observer",
        "host_observer",
        "docker_observer",
        "ecs_observer",
        "opamp",
        "memory_limiter",
        "db_storage",
        "redis_storage",
        "sigv4auth",
        "asapclient",
        "cgroup_runtime",
        "cgroupruntime",
        "jaeger_remote_sampling",
        "jaegerremotesampling",
        "http_forwarder",
        "k8s_leader_elector",
        "ack",
        "awsproxy",
        "azure_auth",
        "google_client_auth",
        "googleclientauth",
        "json_log_encoding",
        "text_encoding",
        "otlp_encoding",
        "sumologic",
    ],
    renamed: &[],
};

/// Takes `type/name` apart, with the type in its present spelling. `Err`: what is wrong with it.
pub(super) fn parse_id(text: &str, family: &Family) -> Result<ComponentId, String> {
    let (kind, name) = match text.split_once('/') {
        Some((_, name)) if name.trim().is_empty() => return Err("a name is missing after '/'".to_owned()),
        Some((kind, name)) => (kind.trim(), name.trim()),
        None => (text.trim(), ""),
    };
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !kind.starts_with(|c: char| c.is_ascii_alphabetic()) || !kind.chars().all(good) {
        return Err(format!("'{kind}' is no type of a component"));
    }
    let renamed = family.renamed.iter().find(|(old, _)| *old == kind);
    Ok(ComponentId {
        kind: renamed.map_or(kind, |(_, present)| *present).to_owned(),
        name: name.to_owned(),
    })
}

/// Message and fix for a type that we do not have.
pub(super) fn unsupported(kind: &str, family: &Family) -> (String, String) {
    let supported = family.supported.join(", ");
    let (singular, section) = (family.singular, family.section);
    if family.upstream.contains(&kind) {
        let message = format!("the {singular} '{kind}' is known upstream, but not supported here yet");
        return (message, format!("remove it; {section} that are: {supported}"));
    }
    let known = family.supported.iter().chain(family.upstream).copied();
    let hint = nearest(kind, known)
        .map(|near| format!("did you mean '{near}'? "))
        .unwrap_or_default();
    (
        format!("unknown {singular} '{kind}'"),
        format!("{hint}supported {section} are: {supported}"),
    )
}
