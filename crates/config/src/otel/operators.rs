//! Operators of the `file_log` receiver.

use longshore_model::otel::Value;

/// One operator.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatorSettings {
    /// Its id; the type's name when none is given, unique within the receiver.
    pub id: String,
    /// An expression; the operator acts on records for which it is true.
    pub condition: Option<String>,
    /// What becomes of a record on which the operator fails. Default: send.
    pub on_error: OnError,
    /// Line of the operator in the file, for errors found later.
    pub line: usize,
    /// What it does.
    pub kind: OperatorKind,
}

/// The operators we have.
#[derive(Debug, Clone, PartialEq)]
pub enum OperatorKind {
    /// Reads container log lines.
    Container(ContainerOperator),
    /// Drops records.
    Filter(FilterOperator),
    /// Sets a field.
    Add(AddOperator),
    /// Copies a field.
    Copy(MoveOperator),
    /// Moves a field.
    Move(MoveOperator),
    /// Removes a field.
    Remove(Field),
}

/// What becomes of a record on which an operator fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// Logged and sent on.
    Send,
    /// Sent on.
    SendQuiet,
    /// Logged and dropped.
    Drop,
    /// Dropped.
    DropQuiet,
}

/// Reads lines as a container runtime writes them, joins partial ones, takes Kubernetes' names from the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerOperator {
    /// Default: found out per line.
    pub format: ContainerFormat,
    /// Takes namespace, pod, uid, container and restart count from the path. Default: true.
    pub add_metadata_from_filepath: bool,
    /// Longest joined line in bytes, 0 for no limit. Default: 0, the receiver's limit holds.
    pub max_log_size_bytes: u64,
}

/// How a container runtime writes lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerFormat {
    /// Found out per line.
    Auto,
    /// Docker's JSON.
    Docker,
    /// CRI, by CRI-O.
    Crio,
    /// CRI, by containerd.
    Containerd,
}

/// Drops records for which an expression is true.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterOperator {
    /// The expression, in expr-lang.
    pub expr: String,
    /// Line of the expression in the file, for errors found when it is compiled.
    pub expr_line: usize,
    /// Share of the matching records that is dropped, 0 to 1. Default: 1.
    pub drop_ratio: f64,
}

/// Sets a field.
#[derive(Debug, Clone, PartialEq)]
pub struct AddOperator {
    /// Which.
    pub field: Field,
    /// To what.
    pub value: OperatorValue,
}

/// A value, or an expression for one.
#[derive(Debug, Clone, PartialEq)]
pub enum OperatorValue {
    /// As it stands.
    Literal(Value),
    /// The text of `EXPR(...)`.
    Expression(String),
}

/// From one field to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveOperator {
    /// Where it is.
    pub from: Field,
    /// Where it goes.
    pub to: Field,
}

/// A place in a record: `body.a.b`, `attributes["x.y"]`, `resource.z`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Body, attributes or resource.
    pub root: FieldRoot,
    /// Keys below it; empty for the whole.
    pub keys: Vec<String>,
}

/// First part of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldRoot {
    /// The record's body.
    Body,
    /// The record's attributes.
    Attributes,
    /// The resource's attributes.
    Resource,
}
