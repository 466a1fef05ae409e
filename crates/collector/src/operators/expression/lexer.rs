//! Text to tokens.

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    Int(i64),
    Double(f64),
    Sign(&'static str),
}

/// Longer ones first, so that `<=` is not read as `<`.
const SIGNS: [&str; 26] = [
    "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "<", ">", "!", "+", "-", "*", "/", "(", ")", "[", "]", ".", ",",
    "?", ":", "{", "}", "|",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first.is_alphabetic() || first == '_' || first == '$' {
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
                .unwrap_or(rest.len());
            tokens.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        } else if first.is_ascii_digit() {
            let end = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
                .unwrap_or(rest.len());
            tokens.push(number(&rest[..end])?);
            rest = &rest[end..];
        } else if matches!(first, '"' | '\'' | '`') {
            let (text, length) = string(rest, first)?;
            tokens.push(Token::Text(text));
            rest = &rest[length..];
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("unexpected '{first}'"))?;
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        }
    }
    Ok(tokens)
}

fn number(text: &str) -> Result<Token, String> {
    let digits = text.replace('_', "");
    let int = digits.parse().map(Token::Int).ok();
    int.or_else(|| digits.parse().map(Token::Double).ok())
        .ok_or_else(|| format!("'{text}' is no number"))
}

/// A quoted text and how many bytes it takes; backticks know no escapes.
fn string(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return Ok((value, at + 1));
        }
        if character != '\\' || quote == '`' {
            value.push(character);
            continue;
        }
        let (_, escaped) = characters.next().ok_or("text ends after a backslash")?;
        value.push(match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '\\' | '"' | '\'' | '`' => escaped,
            'x' | 'u' => {
                let length = if escaped == 'x' { 2 } else { 4 };
                let digits: String = characters.by_ref().take(length).map(|(_, digit)| digit).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                code.ok_or_else(|| format!("\\{escaped}{digits} is no character"))?
            }
            other => return Err(format!("unknown escape \\{other}; write \\\\{other} for a backslash")),
        });
    }
    Err(format!("text that begins with {quote} has no end"))
}
