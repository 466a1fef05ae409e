//! Failures of a watch, with the clock of the test.

use super::super::tests::script::{Script, Step, TIMING, listing};
use super::super::tests::{pod, settings};
use super::*;
use crate::metrics::Metrics;

/// Plays a script until that is so, and a little longer.
async fn played(script: &Arc<Script>, is_so: impl Fn(&Handle) -> bool) -> Arc<Handle> {
    let settings = settings("filter: {node: n-1}");
    let handle = Arc::new(Handle::new("k8s_attributes", &settings, Metrics::default()).unwrap());
    let watch = run(Arc::new(script.clone()), Kind::Pod, handle.clone(), TIMING);
    let watching = tokio::spawn(watch);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !is_so(&handle) {
        assert!(tokio::time::Instant::now() < deadline, "{}", handle.metrics.text());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // What should not happen gets a chance to.
    tokio::time::sleep(TIMING.answer_max * 2).await;
    watching.abort();
    handle
}

fn is_up(handle: &Handle) -> bool {
    metric(handle, "watch_up") == [format!("{UP}1")]
}

fn has_pods(handle: &Handle, count: u32) -> bool {
    metric(handle, "pods{") == [format!("component=\"k8s_attributes\"}} {count}")]
}

fn failures(reason: &str, count: u32) -> [String; 1] {
    [format!(
        "{{component=\"k8s_attributes\",resource=\"pods\",reason=\"{reason}\"}} {count}"
    )]
}

fn metric(handle: &Handle, name: &str) -> Vec<String> {
    let text = handle.metrics.text();
    let name = format!("longshore_collector_kubernetes_{name}");
    let lines = text.lines().filter(|line| line.starts_with(&name));
    lines.map(|line| line[name.len()..].to_owned()).collect()
}

const UP: &str = "{component=\"k8s_attributes\",resource=\"pods\"} ";

#[tokio::test]
async fn objects_are_listed_and_followed() {
    let mut steps = listing(&[0, 1]);
    steps.extend([Step::tell(Change::Put(pod(2))), Step::tell(Change::Gone(pod(0)))]);
    let script = Script::new(steps);
    let handle = played(&script, |handle| has_pods(handle, 3)).await;
    // A cluster where nothing happens is no failure.
    assert!(is_up(&handle));
    assert_eq!(*script.connections.lock().unwrap(), 1);
    assert_eq!(metric(&handle, "watch_failures_total"), [] as [&str; 0]);
}

#[tokio::test]
async fn refused_it_is_tried_again_and_works_when_the_right_is_given() {
    let refusals = (0..5).map(|_| Step::Fail(Reason::Forbidden));
    let script = Script::new(refusals.chain(listing(&[0])));
    let handle = played(&script, is_up).await;
    assert_eq!(metric(&handle, "watch_failures_total"), failures("forbidden", 5));
    assert!(has_pods(&handle, 1));
}

#[tokio::test]
async fn a_failure_shows_until_it_is_mended() {
    let script = Script::new(
        listing(&[0])
            .into_iter()
            .chain((0..1_000_000).map(|_| Step::Fail(Reason::Unauthorized))),
    );
    let handle = played(&script, |handle| !metric(handle, "watch_failures_total").is_empty()).await;
    assert_eq!(metric(&handle, "watch_up"), [format!("{UP}0")]);
    // Each attempt waits 3 ms at least once the waits have grown.
    let attempts = 1_000_000 - script.steps.lock().unwrap().len();
    assert!((2..1000).contains(&attempts), "{attempts} attempts in 100 ms");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_asked_anew() {
    let steps = [Step::tell(Change::Listing), Step::Hang];
    let script = Script::new(steps.into_iter().chain(listing(&[0])));
    let handle = played(&script, is_up).await;
    assert_eq!(*script.connections.lock().unwrap(), 2);
    assert_eq!(metric(&handle, "watch_failures_total"), failures("slow", 1));
}

#[tokio::test]
async fn a_watch_that_goes_on_in_silence_works() {
    let mut steps = listing(&[0]);
    steps.push(Step::Fail(Reason::Failed));
    let script = Script::new(steps);
    let is_mended = |handle: &Handle| metric(handle, "watch_failures_total") == failures("failed", 1) && is_up(handle);
    played(&script, is_mended).await;
    assert_eq!(*script.connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_forgotten_place_means_a_new_list_and_an_end_a_new_watch() {
    let mut steps = listing(&[0]);
    steps.push(Step::Fail(Reason::Expired));
    steps.extend(listing(&[0, 1]));
    steps.push(Step::End);
    steps.extend(listing(&[0, 1, 2]));
    let script = Script::new(steps);
    let handle = played(&script, |handle| has_pods(handle, 3) && is_up(handle)).await;
    assert_eq!(*script.connections.lock().unwrap(), 2);
    assert_eq!(metric(&handle, "watch_failures_total").len(), 2);
}
