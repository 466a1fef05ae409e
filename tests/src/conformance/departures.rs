//! The list of cases in which we differ on purpose or for now, each with its reason.

use std::collections::BTreeMap;

use super::Report;

/// Begins the name of a case that differs over HTTP only.
const HTTP: &str = "http:";

/// Cases that are known to differ: `id: reason` a line; `#` begins a comment.
pub struct Departures(BTreeMap<String, String>);

impl Departures {
    /// The list of this repository.
    ///
    /// # Errors
    /// A line without a reason, in words.
    pub fn ours() -> Result<Self, String> {
        Self::read(include_str!("../../conformance/departures.txt"))
    }

    fn read(text: &str) -> Result<Self, String> {
        let mut reasons = BTreeMap::new();
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (id, reason) = line
                .split_once(": ")
                .ok_or_else(|| format!("a departure needs `id: reason`, not `{line}`"))?;
            reasons.insert(id.to_owned(), reason.to_owned());
        }
        Ok(Self(reasons))
    }

    /// Why a case differs.
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// Why a case differs over HTTP: for the same reason, or for one of its own.
    pub fn http_reason(&self, id: &str) -> Option<&str> {
        self.reason(&format!("{HTTP}{id}")).or_else(|| self.reason(id))
    }

    /// Cases that are listed but passed: the list must not grow stale.
    pub fn stale(&self, reports: &[Report]) -> Vec<String> {
        let outcomes = reports.iter().flat_map(|report| &report.outcomes);
        let passed = outcomes.filter(|outcome| outcome.difference.is_none());
        let here = passed.map(|outcome| outcome.id.clone());
        let over_http = reports.iter().flat_map(|report| report.http.iter().flatten());
        let passed = over_http.filter(|outcome| outcome.difference.is_none());
        let there = passed.map(|outcome| format!("{HTTP}{}", outcome.id));
        here.chain(there).filter(|id| self.0.contains_key(id)).collect()
    }
}
