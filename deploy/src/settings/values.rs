//! Values of settings from their text. Each refusal says what is wrong and gives one that would do.

use longshore_model::{TenantId, parse_prometheus_duration};

/// Longest name of an object that is part of a host name (RFC 1123 label).
const NAME_BYTES_MAX: usize = 63;

/// Longest prefix of a label's key, and longest name of a Secret (RFC 1123 subdomain).
const DOMAIN_BYTES_MAX: usize = 253;

/// Why a value cannot be taken.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Goes after the value: `'x' is no number`.
    pub(crate) what: String,
    /// A value that would do.
    pub(crate) example: String,
}

/// A taint that pods may be scheduled in spite of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toleration {
    /// `None`: every key.
    pub key: Option<String>,
    /// `None`: every value.
    pub value: Option<String>,
    /// `None`: every effect.
    pub effect: Option<String>,
}

/// Pods by one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The label.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl Toleration {
    /// Tolerates everything.
    pub(crate) fn every() -> Self {
        Self {
            key: None,
            value: None,
            effect: None,
        }
    }
}

impl Selector {
    /// Pods of a program by its usual name.
    pub(crate) fn name(name: &str) -> Self {
        Self {
            key: "app.kubernetes.io/name".to_owned(),
            value: name.to_owned(),
        }
    }
}

fn problem<T>(what: impl Into<String>, example: impl Into<String>) -> Result<T, Problem> {
    Err(Problem {
        what: what.into(),
        example: example.into(),
    })
}

pub(crate) fn boolean(text: &str) -> Result<bool, Problem> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        "1" | "yes" | "on" => problem("is neither true nor false", "true"),
        _ => problem("is neither true nor false", "false"),
    }
}

/// One of several words.
pub(crate) fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, Problem> {
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
        return Ok(*value);
    }
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let same = names.iter().find(|name| name.eq_ignore_ascii_case(text));
    problem(format!("is none of {}", names.join(", ")), *same.unwrap_or(&names[0]))
}

/// Empty means not chosen.
pub(crate) fn optional<T>(text: &str, parse: impl Fn(&str) -> Result<T, Problem>) -> Result<Option<T>, Problem> {
    if text.is_empty() {
        Ok(None)
    } else {
        parse(text).map(Some)
    }
}

/// Items between commas; empty ones are refused.
pub(crate) fn list<T>(text: &str, parse: impl Fn(&str) -> Result<T, Problem>) -> Result<Vec<T>, Problem> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(|item| parse(item.trim())).collect()
}

/// A name that may be part of a host name: a namespace, a class.
pub(crate) fn name(text: &str) -> Result<String, Problem> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > NAME_BYTES_MAX || !text.bytes().all(good) || !edges_are_letters(text) {
        return problem(
            "is no name for Kubernetes: small letters, digits and '-', up to 63, a letter or digit at both ends",
            tidied(text, "monitoring"),
        );
    }
    Ok(text.to_owned())
}

/// A name with dots: a Secret, a storage class.
pub(crate) fn domain(text: &str) -> Result<String, Problem> {
    if text.len() > DOMAIN_BYTES_MAX || text.is_empty() || text.split('.').any(|part| name(part).is_err()) {
        return problem(
            "is no name for Kubernetes: small letters, digits, '-' and '.', a letter or digit at both ends",
            tidied(text, "my-name"),
        );
    }
    Ok(text.to_owned())
}

fn edges_are_letters(text: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    edge(text.bytes().next()) && edge(text.bytes().last())
}

/// The nearest good name, or the example.
fn tidied(text: &str, example: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let tidy = lower.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let tidy: String = tidy.trim_matches('-').chars().take(NAME_BYTES_MAX).collect();
    let tidy = tidy.trim_end_matches('-');
    if tidy.is_empty() { example } else { tidy }.to_owned()
}

