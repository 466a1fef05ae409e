//! What a resource is made from: JSON, and outputs of other resources at some places in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::output::Output;
use crate::property;
use crate::urn::Urn;

#[cfg(test)]
mod tests;

/// What a resource is made from.
///
/// ```
/// # use longshore_pulumi::{Inputs, Output};
/// let inputs = Inputs::new(serde_json::json!({ "kind": "Secret", "data": { "user": "bG9raQ==" } }))?
///     .with(&["data", "password"], Output::<String>::secret("c2VjcmV0"));
/// # Ok::<(), longshore_pulumi::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    object: Map<String, Value>,
    parts: Vec<(Vec<String>, Output<Value>)>,
}

/// Inputs whose outputs are all there: unknown ones and secrets are marked as [`property`] describes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResolvedInputs {
    /// The inputs.
    pub object: Map<String, Value>,
    /// For every top-level key the resources its value came from; empty sets too.
    pub dependencies: BTreeMap<String, BTreeSet<Urn>>,
}

impl Inputs {
    /// No inputs.
    pub fn none() -> Self {
        Self::default()
    }

    /// Takes anything that is an object in JSON: `serde_json::Value`, or a typed Kubernetes object.
    ///
    /// # Errors
    /// When it is no object.
    pub fn new(object: impl Serialize) -> Result<Self, Error> {
        match serde_json::to_value(object)? {
            Value::Object(object) => Ok(Self {
                object,
                parts: Vec::new(),
            }),
            other => Err(Error::Inputs {
                reason: format!("{} instead of an object", kind(&other)),
            }),
        }
    }

    /// Puts an output at a place, instead of what is there. Objects on the way that are missing are made; that the way
    /// leads through something else is an error of the registration.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "outputs are handles, mostly made on the spot"
    )]
    pub fn with<T>(mut self, path: &[&str], value: Output<T>) -> Self
    where
        T: Serialize + Clone + Send + Sync + 'static,
    {
        let path = path.iter().map(ToString::to_string).collect();
        self.parts
            .push((path, value.try_map(|value| Ok(serde_json::to_value(value)?))));
        self
    }

    /// Waits for the outputs.
    ///
    /// # Errors
    /// When a resource that one of them comes from failed, or a path leads nowhere.
    pub async fn resolve(self) -> Result<ResolvedInputs, Error> {
        let Self { mut object, parts } = self;
        let mut dependencies = BTreeMap::<String, BTreeSet<Urn>>::new();
        for (path, output) in parts {
            let resolved = output.resolve().await?;
            let value = resolved.value.unwrap_or_else(property::unknown);
            let value = if resolved.secret {
                property::secret(value)
            } else {
                value
            };
            put(&mut object, &path, value)?;
            if let Some(key) = path.first() {
                dependencies
                    .entry(key.clone())
                    .or_default()
                    .extend(resolved.dependencies);
            }
        }
        for key in object.keys() {
            dependencies.entry(key.clone()).or_default();
        }
        Ok(ResolvedInputs { object, dependencies })
    }
}

fn put(object: &mut Map<String, Value>, path: &[String], value: Value) -> Result<(), Error> {
    let nowhere = |why: &str| Error::Inputs {
        reason: format!("{}: {why}", path.join(".")),
    };
    let (last, way) = path.split_last().ok_or_else(|| nowhere("an output needs a place"))?;
    let mut place = object;
    for key in way {
        let next = place.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
        place = next
            .as_object_mut()
            .ok_or_else(|| nowhere(&format!("{key} is no object")))?;
    }
    place.insert(last.clone(), value);
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
