//! What the store asks about tenants, from Loki's configuration. The rules of single tenants may change while it runs.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use longshore_config::loki::{self, LimitsSettings, StoreSettings};
use longshore_logql::{Selector, Span};
use longshore_model::TenantId;
use longshore_server::Policies;
use longshore_store::{DeletionMode, Retention, StreamRetention, TenantRules};

/// The rules of single tenants, and those of all others.
#[derive(Debug)]
pub(crate) struct ConfiguredRules {
    everybody: Rules,
    tenants: RwLock<TenantsRules>,
    /// Nothing goes because of its age.
    keep_all: bool,
}

/// The rules of single tenants.
pub(crate) type TenantsRules = BTreeMap<TenantId, Rules>;

/// The rules of one tenant.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    deletion_mode: DeletionMode,
    retention: Arc<Retention>,
}

impl ConfiguredRules {
    /// The rules that a configuration gives.
    ///
    /// # Errors
    /// A selector of a retention rule that cannot be read.
    pub(crate) fn new(settings: &StoreSettings) -> anyhow::Result<Self> {
        let keep_all = !settings.compactor.retention_enabled;
        let everybody = rules(&settings.limits, &[]).map_err(anyhow::Error::msg)?;
        let rules = Self {
            everybody,
            tenants: RwLock::default(),
            keep_all,
        };
        let tenants = rules.of_overrides(&settings.overrides).map_err(anyhow::Error::msg)?;
        rules.replace(tenants);
        Ok(rules)
    }

    /// Reads the rules of single tenants; nothing changes yet.
    ///
    /// # Errors
    /// As [`ConfiguredRules::new`].
    pub(crate) fn of_overrides(&self, overrides: &BTreeMap<TenantId, LimitsSettings>) -> Result<TenantsRules, String> {
        let everybody = &self.everybody.retention.streams;
        let of_tenant = |(tenant, limits): (&TenantId, &LimitsSettings)| {
            let rules = rules(limits, everybody).map_err(|error| format!("overrides.{tenant}: {error}"))?;
            Ok((tenant.clone(), rules))
        };
        overrides.iter().map(of_tenant).collect()
    }

    /// Takes these rules of single tenants instead of those before.
    pub(crate) fn replace(&self, tenants: TenantsRules) {
        *self.tenants.write().unwrap_or_else(PoisonError::into_inner) = tenants;
    }

    fn with<T>(&self, tenant: &TenantId, get: impl FnOnce(&Rules) -> T) -> T {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        get(tenants.get(tenant).unwrap_or(&self.everybody))
    }
}

impl TenantRules for ConfiguredRules {
    fn deletion_mode(&self, tenant: &TenantId) -> DeletionMode {
        self.with(tenant, |rules| rules.deletion_mode)
    }

    fn retention(&self, tenant: &TenantId) -> Arc<Retention> {
        if self.keep_all {
            return Arc::default();
        }
        self.with(tenant, |rules| Arc::clone(&rules.retention))
    }
}

/// A tenant's own rules come before those for `everybody`, and its own period after both, as in Loki.
fn rules(limits: &LimitsSettings, everybody: &[Vec<StreamRetention>]) -> Result<Rules, String> {
    let deletion_mode = match limits.deletion_mode {
        loki::DeletionMode::Disabled => DeletionMode::Disabled,
        loki::DeletionMode::FilterOnly => DeletionMode::FilterOnly,
        loki::DeletionMode::FilterAndDelete => DeletionMode::FilterAndDelete,
    };
    // The server makes them too, where nobody hears of a mistake.
    Policies::new(&limits.policies)?;
    let own: Vec<StreamRetention> = limits
        .retention_stream
        .iter()
        .map(stream_rule)
        .collect::<Result<_, _>>()?;
    let mut streams: Vec<Vec<StreamRetention>> = Vec::new();
    streams.extend(Some(own).filter(|rules| !rules.is_empty()));
    streams.extend_from_slice(everybody);
    let retention = Retention {
        period: limits.retention_period,
        streams,
    };
    Ok(Rules {
        deletion_mode,
        retention: Arc::new(retention),
    })
}

fn stream_rule(rule: &loki::StreamRetention) -> Result<StreamRetention, String> {
    let wrong = |why: String| {
        let (line, selector) = (rule.line, &rule.selector);
        format!("retention_stream: the selector {selector} in line {line} cannot be read: {why}")
    };
    let matchers = longshore_logql::parse_matchers(&rule.selector).map_err(|error| wrong(error.to_string()))?;
    if matchers.is_empty() {
        return Err(wrong(
            "it names every stream, which is what retention_period is for".to_owned(),
        ));
    }
    let span = Span::default();
    Ok(StreamRetention {
        selector: Arc::new(Selector { matchers, span }),
        priority: rule.priority,
        period: rule.period,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> StoreSettings {
        let text = format!("auth_enabled: true\ncompactor: {{retention_enabled: true}}\n{text}");
        loki::load(&text, "case.yaml", &|_| None).expect("good").settings
    }

    fn period_days(rules: &ConfiguredRules, tenant: &str) -> Option<u64> {
        let retention = rules.retention(&TenantId::new(tenant).expect("an id"));
        retention.period.map(|period| period.as_secs() / 86_400)
    }

    #[test]
    fn tenants_have_their_own_periods_and_rules() {
        let settings = load(
            r#"
limits_config:
  retention_period: 7d
  retention_stream: [{selector: '{app="a"}', period: 24h, priority: 1}]
overrides:
  long: {retention_period: 30d}
  ever: {retention_period: 0s, deletion_mode: disabled}
  own: {retention_stream: [{selector: '{app=~"b.*"}', period: 48h}]}
"#,
        );
        let rules = ConfiguredRules::new(&settings).expect("good");
        let days = |tenant| period_days(&rules, tenant);
        assert_eq!(
            (days("other"), days("long"), days("ever"), days("own")),
            (Some(7), Some(30), None, Some(7))
        );
        let own = rules.retention(&TenantId::new("own").expect("an id"));
        let lists: Vec<usize> = own.streams.iter().map(Vec::len).collect();
        assert_eq!(lists, [1, 1]);
        let ever = TenantId::new("ever").expect("an id");
        assert_eq!(rules.deletion_mode(&ever), DeletionMode::Disabled);
        rules.replace(BTreeMap::new());
        assert_eq!(
            (period_days(&rules, "ever"), rules.deletion_mode(&ever)),
            (Some(7), DeletionMode::FilterAndDelete)
        );
    }

    #[test]
    fn without_retention_everything_is_kept() {
        let mut settings = load("limits_config: {retention_period: 7d}\noverrides: {t: {retention_period: 1d}}\n");
        settings.compactor.retention_enabled = false;
        let rules = ConfiguredRules::new(&settings).expect("good");
        assert_eq!((period_days(&rules, "t"), period_days(&rules, "other")), (None, None));
    }

    #[test]
    fn a_selector_that_cannot_be_read_is_named() {
        let text = "limits_config:\n  retention_stream:\n    - {selector: '{app=}', period: 24h}\n";
        let error = ConfiguredRules::new(&load(text)).expect_err("bad").to_string();
        assert!(error.contains("{app=} in line 5"), "{error}");
        let text = "limits_config:\n  policy_stream_mapping:\n    gold: [{selector: '{app=}'}]\n";
        let error = ConfiguredRules::new(&load(text)).expect_err("bad").to_string();
        assert!(
            error.contains("policy_stream_mapping.gold: the selector {app=} in line 5"),
            "{error}"
        );
    }
}
