//! Labels of the line being worked on, by where they come from.
//!
//! Invariant: a name stands once among stream labels, structured metadata and parsed labels together: what would
//! clash is renamed `<name>_extracted`, so the stream's own labels always keep their names.

mod parsed;

use std::borrow::Cow;
use std::cell::Cell;
use std::hash::BuildHasher;

use longshore_model::{ByteSize, Labels};

use crate::limits::LABELS_BYTES_MAX;
use parsed::{Full, Parsed};

/// The label that says which kind of error a line met.
pub(crate) const ERROR_LABEL: &str = "__error__";
/// The label that says more about it.
pub(crate) const ERROR_DETAILS_LABEL: &str = "__error_details__";
/// What is put behind a name that the stream has already.
pub(super) const CLASH_SUFFIX: &str = "_extracted";

/// Whether a label says what went wrong with a line.
pub(super) fn is_error_label(name: &str) -> bool {
    matches!(name, ERROR_LABEL | ERROR_DETAILS_LABEL)
}

/// The error of a line that `json` or `unpack` could not read.
pub(super) const JSON_ERROR: &str = "JSONParserErr";
/// The error of a line that `logfmt` could not read.
pub(super) const LOGFMT_ERROR: &str = "LogfmtParserErr";

/// The error of a line whose labels are too many to hold.
const LABELS_ERROR: &str = "LabelsErr";

/// So many names are compared one by one, which is faster than to search them.
const SEARCHED_NAMES_MAX: usize = 16;

/// Whether the kind of error is that of a parser.
pub(crate) fn is_parser_error(kind: &str) -> bool {
    matches!(kind, JSON_ERROR | LOGFMT_ERROR)
}

/// Whether a key can be a label's name as it is.
pub(super) fn is_label_name(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !key.starts_with(|c: char| c.is_ascii_digit())
}

/// Appends a key to a label's name, what is not allowed in names replaced by `_`.
pub(super) fn append_as_label(name: &mut String, key: &str) {
    if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        name.push_str(key);
        return;
    }
    name.extend(
        key.chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }),
    );
}

/// Labels of a line after the pipeline, by where they came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ResultLabels {
    /// Labels that name its stream.
    pub stream: Labels,
    /// Structured metadata it was stored with.
    pub structured_metadata: Labels,
    /// What stages added, errors included.
    pub parsed: Labels,
}

impl ResultLabels {
    /// All of them as one set, which is how results name streams unless a client asks for categories.
    pub fn merged(&self) -> Labels {
        self.stream.merged(&self.structured_metadata).merged(&self.parsed)
    }
}

/// Structured metadata with names that the stream has too renamed.
pub(crate) fn without_clashes<'a>(stream: &Labels, metadata: &'a Labels) -> Cow<'a, Labels> {
    if metadata.iter().all(|(name, _)| stream.get(name).is_none()) {
        return Cow::Borrowed(metadata);
    }
    let renamed = metadata.iter().map(|(name, value)| match stream.get(name) {
        Some(_) => (format!("{name}{CLASH_SUFFIX}"), value.to_owned()),
        None => (name.to_owned(), value.to_owned()),
    });
    Cow::Owned(renamed.collect())
}

/// When a line was written, and when the query is run; nanoseconds since 1970.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment {
    pub(crate) timestamp_ns: i64,
    pub(crate) now_ns: i64,
}

/// Labels of the line being worked on; one value serves all lines of a query one after another.
#[derive(Debug, Default)]
pub(crate) struct LabelState {
    stream: Labels,
    metadata: Labels,
    parsed: Parsed,
    /// Stream labels and structured metadata that `drop` or `keep` took away.
    removed: Vec<String>,
    error: Option<Cow<'static, str>>,
    error_details: String,
    /// Names that anything looks at; `None` means all.
    wanted: Option<Wanted>,
    /// So many of these, from the first, are known to be there.
    wanted_found: usize,
    /// Whether the stream or the metadata has any of these; if none, no look at them is needed.
    has_stored: bool,
    moment: Moment,
    /// What templates have worked with for the line.
    template_bytes: Cell<usize>,
}

/// Names of labels that anything looks at.
#[derive(Debug)]
struct Wanted {
    /// Sorted.
    names: Vec<String>,
    /// Whether a name begins with the byte: most fields are passed over by their first.
    first_bytes: [bool; 256],
}

impl LabelState {
    /// A state that need not remember parsed labels other than these, because nothing looks at them.
    pub(crate) fn wanting(names: Option<Vec<String>>) -> Self {
        let wanted = |mut names: Vec<String>| {
            // `x_extracted` may come of a field called `x`.
            let bases: Vec<String> = names
                .iter()
                .filter_map(|name| name.strip_suffix(CLASH_SUFFIX).map(str::to_owned))
                .collect();
            names.extend(bases);
            // Whether all are there is told by their number.
            names.sort_unstable();
            names.dedup();
            let mut first_bytes = [false; 256];
            for byte in names.iter().filter_map(|name| name.bytes().next()) {
                first_bytes[usize::from(byte)] = true;
            }
            Wanted { names, first_bytes }
        };
        Self {
            wanted: names.map(wanted),
            ..Self::default()
        }
    }

