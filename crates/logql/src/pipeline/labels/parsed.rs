//! Labels that stages made of a line.
//!
//! Invariants: a name stands once; to look one up takes the same time however many there are; names and values are
//! bounded by [`LABELS_BYTES_MAX`].

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use hashbrown::HashTable;

use crate::limits::LABELS_BYTES_MAX;

/// So many labels are searched one by one, which is faster than to hash names. Nearly no line has more.
const SEARCHED_MAX: usize = 32;

/// There is no place for a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// Labels with their names and values in one text; one value serves all lines of a query one after another.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    labels: Vec<Label>,
    text: String,
    /// Places in `labels` by name, when there are more than [`SEARCHED_MAX`].
    index: HashTable<usize>,
    /// Seeded, because the names are the line's.
    hasher: RandomState,
    /// Names and values put in so far, those that were there already too: long names take time.
    put_bytes: usize,
}

/// Ranges of the text.
#[derive(Debug, Clone)]
struct Label {
    name: Range<usize>,
    value: Range<usize>,
}

impl Parsed {
    /// Forgets everything, for the next line.
    pub(super) fn clear(&mut self) {
        self.labels.clear();
        self.text.clear();
        self.index.clear();
        self.put_bytes = 0;
    }

    /// Number of labels.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Names and values, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        (self.labels.iter()).map(|label| (&self.text[label.name.clone()], &self.text[label.value.clone()]))
    }

    /// The value of a label.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let label = &self.labels[self.position(name.as_bytes())?];
        Some(&self.text[label.value.clone()])
    }

    /// Puts in a label called `name` with `suffix` behind. One that is there keeps its value unless it is replaced.
    #[inline]
    pub(super) fn put(&mut self, (name, suffix): (&str, &str), value: &str, replace: bool) -> Result<(), Full> {
        self.count(name.len() + suffix.len() + value.len())?;
        let start = self.text.len();
        self.text.push_str(name);
        if !suffix.is_empty() {
            self.text.push_str(suffix);
        }
        let name = start..self.text.len();
        let known = self.position(&self.text.as_bytes()[name.clone()]);
        if known.is_some() && !replace {
            self.text.truncate(start);
            return Ok(());
        }
        self.text.push_str(value);
        let value = name.end..self.text.len();
        match known {
            Some(place) => self.labels[place].value = value,
            None => self.push(Label { name, value }),
        }
        Ok(())
    }

    /// Gives a label another name, of which there is none.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> Result<(), Full> {
        self.count(to.len())?;
        if let Some(label) = self.take(from) {
            let start = self.text.len();
            self.text.push_str(to);
            let name = start..self.text.len();
            self.push(Label { name, ..label });
        }
        Ok(())
    }

    /// Takes a label away, if it is there.
    pub(super) fn remove(&mut self, name: &str) {
        self.take(name);
    }

    /// Takes labels away for which `keep` says no.
    pub(super) fn retain(&mut self, keep: impl Fn(&str, &str) -> bool) {
        let text = &self.text;
        self.labels
            .retain(|label| keep(&text[label.name.clone()], &text[label.value.clone()]));
        self.index_again();
    }

    /// Keeps the labels that were put in first.
    pub(super) fn truncate(&mut self, count: usize) {
        self.labels.truncate(count);
        self.index_again();
    }

    fn index_again(&mut self) {
        self.index.clear();
        if self.labels.len() > SEARCHED_MAX {
            (0..self.labels.len()).for_each(|place| self.insert(place));
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), Full> {
        self.put_bytes = self.put_bytes.saturating_add(bytes);
        if self.put_bytes > LABELS_BYTES_MAX {
            return Err(Full);
        }
        Ok(())
    }

    #[inline]
    fn position(&self, name: &[u8]) -> Option<usize> {
        if self.labels.len() > SEARCHED_MAX {
            return self.indexed_position(name);
        }
        // Lengths first: they tell most names apart without a look at the text.
        let text = self.text.as_bytes();
        let is_called = |label: &Label| label.name.len() == name.len() && text[label.name.clone()] == *name;
        self.labels.iter().position(is_called)
    }

    #[cold]
    fn indexed_position(&self, name: &[u8]) -> Option<usize> {
        let is_called = |&place: &usize| self.text.as_bytes()[self.labels[place].name.clone()] == *name;
        self.index.find(self.hasher.hash_one(name), is_called).copied()
    }

    fn push(&mut self, label: Label) {
        self.labels.push(label);
        if self.labels.len() > SEARCHED_MAX {
            self.index_last();
        }
    }

    #[cold]
    fn index_last(&mut self) {
        let count = self.labels.len();
        // With the first that is too many come all before it.
        let new = if count == SEARCHED_MAX + 1 { 0 } else { count - 1 };
        (new..count).for_each(|place| self.insert(place));
    }

    /// Puts a place into the index.
    fn insert(&mut self, place: usize) {
        let Self {
            labels,
            text,
            index,
            hasher,
            ..
        } = self;
        let hash = |place: &usize| hasher.hash_one(&text.as_bytes()[labels[*place].name.clone()]);
        index.insert_unique(hash(&place), place, hash);
    }

    fn take(&mut self, name: &str) -> Option<Label> {
        let place = self.position(name.as_bytes())?;
        let last = self.labels.len() - 1;
        if self.labels.len() <= SEARCHED_MAX + 1 {
            self.index.clear();
        } else {
            // The last label moves to the free place.
            self.replace_in_index(place, None);
            if place != last {
                self.replace_in_index(last, Some(place));
            }
        }
        Some(self.labels.swap_remove(place))
    }

    fn replace_in_index(&mut self, place: usize, by: Option<usize>) {
        let hash = self
            .hasher
            .hash_one(&self.text.as_bytes()[self.labels[place].name.clone()]);
        if let Ok(mut entry) = self.index.find_entry(hash, |&found| found == place) {
            match by {
                Some(new) => *entry.get_mut() = new,
                None => {
                    entry.remove();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Action {
        Put(String, String, bool),
        Rename(String, String),
        Remove(String),
        Retain(char),
    }

    fn actions() -> impl Strategy<Value = Action> {
        let name = "[a-d]{1,3}";
        prop_oneof![
            20 => (name, "[0-9]{0,2}", any::<bool>()).prop_map(|(name, value, replace)| Action::Put(name, value, replace)),
            3 => (name, name).prop_map(|(from, to)| Action::Rename(from, to)),
            3 => name.prop_map(Action::Remove),
            1 => prop::char::range('a', 'd').prop_map(Action::Retain),
        ]
    }

    proptest! {
        #[test]
        fn it_does_what_a_map_does(actions in prop::collection::vec(actions(), 0..200)) {
            let (mut parsed, mut map) = (Parsed::default(), BTreeMap::new());
            for action in actions {
                match action {
                    Action::Put(name, value, replace) => {
                        parsed.put((&name[..1], &name[1..]), &value, replace).unwrap();
                        let known = map.entry(name).or_insert_with(|| value.clone());
                        if replace {
                            *known = value;
                        }
                    }
                    Action::Rename(from, to) if !map.contains_key(&to) => {
                        parsed.rename(&from, &to).unwrap();
                        if let Some(value) = map.remove(&from) {
                            map.insert(to, value);
                        }
                    }
                    Action::Rename(..) => {}
                    Action::Remove(name) => {
                        parsed.remove(&name);
                        map.remove(&name);
                    }
                    Action::Retain(first) => {
                        parsed.retain(|name, _| name.starts_with(first));
                        map.retain(|name, _| name.starts_with(first));
                    }
                }
                prop_assert_eq!(parsed.len(), map.len());
                prop_assert_eq!(parsed.index.len(), if map.len() > SEARCHED_MAX { map.len() } else { 0 });
            }
            for (name, value) in &map {
                prop_assert_eq!(parsed.get(name), Some(value.as_str()));
            }
            let found: BTreeMap<_, _> = parsed.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            prop_assert_eq!(found, map);
        }
    }

    #[test]
    fn what_is_put_in_is_bounded_known_or_not() {
        let long = "x".repeat(1 << 20);
        let mut parsed = Parsed::default();
        let puts = (0..100)
            .take_while(|_| parsed.put((&long, ""), "v", true).is_ok())
            .count();
        assert!((10..100).contains(&puts), "{puts}");
        assert_eq!(parsed.rename(&long, "y"), Err(Full));
        assert_eq!(parsed.len(), 1);
        parsed.clear();
        assert_eq!(parsed.put(("a", "b"), "v", false), Ok(()));
    }
}
