//! House rules over the files of the repository, so that no reviewer has to say them.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines in a source file; a longer one holds two ideas.
const FILE_LINES_MAX: usize = 500;

/// Folders that hold nothing written by hand.
const SKIPPED: &[&str] = &[
    "target",
    "node_modules",
    "dist",
    ".git",
    "data",
    "corpus",
    "test-results",
];

/// Module names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "misc", "mod"];

/// What text files of this repository end in.
const TEXT: &[&str] = &[
    "rs", "md", "toml", "yaml", "yml", "json", "sh", "ts", "js", "svelte", "css", "html", "lock",
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// All files below the repository's root that end in one of `endings`, with their names as seen from there.
fn files(endings: &[&str]) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut open = vec![root().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                open.push(path);
            } else if kind.is_file()
                && endings
                    .iter()
                    .any(|end| name.ends_with(&format!(".{end}")) || name == *end)
            {
                found.push((path.strip_prefix(root()).unwrap().display().to_string(), path));
            }
        }
    }
    found.sort();
    assert!(
        found.len() > 10,
        "the walk over the repository found {} files: is the root right?",
        found.len()
    );
    found
}

fn assert_tidy(mend: &[String]) {
    assert!(mend.is_empty(), "house rules:\n{}", mend.join("\n"));
}

#[test]
fn source_files_open_with_their_reason_and_stay_short() {
    let mut mend = Vec::new();
    for (name, path) in files(&["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if !text.starts_with("//!") {
            mend.push(format!("{name}: begin with `//!` and what the file is for"));
        }
        if lines > FILE_LINES_MAX {
            mend.push(format!(
                "{name}: {lines} lines; split it by idea, {FILE_LINES_MAX} is the most"
            ));
        }
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if EMPTY_NAMES.contains(&stem) {
            mend.push(format!(
                "{name}: name it after what it holds (and `foo.rs` + `foo/` instead of mod.rs)"
            ));
        }
    }
    assert_tidy(&mend);
}

#[test]
fn nothing_names_a_machine_or_a_private_registry() {
    // Put together here so that this file does not find itself.
    let paths = [
        ["/ro", "ot/"].concat(),
        ["/wo", "rk/"].concat(),
        ["/ho", "me/"].concat(),
        ["/Us", "ers/"].concat(),
    ];
    let mut mend = Vec::new();
    for (name, path) in files(&[TEXT, &["Makefile", "Dockerfile"]].concat()) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let at = format!("{name}:{}", number + 1);
            if paths.iter().any(|path| line.contains(path.as_str())) {
                mend.push(format!(
                    "{at}: a path of somebody's machine; make it relative or a variable"
                ));
            }
            let source = line.split_once("\"resolved\": \"").map(|(_, url)| url);
            if source.is_some_and(|url| url.starts_with("http")) {
                mend.push(format!(
                    "{at}: names a registry; lock again, .npmrc leaves the addresses out"
                ));
            }
            let source = line.strip_prefix("source = \"");
            if source.is_some_and(|url| !url.starts_with("registry+https://github.com/rust-lang/crates.io-index")) {
                mend.push(format!("{at}: a crate that is not from crates.io"));
            }
        }
    }
    assert_tidy(&mend);
}

#[test]
fn crates_inherit_the_workspace_lints() {
    let mut mend = Vec::new();
    for (name, path) in files(&["toml"]) {
        let text = fs::read_to_string(&path).unwrap();
        // What lies outside the workspace has none to inherit from.
        if text.contains("\n[workspace]\n") {
            continue;
        }
        if name.ends_with("Cargo.toml") && text.contains("[package]") && !text.contains("[lints]\nworkspace = true") {
            mend.push(format!("{name}: add `[lints]` with `workspace = true`"));
        }
    }
    assert_tidy(&mend);
}

#[test]
fn no_notes_to_self() {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X:"].concat()];
    let mut mend = Vec::new();
    for (name, path) in files(&["rs", "ts", "svelte"]) {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                mend.push(format!("{name}:{}: finish it or make an issue of it", number + 1));
            }
        }
    }
    assert_tidy(&mend);
}

#[test]
fn only_the_server_has_the_paths_of_the_api() {
    let mut mend = Vec::new();
    for (name, path) in files(&["rs"]) {
        // Tests stand in for a store now and then.
        let inside = name.starts_with("crates/server/") || name.contains("tests");
        let text = fs::read_to_string(&path).unwrap();
        if !inside && (text.contains(".route(\"/loki/") || text.contains(".route(\"/otlp/")) {
            mend.push(format!("{name}: routes of the API belong to crates/server"));
        }
    }
    assert_tidy(&mend);
}
