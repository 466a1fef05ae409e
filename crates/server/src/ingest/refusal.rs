//! Entries that were refused: how many for which reason, and what the client is told.

use std::collections::BTreeMap;

use axum::http::StatusCode;

use crate::error::ApiError;
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
    MissingEnforcedLabels,
    Blocked,
    RateLimited,
    StreamRateLimited,
    StreamLimit,
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
            Self::MissingEnforcedLabels => "missing_enforced_labels",
            Self::Blocked => "blocked_ingestion",
            Self::RateLimited => "rate_limited",
            Self::StreamRateLimited => "per_stream_rate_limit",
            Self::StreamLimit => "stream_limit",
        }
    }

    /// Whether the same entries may be taken later: the client is told to try again.
    fn is_for_now(self) -> bool {
        matches!(self, Self::RateLimited | Self::StreamRateLimited | Self::StreamLimit)
    }
}

/// A text and what it is about.
#[derive(Debug)]
struct Told {
    reason: Reason,
    text: String,
    lines: usize,
}

/// The refused entries of a request.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    /// Lines and bytes by reason.
    pub(crate) counts: BTreeMap<Reason, (u64, u64)>,
    /// Distinct texts with how many lines they are about, the first that came first.
    texts: Vec<Told>,
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
        if let Some(told) = self.texts.iter_mut().find(|told| told.text == text) {
            told.lines += lines;
        } else if self.texts.len() < REFUSALS_LISTED_MAX {
            self.texts.push(Told { reason, text, lines });
        } else {
            self.unlisted += lines;
        }
    }

    /// The answer to the client. What may be taken later comes first: the whole request is repeated then, and what is
    /// wrong with the rest is told when nothing else is. `blocked_status` is the tenant's for what is blocked.
    pub(crate) fn error(&self, blocked_status: StatusCode) -> ApiError {
        let status = if self.counts.keys().any(|reason| reason.is_for_now()) {
            StatusCode::TOO_MANY_REQUESTS
        } else if self.counts.contains_key(&Reason::Blocked) {
            blocked_status
        } else {
            StatusCode::BAD_REQUEST
        };
        let is_told = |reason: Reason| match status {
            StatusCode::TOO_MANY_REQUESTS => reason.is_for_now() || reason == Reason::Blocked,
            StatusCode::BAD_REQUEST => true,
            _ => reason == Reason::Blocked,
        };
        ApiError::new(status, self.text(is_told))
    }

    /// The text of one, or a list that counts each.
    fn text(&self, is_told: impl Fn(Reason) -> bool) -> String {
        let texts: Vec<&Told> = self.texts.iter().filter(|told| is_told(told.reason)).collect();
        match texts.as_slice() {
            [told] if self.unlisted == 0 => told.text.clone(),
            texts => {
                let mut list: Vec<String> = texts
                    .iter()
                    .map(|told| format!("{} errors like: {}", told.lines, told.text))
                    .collect();
                if self.unlisted > 0 {
                    list.push(format!("{} other errors", self.unlisted));
                }
                list.join("; ")
            }
        }
    }
}
