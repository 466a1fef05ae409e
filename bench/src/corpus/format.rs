//! The five ways of writing a line, each with the state its process has: the request it works on, the trace, the
//! stack trace it is in the middle of.

use std::fmt::Write;

use longshore_model::TimestampNs;
use longshore_tests::random::Random;

const FORMATTED: &str = "a String takes every write";

/// How a service logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One JSON object a line.
    Json,
    /// `key=value` pairs.
    Logfmt,
    /// Combined access log.
    Access,
    /// Kubernetes components.
    Klog,
    /// Text with stack traces over many lines.
    Java,
}

const VERBS: &[&str] = &[
    "get", "create", "update", "delete", "list", "watch", "reserve", "release", "charge", "refund",
];
const NOUNS: &[&str] = &[
    "order",
    "cart",
    "payment",
    "invoice",
    "customer",
    "stock item",
    "coupon",
    "session",
    "shipment",
    "address",
];
const ENDINGS: &[&str] = &[
    "finished",
    "accepted",
    "queued",
    "skipped: nothing to do",
    "served from cache",
    "scheduled",
];
const FAILURES: &[&str] = &[
    "error: connection reset by peer",
    "error: context deadline exceeded",
    "failed: i/o timeout",
    "error: no rows in result set",
    "rejected: quota exceeded",
    "error: upstream returned 503",
];
const LOGGERS: &[&str] = &[
    "api",
    "db.pool",
    "cache",
    "http.client",
    "scheduler",
    "auth",
    "events.consumer",
    "billing.worker",
    "search",
];
const PATHS: &[&str] = &[
    "/api/v1/orders",
    "/api/v1/carts",
    "/api/v2/search",
    "/static/js/app",
    "/login",
    "/api/v1/customers",
    "/img",
];
const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "okhttp/4.12.0",
    "python-requests/2.32.3",
    "kube-probe/1.30",
];
const PACKAGES: &[&str] = &[
    "com.shop.orders.service",
    "com.shop.billing.client",
    "org.springframework.web.servlet",
    "org.apache.catalina.core",
    "org.hibernate.engine.jdbc.internal",
    "java.base/java.util.concurrent",
    "com.zaxxer.hikari.pool",
    "io.netty.channel.nio",
];
const CLASSES: &[&str] = &[
    "Dispatcher",
    "Handler",
    "Repository",
    "Client",
    "Filter",
    "Executor",
    "Connection",
    "Session",
    "Proxy",
    "Worker",
];
const METHODS: &[&str] = &[
    "invoke",
    "doFilter",
    "execute",
    "process",
    "run",
    "getConnection",
    "handle",
    "await",
    "commit",
    "apply",
];
const EXCEPTIONS: &[&str] = &[
    "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms.",
    "java.lang.IllegalStateException: Transaction already completed",
    "java.net.SocketTimeoutException: Read timed out",
    "java.lang.NullPointerException: Cannot invoke \"Order.getId()\" because \"order\" is null",
];

impl Format {
    pub(super) fn of_service(service: usize) -> Self {
        // Of ten services four write JSON, two logfmt, two access logs, one klog, one Java.
        match service % 10 {
            0 | 2 | 5 | 8 => Self::Json,
            1 | 6 => Self::Access,
            3 | 7 => Self::Logfmt,
            4 => Self::Java,
            _ => Self::Klog,
        }
    }

    pub(super) fn name(self, service: usize) -> String {
        let name = match self {
            Self::Json => "shop-api",
            Self::Logfmt => "worker",
            Self::Access => "edge",
            Self::Klog => "controller",
            Self::Java => "billing",
        };
        format!("{name}-{service}")
    }
}

/// A process in the middle of its work.
#[derive(Debug)]
pub(super) struct Context {
    format: Format,
    trace: [u64; 2],
    user: usize,
    order: u64,
    /// Stack frames still to come.
    frames: usize,
}

