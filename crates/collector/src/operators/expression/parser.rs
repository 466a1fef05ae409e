//! Tokens to a tree, by precedence climbing.

use longshore_goregex::Regex;
use longshore_model::otel::Value;

use super::lexer::{Token, tokens};
use super::{Binary, Function, Node};
use crate::limits::EXPRESSION_DEPTH_MAX;

pub(super) fn parse(text: &str) -> Result<Node, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        depth: 0,
    };
    let node = parser.expression(0)?;
    match parser.tokens.first() {
        None => Ok(node),
        Some(token) => Err(format!("unexpected {} after the expression", shown(token))),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

fn shown(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("'{name}'"),
        Token::Text(text) => format!("text '{text}'"),
        Token::Int(number) => number.to_string(),
        Token::Double(number) => number.to_string(),
        Token::Sign(sign) => format!("'{sign}'"),
    }
}

/// The operator a token stands for, and how strongly it binds.
fn binary(token: &Token) -> Option<(Operation, u8)> {
    use Binary::*;
    let word = match token {
        Token::Name(name) => name.as_str(),
        Token::Sign(sign) => sign,
        _ => return None,
    };
    let (operation, strength) = match word {
        "or" | "||" => (Or, 10),
        "and" | "&&" => (And, 15),
        "==" => (Equal, 20),
        "!=" => (NotEqual, 20),
        "<" => (Less, 20),
        "<=" => (LessOrEqual, 20),
        ">" => (Greater, 20),
        ">=" => (GreaterOrEqual, 20),
        "in" => (In, 20),
        "contains" => (Contains, 20),
        "startsWith" => (StartsWith, 20),
        "endsWith" => (EndsWith, 20),
        "matches" => return Some((Operation::Matches, 20)),
        "+" => (Add, 30),
        "-" => (Subtract, 30),
        "*" => (Multiply, 60),
        "/" => (Divide, 60),
        "??" => (OrElse, 100),
        _ => return None,
    };
    Some((Operation::Binary(operation), strength))
}

enum Operation {
    Binary(Binary),
    Matches,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn accept(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.tokens.first(), Some(Token::Sign(next)) if *next == sign);
        if is_next {
            self.tokens = &self.tokens[1..];
        }
        is_next
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.accept(sign) {
            return Ok(());
        }
        Err(match self.tokens.first() {
            Some(token) => format!("expected '{sign}' before {}", shown(token)),
            None => format!("expected '{sign}' at the end"),
        })
    }

    /// An expression whose operators bind at least so strongly.
    fn expression(&mut self, strength_min: u8) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > EXPRESSION_DEPTH_MAX {
            return Err(format!("nested more than {EXPRESSION_DEPTH_MAX} levels deep"));
        }
        let mut left = self.unary()?;
        loop {
            // `x not in y` and the like.
            let is_negated = matches!(self.tokens, [Token::Name(not), Token::Name(_), ..] if not == "not");
            let at = usize::from(is_negated);
            let Some((operation, strength)) = self.tokens.get(at).and_then(binary) else {
                break;
            };
            if strength < strength_min {
                break;
            }
            self.tokens = &self.tokens[at + 1..];
            let right = self.expression(strength + 1)?;
            left = match operation {
                Operation::Binary(operation) => Node::Binary(operation, Box::new(left), Box::new(right)),
                Operation::Matches => Node::Matches(Box::new(left), Box::new(regex(right)?)),
            };
            if is_negated {
                left = Node::Not(Box::new(left));
            }
        }
        if strength_min == 0 && self.accept("?") {
            let yes = self.expression(0)?;
            self.expect(":")?;
            let no = self.expression(0)?;
            left = Node::Conditional(Box::new([left, yes, no]));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, String> {
        let is_not = matches!(self.tokens.first(), Some(Token::Name(name)) if name == "not");
        if is_not {
            self.tokens = &self.tokens[1..];
        }
        if is_not || self.accept("!") {
            return Ok(Node::Not(Box::new(self.expression(50)?)));
        }
        if self.accept("-") {
            return Ok(Node::Negate(Box::new(self.expression(90)?)));
        }
        let mut node = self.primary()?;
        loop {
            if self.accept(".") || self.accept("?.") {
                let Some(Token::Name(name)) = self.next() else {
                    return Err("expected a name after '.'".to_owned());
                };
                node = Node::Member(Box::new(node), Box::new(Node::Literal(Value::String(name.clone()))));
            } else if self.accept("[") {
                let key = self.expression(0)?;
                self.expect("]")?;
                node = Node::Member(Box::new(node), Box::new(key));
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Result<Node, String> {
        let token = self.next().ok_or("the expression ends too early")?;
        Ok(match token {
            Token::Text(text) => Node::Literal(Value::String(text.clone())),
            Token::Int(number) => Node::Literal(Value::Int(*number)),
            Token::Double(number) => Node::Literal(Value::Double(*number)),
            Token::Sign("(") => {
                let node = self.expression(0)?;
                self.expect(")")?;
                node
            }
            Token::Sign("[") => Node::List(self.list("]")?),
            Token::Sign(sign) => return Err(format!("unexpected '{sign}'")),
            Token::Name(name) if self.accept("(") => Node::Call(function(name)?, self.arguments(name)?),
            Token::Name(name) => match name.as_str() {
                "true" => Node::Literal(Value::Bool(true)),
                "false" => Node::Literal(Value::Bool(false)),
                "nil" => Node::Literal(Value::Empty),
                "body" | "$body" | "$" | "$record" => Node::Body,
                "attributes" => Node::Attributes,
                "resource" => Node::Resource,
                other => {
                    return Err(format!(
                        "unknown name '{other}'; there are body, attributes and resource"
                    ));
                }
            },
        })
    }

    fn arguments(&mut self, name: &str) -> Result<Vec<Node>, String> {
        let arguments = self.list(")")?;
        match arguments.len() {
            1 => Ok(arguments),
            count => Err(format!("{name}() takes one value, not {count}")),
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Node>, String> {
        let mut items = Vec::new();
        while !self.accept(end) {
            items.push(self.expression(0)?);
            if !self.accept(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }
}

fn regex(pattern: Node) -> Result<Regex, String> {
    match pattern {
        Node::Literal(Value::String(text)) => Regex::new(&text).map_err(|error| error.to_string()),
        _ => Err("matches needs a regular expression in quotes".to_owned()),
    }
}

fn function(name: &str) -> Result<Function, String> {
    Ok(match name {
        "type" => Function::Type,
        "len" => Function::Length,
        "lower" => Function::Lower,
        "upper" => Function::Upper,
        "trim" => Function::Trim,
        "string" => Function::Text,
        "int" => Function::Whole,
        other => {
            return Err(format!(
                "unknown function '{other}'; there are type, len, lower, upper, trim, string, int"
            ));
        }
    })
}
