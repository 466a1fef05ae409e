//! The checkout: JSON lines, now and then a very long one.

use longshore_model::TimestampNs;
use serde_json::{Value, json};

use super::super::random::Random;
use super::super::traffic::{Line, Request, after};
use super::{money, time};

/// Share of orders whose whole payload is logged: these lines are long enough to be written in pieces.
const PAYLOAD_SHARE: f64 = 0.02;

/// An order from its start to its end.
pub(in super::super) fn order(
    random: &mut Random,
    request: &Request,
    end: TimestampNs,
    out_of_stock: bool,
    declined: bool,
) -> Vec<Line> {
    let items = random.between(1, 9);
    let start = after(request.at, 1_200_000);
    let mut lines = vec![line(
        request,
        start,
        "info",
        "checkout started",
        json!({ "items": items, "amount": money(request.amount_cents) }),
    )];
    if random.chance(0.3) {
        let cart = json!({ "cache": random.pick(&["hit", "miss"]), "took_us": random.between(80, 2_400) });
        lines.push(line(request, after(start, 400_000), "debug", "cart loaded", cart));
    }
    if random.chance(PAYLOAD_SHARE) {
        lines.push(line(
            request,
            after(start, 700_000),
            "debug",
            "order payload",
            payload(random),
        ));
    }
    let took_ms = (end.0 - request.at.0) / 1_000_000;
    let before_end = after(end, -400_000);
    match (out_of_stock, declined) {
        (true, _) => lines.push(line(
            request,
            before_end,
            "warn",
            "item out of stock",
            json!({ "status": 409, "took_ms": took_ms }),
        )),
        (_, true) => {
            let retry = json!({ "attempt": 2, "upstream": "payments" });
            lines.push(line(
                request,
                after(start, 900_000_000),
                "warn",
                "payment slow, retrying",
                retry,
            ));
            let error = json!({ "error": "payments: upstream answered 503: bank gateway timeout", "status": 502, "took_ms": took_ms });
            lines.push(line(request, before_end, "error", "checkout failed", error));
        }
        _ => {
            let done = json!({ "status": 201, "took_ms": took_ms, "amount": money(request.amount_cents) });
            lines.push(line(request, before_end, "info", "order placed", done));
        }
    }
    lines
}

fn line(request: &Request, at: TimestampNs, level: &str, message: &str, more: Value) -> Line {
    let mut object = json!({
        "time": time(at, "%Y-%m-%dT%H:%M:%S.%3fZ"),
        "level": level,
        "msg": message,
        "trace_id": request.trace_id,
        "user_id": request.user,
        "order_id": request.order,
    });
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    Line::out(at, object.to_string())
}

/// A cart of 20 to 60 KB.
fn payload(random: &mut Random) -> Value {
    let count = random.between(150, 420);
    let items: Vec<Value> = (0..count)
        .map(|index| {
            json!({
                "position": index,
                "sku": random.hex(12),
                "name": random.pick(&["Regenjacke \"Ölzeug\"", "rain jacket", "tea pot", "desk lamp"]),
                "price": money(random.between(199, 9_999)),
                "note": "gift wrap   with blanks at   odd places ",
            })
        })
        .collect();
    json!({ "payload": items })
}