impl Context {
    pub(super) fn new(format: Format, random: &mut Random) -> Self {
        let order = 4_000_000 + random.bits() % 1_000_000;
        Self {
            format,
            trace: [random.bits(), random.bits()],
            user: user(random),
            order,
            frames: 0,
        }
    }

    pub(super) fn write_line(&mut self, at: TimestampNs, random: &mut Random, line: &mut String) {
        if random.percent(15.0) {
            self.trace = [random.bits(), random.bits()];
            self.user = user(random);
            self.order += 1 + random.bits() % 7;
        }
        match self.format {
            Format::Json => self.json(at, random, line),
            Format::Logfmt => self.logfmt(at, random, line),
            Format::Access => self.access(at, random, line),
            Format::Klog => self.klog(at, random, line),
            Format::Java => self.java(at, random, line),
        }
        .expect(FORMATTED);
    }

    fn json(&self, at: TimestampNs, random: &mut Random, line: &mut String) -> std::fmt::Result {
        let Site {
            level,
            logger,
            verb,
            noun,
            ending,
        } = Site::reached(random);
        write!(
            line,
            "{{\"ts\":\"{}\",\"level\":\"{level}\",\"logger\":\"{logger}\",",
            millis(at)
        )?;
        write!(
            line,
            "\"msg\":\"{verb} {noun} {ending}\",\"user_id\":{},\"order_id\":{}",
            self.user, self.order
        )?;
        // What a logging library adds to every line of a process.
        let number = 40 + (verb.len() * 31 + noun.len() * 17 + ending.len()) % 600;
        let caller = logger.replace('.', "/");
        write!(
            line,
            ",\"service\":\"shop-api\",\"version\":\"2.14.3\",\"env\":\"production\""
        )?;
        write!(line, ",\"caller\":\"internal/{caller}.go:{number}\"")?;
        if random.percent(30.0) {
            let [high, low] = self.trace;
            write!(
                line,
                ",\"trace_id\":\"{high:016x}{low:016x}\",\"span_id\":\"{:016x}\"",
                random.bits()
            )?;
        }
        write!(line, ",\"duration_ms\":{}.{:03}}}", tail(random), random.below(1000))
    }

    fn logfmt(&self, at: TimestampNs, random: &mut Random, line: &mut String) -> std::fmt::Result {
        let Site {
            level,
            logger,
            verb,
            noun,
            ending,
        } = Site::reached(random);
        write!(
            line,
            "time={} level={level} component={logger} msg=\"{verb} {noun} {ending}\" ",
            millis(at)
        )?;
        write!(
            line,
            "attempt={} queue_depth={} elapsed={}ms",
            1 + random.below(3),
            tail(random),
            tail(random)
        )?;
        if random.percent(30.0) {
            write!(line, " job={:08x}-{:04x}", random.bits() >> 32, self.order & 0xffff)?;
        }
        Ok(())
    }

