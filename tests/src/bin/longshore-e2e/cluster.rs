//! The node: the lab's scripts from outside, `kubectl` from inside.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Outcome, tell};

/// Pause between two questions to the cluster: each is a process.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The lab's scripts.
pub(crate) struct Lab {
    folder: PathBuf,
}

impl Lab {
    /// The folder that was given, else the one beside the project.
    pub(crate) fn find(given: Option<&Path>) -> Option<Self> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/lab");
        let folder = given.map_or(beside, Path::to_owned);
        folder.join("up.sh").exists().then_some(Self { folder })
    }

    fn script(&self, name: &str) -> Command {
        Command::new(self.folder.join(name))
    }

    /// Starts the node and waits until it is Ready.
    pub(crate) fn up(&self) -> Outcome<()> {
        run(&mut self.script("up.sh")).map(drop)
    }

    /// Ends the node; nothing of it is left.
    pub(crate) fn down(&self) -> Outcome<()> {
        run(&mut self.script("down.sh")).map(drop)
    }

    /// Gives an archive as `make image` writes it to the node's runtime.
    pub(crate) fn load(&self, archive: &[u8]) -> Outcome<()> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(archive)?;
        let mut enter = self.script("enter.sh");
        enter.args(["ctr", "-n", "k8s.io", "images", "import"]).arg(file.path());
        run(&mut enter).map(drop)
    }

    /// Makes an image of one static program.
    pub(crate) fn image(&self, tag: &str, program: &Path) -> Outcome<()> {
        run(self.script("image.sh").arg(tag).arg(program)).map(drop)
    }

    /// Runs a program in the node's network, with its output shown; whether it ended well.
    pub(crate) fn enter(&self, program: &Path, arguments: impl Iterator<Item = String>) -> Outcome<bool> {
        Ok(self.script("enter.sh").arg(program).args(arguments).status()?.success())
    }
}

/// Runs a command to its end and gives its output.
///
/// # Errors
/// It ended badly; with what it printed.
pub(crate) fn run(command: &mut Command) -> Outcome<String> {
    let output = command.stdin(Stdio::null()).output()?;
    finish(command, &output)
}

fn finish(command: &Command, output: &std::process::Output) -> Outcome<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let name = command.get_program().to_string_lossy().into_owned();
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} {}: {}\n{text}{errors}", arguments.join(" "), output.status).into())
}

/// Runs `kubectl` with the node's own administrator.
pub(crate) fn kubectl<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Outcome<String> {
    run(Command::new("kubectl").args(arguments))
}

/// The same, with text on its standard input.
pub(crate) fn kubectl_with(input: &str, arguments: &[&str]) -> Outcome<String> {
    let mut command = Command::new("kubectl");
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    // kubectl reads everything before it writes, so writing first cannot block for ever.
    stdin.write_all(input.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    finish(&command, &output)
}

/// Asks until the answer is there.
///
/// # Errors
/// The deadline passed; with the last answer.
pub(crate) fn wait_for<T>(what: &str, deadline: Duration, mut ask: impl FnMut() -> Outcome<Option<T>>) -> Outcome<T> {
    let end = Instant::now() + deadline;
    loop {
        let last = match ask() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => String::new(),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= end {
            return Err(format!("{what}: not in {deadline:?} {last}").into());
        }
        std::thread::park_timeout(LOOK_AGAIN_AFTER);
    }
}

/// Makes a namespace and waits until pods may be made in it.
pub(crate) fn namespace(name: &str) -> Outcome<()> {
    if kubectl(["get", "namespace", name]).is_err() {
        kubectl(["create", "namespace", name])?;
    }
    wait_for("the namespace's account", Duration::from_secs(60), || {
        Ok(kubectl(["-n", name, "get", "serviceaccount", "default"]).ok())
    })?;
    Ok(())
}

/// Ends a namespace and all that is in it.
pub(crate) fn forget_namespace(name: &str) -> Outcome<()> {
    tell(&format!("      removing namespace {name}"));
    kubectl([
        "delete",
        "namespace",
        name,
        "--ignore-not-found",
        "--wait=true",
        "--timeout=180s",
    ])
    .map(drop)
}
