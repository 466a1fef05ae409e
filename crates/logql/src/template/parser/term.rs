//! Commands and their operands.

use super::{Parser, Result};
use crate::template::convert;
use crate::template::functions;
use crate::template::lexer::{Kind, Token};
use crate::template::node::{Argument, Command, Number, Term};
use crate::template::text::unquote;

impl Parser<'_> {
    pub(super) fn command(&mut self) -> Result<Command> {
        let at = self.peek().at;
        let mut arguments = Vec::new();
        loop {
            self.skip_space();
            arguments.extend(self.operand()?);
            let token = self.peek();
            match token.kind {
                Kind::Space => {
                    self.take();
                    continue;
                }
                Kind::Right | Kind::Close => {}
                Kind::Pipe => {
                    self.take();
                }
                _ => {
                    self.take();
                    return Err(self.unexpected(token, "operand"));
                }
            }
            if arguments.is_empty() {
                return Err(self.error("empty command"));
            }
            return Ok(Command { at, arguments });
        }
    }

    /// A term with the fields that follow it.
    fn operand(&mut self) -> Result<Option<Argument>> {
        let Some(mut argument) = self.term()? else {
            return Ok(None);
        };
        if self.peek().kind != Kind::Field {
            return Ok(Some(argument));
        }
        let at = self.peek().at;
        let mut names = Vec::new();
        while self.peek().kind == Kind::Field {
            names.push(self.take().text[1..].to_owned());
        }
        match &mut argument.term {
            Term::Field(path) | Term::Variable(path) => {
                path.extend(names);
                argument.at = at;
                Ok(Some(argument))
            }
            Term::Bool(_) | Term::Text { .. } | Term::Number { .. } | Term::Nil | Term::Dot => {
                Err(self.error(format!("unexpected . after term \"{argument}\"")))
            }
            _ => Ok(Some(Argument {
                at,
                term: Term::Chain(Box::new(argument), names),
            })),
        }
    }

    fn term(&mut self) -> Result<Option<Argument>> {
        let token = self.peek();
        self.take();
        let term = match token.kind {
            Kind::Identifier => match functions::find(token.text) {
                Some(function) => Term::Function(function),
                None => return Err(self.error(format!("function \"{}\" not defined", token.text))),
            },
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Variable => {
                if !self.variables.iter().any(|known| known == token.text) {
                    return Err(self.error(format!("undefined variable \"{}\"", token.text)));
                }
                Term::Variable(vec![token.text.to_owned()])
            }
            Kind::Field => Term::Field(vec![token.text[1..].to_owned()]),
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::Number | Kind::CharConstant => {
                let value = number(token).map_err(|message| self.error(message))?;
                let text = token.text.to_owned();
                Term::Number { text, value }
            }
            Kind::String | Kind::RawString => Term::Text {
                quoted: token.text.to_owned(),
                value: unquote(token.text).ok_or_else(|| self.error("invalid syntax"))?,
            },
            Kind::Open => {
                let pipe = self.deeper(|parser| parser.pipe("parenthesized pipeline", Kind::Close))?;
                Term::Pipe(Box::new(pipe))
            }
            _ => {
                self.next -= 1;
                return Ok(None);
            }
        };
        Ok(Some(Argument { at: token.at, term }))
    }
}

fn number(token: Token<'_>) -> Result<Number> {
    let text = token.text;
    if token.kind == Kind::CharConstant {
        let inner = text.get(1..text.len() - 1).unwrap_or("");
        let quoted = format!("\"{}\"", inner.replace('"', "\\\"").replace("\\'", "'"));
        let value = unquote(&quoted).unwrap_or_default();
        let mut characters = value.chars();
        return match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(Number::Whole(i64::from(u32::from(character)))),
            _ => Err(format!("malformed character constant: {text}")),
        };
    }
    if let Some(whole) = convert::whole(text) {
        return Ok(Number::Whole(whole));
    }
    let plain = text.replace('_', "");
    let looks_whole = !text.contains(['.', 'e', 'E', 'p', 'P']);
    match plain.parse::<f64>() {
        Ok(_) if looks_whole => Err(format!(
            "integer overflow: {}",
            longshore_model::quote_label_value(text)
        )),
        Ok(value) => {
            let exact = value.fract() == 0.0 && value.abs() < 9e18;
            Ok(Number::Float(value, exact.then_some(value as i64)))
        }
        Err(_) => Err(format!(
            "illegal number syntax: {}",
            longshore_model::quote_label_value(text)
        )),
    }
}
