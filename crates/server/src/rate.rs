//! A bucket of tokens: how much may pass in a while, and how much at once.

use std::time::Instant;

/// How fast a bucket fills, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Bytes that come into it in a second.
    pub bytes_per_second: f64,
    /// Bytes it holds, which may all pass at once.
    pub burst_bytes: f64,
}

impl Rate {
    /// Bytes in a second, and at once.
    pub fn new(bytes_per_second: f64, burst_bytes: f64) -> Self {
        Self {
            bytes_per_second,
            burst_bytes,
        }
    }
}

/// Tokens; full in the beginning.
///
/// It keeps no rate of its own, so a changed one acts at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        Self {
            tokens: rate.burst_bytes,
            filled_at: now,
        }
    }

    /// Takes tokens, when there are as many; else none is taken.
    pub(crate) fn take(&mut self, bytes: usize, rate: Rate, now: Instant) -> bool {
        self.fill(rate, now);
        let wanted = bytes as f64;
        let is_enough = wanted <= self.tokens;
        if is_enough {
            self.tokens -= wanted;
        }
        is_enough
    }

    /// Whether it is full again, that is, as good as a new one.
    pub(crate) fn is_full(&self, rate: Rate, now: Instant) -> bool {
        let mut filled = *self;
        filled.fill(rate, now);
        filled.tokens >= rate.burst_bytes
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let seconds = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + seconds * rate.bytes_per_second).min(rate.burst_bytes);
        self.filled_at = self.filled_at.max(now);
    }
}

#[cfg(test)]
mod tests;
