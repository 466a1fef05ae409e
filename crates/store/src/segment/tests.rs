//! What is written is read back, page by page, in every encoding.

use std::path::Path;

use longshore_model::{Labels, TenantId};
use parquet::basic::Compression;

use super::page::PageRows;
use super::plain::Buffers;
use super::schema::{Effort, Header, compression};
use super::table::TablePlace;
use super::write::{RowSource, write};
use super::*;
use crate::settings::ChunkEncoding;

/// A row of a test: stream, time, line, metadata.
type Row = (Labels, i64, String, Labels);

struct Rows {
    rows: Vec<Row>,
    next: usize,
}

impl RowSource for Rows {
    fn fill(&mut self, page: &mut PageRows) -> Result<(), SegmentError> {
        let mut stream = None;
        while let Some((labels, at, line, metadata)) = self.rows.get(self.next) {
            if !page.fits(line.len()) {
                break;
            }
            if stream != Some(labels) {
                page.begin_stream(labels);
                stream = Some(labels);
            }
            page.push(*at, line.as_bytes(), metadata);
            self.next += 1;
        }
        Ok(())
    }
}

fn write_rows(path: &Path, rows: &[Row], encoding: ChunkEncoding) -> Segment {
    write_rows_with(path, rows, compression(encoding, Effort::Quick))
}

fn write_rows_with(path: &Path, rows: &[Row], compression: Compression) -> Segment {
    let table = TablePlace {
        offset: 0,
        compressed_bytes: 0,
        bytes: 0,
        checksum: 0,
    };
    let header = Header {
        tenant: TenantId::single(),
        day: 3,
        replaces: vec!["a".to_owned(), "b".to_owned()],
        table,
    };
    write(
        path,
        header,
        compression,
        &mut Rows {
            rows: rows.to_vec(),
            next: 0,
        },
    )
    .unwrap();
    Segment::open(path).unwrap()
}

fn read_rows(segment: &Segment) -> Vec<Row> {
    let mut rows = Vec::new();
    for (number, page) in segment.pages().iter().enumerate() {
        let times = segment.read_times(number, &mut Buffers::default()).unwrap();
        let lines = segment.read_lines(number, &mut Buffers::default()).unwrap();
        let metadata = segment.read_metadata(number).unwrap();
        for index in page.pieces.clone() {
            let piece = segment.piece(index);
            let of_piece = piece.first_row as usize..(piece.first_row + piece.rows) as usize;
            rows.extend(of_piece.map(|row| {
                (
                    segment.streams()[piece.stream as usize].clone(),
                    times[row],
                    String::from_utf8(lines.line(row).to_vec()).unwrap(),
                    metadata.get(row).unwrap().clone(),
                )
            }));
        }
    }
    rows
}

/// Two streams over several pages; some rows have metadata, some lines are empty.
fn sample() -> Vec<Row> {
    let mut rows = Vec::new();
    for stream in 0..3 {
        let labels = Labels::new([("app", format!("app-{stream}")), ("pod", "é".to_owned())]);
        for at in 0..4000_i64 {
            let line = match at % 7 {
                0 => String::new(),
                _ => format!(
                    "line {at} of stream {stream} with some text that is not short {}",
                    "x".repeat(100)
                ),
            };
            let metadata = match at % 3 {
                0 => Labels::empty(),
                1 => Labels::new([("trace", format!("{at}"))]),
                _ => Labels::new([("a", "1"), ("b", "2")]),
            };
            rows.push((labels.clone(), at * 1_000_003 + stream, line, metadata));
        }
    }
    rows
}

#[test]
fn rows_come_back_in_every_encoding() {
    let directory = tempfile::tempdir().unwrap();
    let rows = sample();
    let encodings = [
        ChunkEncoding::Zstd,
        ChunkEncoding::Gzip,
        ChunkEncoding::Snappy,
        ChunkEncoding::Lz4,
        ChunkEncoding::None,
    ];
    for encoding in encodings {
        let path = directory.path().join(format!("{encoding:?}.parquet"));
        let segment = write_rows(&path, &rows, encoding);
        assert!(segment.pages().len() > 1);
        assert_eq!(segment.replaces(), ["a", "b"]);
        assert_eq!((segment.day(), segment.tenant()), (3, &TenantId::single()));
        assert_eq!(read_rows(&segment), rows, "{encoding:?}");
    }
}

