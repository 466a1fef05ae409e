//! Time for programs that watch other programs: waiting for a condition with a deadline, never for a time to pass.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use longshore_model::TimestampNs;

/// Pause between two looks at a condition: short against every deadline here, long enough to leave the cores alone.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// The wall clock.
pub fn now() -> TimestampNs {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is after 1970");
    TimestampNs(i64::try_from(since.as_nanos()).expect("the clock is before 2262"))
}

/// Looks at `condition` until it gives a value; `None` when `deadline` has passed.
pub fn wait_until<T>(deadline: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::park_timeout(LOOK_AGAIN_AFTER);
    }
}
