//! Actions of the `attributes` and `resource` processors.

use longshore_config::otel::{ActionKind, ActionSettings, ActionSource};
use longshore_goregex::Regex;
use longshore_model::otel::{Attributes, Value, attribute};
use longshore_wire::otel_labels::value_text;

use super::put;

/// One compiled action.
#[derive(Debug)]
pub(crate) enum Action {
    Set {
        key: String,
        source: Source,
        when_missing: bool,
        when_there: bool,
    },
    Delete {
        key: String,
        pattern: Option<Regex>,
    },
    Extract {
        key: String,
        pattern: Regex,
    },
    Convert {
        key: String,
        to: Type,
    },
}

/// Where a value comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Value(Value),
    Attribute(String),
}

/// What a value is converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Double,
    String,
}

impl Action {
    /// Compiles an action; the error is text for people.
    pub(crate) fn new(settings: &ActionSettings) -> Result<Self, String> {
        let key = settings.key.clone();
        let pattern = settings
            .pattern
            .as_deref()
            .map(Regex::new)
            .transpose()
            .map_err(|error| error.to_string())?;
        match settings.action {
            ActionKind::Insert | ActionKind::Update | ActionKind::Upsert => {
                let source = match &settings.source {
                    Some(ActionSource::Value(value)) => Source::Value(value.clone()),
                    Some(ActionSource::FromAttribute(name)) => Source::Attribute(name.clone()),
                    _ => {
                        return Err(format!(
                            "action on '{key}': files have no request to take a value from; use value"
                        ));
                    }
                };
                let when_missing = settings.action != ActionKind::Update;
                let when_there = settings.action != ActionKind::Insert;
                Ok(Self::Set {
                    key,
                    source,
                    when_missing,
                    when_there,
                })
            }
            ActionKind::Delete => Ok(Self::Delete { key, pattern }),
            ActionKind::Extract => match pattern {
                Some(pattern) => Ok(Self::Extract { key, pattern }),
                None => Err(format!("action extract on '{key}' needs a pattern")),
            },
            ActionKind::Convert => {
                let to = match settings.converted_type.as_deref() {
                    Some("int") => Type::Int,
                    Some("double") => Type::Double,
                    Some("string") => Type::String,
                    other => {
                        return Err(format!(
                            "converted_type '{}' is none of int, double, string",
                            other.unwrap_or("")
                        ));
                    }
                };
                Ok(Self::Convert { key, to })
            }
            ActionKind::Hash => Err(format!(
                "action hash on '{key}' is not supported; delete the attribute instead"
            )),
        }
    }

    pub(crate) fn apply(&self, attributes: &mut Attributes) {
        match self {
            Self::Set {
                key,
                source,
                when_missing,
                when_there,
            } => {
                let is_there = attribute(attributes, key).is_some();
                let value = match source {
                    Source::Value(value) => Some(value.clone()),
                    Source::Attribute(name) => attribute(attributes, name).cloned(),
                };
                if let Some(value) = value
                    && (if is_there { *when_there } else { *when_missing })
                {
                    put(attributes, key, value);
                }
            }
            Self::Delete { key, pattern } => attributes.retain(|(name, _)| {
                let matches = pattern
                    .as_ref()
                    .is_some_and(|pattern| pattern.is_match(name.as_bytes()));
                !matches && **name != **key
            }),
            Self::Extract { key, pattern } => extract(key, pattern, attributes),
            Self::Convert { key, to } => {
                if let Some((_, value)) = attributes.iter_mut().find(|(name, _)| **name == **key)
                    && let Some(converted) = convert(value, *to)
                {
                    *value = converted;
                }
            }
        }
    }
}

fn extract(key: &str, pattern: &Regex, attributes: &mut Attributes) {
    let Some(text) = attribute(attributes, key).and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    let Some(captures) = pattern.captures(text.as_bytes(), 0) else {
        return;
    };
    for (index, name) in pattern.capture_names().enumerate() {
        if let (Some(name), Some(range)) = (name, captures.get(index)) {
            put(
                attributes,
                name,
                Value::String(String::from_utf8_lossy(&text.as_bytes()[range]).into_owned()),
            );
        }
    }
}

fn convert(value: &Value, to: Type) -> Option<Value> {
    let text = value_text(value);
    match (to, value) {
        (Type::String, _) => Some(Value::String(text.into_owned())),
        (Type::Int, Value::Double(number)) => Some(Value::Int(*number as i64)),
        (Type::Int, _) => text.parse().ok().map(Value::Int),
        (Type::Double, _) => text.parse().ok().map(Value::Double),
    }
}
