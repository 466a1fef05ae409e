//! The index of a segment but for the grams: streams, groups, pages, pieces.
//!
//! Layout on disk, numbers as varints: streams (count; labels each), groups (count; pages, text bits, text offset,
//! id bits, id offset, dictionary checksums each), then for each page: rows, metadata pairs, checksums,
//! pieces (count; stream step, rows, first time, span, line bytes each). zstd around it; place, sizes and checksum
//! are in the footer.

use std::ops::Range;
use std::path::Path;

use longshore_model::Labels;

use super::read::SegmentFile;
use super::schema::COLUMNS;
use super::{SegmentError, io_error};
use crate::codec::{Decoder, Malformed, put_labels, put_signed, put_varint};
use crate::limits::{PAGES_PER_GROUP, TABLE_BYTES_MAX};

/// zstd's level for the table.
const TABLE_LEVEL: i32 = 3;

/// Where the table lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TablePlace {
    pub(crate) offset: u64,
    pub(crate) compressed_bytes: u32,
    pub(crate) bytes: u32,
    /// CRC-32 of the compressed bytes.
    pub(crate) checksum: u32,
}

/// The index of one segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Table {
    /// Sorted, so their order is that of the rows.
    pub(crate) streams: Vec<Labels>,
    pub(crate) groups: Vec<Group>,
    pub(crate) pages: Vec<Page>,
    /// In order of the rows.
    pub(crate) pieces: Vec<Piece>,
}

/// A Parquet row group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// Numbers of its pages in the segment.
    pub(crate) pages: Range<usize>,
    pub(crate) text_grams: GramPlace,
    pub(crate) id_grams: GramPlace,
    /// CRC-32 of each column's dictionary page, zero where there is none.
    pub(crate) dictionary_checksums: [u32; COLUMNS],
}

/// Where the bitmaps of a group lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GramPlace {
    pub(crate) bits: u32,
    pub(crate) offset: u64,
}

/// The same rows in all columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) group: usize,
    /// Number of its first row in the group.
    pub(crate) first_row: u32,
    pub(crate) rows: u32,
    /// Pairs of structured metadata in it; without any, those columns need not be read.
    pub(crate) metadata_pairs: u32,
    pub(crate) pieces: Range<usize>,
    /// CRC-32 of the page in each column, as it lies in the file.
    pub(crate) checksums: [u32; COLUMNS],
}

