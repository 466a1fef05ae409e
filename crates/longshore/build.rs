//! Writes the list of the page's files for `src/setup/page.rs`: those of `web/dist`, compressed where it helps.
//!
//! The page is built by npm before. A program built without it works and has no page; this never fails for its sake.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Compressed by themselves already, so that compressing again only costs the browser.
const COMPRESSED: [&str; 4] = ["png", "woff2", "ico", "gz"];

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let page = manifest.join("../../web/dist");
    // A folder that is not there yet is watched by watching the one it will appear in: cargo looks at its time.
    let watched = if page.is_dir() {
        page.clone()
    } else {
        manifest.join("../../web")
    };
    println!("cargo::rerun-if-changed={}", watched.display());
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(variable("OUT_DIR"));
    let mut files = Vec::new();
    if page.join("index.html").is_file() {
        collect(&page, &page, &mut files)?;
    }
    files.sort();
    let mut list = String::from("const FILES: &[File] = &[\n");
    for (index, (name, path)) in files.iter().enumerate() {
        let content = fs::read(path)?;
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let gzip = !COMPRESSED.contains(&ending);
        let stored = if gzip { compress(&content)? } else { content.clone() };
        let stored_at = out.join(format!("page-{index}"));
        fs::write(&stored_at, stored)?;
        list.push_str(&format!(
            "    File {{ path: {name:?}, content: include_bytes!({stored_at:?}), gzip: {gzip}, tag: \"{:016x}\" }},\n",
            hash(&content)
        ));
    }
    list.push_str("];\n");
    fs::write(out.join("page.rs"), list)
}

fn variable(name: &str) -> String {
    std::env::var(name).expect("cargo sets it for build scripts")
}

/// All files below a folder, with their paths as a browser asks for them.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let name = path
                .strip_prefix(root)
                .expect("it was found below the root")
                .to_string_lossy()
                .into_owned();
            files.push((name, path));
        }
    }
    Ok(())
}

fn compress(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

/// FNV-1a; enough to tell two builds of the page apart.
fn hash(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
