//! From a collector's configuration text to settings.

use super::expand::expand;
use super::{CollectorSettings, adapt, service};
use crate::decode::{Report, Section};
use crate::yaml::{self, Kind, Node};
use crate::{ConfigErrors, Env, Loaded};

/// Reads a collector's configuration.
///
/// `file` is the name that findings show, `env` looks up the variables that the text names.
///
/// # Errors
/// All problems of the file at once.
pub fn load(text: &str, file: &str, env: &Env<'_>) -> Result<Loaded<CollectorSettings>, ConfigErrors> {
    let report = Report::new(file);
    let mut tree = match yaml::parse(text) {
        Ok(tree) => tree,
        Err(errors) => {
            for error in errors {
                report.error(error.line, "", error.message, error.fix);
            }
            return Err(report.fail());
        }
    };
    expand(&mut tree, env, &report);
    adapt::adapt(&mut tree, &report);
    let (settings, mut effective) = Section::read(&report, "", Some(&tree), |top| service::decode(top, env));
    escape_dollars(&mut effective);
    let effective_yaml = yaml::print(&effective);
    report.finish(settings, effective_yaml)
}

/// A `$` of the effective configuration must be read back as one.
fn escape_dollars(node: &mut Node) {
    match &mut node.kind {
        Kind::Scalar(scalar) => scalar.text = scalar.text.replace('$', "$$"),
        Kind::List(items) => items.iter_mut().for_each(escape_dollars),
        Kind::Map(pairs) => pairs.iter_mut().for_each(|pair| escape_dollars(&mut pair.value)),
    }
}
