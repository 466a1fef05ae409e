//! Which pages can hold a text: bitmaps of hashed grams, bit-sliced over the pages of a group.
//!
//! Two kinds of grams, because digits (numbers, hex ids) have so many combinations that they would fill a common
//! bitmap. At each byte ends one gram: if none of the last 4 bytes is a digit, the *text* gram of those 4; else the
//! *digit* gram of the last 5. A page's bitmap has 2^17 places; writing folds it to as few bits as give a fixed fill. Bit `b` of all pages of a group lies in one
//! slice of `ceil(pages / 8)` bytes, so that a lookup reads one slice a gram.
//!
//! Invariant: a page that holds a text has every gram of it, so a lookup never rules out a page wrongly.

use crate::limits::{LITERAL_GRAMS_MAX, PAGES_PER_GROUP};

/// Places of a bitmap before folding, as a power of two: both bitmaps of a page fit into a core's first cache.
const PLACES_LOG2: u32 = 17;
const PLACES: usize = 1 << PLACES_LOG2;
/// Fewest bits after folding, so that a short page does not fill its bitmap.
const BITS_MIN: u32 = 64;
/// Share of bits that are set: text needles have few grams, so each has to be selective.
const TEXT_FILL: f64 = 0.35;
/// Needles with digits (ids) have many grams, so each may be vague.
const DIGIT_FILL: f64 = 0.70;

const _: () = assert!(PAGES_PER_GROUP <= 64, "a slice is read into a u64");

/// Multipliers of the two hashes: the golden ratio, and another odd number without structure.
const TEXT_MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const DIGIT_MULTIPLIER: u64 = 0xd6e8_feb8_6659_fd93;

/// The grams of one page: a bitmap of places for text grams, then one for digit grams.
pub(crate) struct PageGrams(Box<Bitmaps>);

type Bitmaps = [u64; 2 * WORDS];

/// Words of one bitmap.
const WORDS: usize = PLACES / 64;

/// The bitmaps of a group, folded and sliced.
pub(crate) struct Sliced {
    pub(crate) bits: u32,
    pub(crate) bytes: Vec<u8>,
}

/// Where a gram is looked up: its kind, and its place in the bitmap of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) is_digits: bool,
    pub(crate) at: u32,
}

/// The gram of five bytes, the oldest lowest.
///
/// Written without branches and loops: whether a byte is a digit is hard to foresee, and every byte of every line
/// goes through here.
fn place_of(window: u64) -> Place {
    let newest = (window >> 8) as u32;
    // A byte of `distance` is below ten where that of `newest` is a digit. Taking ten from every byte borrows into
    // the upper bit of a byte that is less; a byte above such a one may be wrong, but the answer for all is right.
    let distance = newest ^ 0x3030_3030;
    let is_digits = distance.wrapping_sub(0x0a0a_0a0a) & !distance & 0x8080_8080 != 0;
    let gram = if is_digits {
        window & 0xff_ffff_ffff
    } else {
        u64::from(newest)
    };
    let multiplier = if is_digits { DIGIT_MULTIPLIER } else { TEXT_MULTIPLIER };
    Place {
        is_digits,
        at: (gram.wrapping_mul(multiplier) >> (64 - PLACES_LOG2)) as u32,
    }
}

impl PageGrams {
    /// Collects the grams of a page's text; those across two lines come along and do no harm.
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut bitmaps = Box::new([0; 2 * WORDS]);
        // Eight bytes are read for five, so the first and last grams are taken from copies with room around them;
        // the zeros there make grams that are too many, which does no harm either.
        let mut edge = [0; 24];
        let first = text.len().min(8);
        edge[1..=first].copy_from_slice(&text[..first]);
        collect(&mut bitmaps, &edge);
        collect(&mut bitmaps, text);
        edge = [0; 24];
        let last = text.len().min(16);
        edge[..last].copy_from_slice(&text[text.len() - last..]);
        collect(&mut bitmaps, &edge);
        Self(bitmaps)
    }
}

fn collect(bitmaps: &mut Bitmaps, text: &[u8]) {
    for bytes in text.windows(8) {
        let window = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        let place = place_of(window);
        let at = place.at as usize + usize::from(place.is_digits) * PLACES;
        bitmaps[at / 64] |= 1 << (at % 64);
    }
}

