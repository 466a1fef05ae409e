//! `runtime.options` of Pulumi.yaml: how the program is found or built, and what it needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::property;
use crate::proto::{PackageDependency, ProgramInfo};

#[cfg(test)]
mod tests;

/// Why the options are not usable.
#[derive(Debug, thiserror::Error)]
#[error("runtime.options of Pulumi.yaml are not usable")]
pub(super) struct OptionsError(#[source] serde_json::Error);

/// How the program is found or built, and what it needs.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// A program that is built already, relative to the project: nothing is built then.
    pub binary: Option<PathBuf>,
    /// Which binary of the cargo package, where it has several.
    pub bin: Option<String>,
    /// Whether cargo builds for release.
    #[serde(default)]
    pub release: bool,
    /// Providers the program needs: package to version. Pulumi fetches those it does not have.
    #[serde(default)]
    pub packages: BTreeMap<String, String>,
}

/// The program as the engine describes it.
#[derive(Debug, PartialEq)]
pub(super) struct Program {
    /// Where it is.
    pub folder: PathBuf,
    /// Folder of Pulumi.yaml.
    pub root: PathBuf,
    /// What Pulumi.yaml says of it.
    pub options: Options,
}

impl Program {
    /// Reads the engine's description; a missing one is the working directory without options.
    pub(super) fn read(info: Option<ProgramInfo>) -> Result<Self, OptionsError> {
        let info = info.unwrap_or_default();
        let options = Value::Object(property::from_wire(info.options.unwrap_or_default()));
        Ok(Self {
            folder: Path::new(".").join(info.program_directory),
            root: Path::new(".").join(info.root_directory),
            options: serde_json::from_value(options).map_err(OptionsError)?,
        })
    }

    /// What the engine is to have at hand.
    pub(super) fn packages(&self) -> Vec<PackageDependency> {
        let packages = self.options.packages.iter();
        packages
            .map(|(name, version)| PackageDependency {
                name: name.clone(),
                kind: "resource".to_owned(),
                version: version.clone(),
            })
            .collect()
    }
}
