//! What the store logs and counts: one method an event, so that a log line and its counter never part.

use std::error::Error;
use std::io;
use std::path::Path;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing::{error, info, warn};

use crate::catalogue::Catalogue;
use crate::compare::Stored;
use crate::deletion::Deletion;
use crate::errors::FlushError;
use crate::removal::{Reason, Removed};
use crate::segment::{Segment, SegmentError};

/// Counters and gauges of one store; clones of the metrics live in registries.
#[derive(Debug, Default)]
pub(crate) struct Events {
    ingested_lines: Counter,
    ingested_bytes: Counter,
    duplicate_lines: Counter,
    compared_lines: Counter,
    wal_fsyncs: Counter,
    wal_bytes: Counter,
    wal_damaged_bytes: Counter,
    head_bytes: Gauge,
    segments: Gauge,
    segment_bytes: Gauge,
    flushes: Counter,
    flush_failures: Counter,
    merges: Counter,
    retention_unlinks: Counter,
    damaged_segments: Counter,
    damaged_pages: Counter,
    removed_lines: Family<ReasonLabel, Counter>,
    removed_bytes: Family<ReasonLabel, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

impl Events {
    /// Registers everything; names get the registry's prefix.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let mut counter = |name, help, metric: &Counter| registry.register(name, help, metric.clone());
        counter("store_ingested_lines", "New lines accepted", &self.ingested_lines);
        counter(
            "store_ingested_bytes",
            "Bytes of new lines accepted",
            &self.ingested_bytes,
        );
        counter(
            "store_duplicate_lines",
            "Lines dropped because they were stored already",
            &self.duplicate_lines,
        );
        counter(
            "store_compared_lines",
            "Old lines compared with segments to find duplicates",
            &self.compared_lines,
        );
        counter("store_wal_fsyncs", "Fsyncs of the write-ahead log", &self.wal_fsyncs);
        counter(
            "store_wal_bytes",
            "Bytes written to the write-ahead log",
            &self.wal_bytes,
        );
        counter(
            "store_wal_damaged_bytes",
            "Unreadable bytes found in the write-ahead log",
            &self.wal_damaged_bytes,
        );
        counter("store_flushes", "Heads flushed to segments", &self.flushes);
        counter(
            "store_flush_failures",
            "Attempts to flush a head that failed",
            &self.flush_failures,
        );
        counter("store_merges", "Merges of small segments", &self.merges);
        counter(
            "store_retention_unlinks",
            "Segments unlinked because of their age",
            &self.retention_unlinks,
        );
        counter(
            "store_damaged_segments",
            "Segments that could not be opened",
            &self.damaged_segments,
        );
        counter(
            "store_damaged_pages",
            "Pages of segments that could not be compared with new lines",
            &self.damaged_pages,
        );
        registry.register(
            "store_removed_lines",
            "Stored lines removed from disk, by reason",
            self.removed_lines.clone(),
        );
        registry.register(
            "store_removed_bytes",
            "Bytes of these lines",
            self.removed_bytes.clone(),
        );
        let mut gauge = |name, help, metric: &Gauge| registry.register(name, help, metric.clone());
        gauge("store_head_bytes", "Bytes of entries in memory", &self.head_bytes);
        gauge("store_segments", "Live segments", &self.segments);
        gauge(
            "store_segment_bytes",
            "Bytes of live segments on disk",
            &self.segment_bytes,
        );
    }

    pub(crate) fn pushed(&self, lines: usize, bytes: usize, duplicates: usize) {
        self.ingested_lines.inc_by(lines as u64);
        self.ingested_bytes.inc_by(bytes as u64);
        self.duplicate_lines.inc_by(duplicates as u64);
    }

