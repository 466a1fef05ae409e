//! How long to wait before a request is repeated.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use longshore_config::otel::RetrySettings;

use crate::limits::{RETRY_AFTER_MAX, UNREACHABLE_RETRY_MIN};

/// Waits that grow, each a little longer or shorter by chance, so that many collectors do not come back at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
    multiplier: f64,
    spread: f64,
    /// The next wait for a server that cannot be reached, until it is as long as the others.
    soon: Duration,
    initial: Duration,
}

impl Backoff {
    pub(crate) fn new(settings: &RetrySettings) -> Self {
        Self {
            soon: UNREACHABLE_RETRY_MIN.min(settings.initial_interval),
            initial: settings.initial_interval,
            next: settings.initial_interval,
            longest: settings.max_interval.max(settings.initial_interval),
            multiplier: settings.multiplier.max(1.0),
            spread: settings.randomization_factor.clamp(0.0, 1.0),
        }
    }

    /// The next wait; never shorter than the server asked for. A server that cannot be reached is usually one that is
    /// starting again: it is tried soon at first, and twice as long after each time, up to the configured interval.
    pub(crate) fn next_wait(&mut self, asked: Option<Duration>, is_unreachable: bool) -> Duration {
        let varied = 1.0 + self.spread * (2.0 * chance() - 1.0);
        if is_unreachable && self.soon < self.initial {
            let wait = self.soon.mul_f64(varied);
            self.soon *= 2;
            return wait;
        }
        let wait = self.next.mul_f64(varied);
        self.next = Duration::try_from_secs_f64(self.next.as_secs_f64() * self.multiplier)
            .map_or(self.longest, |next| next.min(self.longest));
        wait.max(asked.unwrap_or_default().min(RETRY_AFTER_MAX))
    }
}

/// A number from 0 to below 1. The standard library's hash keys are random, which is all that is needed here.
pub(crate) fn chance() -> f64 {
    let random = RandomState::new().hash_one(0_u8);
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_obey_the_server() {
        let mut backoff = Backoff::new(&RetrySettings {
            enabled: true,
            initial_interval: Duration::from_secs(1),
            max_interval: Duration::from_secs(5),
            multiplier: 2.0,
            randomization_factor: 0.0,
            max_elapsed_time: None,
        });
        let waits: Vec<u64> = (0..5).map(|_| backoff.next_wait(None, false).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
        assert_eq!(backoff.next_wait(Some(Duration::from_secs(20)), false).as_secs(), 20);
        assert_eq!(backoff.next_wait(Some(Duration::MAX), false), RETRY_AFTER_MAX);
        let mut chances = (0..100).map(|_| chance());
        assert!(chances.all(|chance| (0.0..1.0).contains(&chance)));
    }

    #[test]
    fn an_unreachable_server_is_tried_soon_at_first() {
        let waits = |initial_ms: u64| -> Vec<u128> {
            let mut backoff = Backoff::new(&RetrySettings {
                enabled: true,
                initial_interval: Duration::from_millis(initial_ms),
                max_interval: Duration::from_secs(30),
                multiplier: 1.5,
                randomization_factor: 0.0,
                max_elapsed_time: None,
            });
            (0..8).map(|_| backoff.next_wait(None, true).as_millis()).collect()
        };
        assert_eq!(waits(5000), [100, 200, 400, 800, 1600, 3200, 5000, 7500]);
        assert_eq!(waits(50)[..3], [50, 75, 112]);
    }
}