    /// Names of the labels that anything looks at, and of those that may come to be called so; `None` for all.
    pub(crate) fn names_wanted(&self) -> Option<Vec<String>> {
        Some(self.wanted.as_ref()?.names.clone())
    }

    /// Starts on a line with these labels.
    pub(crate) fn begin(&mut self, stream: &Labels, metadata: &Labels) {
        self.stream = stream.clone();
        self.metadata = metadata.clone();
        let stored = |name: &String| stream.get(name).is_some() || metadata.get(name).is_some();
        self.has_stored = (self.wanted.as_ref()).is_none_or(|wanted| wanted.names.iter().any(stored));
        self.begin_same();
    }

    /// The value of a label that was stored with the line.
    fn get_stored(&self, name: &str) -> Option<&str> {
        if !self.has_stored {
            return None;
        }
        self.metadata.get(name).or_else(|| self.stream.get(name))
    }

    /// Starts on a line with the labels of the one before.
    pub(crate) fn begin_same(&mut self) {
        self.parsed.clear();
        self.wanted_found = 0;
        self.removed.clear();
        self.error = None;
        self.error_details.clear();
        self.template_bytes.set(0);
    }

    /// What templates have worked with for the line, bytes; they count it there.
    pub(crate) fn template_bytes(&self) -> &Cell<usize> {
        &self.template_bytes
    }

    /// Says when the line was written.
    pub(crate) fn set_moment(&mut self, moment: Moment) {
        self.moment = moment;
    }

    pub(crate) fn moment(&self) -> Moment {
        self.moment
    }

