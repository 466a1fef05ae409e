//! Patterns such as `<ip> - <_> [<time>]`: literals with holes.
//!
//! Source: Loki's documentation, "Pattern" parser and "Pattern match filter"; error texts are Loki's.

use thiserror::Error;

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text that stands as it is.
    Literal(String),
    /// `<name>`, or `<_>` for a hole without a name.
    Capture(String),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    /// Nothing there.
    #[error("parse error at line 1, col 1: syntax error: unexpected $end, expecting IDENTIFIER or LITERAL")]
    Empty,
    /// A parser that names nothing.
    #[error("at least one capture is required")]
    NoCapture,
    /// Two holes with nothing between cannot be told apart.
    #[error("found consecutive capture '{0}': invalid expression")]
    Consecutive(String),
    /// A name that stands twice.
    #[error("duplicate capture name ({0}): invalid expression")]
    Duplicate(String),
    /// A filter only asks whether a line matches, so names mean nothing.
    #[error("named captures are not allowed: found '<{0}>'")]
    NamedInFilter(String),
}

/// Cuts a pattern into pieces; a `<` that begins no name is literal.
pub fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        if let Some((name, after)) = capture_at(rest) {
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Capture(name.to_owned()));
            rest = after;
        } else {
            literal.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

fn capture_at(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('<')?.split_once('>')?;
    let mut bytes = name.bytes();
    let first = bytes.next()?;
    let valid = (first == b'_' || first.is_ascii_alphabetic()) && bytes.all(|b| b == b'_' || b.is_ascii_alphanumeric());
    valid.then_some((name, after))
}

fn check(pattern: &str) -> Result<Vec<Piece>, PatternError> {
    let pieces = pieces(pattern);
    if pieces.is_empty() {
        return Err(PatternError::Empty);
    }
    for pair in pieces.windows(2) {
        if let [Piece::Capture(first), Piece::Capture(second)] = pair {
            return Err(PatternError::Consecutive(format!("<{first}><{second}>")));
        }
    }
    Ok(pieces)
}

/// Checks the pattern of the `pattern` stage.
///
/// # Errors
/// What Loki refuses, in its words.
pub fn check_parser(pattern: &str) -> Result<Vec<Piece>, PatternError> {
    let pieces = check(pattern)?;
    let mut names: Vec<&str> = Vec::new();
    for piece in &pieces {
        match piece {
            Piece::Capture(name) if name == "_" => {}
            Piece::Capture(name) if names.contains(&name.as_str()) => {
                return Err(PatternError::Duplicate(name.clone()));
            }
            Piece::Capture(name) => names.push(name),
            Piece::Literal(_) => {}
        }
    }
    if names.is_empty() {
        return Err(PatternError::NoCapture);
    }
    Ok(pieces)
}

/// Checks the pattern of a line filter.
///
/// # Errors
/// What Loki refuses, in its words.
pub fn check_filter(pattern: &str) -> Result<Vec<Piece>, PatternError> {
    if pattern.is_empty() {
        return Ok(Vec::new());
    }
    let pieces = check(pattern)?;
    let named = pieces.iter().find_map(|piece| match piece {
        Piece::Capture(name) if name != "_" => Some(name.clone()),
        _ => None,
    });
    match named {
        Some(name) => Err(PatternError::NamedInFilter(name)),
        None => Ok(pieces),
    }
}
