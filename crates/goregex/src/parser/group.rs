//! `(?...)`: named groups, groups that do not capture, and switches.
//!
//! Source: Go's `regexp/syntax` package documentation, "Grouping".

use super::{Flags, Parser};
use crate::error::{Error, ErrorKind};

impl Parser<'_> {
    /// Reads from `(?` to the end of the group's head.
    pub(super) fn parse_perl_group(&mut self) -> Result<(), Error> {
        let text = self.rest;
        let name_start = if text.starts_with("(?P<") && text.len() > 4 {
            4
        } else if text.starts_with("(?<") && text.len() > 3 {
            3
        } else {
            return self.parse_flags();
        };
        let end = text
            .find('>')
            .ok_or_else(|| Error::new(ErrorKind::InvalidNamedCapture, text))?;
        let name = text.get(name_start..end).unwrap_or("");
        if name.is_empty() || !name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
            return Err(Error::new(ErrorKind::InvalidNamedCapture, &text[..=end]));
        }
        self.rest = &text[end + 1..];
        self.open_group(Some(Some(name)))
    }

    fn parse_flags(&mut self) -> Result<(), Error> {
        let text = self.rest;
        let mut flags = self.flags;
        let mut value = true;
        let mut saw_flag = false;
        for (offset, character) in text.char_indices().skip(2) {
            let after = offset + character.len_utf8();
            match (character, set_flag(&mut flags, character, value)) {
                (_, true) => saw_flag = true,
                ('-', _) if value => (value, saw_flag) = (false, false),
                (':' | ')', _) if value || saw_flag => {
                    self.rest = &text[after..];
                    if character == ':' {
                        self.open_group(None)?;
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => return Err(Error::new(ErrorKind::InvalidPerlOp, &text[..after])),
            }
        }
        Err(Error::new(ErrorKind::InvalidPerlOp, text))
    }
}

/// Whether the letter names a switch; sets it if so.
fn set_flag(flags: &mut Flags, letter: char, value: bool) -> bool {
    let flag = match letter {
        'i' => &mut flags.fold_case,
        'm' => &mut flags.multi_line,
        's' => &mut flags.dot_matches_newline,
        'U' => &mut flags.swap_greed,
        _ => return false,
    };
    *flag = value;
    true
}
