//! The text of a template to tokens.
//!
//! Invariant: a mistake is a token of its own and the last one, so what stands before it is judged first.

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// Byte at which it begins.
    pub(super) at: usize,
    /// As it stands; of a mistake what is wrong.
    pub(super) text: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mistake(Mistake),
    Text,
    Left,
    Right,
    Space,
    Assign,
    Declare,
    Pipe,
    Open,
    Close,
    Character,
    Bool,
    CharConstant,
    Dot,
    Field,
    Identifier,
    Keyword,
    Nil,
    Number,
    RawString,
    String,
    Variable,
    End,
}

/// What can be wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    UnclosedAction,
    UnclosedComment,
    CommentNotClosedByDelimiter,
    UnclosedParenthesis,
    UnexpectedParenthesis,
    UnterminatedString,
    UnterminatedRawString,
    UnterminatedCharacter,
    ExpectedDeclare,
    BadNumber,
    BadCharacter,
    UnknownCharacter,
}

impl Mistake {
    /// Go's words for it; `text` is what is at fault.
    pub(super) fn message(self, text: &str) -> String {
        let named = |what: &str| {
            let character = text.chars().next().unwrap_or('\0');
            format!("{what}U+{:04X} '{character}'", u32::from(character))
        };
        match self {
            Self::UnclosedAction => "unclosed action".to_owned(),
            Self::UnclosedComment => "unclosed comment".to_owned(),
            Self::CommentNotClosedByDelimiter => "comment ends before closing delimiter".to_owned(),
            Self::UnclosedParenthesis => "unclosed left paren".to_owned(),
            Self::UnexpectedParenthesis => "unexpected right paren".to_owned(),
            Self::UnterminatedString => "unterminated quoted string".to_owned(),
            Self::UnterminatedRawString => "unterminated raw quoted string".to_owned(),
            Self::UnterminatedCharacter => "unterminated character constant".to_owned(),
            Self::ExpectedDeclare => "expected :=".to_owned(),
            Self::BadNumber => format!("bad number syntax: {}", longshore_model::quote_label_value(text)),
            Self::BadCharacter => named("bad character "),
            Self::UnknownCharacter => named("unrecognized character in action: "),
        }
    }
}

const KEYWORDS: [&str; 10] = [
    "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with",
];

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    open: usize,
    tokens: Vec<Token<'a>>,
}