/// CPU: `100m`, `0.5`, `2`. Answers thousandths of a core, to compare.
pub(crate) fn cpu_millis(text: &str) -> Option<u64> {
    let (digits, factor) = match text.strip_suffix('m') {
        Some(digits) if !digits.contains('.') => (digits, 1.0),
        Some(_) => return None,
        None => (text, 1000.0),
    };
    let millis = number(digits)? * factor;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be in range"
    )]
    (1.0..=1e9).contains(&millis).then_some(millis as u64)
}

/// Bytes: `128Mi`, `30Gi`, `1e9`. Answers bytes, to compare.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let units = [
        ("Ki", 1u64 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("", 1),
    ];
    let (unit, factor) = units.into_iter().find(|(unit, _)| text.ends_with(unit))?;
    #[expect(clippy::cast_precision_loss, reason = "sizes are compared, not added up")]
    let value = number(text.strip_suffix(unit)?)? * factor as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be in range"
    )]
    (1.0..=9e18).contains(&value).then_some(value as u64)
}

fn number(text: &str) -> Option<f64> {
    let good = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    (!text.is_empty() && text.bytes().all(good)).then(|| text.parse().ok())?
}

pub(crate) fn cpu(text: &str) -> Result<String, Problem> {
    match cpu_millis(text) {
        Some(_) => Ok(text.to_owned()),
        None => problem(
            "is no amount of CPU: thousandths of a core as in 100m, or cores as in 2",
            "100m",
        ),
    }
}

/// Memory or a volume. A number without unit is refused: nobody means bytes.
pub(crate) fn size(text: &str, example: &str) -> Result<String, Problem> {
    if bytes(text).is_none() {
        let what = if text.ends_with(['B', 'b']) {
            "has a unit that Kubernetes does not know: Ki, Mi, Gi, Ti, or k, M, G, T"
        } else {
            "is no size: a number with Ki, Mi, Gi or Ti"
        };
        return problem(what, example);
    }
    if text.ends_with(|last: char| last.is_ascii_digit()) {
        return problem("has no unit, which would be bytes", example);
    }
    Ok(text.to_owned())
}

/// How long lines are kept. Loki removes whole days only and refuses less than one.
pub(crate) fn retention(text: &str) -> Result<String, Problem> {
    const DAY_SECONDS: u64 = 86_400;
    match parse_prometheus_duration(text) {
        Err(_) => problem("is no duration: a number with h, d or w", "168h"),
        Ok(period) if period.as_secs() < DAY_SECONDS => {
            problem("is less than a day; lines are removed by whole days", "24h")
        }
        Ok(_) => Ok(text.to_owned()),
    }
}

pub(crate) fn tenant(text: &str) -> Result<String, Problem> {
    match TenantId::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => problem(format!("is no tenant: {error}"), "team-a"),
    }
}

/// `name[:tag][@digest]`, perhaps with a registry.
pub(crate) fn image(text: &str) -> Result<String, Problem> {
    if text.is_empty() || text.contains(|letter: char| letter.is_whitespace()) || text.starts_with(['/', ':', '-']) {
        return problem("is no image", "registry.example.com/longshore:0.1.0");
    }
    let last = text.rsplit('/').next().unwrap_or_default();
    if !last.contains(':') && !last.contains('@') {
        return problem(
            "has no tag, so nobody could say which version runs",
            format!("{text}:{}", env!("CARGO_PKG_VERSION")),
        );
    }
    if text.ends_with(":latest") {
        return problem(
            "names no version: what runs would depend on the day",
            format!("{}{}", text.trim_end_matches("latest"), env!("CARGO_PKG_VERSION")),
        );
    }
    Ok(text.to_owned())
}

pub(crate) fn url(text: &str) -> Result<String, Problem> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
    match host {
        None => problem(
            "does not begin with http:// or https://",
            format!("https://{}", text.rsplit("://").next().unwrap_or_default()),
        ),
        Some("") => problem("names no host", "https://logs.example.com/otlp"),
        Some(host) if host.contains('@') => problem(
            "has a password in it, which would lie open in the cluster",
            "https://logs.example.com/otlp with store.username and store.secret",
        ),
        Some(_) if text.contains([' ', '\n', '"', '$']) => problem("is no address", "https://logs.example.com/otlp"),
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
    }
}

