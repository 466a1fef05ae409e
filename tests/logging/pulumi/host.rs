//! The real host and real programs, over gRPC, with an engine in this process.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use longshore_pulumi::proto::{
    GetProgramDependenciesRequest, GetRequiredPackagesRequest, InstallDependenciesRequest, LogSeverity, RunResponse,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::engine::{TestEngine, info, outputs_of};
use super::{host_program, test_program};
use crate::ENDS_WITHIN;

fn prebuilt() -> Value {
    json!({ "binary": test_program(), "packages": { "kubernetes": "4.27.0" } })
}

async fn run(engine: &mut TestEngine, options: Value, config: &[(&str, &str)]) -> RunResponse {
    let folder = tempfile::tempdir().unwrap();
    let request = engine.request(folder.path(), &options, config);
    engine.client.run(request).await.unwrap().into_inner()
}

fn errors(engine: &TestEngine) -> Vec<String> {
    let told = engine.told();
    let errors = told
        .messages
        .iter()
        .filter(|message| message.severity() == LogSeverity::Error);
    errors.map(|message| message.message.clone()).collect()
}

#[tokio::test]
async fn a_program_deploys() {
    let mut engine = TestEngine::start(host_program()).await;
    let version = engine.client.get_plugin_info(()).await.unwrap().into_inner().version;
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    let request = GetRequiredPackagesRequest {
        info: Some(info(Path::new("/"), &prebuilt())),
    };
    let packages = engine
        .client
        .get_required_packages(request)
        .await
        .unwrap()
        .into_inner()
        .packages;
    assert_eq!(
        packages
            .iter()
            .map(|one| (&*one.name, &*one.version))
            .collect::<Vec<_>>(),
        [("kubernetes", "4.27.0")]
    );

    let config = [("mode", "deploy"), ("value", "1"), ("token", "hunter2")];
    let response = run(&mut engine, prebuilt(), &config).await;
    assert_eq!(response, RunResponse::default());
    let told = engine.told();
    let names: Vec<&str> = told.resources.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["logs-dev", "logs", "cfg", "token"]);
    let secret = json!({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hunter2" });
    assert_eq!(
        outputs_of(&told),
        json!({ "logs": { "map": "id-of-cfg" }, "logs-dev": { "map": "id-of-cfg", "token": secret } })
    );
    assert!(told.shut_down);
    assert!(told.messages.is_empty(), "{:?}", told.messages);
}

#[tokio::test]
async fn a_program_that_fails_has_told_why() {
    let mut engine = TestEngine::start(host_program()).await;
    let response = run(&mut engine, prebuilt(), &[]).await;
    assert_eq!(
        response,
        RunResponse {
            error: String::new(),
            bail: true
        }
    );
    assert_eq!(
        errors(&engine),
        ["configuration lacks logs:mode: set it with `pulumi config set logs:mode <value>`"]
    );
    assert!(engine.told().resources.is_empty());
}

#[tokio::test]
async fn a_program_that_ends_badly_is_an_error() {
    let mut engine = TestEngine::start(host_program()).await;
    let response = run(&mut engine, prebuilt(), &[("mode", "exit")]).await;
    assert_eq!(response.error, "the program ended with exit code 3");
    assert!(!response.bail);
}

#[tokio::test]
async fn mistakes_in_the_options_are_told() {
    let mut engine = TestEngine::start(host_program()).await;
    let response = run(&mut engine, json!({ "binary": "nothing-here" }), &[]).await;
    assert!(response.bail);
    run(&mut engine, json!({ "binray": "x" }), &[]).await;
    let [missing, unknown] = &errors(&engine)[..] else {
        panic!("{:?}", errors(&engine))
    };
    assert!(
        missing.contains("nothing-here, which is no file: build it first"),
        "{missing}"
    );
    assert!(unknown.contains("unknown field `binray`"), "{unknown}");
}

/// How a host is made to end.
enum End {
    Cancel,
    Interrupt,
    InputGone,
}

/// Starts a program that never ends, ends the host's run, and sees that the program is gone too.
async fn ends(how: End) {
    let mut engine = TestEngine::start(host_program()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("id");
    let config = [("mode", "hang"), ("file", file.to_str().unwrap())];
    let request = engine.request(folder.path(), &prebuilt(), &config);
    let mut client = engine.client.clone();
    let running = tokio::spawn(async move { client.run(request).await });
    let id = wait_until_async(|| fs::read_to_string(&file).ok().filter(|text| !text.is_empty())).await;
    let program = Path::new("/proc").join(&id);
    assert!(program.exists());
    match how {
        End::Cancel => {
            engine.client.cancel(()).await.unwrap();
            let response = running.await.unwrap().unwrap().into_inner();
            assert!(response.bail);
            assert!(
                engine.host.try_wait().unwrap().is_none(),
                "the host itself ends by a signal"
            );
        }
        End::Interrupt => {
            let host = Pid::from_raw(i32::try_from(engine.host.id()).unwrap()).unwrap();
            kill_process(host, Signal::INT).unwrap();
            assert!(wait_until_async(|| engine.host.try_wait().unwrap()).await.success());
        }
        End::InputGone => {
            drop(engine.host.stdin.take());
            assert!(wait_until_async(|| engine.host.try_wait().unwrap()).await.success());
        }
    }
    assert!(!program.exists(), "the program is left behind");
}

/// Waits without standing in the way of the engine's own tasks.
async fn wait_until_async<T>(mut condition: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = condition() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(ENDS_WITHIN, waiting).await.expect("in time")
}

#[tokio::test]
async fn cancel_ends_the_program() {
    ends(End::Cancel).await;
}

#[tokio::test]
async fn an_interrupt_ends_host_and_program() {
    ends(End::Interrupt).await;
}

#[tokio::test]
async fn the_end_of_pulumi_ends_host_and_program() {
    ends(End::InputGone).await;
}

fn package(main: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[package]\nname = \"tiny\"\nversion = \"1.2.3\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/main.rs"), main).unwrap();
    folder
}

