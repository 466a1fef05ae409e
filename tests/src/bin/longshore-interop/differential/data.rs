//! The lines that both stores get: the same in each run, but for the time.
//!
//! Invariant: no two lines of the whole have one timestamp, so that order and limits are the same on both sides.

use longshore_model::{SECOND_NS, TimestampNs};
use longshore_tests::clock::now;
use longshore_tests::random::Random;
use serde_json::{Value, json};

/// Lines of a stream.
const LINES: i64 = 240;
/// Between two lines of a stream.
const STEP_NS: i64 = SECOND_NS / 2;
/// How long ago the first line was written: lines and windows lie in the last hour, where Loki asks its memory.
const AGO_NS: i64 = 900 * SECOND_NS;

/// What was written, and when.
pub(super) struct Data {
    /// Bodies of pushes.
    pub(super) pushes: Vec<String>,
    /// A whole minute before the first line.
    pub(super) start: TimestampNs,
    /// A whole minute after the last.
    pub(super) end: TimestampNs,
}

pub(super) fn make() -> Data {
    const MINUTE_NS: i64 = 60 * SECOND_NS;
    let first = (now().0 - AGO_NS).div_euclid(MINUTE_NS) * MINUTE_NS;
    let mut random = Random::new(7);
    let streams = [
        (json!({"app": "shop", "env": "prod", "zone": "a"}), json_line as Line),
        (json!({"app": "shop", "env": "prod", "zone": "b"}), json_line),
        (json!({"app": "shop", "env": "dev", "zone": "a"}), json_line),
        (json!({"app": "pay", "env": "prod"}), logfmt_line),
        (json!({"app": "pay", "env": "dev"}), logfmt_line),
        (json!({"job": "proxy", "env": "prod"}), access_line),
        (json!({"job": "odd", "env": "dev"}), odd_line),
    ];
    let mut pushes = Vec::new();
    for (place, (labels, line)) in streams.into_iter().enumerate() {
        let entry = |index: i64| {
            let at = first + index * STEP_NS + place as i64 * 1_000_000;
            let (line, metadata) = line(&mut random, index);
            match metadata {
                Value::Null => json!([at.to_string(), line]),
                metadata => json!([at.to_string(), line, metadata]),
            }
        };
        let values: Vec<Value> = (0..LINES).map(entry).collect();
        pushes.push(json!({"streams": [{"stream": labels, "values": values}]}).to_string());
    }
    Data {
        pushes,
        start: TimestampNs(first - MINUTE_NS),
        end: TimestampNs(first + LINES * STEP_NS + MINUTE_NS),
    }
}

type Line = fn(&mut Random, i64) -> (String, Value);

const LEVELS: [&str; 5] = ["debug", "info", "info", "warn", "error"];

fn json_line(random: &mut Random, index: i64) -> (String, Value) {
    let level = random.pick(&LEVELS);
    let status = random.pick(&[200, 200, 201, 404, 500]);
    let line = json!({
        "level": level, "msg": format!("request {index} done"), "status": status, "took": format!("{}ms", random.below(3000)),
        "bytes": format!("{}KiB", random.below(64)), "ratio": random.below(100) as f64 / 100.0,
        "user": {"id": random.below(20), "name": random.pick(&["ann", "bob", "zoë"])},
        "tags": ["x", "y"], "none": null, "ok": status < 400, "env": "inner",
    });
    (
        line.to_string(),
        json!({"trace_id": format!("{:016x}", random.below(1 << 30)), "region": random.pick(&["eu", "us"])}),
    )
}

fn logfmt_line(random: &mut Random, index: i64) -> (String, Value) {
    let level = random.pick(&LEVELS);
    let line = format!(
        "ts={index} level={level} caller=pay.go:{} msg=\"paid \\\"{index}\\\" units\" amount={}.5 took={}.25s size={}KB retry= user=u{} addr=10.0.{}.{}",
        random.below(90),
        random.below(500),
        random.below(9),
        random.below(900),
        random.below(9),
        random.below(4),
        random.below(250),
    );
    (line, json!({"region": random.pick(&["eu", "us"])}))
}

fn access_line(random: &mut Random, index: i64) -> (String, Value) {
    let verb = random.pick(&["GET", "GET", "POST", "DELETE"]);
    let status = random.pick(&[200, 304, 404, 502]);
    let line = format!(
        "192.168.{}.{} - - [27/Nov/2026:10:00:00 +0000] \"{verb} /api/v{}/items/{index} HTTP/1.1\" {status} {} \"curl/8\"",
        random.below(3),
        random.below(250),
        random.below(3),
        random.below(90_000),
    );
    (line, Value::Null)
}

fn odd_line(_: &mut Random, index: i64) -> (String, Value) {
    let line = match index % 12 {
        0 => "{\"broken\": ".to_owned(),
        1 => "\u{1b}[31mred\u{1b}[0m and plain".to_owned(),
        2 => format!("{{\"_entry\":\"inner {index}\",\"pod\":\"p{}\",\"job\":\"other\",\"n\":7}}", index % 3),
        3 => "unicode: größe 漢字 🎉".to_owned(),
        4 => "key=\"open and more".to_owned(),
        5 => "a=1 b=two a=3 2c=4 d.e=5 =x f".to_owned(),
        6 => "{\"a\":{\"b\":[{\"c\":1},{\"c\":\"two\"}]},\"x-y\":true,\"s\":\"q\\\"u\\ttab\",\"big\":12345678901234567890,\"neg\":-0.50e2}".to_owned(),
        7 => "tabs\tand  blanks   here".to_owned(),
        8 => "fe80::1 and 2001:db8::7 and 10.1.2.3 met".to_owned(),
        9 => "WARN something is odd, error=false".to_owned(),
        10 => "[1,2,{\"not\":\"an object\"}]".to_owned(),
        _ => format!("counter {}", index * index % 97),
    };
    (line, Value::Null)
}
