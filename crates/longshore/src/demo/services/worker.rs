//! The background worker: klog lines, mixed with bare text of the tools it starts.

use longshore_model::TimestampNs;

use super::super::random::Random;
use super::super::traffic::{Line, after};
use super::time;

/// One turn of work.
pub(in super::super) fn lines(random: &mut Random, at: TimestampNs) -> Vec<Line> {
    let job = random.between(20_000, 99_999);
    let klog = |at: TimestampNs, level: char, place: &str, message: String| {
        Line::err(
            at,
            format!("{level}{} {:>7} {place}] {message}", time(at, "%m%d %H:%M:%S.%6f"), 1),
        )
    };
    match random.between(0, 20) {
        0 => {
            let after_s = random.between(2, 60);
            vec![klog(
                at,
                'E',
                "queue.go:214",
                format!("\"Job failed\" err=\"smtp: 451 temporary failure\" job={job} retryAfter=\"{after_s}s\""),
            )]
        }
        1..3 => vec![klog(
            at,
            'W',
            "reflector.go:561",
            format!("\"Queue is long\" queue=\"mails\" length={}", random.between(200, 900)),
        )],
        3..6 => {
            let pages = random.between(1, 12);
            vec![
                Line::out(at, format!("render: invoice {job} started")),
                Line::out(after(at, 31_000_000), format!("render: page {pages}/{pages} done")),
                Line::out(after(at, 32_500_000), String::new()),
                klog(
                    after(at, 33_000_000),
                    'I',
                    "invoice.go:58",
                    format!("\"Invoice rendered\" job={job} pages={pages}"),
                ),
            ]
        }
        _ => vec![klog(
            at,
            'I',
            "queue.go:131",
            format!(
                "\"Job done\" job={job} kind=\"mail\" took=\"{}ms\"",
                random.between(3, 400)
            ),
        )],
    }
}
