//! From a parser's events to the tree.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, options};

use super::{Kind, Node, Pair, Scalar};
use crate::limits::{ALIAS_NODES_MAX, NESTING_MAX};

/// Text that is no YAML, or YAML that is no configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub line: usize,
    pub message: String,
    pub fix: String,
}

/// Reads one document. An empty text is an empty map.
pub(crate) fn parse(text: &str) -> Result<Node, Vec<SyntaxError>> {
    let options = options! {
        emit_comments: false,
        flow_nesting_limit: NESTING_MAX,
        block_nesting_limit: NESTING_MAX,
    };
    let mut builder = Builder {
        parser: Parser::new_from_str_with_options(text, options),
        anchors: HashMap::new(),
        copied_nodes: 0,
        errors: Vec::new(),
    };
    match builder.document() {
        Ok(node) if builder.errors.is_empty() => Ok(node),
        Ok(_) => Err(builder.errors),
        Err(error) => {
            builder.errors.push(error);
            Err(builder.errors)
        }
    }
}

struct Builder<'text> {
    parser: Parser<'text, granit_parser::StrInput<'text>>,
    anchors: HashMap<usize, Node>,
    copied_nodes: usize,
    errors: Vec<SyntaxError>,
}

impl<'text> Builder<'text> {
    fn next(&mut self) -> Result<(Event<'text>, Span), SyntaxError> {
        match self.parser.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(syntax_error(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<Node, SyntaxError> {
        let mut root = Node::map(Vec::new()).at_line(1);
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(SyntaxError {
                            line: span.start.line(),
                            message: "a second YAML document begins here".to_owned(),
                            fix: "remove the line '---', or put the second document into a file of its own".to_owned(),
                        });
                    }
                }
                event => {
                    let node = self.node(event, span)?;
                    if !node.is_null() {
                        root = node;
                    }
                }
            }
        }
    }

    fn node(&mut self, event: Event<'text>, span: Span) -> Result<Node, SyntaxError> {
        let line = span.start.line();
        let (anchor, kind) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text_tag = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let scalar = Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain && !is_text_tag,
                };
                (anchor, Kind::Scalar(scalar))
            }
            Event::SequenceStart(_, anchor, _) => (anchor, self.list()?),
            Event::MappingStart(_, anchor, _) => (anchor, self.map()?),
            Event::Alias(target) => return self.alias(target, line),
            _ => {
                return Err(SyntaxError {
                    line,
                    message: "a value is missing here".to_owned(),
                    fix: String::new(),
                });
            }
        };
        let node = Node { line, kind };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self) -> Result<Kind, SyntaxError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Kind::List(items));
            }
            items.push(self.node(event, span)?);
        }
    }

    fn map(&mut self) -> Result<Kind, SyntaxError> {
        let mut pairs: Vec<Pair> = Vec::new();
        let mut merged: Vec<Pair> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event, span)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            let Kind::Scalar(scalar) = key.kind else {
                self.errors.push(SyntaxError {
                    line: key.line,
                    message: "a key must be a text".to_owned(),
                    fix: "quote a value such as ${NAME} or {name} that begins with a brace".to_owned(),
                });
                continue;
            };
            if scalar.plain && scalar.text == "<<" {
                merged.extend(merge_sources(value).map_err(|message| SyntaxError {
                    line: key.line,
                    message,
                    fix: "write '<<: *name', with an anchor '&name' at a map above".to_owned(),
                })?);
                continue;
            }
            if let Some(first) = pairs.iter().find(|pair| pair.key == scalar.text) {
                self.errors.push(SyntaxError {
                    line: key.line,
                    message: format!(
                        "the key '{}' stands here again, first in line {}",
                        scalar.text, first.line
                    ),
                    fix: "keep one of the two, or join what is below them".to_owned(),
                });
                continue;
            }
            pairs.push(Pair {
                key: scalar.text,
                line: key.line,
                value,
            });
        }
        for pair in merged {
            if !pairs.iter().any(|own| own.key == pair.key) {
                pairs.push(pair);
            }
        }
        Ok(Kind::Map(pairs))
    }

    /// A copy of an anchor's node; copies are counted, so that a few lines cannot become gigabytes.
    fn alias(&mut self, target: usize, line: usize) -> Result<Node, SyntaxError> {
        let missing = || SyntaxError {
            line,
            message: "the alias names an anchor that is not complete here".to_owned(),
            fix: String::new(),
        };
        let node = self.anchors.get(&target).ok_or_else(missing)?;
        self.copied_nodes += size(node);
        if self.copied_nodes > ALIAS_NODES_MAX {
            return Err(SyntaxError {
                line,
                message: format!("aliases repeat more than {ALIAS_NODES_MAX} values"),
                fix: "write the values out".to_owned(),
            });
        }
        Ok(node.clone())
    }
}

fn size(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 1,
        Kind::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Kind::Map(pairs) => 1 + pairs.iter().map(|pair| size(&pair.value)).sum::<usize>(),
    }
}

fn merge_sources(value: Node) -> Result<Vec<Pair>, String> {
    match value.kind {
        Kind::Map(pairs) => Ok(pairs),
        Kind::List(items) => items
            .into_iter()
            .map(merge_sources)
            .collect::<Result<Vec<_>, _>>()
            .map(|lists| lists.concat()),
        Kind::Scalar(_) => Err("the merge key '<<' needs a map".to_owned()),
    }
}

fn syntax_error(error: &ScanError) -> SyntaxError {
    use granit_parser::ErrorKind as E;
    let fix = match error.kind() {
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabAtBlockScalarStart
        | E::TabInPlainScalar => "indent with blanks, YAML takes no tabs",
        E::MappingValueNotAllowed | E::SimpleKeyExpected | E::InvalidIndentation | E::ExpectedBlockMappingKey => {
            "keys of one map stand in the same column; a text with ': ' in it must be quoted"
        }
        E::UnclosedQuotedScalar => "close the quote",
        E::UnknownAnchor => "define the anchor with '&name' above",
        _ => "",
    };
    SyntaxError {
        line: error.marker().line(),
        message: format!("not YAML: {}", error.info()),
        fix: fix.to_owned(),
    }
}
