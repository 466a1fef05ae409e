//! A table round-trips, and garbage is refused.

use proptest::prelude::*;

use super::*;

#[test]
fn a_table_round_trips() {
    let piece = |stream, page, first_row, rows, first| Piece {
        stream,
        page,
        first_row,
        rows,
        line_bytes: 10 * rows,
        first,
        last: first + 5,
    };
    let place = |offset| GramPlace { bits: 64, offset };
    let table = Table {
        streams: vec![Labels::new([("a", "1")]), Labels::new([("a", "2")])],
        groups: vec![
            Group {
                pages: 0..2,
                text_grams: place(100),
                id_grams: place(200),
                dictionary_checksums: [7; COLUMNS],
            },
            Group {
                pages: 2..3,
                text_grams: place(300),
                id_grams: place(400),
                dictionary_checksums: [7; COLUMNS],
            },
        ],
        pages: vec![
            Page {
                group: 0,
                first_row: 0,
                rows: 3,
                metadata_pairs: 0,
                pieces: 0..1,
                checksums: [u32::MAX, 1, 2, 3, 4, 5],
            },
            Page {
                group: 0,
                first_row: 3,
                rows: 4,
                metadata_pairs: 7,
                pieces: 1..3,
                checksums: [u32::MAX, 1, 2, 3, 4, 5],
            },
            Page {
                group: 1,
                first_row: 0,
                rows: 1,
                metadata_pairs: 0,
                pieces: 3..4,
                checksums: [u32::MAX, 1, 2, 3, 4, 5],
            },
        ],
        pieces: vec![
            piece(0, 0, 0, 3, -7),
            piece(0, 1, 0, 2, 8),
            piece(1, 1, 2, 2, 1),
            piece(1, 2, 0, 1, 1 << 60),
        ],
    };
    assert_eq!(Table::decode(&table.encode()), Ok(table.clone()));
    assert_eq!(table.stream_pieces(), [0..2, 2..4]);
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Table::decode(&bytes);
    }
}
