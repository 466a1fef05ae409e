//! Lines put together by what they have in common.
//!
//! The first step is the shape: level, and separators between words. Lines of one shape are compared word by word: a
//! line joins the pattern that it fits as a whole, else the most similar one if that is similar enough, which then
//! has a hole where the two differ; else it begins a pattern of its own. Source: He et al., "Drain: An Online Log
//! Parsing Approach with Fixed Depth Tree", 2017; the tree is replaced by the shape.
//!
//! Invariant: memory is bounded by the limits of patterns, lines and words, whatever the lines are.

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::Pattern;
use super::template::{Fit, Template};
use super::words::{WORD, Words};
use crate::limits::{PATTERN_SKELETONS_MAX, PATTERNS_MAX, PATTERNS_SHOWN_MAX};

/// A line joins a pattern when at least this share of its words is the same, in hundredths. Keys and words with digits
/// do not count.
const SIMILAR_PERCENT: usize = 40;

/// What a sample takes in a tree, about.
const SAMPLE_BYTES: usize = 48;

/// What a pattern takes beside its texts and samples, about.
const CLUSTER_BYTES: usize = 256;

/// Lines of one pattern.
struct Cluster {
    shape: Box<[u8]>,
    template: Template,
    /// Lines by the start of their step.
    counts: BTreeMap<i64, u64>,
    total: u64,
}

impl Cluster {
    /// The shape stands in the index too.
    fn size_bytes(&self) -> usize {
        CLUSTER_BYTES + 2 * self.shape.len() + self.template.size_bytes() + self.counts.len() * SAMPLE_BYTES
    }
}

/// All patterns so far.
#[derive(Default)]
pub(super) struct Clusters {
    clusters: Vec<Cluster>,
    /// Indices of clusters by shape.
    by_shape: HashMap<Box<[u8]>, Vec<usize>, FixedState>,
    /// What the clusters take, about.
    bytes: usize,
    /// Clusters that lines with this skeleton went to: most lines are like one before, and need no search.
    by_skeleton: HashMap<u64, usize, FixedState>,
    words: Words,
}

impl Clusters {
    /// Counts a line at the step that begins at `step_start`. Empty lines follow no pattern.
    pub(super) fn add(&mut self, level: &str, line: &[u8], step_start: i64) {
        if line.is_empty() {
            return;
        }
        let mut words = std::mem::take(&mut self.words);
        words.cut(level, line);
        let index = self.find(&words, line).unwrap_or_else(|| self.begin(&words, line));
        if self.by_skeleton.len() >= PATTERN_SKELETONS_MAX {
            self.by_skeleton.clear();
        }
        self.by_skeleton.insert(words.skeleton, index);
        let cluster = &mut self.clusters[index];
        cluster.template.widen(&words.words, line);
        let count = cluster.counts.entry(step_start).or_default();
        if *count == 0 {
            self.bytes += SAMPLE_BYTES;
        }
        *count += 1;
        cluster.total += 1;
        self.words = words;
    }

    /// What is held for the patterns, about. It is bounded by their number times the number of steps.
    pub(super) fn size_bytes(&self) -> usize {
        self.bytes
    }

    fn find(&self, words: &Words, line: &[u8]) -> Option<usize> {
        if let Some(&index) = self.by_skeleton.get(&words.skeleton)
            && *self.clusters[index].shape == *words.shape
        {
            return Some(index);
        }
        let mut best = None;
        for &index in self.by_shape.get(&*words.shape)? {
            match self.clusters[index].template.fit(&words.words, line) {
                Fit::Whole => return Some(index),
                Fit::Partly { same, of } if same * 100 >= of * SIMILAR_PERCENT => {
                    // All were compared by the same words, so the number tells which is most similar.
                    if best.is_none_or(|(most, _)| same > most) {
                        best = Some((same, index));
                    }
                }
                Fit::Partly { .. } => {}
            }
        }
        best.map(|(_, index)| index)
    }

    fn begin(&mut self, words: &Words, line: &[u8]) -> usize {
        if self.clusters.len() >= PATTERNS_MAX {
            self.forget_rare();
        }
        let index = self.clusters.len();
        let cluster = Cluster {
            shape: words.shape.as_slice().into(),
            template: Template::new(&words.words, line),
            counts: BTreeMap::new(),
            total: 0,
        };
        self.bytes += cluster.size_bytes();
        self.clusters.push(cluster);
        self.by_shape
            .entry(words.shape.as_slice().into())
            .or_default()
            .push(index);
        index
    }

    /// Keeps the half that most lines follow.
    fn forget_rare(&mut self) {
        self.clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.total));
        self.clusters.truncate(PATTERNS_MAX / 2);
        self.bytes = self.clusters.iter().map(Cluster::size_bytes).sum();
        self.by_skeleton.clear();
        self.by_shape.clear();
        for (index, cluster) in self.clusters.iter().enumerate() {
            self.by_shape.entry(cluster.shape.clone()).or_default().push(index);
        }
    }

    /// The patterns, the most frequent first; clusters that came to the same text are one.
    pub(super) fn finish(self) -> Vec<Pattern> {
        let mut merged: BTreeMap<(String, String), BTreeMap<i64, u64>> = BTreeMap::new();
        for cluster in self.clusters {
            let mut parts = cluster.shape.splitn(2, |&byte| byte == WORD);
            let level = parts.next().unwrap_or_default();
            let text = cluster.template.text(parts.next().unwrap_or_default());
            let counts = merged
                .entry((text, String::from_utf8_lossy(level).into_owned()))
                .or_default();
            for (start, count) in cluster.counts {
                *counts.entry(start).or_default() += count;
            }
        }
        let mut patterns: Vec<(u64, Pattern)> = (merged.into_iter())
            .map(|((text, level), counts)| {
                let total = counts.values().sum();
                let samples = counts.into_iter().collect();
                (total, Pattern { text, level, samples })
            })
            .collect();
        // The sort is stable: patterns of as many lines stay in order of their texts.
        patterns.sort_by_key(|(total, _)| std::cmp::Reverse(*total));
        patterns.truncate(PATTERNS_SHOWN_MAX);
        patterns.into_iter().map(|(_, pattern)| pattern).collect()
    }
}