    fn access(&self, at: TimestampNs, random: &mut Random, line: &mut String) -> std::fmt::Result {
        let address = (self.user as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let [a, b, c, d] = u32::try_from(address).expect("the upper half").to_be_bytes();
        let status = random.pick(&[200, 200, 200, 200, 200, 200, 304, 301, 404, 401, 500, 502]);
        let time = at.to_string();
        write!(line, "{a}.{b}.{c}.{d} - - [{}T{} +0000] ", &time[..10], &time[11..19])?;
        let verb = random.pick(&["GET", "GET", "GET", "POST", "PUT", "DELETE"]);
        write!(
            line,
            "\"{verb} {}/{} HTTP/1.1\" {status} ",
            random.pick(PATHS),
            self.order
        )?;
        let agent = AGENTS[self.user % AGENTS.len()];
        write!(
            line,
            "{} \"https://shop.example.com/\" \"{agent}\" rt=0.{:03} up=10.0.3.17:8080",
            100 + tail(random) * 13,
            tail(random) % 1000
        )
    }

    fn klog(&self, at: TimestampNs, random: &mut Random, line: &mut String) -> std::fmt::Result {
        let Site {
            level,
            logger,
            verb,
            noun,
            ending,
        } = Site::reached(random);
        let time = at.to_string();
        let letter = level.chars().next().unwrap_or('i').to_ascii_uppercase();
        write!(
            line,
            "{letter}{}{} {} ",
            &time[5..7],
            &time[8..10],
            &time[11..26.min(time.len() - 1)]
        )?;
        let number = 40 + (verb.len() * 31 + noun.len() * 17 + ending.len()) % 600;
        write!(
            line,
            "      1 {}.go:{number}] \"{verb} {noun} {ending}\" ",
            logger.replace('.', "_")
        )?;
        let id = random.below(4096);
        write!(
            line,
            "pod=\"ns-{}/pod-{}-{id:05x}\" resourceVersion=\"{}\"",
            id % 8,
            id % 41,
            self.order * 3
        )
    }

    fn java(&mut self, at: TimestampNs, random: &mut Random, line: &mut String) -> std::fmt::Result {
        if self.frames > 0 {
            self.frames -= 1;
            let (package, class, method) = (random.pick(PACKAGES), random.pick(CLASSES), random.pick(METHODS));
            // A class has its methods at fixed lines, so the number follows from the names.
            let number = 20 + (package.len() * 31 + class.len() * 17 + method.len() * 7 + random.below(3) * 41) % 600;
            return write!(line, "\tat {package}.{class}.{method}({class}.java:{number})");
        }
        let time = at.to_string();
        write!(line, "{} {} ", &time[..10], &time[11..23.min(time.len() - 1)])?;
        let thread = random.below(40);
        let Site { verb, noun, .. } = Site::reached(random);
        let (package, class) = (
            PACKAGES[verb.len() % PACKAGES.len()],
            CLASSES[noun.len() % CLASSES.len()],
        );
        if random.percent(1.5) {
            self.frames = 8 + random.below(25);
            let exception = random.pick(EXCEPTIONS);
            return write!(
                line,
                "ERROR [http-nio-8080-exec-{thread}] {package}.{class} : {exception}"
            );
        }
        let level = random.pick(&["INFO ", "INFO ", "INFO ", "DEBUG", "WARN "]);
        write!(line, "{level} [http-nio-8080-exec-{thread}] {package}.{class} : ")?;
        write!(
            line,
            "{} {} {} for customer {}",
            random.pick(VERBS),
            random.pick(NOUNS),
            self.order,
            self.user
        )?;
        write!(line, " in {} ms", tail(random))
    }
}

/// A place in a program that logs: the same words every time it is reached.
struct Site {
    level: &'static str,
    logger: &'static str,
    verb: &'static str,
    noun: &'static str,
    ending: &'static str,
}

impl Site {
    /// Most things go well, and a few places are reached far more often than the rest.
    fn reached(random: &mut Random) -> Self {
        let bound = 4usize << random.below(6);
        let mut site = Random::new(random.below(bound) as u64);
        let (logger, verb, noun) = (site.pick(LOGGERS), site.pick(VERBS), site.pick(NOUNS));
        if random.percent(3.0) {
            return Self {
                level: "error",
                logger,
                verb,
                noun,
                ending: site.pick(FAILURES),
            };
        }
        let level = site.pick(&["info", "info", "info", "info", "info", "info", "debug", "warn"]);
        Self {
            level,
            logger,
            verb,
            noun,
            ending: site.pick(ENDINGS),
        }
    }
}

/// A few users do much, many do little.
fn user(random: &mut Random) -> usize {
    let bound = 10usize << random.below(12);
    random.below(bound)
}

/// A duration or a size: mostly small, sometimes very large.
fn tail(random: &mut Random) -> usize {
    let bound = 4usize << random.below(9);
    random.below(bound)
}

/// The time with milliseconds.
fn millis(at: TimestampNs) -> String {
    TimestampNs(at.0 - at.0 % 1_000_000 + 1_000_000).to_string()
}
