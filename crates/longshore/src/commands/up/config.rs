//! What `longshore up` configures: texts in the same dialects that users write, read by the same code.

use std::net::SocketAddr;

use anyhow::Context as _;
use longshore_config::loki::{self, StoreSettings};
use longshore_config::otel::{self, CollectorSettings};
use longshore_config::{ConfigErrors, Loaded};

/// Sends within half a second, so that the page looks alive, and tries for ever: there is nobody to raise an alarm.
const COLLECTOR: &str = r#"
receivers:
  file_log:
    include: INCLUDE
    start_at: beginning
    include_file_name: false
    operators:
      - type: container
      - type: filter
        id: probes-in-access-logs
        expr: 'body matches "\"(GET|HEAD) /(healthz?|livez|readyz|ping)/?([?][^ ]*)? HTTP/[0-9.]+\" [23][0-9][0-9]( |$)"'
processors:
  batch:
    timeout: 500ms
    send_batch_size: 2000
exporters:
  loki:
    endpoint: ENDPOINT
    retry_on_failure:
      initial_interval: 500ms
      max_interval: 5s
      max_elapsed_time: 0s
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    logs:
      receivers: [file_log]
      processors: [batch]
      exporters: [loki]
"#;

/// One tenant, everything kept for a week.
const STORE: &str = "
auth_enabled: false
ingester:
  chunk_encoding: zstd
  max_chunk_age: 1h
compactor:
  retention_enabled: true
  delete_request_store: filesystem
limits_config:
  retention_period: 168h
";

/// The collector's settings for these globs and this store.
pub(super) fn collector(globs: &[String], store: SocketAddr) -> anyhow::Result<Loaded<CollectorSettings>> {
    // JSON is YAML; a dollar sign would begin a variable.
    let include = serde_json::to_string(globs)
        .context("paths are text")?
        .replace('$', "$$");
    let endpoint = format!("http://{}/loki/api/v1/push", loopback(store));
    let text = COLLECTOR.replace("INCLUDE", &include).replace("ENDPOINT", &endpoint);
    otel::load(&text, "the collector's part", &|_| None).map_err(|errors| broken(&errors))
}

/// The store's settings; the folder and the address come from the command line.
pub(super) fn store() -> anyhow::Result<Loaded<StoreSettings>> {
    loki::load(STORE, "the store's part", &|_| None).map_err(|errors| broken(&errors))
}

fn broken(errors: &ConfigErrors) -> anyhow::Error {
    anyhow::anyhow!("the built-in configuration is broken: {errors}")
}

/// The server's address as this process reaches it: a wildcard is no address to connect to.
fn loopback(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_are_good() {
        let globs = ["/data $x/\"quoted\"/*.log".to_owned()];
        let loaded = collector(&globs, "0.0.0.0:3100".parse().expect("an address")).expect("good");
        let otel::ReceiverSettings::FileLog(receiver) = loaded.settings.receivers.values().next().expect("one");
        assert_eq!(receiver.include, globs);
        let Some(otel::ExporterSettings::Loki(exporter)) = loaded.settings.exporters.values().next() else {
            panic!("the exporter is Loki's");
        };
        assert_eq!(exporter.client.endpoint, "http://127.0.0.1:3100/loki/api/v1/push");
        assert_eq!(
            store().expect("good").settings.limits.retention_period,
            Some(std::time::Duration::from_secs(168 * 3600))
        );
    }
}
