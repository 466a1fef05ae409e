//! From a store's configuration text to settings.

use std::collections::BTreeMap;

use longshore_model::TenantId;

use super::expand::expand;
use super::{LimitsSettings, StoreSettings, adapt, limits, store};
use crate::decode::{Report, Section};
use crate::yaml::{self, Node};
use crate::{ConfigErrors, Env, Loaded};

/// Reads a store's configuration.
///
/// `file` is the name that findings show, `env` looks up the variables that the text names.
///
/// # Errors
/// All problems of the file at once.
pub fn load(text: &str, file: &str, env: &Env<'_>) -> Result<Loaded<StoreSettings>, ConfigErrors> {
    let report = Report::new(file);
    let Some(mut tree) = parse(text, env, &report) else {
        return Err(report.fail());
    };
    adapt::adapt(&mut tree, &report);
    let (settings, effective) = Section::read(&report, "", Some(&tree), store::decode);
    // What looks like a variable must be read back as text.
    let effective_yaml = yaml::print(&effective).replace("${", "$${");
    report.finish(settings, effective_yaml)
}

/// The configuration that acts when a file says nothing.
pub fn defaults_yaml() -> String {
    load("", "", &|_| None)
        .map(|loaded| loaded.effective_yaml)
        .unwrap_or_default()
}

/// Reads a file of `overrides`, which `runtime_config.file` names.
///
/// An entry of a tenant changes what `overrides` has for it already, or else `base`; so files are read one after the
/// other, as Loki lays them over one another.
///
/// # Errors
/// All problems of the file at once.
pub fn load_overrides(
    text: &str,
    file: &str,
    env: &Env<'_>,
    base: &LimitsSettings,
    overrides: BTreeMap<TenantId, LimitsSettings>,
) -> Result<Loaded<BTreeMap<TenantId, LimitsSettings>>, ConfigErrors> {
    let report = Report::new(file);
    let Some(tree) = parse(text, env, &report) else {
        return Err(report.fail());
    };
    let (overrides, effective) = Section::read(&report, "", Some(&tree), |top| {
        top.without_effect(&["multi_kv_config", "configs"]);
        limits::decode_overrides(top, base, overrides)
    });
    report.finish(overrides, yaml::print(&effective))
}

/// The limits of a tenant as YAML, in the form of `limits_config`.
pub fn limits_yaml(limits: &LimitsSettings) -> String {
    let report = Report::new("");
    // Nothing is given, so every key shows its default, which is what these limits say.
    let (_, effective) = Section::read(&report, "", None, |section| limits::decode(section, limits));
    yaml::print(&effective)
}

fn parse(text: &str, env: &Env<'_>, report: &Report) -> Option<Node> {
    let expanded = expand(text, env, report);
    match yaml::parse(&expanded) {
        Ok(tree) => Some(tree),
        Err(errors) => {
            for error in errors {
                report.error(error.line, "", error.message, error.fix);
            }
            None
        }
    }
}
