//! The inventory: a Java program with stack traces over many lines.

use longshore_model::TimestampNs;

use super::super::random::Random;
use super::super::traffic::{Line, Request, after};
use super::time;

const FRAMES: [&str; 9] = [
    "com.shop.inventory.store.StockRepository.reserve(StockRepository.java:142)",
    "com.shop.inventory.service.ReservationService.reserve(ReservationService.java:67)",
    "com.shop.inventory.service.ReservationService$$SpringCGLIB$$0.reserve(<generated>)",
    "com.shop.inventory.api.ReservationController.post(ReservationController.java:38)",
    "java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)",
    "java.base/java.lang.reflect.Method.invoke(Method.java:580)",
    "org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)",
    "org.apache.tomcat.util.threads.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1191)",
    "java.base/java.lang.Thread.run(Thread.java:1583)",
];
/// Between two lines of one stack trace.
const FRAME_NS: i64 = 4_000;

/// Reserves what was ordered, or fails to.
pub(in super::super) fn reserve(random: &mut Random, request: &Request, out_of_stock: bool) -> Vec<Line> {
    let thread = random.between(1, 17);
    let at = after(request.at, 6_000_000);
    let sku = random.hex(12);
    let trace = &request.trace_id;
    if !out_of_stock {
        let quantity = random.between(1, 4);
        let text = head(
            at,
            "INFO ",
            thread,
            trace,
            &format!("reserved {quantity} x {sku} for order {}", request.order),
        );
        return vec![Line::out(at, text)];
    }
    let order = request.order;
    let mut texts = vec![
        head(
            at,
            "ERROR",
            thread,
            trace,
            &format!("reservation for order {order} failed"),
        ),
        format!("com.shop.inventory.OutOfStockException: no stock left for sku {sku}"),
    ];
    texts.extend(FRAMES.iter().map(|frame| format!("\tat {frame}")));
    texts.push("Caused by: org.postgresql.util.PSQLException: ERROR: new row for relation \"stock\" violates check constraint \"stock_not_negative\"".to_owned());
    texts.push(format!(
        "  Detail: Failing row contains ({sku}, -1, {}).",
        time(at, "%Y-%m-%d %H:%M:%S.%3f")
    ));
    texts.push(
        "\tat org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2725)".to_owned(),
    );
    texts.push("\t... 9 more".to_owned());
    (0..)
        .zip(texts)
        .map(|(index, text)| Line::err(after(at, index * FRAME_NS), text))
        .collect()
}

fn head(at: TimestampNs, level: &str, thread: u64, trace: &str, message: &str) -> String {
    let at = time(at, "%Y-%m-%d %H:%M:%S,%3f");
    format!("{at} {level} [http-nio-8080-exec-{thread}] c.s.i.service.ReservationService [traceId={trace}] - {message}")
}
