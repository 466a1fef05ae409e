//! What cannot work is refused in words that say what to do, with a non-zero status and never a stack trace.

use std::fs;
use std::process::{Command, Output};

use longshore_tests::clock::wait_until;
use longshore_tests::halves::{Half, Halves, Via};
use longshore_tests::loki::Loki;
use longshore_tests::program::{Program, free_address};

use crate::{ENDS_WITHIN, PATIENCE, program};

/// Runs to the end and checks that it failed, in plain words with all of `words` in them.
fn assert_refused(command: &mut Command, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start("refused", folder.path(), command).unwrap();
    let status = program.wait(ENDS_WITHIN).expect("a refusal ends the program");
    let said = program.output();
    assert!(!status.success() && status.code().is_some(), "{status}: {said}");
    for trace in ["panicked", "stack backtrace", "RUST_BACKTRACE"] {
        assert!(!said.contains(trace), "{said}");
    }
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}

#[test]
fn a_second_store_and_a_busy_port() {
    let folder = tempfile::tempdir().unwrap();
    let mut halves = Halves::new(program(), folder.path(), Via::Loki).unwrap();
    halves.start_ready(Half::Store).unwrap();

    // The same folder behind another address: the lock says who is there.
    let other = free_address().unwrap();
    let text = fs::read_to_string(folder.path().join("store.yaml")).unwrap();
    let port = halves.address.port().to_string();
    fs::write(
        folder.path().join("second.yaml"),
        text.replace(&port, &other.port().to_string()),
    )
    .unwrap();
    let mut second = Command::new(program());
    second
        .args(["store", "--config", "second.yaml"])
        .current_dir(folder.path());
    let data = halves.data();
    assert_refused(&mut second, &[data.to_str().unwrap()]);

    // Another folder behind the same address.
    fs::write(
        folder.path().join("third.yaml"),
        text.replace("/data\"", "/elsewhere\""),
    )
    .unwrap();
    let mut third = Command::new(program());
    third
        .args(["store", "--config", "third.yaml"])
        .current_dir(folder.path());
    assert_refused(&mut third, &[&halves.address.to_string()]);
    assert!(
        halves.loki().get("/ready").is_ok_and(|answer| answer.status == 200),
        "the first store goes on"
    );
}

#[test]
fn the_same_for_up() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let up = |data: &str, address: &str| {
        let mut command = Command::new(program());
        command
            .args(["up", "--demo", "--data", data, "--listen", address])
            .current_dir(folder.path());
        command
    };
    let address = free_address().unwrap();
    let first = up(data.to_str().unwrap(), &address.to_string());
    let mut first = { first };
    let mut running = Program::start("up", folder.path(), &mut first).unwrap();
    if let Err(error) = Loki::new(address).wait_ready(PATIENCE) {
        panic!("{error}\n{}", running.last_words());
    }
    let elsewhere = folder.path().join("elsewhere");
    assert_refused(
        &mut up(elsewhere.to_str().unwrap(), &address.to_string()),
        &[&address.to_string()],
    );
    let free = free_address().unwrap().to_string();
    assert_refused(&mut up(data.to_str().unwrap(), &free), &[data.to_str().unwrap()]);

    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_refused(&mut up(file.to_str().unwrap(), &free), &[file.to_str().unwrap()]);
    assert!(wait_until(ENDS_WITHIN, || running.is_running().then_some(())).is_some());
}

#[test]
fn configurations_with_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let run = |half: &str, text: &str| -> Output {
        fs::write(folder.path().join("bad.yaml"), text).unwrap();
        Command::new(program())
            .args([half, "--config", "bad.yaml"])
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    for (half, text, words) in [
        (
            "collector",
            "receivers:\n  file_log:\n    includ: [\"/x/*.log\"]\n",
            &["bad.yaml", "includ"][..],
        ),
        (
            "store",
            "limits_config:\n  retention_perod: 1h\n",
            &["bad.yaml", "retention_perod"][..],
        ),
        ("store", "server: [\n", &["bad.yaml"][..]),
    ] {
        let output = run(half, text);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{half} accepted {text}");
        assert!(!said.contains("panicked"), "{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
    }
    let missing = Command::new(program())
        .args(["store", "--config", "missing.yaml"])
        .output()
        .unwrap();
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("missing.yaml"));
}
