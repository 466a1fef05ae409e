//! What Docker keeps beside a container's log: its name, its image, its compose project and service.
//!
//! ```text
//! .../containers/<id>/<id>-json.log      the log
//! .../containers/<id>/config.v2.json     what the container is
//! ```
//!
//! The daemon is not asked: its socket would give whoever reads logs the whole machine.
//!
//! Source: Docker Engine, `container.Config` as the daemon writes it; OpenTelemetry semantic conventions,
//! "container" and "service".

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use longshore_model::otel::{Attributes, Value};
use serde::Deserialize;

use crate::limits::DOCKER_FILE_BYTES_MAX;
use crate::processors::put;

/// Hexadecimal digits of a container's id.
const ID_DIGITS: usize = 64;

/// The label that names a container's compose project.
const COMPOSE_PROJECT: &str = "com.docker.compose.project";
/// The label that names a container's service within its project.
const COMPOSE_SERVICE: &str = "com.docker.compose.service";
/// Labels that become attributes. Not all: images bring dozens that say nothing about where a line is from.
const LABELS: [&str; 3] = [COMPOSE_PROJECT, COMPOSE_SERVICE, "com.docker.compose.container-number"];

/// The part of `config.v2.json` that is of interest.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Container {
    name: String,
    config: Config,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    image: String,
    labels: Option<BTreeMap<String, String>>,
}

/// Adds what Docker says about the container whose log lies at `target`; nothing when it is no log of Docker's. Without
/// a readable description the container is known by its id.
pub(crate) fn add_facts(resource: &mut Attributes, target: &Path) {
    let Some(id) = container_id(target) else { return };
    let described = match read(&target.with_file_name("config.v2.json")) {
        Ok(container) => container,
        Err(error) => {
            tracing::warn!(log = %target.display(), error,
                "cannot read config.v2.json beside this log; its container is known by its id only");
            Container::default()
        }
    };
    add(resource, id, &described);
}

fn container_id(target: &Path) -> Option<&str> {
    let id = target.file_name()?.to_str()?.strip_suffix("-json.log")?;
    let is_id = id.len() == ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id && target.parent()?.file_name()? == id).then_some(id)
}

fn read(path: &Path) -> Result<Container, String> {
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(DOCKER_FILE_BYTES_MAX).read_to_end(&mut text))
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| error.to_string())
}

fn add(resource: &mut Attributes, id: &str, container: &Container) {
    let mut set = |name: &str, value: &str| {
        if !value.is_empty() {
            put(resource, name, Value::String(value.to_owned()));
        }
    };
    let label = |name: &str| container.config.labels.as_ref().and_then(|labels| labels.get(name));
    let name = container.name.trim_start_matches('/');
    let (image, tag) = split_image(&container.config.image);
    set("container.id", id);
    set("container.name", name);
    set("container.runtime", "docker");
    set("container.image.name", image);
    set("container.image.tag", tag);
    for name in LABELS {
        set(
            &format!("container.label.{name}"),
            label(name).map_or("", String::as_str),
        );
    }
    set("service.namespace", label(COMPOSE_PROJECT).map_or("", String::as_str));
    // The name is the user's, the beginning of the id is what `docker ps` shows.
    let service = label(COMPOSE_SERVICE).map_or(name, String::as_str);
    set("service.name", if service.is_empty() { &id[..12] } else { service });
}

/// `registry:5000/team/app:1.2@sha256:...` is `registry:5000/team/app` and `1.2`.
fn split_image(image: &str) -> (&str, &str) {
    let named = image.split_once('@').map_or(image, |(named, _)| named);
    match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (named, ""),
    }
}

#[cfg(test)]
mod tests;
