//! Reading the structured metadata of a page: a map column, which the parquet crate decodes, made into distinct sets.

use longshore_model::{Labels, Metadata};
use parquet::column::page::{Page, PageReader};
use parquet::column::reader::{ColumnReaderImpl, get_column_reader, get_typed_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType};

use super::{Segment, SegmentError, schema};
use crate::head::Map;

impl Segment {
    /// The structured metadata of a page.
    pub(crate) fn read_metadata(&self, page: usize) -> Result<Metadata, SegmentError> {
        let place = &self.table.pages[page];
        let rows = place.rows as usize;
        if place.metadata_pairs == 0 {
            return Ok(Metadata {
                dictionary: vec![Labels::empty()],
                rows: vec![0; rows],
            });
        }
        let (levels, repeats, keys) = self.read_map_column(page, schema::METADATA_KEYS)?;
        let (_, _, values) = self.read_map_column(page, schema::METADATA_VALUES)?;
        let mut builder = MetadataBuilder::default();
        let mut pairs = keys.iter().zip(&values);
        for (&level, &repeat) in levels.iter().zip(&repeats) {
            if repeat == 0 {
                builder.begin_row();
            }
            if level > 0 {
                let pair = pairs
                    .next()
                    .ok_or_else(|| self.damaged("a metadata column ends early"))?;
                builder.current.push((pair.0.data(), pair.1.data()));
            }
        }
        let metadata = builder.finish();
        if metadata.rows.len() != rows || keys.len() != values.len() {
            return Err(self.damaged(format!("the metadata of page {page} has another number of rows")));
        }
        Ok(metadata)
    }

    /// Whether rows of a group may have structured metadata of any of these names.
    pub(crate) fn may_have_metadata(&self, group: usize, names: &[String]) -> Result<bool, SegmentError> {
        let Some(dictionary) = self.checked_dictionary(group, schema::METADATA_KEYS)? else {
            return Ok(true);
        };
        let mut reader = self.page_reader(group, schema::METADATA_KEYS, vec![dictionary])?;
        let page = reader.get_next_page().map_err(|source| self.parquet(source))?;
        let Some(Page::DictionaryPage { buf, num_values, .. }) = page else {
            return Err(self.damaged("a dictionary page is none"));
        };
        // Each key follows its length.
        let mut rest = &buf[..];
        for _ in 0..num_values {
            let taken = rest
                .split_first_chunk()
                .and_then(|(&length, rest)| rest.split_at_checked(u32::from_le_bytes(length) as usize));
            let (key, behind) = taken.ok_or_else(|| self.damaged("a dictionary page ends early"))?;
            if names.iter().any(|name| name.as_bytes() == key) {
                return Ok(true);
            }
            rest = behind;
        }
        Ok(false)
    }

    /// Definition levels, repetition levels and values of one leaf of a map.
    #[expect(
        clippy::type_complexity,
        reason = "the three things that Parquet has for a repeated column"
    )]
    fn read_map_column(
        &self,
        page: usize,
        column: usize,
    ) -> Result<(Vec<i16>, Vec<i16>, Vec<ByteArray>), SegmentError> {
        let place = &self.table.pages[page];
        let descriptor = self.metadata.file_metadata().schema_descr().column(column);
        let mut checked = vec![self.checked_page(page, column)?];
        checked.extend(self.checked_dictionary(place.group, column)?);
        let pages = Box::new(self.page_reader(place.group, column, checked)?);
        let mut reader: ColumnReaderImpl<ByteArrayType> = get_typed_column_reader(get_column_reader(descriptor, pages));
        let (mut levels, mut repeats, mut values) = (Vec::new(), Vec::new(), Vec::new());
        reader
            .skip_records(place.first_row as usize)
            .map_err(|source| self.parquet(source))?;
        reader
            .read_records(place.rows as usize, Some(&mut levels), Some(&mut repeats), &mut values)
            .map_err(|source| self.parquet(source))?;
        Ok((levels, repeats, values))
    }
}

/// Key and value.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// Collects rows of pairs into distinct label sets.
#[derive(Default)]
struct MetadataBuilder<'a> {
    metadata: Metadata,
    ids: Map<Vec<Pair<'a>>, u32>,
    current: Vec<Pair<'a>>,
    in_row: bool,
}

impl MetadataBuilder<'_> {
    fn begin_row(&mut self) {
        if self.in_row {
            self.end_row();
        }
        self.in_row = true;
    }

    fn end_row(&mut self) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let id = match self.ids.get(&self.current) {
            Some(&id) => id,
            None => {
                let id = self.metadata.dictionary.len() as u32;
                let labels = Labels::new(self.current.iter().map(|(key, value)| (text(key), text(value))));
                self.metadata.dictionary.push(labels);
                self.ids.insert(self.current.clone(), id);
                id
            }
        };
        self.metadata.rows.push(id);
        self.current.clear();
    }

    fn finish(mut self) -> Metadata {
        if self.in_row {
            self.end_row();
        }
        self.metadata
    }
}
