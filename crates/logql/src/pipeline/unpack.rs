//! `| unpack`: lines that Promtail's `pack` stage made: labels and, as `_entry`, the line itself.

use std::borrow::Cow;

use super::LabelState;
use super::json::{Mistake, Scanner, Value, unescape};
use super::labels::{JSON_ERROR, append_as_label};

const ENTRY_KEY: &str = "_entry";

/// Takes a packed line apart. A line without an entry was not packed and stays as it is, without labels.
pub(super) fn run(labels: &mut LabelState, line: &mut Cow<'_, [u8]>) {
    if line.is_empty() {
        return;
    }
    if line[0] != b'{' {
        labels.set_error(JSON_ERROR, "expecting json object(6), but it is not");
        return;
    }
    match unpacked(labels, line) {
        Ok(Some(entry)) => *line = Cow::Owned(entry.into_bytes()),
        Ok(None) => {}
        Err(mistake) => labels.set_error(JSON_ERROR, mistake.text()),
    }
}

fn unpacked(labels: &mut LabelState, line: &[u8]) -> Result<Option<String>, Mistake> {
    let mut scanner = Scanner::new(line);
    scanner.open_object()?;
    let mut first = true;
    let mut entry = None;
    let mut packed = Vec::new();
    while let Some(key) = scanner.next_key(&mut first)? {
        let Value::String(raw) = scanner.value()? else {
            continue;
        };
        if key == ENTRY_KEY {
            entry = Some(unescape(raw).into_owned());
        } else {
            packed.push((key, raw));
        }
    }
    if entry.is_some() {
        let mut name = String::new();
        for (key, raw) in packed {
            name.clear();
            if key.starts_with(|first: char| first.is_ascii_digit()) {
                name.push('_');
            }
            append_as_label(&mut name, &key);
            labels.set_parsed(&name, &unescape(raw));
        }
    }
    Ok(entry)
}
