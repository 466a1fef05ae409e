//! The text of a query over several lines, as `format_query` gives it.
//!
//! What fits a line stays on one, in its canonical form; what does not is taken apart, each part a level further in.
//!
//! Invariant: whether something fits is found out by printing a line of it and no more, so the work is that of the
//! text that comes out.

use std::fmt::{Display, Write};

use longshore_model::quote_label_value as quote;

use super::{group_modifier, operator_name};
use crate::ast::{Expr, Grouping, Link, LogExpr, LogRange, SampleExpr, SampleKind};
use crate::bounded_text::BoundedText;
use crate::units::{format_number, format_range};

/// Bytes of a line that is still short enough; Loki's.
const LINE_BYTES_MAX: usize = 100;

impl Expr {
    /// The query over as many lines as it takes to read it, as Loki's `format_query` gives it. Reading it again gives
    /// the same query.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        match self {
            Self::Log(log) => log.pretty(0, &mut out),
            Self::Sample(sample) => sample.pretty(0, &mut out),
        }
        out
    }
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

/// The canonical form, if it is short enough.
pub(super) fn short(piece: &impl Display) -> Option<String> {
    let mut line = BoundedText::new(LINE_BYTES_MAX);
    write!(line, "{piece}").is_ok().then(|| line.into_string())
}

impl LogExpr {
    fn pretty(&self, level: usize, out: &mut String) {
        out.push_str(&indent(level));
        if let Some(text) = short(self) {
            out.push_str(&text);
            return;
        }
        out.push_str(&self.selector.to_string());
        let mut after_filter = false;
        for stage in &self.stages {
            let is_filter = matches!(stage.kind, crate::ast::StageKind::LineFilter(_));
            // Line filters in a row are one condition and share a line.
            match is_filter && after_filter {
                true => out.push(' '),
                false => out.push_str(&format!("\n{}", indent(level + 1))),
            }
            out.push_str(&stage.to_string());
            after_filter = is_filter;
        }
    }
}

impl LogRange {
    fn pretty(&self, level: usize, out: &mut String) {
        self.log.pretty(level, out);
        let inner = indent(level + 1);
        if let Some(unwrap) = &self.unwrap {
            let label = match unwrap.conversion {
                Some(conversion) => format!("{}({})", conversion.name(), unwrap.label),
                None => unwrap.label.clone(),
            };
            out.push_str(&format!("\n{inner}| unwrap {label}"));
            for filter in &unwrap.filters {
                out.push_str(&format!("\n{inner}| {filter}"));
            }
        }
        out.push_str(&format!(" [{}]", format_range(self.interval_ns)));
        if self.offset_ns != 0 {
            let sign = if self.offset_ns < 0 { "-" } else { "" };
            out.push_str(&format!(" offset {sign}{}", format_range(self.offset_ns.abs())));
        }
    }
}

impl Grouping {
    fn pretty(&self) -> String {
        // Without labels Loki leaves the parentheses out, and `by` with them.
        match (self.without, self.labels.is_empty()) {
            (true, true) => " without".to_owned(),
            (false, true) => String::new(),
            (without, false) => format!(
                " {} ({})",
                if without { "without" } else { "by" },
                self.labels.join(", ")
            ),
        }
    }
}

impl SampleExpr {
    fn pretty(&self, level: usize, out: &mut String) {
        if let SampleKind::Binary { .. } = &self.kind {
            return self.pretty_chain(level, out);
        }
        let (outer, inner) = (indent(level), indent(level + 1));
        out.push_str(&outer);
        if let Some(text) = short(self) {
            out.push_str(&text);
            return;
        }
        match &self.kind {
            SampleKind::RangeAggregation {
                op,
                parameter,
                range,
                grouping,
            } => {
                let parameter = parameter.map_or(String::new(), |value| format!("{inner}{},\n", format_number(value)));
                let grouping = grouping.as_ref().map_or(String::new(), Grouping::pretty);
                out.push_str(&format!("{}(\n{parameter}", op.name()));
                range.pretty(level + 1, out);
                out.push_str(&format!("\n{outer}){grouping}"));
            }
            SampleKind::VectorAggregation {
                op,
                parameter,
                inner: of,
                grouping,
            } => {
                let parameter = parameter.map_or(String::new(), |value| format!("{inner}{value},\n"));
                let grouping = grouping.as_ref().map_or(String::new(), Grouping::pretty);
                out.push_str(&format!("{}{grouping}(\n{parameter}", op.name()));
                of.pretty(level + 1, out);
                out.push_str(&format!("\n{outer})"));
            }
            SampleKind::LabelReplace {
                inner: of,
                destination,
                replacement,
                source,
                regex,
            } => {
                let texts = [destination, replacement, source, regex.as_str()];
                let texts = texts.map(|text| format!("{inner}{}", quote(text))).join(",\n");
                out.push_str("label_replace(\n");
                of.pretty(level + 1, out);
                out.push_str(&format!(",\n{texts}\n{outer})"));
            }
            SampleKind::Binary { .. } | SampleKind::Literal(_) | SampleKind::Vector(_) => {
                out.push_str(&self.to_string());
            }
        }
    }

    /// Operators: the left side of each is a level further in than it is, so the first operand is the innermost.
    fn pretty_chain(&self, level: usize, out: &mut String) {
        let (first, links) = self.chain();
        // The longest part of the chain that fits a line, from the whole of it down.
        let (mut whole, mut fitting) = (self, None);
        let mut broken = Vec::new();
        for link in links.iter().rev() {
            fitting = short(whole);
            if fitting.is_some() {
                break;
            }
            broken.push(link);
            whole = link.left;
        }
        match fitting {
            Some(text) => out.push_str(&format!("{}{text}", indent(level + broken.len()))),
            None => first.pretty(level + broken.len(), out),
        }
        for (depth, link) in broken.iter().enumerate().rev() {
            out.push_str(&format!("\n{}{}\n", indent(level + depth), broken_operator(link)));
            link.right.pretty(level + depth + 1, out);
        }
    }
}

fn broken_operator(link: &Link<'_>) -> String {
    let mut operator = operator_name(link.op, link.options);
    let matching = link.options.matching.as_ref();
    if let Some(matching) = matching.filter(|matching| !matching.labels.is_empty()) {
        operator.push_str(&group_modifier(matching));
    }
    operator
}