    /// Value of a label; errors are labels too.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        match name {
            ERROR_LABEL => return self.error.as_deref(),
            ERROR_DETAILS_LABEL => return Some(self.error_details.as_str()).filter(|text| !text.is_empty()),
            _ => {}
        }
        if let Some(value) = self.parsed.get(name) {
            return Some(value);
        }
        if self.is_removed(name) {
            return None;
        }
        self.get_stored(name)
    }

    fn is_removed(&self, name: &str) -> bool {
        !self.removed.is_empty() && self.removed.iter().any(|removed| removed == name)
    }

    /// Whether anything looks at a label that a parser may find, or with `prefix` at one whose name begins so.
    pub(crate) fn wants(&self, name: &str, prefix: bool) -> bool {
        let Some(wanted) = &self.wanted else {
            return true;
        };
        if wanted.names.len() > SEARCHED_NAMES_MAX {
            let at = wanted.names.partition_point(|wanted| wanted.as_str() < name);
            let looks = |wanted: &String| wanted == name || prefix && wanted.starts_with(name);
            return wanted.names.get(at).is_some_and(looks);
        }
        // Most names are told apart by their first byte, without a comparison of texts.
        let first = name.as_bytes().first();
        let begins_alike = |wanted: &&String| first.is_none() || first == wanted.as_bytes().first();
        let looks = |wanted: &String| wanted == name || prefix && wanted.starts_with(name);
        wanted.names.iter().filter(begins_alike).any(looks)
    }

    /// Whether the first byte of a key says that nothing looks at its field, nor at any within it.
    pub(crate) fn rules_out(&self, key: &str) -> bool {
        let (Some(wanted), Some(&first)) = (&self.wanted, key.as_bytes().first()) else {
            return false;
        };
        // What begins otherwise is changed on its way to a label's name.
        (first.is_ascii_alphabetic() || first == b'_') && !wanted.first_bytes[usize::from(first)]
    }

    /// Whether every label that anything looks at is there, so that a parser need not read on; as in Loki what is
    /// wrong behind is then not noticed.
    pub(crate) fn has_all_wanted(&mut self) -> bool {
        let Some(wanted) = &self.wanted else {
            return false;
        };
        // Some cannot be there, and this is asked for each label that is found.
        if !self.has_stored && self.parsed.len() < wanted.names.len() {
            return false;
        }
        // Those that were there are not looked for again.
        let is_there = |name: &&String| self.parsed.get(name).is_some() || self.get_stored(name).is_some();
        let found = wanted.names[self.wanted_found..].iter().take_while(is_there).count();
        let is_all = self.wanted_found + found == wanted.names.len();
        self.wanted_found += found;
        is_all
    }

    /// Adds a label found in the line. Of a name that is found twice the first value counts.
    pub(crate) fn add_parsed(&mut self, name: &str, value: &str) {
        self.put_parsed(name, value, false);
    }

    /// Number of labels found so far.
    pub(crate) fn parsed_count(&self) -> usize {
        self.parsed.len()
    }

    /// Forgets labels that were added after there were so many; none may have been taken away since.
    pub(crate) fn keep_parsed(&mut self, count: usize) {
        self.parsed.truncate(count);
    }

    /// Sets a label that an expression names; the last value counts.
    pub(crate) fn set_parsed(&mut self, name: &str, value: &str) {
        self.put_parsed(name, value, true);
    }

    /// What an expression names and the line has not: an empty label, unless there is one of that name.
    pub(crate) fn set_missing(&mut self, name: &str) {
        if self.get(name).is_none() {
            self.set_parsed(name, "");
        }
    }

    fn put_parsed(&mut self, name: &str, value: &str, replace: bool) {
        if name.is_empty() || !self.wants(name, false) {
            return;
        }
        let mut suffix = "";
        if self.get_stored(name).is_some() {
            suffix = CLASH_SUFFIX;
            let clashing = |(known, _): &(&str, &str)| known.strip_suffix(suffix) == Some(name);
            if let Some((known, _)) = self.metadata.iter().find(clashing)
                && !self.is_removed(known)
            {
                // The metadata was renamed for clashing with the stream; what the line says now takes that name.
                self.removed.push(known.to_owned());
            }
        }
        let put = self.parsed.put((name, suffix), value, replace);
        self.check(put);
    }

    /// Marks a line whose labels are too many.
    fn check(&mut self, put: Result<(), Full>) {
        if put.is_err() && self.error.is_none() {
            let details = format!(
                "the labels of the line take more than {}",
                ByteSize(LABELS_BYTES_MAX as u64)
            );
            self.set_error(LABELS_ERROR, &details);
        }
    }

    /// Sets a label whatever it was before and wherever it came from.
    pub(crate) fn set_formatted(&mut self, name: &str, value: &str) {
        self.forget_stored(name);
        let put = self.parsed.put((name, ""), value, true);
        self.check(put);
    }

    /// Takes a label away that was stored with the line.
    fn forget_stored(&mut self, name: &str) {
        let stored = self.stream.get(name).is_some() || self.metadata.get(name).is_some();
        if stored && !self.is_removed(name) {
            self.removed.push(name.to_owned());
        }
    }

    /// Gives a label another name; nothing happens when there is none.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        if self.parsed.get(from).is_none() {
            let Some(value) = self.get(from).map(str::to_owned) else {
                return;
            };
            self.set_formatted(to, &value);
        } else if from != to {
            self.forget_stored(to);
            self.parsed.remove(to);
            let renamed = self.parsed.rename(from, to);
            self.check(renamed);
        }
        self.wanted_found = 0;
        if from != to {
            self.forget_stored(from);
        }
    }

    /// Marks the line as failed.
    pub(crate) fn set_error(&mut self, kind: &'static str, details: &str) {
        self.error = Some(Cow::Borrowed(kind));
        self.error_details.clear();
        self.error_details.push_str(details);
    }

    /// The kind of error, if the line has failed.
    pub(crate) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Takes labels away for which `keep` says no.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str, &str) -> bool) {
        for labels in [&self.stream, &self.metadata] {
            for (name, value) in labels.iter() {
                if !keep(name, value) && !self.removed.iter().any(|removed| removed == name) {
                    self.removed.push(name.to_owned());
                }
            }
        }
        self.parsed.retain(keep);
        self.wanted_found = 0;
    }

    /// Takes error labels away.
    pub(crate) fn clear_error(&mut self, kind: bool, details: bool) {
        if kind {
            self.error = None;
        }
        if details {
            self.error_details.clear();
        }
    }

    /// All labels of the line, once each; errors last, nothing sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let stored = self.stream.iter().chain(self.metadata.iter());
        let stored = stored.filter(|(name, _)| !self.is_removed(name));
        stored.chain(self.iter_parsed())
    }

    fn iter_parsed(&self) -> impl Iterator<Item = (&str, &str)> {
        let error = self.error.as_deref().map(|kind| (ERROR_LABEL, kind));
        let details = Some(self.error_details.as_str())
            .filter(|details| !details.is_empty())
            .map(|details| (ERROR_DETAILS_LABEL, details));
        self.parsed.iter().chain(error).chain(details)
    }

    /// A hash of the labels, equal for equal [`LabelState::result`]s.
    pub(crate) fn hash_with(&self, hasher: &impl BuildHasher) -> u64 {
        // Parsed labels come in the order of the line; equal sets in another order must hash alike.
        self.iter()
            .fold(0_u64, |sum, pair| sum.wrapping_add(hasher.hash_one(pair)))
    }

    /// Whether [`LabelState::result`] would equal this.
    pub(crate) fn equals(&self, labels: &ResultLabels) -> bool {
        let same_stored =
            self.removed.is_empty() && self.stream == labels.stream && self.metadata == labels.structured_metadata;
        if !same_stored && (self.removed.is_empty() || self.result() != *labels) {
            return false;
        }
        let count = self.iter_parsed().count();
        count == labels.parsed.len()
            && self
                .iter_parsed()
                .all(|(name, value)| labels.parsed.get(name) == Some(value))
    }

    /// The labels as a value of their own.
    pub(crate) fn result(&self) -> ResultLabels {
        let left = |labels: &Labels| {
            if self.removed.is_empty() {
                return labels.clone();
            }
            labels.iter().filter(|(name, _)| !self.is_removed(name)).collect()
        };
        ResultLabels {
            stream: left(&self.stream),
            structured_metadata: left(&self.metadata),
            parsed: self.iter_parsed().collect(),
        }
    }
}
