//! The header before each page of a Parquet file, as far as we need it: data pages of version 2.
//!
//! The parquet crate reads headers only together with pages, into buffers and with decompressors made anew for each.
//!
//! # Source
//! Apache Parquet format, `parquet.thrift`, `PageHeader`; Apache Thrift, "Thrift compact protocol".
//!
//! Invariant: malformed input is an error, never a panic.

use crate::codec::{Decoder, Malformed};

/// What a data page of version 2 says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// Bytes of the header itself.
    pub(super) header_bytes: usize,
    /// Bytes of what follows, once decompressed.
    pub(super) uncompressed_bytes: usize,
    pub(super) values: u32,
    /// Number of the encoding in `parquet.thrift`.
    pub(super) encoding: u32,
    /// Bytes of definition and repetition levels.
    pub(super) level_bytes: usize,
    pub(super) is_compressed: bool,
}

/// Nesting of structures that is followed; headers have three levels.
const DEPTH_MAX: usize = 8;

const DATA_PAGE_V2: u64 = 3;
const TYPE_TRUE: u8 = 1;
const TYPE_FALSE: u8 = 2;

impl PageHeader {
    /// Reads the header that a page begins with.
    pub(super) fn read(page: &[u8]) -> Result<Self, Malformed> {
        let mut decoder = Decoder::new(page);
        let mut header = Self {
            header_bytes: 0,
            uncompressed_bytes: 0,
            values: 0,
            encoding: u32::MAX,
            level_bytes: 0,
            is_compressed: true,
        };
        let mut kind = None;
        each_field(&mut decoder, &mut |decoder, field, of_type| {
            match field {
                1 => kind = Some(number(decoder)?),
                2 => header.uncompressed_bytes = number(decoder)? as usize,
                8 => each_field(decoder, &mut |decoder, field, of_type| {
                    match field {
                        1 => header.values = number(decoder)?,
                        4 => header.encoding = number(decoder)?,
                        5 | 6 => header.level_bytes += number(decoder)? as usize,
                        7 => header.is_compressed = of_type == TYPE_TRUE,
                        _ => skip(decoder, of_type, DEPTH_MAX)?,
                    }
                    Ok(())
                })?,
                _ => skip(decoder, of_type, DEPTH_MAX)?,
            }
            Ok(())
        })?;
        header.header_bytes = page.len() - decoder.left();
        match kind.map(u64::from) {
            Some(DATA_PAGE_V2) => Ok(header),
            _ => Err(Malformed),
        }
    }
}

/// A number of 32 bits that is not negative.
fn number(decoder: &mut Decoder<'_>) -> Result<u32, Malformed> {
    u32::try_from(decoder.signed()?).map_err(|_| Malformed)
}

fn byte(decoder: &mut Decoder<'_>) -> Result<u8, Malformed> {
    decoder.take(1)?.first().copied().ok_or(Malformed)
}

type Field<'f> = &'f mut dyn FnMut(&mut Decoder<'_>, u64, u8) -> Result<(), Malformed>;

/// Calls `read` with number and type of each field of a structure; it must read the field's value. The value of a
/// truth value is its type.
fn each_field(decoder: &mut Decoder<'_>, read: Field<'_>) -> Result<(), Malformed> {
    let mut field = 0_u64;
    loop {
        let head = byte(decoder)?;
        if head == 0 {
            return Ok(());
        }
        field = match head >> 4 {
            0 => u64::try_from(decoder.signed()?).map_err(|_| Malformed)?,
            step => field.saturating_add(u64::from(step)),
        };
        read(decoder, field, head & 0x0f)?;
    }
}

/// Passes over a value.
fn skip(decoder: &mut Decoder<'_>, of_type: u8, depth: usize) -> Result<(), Malformed> {
    let depth = depth.checked_sub(1).ok_or(Malformed)?;
    match of_type {
        TYPE_TRUE | TYPE_FALSE => {}
        3 => drop(byte(decoder)?),
        4..=6 => drop(decoder.varint()?),
        7 => drop(decoder.take(8)?),
        8 => drop(decoder.bytes()?),
        9 | 10 => {
            let head = byte(decoder)?;
            let count = match head >> 4 {
                15 => decoder.count()?,
                count => usize::from(count),
            };
            for _ in 0..count {
                // In a list a truth value takes a byte.
                match head & 0x0f {
                    TYPE_TRUE | TYPE_FALSE => drop(byte(decoder)?),
                    of_type => skip(decoder, of_type, depth)?,
                }
            }
        }
        12 => each_field(decoder, &mut |decoder, _, of_type| skip(decoder, of_type, depth))?,
        _ => return Err(Malformed),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_it_needs_and_skips_the_rest() {
        // Type 3, sizes 1000 and 90, a checksum; in field 8: 7 values, no nulls, 7 rows, encoding 6, no levels, not
        // compressed, statistics with a binary and a truth value.
        let mut page = vec![0x15, 6, 0x15, 0xd0, 0x0f, 0x15, 180, 1, 0x15, 2, 0x4c];
        page.extend_from_slice(&[0x15, 14, 0x15, 0, 0x15, 14, 0x15, 12, 0x15, 0, 0x15, 0, 0x12]);
        page.extend_from_slice(&[0x1c, 0x18, 2, b'a', b'b', 0x11, 0, 0, 0]);
        let header_bytes = page.len();
        page.extend_from_slice(b"text");
        let expected = PageHeader {
            header_bytes,
            uncompressed_bytes: 1000,
            values: 7,
            encoding: 6,
            level_bytes: 0,
            is_compressed: false,
        };
        assert_eq!(PageHeader::read(&page), Ok(expected));
    }

    #[test]
    fn another_kind_of_page_is_refused() {
        assert_eq!(PageHeader::read(&[0x15, 0, 0x15, 2, 0]), Err(Malformed));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = PageHeader::read(&bytes);
        }
    }
}
