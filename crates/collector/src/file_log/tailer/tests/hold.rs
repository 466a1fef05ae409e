//! New files wait for what is known of their container.

use std::sync::Mutex;

use longshore_wire::container::PodFacts;

use super::*;
use crate::file_log::Readiness;

const OTHER: &str = "/pods/ns_other_uid2/app/0.log";

/// Knows the pods that it was told, and remembers what it heard.
#[derive(Debug, Default)]
struct Known(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pods: Vec<&'static str>,
    revision: u64,
    asked: u32,
    waited: Vec<bool>,
}

impl Known {
    fn learn(&self, pod: &'static str) {
        let mut state = self.0.lock().unwrap();
        state.pods.push(pod);
        state.revision += 1;
    }

    fn waited(&self) -> Vec<bool> {
        self.0.lock().unwrap().waited.clone()
    }

    fn asked(&self) -> u32 {
        self.0.lock().unwrap().asked
    }
}

impl Readiness for Known {
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn revision(&self) -> u64 {
        self.0.lock().unwrap().revision
    }

    fn is_ready(&self, facts: &PodFacts) -> bool {
        let mut state = self.0.lock().unwrap();
        state.asked += 1;
        state.pods.contains(&facts.pod.as_str())
    }

    fn waited(&self, facts: &PodFacts) {
        let mut state = self.0.lock().unwrap();
        let is_known = state.pods.contains(&facts.pod.as_str());
        state.waited.push(is_known);
    }

    fn in_use(&self, _: &str, _: HashSet<String>) {}
}

fn run() -> (Run, Arc<Known>) {
    let mut run = Run::container();
    let known = Arc::new(Known::default());
    run.tailer = Tailer::new(run.disk.files(), settings(), Vec::new()).with_readiness(Some(known.clone()));
    (run, known)
}

/// Reads what may be read now.
fn released(run: &mut Run) -> Vec<String> {
    run.tailer.release(run.now);
    run.read();
    run.take()
}

#[test]
fn a_file_waits_until_its_pod_is_known() {
    let (mut run, known) = run();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    run.disk.append(OTHER, &cri(1, "stdout F other"));
    known.learn("other");
    assert_eq!(run.looked(), ["other"]);
    assert_eq!(run.tailer.waiting(), 1);
    run.pass(Duration::from_secs(9));
    assert_eq!(released(&mut run), [] as [&str; 0]);
    known.learn("pod");
    assert_eq!(released(&mut run), ["one"]);
    assert_eq!(known.waited(), [true]);
    // What was read once never waits again.
    known.0.lock().unwrap().pods.clear();
    run.disk.append(LIVE, &cri(2, "stdout F two"));
    assert_eq!(run.looked(), ["two"]);
    assert_eq!((run.tailer.waiting(), known.waited()), (0, vec![true]));
}

#[test]
fn a_file_waits_no_longer_than_patience_lasts() {
    let (mut run, known) = run();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    assert_eq!(run.looked(), [] as [&str; 0]);
    run.pass(Duration::from_millis(9_999));
    assert_eq!(released(&mut run), [] as [&str; 0]);
    run.pass(Duration::from_secs(1));
    assert_eq!(released(&mut run), ["one"]);
    assert_eq!(known.waited(), [false]);
}

#[test]
fn what_waits_survives_rotation_and_deletion() {
    let (mut run, known) = run();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    assert_eq!(run.looked(), [] as [&str; 0]);
    run.disk.rename(LIVE, "/pods/ns_pod_uid/app/0.log.20261122-180000");
    run.disk.append(LIVE, &cri(2, "stdout F two"));
    assert_eq!(run.looked(), [] as [&str; 0]);
    run.disk.remove("/pods/ns_pod_uid/app/0.log.20261122-180000");
    run.disk.remove(LIVE);
    assert_eq!(run.looked(), [] as [&str; 0]);
    known.learn("pod");
    run.tailer.release(run.now);
    assert_eq!(run.settled(), ["one", "two"]);
    assert!(
        !run.tailer
            .take_problems()
            .iter()
            .any(|problem| matches!(problem, Problem::Lost { .. }))
    );
}

#[test]
fn looking_costs_nothing_while_nothing_changes() {
    let (mut run, known) = run();
    run.disk.append(LIVE, &cri(1, "stdout F one"));
    run.look();
    run.tailer.release(run.now);
    run.read();
    let asked = known.asked();
    for _ in 0..100 {
        run.disk.append(LIVE, &cri(2, "stdout F more"));
        run.tailer.notice(Path::new(LIVE), true, run.now);
        run.tailer.release(run.now);
        run.read();
    }
    assert_eq!(known.asked(), asked);
    assert_eq!(run.tailer.pod_uids(), HashSet::from(["uid".to_owned()]));
}
