//! Who asks the shop for what, and when: requests, health probes, background jobs.
//!
//! Invariant: no clock, no disk. A seed and the moments asked for give the same events.

use std::collections::BTreeMap;

use longshore_model::{SECOND_NS, TimestampNs};

use super::layout::{CHECKOUT, INVENTORY, PAYMENTS, WEB, WORKER};
use super::random::Random;
use super::services::{checkout, inventory, payments, web, worker};
use crate::limits::DEMO_PENDING_MAX;

/// Requests a second in quiet times.
const REQUESTS_PER_SECOND: f64 = 6.0;
/// Lines a second of the background worker.
const JOBS_PER_SECOND: f64 = 0.7;
/// The kubelet's `periodSeconds` of the probes.
const PROBE_NS: i64 = 5 * SECOND_NS;

/// Where a container writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Ordinary output.
    Stdout,
    /// Errors, if the program does it that way.
    Stderr,
}

impl Stream {
    /// Its name in a log file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// One line of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// When it is written.
    pub(super) at: TimestampNs,
    /// Index into [`super::layout::CONTAINERS`].
    pub(super) container: usize,
    /// Which stream.
    pub(super) stream: Stream,
    /// The line without its line feed; never empty of meaning, may be long.
    pub(super) text: String,
}

/// A request on its way through the shop.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Shared by all services that see it.
    pub(super) trace_id: String,
    /// Customer.
    pub(super) user: u64,
    /// Order, if it is a checkout.
    pub(super) order: u64,
    /// Money in cents, if it is a checkout.
    pub(super) amount_cents: u64,
    /// When it came in.
    pub(super) at: TimestampNs,
}

/// The source of events. Each kind has random numbers of its own, so that it does not matter in which steps time goes.
pub(super) struct Traffic {
    requests: Random,
    jobs: Random,
    probes: Random,
    next_request: TimestampNs,
    next_job: TimestampNs,
    next_probe: TimestampNs,
    /// By time, then by order of creation, so that a stack trace stays in order.
    pending: BTreeMap<(TimestampNs, u64), Event>,
    created: u64,
}

impl Traffic {
    /// Begins at a moment.
    pub(super) fn new(seed: u64, start: TimestampNs) -> Self {
        Self {
            requests: Random::new(seed),
            jobs: Random::new(seed ^ 1),
            probes: Random::new(seed ^ 2),
            next_request: start,
            next_job: start,
            next_probe: start,
            pending: BTreeMap::new(),
            created: 0,
        }
    }

    /// All events up to and with `now` that were not given yet, in order of time.
    pub(super) fn until(&mut self, now: TimestampNs) -> Vec<Event> {
        while self.next_request <= now && self.pending.len() < DEMO_PENDING_MAX {
            let at = self.next_request;
            self.request(at);
            self.next_request = after(at, self.requests.pause_ns(REQUESTS_PER_SECOND * rush(at)));
        }
        while self.next_job <= now {
            let at = self.next_job;
            let lines = worker::lines(&mut self.jobs, at);
            self.add_all(WORKER, lines);
            self.next_job = after(at, self.jobs.pause_ns(JOBS_PER_SECOND));
        }
        while self.next_probe <= now {
            let at = self.next_probe;
            let lines = web::probes(&mut self.probes, at, trouble(at) > 0.0);
            self.add_all(WEB, lines);
            self.next_probe = after(at, PROBE_NS);
        }
        let later = self.pending.split_off(&(after(now, 1), 0));
        std::mem::replace(&mut self.pending, later).into_values().collect()
    }

    fn request(&mut self, at: TimestampNs) {
        let random = &mut self.requests;
        let request = Request {
            trace_id: random.hex(32),
            user: random.between(1_000, 9_999),
            order: 500_000 + at.0.unsigned_abs() / 1_000_000 % 400_000,
            amount_cents: random.between(499, 48_900),
            at,
        };
        if random.chance(0.7) {
            let lines = web::browse(random, &request);
            self.add_all(WEB, lines);
            return;
        }
        self.checkout(&request);
    }

    /// A checkout crosses all services: it fails where the trouble is.
    fn checkout(&mut self, request: &Request) {
        let random = &mut self.requests;
        let pod = CHECKOUT + random.between(0, 2) as usize;
        let out_of_stock = random.chance(0.01 + 0.1 * trouble(request.at));
        let declined = random.chance(0.015 + 0.4 * trouble(request.at));
        let took_ns = random.between(40, 250) as i64 * 1_000_000 + if declined { 2 * SECOND_NS } else { 0 };
        let end = after(request.at, took_ns);
        let stock = inventory::reserve(random, request, out_of_stock);
        let payment = if out_of_stock {
            Vec::new()
        } else {
            payments::pay(random, request, end, declined)
        };
        let order = checkout::order(random, request, end, out_of_stock, declined);
        let status = match (out_of_stock, declined) {
            (true, _) => 409,
            (_, true) => 502,
            _ => 201,
        };
        let access = web::checkout(random, request, end, status);
        self.add_all(INVENTORY, stock);
        self.add_all(PAYMENTS, payment);
        self.add_all(pod, order);
        self.add_all(WEB, access);
    }

    fn add_all(&mut self, container: usize, lines: Vec<Line>) {
        for Line { at, stream, text } in lines {
            self.created += 1;
            self.pending.insert(
                (at, self.created),
                Event {
                    at,
                    container,
                    stream,
                    text,
                },
            );
        }
    }
}

/// A line before it is known which container writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// When.
    pub(super) at: TimestampNs,
    /// Which stream.
    pub(super) stream: Stream,
    /// What.
    pub(super) text: String,
}

impl Line {
    /// On stdout.
    pub(super) fn out(at: TimestampNs, text: String) -> Self {
        Self {
            at,
            stream: Stream::Stdout,
            text,
        }
    }

    /// On stderr.
    pub(super) fn err(at: TimestampNs, text: String) -> Self {
        Self {
            at,
            stream: Stream::Stderr,
            text,
        }
    }
}

/// A moment later.
pub(super) fn after(at: TimestampNs, ns: i64) -> TimestampNs {
    TimestampNs(at.0.saturating_add(ns))
}

/// How much more than usual is asked for: a slow swell, and a burst of twelve seconds every four minutes.
fn rush(at: TimestampNs) -> f64 {
    let second = at.0.rem_euclid(240 * SECOND_NS) as f64 / SECOND_NS as f64;
    let swell = 1.0 + 0.3 * (second / 240.0 * std::f64::consts::TAU).sin();
    if (200.0..212.0).contains(&second) {
        swell * 7.0
    } else {
        swell
    }
}

/// How bad things are: nothing, but for half a minute every seven minutes the bank is in trouble.
fn trouble(at: TimestampNs) -> f64 {
    let second = at.0.rem_euclid(420 * SECOND_NS) / SECOND_NS;
    if (300..330).contains(&second) { 1.0 } else { 0.0 }
}
