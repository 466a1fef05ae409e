//! Operators of the `file_log` receiver, compiled from settings, applied to one record at a time.

mod expression;

use std::sync::Arc;

use longshore_config::otel::{Field, FieldRoot, OnError, OperatorKind, OperatorSettings, OperatorValue};
use longshore_model::otel::{Attributes, LogRecord, Resource, Value};

use crate::processors::put;
pub(crate) use expression::{Context, Expression};

/// One compiled operator.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) id: String,
    condition: Option<Expression>,
    on_error: OnError,
    act: Act,
}

#[derive(Debug)]
enum Act {
    Filter { expression: Expression, drop_ratio: f64 },
    Set { field: Field, value: Setting },
    Copy { from: Field, to: Field },
    Move { from: Field, to: Field },
    Remove(Field),
}

#[derive(Debug)]
enum Setting {
    Literal(Value),
    Expression(Expression),
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes on.
    Keep,
    /// A filter dropped it.
    Filtered,
    /// An operator failed on it, and the settings say that it is dropped then.
    Failed,
}

impl Operator {
    /// Compiles every operator but `container`, which the tailer itself is. The error is text for people.
    pub(crate) fn compile_all(settings: &[OperatorSettings]) -> Result<Vec<Self>, String> {
        let others = settings
            .iter()
            .filter(|operator| !matches!(operator.kind, OperatorKind::Container(_)));
        others.map(Self::compile).collect()
    }

    fn compile(settings: &OperatorSettings) -> Result<Self, String> {
        let at = |line: usize, error: String| format!("operator '{}' (line {line}): {error}", settings.id);
        let expression = |text: &str, line: usize| Expression::parse(text).map_err(|error| at(line, error));
        let act = match &settings.kind {
            OperatorKind::Container(_) => return Err(at(settings.line, "is part of the receiver".to_owned())),
            OperatorKind::Filter(filter) => Act::Filter {
                expression: expression(&filter.expr, filter.expr_line)?,
                drop_ratio: filter.drop_ratio,
            },
            OperatorKind::Add(add) => Act::Set {
                field: add.field.clone(),
                value: match &add.value {
                    OperatorValue::Literal(value) => Setting::Literal(value.clone()),
                    OperatorValue::Expression(text) => Setting::Expression(expression(text, settings.line)?),
                },
            },
            OperatorKind::Copy(copy) => Act::Copy {
                from: copy.from.clone(),
                to: copy.to.clone(),
            },
            OperatorKind::Move(moved) => Act::Move {
                from: moved.from.clone(),
                to: moved.to.clone(),
            },
            OperatorKind::Remove(field) => Act::Remove(field.clone()),
        };
        let condition = settings
            .condition
            .as_deref()
            .map(|text| expression(text, settings.line))
            .transpose()?;
        Ok(Self {
            id: settings.id.clone(),
            condition,
            on_error: settings.on_error,
            act,
        })
    }

    /// Whether it drops only a share of what it matches.
    pub(crate) fn drops_share(&self) -> bool {
        matches!(&self.act, Act::Filter { drop_ratio, .. } if *drop_ratio < 1.0)
    }

    /// Acts on a record. `chance` is a number from 0 to 1 for filters that drop a share.
    pub(crate) fn apply(&self, record: &mut LogRecord, resource: &mut Arc<Resource>, chance: f64) -> Verdict {
        match self.try_apply(record, resource, chance) {
            Ok(verdict) => verdict,
            Err(error) => {
                if matches!(self.on_error, OnError::Send | OnError::Drop) {
                    tracing::debug!(operator = self.id, error, "operator failed on a record");
                }
                match self.on_error {
                    OnError::Send | OnError::SendQuiet => Verdict::Keep,
                    OnError::Drop | OnError::DropQuiet => Verdict::Failed,
                }
            }
        }
    }

