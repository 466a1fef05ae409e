//! Tokens to a tree.
//!
//! Invariant: recursion is bounded by [`TEMPLATE_DEPTH_MAX`].

mod term;

use std::collections::HashMap;

use super::Template;
use super::lexer::{self, Kind, Token};
use super::node::{self, Branch, Command, Node, Pipe, Term};
use super::text::unquote;
use crate::automata::{Automata, Place};
use crate::limits::TEMPLATE_DEPTH_MAX;

type Result<T> = std::result::Result<T, String>;

struct Parser<'a> {
    name: &'static str,
    source: &'a str,
    tokens: Vec<Token<'a>>,
    next: usize,
    depth: usize,
    /// Loops that are open, for `break` and `continue`.
    loops: usize,
    /// Variables in scope, the dollar first.
    variables: Vec<String>,
    defined: HashMap<String, Vec<Node>>,
}

/// How a list of nodes ended.
enum Ending {
    End,
    Else,
    /// The text itself ended.
    Text,
}

/// Reads a template.
pub(super) fn parse(name: &'static str, source: &str, automata: &mut Automata) -> Result<Template> {
    let mut parser = Parser {
        name,
        source,
        tokens: lexer::tokens(source),
        next: 0,
        depth: 0,
        loops: 0,
        variables: vec!["$".to_owned()],
        defined: HashMap::new(),
    };
    let (main, ending) = parser.nodes()?;
    match ending {
        Ending::Text => {}
        Ending::End => return Err(parser.error("unexpected {{end}}")),
        Ending::Else => return Err(parser.error("unexpected {{else}}")),
    }
    let defined = parser.defined;
    let mut regexes = HashMap::new();
    for nodes in std::iter::once(&main).chain(defined.values()) {
        for text in node::first_constants(nodes, &["regexReplaceAll", "regexReplaceAllLiteral", "count"]) {
            match automata.regex(&text, Place::Anywhere) {
                Ok(regex) => {
                    regexes.insert(text, regex);
                }
                Err(error) if error.is_too_large() => return Err(error.to_string()),
                // One that does not compile is a mistake of the run, as in Go.
                Err(_) => {}
            }
        }
    }
    Ok(Template {
        name,
        source: source.into(),
        main,
        defined,
        regexes,
    })
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn skip_space(&mut self) {
        while self.peek().kind == Kind::Space {
            self.next += 1;
        }
    }

    fn take_solid(&mut self) -> Token<'a> {
        self.skip_space();
        self.take()
    }

    /// A mistake at the token that was read last.
    fn error(&self, message: impl std::fmt::Display) -> String {
        let token = self.tokens[self.next.saturating_sub(1).min(self.tokens.len() - 1)];
        let line = self.source[..token.at].matches('\n').count() + 1;
        format!("template: {}:{line}: {message}", self.name)
    }

    fn unexpected(&self, token: Token<'_>, context: &str) -> String {
        let shown = match token.kind {
            Kind::Mistake(mistake) => return self.error(mistake.message(token.text)),
            Kind::End => "EOF".to_owned(),
            Kind::Keyword => format!("<{}>", token.text),
            _ if token.text.chars().count() > 10 => {
                let start: String = token.text.chars().take(10).collect();
                format!("{}...", longshore_model::quote_label_value(&start))
            }
            _ => longshore_model::quote_label_value(token.text),
        };
        self.error(format!("unexpected {shown} in {context}"))
    }

    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= TEMPLATE_DEPTH_MAX {
            return Err(self.error(format!("nests deeper than {TEMPLATE_DEPTH_MAX} levels")));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    /// Reads nodes up to `{{end}}`, `{{else`, or the end of the text.
    fn nodes(&mut self) -> Result<(Vec<Node>, Ending)> {
        let mut nodes = Vec::new();
        loop {
            let token = self.take();
            match token.kind {
                Kind::Text => nodes.push(Node::Text(token.text.into())),
                Kind::Left => {
                    let (node, ending) = self.action()?;
                    nodes.extend(node);
                    if let Some(ending) = ending {
                        return Ok((nodes, ending));
                    }
                }
                Kind::End => return Ok((nodes, Ending::Text)),
                _ => return Err(self.unexpected(token, "input")),
            }
        }
    }

    fn action(&mut self) -> Result<(Option<Node>, Option<Ending>)> {
        self.skip_space();
        let token = self.peek();
        if token.kind != Kind::Keyword {
            let pipe = self.pipe("command", Kind::Right)?;
            return Ok((Some(Node::Action(pipe)), None));
        }
        self.take();
        let node = match token.text {
            "end" => {
                self.closing("end")?;
                return Ok((None, Some(Ending::End)));
            }
            "else" => return Ok((None, Some(Ending::Else))),
            "if" => Some(Node::If(self.branch("if")?)),
            "with" => Some(Node::With(self.branch("with")?)),
            "range" => Some(Node::Range(self.branch("range")?)),
            "define" => {
                self.define()?;
                None
            }
            "block" => {
                let (name, at) = self.template_name("block clause")?;
                let pipe = self.pipe("block clause", Kind::Right)?;
                let body = self.body_of_definition("block clause")?;
                self.defined.entry(name.clone()).or_insert(body);
                Some(Node::Template {
                    name,
                    at,
                    pipe: Some(pipe),
                })
            }
            "template" => Some(self.template()?),
            word => {
                if self.loops == 0 {
                    return Err(self.error(format!("{{{{{word}}}}} outside {{{{range}}}}")));
                }
                self.closing(word)?;
                Some(if word == "break" { Node::Break } else { Node::Continue })
            }
        };
        Ok((node, None))
    }

    fn closing(&mut self, context: &str) -> Result<()> {
        let token = self.take_solid();
        if token.kind == Kind::Right {
            Ok(())
        } else {
            Err(self.unexpected(token, context))
        }
    }

    fn branch(&mut self, context: &'static str) -> Result<Branch> {
        self.deeper(|parser| {
            let scope = parser.variables.len();
            let branch = parser.branch_body(context);
            parser.variables.truncate(scope);
            branch
        })
    }

    fn branch_body(&mut self, context: &'static str) -> Result<Branch> {
        let pipe = self.pipe(context, Kind::Right)?;
        self.loops += usize::from(context == "range");
        let (then, ending) = self.nodes()?;
        self.loops -= usize::from(context == "range");
        let otherwise = match ending {
            Ending::End => Vec::new(),
            Ending::Text => return Err(self.error("unexpected EOF")),
            Ending::Else => self.otherwise(context)?,
        };
        Ok(Branch { pipe, then, otherwise })
    }

    fn otherwise(&mut self, context: &'static str) -> Result<Vec<Node>> {
        self.skip_space();
        let token = self.peek();
        if token.kind == Kind::Keyword && token.text == context && context != "range" {
            self.take();
            let inner = self.branch(context)?;
            return Ok(vec![if context == "if" {
                Node::If(inner)
            } else {
                Node::With(inner)
            }]);
        }
        self.closing("else")?;
        let (nodes, ending) = self.nodes()?;
        match ending {
            Ending::End => Ok(nodes),
            Ending::Else => Err(self.error("expected end; found {{else}}")),
            Ending::Text => Err(self.error("unexpected EOF")),
        }
    }

    fn template_name(&mut self, context: &str) -> Result<(String, usize)> {
        let token = self.take_solid();
        match token.kind {
            Kind::String | Kind::RawString => {
                let name = unquote(token.text).ok_or_else(|| self.error("invalid syntax"))?;
                Ok((name, token.at))
            }
            _ => Err(self.unexpected(token, context)),
        }
    }

    fn define(&mut self) -> Result<()> {
        let (name, _) = self.template_name("define clause")?;
        self.closing("define clause")?;
        let body = self.body_of_definition("define clause")?;
        self.defined.insert(name, body);
        Ok(())
    }

    fn body_of_definition(&mut self, context: &str) -> Result<Vec<Node>> {
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let loops = std::mem::take(&mut self.loops);
        let (nodes, ending) = self.deeper(Self::nodes)?;
        self.variables = outer;
        self.loops = loops;
        match ending {
            Ending::End => Ok(nodes),
            Ending::Else => Err(self.error(format!("unexpected {{{{else}}}} in {context}"))),
            Ending::Text => Err(self.error("unexpected EOF")),
        }
    }

    fn template(&mut self) -> Result<Node> {
        let (name, at) = self.template_name("template clause")?;
        self.skip_space();
        let pipe = if self.peek().kind == Kind::Right {
            self.take();
            None
        } else {
            Some(self.pipe("template clause", Kind::Right)?)
        };
        Ok(Node::Template { name, at, pipe })
    }

    /// Reads a pipe up to and with the token that ends it.
    fn pipe(&mut self, context: &'static str, end: Kind) -> Result<Pipe> {
        self.skip_space();
        let at = self.peek().at;
        let mut pipe = Pipe {
            at,
            variables: Vec::new(),
            assigns: false,
            commands: Vec::new(),
        };
        self.declarations(context, &mut pipe)?;
        loop {
            self.skip_space();
            let token = self.peek();
            match token.kind {
                kind if kind == end => {
                    self.take();
                    self.check(&pipe, context)?;
                    return Ok(pipe);
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::Open => {
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => {
                    self.take();
                    return Err(self.unexpected(token, context));
                }
            }
        }
    }

    fn declarations(&mut self, context: &str, pipe: &mut Pipe) -> Result<()> {
        loop {
            self.skip_space();
            let (start, token) = (self.next, self.peek());
            if token.kind != Kind::Variable {
                return Ok(());
            }
            self.take();
            let next = self.take_solid();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    pipe.assigns = next.kind == Kind::Assign;
                    self.declare(token.text, pipe)?;
                    return Ok(());
                }
                Kind::Character if next.text == "," => {
                    self.declare(token.text, pipe)?;
                    if context != "range" || pipe.variables.len() > 1 {
                        return Err(self.error(format!("too many declarations in {context}")));
                    }
                    self.skip_space();
                    if self.peek().kind != Kind::Variable {
                        return Err(self.error("range can only initialize variables"));
                    }
                }
                // A variable on its own, which is a value.
                _ => {
                    self.next = start;
                    return Ok(());
                }
            }
        }
    }

    fn declare(&mut self, name: &str, pipe: &mut Pipe) -> Result<()> {
        if pipe.assigns && !self.variables.iter().any(|known| known == name) {
            return Err(self.error(format!("undefined variable \"{name}\"")));
        }
        pipe.variables.push(name.to_owned());
        self.variables.push(name.to_owned());
        Ok(())
    }

    fn check(&self, pipe: &Pipe, context: &str) -> Result<()> {
        if pipe.commands.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        let is_constant = |command: &Command| {
            matches!(
                command.arguments[0].term,
                Term::Bool(_) | Term::Dot | Term::Nil | Term::Number { .. } | Term::Text { .. }
            )
        };
        match pipe.commands.iter().skip(1).position(is_constant) {
            Some(index) => Err(self.error(format!("non executable command in pipeline stage {}", index + 2))),
            None => Ok(()),
        }
    }
}