#[test]
fn segments_that_are_written_again_are_smaller() {
    let directory = tempfile::tempdir().unwrap();
    let labels = Labels::new([("app", "web")]);
    let line = |at: i64| {
        let hash = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let words = [
            "accepted",
            "queued for later",
            "refused by the limiter",
            "sent to the customer",
        ];
        let (word, user, path) = (words[hash as usize % 4], hash % 977, hash % 41);
        format!(
            "level=info msg=\"order {word}\" user=user-{user} path=/api/v1/items/{path} took={}ms",
            hash % 89
        )
    };
    let rows: Vec<Row> = (0..8_000)
        .map(|at| (labels.clone(), at, line(at), Labels::empty()))
        .collect();
    for encoding in [ChunkEncoding::Zstd, ChunkEncoding::Gzip] {
        let [quick, thorough] = [Effort::Quick, Effort::Thorough].map(|effort| {
            let path = directory.path().join(format!("{encoding:?}-{effort:?}.parquet"));
            let segment = write_rows_with(&path, &rows, compression(encoding, effort));
            assert_eq!(read_rows(&segment), rows, "{encoding:?} {effort:?}");
            segment.file_bytes()
        });
        assert!(thorough < quick, "{encoding:?}: {thorough} {quick}");
    }
}

#[test]
fn rows_come_back_over_several_groups() {
    let directory = tempfile::tempdir().unwrap();
    let labels = Labels::new([("app", "web")]);
    // A line larger than a page fills one alone.
    let line = |at: i64| format!("{at} {}", "y".repeat(crate::limits::PAGE_TEXT_BYTES));
    let rows: Vec<Row> = (0..40)
        .map(|at| (labels.clone(), at, line(at), Labels::empty()))
        .collect();
    let segment = write_rows(&directory.path().join("1.parquet"), &rows, ChunkEncoding::Zstd);
    assert_eq!((segment.pages().len(), segment.groups().len()), (40, 2));
    assert_eq!(read_rows(&segment), rows);
}

#[test]
fn much_metadata_does_not_cut_pages() {
    let folder = tempfile::tempdir().unwrap();
    let labels = Labels::new([("app", "web")]);
    let path = "x".repeat(200);
    let rows: Vec<Row> = (0..12_000)
        .map(|at| {
            let metadata = Labels::new([("path", path.clone()), ("trace_id", format!("{at:032}"))]);
            (labels.clone(), at, format!("line {at}"), metadata)
        })
        .collect();
    let segment = write_rows(&folder.path().join("s.parquet"), &rows, ChunkEncoding::Zstd);
    assert_eq!(read_rows(&segment), rows);
}

#[test]
fn pages_end_by_metadata_too() {
    let folder = tempfile::tempdir().unwrap();
    let labels = Labels::new([("app", "web")]);
    let filler = "y".repeat(4 << 10);
    let metadata = |at: i64| Labels::new([("id", format!("{at:04}{filler}"))]);
    let rows: Vec<Row> = (0..1_000)
        .map(|at| (labels.clone(), at, "x".to_owned(), metadata(at)))
        .collect();
    let segment = write_rows(&folder.path().join("s.parquet"), &rows, ChunkEncoding::Zstd);
    assert!(
        segment.pages().iter().all(|page| page.rows <= 256),
        "one MiB is 256 of these"
    );
    assert_eq!(read_rows(&segment), rows);
}

#[test]
fn metadata_that_never_repeats_has_no_dictionary_and_ends_groups() {
    let folder = tempfile::tempdir().unwrap();
    let labels = Labels::new([("app", "web")]);
    let filler = "y".repeat(1000);
    let rows_with = |distinct: i64| -> Vec<Row> {
        let metadata = |at: i64| Labels::new([("id", format!("{:04}{filler}", at % distinct))]);
        (0..10_000)
            .map(|at| (labels.clone(), at, "x".repeat(900), metadata(at)))
            .collect()
    };
    for (distinct, has_dictionary, groups) in [(7, true, 1), (10_000, false, 2)] {
        let rows = rows_with(distinct);
        let segment = write_rows(
            &folder.path().join(format!("{distinct}.parquet")),
            &rows,
            ChunkEncoding::Zstd,
        );
        let chunk = segment.column_chunk(0, schema::METADATA_VALUES);
        assert_eq!(chunk.dictionary_page_offset().is_some(), has_dictionary);
        assert_eq!(segment.groups().len(), groups);
        assert_eq!(read_rows(&segment), rows);
    }
}

#[test]
fn a_damaged_file_is_refused_without_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("1.parquet");
    write_rows(&path, &sample()[..12], ChunkEncoding::Zstd);
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(Segment::open(&path).is_err(), "cut at {length}");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        std::fs::write(&path, &damaged).unwrap();
        if let Ok(segment) = Segment::open(&path) {
            for page in 0..segment.pages().len() {
                let _read = (
                    segment.read_times(page, &mut Buffers::default()),
                    segment.read_lines(page, &mut Buffers::default()),
                    segment.read_metadata(page),
                );
            }
        }
    }
}
