//! The parts of a query that need no server.

use longshore_model::SECOND_NS;

use super::*;

fn range(start_s: i64, end_s: i64) -> TimeRange {
    TimeRange {
        start: TimestampNs(start_s * SECOND_NS),
        end: TimestampNs(end_s * SECOND_NS),
    }
}

#[test]
fn metric_queries_begin_and_end_on_whole_steps() {
    let check = |start, end, step, aligned_start, aligned_end| {
        assert_eq!(
            aligned(range(start, end), step * SECOND_NS),
            range(aligned_start, aligned_end)
        );
    };
    check(100, 200, 10, 100, 200);
    check(101, 201, 10, 100, 210);
    check(-1, 1, 60, -60, 60);
}

#[test]
fn too_long_ranges_are_refused_in_lokis_words() {
    let tenant_limits = Limits::default();
    assert_eq!(limits::check_length(range(0, 721 * 3600), None, &tenant_limits), Ok(()));
    assert_eq!(
        limits::check_length(range(0, 960 * 3600), None, &tenant_limits)
            .unwrap_err()
            .text,
        "the query time range exceeds the limit (query length: 960h0m0s, limit: 30d1h)"
    );
}

#[test]
fn too_many_entries_are_refused_in_lokis_words() {
    let limits = Limits::default();
    assert_eq!(check_limit(5000, &limits), Ok(()));
    assert_eq!(
        check_limit(5001, &limits).unwrap_err().text,
        "max entries limit per query exceeded, limit > max_entries_limit_per_query (5001 > 5000)"
    );
}
