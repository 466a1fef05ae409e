//! A source of objects that plays a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::super::directory::Change;
use super::super::object::Kind;
use super::super::watch::{Reason, Source, Timing, WatchFailure};
use super::pod;

/// One thing that a server does.
pub(crate) enum Step {
    Tell(Box<Change>),
    Fail(Reason),
    Hang,
    End,
}

/// Plays its steps, over all connections; after the last it waits for more.
pub(crate) struct Script {
    pub(crate) steps: Mutex<VecDeque<Step>>,
    pub(crate) connections: Mutex<u32>,
    added: tokio::sync::Notify,
}

impl Step {
    pub(crate) fn tell(change: Change) -> Self {
        Self::Tell(Box::new(change))
    }
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self {
            steps: Mutex::new(steps.into_iter().collect()),
            connections: Mutex::default(),
            added: tokio::sync::Notify::new(),
        })
    }
}

impl Script {
    /// Does more after what it has done.
    pub(crate) fn add(&self, steps: impl IntoIterator<Item = Step>) {
        self.steps.lock().unwrap().extend(steps);
        self.added.notify_one();
    }
}

impl Source for Arc<Script> {
    fn follow(&self, _: Kind) -> BoxStream<'static, Result<Change, WatchFailure>> {
        *self.connections.lock().unwrap() += 1;
        let script = self.clone();
        stream::unfold((), move |()| {
            let script = script.clone();
            async move {
                let step = loop {
                    if let Some(step) = script.steps.lock().unwrap().pop_front() {
                        break step;
                    }
                    script.added.notified().await;
                };
                match step {
                    Step::Tell(change) => Some((Ok(*change), ())),
                    Step::Fail(reason) => Some((
                        Err(WatchFailure {
                            reason,
                            text: "no".to_owned(),
                        }),
                        (),
                    )),
                    Step::Hang => std::future::pending().await,
                    Step::End => None,
                }
            }
        })
        .boxed()
    }
}

pub(crate) const TIMING: Timing = Timing {
    answer_max: Duration::from_millis(50),
    doubt_max: Duration::from_millis(20),
    retry_min: Duration::from_millis(1),
    retry_max: Duration::from_millis(4),
};

/// A list of these pods.
pub(crate) fn listing(numbers: &[u32]) -> Vec<Step> {
    let pods = numbers.iter().map(|number| Step::tell(Change::Put(pod(*number))));
    let mut steps = vec![Step::tell(Change::Listing)];
    steps.extend(pods);
    steps.push(Step::tell(Change::Listed));
    steps
}
