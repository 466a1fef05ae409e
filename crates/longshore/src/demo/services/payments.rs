//! The payment service: logfmt.

use longshore_model::TimestampNs;

use super::super::random::Random;
use super::super::traffic::{Line, Request, after};
use super::{money, time};

/// One payment that ends a little before the checkout does.
pub(in super::super) fn pay(random: &mut Random, request: &Request, end: TimestampNs, declined: bool) -> Vec<Line> {
    let card = *random.pick(&["visa", "mastercard", "amex", "sepa"]);
    let start = after(request.at, 12_000_000);
    let done = after(end, -3_000_000);
    let took_ms = (done.0 - start.0) / 1_000_000;
    let amount = money(request.amount_cents);
    let mut lines = vec![line(
        request,
        start,
        "info",
        &format!("msg=\"authorize payment\" method={card} amount={amount} currency=EUR"),
    )];
    if random.chance(0.2) {
        let risk = random.between(1, 60);
        lines.push(line(
            request,
            after(start, 2_000_000),
            "debug",
            &format!("msg=\"risk score\" score={risk} rules=14"),
        ));
    }
    if declined {
        let text = format!(
            "msg=\"bank gateway timeout\" method={card} bank=northsea-bank err=\"context deadline exceeded\" attempt=3 duration={took_ms}ms"
        );
        lines.push(line(request, done, "error", &text));
    } else {
        if took_ms > 200 {
            lines.push(line(
                request,
                after(done, -1_000_000),
                "warn",
                &format!("msg=\"slow bank answer\" bank=northsea-bank duration={took_ms}ms"),
            ));
        }
        let text = format!("msg=\"payment captured\" method={card} amount={amount} currency=EUR duration={took_ms}ms");
        lines.push(line(request, done, "info", &text));
    }
    lines
}

fn line(request: &Request, at: TimestampNs, level: &str, rest: &str) -> Line {
    let ts = time(at, "%Y-%m-%dT%H:%M:%S.%6fZ");
    let text = format!(
        "ts={ts} level={level} caller=capture.go:87 {rest} order_id={} trace_id={}",
        request.order, request.trace_id
    );
    if level == "error" {
        Line::err(at, text)
    } else {
        Line::out(at, text)
    }
}
