//! Labels that `drop` and `keep` name, made ready.

use crate::ast::LabelPick;

/// Picks sorted by name, so that a line with many labels is not compared with each of many names.
#[derive(Debug)]
pub(super) struct Picks(Vec<LabelPick>);

impl Picks {
    pub(super) fn new(picks: &[LabelPick]) -> Self {
        let mut picks = picks.to_vec();
        picks.sort_by(|left, right| left.name().cmp(right.name()));
        Self(picks)
    }

    /// Whether one of them means this label.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        let first = self.0.partition_point(|pick| pick.name() < name);
        let named = self.0[first..].iter().take_while(|pick| pick.name() == name);
        named.into_iter().any(|pick| match pick {
            LabelPick::Name(_) => true,
            LabelPick::Matcher(matcher) => matcher.matches(value),
        })
    }

    /// The names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(LabelPick::name)
    }
}
