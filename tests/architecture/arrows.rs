//! Which crate may know which: the arrows of `ARCHITECTURE.md`, held over `cargo metadata`.
//!
//! Invariant: only normal dependencies count; tests and build scripts may look anywhere.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Every crate with the workspace crates it may depend on. A crate that is missing here fails the test, so that a
/// new one gets its place in the picture.
const ARROWS: &[(&str, &[&str])] = &[
    ("longshore-model", &[]),
    ("longshore-goregex", &[]),
    ("longshore-wire", &["longshore-model", "longshore-goregex"]),
    ("longshore-logql", &["longshore-model", "longshore-goregex"]),
    ("longshore-config", &["longshore-model", "longshore-goregex"]),
    (
        "longshore-collector",
        &[
            "longshore-model",
            "longshore-goregex",
            "longshore-wire",
            "longshore-config",
        ],
    ),
    ("longshore-store", &["longshore-model"]),
    ("longshore-pulumi", &[]),
    (
        "longshore-deploy",
        &[
            "longshore-model",
            "longshore-config",
            "longshore-pulumi",
            "longshore-goregex",
        ],
    ),
    (
        "longshore-server",
        &[
            "longshore-model",
            "longshore-goregex",
            "longshore-wire",
            "longshore-logql",
            "longshore-config",
            "longshore-store",
        ],
    ),
];

/// Crates that may depend on everything: the program, and what measures and checks it.
const ON_TOP: &[&str] = &["longshore", "longshore-tests", "longshore-bench"];

/// The pure crates: layers 0 and 1.
const PURE: &[&str] = &[
    "longshore-model",
    "longshore-goregex",
    "longshore-wire",
    "longshore-logql",
    "longshore-config",
];

/// What a pure crate must not reach, at any depth: runtimes, sockets, files by another door, a cluster.
const IMPURE: &[&str] = &[
    "tokio", "axum", "reqwest", "hyper", "kube", "inotify", "rustix", "mio", "socket2", "tempfile", "tonic",
];

/// What else a crate must not depend on directly, with the reason.
const BANNED: &[(&str, &[&str], &str)] = &[
    (
        "longshore-store",
        &["tokio", "axum", "hyper", "reqwest", "serde_json"],
        "the store has its own threads, no HTTP",
    ),
    (
        "longshore-collector",
        &["parquet"],
        "the collector stores nothing but offsets",
    ),
    (
        "longshore-model",
        &["serde", "serde_json"],
        "domain types are not Serialize",
    ),
    (
        "longshore-logql",
        &["serde", "serde_json"],
        "results are plain types; the server knows the JSON",
    ),
];

fn metadata() -> Metadata {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(rustc.stdout).expect("rustc prints text");
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc -vV names the host");
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .other_options(["--locked".to_owned(), "--filter-platform".to_owned(), host.to_owned()])
        .exec()
        .expect("cargo metadata runs: is Cargo.lock up to date?")
}

/// The names of the normal dependencies that `name` declares.
fn direct(metadata: &Metadata, name: &str) -> BTreeSet<String> {
    let package = metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name.as_str() == name);
    let package =
        package.unwrap_or_else(|| panic!("{name} is in tests/architecture/arrows.rs but not in the workspace"));
    let normal = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.clone()).collect()
}

/// Every package that `name` reaches through normal dependencies, with one way to it.
fn reached(metadata: &Metadata, name: &str) -> BTreeMap<String, String> {
    let resolve = metadata.resolve.as_ref().expect("cargo metadata resolves dependencies");
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let root = metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name.as_str() == name)
        .expect(name);
    let mut ways = BTreeMap::new();
    let mut open = vec![(&root.id, name.to_owned())];
    while let Some((id, way)) = open.pop() {
        for dependency in &nodes[id].deps {
            if !dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal)
            {
                continue;
            }
            let found = metadata[&dependency.pkg].name.to_string();
            let way = format!("{way} > {found}");
            if let Entry::Vacant(vacant) = ways.entry(found) {
                vacant.insert(way.clone());
                open.push((&dependency.pkg, way));
            }
        }
    }
    ways
}

#[test]
fn arrows_point_down() {
    let metadata = metadata();
    let mut mend = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if ON_TOP.contains(&name) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
            mend.push(format!(
                "{name} has no layer: give it one in tests/architecture/arrows.rs and ARCHITECTURE.md"
            ));
            continue;
        };
        for to in direct(&metadata, name) {
            if to.starts_with("longshore") && !allowed.contains(&to.as_str()) {
                mend.push(format!(
                    "{name} depends on {to}: take it out of its Cargo.toml; it may know only {allowed:?}"
                ));
            }
        }
    }
    assert!(mend.is_empty(), "crate arrows:\n{}", mend.join("\n"));
}

#[test]
fn pure_crates_reach_nothing_impure() {
    let metadata = metadata();
    let mut mend = Vec::new();
    for name in PURE {
        let ways = reached(&metadata, name);
        for banned in IMPURE {
            if let Some(way) = ways.get(*banned) {
                mend.push(format!(
                    "{name} reaches {banned} by {way}: layers 0 and 1 have no runtime, sockets or files"
                ));
            }
        }
    }
    assert!(mend.is_empty(), "pure crates:\n{}", mend.join("\n"));
}

#[test]
fn halves_never_meet() {
    let metadata = metadata();
    let mut mend = Vec::new();
    for (name, never) in [
        (
            "longshore-collector",
            &["longshore-store", "longshore-server", "longshore-logql"][..],
        ),
        (
            "longshore-store",
            &[
                "longshore-collector",
                "longshore-logql",
                "longshore-server",
                "longshore-wire",
            ][..],
        ),
        ("longshore-server", &["longshore-collector"][..]),
    ] {
        let ways = reached(&metadata, name);
        for to in never {
            if let Some(way) = ways.get(*to) {
                mend.push(format!(
                    "{name} reaches {to} by {way}: they meet in the wire format and in the program only"
                ));
            }
        }
    }
    for (name, banned, reason) in BANNED {
        for to in direct(&metadata, name) {
            if banned.contains(&to.as_str()) {
                mend.push(format!("{name} depends on {to}: {reason}"));
            }
        }
    }
    assert!(mend.is_empty(), "the halves:\n{}", mend.join("\n"));
}

/// The collector listens for its health check and its metrics; Loki's paths are the server's alone.
#[test]
fn only_the_server_routes() {
    let metadata = metadata();
    let mut mend = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let routes = ["longshore-server", "longshore-collector"].contains(&name) || ON_TOP.contains(&name);
        if !routes && direct(&metadata, name).contains("axum") {
            mend.push(format!("{name} depends on axum: routes belong to longshore-server"));
        }
    }
    assert!(mend.is_empty(), "routes:\n{}", mend.join("\n"));
}
