//! Images made of a program that says it is static, or that it is not.

use std::collections::BTreeMap;
use std::io::Read;

use tar::Archive;

use super::*;

/// An ELF file of nothing but headers: with a loader, or without.
fn program(machine: u16, loader: Option<&str>) -> Vec<u8> {
    let mut bytes = vec![0u8; 64 + 56];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    bytes[18..20].copy_from_slice(&machine.to_le_bytes());
    bytes[32..40].copy_from_slice(&64u64.to_le_bytes());
    bytes[54..56].copy_from_slice(&56u16.to_le_bytes());
    bytes[56..58].copy_from_slice(&1u16.to_le_bytes());
    // A loadable segment, or the name of a loader behind the headers.
    bytes[64] = 1;
    if let Some(loader) = loader {
        bytes[64] = 3;
        bytes[64 + 8..64 + 16].copy_from_slice(&120u64.to_le_bytes());
        bytes[64 + 32..64 + 40].copy_from_slice(&(loader.len() as u64 + 1).to_le_bytes());
        bytes.extend_from_slice(loader.as_bytes());
        bytes.push(0);
    }
    bytes
}

fn image(bytes: &[u8]) -> Result<Image, Failure> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("thing");
    fs::write(&path, bytes).expect("written");
    Image::of_program(&path)
}

/// Path, owner, mode and content of all that is in an archive.
fn unpack(archive: &[u8]) -> BTreeMap<String, (u64, u32, Vec<u8>)> {
    let mut archive = Archive::new(archive);
    let entries = archive.entries().expect("an archive");
    let one = |entry: io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.expect("an entry");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("its content");
        let path = entry.path().expect("its path").display().to_string();
        let header = entry.header();
        let facts = (header.uid().expect("owner"), header.mode().expect("mode"), content);
        (path, facts)
    };
    entries.map(one).collect()
}

#[test]
fn executables_tell_whether_they_are_static() {
    let check = |bytes: &[u8], expected: &str| {
        let found = match inspect(bytes) {
            Ok(elf) => format!("{} {}", elf.architecture, elf.loader.unwrap_or("static".to_owned())),
            Err(failure) => failure.0,
        };
        assert_eq!(found, expected);
    };
    check(&program(62, None), "amd64 static");
    check(&program(183, None), "arm64 static");
    check(
        &program(62, Some("/lib64/ld-linux-x86-64.so.2")),
        "amd64 /lib64/ld-linux-x86-64.so.2",
    );
    check(
        &program(40, None),
        "the program is for machine number 40, which has no name here",
    );
    check(b"#!/bin/sh\n", "the program is no whole 64-bit ELF file");
    check(&program(62, None)[..30], "the program is no whole 64-bit ELF file");
    let own = fs::read(std::env::current_exe().expect("this test")).expect("readable");
    assert!(inspect(&own).is_ok(), "a real program has headers that are understood");
}

#[test]
fn a_program_that_needs_a_loader_is_refused_with_the_fix() {
    let failure = image(&program(62, Some("/lib/ld.so"))).expect_err("it could not start");
    assert!(
        failure.0.contains("needs /lib/ld.so") && failure.0.contains("+crt-static"),
        "{failure}"
    );
}

#[test]
fn an_archive_holds_the_program_the_authorities_and_folders_of_its_own() {
    let mut image = image(&program(62, None)).expect("static").with_arguments(&["up"]);
    image.add("/etc/thing/config.yaml", b"a: 1\n".to_vec());
    let archive = image.archive(&["thing:dev"]).expect("an archive");
    let parts = unpack(&archive);
    let manifest: serde_json::Value = serde_json::from_slice(&parts["manifest.json"].2).expect("JSON");
    assert_eq!(manifest[0]["RepoTags"], json!(["thing:dev"]));
    let config = &parts[manifest[0]["Config"].as_str().expect("a name")].2;
    let layer = &parts[manifest[0]["Layers"][0].as_str().expect("a name")].2;
    let config: serde_json::Value = serde_json::from_slice(config).expect("JSON");
    assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", sha256(layer)));
    assert_eq!(config["config"]["User"], "10001:10001");
    assert_eq!(config["config"]["Entrypoint"], json!(["/bin/thing"]));
    assert_eq!(config["config"]["Cmd"], json!(["up"]));
    let files = unpack(layer);
    assert_eq!(files["bin/thing"], (0, 0o755, program(62, None)));
    assert_eq!(files["etc/thing/config.yaml"].2, b"a: 1\n");
    assert_eq!((files["loki/"].0, files["tmp/"].1), (USER, 0o1777));
    let authorities = String::from_utf8_lossy(&files[AUTHORITIES].2).into_owned();
    assert!(
        authorities.matches("BEGIN CERTIFICATE").count() > 50,
        "{} bytes",
        authorities.len()
    );
    assert!(authorities.lines().all(|line| line.len() <= PEM_LINE));
    let shells = files.keys().filter(|path| path.starts_with("bin/")).count();
    assert_eq!(shells, 2, "the folder and the program, nothing else");
    assert_eq!(
        archive,
        image.archive(&["thing:dev"]).expect("again"),
        "the same bytes again"
    );
}

#[test]
fn what_an_archive_cannot_be_is_said() {
    let mut image = image(&program(62, None)).expect("static");
    for tag in ["thing", "thing:", "host:5000/thing"] {
        assert!(
            image
                .archive(&[tag])
                .is_err_and(|failure| failure.0.contains("needs a version")),
            "{tag}"
        );
    }
    image.add("large", vec![0; IMAGE_BYTES_MAX]);
    assert!(
        image
            .archive(&["thing:dev"])
            .is_err_and(|failure| failure.0.contains("is the most"))
    );
}
