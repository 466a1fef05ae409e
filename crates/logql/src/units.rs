//! Sizes and numbers as LogQL reads and prints them.

use longshore_model::SECOND_NS;

/// Powers of 1000 and of 1024.
const SIZE_UNITS: [(&str, f64); 13] = [
    ("", 1.0),
    ("k", 1e3),
    ("m", 1e6),
    ("g", 1e9),
    ("t", 1e12),
    ("p", 1e15),
    ("e", 1e18),
    ("ki", 1024.0),
    ("mi", 1_048_576.0),
    ("gi", 1_073_741_824.0),
    ("ti", 1_099_511_627_776.0),
    ("pi", 1_125_899_906_842_624.0),
    ("ei", 1_152_921_504_606_846_976.0),
];

/// A duration in seconds, as Go's `Duration.Seconds` rounds it: the whole ones and the rest are added.
pub(crate) fn go_seconds(ns: i64) -> f64 {
    (ns / SECOND_NS) as f64 + (ns % SECOND_NS) as f64 / 1e9
}

/// Reads a size such as `1.5KiB` or `2 MB`; `K` alone is 1000, case does not matter, nor does a final `B`.
pub(crate) fn size_bytes(text: &str) -> Option<u64> {
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.replace(',', "").parse().ok()?;
    let unit = unit.trim().to_ascii_lowercase();
    let name = unit.strip_suffix('b').unwrap_or(&unit);
    let (_, factor) = SIZE_UNITS.iter().find(|(known, _)| *known == name)?;
    let bytes = number * factor;
    (bytes < u64::MAX as f64).then_some(bytes as u64)
}

/// Prints a size as Loki does: powers of 1000, one decimal below 10, so it is not exact.
pub(crate) fn format_size(bytes: u64) -> String {
    const NAMES: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 10 {
        return format!("{bytes}B");
    }
    // Go computes the exponent by logarithms; a loop gives the same without rounding at powers of 1000.
    let mut exponent = 0;
    let mut unit = 1_u64;
    while exponent < NAMES.len() - 1 && bytes / unit >= 1000 {
        unit *= 1000;
        exponent += 1;
    }
    let value = (bytes as f64 / unit as f64 * 10.0 + 0.5).floor() / 10.0;
    let decimals = usize::from(value < 10.0 && exponent > 0);
    let decimals = if exponent == 0 { 0 } else { decimals };
    format!("{value:.decimals$}{}", NAMES[exponent])
}

/// Prints a number as Go's `FormatFloat(x, 'f', -1, 64)`: as short as is exact, never with an exponent.
pub fn format_number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

/// Prints nanoseconds as Go's `time.Duration`: `1h0m0s`, `-5m0s`, `1.5s`.
pub(crate) fn format_duration(ns: i64) -> String {
    let text = longshore_model::format_go_duration(std::time::Duration::from_nanos(ns.unsigned_abs()));
    if ns < 0 { format!("-{text}") } else { text }
}

/// Prints nanoseconds as Prometheus' durations: `5m`, `1d12h`, `90d`; what is below a millisecond is dropped.
pub(crate) fn format_range(ns: i64) -> String {
    let mut ms = ns / 1_000_000;
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    let units = [
        ("y", 365 * 86_400_000, true),
        ("w", 7 * 86_400_000, true),
        ("d", 86_400_000, false),
        ("h", 3_600_000, false),
        ("m", 60_000, false),
        ("s", 1_000, false),
        ("ms", 1, false),
    ];
    for (unit, length, only_exact) in units {
        if ms >= length && (!only_exact || ms % length == 0) {
            text.push_str(&format!("{}{unit}", ms / length));
            ms %= length;
        }
    }
    text
}

/// Go's words for a text that is no duration.
pub(crate) fn duration_mistake(text: &str) -> String {
    let number = |c: char| c.is_ascii_digit() || c == '.';
    let mut rest = text.trim_start_matches(['+', '-']);
    while rest.starts_with(number) {
        rest = rest.trim_start_matches(number);
        let unit = &rest[..rest.find(number).unwrap_or(rest.len())];
        match unit {
            "" => return format!("time: missing unit in duration \"{text}\""),
            "ns" | "us" | "\u{b5}s" | "\u{3bc}s" | "ms" | "s" | "m" | "h" => rest = &rest[unit.len()..],
            _ => return format!("time: unknown unit \"{unit}\" in duration \"{text}\""),
        }
    }
    format!("time: invalid duration \"{text}\"")
}

/// Go's words for a text that is no size: the number that begins it is at fault, or else the unit.
pub(crate) fn size_mistake(text: &str) -> String {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if number.parse::<f64>().is_ok() {
        return format!("unhandled size name: {}", unit.trim().to_lowercase());
    }
    format!("strconv.ParseFloat: parsing \"{number}\": invalid syntax")
}
