//! Writing a segment: pages of rows go in, a durable file comes out under a temporary name.
//!
//! All columns of a group are encoded page by page into buffers, so rows are visited once, and the compressed
//! columns are put into the file in order of the schema when the group is complete.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use longshore_model::Labels;
use parquet::basic::Compression;
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::SchemaDescriptor;

use super::grams::{GramCollector, PageGrams, slice_group};
use super::page::PageRows;
use super::schema::{self, Header};
use super::table::{GramPlace, Group, Page, Piece, Table};
use super::{SegmentError, io_error};
use crate::limits::{GROUP_METADATA_BYTES_MAX, PAGES_PER_GROUP};

/// Where rows come from, in order of (labels, time).
pub(crate) trait RowSource {
    /// Fills an empty page as far as rows fit; leaves it empty at the end.
    fn fill(&mut self, page: &mut PageRows) -> Result<(), SegmentError>;
}

/// Writes all rows of `source` to a new file at `path` and fsyncs it; returns how many. `header.table` is filled in here.
pub(crate) fn write(
    path: &Path,
    mut header: Header,
    compression: Compression,
    source: &mut dyn RowSource,
) -> Result<u64, SegmentError> {
    let io = |action| move |source| io_error(action, path, source);
    let parquet = |source| SegmentError::Parquet {
        path: path.to_owned(),
        source,
    };
    let file = File::create(path).map_err(io("create"))?;
    let properties: WriterPropertiesPtr = Arc::new(schema::properties(compression, true, schema::LINE));
    let mut writer = SerializedFileWriter::new(BufWriter::new(file), schema::schema(), properties).map_err(parquet)?;
    let mut table = Table::default();
    let mut gram_bytes = Vec::new();
    let mut collector = GramCollector::new();
    loop {
        let mut group = GroupWriter {
            table: &mut table,
            grams: Vec::new(),
            collector: &mut collector,
        };
        let columns = group.encode(path, compression, source)?;
        let grams = group.grams;
        if grams.is_empty() {
            break;
        }
        let first_page = table.pages.len() - grams.len();
        let dictionary_checksums = add_checksums(&mut table.pages[first_page..], &columns);
        let mut row_group = writer.next_row_group().map_err(parquet)?;
        for (buffer, closed) in columns {
            row_group.append_column(&buffer, closed).map_err(parquet)?;
        }
        row_group.close().map_err(parquet)?;
        // Offsets count from the first of these bytes until their place in the file is known.
        let (text, ids) = slice_group(&grams);
        let place = |bits, offset: usize| GramPlace {
            bits,
            offset: offset as u64,
        };
        let text_grams = place(text.bits, gram_bytes.len());
        gram_bytes.extend_from_slice(&text.bytes);
        let id_grams = place(ids.bits, gram_bytes.len());
        gram_bytes.extend_from_slice(&ids.bytes);
        let pages = first_page..table.pages.len();
        table.groups.push(Group {
            pages,
            text_grams,
            id_grams,
            dictionary_checksums,
        });
    }
    let grams_offset = writer.bytes_written() as u64;
    writer.write_all(&gram_bytes).map_err(io("write"))?;
    for group in &mut table.groups {
        group.text_grams.offset += grams_offset;
        group.id_grams.offset += grams_offset;
    }
    let (compressed, mut place) = table.compress().map_err(io("compress the index of"))?;
    place.offset = grams_offset + gram_bytes.len() as u64;
    writer.write_all(&compressed).map_err(io("write"))?;
    header.table = place;
    header
        .key_values()
        .into_iter()
        .for_each(|pair| writer.append_key_value_metadata(pair));
    let buffered = writer.into_inner().map_err(parquet)?;
    let file = buffered
        .into_inner()
        .map_err(|error| io_error("write", path, error.into_error()))?;
    file.sync_all().map_err(io("sync"))?;
    Ok(table.pages.iter().map(|page| u64::from(page.rows)).sum())
}