/// Cuts a template into tokens; the last is the end or a mistake.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        text,
        at: 0,
        open: 0,
        tokens: Vec::new(),
    };
    while lexer.text_then_action() {}
    lexer.tokens
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, kind: Kind, length: usize) {
        let text = &self.rest()[..length];
        self.tokens.push(Token {
            kind,
            at: self.at,
            text,
        });
        self.at += length;
    }

    /// Ends the work with a mistake in the next `length` bytes.
    fn fail(&mut self, mistake: Mistake, length: usize) -> bool {
        self.take(Kind::Mistake(mistake), length);
        false
    }

    /// Reads text up to an action, and the action; false at the end.
    fn text_then_action(&mut self) -> bool {
        let Some(found) = self.rest().find("{{") else {
            if !self.rest().is_empty() {
                self.take(Kind::Text, self.rest().len());
            }
            self.take(Kind::End, 0);
            return false;
        };
        let marked = self.rest()[found + 2..].starts_with('-')
            && self.rest()[found + 3..].starts_with(|c: char| c.is_ascii_whitespace());
        let text = &self.rest()[..found];
        let kept = if marked {
            text.trim_end_matches(|c: char| c.is_ascii_whitespace()).len()
        } else {
            found
        };
        if kept > 0 {
            self.take(Kind::Text, kept);
        }
        self.at += found - kept;
        let after = if marked { 4 } else { 2 };
        if self.rest()[after..].starts_with("/*") {
            self.at += after;
            return self.comment();
        }
        self.take(Kind::Left, 2);
        self.at += after - 2;
        self.open = 0;
        while !self.at_right() {
            if !self.inside() {
                return false;
            }
        }
        if self.open > 0 {
            return self.fail(Mistake::UnclosedParenthesis, 0);
        }
        self.right();
        true
    }

    /// Whether the closing delimiter is next, with or without its mark for trimming.
    fn at_right(&self) -> bool {
        self.rest().starts_with("}}") || self.at_marked_right()
    }

    fn at_marked_right(&self) -> bool {
        let mut chars = self.rest().chars();
        chars.next().is_some_and(|c| c.is_ascii_whitespace()) && chars.as_str().starts_with("-}}")
    }

    fn right(&mut self) {
        let marked = self.at_marked_right();
        if marked {
            self.at += 2;
        }
        self.take(Kind::Right, 2);
        if marked {
            self.skip_blanks();
        }
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_whitespace()).len();
    }

    fn comment(&mut self) -> bool {
        let Some(end) = self.rest().find("*/") else {
            return self.fail(Mistake::UnclosedComment, 0);
        };
        self.at += end + 2;
        let marked = self.at_marked_right();
        if !self.at_right() {
            return self.fail(Mistake::CommentNotClosedByDelimiter, 0);
        }
        self.at += if marked { 4 } else { 2 };
        if marked {
            self.skip_blanks();
        }
        true
    }

    /// Reads one token inside an action.
    fn inside(&mut self) -> bool {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return self.fail(Mistake::UnclosedAction, 0);
        };
        let second = rest[first.len_utf8()..].chars().next();
        match first {
            c if c.is_ascii_whitespace() => {
                let all = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_whitespace()).len();
                // The blank before `-}}` belongs to the delimiter.
                let length = if rest[all..].starts_with("-}}") { all - 1 } else { all };
                self.take(Kind::Space, length);
                true
            }
            '=' => self.plain(Kind::Assign, 1),
            ':' if second == Some('=') => self.plain(Kind::Declare, 2),
            ':' => self.fail(Mistake::ExpectedDeclare, 1),
            '|' => self.plain(Kind::Pipe, 1),
            '"' => self.quoted('"', Kind::String, Mistake::UnterminatedString),
            '\'' => self.quoted('\'', Kind::CharConstant, Mistake::UnterminatedCharacter),
            '`' => match rest[1..].find('`') {
                Some(end) => self.plain(Kind::RawString, end + 2),
                None => self.fail(Mistake::UnterminatedRawString, 0),
            },
            '$' => self.name(Kind::Variable),
            '.' if !second.is_some_and(|c| c.is_ascii_digit()) => self.name(Kind::Field),
            '.' | '+' | '-' | '0'..='9' => self.number(),
            c if is_word(c) => self.word(),
            '(' => {
                self.open += 1;
                self.plain(Kind::Open, 1)
            }
            ')' if self.open == 0 => self.fail(Mistake::UnexpectedParenthesis, 0),
            ')' => {
                self.open -= 1;
                self.plain(Kind::Close, 1)
            }
            c if c.is_ascii_graphic() => self.plain(Kind::Character, 1),
            c => self.fail(Mistake::UnknownCharacter, c.len_utf8()),
        }
    }

    fn plain(&mut self, kind: Kind, length: usize) -> bool {
        self.take(kind, length);
        true
    }

    fn quoted(&mut self, quote: char, kind: Kind, mistake: Mistake) -> bool {
        let mut escaped = false;
        for (index, character) in self.rest().char_indices().skip(1) {
            match character {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => return self.plain(kind, index + 1),
                _ => {}
            }
        }
        self.fail(mistake, 0)
    }

    /// `.field`, `$variable`, or the bare dot and dollar.
    fn name(&mut self, kind: Kind) -> bool {
        let rest = self.rest();
        let length = 1 + rest[1..].find(|c: char| !is_word(c)).unwrap_or(rest.len() - 1);
        let kind = if length == 1 && kind == Kind::Field {
            Kind::Dot
        } else {
            kind
        };
        self.terminated(kind, length)
    }

    fn word(&mut self) -> bool {
        let rest = self.rest();
        let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let kind = match &rest[..length] {
            "true" | "false" => Kind::Bool,
            "nil" => Kind::Nil,
            word if KEYWORDS.contains(&word) => Kind::Keyword,
            _ => Kind::Identifier,
        };
        self.terminated(kind, length)
    }

    /// Takes a word if what follows may follow a word.
    fn terminated(&mut self, kind: Kind, length: usize) -> bool {
        let after = &self.rest()[length..];
        match after.chars().next() {
            None => {}
            Some(c) if c.is_ascii_whitespace() || ".,|:()".contains(c) => {}
            Some(_) if after.starts_with("}}") => {}
            Some(c) => {
                self.at += length;
                return self.fail(Mistake::BadCharacter, c.len_utf8());
            }
        }
        self.plain(kind, length)
    }

    fn number(&mut self) -> bool {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut end = usize::from(matches!(bytes[0], b'+' | b'-'));
        let hexadecimal = matches!(bytes.get(end..end + 2), Some([b'0', b'x' | b'X']));
        let based = hexadecimal || matches!(bytes.get(end..end + 2), Some([b'0', b'o' | b'O' | b'b' | b'B']));
        if based {
            end += 2;
        }
        let digits = |from: usize| {
            let belongs = |b: &&u8| if hexadecimal { b.is_ascii_hexdigit() } else { b.is_ascii_digit() } || **b == b'_';
            from + bytes[from..].iter().take_while(belongs).count()
        };
        end = digits(end);
        if bytes.get(end) == Some(&b'.') {
            end = digits(end + 1);
        }
        let exponent = if hexadecimal { b"pP" } else { b"eE" };
        if bytes.get(end).is_some_and(|b| exponent.contains(b)) {
            end += 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            end += bytes[end..].iter().take_while(|b| b.is_ascii_digit()).count();
        }
        match rest[end..].chars().next() {
            Some(next) if is_word(next) => self.fail(Mistake::BadNumber, end + next.len_utf8()),
            _ => self.plain(Kind::Number, end),
        }
    }
}
