//! Pages of columns without levels and dictionary: times and lines.
//!
//! Most of a query is the reading of these, so buffers and decompressor serve one page after the other.

use std::io;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page as ParquetPage, PageReader};

use super::page_header::PageHeader;
use super::read::LinePage;
use super::{Segment, SegmentError, delta, io_error, schema};
use crate::limits::SPARE_BUFFER_BYTES_MAX;

/// What reading needs again for each page.
#[derive(Default)]
pub(crate) struct Buffers {
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    /// The page as it lies in the file.
    file: Vec<u8>,
    /// Memory of a page that was read before.
    spare: Vec<u8>,
}

impl Buffers {
    /// Takes the memory of a page that is needed no more, if nothing else holds it.
    pub(crate) fn take_back(&mut self, lines: LinePage) {
        if let Ok(mut text) = lines.text.try_into_mut() {
            text.clear();
            self.keep(text.into());
        }
    }

    fn keep(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > self.spare.capacity() && buffer.capacity() <= SPARE_BUFFER_BYTES_MAX {
            buffer.clear();
            self.spare = buffer;
        }
    }

    fn decompress(&mut self, from: usize, bytes: usize) -> io::Result<Vec<u8>> {
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            none => none.insert(zstd::bulk::Decompressor::new()?),
        };
        let mut buffer = std::mem::take(&mut self.spare);
        buffer.reserve_exact(bytes);
        let compressed = self.file.get(from..).unwrap_or_default();
        zstd.decompress_to_buffer(compressed, &mut buffer)?;
        Ok(buffer)
    }
}

impl Segment {
    /// The timestamps of a page.
    pub(crate) fn read_times(&self, page: usize, buffers: &mut Buffers) -> Result<Vec<i64>, SegmentError> {
        let buffer = self.read_plain(page, schema::TIME, Encoding::DELTA_BINARY_PACKED, buffers)?;
        let (times, _) = delta::decode(&buffer, self.pages()[page].rows as usize)
            .map_err(|_| self.damaged(format!("the times of page {page} cannot be decoded")))?;
        buffers.keep(buffer);
        Ok(times)
    }

    /// The lines of a page.
    pub(crate) fn read_lines(&self, page: usize, buffers: &mut Buffers) -> Result<LinePage, SegmentError> {
        let buffer = self.read_plain(page, schema::LINE, Encoding::DELTA_LENGTH_BYTE_ARRAY, buffers)?;
        let damaged = || self.damaged(format!("the lines of page {page} cannot be decoded"));
        let (lengths, text_start) = delta::decode(&buffer, self.pages()[page].rows as usize).map_err(|_| damaged())?;
        let mut end = 0_u32;
        let mut ends = Vec::with_capacity(lengths.len());
        for length in lengths {
            let length = u32::try_from(length).map_err(|_| damaged())?;
            end = end.checked_add(length).ok_or_else(damaged)?;
            ends.push(end);
        }
        let text = Bytes::from(buffer).slice(text_start..);
        if end as usize != text.len() {
            return Err(damaged());
        }
        Ok(LinePage { text, ends })
    }

    /// The decompressed bytes of a page.
    fn read_plain(
        &self,
        page: usize,
        column: usize,
        wanted: Encoding,
        buffers: &mut Buffers,
    ) -> Result<Vec<u8>, SegmentError> {
        let place = &self.pages()[page];
        let codec = self.column_chunk(place.group, column).compression();
        if !matches!(codec, Compression::ZSTD(_)) {
            return self.read_plain_by_crate(page, column, wanted);
        }
        self.read_checked_page(page, column, &mut buffers.file)?;
        let damaged = || self.damaged(format!("page {page} of column {column} is not what the index says"));
        let header = PageHeader::read(&buffers.file).map_err(|_| damaged())?;
        if header.values != place.rows || header.encoding != wanted as u32 || header.level_bytes != 0 {
            return Err(damaged());
        }
        if !header.is_compressed {
            return Ok(buffers.file.split_off(header.header_bytes));
        }
        let buffer = buffers.decompress(header.header_bytes, header.uncompressed_bytes);
        let buffer = buffer.map_err(|source| io_error("decompress a page of", self.path(), source))?;
        if buffer.len() == header.uncompressed_bytes {
            Ok(buffer)
        } else {
            Err(damaged())
        }
    }

    /// As [`Segment::read_plain`], for any codec that the parquet crate has.
    fn read_plain_by_crate(&self, page: usize, column: usize, wanted: Encoding) -> Result<Vec<u8>, SegmentError> {
        let place = &self.pages()[page];
        let checked = self.checked_page(page, column)?;
        let mut reader = self.page_reader(place.group, column, vec![checked])?;
        for _ in self.groups()[place.group].pages.start..page {
            reader.skip_next_page().map_err(|source| self.parquet(source))?;
        }
        match reader.get_next_page().map_err(|source| self.parquet(source))? {
            Some(ParquetPage::DataPageV2 {
                buf,
                num_values,
                encoding,
                ..
            }) if num_values == place.rows && encoding == wanted => Ok(buf.into()),
            _ => Err(self.damaged(format!("page {page} of column {column} is not what the index says"))),
        }
    }
}
