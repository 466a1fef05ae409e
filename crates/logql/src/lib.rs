//! LogQL: lexer, parser, printer, and evaluation over batches of lines.
//!
//! The tree covers the whole language; evaluation grows into it. Error texts and printed forms are Loki's, because
//! clients compare them.
//!
//! Invariants: pure, no I/O, no clock, no environment; no input panics, recursion is bounded; a query is a value and
//! can be evaluated by many threads at once.

pub mod ast;
pub mod eval;
pub mod limits;
pub mod pattern;
pub mod patterns;

mod automata;
mod bounded_text;
mod error;
mod expand;
mod lexer;
mod parser;
mod pipeline;
mod printer;
mod rows;
mod span;
mod template;
mod units;

pub use crate::ast::{Expr, LogExpr, Matcher, SampleExpr, Selector};
pub use crate::error::ParseError;
pub use crate::eval::{Context, EvalError, instant_query, log_query, range_query};
pub use crate::parser::{parse, parse_matchers};
pub use crate::pipeline::{CompileError, Pipeline, Processed, ResultLabels};
pub use crate::rows::RowQueries;
pub use crate::span::{Position, Span};
pub use crate::units::format_number;