/// Notes the checksum of every page of a group; returns those of the dictionary pages.
///
/// The columns begin at offset zero of their buffers, with the dictionary page where there is one.
fn add_checksums(pages: &mut [Page], columns: &[(Bytes, ColumnCloseResult)]) -> [u32; schema::COLUMNS] {
    let mut dictionaries = [0; schema::COLUMNS];
    for (number, (buffer, closed)) in columns.iter().enumerate() {
        let locations = closed
            .offset_index
            .as_ref()
            .map_or(&[][..], |index| index.page_locations());
        assert_eq!(locations.len(), pages.len(), "a batch makes a page in every column");
        for (page, location) in pages.iter_mut().zip(locations) {
            let start = location.offset as usize;
            let end = start + location.compressed_page_size as usize;
            page.checksums[number] = crc32fast::hash(&buffer[start..end]);
        }
        let dictionary_end = locations.first().map_or(0, |location| location.offset as usize);
        if dictionary_end > 0 {
            dictionaries[number] = crc32fast::hash(&buffer[..dictionary_end]);
        }
    }
    dictionaries
}

/// Encodes one group.
struct GroupWriter<'a> {
    table: &'a mut Table,
    /// Of each page so far.
    grams: Vec<PageGrams>,
    collector: &'a mut GramCollector,
}

impl GroupWriter<'_> {
    /// Takes pages from the source until the group is full; returns the encoded columns, in order.
    fn encode(
        &mut self,
        path: &Path,
        compression: Compression,
        source: &mut dyn RowSource,
    ) -> Result<Vec<(Bytes, ColumnCloseResult)>, SegmentError> {
        let parquet = |source| SegmentError::Parquet {
            path: path.to_owned(),
            source,
        };
        let mut page = PageRows::default();
        source.fill(&mut page)?;
        // The first page speaks for the group: ids that never repeat would only make a dictionary that has to be read
        // for every page.
        let repeats = page.repeats_metadata();
        let properties = |column| Arc::new(schema::properties(compression, repeats, column));
        let descriptor = SchemaDescriptor::new(schema::schema());
        let mut sinks: Vec<TrackedWrite<Vec<u8>>> =
            (0..schema::COLUMNS).map(|_| TrackedWrite::new(Vec::new())).collect();
        let mut columns: Vec<ColumnWriter<'_>> = sinks
            .iter_mut()
            .zip(descriptor.columns())
            .enumerate()
            .map(|(number, (sink, column))| {
                let pages = Box::new(SerializedPageWriter::new(sink));
                get_column_writer(Arc::clone(column), properties(number), pages)
            })
            .collect();
        let mut first_row = 0;
        let mut metadata_bytes = 0;
        while page.rows() > 0 {
            self.grams.push(self.collector.collect(&page.text));
            self.add_to_table(&page, first_row);
            first_row += page.rows() as u32;
            metadata_bytes += page.metadata_bytes();
            write_page(&mut columns, &mut page).map_err(parquet)?;
            page.clear();
            if self.grams.len() == PAGES_PER_GROUP || metadata_bytes >= GROUP_METADATA_BYTES_MAX {
                break;
            }
            source.fill(&mut page)?;
        }
        let closed: Vec<_> = columns.into_iter().map(ColumnWriter::close).collect();
        sinks
            .into_iter()
            .zip(closed)
            .map(|(sink, closed)| {
                Ok((
                    Bytes::from(sink.into_inner().map_err(parquet)?),
                    closed.map_err(parquet)?,
                ))
            })
            .collect()
    }

    fn add_to_table(&mut self, page: &PageRows, first_row_in_group: u32) {
        let table = &mut *self.table;
        let first_piece = table.pieces.len();
        let mut row = 0;
        for (labels, rows) in page.runs.iter().filter(|(_, rows)| *rows > 0) {
            if table.streams.last() != Some(labels) {
                table.streams.push(labels.clone());
            }
            let text_start = if row == 0 { 0 } else { page.ends[row - 1] };
            table.pieces.push(Piece {
                stream: (table.streams.len() - 1) as u32,
                page: table.pages.len() as u32,
                first_row: row as u32,
                rows: *rows as u32,
                line_bytes: page.ends[row + rows - 1] - text_start,
                first: page.timestamps[row],
                last: page.timestamps[row + rows - 1],
            });
            row += rows;
        }
        let pairs: usize = page.metadata.iter().map(|&id| page.dictionary[id as usize].len()).sum();
        table.pages.push(Page {
            group: table.groups.len(),
            first_row: first_row_in_group,
            rows: page.rows() as u32,
            metadata_pairs: pairs as u32,
            pieces: first_piece..table.pieces.len(),
            checksums: [0; schema::COLUMNS],
        });
    }
}

