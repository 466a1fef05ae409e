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

/// Reads a file of `overrides`, which `runtime_config.file` names: limits of single tenants, each whole, with what is
/// left out taken from `base`.
///
/// # Errors
/// All problems of the file at once.
pub fn load_overrides(
    text: &str,
    file: &str,
    env: &Env<'_>,
    base: &LimitsSettings,
) -> Result<Loaded<BTreeMap<TenantId, LimitsSettings>>, ConfigErrors> {
    let report = Report::new(file);
    let Some(tree) = parse(text, env, &report) else {
        return Err(report.fail());
    };
    let (overrides, effective) = Section::read(&report, "", Some(&tree), |top| {
        top.without_effect(&["multi_kv_config", "configs"]);
        limits::decode_overrides(top, base)
    });
    report.finish(overrides, yaml::print(&effective))
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
