//! Conditions and values in upstream's expression language (expr-lang), as far as log files need it.
//!
//! Fields `body`, `attributes`, `resource` with `.name` and `["name"]`; text, numbers, `true`, `false`, `nil`, lists;
//! `and or not && || !`, `== != < <= > >=`, `+ - * /`, `matches contains startsWith endsWith in`, `??`, `cond ? a : b`;
//! `type() len() lower() upper() trim() string() int()`. What is not known is an error when the
//! configuration is read, never a silent difference.
//!
//! Invariants: parsing and evaluation are bounded by the text's length and nesting; a regular expression that stands
//! in the text is compiled once.

mod evaluate;
mod lexer;
mod parser;

use std::sync::Arc;

use longshore_goregex::Regex;
use longshore_model::otel::{LogRecord, Resource, Value};

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Expression(Node);

/// What an expression speaks of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) record: &'a LogRecord,
    pub(crate) resource: &'a Arc<Resource>,
}

impl Expression {
    /// Compiles an expression; the error is text for people.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parser::parse(text).map(Self)
    }

    /// Whether it is true.
    pub(crate) fn is_true(&self, context: &Context<'_>) -> Result<bool, String> {
        match &*evaluate::evaluate(&self.0, context)? {
            Value::Bool(truth) => Ok(*truth),
            other => Err(format!(
                "the expression gives {}, not true or false",
                evaluate::type_name(other)
            )),
        }
    }

    /// Its value.
    pub(crate) fn value(&self, context: &Context<'_>) -> Result<Value, String> {
        evaluate::evaluate(&self.0, context).map(std::borrow::Cow::into_owned)
    }
}

/// A node of the tree.
#[derive(Debug)]
enum Node {
    Literal(Value),
    List(Vec<Node>),
    Body,
    Attributes,
    Resource,
    Member(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    Matches(Box<Node>, Box<Regex>),
    Conditional(Box<[Node; 3]>),
    Call(Function, Vec<Node>),
}

/// Operators between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Contains,
    StartsWith,
    EndsWith,
    In,
    OrElse,
}

/// Functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Type,
    Length,
    Lower,
    Upper,
    Trim,
    Text,
    Whole,
}

#[cfg(test)]
mod tests;
