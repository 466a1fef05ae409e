//! Text to tokens.
//!
//! The words and their borders follow Loki's scanner, which is Go's `text/scanner` with LogQL's own units: `#` begins
//! a comment, a character that belongs to nothing else is an identifier, a function's name is one only where a
//! parenthesis or a grouping follows.
//!
//! Invariants: never fails; a mistake becomes a token of its own, which no rule accepts, so the first mistake in the
//! order of the text is the one that is reported, and what stands behind it is not read. The last token is always the
//! end.

mod number;
mod text;
mod token;

pub(crate) use number::float;
pub(crate) use token::{Kind, Token};

use crate::span::{Position, Span};
use token::{FUNCTIONS, WORDS};

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    position: Position,
    tokens: Vec<Token>,
}

/// Cuts a query into tokens.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        at: 0,
        position: Position { line: 1, column: 1 },
        tokens: Vec::new(),
    };
    loop {
        lexer.skip_blanks();
        let (start, position) = (lexer.at, lexer.position);
        let (kind, length) = lexer.next_kind();
        lexer.advance(length);
        let end = matches!(kind, Kind::End);
        let mistake = matches!(kind, Kind::Mistake(_) | Kind::RangeMistake(_));
        let position = match kind {
            Kind::End if text.is_empty() => None,
            Kind::Range(_) | Kind::RangeMistake(_) => Some(Position { line: 0, ..position }),
            _ => Some(position),
        };
        lexer.tokens.push(Token {
            kind,
            position,
            span: Span {
                start,
                end: start + length,
            },
        });
        if end {
            return lexer.tokens;
        }
        if mistake {
            lexer.at = text.len();
        }
    }
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn advance(&mut self, bytes: usize) {
        for character in self.text[self.at..self.at + bytes].chars() {
            if character == '\n' {
                self.position = Position {
                    line: self.position.line + 1,
                    column: 1,
                };
            } else {
                self.position.column += 1;
            }
        }
        self.at += bytes;
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            let comment = match &rest[blanks..] {
                comment if comment.starts_with('#') => comment.find('\n').unwrap_or(comment.len()),
                _ => 0,
            };
            if blanks + comment == 0 {
                return;
            }
            self.advance(blanks + comment);
        }
    }

    /// What the next token is, and its length in bytes.
    fn next_kind(&self) -> (Kind, usize) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return (Kind::End, 0);
        };
        match first {
            '"' | '`' => text::string(rest),
            '\'' => (Kind::Mistake(text::character_mistake(rest)), 1),
            '[' => number::range(rest),
            '0'..='9' => number::number(rest),
            '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => number::number(rest),
            c if c == '_' || c.is_alphabetic() => word(rest),
            '-' if rest.starts_with("--strict") => flag(rest, "--strict"),
            '-' if rest.starts_with("--keep-empty") => flag(rest, "--keep-empty"),
            _ => {
                let symbol = |length: usize| {
                    let text = rest.get(..length)?;
                    WORDS.iter().find(|word| **word == text)
                };
                match symbol(2).or_else(|| symbol(1)) {
                    Some(word) => (Kind::Word(word), word.len()),
                    None => {
                        let length = first.len_utf8();
                        (Kind::Identifier(rest[..length].to_owned()), length)
                    }
                }
            }
        }
    }
}

fn flag(rest: &str, name: &'static str) -> (Kind, usize) {
    // `--strictly` is no flag: the minus signs stand for themselves then.
    let after = rest[name.len()..].chars().next();
    if after.is_some_and(|c| c == '_' || c == '-' || c.is_alphanumeric()) {
        return (Kind::Word("-"), 1);
    }
    (Kind::Flag(name), name.len())
}

fn word(rest: &str) -> (Kind, usize) {
    let length = rest
        .find(|c: char| c != '_' && !c.is_alphanumeric())
        .unwrap_or(rest.len());
    let (text, after) = rest.split_at(length);
    let lower = text.to_lowercase();
    let kind = if let Some(function) = FUNCTIONS.iter().find(|name| **name == lower) {
        if is_called(after) {
            Kind::Function(function)
        } else {
            Kind::Identifier(text.to_owned())
        }
    } else if let Some(word) = WORDS.iter().find(|word| **word == lower) {
        Kind::Word(word)
    } else {
        Kind::Identifier(text.to_owned())
    };
    (kind, length)
}

/// Whether what follows a function's name makes it a call: `(`, `by` or `without`.
fn is_called(after: &str) -> bool {
    let after = after.trim_start();
    let starts_with = |word: &str| {
        after
            .get(..word.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(word))
    };
    starts_with("(") || starts_with("by") || starts_with("without")
}

#[cfg(test)]
mod tests;
