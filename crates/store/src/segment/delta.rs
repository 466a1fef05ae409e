//! Decoding of Parquet's DELTA_BINARY_PACKED numbers.
//!
//! The parquet crate decodes into values of its own; for a page of lines we need the lengths alone, and where the
//! text begins.
//!
//! # Source
//! Apache Parquet format, `Encodings.md`, "Delta Encoding (DELTA_BINARY_PACKED = 5)".
//!
//! Invariant: malformed input is an error, never a panic or an allocation beyond `count`.

use crate::codec::{Decoder, Malformed};

/// Most values of one miniblock; writers use 32 or 64.
const MINIBLOCK_VALUES_MAX: usize = 1 << 16;

/// Decodes `count` numbers and returns them with the number of bytes they took.
pub(crate) fn decode(bytes: &[u8], count: usize) -> Result<(Vec<i64>, usize), Malformed> {
    let mut decoder = Decoder::new(bytes);
    let block_values = usize::try_from(decoder.varint()?).map_err(|_| Malformed)?;
    let miniblocks = usize::try_from(decoder.varint()?).map_err(|_| Malformed)?;
    let total = usize::try_from(decoder.varint()?).map_err(|_| Malformed)?;
    let first = decoder.signed()?;
    let miniblock_values = block_values.checked_div(miniblocks).ok_or(Malformed)?;
    if total != count || miniblock_values == 0 || miniblock_values > MINIBLOCK_VALUES_MAX || miniblock_values % 8 != 0 {
        return Err(Malformed);
    }
    let mut values = Vec::with_capacity(count);
    if count > 0 {
        values.push(first);
    }
    let mut previous = first;
    while values.len() < count {
        let least_delta = decoder.signed()?;
        let widths = decoder.take(miniblocks)?;
        for &width in widths {
            if values.len() >= count {
                break;
            }
            if width > 64 {
                return Err(Malformed);
            }
            let packed = decoder.take(miniblock_values * usize::from(width) / 8)?;
            let wanted = miniblock_values.min(count - values.len());
            let least_delta = least_delta as u64;
            values.extend(numbers(packed, usize::from(width), wanted).map(|delta| {
                previous = previous.wrapping_add(least_delta.wrapping_add(delta) as i64);
                previous
            }));
        }
    }
    Ok((values, bytes.len() - decoder.left()))
}

/// The first `count` numbers of `width` bits, packed from the lowest bit up.
fn numbers(packed: &[u8], width: usize, count: usize) -> impl Iterator<Item = u64> {
    let mask = if width == 0 { 0 } else { u64::MAX >> (64 - width) };
    // Where fewer than eight bytes are left, they are read from a copy with room behind it.
    let tail_start = packed.len().saturating_sub(8);
    let mut tail = [0; 24];
    tail[..packed.len() - tail_start].copy_from_slice(&packed[tail_start..]);
    let word_at = move |byte: usize| {
        let (bytes, at) = if byte < tail_start {
            (packed, byte)
        } else {
            (&tail[..], byte - tail_start)
        };
        bytes
            .get(at..)
            .and_then(<[u8]>::first_chunk)
            .copied()
            .map_or(0, u64::from_le_bytes)
    };
    (0..count).map(move |index| {
        let (byte, bit) = (index * width / 8, index * width % 8);
        let low = word_at(byte) >> bit;
        // A wide number may reach into the ninth byte.
        let high = if width > 57 {
            (word_at(byte + 8) << 1) << (63 - bit)
        } else {
            0
        };
        (low | high) & mask
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{put_signed, put_varint};

    /// Encodes with blocks of 32 numbers in 4 miniblocks.
    fn encode(values: &[i64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, 32);
        put_varint(&mut bytes, 4);
        put_varint(&mut bytes, values.len() as u64);
        put_signed(&mut bytes, values.first().copied().unwrap_or(0));
        let deltas: Vec<i64> = values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
        for block in deltas.chunks(32) {
            let least = *block.iter().min().unwrap();
            put_signed(&mut bytes, least);
            let over: Vec<u64> = block.iter().map(|delta| delta.wrapping_sub(least) as u64).collect();
            let width = |mini: &[u64]| 64 - mini.iter().fold(0, |all, value| all | value).leading_zeros();
            let mut widths: Vec<u8> = over.chunks(8).map(|mini| width(mini) as u8).collect();
            widths.resize(4, 0);
            bytes.extend_from_slice(&widths);
            for mini in over.chunks(8) {
                let mut bits = vec![0_u8; width(mini) as usize];
                for (index, value) in mini.iter().enumerate() {
                    for bit in 0..width(mini) as usize {
                        let at = index * width(mini) as usize + bit;
                        bits[at / 8] |= u8::from(value >> bit & 1 == 1) << (at % 8);
                    }
                }
                bytes.extend_from_slice(&bits);
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn numbers_round_trip(values in proptest::collection::vec(any::<i64>(), 0..100)) {
            let mut bytes = encode(&values);
            let length = bytes.len();
            bytes.extend_from_slice(b"text after it");
            prop_assert_eq!(decode(&bytes, values.len()), Ok((values, length)));
        }

        #[test]
        fn small_steps_round_trip(steps in proptest::collection::vec(0_i64..1000, 0..300)) {
            let values: Vec<i64> = steps.iter().scan(0, |sum, step| { *sum += step; Some(*sum) }).collect();
            let bytes = encode(&values);
            prop_assert_eq!(decode(&bytes, values.len()), Ok((values, bytes.len())));
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), count in 0_usize..200) {
            let _ = decode(&bytes, count);
        }
    }
}
