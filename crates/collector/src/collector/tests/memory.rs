//! What a memory limiter leaves for lines on their way.

use super::*;
use crate::limits::IN_FLIGHT_BYTES_MAX;

const MIB: u64 = 1 << 20;

fn budget_bytes(limits: &str, memory_bytes: Option<u64>) -> Result<usize, BuildError> {
    let config = format!(
        "receivers:
  file_log: {{include: [/nowhere/*.log], start_at: beginning, storage: null}}
processors:
  memory_limiter: {{check_interval: 1s, {limits}}}
exporters:
  debug:
service:
  pipelines:
    logs: {{receivers: [file_log], processors: [memory_limiter], exporters: [debug]}}
"
    );
    let loaded = otel::load(&config, "test.yaml", &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    let surroundings = Surroundings {
        memory_bytes,
        ..Surroundings::default()
    };
    Collector::new(&loaded.settings, &surroundings).map(|collector| collector.receivers[0].budget_bytes)
}

#[test]
fn a_quarter_of_the_soft_limit_may_be_on_its_way() {
    let check = |limits: &str, memory_mib: u64, expected: u64| {
        let budget = budget_bytes(limits, Some(memory_mib * MIB)).unwrap();
        assert_eq!(budget as u64, expected, "{limits} of {memory_mib} MiB");
    };
    check("limit_mib: 10, spike_limit_mib: 2", 1024, 2 * MIB);
    check("limit_mib: 10", 1024, 2 * MIB);
    check("limit_percentage: 50, spike_limit_percentage: 10", 20, 2 * MIB);
    check("limit_percentage: 50", 20, 2 * MIB);
    check("limit_percentage: 100, spike_limit_percentage: 99", 100, MIB / 4);
    // As upstream: the limit in MiB acts where both are given, whatever the spike in percent is.
    check(
        "limit_mib: 10, limit_percentage: 1, spike_limit_percentage: 0",
        100,
        2 * MIB,
    );
    check("limit_percentage: 75", 64 * 1024, IN_FLIGHT_BYTES_MAX as u64);
    // Reading never stops for good.
    check("limit_percentage: 1", 0, 1);
}

#[test]
fn a_share_of_unknown_memory_is_refused() {
    let error = budget_bytes("limit_percentage: 75", None).unwrap_err().to_string();
    assert!(error.contains("write limit_mib"), "{error}");
    assert_eq!(budget_bytes("limit_mib: 10", None).unwrap() as u64, 2 * MIB);
}