    pub(crate) fn compared(&self, stored: &Stored) {
        self.compared_lines.inc_by(stored.compared as u64);
        self.damaged_pages.inc_by(stored.damaged.len() as u64);
        for error in &stored.damaged {
            let cause: &(dyn Error + 'static) = error;
            error!(
                cause,
                "a page is damaged, lines that are pushed again may be in it and are stored once more"
            );
        }
    }

    pub(crate) fn head_grew_to(&self, bytes: usize) {
        self.head_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    pub(crate) fn wal_synced(&self, bytes: usize) {
        self.wal_fsyncs.inc();
        self.wal_bytes.inc_by(bytes as u64);
    }

    pub(crate) fn disk_is_full(&self, cause: &io::Error) {
        warn!(%cause, "the disk is full, pushes are refused until there is space");
    }

    pub(crate) fn disk_has_space(&self) {
        info!("the disk has space again, pushes are accepted");
    }

    pub(crate) fn poisoned(&self, cause: &io::Error) {
        error!(%cause, "the write-ahead log failed, no more entries are accepted until a restart");
    }

    pub(crate) fn replayed(&self, path: &Path, bytes: u64, new_lines: usize) {
        info!(path = %path.display(), bytes, new_lines, "replayed a file of the write-ahead log");
    }

    pub(crate) fn wal_torn(&self, path: &Path, torn_bytes: u64) {
        info!(path = %path.display(), torn_bytes, "cut off an unfinished write at the end of the write-ahead log");
    }

    pub(crate) fn wal_damaged(&self, path: &Path, start: u64, end: u64) {
        self.wal_damaged_bytes.inc_by(end - start);
        error!(
            path = %path.display(), offset = start, bytes = end - start,
            "the write-ahead log is damaged, entries are lost; the file is kept under the name .damaged"
        );
    }

    pub(crate) fn log_kept(&self, path: &Path, cause: &(dyn Error + 'static)) {
        warn!(path = %path.display(), cause, "cannot remove a file of the write-ahead log that is flushed");
    }

    pub(crate) fn flushed(&self, segments: usize, raw_bytes: u64, file_bytes: u64) {
        self.flushes.inc();
        info!(segments, raw_bytes, file_bytes, "flushed the head to segments");
    }

    pub(crate) fn flush_failed(&self, error: &FlushError) {
        self.flush_failures.inc();
        let cause: &(dyn Error + 'static) = error;
        error!(cause, "cannot flush the head to segments, trying again");
    }

    pub(crate) fn catalogue_changed(&self, catalogue: &Catalogue) {
        let as_gauge = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.segments.set(as_gauge(catalogue.segments().count() as u64));
        self.segment_bytes
            .set(as_gauge(catalogue.segments().map(|segment| segment.file_bytes()).sum()));
    }

    pub(crate) fn segment_damaged(&self, path: &Path, error: &SegmentError) {
        self.damaged_segments.inc();
        let cause: &(dyn Error + 'static) = error;
        error!(path = %path.display(), cause, "cannot open a segment, its lines are missing from results");
    }

    pub(crate) fn foreign_file(&self, path: &Path) {
        warn!(path = %path.display(), "no segment by its name, left as it is");
    }

    pub(crate) fn merged(&self, from: usize, file_bytes: u64) {
        self.merges.inc();
        info!(from, file_bytes, "merged small segments");
    }

    pub(crate) fn merge_failed(&self, error: &FlushError) {
        let cause: &(dyn Error + 'static) = error;
        warn!(cause, "cannot merge small segments, they stay as they are");
    }

    pub(crate) fn retention_unlinked(&self, segment: &Segment) {
        self.retention_unlinks.inc();
        let removed = Removed {
            lines: segment.rows(),
            line_bytes: segment.line_bytes(),
        };
        self.count_removed(removed, Reason::Retention);
        let (path, bytes) = (segment.path().display(), segment.file_bytes());
        info!(%path, bytes, "unlinked a segment past the retention period");
    }

    fn count_removed(&self, removed: Removed, reason: Reason) {
        let label = ReasonLabel {
            reason: reason.as_str(),
        };
        self.removed_lines.get_or_create(&label).inc_by(removed.lines);
        self.removed_bytes.get_or_create(&label).inc_by(removed.line_bytes);
    }

    pub(crate) fn removed(&self, path: &Path, removed: Removed, reason: Reason) {
        self.count_removed(removed, reason);
        let (lines, bytes, reason) = (removed.lines, removed.line_bytes, reason.as_str());
        info!(path = %path.display(), lines, bytes, reason, "removed lines from a segment");
    }

    pub(crate) fn removal_failed(&self, path: &Path, error: &FlushError) {
        let cause: &(dyn Error + 'static) = error;
        error!(path = %path.display(), cause, "cannot remove lines from a segment, trying again later");
    }

    pub(crate) fn sweep_failed(&self, error: &FlushError) {
        let cause: &(dyn Error + 'static) = error;
        error!(cause, "cannot finish delete requests, trying again");
    }

    pub(crate) fn deletion_requested(&self, facts: &Deletion) {
        // The query may hold what is to be forgotten, so it is not logged.
        info!(id = facts.id, tenant = %facts.tenant, start = %facts.start, end = %facts.end, "lines are to be deleted");
    }

    pub(crate) fn deletion_cancelled(&self, id: &str) {
        info!(id, "a delete request was taken back");
    }

    pub(crate) fn deletion_processed(&self, facts: &Deletion) {
        info!(id = facts.id, tenant = %facts.tenant, "the lines of a delete request are gone from disk");
    }

    pub(crate) fn deletion_unreadable(&self, id: &str, why: &str) {
        error!(
            id,
            why, "the query of a delete request cannot be read, its lines are neither hidden nor removed"
        );
    }

    pub(crate) fn deletion_damaged(&self, path: &Path) {
        error!(path = %path.display(), "a delete request is damaged, its lines are neither hidden nor removed");
    }

    pub(crate) fn deletion_not_written(&self, id: &str, cause: &io::Error) {
        error!(id, %cause, "cannot write the state of a delete request");
    }

    pub(crate) fn unlink_failed(&self, path: &Path, cause: &io::Error) {
        warn!(path = %path.display(), %cause, "cannot unlink a segment");
    }
}
