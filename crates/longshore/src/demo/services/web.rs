//! The web server: nginx's combined access log with two fields more, and its error log on stderr.

use longshore_model::TimestampNs;

use super::super::random::Random;
use super::super::traffic::{Line, Request, after};
use super::time;

const PAGES: [&str; 8] = [
    "/",
    "/products",
    "/products/4711",
    "/products/0815?colour=red",
    "/cart",
    "/search?q=rain+jacket",
    "/static/app.9f3c.js",
    "/account/orders",
];
const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "curl/8.5.0",
];

/// A customer looks around.
pub(in super::super) fn browse(random: &mut Random, request: &Request) -> Vec<Line> {
    let took_ms = random.between(2, 90);
    let at = after(request.at, took_ms as i64 * 1_000_000);
    let page = *random.pick(&PAGES);
    let (page, status) = match random.between(0, 100) {
        0..3 => ("/wp-login.php", 404),
        3..8 => (page, 304),
        8 => (page, 499),
        _ => (page, 200),
    };
    let mut lines = vec![access(
        random,
        at,
        &format!("GET {page}"),
        status,
        took_ms,
        &request.trace_id,
    )];
    if status == 404 {
        let file = page.trim_start_matches('/');
        let text = format!(
            "{} [error] 29#29: *{} open() \"/usr/share/nginx/html/{file}\" failed (2: No such file or directory), client: 10.42.0.7, server: shop.example, request: \"GET {page} HTTP/1.1\", host: \"shop.example\"",
            time(at, "%Y/%m/%d %H:%M:%S"),
            random.between(1_000, 90_000),
        );
        lines.push(Line::err(after(at, 20_000), text));
    }
    lines
}

/// The access line of a checkout, written when it has been answered.
pub(in super::super) fn checkout(random: &mut Random, request: &Request, end: TimestampNs, status: u32) -> Vec<Line> {
    let took_ms = (end.0 - request.at.0).unsigned_abs() / 1_000_000;
    let at = after(end, 900_000);
    let mut lines = vec![access(
        random,
        at,
        "POST /api/checkout",
        status,
        took_ms,
        &request.trace_id,
    )];
    if status == 502 {
        let text = format!(
            "{} [error] 29#29: *{} upstream prematurely closed connection while reading response header from upstream, client: 10.42.0.7, server: shop.example, request: \"POST /api/checkout HTTP/1.1\", upstream: \"http://10.43.18.4:8080/api/checkout\", host: \"shop.example\"",
            time(at, "%Y/%m/%d %H:%M:%S"),
            random.between(1_000, 90_000),
        );
        lines.push(Line::err(after(at, 30_000), text));
    }
    lines
}

/// The kubelet's probes: mostly well, and not always when the shop is in trouble.
pub(in super::super) fn probes(random: &mut Random, at: TimestampNs, trouble: bool) -> Vec<Line> {
    [("/healthz", 0), ("/readyz", 3_000_000)]
        .into_iter()
        .map(|(path, later_ns)| {
            let at = after(at, later_ns);
            let status = if trouble && random.chance(0.3) { 503 } else { 200 };
            let text = format!(
                "10.42.0.1 - - [{}] \"GET {path} HTTP/1.1\" {status} 2 \"-\" \"kube-probe/1.33\"",
                time(at, "%d/%b/%Y:%H:%M:%S %z"),
            );
            Line::out(at, text)
        })
        .collect()
}

fn access(random: &mut Random, at: TimestampNs, what: &str, status: u32, took_ms: u64, trace_id: &str) -> Line {
    let address = format!(
        "{}.{}.{}.{}",
        random.between(11, 220),
        random.between(0, 255),
        random.between(0, 255),
        random.between(1, 255)
    );
    let bytes = random.between(180, 48_000);
    let browser = random.pick(&BROWSERS);
    let text = format!(
        "{address} - - [{}] \"{what} HTTP/1.1\" {status} {bytes} \"https://shop.example/\" \"{browser}\" rt={}.{:03} trace_id={trace_id}",
        time(at, "%d/%b/%Y:%H:%M:%S %z"),
        took_ms / 1000,
        took_ms % 1000,
    );
    Line::out(at, text)
}