/// Folds and slices the pages of a group: text grams, then digit grams.
pub(crate) fn slice_group(pages: &[PageGrams]) -> (Sliced, Sliced) {
    assert!(pages.len() <= PAGES_PER_GROUP, "a group has a bounded number of pages");
    let slice = |fill, bitmaps: Vec<&[u64]>| {
        let bits = folded_bits(&bitmaps, fill);
        let slice_bytes = slice_bytes(bitmaps.len());
        let mut bytes = vec![0; bits as usize * slice_bytes];
        for (page, bitmap) in bitmaps.iter().enumerate() {
            for place in places_set(bitmap) {
                let bit = fold(place, bits) as usize;
                bytes[bit * slice_bytes + page / 8] |= 1 << (page % 8);
            }
        }
        Sliced { bits, bytes }
    };
    let text = slice(TEXT_FILL, pages.iter().map(|page| &page.0[..WORDS]).collect());
    let digits = slice(DIGIT_FILL, pages.iter().map(|page| &page.0[WORDS..]).collect());
    (text, digits)
}

fn places_set(bitmap: &[u64]) -> impl Iterator<Item = u32> {
    bitmap.iter().enumerate().flat_map(|(index, &word)| {
        let mut left = word;
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let bit = left.trailing_zeros();
            left &= left - 1;
            Some(index as u32 * 64 + bit)
        })
    })
}

/// Bits a page so that on average the given share is set.
fn folded_bits(bitmaps: &[&[u64]], fill: f64) -> u32 {
    let distinct = |bitmap: &&[u64]| {
        let ones: u32 = bitmap.iter().map(|word| word.count_ones()).sum();
        // Several grams fall on one place; this is how many it takes to set so many places, on average.
        let free = (1.0 - f64::from(ones) / PLACES as f64).max(1.0 / PLACES as f64);
        -free.ln() * PLACES as f64
    };
    let mean = bitmaps.iter().map(distinct).sum::<f64>() / bitmaps.len().max(1) as f64;
    let bits = (mean / -(1.0 - fill).ln()).ceil();
    (bits as u32).clamp(BITS_MIN, PLACES as u32)
}

/// Bytes of one slice.
pub(crate) fn slice_bytes(pages: usize) -> usize {
    pages.div_ceil(8)
}

/// The bit that a place falls on; keeps order, so any number of bits will do.
pub(crate) fn fold(place: u32, bits: u32) -> u32 {
    ((u64::from(place) * u64::from(bits)) >> PLACES_LOG2) as u32
}

/// Where the grams of a literal are looked up; at most as many as are worth it.
pub(crate) fn places_of(literal: &[u8]) -> Vec<Place> {
    let mut places = Vec::new();
    let mut window = 0;
    for (index, &byte) in literal.iter().enumerate() {
        window = (window >> 8) | (u64::from(byte) << 32);
        let place = place_of(window);
        // A gram that begins before the literal does says nothing.
        let is_whole = index >= if place.is_digits { 4 } else { 3 };
        if is_whole && places.len() < LITERAL_GRAMS_MAX && !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn may_hold(sliced: &(Sliced, Sliced), page: usize, pages: usize, literal: &[u8]) -> bool {
        places_of(literal).into_iter().all(|place| {
            let sliced = if place.is_digits { &sliced.1 } else { &sliced.0 };
            sliced.bytes[fold(place.at, sliced.bits) as usize * slice_bytes(pages) + page / 8] & (1 << (page % 8)) != 0
        })
    }

    proptest! {
        #[test]
        fn a_text_is_never_ruled_out_where_it_is(
            pages in proptest::collection::vec("[a-f0-9 =é]{0,60}", 1..20),
            at in any::<proptest::sample::Index>(),
            length in 0_usize..30,
        ) {
            let sliced = slice_group(&pages.iter().map(|text| PageGrams::of(text.as_bytes())).collect::<Vec<_>>());
            for (page, text) in pages.iter().enumerate() {
                let start = if text.is_empty() { 0 } else { at.index(text.len()) };
                let end = (start + length).min(text.len());
                prop_assert!(may_hold(&sliced, page, pages.len(), &text.as_bytes()[start..end]));
            }
        }
    }

    #[test]
    fn an_absent_id_is_ruled_out_nearly_everywhere() {
        let line = |page: u64, row: u64| {
            let id = (page * 1000 + row).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            format!("level=info request={id:016x} done in {} ms", row % 97)
        };
        let page_text = |page| (0..800).map(|row| line(page, row)).collect::<String>();
        let pages: Vec<PageGrams> = (0..32).map(|page| PageGrams::of(page_text(page).as_bytes())).collect();
        let sliced = slice_group(&pages);
        let hits = (0..32)
            .filter(|&page| may_hold(&sliced, page, 32, b"0123deadbeef4567"))
            .count();
        assert!(hits <= 3, "{hits} of 32 pages");
        let hits = (0..32)
            .filter(|&page| may_hold(&sliced, page, 32, b"connection refused"))
            .count();
        assert_eq!(hits, 0);
    }
}
