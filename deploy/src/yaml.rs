//! Values as YAML documents that kubectl and every other YAML 1.1 or 1.2 reader take alike.
//!
//! Invariants:
//! * The same values give the same text, byte for byte.
//! * A text stays a text: `yes`, `0x1f`, `1e3` and their like are quoted.
//! * A text of several lines is a block that can be read and compared line by line.

use serde::Serialize;
use serde_saphyr::ser_options;

/// Blanks a level.
const INDENT: usize = 2;

/// One document, without the line that separates it from others.
pub(crate) fn document(value: &impl Serialize) -> String {
    let options = ser_options! {
        indent_step: INDENT,
        compact_list_indent: true,
        prefer_block_scalars: true,
        // Folding would wrap long lines of the files inside ConfigMaps, which nobody could compare with the files.
        folded_wrap_chars: usize::MAX,
    };
    serde_saphyr::to_string_with_options(value, options).expect("trees of texts, numbers and maps can be written")
}

#[cfg(test)]
mod tests;
