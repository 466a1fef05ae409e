//! The canonical text of a query, as Loki prints it.
//!
//! Invariant: reading the text again gives an equal query, places aside; except that sizes are rounded (`2KiB` prints
//! as `2.0kB`), as Loki does, and that the parentheses around a long chain of operators are too many to read again.

use std::fmt::{Display, Formatter, Result};

use longshore_model::quote_label_value as quote;

use crate::ast::{
    BinaryOp, BinaryOptions, Cardinality, Expr, Extraction, FormatValue, Grouping, LabelFilter, LabelFilterKind,
    LabelFormat, LabelPick, LineFilter, LineOperand, LogExpr, LogRange, MatchOp, Matcher, Matching, SampleExpr,
    SampleKind, Selector, Stage, StageKind, Unwrap,
};
use crate::units::{format_duration, format_number, format_range, format_size};

impl Display for Expr {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Log(log) => log.fmt(out),
            Self::Sample(sample) => sample.fmt(out),
        }
    }
}

impl Display for LogExpr {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.selector.fmt(out)?;
        self.stages.iter().try_for_each(|stage| write!(out, " {stage}"))
    }
}

impl Display for Selector {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "{{{}}}", joined(&self.matchers, ", "))
    }
}

impl Display for Matcher {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "{}{}{}", self.name, self.op.symbol(), quote(&self.value))
    }
}

fn joined<T: Display>(items: &[T], by: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(by)
}

impl Display for Stage {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match &self.kind {
            StageKind::LineFilter(filter) => filter.fmt(out),
            StageKind::Json(extractions) => {
                out.write_str("| json")?;
                write_extractions(out, extractions)
            }
            StageKind::Logfmt {
                strict,
                keep_empty,
                extractions,
            } => {
                out.write_str("| logfmt")?;
                out.write_str(if *strict { " --strict" } else { "" })?;
                out.write_str(if *keep_empty { " --keep-empty" } else { "" })?;
                write_extractions(out, extractions)
            }
            StageKind::Regexp(regex) => write!(out, "| regexp {}", quote(regex.as_str())),
            StageKind::Pattern(pattern) => write!(out, "| pattern {}", quote(pattern)),
            StageKind::Unpack => out.write_str("| unpack"),
            StageKind::LabelFilter(filter) => write!(out, "| {filter}"),
            StageKind::LineFormat(template) => write!(out, "| line_format {}", quote(template)),
            StageKind::LabelFormat(formats) => write!(out, "| label_format {}", joined(formats, ",")),
            StageKind::Decolorize => out.write_str("| decolorize"),
            StageKind::Drop(picks) => write!(out, "| drop {}", joined(picks, ",")),
            StageKind::Keep(picks) => write!(out, "| keep {}", joined(picks, ",")),
        }
    }
}

fn write_extractions(out: &mut Formatter<'_>, extractions: &[Extraction]) -> Result {
    for (index, extraction) in extractions.iter().enumerate() {
        let separator = if index == 0 { " " } else { "," };
        write!(out, "{separator}{}={}", extraction.label, quote(&extraction.expression))?;
    }
    Ok(())
}

impl Display for LabelFormat {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match &self.value {
            FormatValue::Rename(source) => write!(out, "{}={source}", self.label),
            FormatValue::Template(template) => write!(out, "{}={}", self.label, quote(template)),
        }
    }
}

impl Display for LabelPick {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Name(name) => out.write_str(name),
            Self::Matcher(matcher) => matcher.fmt(out),
        }
    }
}

impl Display for LineFilter {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        for (index, operand) in self.operands.iter().enumerate() {
            match index {
                0 => write!(out, "{} {operand}", self.op.symbol())?,
                // Refusing a or b is refusing a and refusing b.
                _ if self.op.is_negative() => write!(out, " {} {operand}", self.op.symbol())?,
                _ => write!(out, " or {operand}")?,
            }
        }
        Ok(())
    }
}

impl Display for LineOperand {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Text { value, .. } => out.write_str(&quote(value)),
            Self::Ip(pattern) => write!(out, "ip({})", quote(pattern)),
        }
    }
}

