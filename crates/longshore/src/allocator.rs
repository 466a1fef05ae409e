//! How soon freed memory goes back to the system.

use std::time::Duration;

use libmimalloc_sys::{mi_option_t, mi_option_use_numa_nodes};

use crate::limits::{PURGE_AFTER, PURGE_AFTER_WHERE_TIGHT, TIGHT_BYTES};
use crate::memory_limit;

/// Milliseconds after which freed pages go back: `mi_option_purge_delay` of `mimalloc.h`, which the crate has no name for,
/// stands before this one.
const PURGE_DELAY: mi_option_t = mi_option_use_numa_nodes - 1;

/// Lets freed memory go back sooner than the allocator would: many pushes at once free as much as they hold, and a pod
/// has to live with both. `MIMALLOC_PURGE_DELAY` in the environment goes first.
pub(crate) fn give_back_soon() {
    let after = purge_after(memory_limit::of_process());
    let milliseconds = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
    // SAFETY: the function takes any number and may be called at any time; it writes one field of a table.
    #[expect(unsafe_code, reason = "the allocator has this option as a C function only")]
    unsafe {
        libmimalloc_sys::mi_option_set_default(PURGE_DELAY, milliseconds);
    }
}

fn purge_after(memory_bytes: Option<u64>) -> Duration {
    if memory_bytes.is_some_and(|bytes| bytes < TIGHT_BYTES) {
        PURGE_AFTER_WHERE_TIGHT
    } else {
        PURGE_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_give_back_at_once() {
        assert_eq!(purge_after(Some(512 << 20)), PURGE_AFTER_WHERE_TIGHT);
        assert_eq!(purge_after(Some(8 << 30)), PURGE_AFTER);
        assert_eq!(purge_after(None), PURGE_AFTER);
    }
}
