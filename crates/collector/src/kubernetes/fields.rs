//! Rules that take labels and annotations over as attributes.

use std::collections::BTreeMap;

use longshore_config::otel::{FieldExtract, KubernetesObject};
use longshore_goregex::Regex;

use super::object::Kind;

/// One rule.
#[derive(Debug)]
pub(super) struct FieldRule {
    pub(super) from: Kind,
    key: Key,
    /// The attribute's name; `None` for one made of the key.
    name: Option<String>,
    /// What the name begins with when it is made of the key, as in `k8s.pod.labels.`.
    prefix: String,
}

#[derive(Debug)]
enum Key {
    Exact(String),
    /// Matches whole keys; its groups may stand in the name when it has some.
    Pattern {
        regex: Regex,
        has_groups: bool,
    },
}

impl FieldRule {
    /// Compiles a rule for `labels` or `annotations`; the error is text for people.
    pub(super) fn new(settings: &FieldExtract, what: &str) -> Result<Self, String> {
        let from = kind_of(settings.from);
        let key = match (&settings.key, &settings.key_regex) {
            (Some(key), _) => Key::Exact(key.clone()),
            (None, Some(pattern)) => Key::pattern(pattern)?,
            (None, None) => return Err("a rule needs key or key_regex".to_owned()),
        };
        // The plural is older than the naming convention and was kept for these three.
        let what = match from {
            Kind::Pod | Kind::Namespace | Kind::Node => what,
            _ => what.trim_end_matches('s'),
        };
        Ok(Self {
            from,
            key,
            name: settings.tag_name.clone(),
            prefix: format!("k8s.{}.{what}.", from.attribute_name()),
        })
    }

    /// Takes over every annotation `resource.opentelemetry.io/<attribute>` of a pod.
    pub(super) fn of_opentelemetry() -> Self {
        Self {
            from: Kind::Pod,
            key: Key::pattern(r"resource\.opentelemetry\.io/(.+)").expect("the pattern is one"),
            name: Some("$1".to_owned()),
            prefix: String::new(),
        }
    }

    /// Adds what the rule finds; a later rule's value replaces an earlier one's.
    pub(super) fn take(&self, found: &BTreeMap<String, String>, into: &mut BTreeMap<String, String>) {
        match &self.key {
            Key::Exact(key) => {
                if let Some(value) = found.get(key) {
                    let name = self.name.clone().unwrap_or_else(|| format!("{}{key}", self.prefix));
                    into.insert(name, value.clone());
                }
            }
            Key::Pattern { regex, has_groups } => {
                for (key, value) in found.iter().filter(|(_, value)| !value.is_empty()) {
                    if !regex.is_match(key.as_bytes()) {
                        continue;
                    }
                    let name = match self.name.as_deref().filter(|_| *has_groups) {
                        Some(template) => expand(template, regex, key),
                        None => format!("{}{key}", self.prefix),
                    };
                    into.insert(name, value.clone());
                }
            }
        }
    }
}

impl Key {
    fn pattern(pattern: &str) -> Result<Self, String> {
        let regex = Regex::anchored(pattern).map_err(|error| format!("key_regex '{pattern}': {error}"))?;
        let has_groups = regex.capture_names().count() > 1;
        Ok(Self::Pattern { regex, has_groups })
    }
}

fn kind_of(object: KubernetesObject) -> Kind {
    match object {
        KubernetesObject::Pod => Kind::Pod,
        KubernetesObject::Namespace => Kind::Namespace,
        KubernetesObject::Node => Kind::Node,
        KubernetesObject::Deployment => Kind::Deployment,
        KubernetesObject::StatefulSet => Kind::StatefulSet,
        KubernetesObject::DaemonSet => Kind::DaemonSet,
        KubernetesObject::Job => Kind::Job,
        KubernetesObject::ReplicaSet => Kind::ReplicaSet,
        KubernetesObject::CronJob => Kind::CronJob,
    }
}

/// Puts groups into a template: `$1`, `${1}`, `$name`, `${name}`, and `$$` for a dollar sign. As in Go a bare name is as
/// long as it can be, and what names no group is empty.
fn expand(template: &str, regex: &Regex, key: &str) -> String {
    let Some(captures) = regex.captures(key.as_bytes(), 0) else {
        return String::new();
    };
    let group = |name: &str| {
        let index = name.parse().ok().or_else(|| {
            let mut names = regex.capture_names();
            names.position(|group| group == Some(name))
        });
        let range = index.and_then(|index| captures.get(index));
        range.and_then(|range| key.get(range)).unwrap_or_default()
    };
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            text.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            text.push_str(group(name));
            rest = after;
        } else {
            let is_part = |character: char| character.is_alphanumeric() || character == '_';
            let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
            if end == 0 {
                text.push('$');
            } else {
                text.push_str(group(&rest[..end]));
            }
            rest = &rest[end..];
        }
    }
    text + rest
}

#[cfg(test)]
mod tests;
