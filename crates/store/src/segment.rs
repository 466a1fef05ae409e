//! Immutable files of one tenant and one UTC day: valid Parquet with our index inside.
//!
//! The format is `docs/format/segment.md`. Rows are sorted by (labels, time); a *page* is the same range of rows in
//! every column; a *piece* is the part of one stream that lies in one page. A *group* is a Parquet row group.
//!
//! Invariant: a file appears under its name only when it is whole and durable, and never changes after that.
//! Invariant: pieces are in file order, so a stream's pieces are consecutive and ascend in time.

pub(crate) mod delta;
pub(crate) mod grams;
mod metadata;
pub(crate) mod page;
mod page_header;
pub(crate) mod plain;
pub(crate) mod read;
pub(crate) mod schema;
pub(crate) mod table;
pub(crate) mod write;

#[cfg(test)]
mod tests;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use longshore_model::{Labels, TenantId, TimeRange, TimestampNs};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::offset_index::PageLocation;
use thiserror::Error;

use crate::catalogue::number_of;
use read::SegmentFile;
use table::{Group, Page, Piece, Table};

/// Why a segment cannot be written or read.
#[derive(Debug, Error)]
pub(crate) enum SegmentError {
    #[error("cannot {action} {path}")]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("cannot encode or decode {path} as Parquet")]
    Parquet { path: PathBuf, source: ParquetError },
    #[error("segment {path} is damaged: {what}")]
    Damaged { path: PathBuf, what: String },
    /// The store is closing; nothing is wrong.
    #[error("the store is shutting down")]
    Stopped,
    #[error("segment {path} has format {found}, this program reads format {}", schema::FORMAT)]
    Format { path: PathBuf, found: String },
}

/// An open segment; its index is in memory except for the grams.
pub(crate) struct Segment {
    path: PathBuf,
    tenant: TenantId,
    day: i32,
    /// Names of segments of the same day whose rows this one holds, from a merge.
    replaces: Vec<String>,
    file: SegmentFile,
    metadata: ParquetMetaData,
    table: Table,
    /// Of each stream, the range of its pieces.
    stream_pieces: Vec<Range<usize>>,
    first: TimestampNs,
    last: TimestampNs,
}

impl Segment {
    /// Opens a file and checks that its index fits its pages.
    pub(crate) fn open(path: &Path) -> Result<Self, SegmentError> {
        let file = SegmentFile::open(path).map_err(|source| io_error("open", path, source))?;
        let metadata = ParquetMetaDataReader::new()
            .with_column_index_policy(PageIndexPolicy::Skip)
            .with_offset_index_policy(PageIndexPolicy::Required)
            .parse_and_finish(&file)
            .map_err(|source| SegmentError::Parquet {
                path: path.to_owned(),
                source,
            })?;
        let header = schema::Header::read(path, &metadata)?;
        let table = Table::read(path, &file, &header.table)?;
        let stream_pieces = table.stream_pieces();
        let first = table.pieces.iter().map(|piece| piece.first).min().unwrap_or(0);
        let last = table.pieces.iter().map(|piece| piece.last).max().unwrap_or(0);
        let segment = Self {
            path: path.to_owned(),
            tenant: header.tenant,
            day: header.day,
            replaces: header.replaces,
            file,
            metadata,
            table,
            stream_pieces,
            first: TimestampNs(first),
            last: TimestampNs(last),
        };
        segment.check()?;
        Ok(segment)
    }

    /// The index must describe exactly the pages that the Parquet footer knows.
    fn check(&self) -> Result<(), SegmentError> {
        if self.metadata.num_row_groups() != self.table.groups.len() {
            return Err(self.damaged("the index has another number of row groups than the footer"));
        }
        for (number, group) in self.table.groups.iter().enumerate() {
            let rows: u64 = self.table.pages[group.pages.clone()]
                .iter()
                .map(|page| u64::from(page.rows))
                .sum();
            if i64::try_from(rows) != Ok(self.metadata.row_group(number).num_rows()) {
                return Err(self.damaged("the index has another number of rows than the footer"));
            }
            for column in 0..schema::COLUMNS {
                self.check_locations(number, group, column)?;
            }
        }
        Ok(())
    }

