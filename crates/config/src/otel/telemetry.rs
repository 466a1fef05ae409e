//! The `service.telemetry` section.

use super::{LogEncoding, LogLevel, TelemetrySettings};
use crate::decode::Section;
use crate::yaml::Node;

pub(super) fn decode(section: &mut Section<'_>) -> TelemetrySettings {
    let (log_level, log_encoding) = section.child("logs", |logs| {
        let levels = [
            ("debug", LogLevel::Debug),
            ("info", LogLevel::Info),
            ("warn", LogLevel::Warn),
            ("error", LogLevel::Error),
        ];
        let level = logs.choice("level", LogLevel::Info, &levels);
        let encodings = [("console", LogEncoding::Console), ("json", LogEncoding::Json)];
        let encoding = logs.choice("encoding", LogEncoding::Console, &encodings);
        let others = [
            "development",
            "disable_caller",
            "disable_stacktrace",
            "sampling",
            "output_paths",
            "error_output_paths",
        ];
        logs.without_effect(&others);
        logs.without_effect(&["initial_fields", "processors"]);
        (level, encoding)
    });
    let metrics_address = section.child("metrics", metrics);
    section.without_effect(&["traces", "resource"]);
    TelemetrySettings {
        log_level,
        log_encoding,
        metrics_address,
    }
}

/// Where metrics can be read. Upstream's way to say it is five levels deep; the old `address` was removed there.
fn metrics(section: &mut Section<'_>) -> Option<String> {
    const DEFAULT_HOST: &str = "localhost";
    const DEFAULT_PORT: u64 = 8888;
    let levels = [("none", false), ("basic", true), ("normal", true), ("detailed", true)];
    let level_is_given = section.has("level");
    let enabled = !level_is_given || section.choice("level", true, &levels);
    section.without_effect(&["views"]);
    let mut address = format!("{DEFAULT_HOST}:{DEFAULT_PORT}");
    if section.has("address") {
        let given = section.text_or("address", &address);
        let (host, port) = given.rsplit_once(':').unwrap_or((&given, "8888"));
        let fix = format!("write\nreaders:\n  - pull: {{exporter: {{prometheus: {{host: '{host}', port: {port}}}}}}}");
        section.warn("address", "upstream has removed this key and refuses it", fix);
        address = given;
    }
    let readers = section.children("readers", |reader| {
        reader.not_supported(&["periodic"]);
        let pulled = reader.optional_child("pull", |pull| {
            pull.optional_child("exporter", |exporter| {
                exporter.optional_child("prometheus", |prometheus| {
                    let host = prometheus.text_or("host", DEFAULT_HOST);
                    let port = prometheus.unsigned("port", DEFAULT_PORT);
                    let others = [
                        "without_scope_info",
                        "without_type_suffix",
                        "without_units",
                        "with_resource_constant_labels",
                    ];
                    prometheus.without_effect(&others);
                    prometheus.without_effect(&["translation_strategy"]);
                    format!("{host}:{port}")
                })
            })
        });
        pulled.flatten().flatten()
    });
    if readers.len() > 1 {
        section.wrong(
            "readers",
            "metrics can be read at one address only",
            "keep one pull reader",
        );
    }
    let is_default = readers.is_empty() && !section.has("address");
    if enabled && is_default {
        let prometheus = Node::map(vec![
            ("host".to_owned(), Node::text(DEFAULT_HOST)),
            ("port".to_owned(), Node::plain(DEFAULT_PORT.to_string())),
        ]);
        let exporter = Node::map(vec![("prometheus".to_owned(), prometheus)]);
        let pull = Node::map(vec![("exporter".to_owned(), exporter)]);
        section.show("readers", Node::list(vec![Node::map(vec![("pull".to_owned(), pull)])]));
    }
    enabled.then(|| readers.into_iter().next().unwrap_or(address))
}
