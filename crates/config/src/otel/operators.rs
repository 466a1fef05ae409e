//! Operators of the `file_log` receiver.

use std::fmt;
use std::sync::Arc;

use longshore_model::otel::Value;

use crate::decode::{Section, Wrong, nearest};
use crate::yaml::{Kind, Node, Resolved};

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

const SUPPORTED: [&str; 6] = ["add", "container", "copy", "filter", "move", "remove"];

/// What upstream has besides.
const UPSTREAM: [&str; 24] = [
    "assign_keys",
    "csv_parser",
    "flatten",
    "json_array_parser",
    "json_parser",
    "key_value_parser",
    "noop",
    "recombine",
    "regex_parser",
    "regex_replace",
    "retain",
    "router",
    "sanitize_utf8",
    "scope_name_parser",
    "severity_parser",
    "strip_ansi_escape_codes",
    "syslog_parser",
    "time_parser",
    "trace_parser",
    "unquote",
    "uri_parser",
    "stdout",
    "file_output",
    "drop_output",
];

/// Reads the list of operators.
pub(super) fn decode(section: &mut Section<'_>) -> Vec<OperatorSettings> {
    let mut written: Vec<Written> = Vec::new();
    let mut operators = section.children("operators", |operator| {
        let (settings, how) = decode_one(operator)?;
        written.push(how);
        Some(settings)
    });
    number_repeated_types(&mut operators, &written);
    check_ids(section, &operators, &written);
    operators
}

/// How an operator was written, for checks over the whole list.
struct Written {
    path: String,
    has_id: bool,
    output: Option<String>,
}

/// A second `filter` without an id is `filter1`, as upstream numbers them.
fn number_repeated_types(operators: &mut [OperatorSettings], written: &[Written]) {
    for index in 0..operators.len() {
        let base = operators[index].id.clone();
        let is_taken = |id: &str| operators[..index].iter().any(|earlier| earlier.id == id);
        if written[index].has_id || !is_taken(&base) {
            continue;
        }
        let free = (1..=operators.len())
            .map(|number| format!("{base}{number}"))
            .find(|id| !is_taken(id));
        operators[index].id = free.unwrap_or(base);
    }
}

fn decode_one(section: &mut Section<'_>) -> Option<(OperatorSettings, Written)> {
    let Some(name) = section.text("type") else {
        section.wrong(
            "type",
            "an operator needs a type",
            format!("write type: with one of {}", SUPPORTED.join(", ")),
        );
        section.all();
        return None;
    };
    let id = section.text("id");
    let condition = section.text("if");
    let choices = [
        ("send", OnError::Send),
        ("send_quiet", OnError::SendQuiet),
        ("drop", OnError::Drop),
        ("drop_quiet", OnError::DropQuiet),
    ];
    let on_error = section.choice("on_error", OnError::Send, &choices);
    let output = section.text("output");
    let kind = kind(section, &name)?;
    let written = Written {
        path: section.path.clone(),
        has_id: id.is_some(),
        output,
    };
    let settings = OperatorSettings {
        id: id.unwrap_or_else(|| name.clone()),
        condition,
        on_error,
        line: section.line,
        kind,
    };
    Some((settings, written))
}

fn kind(section: &mut Section<'_>, name: &str) -> Option<OperatorKind> {
    let moved = |section: &mut Section<'_>| {
        let (from, to) = (field(section, "from"), field(section, "to"));
        Some(MoveOperator { from: from?, to: to? })
    };
    match name {
        "container" => Some(OperatorKind::Container(container(section))),
        "filter" => filter(section).map(OperatorKind::Filter),
        "add" => add(section).map(OperatorKind::Add),
        "copy" => moved(section).map(OperatorKind::Copy),
        "move" => moved(section).map(OperatorKind::Move),
        "remove" => field(section, "field").map(OperatorKind::Remove),
        other => {
            section.all();
            if UPSTREAM.contains(&other) {
                let message = format!("the operator '{other}' is known upstream, but not supported here yet");
                section.wrong(
                    "type",
                    message,
                    format!("remove it; operators that are: {}", SUPPORTED.join(", ")),
                );
            } else {
                let known = SUPPORTED.iter().chain(&UPSTREAM).copied();
                let hint = nearest(other, known)
                    .map(|near| format!("did you mean '{near}'? "))
                    .unwrap_or_default();
                let fix = format!("{hint}supported operators are: {}", SUPPORTED.join(", "));
                section.wrong("type", format!("unknown operator '{other}'"), fix);
            }
            None
        }
    }
}

fn container(section: &mut Section<'_>) -> ContainerOperator {
    let formats = [
        ("", ContainerFormat::Auto),
        ("docker", ContainerFormat::Docker),
        ("crio", ContainerFormat::Crio),
        ("containerd", ContainerFormat::Containerd),
    ];
    section.not_supported(&[
        "parse_from",
        "parse_to",
        "timestamp",
        "severity",
        "trace",
        "scope_name",
        "body",
    ]);
    section.without_effect(&["cache"]);
    ContainerOperator {
        format: section.choice("format", ContainerFormat::Auto, &formats),
        add_metadata_from_filepath: section.boolean("add_metadata_from_filepath", true),
        max_log_size_bytes: section.decimal_size("max_log_size", 0),
    }
}

