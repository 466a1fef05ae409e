//! Reading pages of a segment, each column on its own.
//!
//! Reads go by offset and never move a file position, so scans share one open file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::grams::{fold, places_of, slice_bytes};
use super::table::Group;
use super::{Segment, SegmentError, io_error};

/// An open file that is read by offset.
#[derive(Clone)]
pub(crate) struct SegmentFile {
    file: Arc<File>,
    bytes: u64,
}

/// The lines of one page: text that lies end to end, and where each line ends.
pub(crate) struct LinePage {
    pub(crate) text: Bytes,
    pub(crate) ends: Vec<u32>,
}

impl LinePage {
    /// Half-open byte range of a line.
    pub(crate) fn span(&self, row: usize) -> (u32, u32) {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        (start, self.ends[row])
    }

    pub(crate) fn line(&self, row: usize) -> &[u8] {
        let (start, end) = self.span(row);
        &self.text[start as usize..end as usize]
    }
}

impl SegmentFile {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self {
            file: Arc::new(file),
            bytes,
        })
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads exactly `length` bytes.
    pub(crate) fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        // Checked before anything is allocated: a damaged footer may claim any length.
        if offset.checked_add(length as u64).is_none_or(|end| end > self.bytes) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut buffer = vec![0; length];
        self.read_into(offset, &mut buffer)?;
        Ok(buffer)
    }

    /// Fills a buffer.
    pub(crate) fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}

impl Length for SegmentFile {
    fn len(&self) -> u64 {
        self.bytes
    }
}

/// For the footer alone; pages are read by [`Segment::read_checked_page`].
impl ChunkReader for SegmentFile {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Reader<Bytes>> {
        let length = usize::try_from(self.bytes.saturating_sub(start))?;
        Ok(self.get_bytes(start, length)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        Ok(self.read_at(start, length)?.into())
    }
}

/// Pages in memory whose checksums were right, at their places in the file, so that the decoder sees no others.
pub(super) struct CheckedPages(Vec<(u64, Bytes)>);

impl Length for CheckedPages {
    fn len(&self) -> u64 {
        self.0
            .iter()
            .map(|(offset, page)| offset + page.len() as u64)
            .max()
            .unwrap_or(0)
    }
}

impl ChunkReader for CheckedPages {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Reader<Bytes>> {
        Ok(self.get_bytes(start, 0)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let find = |(offset, page): &(u64, Bytes)| {
            let from = usize::try_from(start.checked_sub(*offset)?).ok()?;
            let to = from.checked_add(length)?;
            (to <= page.len()).then(|| page.slice(from..to))
        };
        self.0
            .iter()
            .find_map(find)
            .ok_or_else(|| ParquetError::EOF("a page that was not read".to_owned()))
    }
}

impl Segment {
    /// Compressed size of one column of a page.
    pub(crate) fn compressed_bytes(&self, page: usize, column: usize) -> u64 {
        let place = &self.table.pages[page];
        let within = page - self.table.groups[place.group].pages.start;
        let index = self.metadata.page_index_for_row_group(place.group);
        let size = index
            .page_locations(column)
            .and_then(|locations| locations.get(within)?.compressed_page_size.into());
        size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0)
    }

    pub(super) fn parquet(&self, source: ParquetError) -> SegmentError {
        SegmentError::Parquet {
            path: self.path.clone(),
            source,
        }
    }

    /// Reads bytes and compares their checksum.
    fn read_checked(&self, offset: u64, checksum: u32, buffer: &mut [u8]) -> Result<(), SegmentError> {
        self.file
            .read_into(offset, buffer)
            .map_err(|source| io_error("read", &self.path, source))?;
        if crc32fast::hash(buffer) != checksum {
            return Err(self.damaged(format!("the checksum of the page at offset {offset} is wrong")));
        }
        Ok(())
    }

    /// A page of a column as it lies in the file, into a buffer whose memory is used again.
    pub(super) fn read_checked_page(
        &self,
        page: usize,
        column: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<u64, SegmentError> {
        let place = &self.table.pages[page];
        let within = page - self.table.groups[place.group].pages.start;
        let index = self.metadata.page_index_for_row_group(place.group);
        let location = index.page_locations(column).and_then(|locations| locations.get(within));
        let location = location.ok_or_else(|| self.damaged("it has no offset index"))?;
        // Both were checked to be positive, and to lie within the file, when the segment was opened.
        buffer.resize(location.compressed_page_size as usize, 0);
        let offset = location.offset as u64;
        self.read_checked(offset, place.checksums[column], buffer)?;
        Ok(offset)
    }

    /// A page of a column as it lies in the file, with its place.
    pub(super) fn checked_page(&self, page: usize, column: usize) -> Result<(u64, Bytes), SegmentError> {
        let mut buffer = Vec::new();
        let offset = self.read_checked_page(page, column, &mut buffer)?;
        Ok((offset, buffer.into()))
    }

    /// The dictionary page of a column chunk, if it has one.
    pub(super) fn checked_dictionary(&self, group: usize, column: usize) -> Result<Option<(u64, Bytes)>, SegmentError> {
        let (start, _) = self.column_chunk(group, column).byte_range();
        let index = self.metadata.page_index_for_row_group(group);
        let first = index.page_locations(column).and_then(|locations| locations.first());
        let length = first.map_or(0, |location| location.offset as u64 - start);
        if length == 0 {
            return Ok(None);
        }
        let checksum = self.table.groups[group].dictionary_checksums[column];
        let mut buffer = vec![0; length as usize];
        self.read_checked(start, checksum, &mut buffer)?;
        Ok(Some((start, buffer.into())))
    }

    pub(super) fn page_reader(
        &self,
        group: usize,
        column: usize,
        pages: Vec<(u64, Bytes)>,
    ) -> Result<SerializedPageReader<CheckedPages>, SegmentError> {
        let rows = usize::try_from(self.metadata.row_group(group).num_rows()).unwrap_or(0);
        let locations = self.locations(group, column)?;
        let chunk = self.column_chunk(group, column);
        SerializedPageReader::new(Arc::new(CheckedPages(pages)), chunk, rows, Some(locations))
            .map_err(|source| self.parquet(source))
    }

    /// The pages of a group that may hold every one of the literals, one bit a page from the lowest up.
    pub(crate) fn candidate_pages(&self, group: &Group, literals: &[Vec<u8>]) -> Result<u64, SegmentError> {
        let pages = group.pages.len();
        let mut candidates = u64::MAX >> (64 - pages.clamp(1, 64));
        let slice_bytes = slice_bytes(pages);
        for place in literals.iter().flat_map(|literal| places_of(literal)) {
            let grams = if place.is_id { group.id_grams } else { group.text_grams };
            let offset = grams.offset + u64::from(fold(place.at, grams.bits)) * slice_bytes as u64;
            let slice = self
                .file
                .read_at(offset, slice_bytes)
                .map_err(|source| io_error("read", &self.path, source))?;
            candidates &= slice
                .iter()
                .rev()
                .fold(0_u64, |bits, &byte| (bits << 8) | u64::from(byte));
            if candidates == 0 {
                break;
            }
        }
        Ok(candidates)
    }
}
