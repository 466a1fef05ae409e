//! What Grafana's sidecars pick up: the data source and the dashboards.

use super::meta::{self, Part};
use crate::files::{self, DASHBOARDS};
use crate::object::Object;
use crate::settings::{Settings, StoreEngine};

/// One ConfigMap for the data source, where there is a store to query, and one for each dashboard.
pub(crate) fn config_maps(settings: &Settings) -> Vec<Object> {
    if !settings.grafana.enabled {
        return Vec::new();
    }
    let labelled = |name: &str, label: &(String, String)| {
        let mut metadata = meta::metadata(settings, Part::Store, name);
        metadata.labels.get_or_insert_default().extend([label.clone()]);
        metadata
    };
    let mut maps = Vec::new();
    // Where lines go outside, their owner has a data source: how it is asked cannot be told from where it is sent to.
    if settings.store.engine != StoreEngine::External {
        let metadata = labelled("longshore-grafana-datasource", &settings.grafana.data_source_label);
        let file = ("longshore.yaml".to_owned(), files::data_source(settings));
        maps.push(meta::config_map(metadata, [file]));
    }
    for (file, text) in DASHBOARDS {
        let name = format!(
            "longshore-grafana-{}",
            file.trim_start_matches("longshore-").trim_end_matches(".json")
        );
        let metadata = labelled(&name, &settings.grafana.dashboard_label);
        maps.push(meta::config_map(metadata, [(file.to_owned(), text.to_owned())]));
    }
    maps
}
