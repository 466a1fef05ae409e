//! What a segment's Parquet file looks like: columns, encodings, and the keys in its footer.

use std::path::Path;
use std::sync::Arc;

use longshore_model::TenantId;
use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

use super::SegmentError;
use super::table::TablePlace;
use crate::limits::PAGE_ROWS_MAX;
use crate::settings::ChunkEncoding;

/// Version of everything that Parquet does not define.
pub(crate) const FORMAT: &str = "1";

/// Leaf columns, in order of the schema.
pub(crate) const TIME: usize = 0;
pub(crate) const LABEL_KEYS: usize = 1;
pub(crate) const METADATA_KEYS: usize = 3;
pub(crate) const METADATA_VALUES: usize = 4;
pub(crate) const LINE: usize = 5;
pub(crate) const COLUMNS: usize = 6;

const KEY_FORMAT: &str = "longshore.format";
const KEY_TENANT: &str = "longshore.tenant";
const KEY_DAY: &str = "longshore.day";
const KEY_TABLE: &str = "longshore.table";
const KEY_REPLACES: &str = "longshore.replaces";

const SCHEMA: &str = "
message log {
  required int64 time (TIMESTAMP(NANOS, true));
  required group labels (MAP) {
    repeated group key_value {
      required binary key (STRING);
      required binary value (STRING);
    }
  }
  required group structured_metadata (MAP) {
    repeated group key_value {
      required binary key (STRING);
      required binary value (STRING);
    }
  }
  required binary line (STRING);
}";

/// How hard pages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// At flush, while lines come in.
    Quick,
    /// When rows of segments are written again: in the background, once or twice in their life.
    Thorough,
}

impl Effort {
    /// Of lines of logs, 6 leaves a sixth less than 1 for five times the CPU, and is read a fifth faster.
    fn zstd_level(self) -> i32 {
        match self {
            Self::Quick => 1,
            Self::Thorough => 6,
        }
    }

    /// At flush the quickest one that keeps logs below an eighth of their size: 1 makes files a quarter larger, 3 makes
    /// all of ingest a sixth slower. 6 leaves a fifth less than 2.
    fn gzip_level(self) -> u32 {
        match self {
            Self::Quick => 2,
            Self::Thorough => 6,
        }
    }
}

/// The schema of every segment.
pub(crate) fn schema() -> TypePtr {
    Arc::new(parse_message_type(SCHEMA).expect("the schema is a constant that a test parses"))
}

/// How columns are written.
///
/// A page ends where a call of `write_batch` ends: with a row limit of one page a batch, and no other limit, the
/// writer closes a page after every batch, so that pages of all columns hold the same rows. That includes the limit of
/// dictionaries: near it the writer would cut a batch into pieces, each a page. The size of a group bounds them instead.
/// Map columns get pages of version 1: those of version 2 keep the levels uncompressed, and with five labels a row
/// these would be a twenty-fifth of a file.
pub(crate) fn properties(compression: Compression, metadata_dictionary: bool, column: usize) -> WriterProperties {
    let version = if matches!(column, TIME | LINE) {
        WriterVersion::PARQUET_2_0
    } else {
        WriterVersion::PARQUET_1_0
    };
    let time = || ColumnPath::from("time");
    let line = || ColumnPath::from("line");
    let metadata_value = ["structured_metadata", "key_value", "value"]
        .map(str::to_owned)
        .to_vec();
    WriterProperties::builder()
        .set_writer_version(version)
        .set_created_by("longshore".to_owned())
        .set_compression(compression)
        .set_data_page_row_count_limit(1)
        .set_write_batch_size(usize::MAX / 2)
        .set_data_page_size_limit(usize::MAX / 2)
        .set_dictionary_page_size_limit(usize::MAX / 2)
        .set_max_row_group_row_count(None)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled(time(), EnabledStatistics::Page)
        .set_column_dictionary_enabled(time(), false)
        .set_column_encoding(time(), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(line(), false)
        .set_column_dictionary_enabled(ColumnPath::new(metadata_value), metadata_dictionary)
        .set_column_encoding(line(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
        .build()
}

/// The codec of an encoding.
pub(crate) fn compression(encoding: ChunkEncoding, effort: Effort) -> Compression {
    match encoding {
        ChunkEncoding::Zstd => Compression::ZSTD(ZstdLevel::try_new(effort.zstd_level()).unwrap_or_default()),
        ChunkEncoding::Gzip => Compression::GZIP(GzipLevel::try_new(effort.gzip_level()).unwrap_or_default()),
        ChunkEncoding::Snappy => Compression::SNAPPY,
        ChunkEncoding::Lz4 => Compression::LZ4_RAW,
        ChunkEncoding::None => Compression::UNCOMPRESSED,
    }
}

const _: () = assert!(PAGE_ROWS_MAX < u32::MAX as usize);

/// What the footer says about a segment besides its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) tenant: TenantId,
    /// Days since the epoch.
    pub(crate) day: i32,
    pub(crate) replaces: Vec<String>,
    pub(crate) table: TablePlace,
}

impl Header {
    /// The key-value pairs for the footer.
    pub(crate) fn key_values(&self) -> Vec<KeyValue> {
        let pair = |key: &str, value: String| KeyValue {
            key: key.to_owned(),
            value: Some(value),
        };
        let mut pairs = vec![
            pair(KEY_FORMAT, FORMAT.to_owned()),
            pair(KEY_TENANT, self.tenant.as_str().to_owned()),
            pair(KEY_DAY, self.day.to_string()),
            pair(KEY_TABLE, self.table.to_text()),
        ];
        if !self.replaces.is_empty() {
            pairs.push(pair(KEY_REPLACES, self.replaces.join(",")));
        }
        pairs
    }

    /// Reads the key-value pairs of a footer.
    pub(crate) fn read(path: &Path, metadata: &ParquetMetaData) -> Result<Self, SegmentError> {
        let pairs = metadata.file_metadata().key_value_metadata();
        let find = |key: &str| {
            let pair = pairs.into_iter().flatten().find(|pair| pair.key == key);
            pair.and_then(|pair| pair.value.as_deref())
        };
        let damaged = |key: &str| SegmentError::Damaged {
            path: path.to_owned(),
            what: format!("its footer has no valid key '{key}'"),
        };
        let format = find(KEY_FORMAT).ok_or_else(|| damaged(KEY_FORMAT))?;
        if format != FORMAT {
            return Err(SegmentError::Format {
                path: path.to_owned(),
                found: format.to_owned(),
            });
        }
        Ok(Self {
            tenant: find(KEY_TENANT)
                .and_then(|id| TenantId::new(id).ok())
                .ok_or_else(|| damaged(KEY_TENANT))?,
            day: find(KEY_DAY)
                .and_then(|day| day.parse().ok())
                .ok_or_else(|| damaged(KEY_DAY))?,
            replaces: find(KEY_REPLACES).map_or_else(Vec::new, |names| names.split(',').map(str::to_owned).collect()),
            table: find(KEY_TABLE)
                .and_then(TablePlace::from_text)
                .ok_or_else(|| damaged(KEY_TABLE))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_columns_at_their_places() {
        let descriptor = parquet::schema::types::SchemaDescriptor::new(schema());
        let paths: Vec<String> = descriptor
            .columns()
            .iter()
            .map(|column| column.path().string())
            .collect();
        assert_eq!(paths.len(), COLUMNS);
        assert_eq!((paths[TIME].as_str(), paths[LINE].as_str()), ("time", "line"));
        assert_eq!(paths[METADATA_VALUES], "structured_metadata.key_value.value");
    }
}
