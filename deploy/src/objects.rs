//! From settings to every object of the stack, in the order in which they are to be made.
//!
//! Invariants:
//! * The order is: accounts and rights, files, addresses and rules, pods, watchers.
//! * Labels that selectors are made of never depend on the version: they cannot be changed later.

mod collector;
mod grafana;
mod meta;
mod metrics;
mod network;
mod pod;
mod store;

#[cfg(test)]
mod tests;

use crate::object::Object;
use crate::settings::{Settings, StoreEngine};

/// Every object that these settings ask for; none when logging is off.
pub fn objects(settings: &Settings) -> Vec<Object> {
    if !settings.enabled {
        return Vec::new();
    }
    let has_store = settings.store.engine != StoreEngine::External;
    let mut objects = Vec::new();
    objects.extend(collector::rights(settings));
    objects.push(collector::config_map(settings));
    if has_store {
        objects.push(store::account(settings));
        objects.push(store::config_map(settings));
        objects.extend(network::store(settings));
    }
    objects.push(network::collector_service(settings));
    objects.extend(grafana::config_maps(settings));
    objects.extend(metrics::rules_file(settings));
    if has_store {
        objects.push(store::stateful_set(settings));
    }
    objects.push(collector::daemon_set(settings));
    objects.extend(metrics::operator(settings));
    for object in &mut objects {
        let labels = object.metadata_mut().labels.get_or_insert_default();
        labels.extend(settings.labels.clone());
    }
    objects
}
