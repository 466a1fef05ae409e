//! How long to wait before a request is repeated.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use longshore_config::otel::RetrySettings;

use crate::limits::RETRY_AFTER_MAX;

/// Waits that grow, each a little longer or shorter by chance, so that many collectors do not come back at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
    multiplier: f64,
    spread: f64,
}

impl Backoff {
    pub(crate) fn new(settings: &RetrySettings) -> Self {
        Self {
            next: settings.initial_interval,
            longest: settings.max_interval.max(settings.initial_interval),
            multiplier: settings.multiplier.max(1.0),
            spread: settings.randomization_factor.clamp(0.0, 1.0),
        }
    }

    /// The next wait; never shorter than the server asked for.
    pub(crate) fn next_wait(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.next.mul_f64(1.0 + self.spread * (2.0 * chance() - 1.0));
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
        let waits: Vec<u64> = (0..5).map(|_| backoff.next_wait(None).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
        assert_eq!(backoff.next_wait(Some(Duration::from_secs(20))).as_secs(), 20);
        assert_eq!(backoff.next_wait(Some(Duration::MAX)), RETRY_AFTER_MAX);
        let mut chances = (0..100).map(|_| chance());
        assert!(chances.all(|chance| (0.0..1.0).contains(&chance)));
    }
}
