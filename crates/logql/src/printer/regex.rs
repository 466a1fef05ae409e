//! Which label filters Loki prints between backticks: those whose expression it could not replace by plain searches.

/// Whether an expression is more than texts, `.*` and `.+` and choices between these.
pub(super) fn is_complex(expression: &str) -> bool {
    let expression = expression.strip_prefix("(?i)").unwrap_or(expression);
    let bare = expression
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(expression);
    bare.split('|').any(|choice| !is_simple_choice(choice))
}

fn is_simple_choice(choice: &str) -> bool {
    if matches!(choice, "" | ".*" | ".+") {
        return true;
    }
    let any = |text: &str| text.starts_with(".*") || text.starts_with(".+");
    let start = if any(choice) { &choice[2..] } else { choice };
    let literal = start
        .strip_suffix(".*")
        .or_else(|| start.strip_suffix(".+"))
        .unwrap_or(start);
    let mut characters = literal.chars();
    let mut count = 0;
    while let Some(character) = characters.next() {
        count += 1;
        match character {
            '\\' => match characters.next() {
                Some(escaped) if escaped.is_ascii_punctuation() => {}
                _ => return false,
            },
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => return false,
            _ => {}
        }
    }
    count > 0
}
