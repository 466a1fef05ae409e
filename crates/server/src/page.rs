//! The page: files that the binary hands in, with the headers that let browsers keep them.

use std::io::Read;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::error::ApiError;
use crate::server::Shared;

/// One file of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// `text/html; charset=utf-8` and the like.
    pub content_type: &'static str,
    /// The content, compressed as `encoding` says.
    pub content: Bytes,
    /// `gzip` and the like; `None` when it is not compressed.
    pub encoding: Option<&'static str>,
    /// Changes with the content; without quotes.
    pub etag: String,
    /// The name changes with the content, so that browsers may keep it for ever.
    pub immutable: bool,
}

/// Where the page's files come from.
pub trait Assets: Send + Sync + 'static {
    /// The file of a path without a leading slash, such as `index.html` or `assets/app-1a2b.js`.
    fn get(&self, path: &str) -> Option<Asset>;
}

/// The path of the page itself.
const INDEX: &str = "index.html";

/// The page loads nothing from elsewhere and runs nothing that is not a file of its own, so a log line that looks
/// like markup can never act. The page's own tests run under the same policy (`web/e2e/fake/server.ts`).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// What stands at `/` in a program that was built without the page.
const NO_PAGE: &str = "<!doctype html><meta charset=utf-8><title>Longshore</title>\
<body style=\"font:16px/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem\">\
<h1>Longshore is running</h1>\
<p>This build has no page. Build it with <code>make web</code> (it needs Node 20 or newer), then start again.</p>\
<p>The API works: <a href=loki/api/v1/labels>labels</a>, <a href=metrics>metrics</a>, <a href=ready>ready</a>. \
On the command line: <code>longshore query '{service_name=~\".+\"}'</code>.</p>";

/// Everything that is no other route.
pub(crate) async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let not_found = || ApiError::new(StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return not_found();
    }
    let path = request.uri().path().trim_start_matches('/');
    let path = if path.is_empty() { INDEX } else { path };
    match (&shared.assets, path) {
        (Some(assets), path) => assets
            .get(path)
            .map_or_else(not_found, |asset| respond(asset, request.headers())),
        (None, INDEX) => {
            let content_type = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
            (content_type, NO_PAGE).into_response()
        }
        (None, _) => not_found(),
    }
}

fn respond(asset: Asset, request_headers: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", asset.etag);
    let caching = if asset.immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, value);
    }
    let known = request_headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if asset.content_type.starts_with("text/html") {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    let accepts = request_headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let content = match asset.encoding {
        // A plain `curl` says nothing of gzip and must not be shown binary.
        Some("gzip") if !accepts.is_some_and(|accepts| accepts.contains("gzip")) => match inflated(&asset.content) {
            Ok(content) => content,
            Err(error) => return ApiError::internal(format!("the page is damaged: {error}")).into_response(),
        },
        Some(encoding) => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            asset.content
        }
        None => asset.content,
    };
    (headers, content).into_response()
}

/// Files of the page are ours and small, so nothing bounds them.
fn inflated(content: &[u8]) -> std::io::Result<Bytes> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(content).read_to_end(&mut plain)?;
    Ok(plain.into())
}

/// The page that the binary may hand in.
pub(crate) type OptionalAssets = Option<Arc<dyn Assets>>;
