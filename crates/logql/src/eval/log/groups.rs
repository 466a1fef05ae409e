//! Distinct label sets of kept lines, each stored once.
//!
//! Invariant: a set stays no longer than a kept line has it, so that memory does not grow with lines that were kept for
//! a while only.

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::eval::{MemoryError, QueryMemory};
use crate::pipeline::{LabelState, ResultLabels};

/// What a set takes beside its texts: two boxes for each of a few labels, its place, the table.
const SET_BYTES: usize = 512;

/// The sets by number; numbers of sets that are gone are used again.
#[derive(Default)]
pub(super) struct Groups {
    table: HashTable<u32>,
    sets: Vec<Set>,
    free: Vec<u32>,
}

#[derive(Default)]
struct Set {
    hash: u64,
    labels: ResultLabels,
    /// Kept lines that have it.
    lines: usize,
    size_bytes: usize,
}

impl Groups {
    /// Number of the set that the line has; it counts as kept until it is let go.
    pub(super) fn keep(&mut self, state: &LabelState, memory: &QueryMemory) -> Result<u32, MemoryError> {
        let hash = state.hash_with(&FixedState::default());
        let known = self.table.find(hash, |&index| {
            let set = &self.sets[index as usize];
            set.hash == hash && state.equals(&set.labels)
        });
        if let Some(&index) = known {
            self.sets[index as usize].lines += 1;
            return Ok(index);
        }
        let labels = state.result();
        let size_bytes = labels.structured_metadata.size_bytes() + labels.parsed.size_bytes() + SET_BYTES;
        memory.take(size_bytes)?;
        let index = self.free.pop().unwrap_or_else(|| {
            self.sets.push(Set::default());
            self.sets.len() as u32 - 1
        });
        self.sets[index as usize] = Set {
            hash,
            labels,
            lines: 1,
            size_bytes,
        };
        let sets = &self.sets;
        self.table
            .insert_unique(hash, index, |&index| sets[index as usize].hash);
        Ok(index)
    }

    /// A line that had the set is no longer kept.
    pub(super) fn let_go(&mut self, index: u32, memory: &QueryMemory) {
        let set = &mut self.sets[index as usize];
        set.lines -= 1;
        if set.lines > 0 {
            return;
        }
        let gone = std::mem::take(set);
        if let Ok(entry) = self.table.find_entry(gone.hash, |&other| other == index) {
            entry.remove();
        }
        self.free.push(index);
        memory.give_back(gone.size_bytes);
    }

    /// The sets by number; those that are gone are empty.
    pub(super) fn into_labels(self) -> impl Iterator<Item = ResultLabels> {
        self.sets.into_iter().map(|set| set.labels)
    }
}
