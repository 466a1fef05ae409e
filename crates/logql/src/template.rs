//! Go's `text/template`, as far as LogQL has it: what `line_format` and `label_format` make texts with.
//!
//! An engine of our own and not a crate: Loki's templates work with times that have methods, a missing label is an
//! empty text, a function that does not exist is refused when the query is read, and Go's texts of mistakes are part
//! of the result (`__error_details__`). The crates that exist do none of these, and want the labels of every line as
//! a map of their own; here a template reads them where they are.
//!
//! Source: the documentation of Go's `text/template` and of Loki's template functions.
//!
//! Invariants: parsed once, run by many threads; no clock, the moment is an argument; depth, work and output of one run
//! are bounded by [`crate::limits`], so no template runs away.

mod builtins;
mod compare;
mod convert;
mod decimal;
mod escape;
mod exec;
mod float;
mod format;
mod functions;
mod go_time;
mod json;
mod layout;
mod lexer;
mod math;
mod node;
mod parser;
mod text;
mod time;
mod value;
mod work;

use std::cell::Cell;
use std::collections::HashMap;

use longshore_goregex::Regex;

use crate::automata::Automata;
use node::Node;

/// A template made ready.
#[derive(Debug)]
pub(crate) struct Template {
    name: &'static str,
    source: Box<str>,
    main: Vec<Node>,
    /// Templates that it defines by name.
    defined: HashMap<String, Vec<Node>>,
    /// Regular expressions that stand in it as constants, compiled once.
    regexes: HashMap<String, Regex>,
}

/// Labels of the line that a template is run for.
pub(crate) trait Fields {
    /// The value of a label.
    fn get(&self, name: &str) -> Option<&str>;

    /// All labels, in no order, each once.
    fn all(&self) -> Vec<(&str, &str)>;

    /// Bytes of their names and values, about.
    fn size_bytes(&self) -> usize;
}

/// What a template may look at.
#[derive(Clone, Copy)]
pub(crate) struct Environment<'a> {
    /// Labels of the line.
    pub(crate) fields: &'a dyn Fields,
    /// Its text.
    pub(crate) line: &'a [u8],
    /// Its time, nanoseconds since 1970.
    pub(crate) timestamp_ns: i64,
    /// The moment of the query, nanoseconds since 1970.
    pub(crate) now_ns: i64,
    /// What templates have worked with for this line, bytes.
    pub(crate) worked_bytes: &'a Cell<usize>,
}

impl Template {
    /// Reads a template; `name` is what mistakes call it. Expressions that stand in it as constants are compiled.
    ///
    /// # Errors
    /// The first mistake, in Go's words, or that the expressions are too large.
    pub(crate) fn new(name: &'static str, source: &str, automata: &mut Automata) -> Result<Self, String> {
        parser::parse(name, source, automata)
    }

    /// Runs it and appends what it writes. On a mistake what was appended is to be thrown away.
    ///
    /// # Errors
    /// The mistake, in Go's words.
    pub(crate) fn run(&self, environment: &Environment<'_>, out: &mut String) -> Result<(), String> {
        exec::run(self, environment, out)
    }

    /// Adds the names of the labels that it can look at; false when these are all.
    pub(crate) fn names_read(&self, names: &mut Vec<String>) -> bool {
        let mut every = true;
        for nodes in std::iter::once(&self.main).chain(self.defined.values()) {
            every &= node::names_read(nodes, names);
        }
        every
    }

    /// Whether it looks at the text of the line.
    pub(crate) fn reads_line(&self) -> bool {
        let all = std::iter::once(&self.main).chain(self.defined.values());
        all.into_iter().any(|nodes| node::calls(nodes, "__line__"))
    }
}

#[cfg(test)]
mod tests;
