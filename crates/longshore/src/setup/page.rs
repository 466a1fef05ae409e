//! The page, as it was built into the program; `build.rs` writes the list.

use std::sync::Arc;

use bytes::Bytes;
use longshore_server::{Asset, Assets};

/// A file of the page: path, bytes, whether they are compressed by gzip, a tag that changes with the content.
struct File {
    path: &'static str,
    content: &'static [u8],
    gzip: bool,
    tag: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/page.rs"));

struct Page;

impl Assets for Page {
    fn get(&self, path: &str) -> Option<Asset> {
        let file = FILES.iter().find(|file| file.path == path)?;
        Some(Asset {
            content_type: content_type(path),
            content: Bytes::from_static(file.content),
            encoding: file.gzip.then_some("gzip"),
            etag: file.tag.to_owned(),
            // The build puts a hash of the content into the names below this folder.
            immutable: path.starts_with("assets/"),
        })
    }
}

/// The page, if the program was built with it.
pub(crate) fn embedded() -> Option<Arc<dyn Assets>> {
    (!FILES.is_empty()).then(|| Arc::new(Page) as Arc<dyn Assets>)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map" | "webmanifest") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_or_not_there() {
        let Some(page) = embedded() else {
            assert!(FILES.is_empty());
            return;
        };
        let index = page.get("index.html").expect("a page begins somewhere");
        assert_eq!(index.content_type, "text/html; charset=utf-8");
        assert!(!index.immutable);
        assert!(page.get("nothing.js").is_none());
        assert!(FILES.iter().any(|file| file.path.ends_with(".js")));
    }
}