/// Writes one page into every column.
fn write_page(columns: &mut [ColumnWriter<'_>], page: &mut PageRows) -> Result<(), ParquetError> {
    let label_sets: Vec<Labels> = page.runs.iter().map(|(labels, _)| labels.clone()).collect();
    let label_ids = page
        .runs
        .iter()
        .enumerate()
        .flat_map(|(id, (_, rows))| std::iter::repeat_n(id, *rows));
    let labels = MapRows::new(&label_sets, label_ids);
    let metadata = MapRows::new(&page.dictionary, page.metadata.iter().map(|&id| id as usize));
    // Lent to the writer and taken back below, so that the text is not copied once more.
    let text = Bytes::from(std::mem::take(&mut page.text));
    let mut start = 0;
    let lines = page.ends.iter().map(|&end| {
        let line = ByteArray::from(text.slice(start as usize..end as usize));
        start = end;
        line
    });
    let lines: Vec<ByteArray> = lines.collect();
    for (number, column) in columns.iter_mut().enumerate() {
        match (number, column) {
            (schema::TIME, ColumnWriter::Int64ColumnWriter(times)) => {
                times.write_batch(&page.timestamps, None, None)?;
            }
            (schema::LINE, ColumnWriter::ByteArrayColumnWriter(column)) => {
                column.write_batch(&lines, None, None)?;
            }
            (_, ColumnWriter::ByteArrayColumnWriter(column)) => {
                let map = if number < schema::METADATA_KEYS {
                    &labels
                } else {
                    &metadata
                };
                let is_key = number == schema::LABEL_KEYS || number == schema::METADATA_KEYS;
                let values = if is_key { &map.keys } else { &map.values };
                column.write_batch(values, Some(&map.levels), Some(&map.repeats))?;
            }
            _ => {
                return Err(ParquetError::General(
                    "the schema has a column of another type".to_owned(),
                ));
            }
        }
    }
    Ok(())
}

/// Rows of a map column as Parquet wants them.
struct MapRows {
    /// Definition levels: 0 for an empty map, else 1.
    levels: Vec<i16>,
    /// Repetition levels: 0 for the first pair of a row, else 1.
    repeats: Vec<i16>,
    keys: Vec<ByteArray>,
    values: Vec<ByteArray>,
}

impl MapRows {
    fn new(sets: &[Labels], ids: impl Iterator<Item = usize>) -> Self {
        let array = |text: &str| ByteArray::from(text.as_bytes().to_vec());
        let keys: Vec<Vec<ByteArray>> = sets
            .iter()
            .map(|set| set.iter().map(|(key, _)| array(key)).collect())
            .collect();
        let values: Vec<Vec<ByteArray>> = sets
            .iter()
            .map(|set| set.iter().map(|(_, value)| array(value)).collect())
            .collect();
        let mut rows = Self {
            levels: Vec::new(),
            repeats: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
        };
        for id in ids {
            let pairs = keys[id].len();
            if pairs == 0 {
                rows.levels.push(0);
                rows.repeats.push(0);
                continue;
            }
            rows.levels.extend(std::iter::repeat_n(1, pairs));
            rows.repeats.push(0);
            rows.repeats.extend(std::iter::repeat_n(1, pairs - 1));
            rows.keys.extend_from_slice(&keys[id]);
            rows.values.extend_from_slice(&values[id]);
        }
        rows
    }
}
