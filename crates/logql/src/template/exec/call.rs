//! Calls of functions: arguments counted, evaluated, and checked against the types of parameters.

use std::fmt::Display;

use super::{Outcome, Run};
use crate::template::builtins;
use crate::template::functions::{Function, Param};
use crate::template::node::{Argument, Number, Term};
use crate::template::value::Value;

impl<'a> Run<'a, '_> {
    pub(super) fn call(
        &mut self,
        function: &'static Function,
        (name, at, whole): (&'a Argument, usize, &'a dyn Display),
        arguments: &'a [Argument],
        last: Option<Value<'a>>,
        dot: &Value<'a>,
    ) -> Outcome<Value<'a>> {
        let given = arguments.len() + usize::from(last.is_some());
        let fixed = function.fixed.len();
        let wrong = |wanted: String, got: usize| {
            let text = format!("wrong number of args for {}: want {wanted} got {got}", function.name);
            Err(self.error(name.at, name, text))
        };
        match function.rest {
            Some(_) if given < fixed => return wrong(format!("at least {fixed}"), arguments.len()),
            None if given != fixed => return wrong(fixed.to_string(), given),
            _ => {}
        }
        if let Some(deciding) = builtins::short_circuit(function.name) {
            return self.short_circuit(deciding, arguments, last, dot);
        }
        let mut values = Vec::with_capacity(given);
        for (index, argument) in arguments.iter().enumerate() {
            let param = function.param(index);
            values.push(self.typed(argument, param, dot)?);
        }
        if let Some(value) = last {
            let param = function.param(given - 1);
            // Go blames what it looked at before.
            let value = match arguments.last() {
                Some(before) => self.checked(value, param, before.at, before)?,
                None => self.checked(value, param, at, whole)?,
            };
            values.push(value);
        }
        let outcome = (function.run)(&self.scope, &values).and_then(|made| self.counted(made));
        outcome.map_err(|message| self.error(at, whole, format!("error calling {}: {message}", function.name)))
    }

    /// `and` and `or` stop at the first argument that decides.
    fn short_circuit(
        &mut self,
        deciding: bool,
        arguments: &'a [Argument],
        last: Option<Value<'a>>,
        dot: &Value<'a>,
    ) -> Outcome<Value<'a>> {
        let mut value = Value::Nil;
        for argument in arguments {
            value = self.argument(argument, dot)?;
            if value.is_true(self.scope.environment) == deciding {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    /// An argument for a parameter of a type.
    pub(super) fn typed(&mut self, argument: &'a Argument, param: Param, dot: &Value<'a>) -> Outcome<Value<'a>> {
        let expected =
            |what: &str| Err(self.error(argument.at, argument, format!("expected {what}; found {argument}")));
        match (&argument.term, param) {
            (_, Param::Any)
            | (Term::Text { .. }, Param::Text)
            | (
                Term::Number {
                    value: Number::Whole(_),
                    ..
                },
                Param::Whole,
            ) => self.argument(argument, dot),
            (
                Term::Number {
                    value: Number::Float(_, Some(whole)),
                    ..
                },
                Param::Whole,
            ) => Ok(Value::Int(*whole)),
            (
                Term::Number {
                    value: Number::Whole(whole),
                    ..
                },
                Param::Float,
            ) => Ok(Value::Float(*whole as f64)),
            (
                Term::Number {
                    value: Number::Float(value, _),
                    ..
                },
                Param::Float,
            ) => Ok(Value::Float(*value)),
            (Term::Nil, _) => Err(self.error(argument.at, argument, format!("cannot assign nil to {}", param.name()))),
            (Term::Bool(_) | Term::Number { .. } | Term::Text { .. }, _) => match param {
                Param::Text => expected("string"),
                Param::Whole => expected("integer"),
                Param::Float => expected("float"),
                _ => {
                    let message = format!("can't handle {argument} for arg of type {}", param.name());
                    Err(self.error(argument.at, argument, message))
                }
            },
            _ => {
                let value = self.argument(argument, dot)?;
                self.checked(value, param, argument.at, argument)
            }
        }
    }

    fn checked(&self, value: Value<'a>, param: Param, at: usize, shown: &dyn Display) -> Outcome<Value<'a>> {
        let fits = match (param, &value) {
            (Param::Any, _)
            | (Param::Text, Value::Text(_))
            | (Param::Whole, Value::Int(_))
            | (Param::Float, Value::Float(_))
            | (Param::Time, Value::Time(_)) => true,
            (_, Value::Nil) => {
                return Err(self.error(at, shown, format!("invalid value; expected {}", param.name())));
            }
            _ => false,
        };
        if fits {
            return Ok(value);
        }
        let message = format!(
            "wrong type for value; expected {}; got {}",
            param.name(),
            value.type_name()
        );
        Err(self.error(at, shown, message))
    }
}
