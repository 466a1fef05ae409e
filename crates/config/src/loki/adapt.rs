//! Keys at places where Loki does not take them, moved to where it does.
//!
//! Invariant: a key moves only where its meaning is plain, and each move is reported once, with the right place.

use longshore_model::ByteSize;

use crate::decode::{Report, join_path};
use crate::yaml::{Kind, Node, Pair};

/// A key that people write at wrong places.
struct Misplaced {
    /// As it is written.
    key: &'static str,
    /// Sections where it is found; empty for the top.
    found_in: &'static [&'static str],
    /// Where Loki takes it.
    section: &'static str,
    /// What Loki calls it.
    right_key: &'static str,
}

const MISPLACED: [Misplaced; 13] = [
    misplaced(
        "retention_period",
        RETENTION_PLACES,
        "limits_config",
        "retention_period",
    ),
    misplaced(
        "retention_stream",
        RETENTION_PLACES,
        "limits_config",
        "retention_stream",
    ),
    misplaced(
        "retention_enabled",
        &["", "limits_config", "ingester"],
        "compactor",
        "retention_enabled",
    ),
    misplaced(
        "max_chunk_size",
        &["ingester", "", "chunk_store_config"],
        "ingester",
        "chunk_target_size",
    ),
    misplaced("chunk_target_size", CHUNK_PLACES, "ingester", "chunk_target_size"),
    misplaced("chunk_block_size", CHUNK_PLACES, "ingester", "chunk_block_size"),
    misplaced("chunk_idle_period", CHUNK_PLACES, "ingester", "chunk_idle_period"),
    misplaced("max_chunk_age", CHUNK_PLACES, "ingester", "max_chunk_age"),
    misplaced("max_chunk_idle", &["ingester", ""], "ingester", "chunk_idle_period"),
    misplaced("chunk_encoding", CHUNK_PLACES, "ingester", "chunk_encoding"),
    misplaced(
        "compression",
        &["ingester", "", "chunk_store_config", "storage_config"],
        "ingester",
        "chunk_encoding",
    ),
    misplaced("path_prefix", &[""], "common", "path_prefix"),
    misplaced("http_listen_port", &["", "common"], "server", "http_listen_port"),
];

const RETENTION_PLACES: &[&str] = &[
    "",
    "compactor",
    "ingester",
    "table_manager",
    "chunk_store_config",
    "storage_config",
];
const CHUNK_PLACES: &[&str] = &["", "chunk_store_config", "storage_config", "limits_config"];

const fn misplaced(
    key: &'static str,
    found_in: &'static [&'static str],
    section: &'static str,
    right_key: &'static str,
) -> Misplaced {
    Misplaced {
        key,
        found_in,
        section,
        right_key,
    }
}

/// Moves what can be moved without guessing.
pub(super) fn adapt(tree: &mut Node, report: &Report) {
    for rule in &MISPLACED {
        for place in rule.found_in {
            let Some(pair) = take(tree, place, rule.key).filter(|pair| !is_nothing(place, &pair.value)) else {
                continue;
            };
            let from = join_path(place, rule.key);
            let to = join_path(rule.section, rule.right_key);
            let value = whole_bytes(pair.value, rule.right_key);
            let shown = match &value.kind {
                Kind::Scalar(scalar) => scalar.text.clone(),
                _ => "...".to_owned(),
            };
            if tree
                .get(rule.section)
                .and_then(|section| section.get(rule.right_key))
                .is_some()
            {
                let message = format!("'{from}' is no key of Loki's, and {to} is given besides");
                report.error(pair.line, &from, message, format!("keep {to}"));
                continue;
            }
            let message = format!("'{from}' is no key of Loki's, which refuses it; here it is taken as {to}");
            let fix = format!("write\n{}:\n  {}: {shown}", rule.section, rule.right_key);
            report.warn(pair.line, &from, message, fix);
            insert(
                tree,
                rule.section,
                Pair {
                    key: rule.right_key.to_owned(),
                    line: pair.line,
                    value,
                },
            );
        }
    }
    warn_of_size_texts(tree, report);
}

/// What Loki prints in `table_manager` when there is no period.
fn is_nothing(place: &str, value: &Node) -> bool {
    let is_zero = matches!(&value.kind, Kind::Scalar(scalar) if scalar.text == "0s" || scalar.text == "0");
    place == "table_manager" && is_zero
}

/// Takes a key out of a section.
fn take(tree: &mut Node, section: &str, key: &str) -> Option<Pair> {
    let pairs = if section.is_empty() {
        tree.pairs_mut()?
    } else {
        let section = tree.pairs_mut()?.iter_mut().find(|pair| pair.key == section)?;
        section.value.pairs_mut()?
    };
    let index = pairs.iter().position(|pair| pair.key == key)?;
    let taken = pairs.remove(index);
    let is_empty = |pair: &Pair| pair.key == section && pair.value.pairs().is_some_and(<[Pair]>::is_empty);
    tree.pairs_mut()?.retain(|pair| !is_empty(pair));
    Some(taken)
}

fn insert(tree: &mut Node, section: &str, pair: Pair) {
    let Some(pairs) = tree.pairs_mut() else { return };
    if !pairs.iter().any(|pair| pair.key == section) {
        pairs.push(Pair {
            key: section.to_owned(),
            line: pair.line,
            value: Node::map(Vec::new()).at_line(pair.line),
        });
    }
    let section = pairs.iter_mut().find(|pair| pair.key == section);
    if let Some(pairs) = section.and_then(|section| section.value.pairs_mut()) {
        pairs.push(pair);
    }
}

/// `2MB` as `2097152` for the keys where Loki takes digits only.
fn whole_bytes(value: Node, key: &str) -> Node {
    if !DIGITS_ONLY.contains(&key) {
        return value;
    }
    let line = value.line;
    match bytes_of_size_text(&value) {
        Some(bytes) => Node::plain(bytes.to_string()).at_line(line),
        None => value,
    }
}

const DIGITS_ONLY: [&str; 2] = ["chunk_target_size", "chunk_block_size"];

/// The bytes of a size that is not digits only.
fn bytes_of_size_text(value: &Node) -> Option<u64> {
    let Kind::Scalar(scalar) = &value.kind else { return None };
    let has_unit = scalar.text.contains(|c: char| c.is_ascii_alphabetic());
    has_unit
        .then(|| scalar.text.parse::<ByteSize>().ok())
        .flatten()
        .map(|size| size.0)
}

/// `ingester.chunk_target_size: 2MB` is understood here and refused by Loki.
fn warn_of_size_texts(tree: &mut Node, report: &Report) {
    let ingester = tree
        .pairs_mut()
        .and_then(|pairs| pairs.iter_mut().find(|pair| pair.key == "ingester"));
    let Some(pairs) = ingester.and_then(|pair| pair.value.pairs_mut()) else {
        return;
    };
    for pair in pairs.iter_mut().filter(|pair| DIGITS_ONLY.contains(&pair.key.as_str())) {
        if let Some(bytes) = bytes_of_size_text(&pair.value) {
            let path = join_path("ingester", &pair.key);
            report.warn(
                pair.line,
                &path,
                "Loki takes digits only here",
                format!("write {}: {bytes}", pair.key),
            );
            pair.value = Node::plain(bytes.to_string()).at_line(pair.line);
        }
    }
}