    /// The pages of a column chunk must lie one after the other inside it, and the chunk inside the file.
    fn check_locations(&self, number: usize, group: &Group, column: usize) -> Result<(), SegmentError> {
        let locations = self.locations(number, column)?;
        let chunk = self.column_chunk(number, column);
        let (Ok(start), Ok(length)) = (
            u64::try_from(chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset())),
            u64::try_from(chunk.compressed_size()),
        ) else {
            return Err(self.damaged("a column chunk has no place"));
        };
        let mut at = start;
        for location in &locations {
            let (Ok(offset), Ok(size)) = (
                u64::try_from(location.offset),
                u64::try_from(location.compressed_page_size),
            ) else {
                return Err(self.damaged("a page has no place"));
            };
            if offset < at {
                return Err(self.damaged("pages overlap"));
            }
            at = offset.saturating_add(size);
        }
        if locations.len() != group.pages.len() || Some(at) != start.checked_add(length) || at > self.file.bytes() {
            return Err(self.damaged("the index does not fit the pages in the footer"));
        }
        Ok(())
    }

    fn locations(&self, group: usize, column: usize) -> Result<Vec<PageLocation>, SegmentError> {
        let index = self.metadata.page_index_for_row_group(group);
        index
            .page_locations(column)
            .cloned()
            .ok_or_else(|| self.damaged("it has no offset index"))
    }

    fn column_chunk(&self, group: usize, column: usize) -> &ColumnChunkMetaData {
        self.metadata.row_group(group).column(column)
    }

    fn damaged(&self, what: impl Into<String>) -> SegmentError {
        SegmentError::Damaged {
            path: self.path.clone(),
            what: what.into(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes note of its file's new name.
    pub(crate) fn renamed(&mut self, path: &Path) {
        path.clone_into(&mut self.path);
    }

    /// The least number of its own and those it replaced: earlier rows are in segments with lesser ones.
    pub(crate) fn first_number(&self) -> Option<u64> {
        let replaced = self.replaces.iter().filter_map(|name| number_of(Path::new(name)));
        replaced.chain(number_of(&self.path)).min()
    }

    /// The file's name within its day.
    pub(crate) fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Days since the epoch.
    pub(crate) fn day(&self) -> i32 {
        self.day
    }

    pub(crate) fn replaces(&self) -> &[String] {
        &self.replaces
    }

    pub(crate) fn file_bytes(&self) -> u64 {
        self.file.bytes()
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> u64 {
        self.table.pieces.iter().map(|piece| u64::from(piece.rows)).sum()
    }

    /// Bytes of all lines.
    pub(crate) fn line_bytes(&self) -> u64 {
        self.table.pieces.iter().map(|piece| u64::from(piece.line_bytes)).sum()
    }

    /// Least and greatest timestamp, inclusive.
    pub(crate) fn time_bounds(&self) -> (TimestampNs, TimestampNs) {
        (self.first, self.last)
    }

    pub(crate) fn overlaps(&self, time: TimeRange) -> bool {
        time.overlaps(self.first, self.last)
    }

    /// Labels of all streams, sorted.
    pub(crate) fn streams(&self) -> &[Labels] {
        &self.table.streams
    }

    /// The number of a stream, if it has rows here.
    pub(crate) fn find_stream(&self, labels: &Labels) -> Option<usize> {
        self.table.streams.binary_search(labels).ok()
    }

    /// Numbers of the pieces of a stream.
    pub(crate) fn pieces_of(&self, stream: usize) -> Range<usize> {
        self.stream_pieces[stream].clone()
    }

    pub(crate) fn piece(&self, piece: usize) -> &Piece {
        &self.table.pieces[piece]
    }

    /// All pieces, in order of the rows.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.table.pieces
    }

    pub(crate) fn pages(&self) -> &[Page] {
        &self.table.pages
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.table.groups
    }

    /// Least and greatest timestamp of a stream, inclusive.
    pub(crate) fn stream_bounds(&self, stream: usize) -> (TimestampNs, TimestampNs) {
        let pieces = &self.table.pieces[self.pieces_of(stream)];
        let first = pieces.first().map_or(0, |piece| piece.first);
        let last = pieces.last().map_or(0, |piece| piece.last);
        (TimestampNs(first), TimestampNs(last))
    }

    /// Replaces the labels by equal ones that are shared, so that many segments hold each stream's text once.
    pub(crate) fn share_labels(&mut self, mut shared: impl FnMut(&Labels) -> Labels) {
        for labels in &mut self.table.streams {
            *labels = shared(labels);
        }
    }
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> SegmentError {
    SegmentError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