fn filter(section: &mut Section<'_>) -> Option<FilterOperator> {
    let expr_line = section.line_of("expr");
    let expr = section.text("expr").filter(|expr| !expr.trim().is_empty());
    let drop_ratio = section.float("drop_ratio", 1.0);
    if !(0.0..=1.0).contains(&drop_ratio) {
        section.wrong(
            "drop_ratio",
            "is a share of the matching records, from 0 to 1",
            "write 1 to drop all of them",
        );
    }
    if expr.is_none() {
        section.wrong(
            "expr",
            "a filter needs an expression",
            "write expr: 'body matches \"...\"'",
        );
    }
    Some(FilterOperator {
        expr: expr?,
        expr_line,
        drop_ratio,
    })
}

fn add(section: &mut Section<'_>) -> Option<AddOperator> {
    let field = field(section, "field");
    let node = section.node("value");
    if node.is_none() {
        section.wrong(
            "value",
            "add needs a value",
            "write value: with a text, number, list or map, or EXPR(...)",
        );
    }
    let value = value(section, "value", node?)?;
    section.show("value", node?.clone());
    Some(AddOperator { field: field?, value })
}

/// A value as it stands, or the expression in `EXPR(...)`.
pub(super) fn value(section: &Section<'_>, key: &str, node: &Node) -> Option<OperatorValue> {
    if let Kind::Scalar(scalar) = &node.kind
        && scalar.text.contains("EXPR(")
    {
        let inner = scalar
            .text
            .strip_prefix("EXPR(")
            .and_then(|rest| rest.strip_suffix(')'));
        if let Some(inner) = inner.filter(|inner| !inner.contains("EXPR(")) {
            return Some(OperatorValue::Expression(inner.to_owned()));
        }
        let message = "an expression inside a text is known upstream, but not supported here yet";
        section.wrong(key, message, "write EXPR(...) as the whole value, joining texts with +");
        return None;
    }
    Some(OperatorValue::Literal(literal(node)))
}

/// Any YAML as an attribute's value.
pub(super) fn literal(node: &Node) -> Value {
    match &node.kind {
        Kind::List(items) => Value::Array(items.iter().map(literal).collect()),
        Kind::Map(pairs) => {
            let pairs = pairs
                .iter()
                .map(|pair| (Arc::from(pair.key.as_str()), literal(&pair.value)));
            Value::Map(pairs.collect())
        }
        Kind::Scalar(scalar) => match scalar.resolve() {
            Resolved::Null => Value::Empty,
            Resolved::Bool(value) => Value::Bool(value),
            Resolved::Int(value) => Value::Int(value),
            Resolved::Float(value) => Value::Double(value),
            Resolved::Text(value) => Value::String(value),
        },
    }
}

fn field(section: &mut Section<'_>, key: &str) -> Option<Field> {
    if !section.has(key) {
        section.wrong(
            key,
            format!("the operator needs '{key}'"),
            format!("write {key}: attributes.name, resource.name or body.name"),
        );
    }
    let read = |node: &Node| match &node.kind {
        Kind::Scalar(scalar) => parse_field(&scalar.text),
        _ => Err(Wrong::new("a field is a text", "write attributes.name")),
    };
    section.read_value(key, None, read, |field| Node::text(field.to_string()))
}

/// Reads `body.a`, `attributes["x.y"].z`, `resource.a`.
fn parse_field(text: &str) -> Result<Field, Wrong> {
    let wrong = |message: String| {
        Wrong::new(
            message,
            "write body.name, attributes.name, attributes[\"a.b\"] or resource.name",
        )
    };
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (root, mut rest) = text.split_at(end);
    let root = match root {
        "body" => FieldRoot::Body,
        "attributes" => FieldRoot::Attributes,
        "resource" => FieldRoot::Resource,
        _ => {
            return Err(wrong(format!(
                "the field '{text}' begins with none of body, attributes, resource"
            )));
        }
    };
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let bad = || wrong(format!("the field '{text}' cannot be read at '{rest}'"));
        let (key, after) = if let Some(dotted) = rest.strip_prefix('.') {
            dotted.split_at(dotted.find(['.', '[']).unwrap_or(dotted.len()))
        } else {
            let open = rest.strip_prefix('[').ok_or_else(bad)?;
            let quote = open
                .chars()
                .next()
                .filter(|c| matches!(c, '"' | '\''))
                .ok_or_else(bad)?;
            let (key, after) = open[1..].split_once(quote).ok_or_else(bad)?;
            (key, after.strip_prefix(']').ok_or_else(bad)?)
        };
        if key.is_empty() {
            return Err(bad());
        }
        keys.push(key.to_owned());
        rest = after;
    }
    Ok(Field { root, keys })
}

/// As it is written: `attributes["a.b"]`.
impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.root {
            FieldRoot::Body => "body",
            FieldRoot::Attributes => "attributes",
            FieldRoot::Resource => "resource",
        })?;
        self.keys.iter().try_for_each(|key| {
            if key.contains(['.', '[', '"']) {
                write!(formatter, "['{key}']")
            } else {
                write!(formatter, ".{key}")
            }
        })
    }
}

/// Ids do not repeat, and `output` names what comes next anyway.
fn check_ids(section: &Section<'_>, operators: &[OperatorSettings], written: &[Written]) {
    for (index, operator) in operators.iter().enumerate() {
        let repeats = operators[..index].iter().any(|earlier| earlier.id == operator.id);
        let Written { path, output, .. } = &written[index];
        if repeats {
            let message = format!("the id '{}' stands here again", operator.id);
            section.report.error(
                operator.line,
                path,
                message,
                "give each operator of a type an id of its own",
            );
        }
        let next = operators.get(index + 1).map(|next| next.id.as_str());
        if output.as_deref().is_some_and(|output| Some(output) != next) {
            let message = "operators run in the order of the list here, 'output' cannot change it yet";
            section.report.error(
                operator.line,
                path,
                message,
                "remove output, and put the operators in order",
            );
        }
    }
}