    fn try_apply(&self, record: &mut LogRecord, resource: &mut Arc<Resource>, chance: f64) -> Result<Verdict, String> {
        let context = Context { record, resource };
        if let Some(condition) = &self.condition
            && !condition.is_true(&context)?
        {
            return Ok(Verdict::Keep);
        }
        match &self.act {
            Act::Filter { expression, drop_ratio } => {
                let is_dropped = expression.is_true(&context)? && chance < *drop_ratio;
                return Ok(if is_dropped { Verdict::Filtered } else { Verdict::Keep });
            }
            Act::Set { field, value } => {
                let value = match value {
                    Setting::Literal(value) => value.clone(),
                    Setting::Expression(expression) => expression.value(&context)?,
                };
                set(field, value, record, resource)?;
            }
            Act::Copy { from, to } => {
                let value = take(from, record, resource, false).ok_or("the field to copy from is not there")?;
                set(to, value, record, resource)?;
            }
            Act::Move { from, to } => {
                let value = take(from, record, resource, true).ok_or("the field to move is not there")?;
                set(to, value, record, resource)?;
            }
            Act::Remove(field) => {
                take(field, record, resource, true).ok_or("the field to remove is not there")?;
            }
        }
        Ok(Verdict::Keep)
    }
}

/// Sets a field, making the maps on the way to it.
fn set(field: &Field, value: Value, record: &mut LogRecord, resource: &mut Arc<Resource>) -> Result<(), String> {
    let Some((first, rest)) = field.keys.split_first() else {
        return match (field.root, value) {
            (FieldRoot::Body, value) => {
                record.body = value;
                Ok(())
            }
            (FieldRoot::Attributes, Value::Map(map)) => {
                record.attributes = map;
                Ok(())
            }
            (FieldRoot::Resource, Value::Map(attributes)) => {
                *resource = Arc::new(Resource { attributes });
                Ok(())
            }
            _ => Err("attributes and resource can only be replaced by a map".to_owned()),
        };
    };
    let map = match field.root {
        FieldRoot::Attributes => &mut record.attributes,
        FieldRoot::Resource => &mut Arc::make_mut(resource).attributes,
        FieldRoot::Body => {
            if !matches!(record.body, Value::Map(_)) {
                return Err("the body is no map".to_owned());
            }
            match &mut record.body {
                Value::Map(map) => map,
                _ => return Err("the body is no map".to_owned()),
            }
        }
    };
    set_in(map, first, rest, value);
    Ok(())
}

fn set_in(map: &mut Attributes, first: &str, rest: &[String], value: Value) {
    let Some((second, rest)) = rest.split_first() else {
        put(map, first, value);
        return;
    };
    let mut inner = match map
        .iter_mut()
        .find(|(name, _)| &**name == first)
        .map(|(_, value)| std::mem::take(value))
    {
        Some(Value::Map(inner)) => inner,
        _ => Attributes::new(),
    };
    set_in(&mut inner, second, rest, value);
    put(map, first, Value::Map(inner));
}

/// The value of a field; with `removes` it is gone afterwards.
fn take(field: &Field, record: &mut LogRecord, resource: &mut Arc<Resource>, removes: bool) -> Option<Value> {
    let Some((first, rest)) = field.keys.split_first() else {
        let taken = match field.root {
            FieldRoot::Body => record.body.clone(),
            FieldRoot::Attributes => Value::Map(record.attributes.clone()),
            FieldRoot::Resource => Value::Map(resource.attributes.clone()),
        };
        if removes {
            match field.root {
                FieldRoot::Body => record.body = Value::Empty,
                FieldRoot::Attributes => record.attributes.clear(),
                FieldRoot::Resource => *resource = Arc::default(),
            }
        }
        return Some(taken);
    };
    let map = match field.root {
        FieldRoot::Attributes => &mut record.attributes,
        FieldRoot::Resource if removes => &mut Arc::make_mut(resource).attributes,
        FieldRoot::Resource => return get_in(&resource.attributes, first, rest).cloned(),
        FieldRoot::Body => match &mut record.body {
            Value::Map(map) => map,
            _ => return None,
        },
    };
    if removes {
        remove_in(map, first, rest)
    } else {
        get_in(map, first, rest).cloned()
    }
}

fn get_in<'a>(map: &'a Attributes, first: &str, rest: &[String]) -> Option<&'a Value> {
    let value = map.iter().find(|(name, _)| &**name == first).map(|(_, value)| value)?;
    match (rest.split_first(), value) {
        (None, value) => Some(value),
        (Some((second, rest)), Value::Map(inner)) => get_in(inner, second, rest),
        _ => None,
    }
}

fn remove_in(map: &mut Attributes, first: &str, rest: &[String]) -> Option<Value> {
    let index = map.iter().position(|(name, _)| &**name == first)?;
    match (rest.split_first(), &mut map[index].1) {
        (None, _) => Some(map.remove(index).1),
        (Some((second, rest)), Value::Map(inner)) => remove_in(inner, second, rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
