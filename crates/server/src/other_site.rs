//! Keeps pages of other sites from doing harm to a store that runs on their visitor's machine.
//!
//! A browser sends a simple POST anywhere; it says in `Sec-Fetch-Site` whose page asked for it. Other programs do not
//! send that header and are not meant.

use axum::http::{HeaderMap, StatusCode};

use crate::error::ApiError;

/// Refuses a request that a page of another site made; `what` completes "a page of another site may not".
pub(crate) fn refuse(headers: &HeaderMap, what: &str) -> Result<(), ApiError> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        let text = format!("a page of another site may not {what}");
        return Err(ApiError::new(StatusCode::FORBIDDEN, text));
    }
    Ok(())
}
