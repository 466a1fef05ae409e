//! Entries that were refused: how many for which reason, and what the client is told.

use std::collections::BTreeMap;

use crate::limits::REFUSALS_LISTED_MAX;

/// Why an entry was refused; the names are those of Loki's `loki_discarded_samples_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reason {
    MissingLabels,
    InvalidLabels,
    MaxLabelNames,
    LabelNameTooLong,
    LabelValueTooLong,
    TooOld,
    TooNew,
    LineTooLong,
    MetadataDisallowed,
    MetadataTooLarge,
    MetadataTooMany,
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::MissingLabels => "missing_labels",
            Self::InvalidLabels => "invalid_labels",
            Self::MaxLabelNames => "max_label_names_per_series",
            Self::LabelNameTooLong => "label_name_too_long",
            Self::LabelValueTooLong => "label_value_too_long",
            Self::TooOld => "greater_than_max_sample_age",
            Self::TooNew => "too_far_in_future",
            Self::LineTooLong => "line_too_long",
            Self::MetadataDisallowed => "disallowed_structured_metadata",
            Self::MetadataTooLarge => "structured_metadata_too_large",
            Self::MetadataTooMany => "structured_metadata_too_many",
        }
    }
}

/// The refused entries of a request.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    /// Lines and bytes by reason.
    pub(crate) counts: BTreeMap<Reason, (u64, u64)>,
    /// Distinct texts with how many lines they are about, the first that came first.
    texts: Vec<(String, usize)>,
    /// Lines whose text is not listed.
    unlisted: usize,
}

impl Refusals {
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    pub(crate) fn add(&mut self, reason: Reason, text: String, lines: usize, bytes: usize) {
        let (all_lines, all_bytes) = self.counts.entry(reason).or_default();
        *all_lines += lines as u64;
        *all_bytes += bytes as u64;
        if let Some((_, count)) = self.texts.iter_mut().find(|(known, _)| *known == text) {
            *count += lines;
        } else if self.texts.len() < REFUSALS_LISTED_MAX {
            self.texts.push((text, lines));
        } else {
            self.unlisted += lines;
        }
    }

    /// What the client is told: the text of one, or a list that counts each.
    pub(crate) fn text(&self) -> String {
        match self.texts.as_slice() {
            [(text, _)] if self.unlisted == 0 => text.clone(),
            texts => {
                let mut list: Vec<String> = texts
                    .iter()
                    .map(|(text, count)| format!("{count} errors like: {text}"))
                    .collect();
                if self.unlisted > 0 {
                    list.push(format!("{} other errors", self.unlisted));
                }
                list.join("; ")
            }
        }
    }
}
