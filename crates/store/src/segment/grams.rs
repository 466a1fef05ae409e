//! Which pages can hold a text: bitmaps of hashed grams, bit-sliced over the pages of a group.
//!
//! At each byte ends one gram: if the byte is a hexadecimal digit, the *id* gram of the last 5 bytes; else the *text*
//! gram of the last 4. They are apart because numbers and ids have so many combinations that they would fill a
//! common bitmap. A page's bitmap has 2^17 places for each kind; writing folds it to as few bits as give a fixed
//! fill. Bit `b` of all pages of a group lies in one slice of `ceil(pages / 8)` bytes, so that a lookup reads one
//! slice a gram.
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
/// Ids have many grams, so each may be vague.
const ID_FILL: f64 = 0.70;

const _: () = assert!(PAGES_PER_GROUP <= 64, "a slice is read into a u64");

/// The golden ratio; the upper bits of a product with it depend on all bits of a gram.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Which of five left-aligned bytes a gram has, by its last byte.
const TEXT_MASK: u64 = 0xffff_ffff_0000_0000;
const ID_MASK: u64 = 0xffff_ffff_ff00_0000;
/// Set beside [`ID_MASK`]: in a bitmap the places of id grams follow those of text grams.
const ID_PLACES: u64 = PLACES as u64;

/// Mask and place of the gram that ends with each byte, in one look: every byte of every line goes through it.
const CLASSES: [u64; 256] = {
    let mut classes = [TEXT_MASK; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_hexdigit() {
            classes[byte] = ID_MASK | ID_PLACES;
        }
        byte += 1;
    }
    classes
};

const _: () = assert!(ID_MASK & ID_PLACES == 0, "the bit for the place is none of the gram's");

/// The grams of one page: a bitmap of places for text grams, then one for id grams.
pub(crate) struct PageGrams(Box<[u64; 2 * WORDS]>);

/// Words of one bitmap.
const WORDS: usize = PLACES / 64;

/// Finds the grams of pages, one after the other.
pub(crate) struct GramCollector {
    /// One byte a place, which is quicker to set than a bit.
    found: Box<[u8; 2 * PLACES]>,
}

/// The bitmaps of a group, folded and sliced.
pub(crate) struct Sliced {
    pub(crate) bits: u32,
    pub(crate) bytes: Vec<u8>,
}

/// Where a gram is looked up: its kind, and its place in the bitmap of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) is_id: bool,
    pub(crate) at: u32,
}

/// The place of the gram that ends with `last`, the fifth byte of `window` from the lowest up.
fn place_of(window: u64, last: u8) -> usize {
    let class = CLASSES[usize::from(last)];
    // The upper bytes of the window go, so the lower ones of the class mask nothing.
    let gram = (window << 24) & class;
    (gram.wrapping_mul(MULTIPLIER) >> (64 - PLACES_LOG2) | class & ID_PLACES) as usize
}

impl GramCollector {
    pub(crate) fn new() -> Self {
        Self {
            found: Box::new([0; 2 * PLACES]),
        }
    }

    /// Collects the grams of a page's text; those across two lines come along and do no harm.
    pub(crate) fn collect(&mut self, text: &[u8]) -> PageGrams {
        self.found.fill(0);
        // Eight bytes are read for five, so the first and last grams are taken from copies with room around them;
        // the zeros there make grams that are too many, which does no harm either.
        let mut edge = [0; 24];
        let first = text.len().min(8);
        edge[1..=first].copy_from_slice(&text[..first]);
        self.add(&edge);
        self.add(text);
        edge = [0; 24];
        let last = text.len().min(16);
        edge[..last].copy_from_slice(&text[text.len() - last..]);
        self.add(&edge);
        let mut bitmaps = Box::new([0; 2 * WORDS]);
        for (word, bytes) in bitmaps.iter_mut().zip(self.found.chunks_exact(64)) {
            *word = bytes.iter().rev().fold(0, |bits, &byte| bits << 1 | u64::from(byte));
        }
        PageGrams(bitmaps)
    }

    fn add(&mut self, text: &[u8]) {
        for bytes in text.windows(8) {
            let window = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
            self.found[place_of(window, bytes[4])] = 1;
        }
    }
}

/// Folds and slices the pages of a group: text grams, then id grams.
pub(crate) fn slice_group(pages: &[PageGrams]) -> (Sliced, Sliced) {
    assert!(pages.len() <= PAGES_PER_GROUP, "a group has a bounded number of pages");
    let slice = |fill, fullest, bitmaps: Vec<&[u64]>| {
        let bits = folded_bits(&bitmaps, fill, fullest);
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
    let text = slice(TEXT_FILL, false, pages.iter().map(|page| &page.0[..WORDS]).collect());
    let ids = slice(ID_FILL, true, pages.iter().map(|page| &page.0[WORDS..]).collect());
    (text, ids)
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

/// Bits a page so that the given share is set: on average for text, in the fullest page for ids.
///
/// Pages full of ids are those that a needle with an id is looked for in. With the average they would have so many bits
/// set that one in ten is read in vain.
fn folded_bits(bitmaps: &[&[u64]], fill: f64, fullest: bool) -> u32 {
    let distinct = |bitmap: &&[u64]| {
        let ones: u32 = bitmap.iter().map(|word| word.count_ones()).sum();
        // Several grams fall on one place; this is how many it takes to set so many places, on average.
        let free = (1.0 - f64::from(ones) / PLACES as f64).max(1.0 / PLACES as f64);
        -free.ln() * PLACES as f64
    };
    let grams = if fullest {
        bitmaps.iter().map(distinct).fold(0.0, f64::max)
    } else {
        bitmaps.iter().map(distinct).sum::<f64>() / bitmaps.len().max(1) as f64
    };
    let bits = (grams / -(1.0 - fill).ln()).ceil();
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
        let at = place_of(window, byte);
        let place = Place {
            is_id: at >= PLACES,
            at: (at % PLACES) as u32,
        };
        // A gram that begins before the literal does says nothing.
        let is_whole = index >= if place.is_id { 4 } else { 3 };
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
            let sliced = if place.is_id { &sliced.1 } else { &sliced.0 };
            sliced.bytes[fold(place.at, sliced.bits) as usize * slice_bytes(pages) + page / 8] & (1 << (page % 8)) != 0
        })
    }

    proptest! {
        // Few, because every page clears and packs a large bitmap, which is slow without optimisation.
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn a_text_is_never_ruled_out_where_it_is(
            pages in proptest::collection::vec("[a-h0-9 =é]{0,60}", 1..11),
            at in any::<proptest::sample::Index>(),
            length in 0_usize..30,
        ) {
            let mut collector = GramCollector::new();
            let grams: Vec<PageGrams> = pages.iter().map(|text| collector.collect(text.as_bytes())).collect();
            let sliced = slice_group(&grams);
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
        let mut collector = GramCollector::new();
        let pages: Vec<PageGrams> = (0..32)
            .map(|page| collector.collect(page_text(page).as_bytes()))
            .collect();
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
