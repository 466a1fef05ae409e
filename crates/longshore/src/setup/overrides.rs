//! `runtime_config.file`: limits of single tenants that change while the store runs.
//!
//! Invariant: a file that is broken or gone leaves the limits as they were; that is told once for each new reason, and
//! `/metrics` shows it for as long as it lasts.
//! Invariant: what is read in the middle of a change acts on nothing: half a file may lack the tenant whose lines are kept
//! for longest, and retention removes at once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use longshore_config::Finding;
use longshore_config::loki::{LimitsSettings, StoreSettings, load_overrides};
use longshore_model::TenantId;
use longshore_server::{Limits, TenantLimits};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::time::MissedTickBehavior;

use super::rules::{ConfiguredRules, TenantsRules};
use crate::limits::OVERRIDES_BYTES_MAX;

/// The files, and what they are laid over.
pub(crate) struct Overrides {
    files: Vec<String>,
    period: Duration,
    everybody: LimitsSettings,
    given: BTreeMap<TenantId, LimitsSettings>,
    /// What the store asks; changes with the limits.
    rules: Arc<ConfiguredRules>,
    /// What the files said when they were last read, or why they could not be read.
    last: Option<Texts>,
    /// What they said otherwise when they were read since; acts when they say it again.
    unsettled: Option<Texts>,
    metrics: OverridesMetrics,
}

/// What files say, or why they cannot be read.
type Texts = Result<Vec<String>, String>;

/// What is counted about the files.
#[derive(Debug, Clone, Default)]
pub(crate) struct OverridesMetrics {
    failures: Counter,
    is_good: Gauge,
}

/// What the files say.
struct Read {
    limits: BTreeMap<TenantId, Limits>,
    rules: TenantsRules,
    warnings: Vec<Finding>,
}

/// What has become of the files since they were last read.
enum Change {
    None,
    Good(Read),
    Broken(String),
}

impl Overrides {
    /// The files that a configuration names.
    pub(crate) fn new(settings: &StoreSettings, rules: Arc<ConfiguredRules>) -> Self {
        Self {
            files: settings.runtime_config.files.clone(),
            period: settings.runtime_config.period,
            everybody: settings.limits.clone(),
            given: settings.overrides.clone(),
            rules,
            last: None,
            unsettled: None,
            metrics: OverridesMetrics::default(),
        }
    }

    /// Reads the files for the first time; warnings are told.
    ///
    /// # Errors
    /// A file that is broken: nothing better is known yet, so the store must not start.
    pub(crate) fn read(&mut self) -> anyhow::Result<BTreeMap<TenantId, Limits>> {
        match self.change() {
            Change::Good(read) => {
                super::config_file::tell(&read.warnings);
                self.rules.replace(read.rules);
                Ok(read.limits)
            }
            Change::None => Ok(BTreeMap::new()),
            Change::Broken(why) => Err(anyhow::anyhow!(
                "the file of overrides is broken, nothing was started\n{why}"
            )),
        }
    }

    /// Shows on `/metrics` how reading goes, when there is something to read.
    pub(crate) fn register_metrics(&self, registry: &mut Registry) {
        if self.files.is_empty() {
            return;
        }
        registry.register(
            "longshore_store_overrides_reload_failures",
            "Changed files of runtime_config.file that were broken; the limits stayed as they were",
            self.metrics.failures.clone(),
        );
        registry.register(
            "longshore_store_overrides_good",
            "1 when the files of runtime_config.file act as they are, 0 while one is broken or gone",
            self.metrics.is_good.clone(),
        );
    }

    /// Reads the files again and again; what changes acts at once.
    pub(crate) async fn follow(mut self, limits: Arc<TenantLimits>) {
        if self.files.is_empty() {
            return;
        }
        let mut period = tokio::time::interval(self.period);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            period.tick().await;
            let reading = tokio::task::spawn_blocking(move || {
                let change = self.change();
                (self, change)
            });
            let Ok((back, change)) = reading.await else {
                tracing::error!("reading the file of overrides ended by a mistake of its own; its changes act no more");
                return;
            };
            self = back;
            match change {
                Change::None => {}
                Change::Good(read) => {
                    for warning in &read.warnings {
                        tracing::warn!(%warning, "overrides");
                    }
                    tracing::info!(tenants = read.limits.len(), "the limits of tenants have changed");
                    limits.replace_overrides(read.limits);
                    self.rules.replace(read.rules);
                }
                Change::Broken(why) => {
                    tracing::error!(error = %why, "the file of overrides is broken, the limits stay as they were");
                }
            }
        }
    }

    /// Reads the files. A change counts when two readings in a row agree on it; the first reading of all counts at once.
    fn change(&mut self) -> Change {
        let texts: Texts = self.files.iter().map(|file| read(file)).collect();
        let before = self.unsettled.take();
        if self.last.as_ref() == Some(&texts) {
            return Change::None;
        }
        if self.last.is_some() && before.as_ref() != Some(&texts) {
            self.unsettled = Some(texts);
            return Change::None;
        }
        let parsed = texts
            .as_ref()
            .map_err(String::clone)
            .and_then(|texts| self.parse(texts));
        self.last = Some(texts);
        match parsed {
            Ok(read) => {
                self.metrics.is_good.set(1);
                Change::Good(read)
            }
            Err(why) => {
                self.metrics.is_good.set(0);
                self.metrics.failures.inc();
                Change::Broken(why)
            }
        }
    }

    fn parse(&self, texts: &[String]) -> Result<Read, String> {
        let mut overrides = self.given.clone();
        let mut warnings = Vec::new();
        for (file, text) in self.files.iter().zip(texts) {
            let env = |variable: &str| std::env::var(variable).ok();
            let loaded =
                load_overrides(text, file, &env, &self.everybody, overrides).map_err(|errors| errors.to_string())?;
            overrides = loaded.settings;
            warnings.extend(loaded.warnings);
        }
        Ok(Read {
            limits: longshore_server::overrides(&overrides),
            rules: self.rules.of_overrides(&overrides)?,
            warnings,
        })
    }
}

fn read(file: &str) -> Result<String, String> {
    let mut text = String::new();
    let read = File::open(file).and_then(|opened| opened.take(OVERRIDES_BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|error| format!("{file}: cannot be read: {error}"))?;
    if text.len() as u64 > OVERRIDES_BYTES_MAX {
        return Err(format!("{file}: is larger than {OVERRIDES_BYTES_MAX} bytes"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
