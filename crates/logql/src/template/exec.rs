//! Running a template.
//!
//! Invariants: every action, choice, call and round of a loop counts against [`TEMPLATE_STEPS_MAX`], the output against
//! [`TEMPLATE_BYTES_MAX`], all of these and values against what the templates of the line may work with
//! ([`crate::limits::TEMPLATE_WORK_BYTES_MAX`]); recursion against [`TEMPLATE_DEPTH_MAX`].

mod call;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Display;
use std::rc::Rc;

use longshore_goregex::limits::AUTOMATON_BYTES_MAX;
use longshore_goregex::{Regex, Size};

use super::node::{Argument, Branch, Command, Node, Number, Pipe, Term};
use super::value::{Text, VALUE_BYTES, Value, labels};
use super::work::TOO_MUCH;
use super::{Environment, Template, time};
use crate::limits::{AUTOMATA_SMALL_CACHE_BYTES, TEMPLATE_BYTES_MAX, TEMPLATE_DEPTH_MAX, TEMPLATE_STEPS_MAX};

type Outcome<T> = Result<T, String>;

/// What functions may look at.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) environment: &'a Environment<'a>,
    regexes: &'a HashMap<String, Regex>,
}

impl Scope<'_> {
    /// Compiles an expression that was made while the template runs, within what is left to work with.
    fn compiled(&self, expression: &str) -> Outcome<Regex> {
        let size = Size {
            automaton_bytes_max: self.environment.bytes_left().min(AUTOMATON_BYTES_MAX),
            cache_bytes_max: AUTOMATA_SMALL_CACHE_BYTES,
        };
        let regex = Regex::sized(expression, size).map_err(|error| error.to_string())?;
        self.environment.charge(regex.memory_bytes())?;
        Ok(regex)
    }

    /// A regular expression, compiled now unless it stands in the template as a constant.
    pub(super) fn regex(&self, expression: &str) -> Outcome<Cow<'_, Regex>> {
        match self.regexes.get(expression) {
            Some(regex) => Ok(Cow::Borrowed(regex)),
            None => self.compiled(expression).map(Cow::Owned),
        }
    }
}

/// What comes after a node.
#[derive(PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

struct Run<'a, 'o> {
    template: &'a Template,
    scope: Scope<'a>,
    /// Name of the template that runs.
    name: &'a str,
    out: &'o mut String,
    variables: Vec<(&'a str, Value<'a>)>,
    steps: usize,
    /// Blocks, parentheses and calls that are open.
    depth: usize,
}

/// Runs a template and appends what it writes.
pub(super) fn run(template: &Template, environment: &Environment<'_>, out: &mut String) -> Outcome<()> {
    let mut run = Run {
        template,
        scope: Scope {
            environment,
            regexes: &template.regexes,
        },
        name: template.name,
        out,
        variables: vec![("$", Value::Labels)],
        steps: 0,
        depth: 0,
    };
    run.nodes(&template.main, &Value::Labels)?;
    environment.charge(run.out.len())
}

