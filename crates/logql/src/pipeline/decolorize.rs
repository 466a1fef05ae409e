//! `| decolorize`: escape sequences of terminals taken out.

use std::borrow::Cow;
use std::sync::LazyLock;

use longshore_goregex::Regex;
use memchr::memchr2;

/// Begins a sequence: the escape character, or the second byte of U+009B, which is both in one.
const ESCAPE: u8 = 0x1b;
const CONTROL_SECOND_BYTE: u8 = 0x9b;

/// An introducer, then either a command of the window (`]0;title`, ended by a bell) or numbers and one final character.
static SEQUENCE: LazyLock<Regex> = LazyLock::new(|| {
    let introducer = "[\u{1b}\u{9b}][\\[\\]()#;?]*";
    let command = "(?:[a-zA-Z0-9]*(?:;[a-zA-Z0-9]*)*)?\u{7}";
    let control = "(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-PRZcf-ntqry=><~]";
    Regex::new(&format!("{introducer}(?:(?:{command})|(?:{control}))"))
        .expect("the expression is a constant that compiles")
});

/// Takes the sequences out.
pub(super) fn run(line: &mut Cow<'_, [u8]>) {
    if memchr2(ESCAPE, CONTROL_SECOND_BYTE, line).is_none() {
        return;
    }
    let mut plain = Vec::with_capacity(line.len());
    let mut from = 0;
    while let Some(range) = SEQUENCE.find(line, from) {
        plain.extend_from_slice(&line[from..range.start]);
        from = range.end;
    }
    plain.extend_from_slice(&line[from..]);
    *line = Cow::Owned(plain);
}