/// A folder on the node.
pub(crate) fn folder(text: &str) -> Result<String, Problem> {
    let parts = || text.split('/').skip(1);
    if !text.starts_with('/') || text.len() < 2 || parts().any(|part| part.is_empty() || part == "." || part == "..") {
        return problem("is no absolute path of a folder", "/var/lib/longshore");
    }
    Ok(text.to_owned())
}

/// A number of nodes, or a percentage of them.
pub(crate) fn unavailable(text: &str) -> Result<String, Problem> {
    let (digits, percent) = match text.strip_suffix('%') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    match digits.parse::<u32>() {
        Ok(count) if count >= 1 && (!percent || count <= 100) => Ok(text.to_owned()),
        _ => problem("is neither a number of nodes nor a percentage of 1% to 100%", "10%"),
    }
}

/// `key=value` of a label, or any pair.
pub(crate) fn label(text: &str) -> Result<(String, String), Problem> {
    let Some((key, value)) = text.split_once('=') else {
        return problem("is no label with its value", format!("{}=true", tidied(text, "team")));
    };
    let part = |text: &str| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        text.len() <= NAME_BYTES_MAX && text.bytes().all(good) && edges_are_letters(text)
    };
    let (prefix, name) = key
        .split_once('/')
        .map_or((None, key), |(prefix, name)| (Some(prefix), name));
    if !part(name) || prefix.is_some_and(|prefix| domain(prefix).is_err()) {
        return problem("has a key that no label may have", "team=platform");
    }
    if !value.is_empty() && !part(value) {
        return problem(
            "has a value that no label may have",
            format!("{key}={}", tidied(value, "value")),
        );
    }
    Ok((key.to_owned(), value.to_owned()))
}

pub(crate) fn selector(text: &str) -> Result<Selector, Problem> {
    let (key, value) =
        label(text).or_else(|_| problem("is no label with its value", "app.kubernetes.io/name=grafana"))?;
    Ok(Selector { key, value })
}

/// As kubectl writes taints: `key=value:Effect`, `key:Effect`, `key`; `all` for every taint.
pub(crate) fn toleration(text: &str) -> Result<Toleration, Problem> {
    const EXAMPLE: &str = "dedicated=logs:NoSchedule";
    if text == "all" {
        return Ok(Toleration::every());
    }
    let (taint, effect) = match text.rsplit_once(':') {
        Some((taint, effect)) => (taint, Some(effect)),
        None => (text, None),
    };
    if let Some(effect) = effect
        && !["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&effect)
    {
        return problem("ends with none of NoSchedule, PreferNoSchedule, NoExecute", EXAMPLE);
    }
    let (key, value) = match taint.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (taint, None),
    };
    if label(&format!("{key}={}", value.unwrap_or_default())).is_err() {
        return problem("is no taint: key=value:Effect, key:Effect, or all", EXAMPLE);
    }
    Ok(Toleration {
        key: Some(key.to_owned()),
        value: value.map(str::to_owned),
        effect: effect.map(str::to_owned),
    })
}

/// `name/key` of a Secret; the key may be left out.
pub(crate) fn secret(text: &str, key: &str) -> Result<(String, String), Problem> {
    let (name, key) = text.split_once('/').unwrap_or((text, key));
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if domain(name).is_err() || key.is_empty() || !key.bytes().all(good) {
        return problem("names no Secret and key of it", format!("logs-credentials/{key}"));
    }
    Ok((name.to_owned(), key.to_owned()))
}

/// Any text on one line that YAML and headers can carry.
pub(crate) fn word(text: &str) -> Result<String, Problem> {
    let bad = |letter: char| letter.is_control() || letter.is_whitespace() || "\"'$\\".contains(letter);
    if text.is_empty() || text.contains(bad) {
        return problem("has blanks, quotes or '$'", "123456");
    }
    Ok(text.to_owned())
}