impl<'a> Run<'a, '_> {
    /// A mistake at a place.
    fn error(&self, at: usize, shown: &dyn Display, message: impl Display) -> String {
        let before = &self.template.source[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1);
        let name = self.template.name;
        format!(
            "template: {name}:{line}:{column}: executing \"{}\" at <{shown}>: {message}",
            self.name
        )
    }

    fn step(&mut self, at: usize, shown: &dyn Display) -> Outcome<()> {
        self.steps += 1;
        if self.steps > TEMPLATE_STEPS_MAX || self.out.len() > TEMPLATE_BYTES_MAX {
            return Err(self.error(at, shown, TOO_MUCH));
        }
        self.charge(VALUE_BYTES, at, shown)
    }

    fn charge(&self, bytes: usize, at: usize, shown: &dyn Display) -> Outcome<()> {
        let charged = self.scope.environment.charge(bytes);
        charged.map_err(|message| self.error(at, shown, message))
    }

    fn deepen(&mut self, at: usize, shown: &dyn Display) -> Outcome<()> {
        if self.depth >= TEMPLATE_DEPTH_MAX {
            let message = format!("exceeded maximum template depth ({TEMPLATE_DEPTH_MAX})");
            return Err(self.error(at, shown, message));
        }
        self.depth += 1;
        Ok(())
    }

    fn nodes(&mut self, nodes: &'a [Node], dot: &Value<'a>) -> Outcome<Flow> {
        for node in nodes {
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Action(pipe) => self.action(pipe, dot)?,
                Node::If(branch) | Node::With(branch) => {
                    let flow = self.choose(branch, dot, matches!(node, Node::With(_)))?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::Range(branch) => {
                    let flow = self.range(branch, dot)?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::Template { name, at, pipe } => self.call_template(name, *at, pipe.as_ref(), dot)?,
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Next)
    }

    fn action(&mut self, pipe: &'a Pipe, dot: &Value<'a>) -> Outcome<()> {
        self.step(pipe.at, pipe)?;
        // Nearly every template is `{{.label}}`s: those need no value.
        if let ([command], [], Value::Labels) = (pipe.commands.as_slice(), pipe.variables.as_slice(), dot)
            && let [
                Argument {
                    term: Term::Field(path),
                    ..
                },
            ] = command.arguments.as_slice()
            && let [name] = path.as_slice()
        {
            self.out.push_str(self.scope.environment.fields.get(name).unwrap_or(""));
            return Ok(());
        }
        let value = self.pipe(pipe, dot)?;
        if !pipe.variables.is_empty() {
            return Ok(());
        }
        let text = match value {
            Value::Nil => "<no value>".into(),
            value => match self.scope.environment.text_of(&value) {
                Ok(text) => text,
                Err(_) => return Err(self.error(pipe.at, pipe, TOO_MUCH)),
            },
        };
        self.out.push_str(&text);
        Ok(())
    }

    fn choose(&mut self, branch: &'a Branch, dot: &Value<'a>, with: bool) -> Outcome<Flow> {
        let (at, scope) = (branch.pipe.at, self.variables.len());
        self.step(at, &branch.pipe)?;
        self.deepen(at, &branch.pipe)?;
        let value = self.pipe(&branch.pipe, dot)?;
        let flow = if value.is_true(self.scope.environment) {
            self.nodes(&branch.then, if with { &value } else { dot })
        } else {
            self.nodes(&branch.otherwise, dot)
        };
        self.depth -= 1;
        self.variables.truncate(scope);
        flow
    }

    fn range(&mut self, branch: &'a Branch, dot: &Value<'a>) -> Outcome<Flow> {
        let scope = self.variables.len();
        self.deepen(branch.pipe.at, &branch.pipe)?;
        let flow = self.rounds(branch, dot);
        self.depth -= 1;
        self.variables.truncate(scope);
        flow
    }

    fn rounds(&mut self, branch: &'a Branch, dot: &Value<'a>) -> Outcome<Flow> {
        let scope = self.variables.len();
        let pipe = &branch.pipe;
        self.step(pipe.at, pipe)?;
        let value = self.commands(pipe, dot)?;
        // Loops within each other hold their items all at once.
        let count = match &value {
            Value::List(items) => items.len(),
            Value::Map(map) => map.len(),
            Value::Int(count) | Value::Int64(count) => usize::try_from(*count).unwrap_or(0),
            _ => 0,
        };
        self.charge(count.saturating_mul(2 * VALUE_BYTES), pipe.at, pipe)?;
        let items: Vec<(Value<'a>, Value<'a>)> = match &value {
            Value::Nil => Vec::new(),
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| (Value::Int(index as i64), item.clone()))
                .collect(),
            Value::Map(map) => map
                .iter()
                .map(|(key, value)| (Value::Text(Text::Shared(Rc::clone(key))), value.clone()))
                .collect(),
            Value::Labels => labels(self.scope.environment)
                .into_iter()
                .map(|(name, value)| (Value::Text(name.into()), Value::Text(value.into())))
                .collect(),
            Value::Int(count) | Value::Int64(count) => (0..*count)
                .map(|index| (Value::Int(index), Value::Int(index)))
                .collect(),
            other => {
                let shown = self.scope.environment.text_of(other).unwrap_or("".into());
                return Err(self.error(pipe.at, pipe, format!("range can't iterate over {}", &*shown)));
            }
        };
        if items.is_empty() {
            return self.nodes(&branch.otherwise, dot);
        }
        for (key, item) in items {
            self.step(pipe.at, pipe)?;
            match pipe.variables.as_slice() {
                [] => {}
                [only] => self.set(pipe.assigns, only, item.clone()),
                [first, second, ..] => {
                    self.set(pipe.assigns, first, key);
                    self.set(pipe.assigns, second, item.clone());
                }
            }
            let inner = self.variables.len();
            let flow = self.nodes(&branch.then, &item)?;
            self.variables.truncate(if pipe.assigns { inner } else { scope });
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    fn set(&mut self, assigns: bool, name: &'a str, value: Value<'a>) {
        if assigns && let Some(variable) = self.variables.iter_mut().rfind(|(known, _)| *known == name) {
            variable.1 = value;
            return;
        }
        self.variables.push((name, value));
    }

    fn call_template(&mut self, name: &'a str, at: usize, pipe: Option<&'a Pipe>, dot: &Value<'a>) -> Outcome<()> {
        let shown = format!("{{{{template {}}}}}", longshore_model::quote_label_value(name));
        let Some(nodes) = self.template.defined.get(name) else {
            return Err(self.error(at, &shown, format!("template \"{name}\" not defined")));
        };
        self.step(at, &shown)?;
        self.deepen(at, &shown)?;
        let dot = match pipe {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Value::Nil,
        };
        let outer = std::mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        let caller = std::mem::replace(&mut self.name, name);
        let outcome = self.nodes(nodes, &dot);
        self.depth -= 1;
        self.name = caller;
        self.variables = outer;
        outcome.map(|_| ())
    }

    /// The value of a pipe; sets its variables.
    fn pipe(&mut self, pipe: &'a Pipe, dot: &Value<'a>) -> Outcome<Value<'a>> {
        let value = self.commands(pipe, dot)?;
        for name in &pipe.variables {
            self.set(pipe.assigns, name, value.clone());
        }
        Ok(value)
    }

    fn commands(&mut self, pipe: &'a Pipe, dot: &Value<'a>) -> Outcome<Value<'a>> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last)?);
        }
        Ok(last.unwrap_or(Value::Nil))
    }

    fn command(&mut self, command: &'a Command, dot: &Value<'a>, last: Option<Value<'a>>) -> Outcome<Value<'a>> {
        let [first, arguments @ ..] = command.arguments.as_slice() else {
            return Ok(Value::Nil);
        };
        let given = !arguments.is_empty() || last.is_some();
        if let Term::Function(function) = &first.term {
            return self.call(function, (first, command.at, command), arguments, last, dot);
        }
        let path = match &first.term {
            Term::Field(path) => Some(path.as_slice()),
            Term::Variable(path) => path.get(1..).filter(|path| !path.is_empty()),
            Term::Chain(_, path) => Some(path.as_slice()),
            _ => None,
        };
        if !given {
            return self.argument(first, dot);
        }
        // Methods of times take arguments.
        match (path, &first.term) {
            (Some([.., method]), Term::Chain(inner, path)) if path.len() == 1 => {
                let receiver = self.argument(inner, dot)?;
                self.method(first, &receiver, method, arguments, last, dot)
            }
            (Some([.., method]), Term::Variable(path)) if path.len() == 2 => {
                let receiver = self.variable(&path[0]);
                self.method(first, &receiver, method, arguments, last, dot)
            }
            (Some([.., name]), _) => {
                Err(self.error(first.at, first, format!("{name} is not a method but has arguments")))
            }
            _ => Err(self.error(first.at, first, format!("can't give argument to non-function {first}"))),
        }
    }

    fn method(
        &mut self,
        shown: &'a Argument,
        receiver: &Value<'a>,
        method: &str,
        arguments: &'a [Argument],
        last: Option<Value<'a>>,
        dot: &Value<'a>,
    ) -> Outcome<Value<'a>> {
        let Value::Time(time) = receiver else {
            return Err(self.error(shown.at, shown, format!("{method} is not a method but has arguments")));
        };
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.argument(argument, dot)?);
        }
        values.extend(last);
        time::method(time, method, &values)
            .unwrap_or_else(|| Err(format!("wrong number of args for {method}")))
            .and_then(|made| self.counted(made))
            .map_err(|message| self.error(shown.at, shown, message))
    }

    fn variable(&self, name: &str) -> Value<'a> {
        let found = self.variables.iter().rfind(|(known, _)| *known == name);
        found.map_or(Value::Nil, |(_, value)| value.clone())
    }

    /// A value that counts as worked with.
    fn counted(&self, value: Value<'a>) -> Outcome<Value<'a>> {
        let environment = self.scope.environment;
        environment.charge(value.size_bytes(environment))?;
        Ok(value)
    }

    /// The value of a term that is given no arguments. It is counted each time, because it may be long and whoever
    /// asked for it reads it.
    fn argument(&mut self, argument: &'a Argument, dot: &Value<'a>) -> Outcome<Value<'a>> {
        let value = self.term(argument, dot)?;
        self.counted(value)
            .map_err(|message| self.error(argument.at, argument, message))
    }

    fn term(&mut self, argument: &'a Argument, dot: &Value<'a>) -> Outcome<Value<'a>> {
        Ok(match &argument.term {
            Term::Function(function) => return self.call(function, (argument, argument.at, argument), &[], None, dot),
            Term::Field(path) => return self.fields(argument, dot.clone(), path),
            Term::Variable(path) => {
                let value = self.variable(&path[0]);
                return self.fields(argument, value, &path[1..]);
            }
            Term::Chain(inner, path) => {
                let value = self.term(inner, dot)?;
                return self.fields(argument, value, path);
            }
            Term::Pipe(pipe) => {
                self.deepen(argument.at, argument)?;
                let value = self.pipe(pipe, dot);
                self.depth -= 1;
                return value;
            }
            Term::Dot => dot.clone(),
            Term::Nil => Value::Nil,
            Term::Bool(value) => Value::Bool(*value),
            Term::Number {
                value: Number::Whole(value),
                ..
            } => Value::Int(*value),
            Term::Number {
                value: Number::Float(value, _),
                ..
            } => Value::Float(*value),
            Term::Text { value, .. } => Value::Text(Text::Borrowed(value)),
        })
    }

    fn fields(&mut self, shown: &'a Argument, value: Value<'a>, path: &'a [String]) -> Outcome<Value<'a>> {
        let mut value = value;
        for name in path {
            value = match &value {
                Value::Labels => Value::Text(self.scope.environment.fields.get(name).unwrap_or("").into()),
                Value::Map(map) => map.get(name.as_str()).cloned().unwrap_or(Value::Nil),
                Value::Nil => return Ok(Value::Nil),
                Value::Time(time) => match time::method(time, name, &[]) {
                    Some(value) => value.map_err(|message| self.error(shown.at, shown, message))?,
                    None => return Err(self.no_field(shown, name, &value)),
                },
                other => return Err(self.no_field(shown, name, other)),
            };
        }
        Ok(value)
    }

    fn no_field(&self, shown: &Argument, name: &str, value: &Value<'_>) -> String {
        let kind = value.type_name();
        self.error(shown.at, shown, format!("can't evaluate field {name} in type {kind}"))
    }
}
