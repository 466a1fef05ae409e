//! The text of a query over several lines, as `format_query` gives it.
//!
//! What fits a line stays on one, in its canonical form; what does not is taken apart, each part a level further in.

use longshore_model::quote_label_value as quote;

use super::{group_modifier, operator_name};
use crate::ast::{Expr, Grouping, LogExpr, LogRange, SampleExpr, SampleKind};
use crate::units::{format_number, format_range};

/// Bytes of a line that is still short enough; Loki's.
const LINE_BYTES_MAX: usize = 100;

impl Expr {
    /// The query over as many lines as it takes to read it, as Loki's `format_query` gives it. Reading it again gives
    /// the same query.
    pub fn pretty(&self) -> String {
        match self {
            Self::Log(log) => log.pretty(0),
            Self::Sample(sample) => sample.pretty(0),
        }
    }
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

/// The canonical form, if it is short enough.
fn short(text: &str, level: usize) -> Option<String> {
    (text.len() <= LINE_BYTES_MAX).then(|| format!("{}{text}", indent(level)))
}

impl LogExpr {
    fn pretty(&self, level: usize) -> String {
        if let Some(text) = short(&self.to_string(), level) {
            return text;
        }
        let mut out = format!("{}{}", indent(level), self.selector);
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
        out
    }
}

impl LogRange {
    fn pretty(&self, level: usize) -> String {
        let mut out = self.log.pretty(level);
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
        out
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
    fn pretty(&self, level: usize) -> String {
        if let Some(text) = short(&self.to_string(), level) {
            return text;
        }
        let (outer, inner) = (indent(level), indent(level + 1));
        match &self.kind {
            SampleKind::RangeAggregation {
                op,
                parameter,
                range,
                grouping,
            } => {
                let parameter = parameter.map_or(String::new(), |value| format!("{inner}{},\n", format_number(value)));
                let grouping = grouping.as_ref().map_or(String::new(), Grouping::pretty);
                format!(
                    "{outer}{}(\n{parameter}{}\n{outer}){grouping}",
                    op.name(),
                    range.pretty(level + 1)
                )
            }
            SampleKind::VectorAggregation {
                op,
                parameter,
                inner: of,
                grouping,
            } => {
                let parameter = parameter.map_or(String::new(), |value| format!("{inner}{value},\n"));
                let grouping = grouping.as_ref().map_or(String::new(), Grouping::pretty);
                format!(
                    "{outer}{}{grouping}(\n{parameter}{}\n{outer})",
                    op.name(),
                    of.pretty(level + 1)
                )
            }
            SampleKind::Binary {
                op,
                options,
                left,
                right,
            } => {
                let mut operator = operator_name(*op, options);
                if let Some(matching) = options.matching.as_ref().filter(|matching| !matching.labels.is_empty()) {
                    operator.push_str(&group_modifier(matching));
                }
                let (left, right) = (left.pretty(level + 1), right.pretty(level + 1));
                format!("{left}\n{outer}{operator}\n{right}")
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
                format!("{outer}label_replace(\n{},\n{texts}\n{outer})", of.pretty(level + 1))
            }
            SampleKind::Literal(_) | SampleKind::Vector(_) => format!("{outer}{self}"),
        }
    }
}
