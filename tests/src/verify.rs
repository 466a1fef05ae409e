//! Counts what became of the generator's messages: lost, doubled, torn, out of order, under the wrong labels.

use std::collections::BTreeMap;
use std::fmt;

use crate::generator::{Identity, Message, Written};

/// Samples of bad lines kept for the report, each.
const SAMPLES_MAX: usize = 3;
/// Bytes of a bad line shown.
const SAMPLE_CHARS: usize = 160;

/// Labels of a line as the store gives them: stream labels and structured metadata together.
pub type Labels = BTreeMap<String, String>;

/// What was found, in messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Written by the generator.
    pub written: u64,
    /// Seen in the store, good or bad.
    pub seen: u64,
    /// Never seen.
    pub lost: u64,
    /// Seen again, counted once for each further time.
    pub doubled: u64,
    /// Not the bytes that were written, or never written at all.
    pub torn: u64,
    /// Seen after a later message of the same pod and output.
    pub out_of_order: u64,
    /// Namespace, pod or container in the labels is not the writer's.
    pub wrong_labels: u64,
    /// A few of the bad ones, for the reader of the report.
    pub samples: Vec<String>,
}

impl Report {
    /// Whether every message is there once, whole, in order, and rightly labelled.
    pub fn is_clean(&self) -> bool {
        [self.lost, self.doubled, self.torn, self.out_of_order, self.wrong_labels] == [0; 5] && self.written > 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            written,
            seen,
            lost,
            doubled,
            torn,
            out_of_order,
            wrong_labels,
            samples,
        } = self;
        writeln!(
            f,
            "| written | seen | lost | doubled | torn | out of order | wrong labels |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        writeln!(
            f,
            "| {written} | {seen} | {lost} | {doubled} | {torn} | {out_of_order} | {wrong_labels} |"
        )?;
        samples.iter().try_for_each(|sample| writeln!(f, "{sample}"))
    }
}

/// One writer's messages: how often each number was seen, and the highest so far.
#[derive(Debug, Default)]
struct Seen {
    times: Vec<u8>,
    next: u64,
}

/// Takes lines in order of time and keeps count.
#[derive(Debug, Default)]
pub struct Verifier {
    identities: BTreeMap<String, Identity>,
    seen: BTreeMap<(String, usize), Seen>,
    report: Report,
}

impl Verifier {
    /// Expects what the generator wrote.
    pub fn new(written: &[Written]) -> Self {
        let mut verifier = Self::default();
        for Written { identity, messages } in written {
            verifier.identities.insert(identity.pod.clone(), identity.clone());
            for (output, count) in messages.iter().enumerate() {
                let times = vec![0; usize::try_from(*count).expect("fits memory, as the files fitted the disk")];
                verifier
                    .seen
                    .insert((identity.pod.clone(), output), Seen { times, next: 0 });
                verifier.report.written += count;
            }
        }
        verifier
    }

    /// Takes the next line.
    pub fn line(&mut self, labels: &Labels, line: &str) {
        self.report.seen += 1;
        let message = Message::read(line);
        let seen = message.and_then(|message| self.seen.get_mut(&(message.pod.to_owned(), message.output as usize)));
        let (Some(message), Some(seen)) = (message, seen) else {
            self.report.torn += 1;
            return self.sample("torn", labels, line);
        };
        let Some(times) = usize::try_from(message.number)
            .ok()
            .and_then(|number| seen.times.get_mut(number))
        else {
            self.report.torn += 1;
            return self.sample("never written", labels, line);
        };
        *times = times.saturating_add(1);
        if *times > 1 {
            self.report.doubled += 1;
            return self.sample("doubled", labels, line);
        }
        let late = message.number < seen.next;
        seen.next = seen.next.max(message.number + 1);
        let identity = &self.identities[message.pod];
        let is = |label: &str, value: &String| labels.get(label) == Some(value);
        let labelled = is("k8s_pod_name", &identity.pod)
            && is("k8s_namespace_name", &identity.namespace)
            && is("k8s_container_name", &identity.container)
            && is("service_name", &identity.container)
            && labels
                .get("log_iostream")
                .is_none_or(|name| name == message.output.name());
        if late {
            self.report.out_of_order += 1;
            self.sample("out of order", labels, line);
        }
        if !labelled {
            self.report.wrong_labels += 1;
            self.sample("wrong labels", labels, line);
        }
    }

    /// Counts what was never seen.
    pub fn finish(mut self) -> Report {
        for ((pod, output), seen) in &self.seen {
            let missing = || seen.times.iter().enumerate().filter(|(_, times)| **times == 0);
            let count = missing().count() as u64;
            if count > 0 {
                let first: Vec<_> = missing().map(|(number, _)| number).take(5).collect();
                let name = ["stdout", "stderr"][*output];
                let of = seen.times.len();
                self.report
                    .samples
                    .push(format!("lost: {count} of {of} of {pod} {name}, the first {first:?}"));
            }
            self.report.lost += count;
        }
        self.report
    }

    fn sample(&mut self, what: &str, labels: &Labels, line: &str) {
        if self
            .report
            .samples
            .iter()
            .filter(|sample| sample.starts_with(what))
            .count()
            < SAMPLES_MAX
        {
            let line: String = line.chars().take(SAMPLE_CHARS).collect();
            self.report.samples.push(format!("{what}: {line:?} {labels:?}"));
        }
    }
}

#[cfg(test)]
mod tests;
