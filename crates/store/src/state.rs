//! What is measured when metrics are asked for: whether pushes are accepted, and the space on the disk.
//!
//! Invariant: a reader of metrics does not keep a store alive that was dropped.

use std::fmt;
use std::sync::Weak;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;

use crate::disk::Disk;
use crate::store::Inner;

/// Looks when it is asked.
pub(crate) struct State(pub(crate) Weak<Inner>);

impl fmt::Debug for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("State")
    }
}

impl Collector for State {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(store) = self.0.upgrade() else { return Ok(()) };
        let mut gauge = |name, help, value: i64| {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, prometheus_client::metrics::MetricType::Gauge)?;
            gauge.encode(metric)
        };
        gauge(
            "store_ready",
            "1 while pushes are accepted, else 0",
            i64::from(store.check().is_ok() && store.check_disk().is_ok()),
        )?;
        // Where the disk cannot be asked, no figure is better than a wrong one.
        let Some(disk) = Disk::of(&store.settings.directory) else {
            return Ok(());
        };
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        gauge(
            "store_disk_bytes",
            "Size of the disk that data lies on, without what is reserved",
            bytes(disk.size_bytes),
        )?;
        gauge(
            "store_disk_free_bytes",
            "Free bytes of that disk",
            bytes(disk.free_bytes),
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::{Settings, Store};
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    #[test]
    fn metrics_tell_readiness_and_space() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Settings::new(directory.path().to_owned())).unwrap();
        let mut registry = Registry::default();
        store.register_metrics(&mut registry);
        let value = |name: &str| {
            let mut text = String::new();
            encode(&mut text, &registry).unwrap();
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(&format!("{name} ")).map(str::to_owned));
            line.map(|value| value.parse::<i64>().unwrap())
        };
        assert_eq!(value("store_ready"), Some(1));
        let (size, free) = (
            value("store_disk_bytes").unwrap(),
            value("store_disk_free_bytes").unwrap(),
        );
        assert!(0 < free && free <= size, "{free} of {size}");
        store.close().unwrap();
        assert_eq!(value("store_ready"), Some(0));
        drop(store);
        assert_eq!(value("store_ready"), None);
    }
}
