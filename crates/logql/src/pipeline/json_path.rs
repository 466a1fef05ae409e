//! `a.b[0]["c d"]`: where in a JSON text a value is.

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The value of a key.
    Key(String),
    /// An element of an array, from 0.
    Index(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Field(String),
    String(String),
    Index(usize),
    Dot,
    Open,
    Close,
    End,
}

impl Token {
    fn name(&self) -> &'static str {
        match self {
            Self::Field(_) => "FIELD",
            Self::String(_) => "STRING",
            Self::Index(_) => "INDEX",
            Self::Dot => "DOT",
            Self::Open => "LSB",
            Self::Close => "RSB",
            Self::End => "$end",
        }
    }
}

/// Reads a path.
///
/// # Errors
/// The whole message, in Loki's words.
pub(super) fn parse(expression: &str) -> Result<Vec<Step>, String> {
    let refuse = |token: &Token, expected: &str| {
        let expecting = if expected.is_empty() {
            String::new()
        } else {
            format!(", expecting {expected}")
        };
        format!(
            "cannot parse expression [{expression}]: syntax error: unexpected {}{expecting}",
            token.name()
        )
    };
    let tokens = tokens(expression).ok_or_else(|| format!("cannot parse expression [{expression}]: invalid token"))?;
    let mut tokens = tokens.iter();
    let mut next = move || tokens.next().unwrap_or(&Token::End);
    let mut steps = Vec::new();
    let mut token = next();
    loop {
        match token {
            Token::End if !steps.is_empty() => return Ok(steps),
            Token::Field(name) if steps.is_empty() => steps.push(Step::Key(name.clone())),
            Token::Dot if !steps.is_empty() => match next() {
                Token::Field(name) => steps.push(Step::Key(name.clone())),
                other => return Err(refuse(other, "FIELD")),
            },
            Token::Open => {
                match next() {
                    Token::String(key) => steps.push(Step::Key(key.clone())),
                    Token::Index(index) => steps.push(Step::Index(*index)),
                    other => return Err(refuse(other, "STRING or INDEX")),
                }
                match next() {
                    Token::Close => {}
                    other => return Err(refuse(other, "RSB")),
                }
            }
            other if steps.is_empty() => return Err(refuse(other, "LSB or FIELD")),
            other => return Err(refuse(other, "")),
        }
        token = next();
    }
}

fn tokens(expression: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '.' => tokens.push(Token::Dot),
            '[' => tokens.push(Token::Open),
            ']' => tokens.push(Token::Close),
            ' ' | '\t' | '\n' => {}
            '"' => {
                let body = &rest[1..];
                let end = body.find('"')?;
                tokens.push(Token::String(body[..end].to_owned()));
                length = end + 2;
            }
            '0'..='9' => {
                length = rest.bytes().take_while(u8::is_ascii_digit).count();
                tokens.push(Token::Index(rest[..length].parse().ok()?));
            }
            c if c == '_' || c.is_ascii_alphabetic() => {
                let belongs = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
                length = rest.bytes().take_while(|b| belongs(b)).count();
                tokens.push(Token::Field(rest[..length].to_owned()));
            }
            _ => return None,
        }
        rest = &rest[length..];
    }
    Some(tokens)
}