#[tokio::test]
async fn a_program_is_built_and_run() {
    let mut engine = TestEngine::start(host_program()).await;
    let folder = package(
        "fn main() { std::process::exit(if std::env::var(\"PULUMI_STACK\").unwrap() == \"dev\" { 7 } else { 8 }) }",
    );
    let request = InstallDependenciesRequest {
        info: Some(info(folder.path(), &json!({}))),
        ..Default::default()
    };
    let mut pieces = engine.client.install_dependencies(request).await.unwrap().into_inner();
    let mut output = String::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        output += &String::from_utf8(piece.stdout).unwrap();
    }
    assert!(output.contains("Compiling tiny"), "{output}");
    let request = engine.request(folder.path(), &json!({}), &[]);
    let response = engine.client.run(request).await.unwrap().into_inner();
    assert_eq!(response.error, "the program ended with exit code 7");
    let progress = engine.told().messages.iter().all(|message| message.ephemeral);
    assert!(progress, "{:?}", engine.told().messages);

    let request = GetProgramDependenciesRequest {
        info: Some(info(folder.path(), &json!({}))),
        ..Default::default()
    };
    let dependencies = engine
        .client
        .get_program_dependencies(request)
        .await
        .unwrap()
        .into_inner()
        .dependencies;
    assert!(dependencies.is_empty(), "{dependencies:?}");
}

#[tokio::test]
async fn a_program_that_does_not_compile_shows_the_compilers_words() {
    let mut engine = TestEngine::start(host_program()).await;
    let folder = package("fn main() { let x: u8 = \"text\"; }");
    let request = engine.request(folder.path(), &json!({}), &[]);
    let response = engine.client.run(request).await.unwrap().into_inner();
    assert_eq!(
        response,
        RunResponse {
            error: String::new(),
            bail: true
        }
    );
    let [error] = &errors(&engine)[..] else {
        panic!("{:?}", errors(&engine))
    };
    assert!(error.starts_with("cargo build failed in "), "{error}");
    assert!(error.contains("mismatched types"), "{error}");
    let request = InstallDependenciesRequest {
        info: Some(info(folder.path(), &json!({}))),
        ..Default::default()
    };
    let mut pieces = engine.client.install_dependencies(request).await.unwrap().into_inner();
    let status = loop {
        match pieces.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("no error"),
            Err(status) => break status,
        }
    };
    assert!(status.message().starts_with("cargo build failed in "), "{status:?}");
}

#[test]
fn a_program_started_by_hand_says_how_to_start_it() {
    let output = Command::new(test_program())
        .env_remove("PULUMI_MONITOR")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: this program only runs inside Pulumi (PULUMI_MONITOR is not set): run `pulumi up`, or `pulumi preview`\n"
    );
}