impl Display for LabelFilter {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match &self.kind {
            LabelFilterKind::Text(matcher) => {
                let complex = matcher.op == MatchOp::Regex && regex::is_complex(&matcher.value);
                if complex && !matcher.value.contains('`') {
                    return write!(out, "{}{}`{}`", matcher.name, matcher.op.symbol(), matcher.value);
                }
                matcher.fmt(out)
            }
            LabelFilterKind::Number { name, op, value } => {
                write!(out, "{name}{}{}", op.symbol(), format_number(*value))
            }
            LabelFilterKind::Duration { name, op, value_ns } => {
                write!(out, "{name}{}{}", op.symbol(), format_duration(*value_ns))
            }
            LabelFilterKind::Bytes { name, op, value_bytes } => {
                write!(out, "{name}{}{}", op.symbol(), format_size(*value_bytes))
            }
            LabelFilterKind::Ip { name, negated, pattern } => {
                let op = if *negated { "!=" } else { "=" };
                write!(out, "{name}{op}ip({})", quote(pattern))
            }
            LabelFilterKind::And(conditions) => write_chain(out, conditions, ","),
            LabelFilterKind::Or(conditions) => write_chain(out, conditions, "or"),
        }
    }
}

/// `( ( a or b ) or c )`: pairs, as Loki has them.
fn write_chain(out: &mut Formatter<'_>, conditions: &[LabelFilter], operator: &str) -> Result {
    for _ in 1..conditions.len() {
        out.write_str("( ")?;
    }
    for (index, condition) in conditions.iter().enumerate() {
        match index {
            0 => condition.fmt(out)?,
            _ => write!(out, " {operator} {condition} )")?,
        }
    }
    Ok(())
}

impl Display for SampleExpr {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match &self.kind {
            SampleKind::RangeAggregation {
                op,
                parameter,
                range,
                grouping,
            } => {
                write!(out, "{}(", op.name())?;
                if let Some(parameter) = parameter {
                    write!(out, "{},", format_number(*parameter))?;
                }
                write!(out, "{range})")?;
                grouping.iter().try_for_each(|grouping| write!(out, " {grouping}"))
            }
            SampleKind::VectorAggregation {
                op,
                parameter,
                inner,
                grouping,
            } => {
                out.write_str(op.name())?;
                grouping.iter().try_for_each(|grouping| write!(out, " {grouping}"))?;
                out.write_str("(")?;
                parameter.iter().try_for_each(|parameter| write!(out, "{parameter},"))?;
                write!(out, "{inner})")
            }
            SampleKind::Binary { .. } => {
                let (first, links) = self.chain();
                links.iter().try_for_each(|_| out.write_str("("))?;
                first.fmt(out)?;
                links
                    .iter()
                    .try_for_each(|link| write!(out, " {} {})", operator(link.op, link.options), link.right))
            }
            SampleKind::Literal(value) => out.write_str(&format_number(*value)),
            SampleKind::Vector(value) => write!(out, "vector({value:.6})"),
            SampleKind::LabelReplace {
                inner,
                destination,
                replacement,
                source,
                regex,
            } => {
                let texts = [destination, replacement, source, regex.as_str()].map(quote);
                write!(out, "label_replace({inner},{})", texts.join(","))
            }
        }
    }
}

fn operator(op: BinaryOp, options: &BinaryOptions) -> String {
    let mut text = operator_name(op, options);
    if let Some(matching) = &options.matching
        && (matching.on || !matching.labels.is_empty())
    {
        text.push_str(&group_modifier(matching));
    }
    text
}

fn operator_name(op: BinaryOp, options: &BinaryOptions) -> String {
    format!("{}{}", op.name(), if options.return_bool { " bool" } else { "" })
}

/// ` on (a) group_left (b)`
fn group_modifier(matching: &Matching) -> String {
    let mut group = match matching.cardinality {
        Cardinality::OneToOne => String::new(),
        Cardinality::ManyToOne => "group_left".to_owned(),
        Cardinality::OneToMany => "group_right".to_owned(),
    };
    if !matching.include.is_empty() {
        group.push_str(&format!(" ({})", matching.include.join(",")));
    }
    let on = if matching.on { "on" } else { "ignoring" };
    format!(" {on} ({}) {group}", matching.labels.join(","))
}

impl Display for Grouping {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let word = if self.without { "without" } else { "by" };
        write!(out, "{word} ({})", self.labels.join(","))
    }
}

impl Display for LogRange {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.log.fmt(out)?;
        self.unwrap.iter().try_for_each(|unwrap| write!(out, " {unwrap}"))?;
        write!(out, "[{}]", format_range(self.interval_ns))?;
        if self.offset_ns != 0 {
            write!(out, " offset {}", format_duration(self.offset_ns))?;
        }
        Ok(())
    }
}

impl Display for Unwrap {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self.conversion {
            Some(conversion) => write!(out, "| unwrap {}({})", conversion.name(), self.label)?,
            None => write!(out, "| unwrap {}", self.label)?,
        }
        self.filters.iter().try_for_each(|filter| write!(out, " | {filter}"))
    }
}

mod pretty;
mod regex;

#[cfg(test)]
mod tests;
