//! Looks at one path: has its file grown, was it rotated, truncated, deleted?

use super::super::chain::{Moment, Phase};
use super::super::examine::{Begin, Findings, Unknown, examine};
use super::super::files::Files;
use super::{Problem, Tailer, add};

impl<F: Files> Tailer<F> {
    pub(super) fn look_at(&mut self, number: u32, now: Moment) {
        let oldest = self.oldest(now);
        let Some(chain) = self.chains.get_mut(&number) else {
            return;
        };
        let live = self.files.stat(&chain.target).ok();
        chain.gone_since = if live.is_some() {
            None
        } else {
            chain.gone_since.or(Some(now.steady))
        };
        chain.notice_change(live);
        let known = chain
            .files
            .last()
            .filter(|file| file.rotation.is_none() && file.missing_since.is_none());
        let is_changed = match (live, known) {
            (Some(stat), Some(file)) => {
                let is_followed = file.source.is_some() || file.aside.is_some();
                stat.id != file.id || stat.size < file.position.offset || !is_followed
            }
            (Some(_), None) | (None, Some(_)) => true,
            (None, None) => false,
        };
        if chain.is_changed || is_changed {
            let unknown = match (self.is_first_look, self.had_saved, self.settings.starts_at_end) {
                (true, false, true) => Unknown::Skip,
                (true, false, false) if !chain.joiner.is_container() => Unknown::ReadLive,
                _ if chain.files.is_empty() && !chain.joiner.is_container() => Unknown::ReadLive,
                _ => Unknown::ReadAll,
            };
            let begin = Begin { unknown, oldest };
            let open_before = chain.open_files();
            let mut findings = Findings::default();
            let fingerprint_bytes = self.settings.fingerprint_bytes;
            examine(
                &mut self.files,
                chain,
                number,
                begin,
                fingerprint_bytes,
                now.steady,
                &mut findings,
            );
            self.open_files = (self.open_files + chain.open_files()).saturating_sub(open_before);
            self.report(number, findings);
            self.make_room(number, 0);
        }
        self.forget_or_enqueue(number);
    }

    fn report(&mut self, number: u32, findings: Findings) {
        let lost = findings.lost.into_iter().map(|path| Problem::Lost { path });
        let unreadable = findings
            .unreadable
            .into_iter()
            .map(|(path, error)| Problem::Unreadable { path, error });
        self.problems.extend(lost.chain(unreadable));
        if findings.is_truncated
            && let Some(chain) = self.chains.get(&number)
        {
            self.problems.push(Problem::Truncated {
                path: chain.target.clone(),
            });
        }
    }

    fn forget_or_enqueue(&mut self, number: u32) {
        let Some(chain) = self.chains.get_mut(&number) else {
            return;
        };
        if chain.files.is_empty() && chain.gone_since.is_some() {
            if let Some(chain) = self.chains.remove(&number) {
                add(&mut self.counts, chain.joiner.counts);
                self.by_target.remove(&chain.target);
            }
            return;
        }
        let is_lingering = chain
            .files
            .iter()
            .any(|file| matches!(file.phase, Phase::Lingering { .. }));
        let has_more = chain.current().is_some_and(|index| {
            let file = &chain.files[index];
            // A file that could not be opened is tried again when its folder is looked at.
            let Some(source) = &file.source else {
                return chain.wants_opening();
            };
            let is_waiting = index + 1 < chain.files.len() || file.missing_since.is_some() || !source.may_grow();
            is_waiting || source.stat().is_ok_and(|stat| stat.size != file.position.offset)
        });
        let has_work = is_lingering || has_more;
        if has_work {
            self.enqueue(number);
        }
    }
}
