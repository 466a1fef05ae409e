//! Everything as one YAML stream for `kubectl apply -f -`.

use std::fmt::Write as _;

use crate::objects::objects;
use crate::settings::{Settings, StoreEngine};
use crate::yaml;

/// The name of the store's claim: of the template, of the StatefulSet, and the number of the pod.
pub(crate) const CLAIM: &str = "data-longshore-store-0";

/// All objects, in the order they are to be made. Only comments when logging is off.
///
/// The same settings give the same text, byte for byte.
pub fn render(settings: &Settings) -> String {
    let mut text = String::new();
    let namespace = &settings.namespace;
    if !settings.enabled {
        let _ = writeln!(
            text,
            "# Logging is off (ENABLE_LOGGING=false): there is nothing to deploy."
        );
        let _ = writeln!(
            text,
            "# To remove what is there, give `kubectl delete -f -` what ENABLE_LOGGING=true renders."
        );
        let _ = writeln!(
            text,
            "# The log volume stays. To remove it too: kubectl delete pvc {CLAIM} -n {namespace}"
        );
        return text;
    }
    let _ = writeln!(
        text,
        "# Longshore {}, environment {}, namespace {namespace}.",
        env!("CARGO_PKG_VERSION"),
        settings.environment
    );
    let _ = writeln!(
        text,
        "# The namespace must be there; it is not among the objects, so that removing them keeps it."
    );
    if settings.store.engine != StoreEngine::External {
        let _ = if settings.delete_data {
            writeln!(
                text,
                "# The log volume {CLAIM} goes with the StatefulSet: deleteData is true."
            )
        } else {
            writeln!(text, "# The log volume {CLAIM} stays when these objects are removed.")
        };
    }
    for object in objects(settings) {
        text.push_str("---\n");
        text.push_str(&yaml::document(&object.to_value()));
    }
    text
}

#[cfg(test)]
mod tests;
