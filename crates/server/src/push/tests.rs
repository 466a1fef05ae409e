//! What the store refuses, as answers; the rest is tested over HTTP.

use std::io;
use std::sync::Arc;

use super::*;

#[test]
fn what_the_store_refuses_is_told_apart() {
    let check = |error: PushError, status: u16, retry: bool| {
        let error = push_error(&error);
        assert_eq!(
            (error.status.as_u16(), error.retry_after_seconds.is_some()),
            (status, retry),
            "{}",
            error.text
        );
    };
    let cause = || Arc::new(io::Error::other("disk on fire"));
    check(PushError::Poisoned(cause()), 500, false);
    check(PushError::DiskFull(cause()), 503, true);
    check(PushError::Overloaded, 503, true);
    check(PushError::Closed, 503, true);
    let too_large = PushError::TooLarge {
        size_bytes: 2,
        limit_bytes: 1,
    };
    check(too_large, 413, false);
    assert!(
        push_error(&PushError::Poisoned(cause()))
            .text
            .ends_with(": disk on fire")
    );
}
