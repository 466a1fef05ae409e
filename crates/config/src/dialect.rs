//! Which of the two dialects a text is in.

/// A form of configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The OpenTelemetry Collector's.
    Collector,
    /// Loki's.
    Store,
}

/// Sections that only a collector has; Loki has none of these names.
const COLLECTOR_SECTIONS: [&str; 6] = [
    "receivers",
    "processors",
    "exporters",
    "extensions",
    "connectors",
    "service",
];

impl Dialect {
    /// Tells the dialect by the keys at the top, also of a text that is no YAML; `None` when there are none.
    pub fn of(text: &str) -> Option<Self> {
        let mut keys = text
            .lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic() || first == '"'))
            .filter_map(|line| line.split_once(':'))
            .map(|(key, _)| key.trim().trim_matches('"'))
            .peekable();
        keys.peek()?;
        if keys.any(|key| COLLECTOR_SECTIONS.contains(&key)) {
            Some(Self::Collector)
        } else {
            Some(Self::Store)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_tell() {
        let check = |text: &str, expected: Option<Dialect>| assert_eq!(Dialect::of(text), expected, "{text}");
        check("# receivers:\nreceivers:\n  file_log:\n", Some(Dialect::Collector));
        check("x: 1\nexporters: {debug: }\n", Some(Dialect::Collector));
        check("receivers:\n\tbroken", Some(Dialect::Collector));
        check("server:\n  service: a\n", Some(Dialect::Store));
        check("retention_period: 168h\n", Some(Dialect::Store));
        check("", None);
        check("# nothing\n---\n", None);
    }
}
