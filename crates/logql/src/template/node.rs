//! The tree of a template, and how Go prints its pieces in mistakes.

use std::fmt::{Display, Formatter, Result};

use super::functions::Function;

/// A piece of a template's body.
#[derive(Debug)]
pub(super) enum Node {
    Text(Box<str>),
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template {
        name: String,
        at: usize,
        pipe: Option<Pipe>,
    },
    Break,
    Continue,
}

/// `{{if pipe}} then {{else}} otherwise {{end}}`
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipe: Pipe,
    pub(super) then: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// `$a, $b := command | command`
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) at: usize,
    pub(super) variables: Vec<String>,
    /// Whether it is `=` and not `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// A function with its arguments, or a value alone; never empty.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) at: usize,
    pub(super) arguments: Vec<Argument>,
}

#[derive(Debug)]
pub(super) struct Argument {
    pub(super) at: usize,
    pub(super) term: Term,
}

#[derive(Debug)]
pub(super) enum Term {
    Function(&'static Function),
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a`; the name with its dollar comes first.
    Variable(Vec<String>),
    Dot,
    Nil,
    Bool(bool),
    Number {
        text: String,
        value: Number,
    },
    Text {
        quoted: String,
        value: String,
    },
    Pipe(Box<Pipe>),
    /// `(pipe).a.b`
    Chain(Box<Argument>, Vec<String>),
}

/// A number as a template has it: whole unless it is written otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i64),
    /// With the whole number that it is too, if it is one: `1e3` may stand where a whole one must.
    Float(f64, Option<i64>),
}

impl Display for Pipe {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        if !self.variables.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(out, "{} {sign} ", self.variables.join(", "))?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            write!(out, "{}{command}", if index == 0 { "" } else { " | " })?;
        }
        Ok(())
    }
}

impl Display for Command {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        for (index, argument) in self.arguments.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            match &argument.term {
                Term::Pipe(pipe) => write!(out, "{blank}({pipe})")?,
                _ => write!(out, "{blank}{argument}")?,
            }
        }
        Ok(())
    }
}

impl Display for Argument {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match &self.term {
            Term::Function(function) => out.write_str(function.name),
            Term::Field(names) => names.iter().try_for_each(|name| write!(out, ".{name}")),
            Term::Variable(names) => out.write_str(&names.join(".")),
            Term::Dot => out.write_str("."),
            Term::Nil => out.write_str("nil"),
            Term::Bool(value) => write!(out, "{value}"),
            Term::Number { text, .. } => out.write_str(text),
            Term::Text { quoted, .. } => out.write_str(quoted),
            Term::Pipe(pipe) => write!(out, "{pipe}"),
            Term::Chain(inner, names) => {
                match &inner.term {
                    Term::Pipe(pipe) => write!(out, "({pipe})")?,
                    _ => write!(out, "{inner}")?,
                }
                names.iter().try_for_each(|name| write!(out, ".{name}"))
            }
        }
    }
}

/// Calls `visit` for every term, nested ones too.
fn visit_terms(nodes: &[Node], visit: &mut dyn FnMut(&Term)) {
    for node in nodes {
        match node {
            Node::Text(_) | Node::Break | Node::Continue => {}
            Node::Action(pipe) => visit_pipe(pipe, visit),
            Node::Template { pipe, .. } => {
                if let Some(pipe) = pipe {
                    visit_pipe(pipe, visit);
                }
            }
            Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                visit_pipe(&branch.pipe, visit);
                visit_terms(&branch.then, visit);
                visit_terms(&branch.otherwise, visit);
            }
        }
    }
}

fn visit_pipe(pipe: &Pipe, visit: &mut dyn FnMut(&Term)) {
    for argument in pipe.commands.iter().flat_map(|command| &command.arguments) {
        visit_argument(argument, visit);
    }
}

fn visit_argument(argument: &Argument, visit: &mut dyn FnMut(&Term)) {
    visit(&argument.term);
    match &argument.term {
        Term::Pipe(pipe) => visit_pipe(pipe, visit),
        Term::Chain(inner, _) => visit_argument(inner, visit),
        _ => {}
    }
}

/// Adds the names of labels that the nodes can look at; false when they may look at all, because the set of labels
/// itself is passed on.
pub(super) fn names_read(nodes: &[Node], names: &mut Vec<String>) -> bool {
    let mut every = true;
    visit_terms(nodes, &mut |term| match term {
        Term::Field(path) => names.extend(path.first().cloned()),
        Term::Variable(path) if path[0] == "$" => match path.get(1) {
            Some(name) => names.push(name.clone()),
            None => every = false,
        },
        // Within `range` and `with` the dot is something else, but to know that is not worth the trouble.
        Term::Dot => every = false,
        _ => {}
    });
    every
}

/// Whether the nodes call a function.
pub(super) fn calls(nodes: &[Node], name: &str) -> bool {
    let mut found = false;
    visit_terms(nodes, &mut |term| {
        found |= matches!(term, Term::Function(function) if function.name == name);
    });
    found
}

/// Constant texts that stand first after one of these functions.
pub(super) fn first_constants(nodes: &[Node], functions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut commands = |pipe: &Pipe| {
        for command in &pipe.commands {
            if let [
                Argument {
                    term: Term::Function(function),
                    ..
                },
                Argument {
                    term: Term::Text { value, .. },
                    ..
                },
                ..,
            ] = command.arguments.as_slice()
                && functions.contains(&function.name)
            {
                found.push(value.clone());
            }
        }
    };
    visit_pipes(nodes, &mut commands);
    found
}

fn visit_pipes(nodes: &[Node], visit: &mut dyn FnMut(&Pipe)) {
    for node in nodes {
        match node {
            Node::Text(_) | Node::Break | Node::Continue | Node::Template { pipe: None, .. } => {}
            Node::Action(pipe) | Node::Template { pipe: Some(pipe), .. } => visit_inner_pipes(pipe, visit),
            Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                visit_inner_pipes(&branch.pipe, visit);
                visit_pipes(&branch.then, visit);
                visit_pipes(&branch.otherwise, visit);
            }
        }
    }
}

fn visit_inner_pipes(pipe: &Pipe, visit: &mut dyn FnMut(&Pipe)) {
    visit(pipe);
    for argument in pipe.commands.iter().flat_map(|command| &command.arguments) {
        let inner = match &argument.term {
            Term::Chain(inner, _) => &inner.term,
            term => term,
        };
        if let Term::Pipe(pipe) = inner {
            visit_inner_pipes(pipe, visit);
        }
    }
}