/// The rows of one stream in one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) stream: u32,
    pub(crate) page: u32,
    /// Within the page.
    pub(crate) first_row: u32,
    pub(crate) rows: u32,
    pub(crate) line_bytes: u32,
    /// Least and greatest timestamp, inclusive.
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl TablePlace {
    pub(crate) fn to_text(self) -> String {
        format!(
            "{},{},{},{}",
            self.offset, self.compressed_bytes, self.bytes, self.checksum
        )
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut numbers = text.split(',');
        let place = Self {
            offset: numbers.next()?.parse().ok()?,
            compressed_bytes: numbers.next()?.parse().ok()?,
            bytes: numbers.next()?.parse().ok()?,
            checksum: numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(place)
    }
}

impl Table {
    /// Reads and checks the table of a file.
    pub(crate) fn read(path: &Path, file: &SegmentFile, place: &TablePlace) -> Result<Self, SegmentError> {
        let damaged = |what: &str| SegmentError::Damaged {
            path: path.to_owned(),
            what: what.to_owned(),
        };
        if place.bytes as usize > TABLE_BYTES_MAX || u64::from(place.compressed_bytes) > file.bytes() {
            return Err(damaged("its stream table cannot be as large as the footer says"));
        }
        let compressed = file
            .read_at(place.offset, place.compressed_bytes as usize)
            .map_err(|source| io_error("read", path, source))?;
        if crc32fast::hash(&compressed) != place.checksum {
            return Err(damaged("the checksum of its stream table is wrong"));
        }
        let bytes = zstd::bulk::decompress(&compressed, place.bytes as usize)
            .map_err(|_| damaged("its stream table cannot be decompressed"))?;
        Self::decode(&bytes).map_err(|_| damaged("its stream table cannot be decoded"))
    }

    /// Compressed table, with a place that lacks only the offset.
    pub(crate) fn compress(&self) -> std::io::Result<(Vec<u8>, TablePlace)> {
        let bytes = self.encode();
        let compressed = zstd::bulk::compress(&bytes, TABLE_LEVEL)?;
        let place = TablePlace {
            offset: 0,
            compressed_bytes: u32::try_from(compressed.len()).map_err(std::io::Error::other)?,
            bytes: u32::try_from(bytes.len()).map_err(std::io::Error::other)?,
            checksum: crc32fast::hash(&compressed),
        };
        Ok((compressed, place))
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.streams.len() as u64);
        for labels in &self.streams {
            put_labels(&mut out, labels);
        }
        put_varint(&mut out, self.groups.len() as u64);
        for group in &self.groups {
            put_varint(&mut out, group.pages.len() as u64);
            for place in [group.text_grams, group.id_grams] {
                put_varint(&mut out, u64::from(place.bits));
                put_varint(&mut out, place.offset);
            }
            put_checksums(&mut out, &group.dictionary_checksums);
        }
        let mut stream = 0;
        for page in &self.pages {
            put_varint(&mut out, u64::from(page.rows));
            put_varint(&mut out, u64::from(page.metadata_pairs));
            put_checksums(&mut out, &page.checksums);
            put_varint(&mut out, page.pieces.len() as u64);
            for piece in &self.pieces[page.pieces.clone()] {
                put_varint(&mut out, u64::from(piece.stream - stream));
                stream = piece.stream;
                put_varint(&mut out, u64::from(piece.rows));
                put_signed(&mut out, piece.first);
                put_varint(&mut out, (piece.last - piece.first) as u64);
                put_varint(&mut out, u64::from(piece.line_bytes));
            }
        }
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut decoder = Decoder::new(bytes);
        let mut table = Self::default();
        for _ in 0..decoder.count()? {
            table.streams.push(decoder.labels()?);
        }
        let mut pages = 0;
        for _ in 0..decoder.count()? {
            let first_page = pages;
            pages += decoder.count()?;
            if pages - first_page > PAGES_PER_GROUP {
                return Err(Malformed);
            }
            let (text_grams, id_grams) = (take_gram_place(&mut decoder)?, take_gram_place(&mut decoder)?);
            let dictionary_checksums = take_checksums(&mut decoder)?;
            let pages = first_page..pages;
            table.groups.push(Group {
                pages,
                text_grams,
                id_grams,
                dictionary_checksums,
            });
        }
        let mut stream = 0_u32;
        for group in 0..table.groups.len() {
            let mut first_row = 0_u32;
            for _ in table.groups[group].pages.clone() {
                let page = table.decode_page(&mut decoder, group, first_row, &mut stream)?;
                first_row = first_row.checked_add(page.rows).ok_or(Malformed)?;
                table.pages.push(page);
            }
        }
        if decoder.is_empty() { Ok(table) } else { Err(Malformed) }
    }

    fn decode_page(
        &mut self,
        decoder: &mut Decoder<'_>,
        group: usize,
        first_row: u32,
        stream: &mut u32,
    ) -> Result<Page, Malformed> {
        let rows = decoder.number()?;
        let metadata_pairs = decoder.number()?;
        let checksums = take_checksums(decoder)?;
        let first_piece = self.pieces.len();
        let mut row = 0_u32;
        for _ in 0..decoder.count()? {
            *stream = stream.checked_add(decoder.number()?).ok_or(Malformed)?;
            let piece_rows = decoder.number()?;
            let first = decoder.signed()?;
            let span = i64::try_from(decoder.varint()?).map_err(|_| Malformed)?;
            self.pieces.push(Piece {
                stream: *stream,
                page: self.pages.len() as u32,
                first_row: row,
                rows: piece_rows,
                line_bytes: decoder.number()?,
                first,
                last: first.checked_add(span).ok_or(Malformed)?,
            });
            row = row.checked_add(piece_rows).ok_or(Malformed)?;
        }
        if row != rows || *stream as usize >= self.streams.len() {
            return Err(Malformed);
        }
        Ok(Page {
            group,
            first_row,
            rows,
            metadata_pairs,
            pieces: first_piece..self.pieces.len(),
            checksums,
        })
    }

    /// Of each stream, the range of its pieces.
    pub(crate) fn stream_pieces(&self) -> Vec<Range<usize>> {
        let mut ranges = vec![0..0; self.streams.len()];
        for (index, piece) in self.pieces.iter().enumerate() {
            let range = &mut ranges[piece.stream as usize];
            if range.start == range.end {
                range.start = index;
            }
            range.end = index + 1;
        }
        ranges
    }
}

fn put_checksums(out: &mut Vec<u8>, checksums: &[u32; COLUMNS]) {
    checksums
        .iter()
        .for_each(|checksum| out.extend_from_slice(&checksum.to_le_bytes()));
}

fn take_checksums(decoder: &mut Decoder<'_>) -> Result<[u32; COLUMNS], Malformed> {
    let mut checksums = [0; COLUMNS];
    for checksum in &mut checksums {
        *checksum = u32::from_le_bytes(decoder.take(4)?.try_into().map_err(|_| Malformed)?);
    }
    Ok(checksums)
}

fn take_gram_place(decoder: &mut Decoder<'_>) -> Result<GramPlace, Malformed> {
    Ok(GramPlace {
        bits: decoder.number()?.max(1),
        offset: decoder.varint()?,
    })
}

#[cfg(test)]
mod tests;
