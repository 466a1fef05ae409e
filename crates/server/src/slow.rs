//! Queries that take long are told in the log, with what was asked.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use tracing::info;

/// Characters of a parameter that are told.
const VALUE_CHARACTERS_MAX: usize = 1_000;

/// Characters of its name.
const NAME_CHARACTERS_MAX: usize = 50;

/// Parameters that are told.
const PARAMETERS_MAX: usize = 20;

/// What a request asks for, once its parameters are read; stands in the request's extensions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<OnceLock<String>>);

impl Asked {
    /// Puts a place for the parameters into a request.
    pub(crate) fn about(request: &mut Request) -> Self {
        let asked = Self::default();
        request.extensions_mut().insert(asked.clone());
        asked
    }

    /// Takes down the parameters.
    pub(crate) fn told(&self, pairs: &[(String, String)]) {
        let shown: Vec<String> = pairs
            .iter()
            .take(PARAMETERS_MAX)
            .map(|(name, value)| {
                let name: String = name.chars().take(NAME_CHARACTERS_MAX).collect();
                let cut: String = value.chars().take(VALUE_CHARACTERS_MAX).collect();
                let dots = if cut.len() < value.len() { "..." } else { "" };
                format!("{}={cut:?}{dots}", name.escape_debug())
            })
            .collect();
        // A request has its parameters read once.
        drop(self.0.set(shown.join(" ")));
    }

    /// Tells of a request that has read its parameters.
    pub(crate) fn tell(&self, path: &str, tenant: &str, status: StatusCode, took: Duration) {
        if let Some(parameters) = self.0.get() {
            let status = status.as_u16();
            info!(path, tenant, status, ?took, %parameters, "slow query");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut() {
        let asked = Asked::default();
        let long = "ä".repeat(VALUE_CHARACTERS_MAX + 1);
        let pairs = [("query", "{a=\"b\"}"), ("line\nfeed", ""), ("x", &long)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        asked.told(&pairs);
        let told = asked.0.get().unwrap();
        assert!(told.starts_with(r#"query="{a=\"b\"}" line\nfeed="" x="ä"#), "{told}");
        assert!(told.ends_with("ä\"..."), "{told}");
    }
}
