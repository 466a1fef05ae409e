//! Builds the program with cargo, and shows how it goes.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::options::Program;
use super::process::{Ended, Processes};
use crate::limits::BUILD_OUTPUT_BYTES_MAX;

#[cfg(test)]
mod tests;

/// Why there is no program to run.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    /// `runtime.options.binary` names no file.
    #[error(
        "runtime.options.binary of Pulumi.yaml names {path}, which is no file: build it first, or remove the option"
    )]
    NoBinary {
        /// The path, as it was looked for.
        path: PathBuf,
    },
    /// Cargo could not be started.
    #[error(
        "cannot start cargo: install Rust (https://rustup.rs), or name a built program in runtime.options.binary of Pulumi.yaml"
    )]
    NoCargo(#[source] io::Error),
    /// Cargo's output could not be read.
    #[error("cannot follow cargo")]
    Io(#[source] io::Error),
    /// Cargo ended with an error.
    #[error("cargo build failed in {folder}\n{output}")]
    Failed {
        /// Where.
        folder: PathBuf,
        /// The end of what cargo printed.
        output: String,
    },
    /// The build was ended because the host is.
    #[error("cargo build was interrupted")]
    Interrupted,
    /// The package has no binary, or several.
    #[error("the package in {folder} has {found} binaries ({names}): name one in runtime.options.bin of Pulumi.yaml")]
    Ambiguous {
        /// Where.
        folder: PathBuf,
        /// How many.
        found: usize,
        /// Their names.
        names: String,
    },
}

/// What cargo says of itself in JSON, as far as it is of use: which binary is where.
///
/// Source: <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    manifest_path: PathBuf,
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// The path of the program, built where that is needed. Each line of cargo's goes to `progress`; nobody need listen.
pub(super) async fn program_path(
    program: &Program,
    processes: &Processes,
    progress: mpsc::Sender<String>,
) -> Result<PathBuf, BuildError> {
    if let Some(binary) = &program.options.binary {
        let path = program.root.join(binary);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(BuildError::NoBinary { path })
        };
    }
    let mut command = cargo(&program.folder);
    command.args(["build", "--message-format=json-render-diagnostics"]);
    command.args(program.options.release.then_some("--release"));
    match &program.options.bin {
        Some(bin) => command.args(["--bin", bin]),
        None => command.arg("--bins"),
    };
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = processes.start(&mut command).map_err(BuildError::NoCargo)?;
    let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
    let (binaries, output) =
        tokio::try_join!(binaries(stdout, &program.folder), follow(stderr, progress)).map_err(BuildError::Io)?;
    let folder = program.folder.clone();
    match process.wait().await.map_err(BuildError::Io)? {
        Ended::Told => Err(BuildError::Interrupted),
        Ended::Itself(status) if !status.success() => Err(BuildError::Failed { folder, output }),
        Ended::Itself(_) => choose(binaries, folder),
    }
}

/// Cargo in a folder. `CARGO` names another one, as it does for cargo's own subcommands.
pub(super) fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    command
}

fn choose(mut binaries: Vec<(String, PathBuf)>, folder: PathBuf) -> Result<PathBuf, BuildError> {
    match (binaries.pop(), binaries.len()) {
        (Some((_, path)), 0) => Ok(path),
        (last, before) => {
            let found = before + usize::from(last.is_some());
            let mut names: Vec<String> = binaries.into_iter().chain(last).map(|(name, _)| name).collect();
            names.sort();
            Err(BuildError::Ambiguous {
                folder,
                found,
                names: names.join(", "),
            })
        }
    }
}

/// The binaries of the package in the folder, by name. Lines that are not understood are not for us.
async fn binaries(output: Option<impl AsyncRead + Unpin>, folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let Some(output) = output else { return Ok(Vec::new()) };
    let manifest = folder.join("Cargo.toml").canonicalize().unwrap_or_default();
    let mut lines = BufReader::new(output).lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let Ok(Message {
            manifest_path,
            executable: Some(path),
            target: Some(target),
        }) = serde_json::from_str(&line)
        else {
            continue;
        };
        let ours = manifest_path.canonicalize().is_ok_and(|path| path == manifest);
        if ours && target.kind.iter().any(|kind| kind == "bin") {
            found.push((target.name, path));
        }
    }
    Ok(found)
}

/// Passes lines on and keeps the last of them.
pub(super) async fn follow(
    output: Option<impl AsyncRead + Unpin>,
    progress: mpsc::Sender<String>,
) -> io::Result<String> {
    let Some(output) = output else { return Ok(String::new()) };
    let mut lines = BufReader::new(output).lines();
    let (mut kept, mut kept_bytes) = (VecDeque::<String>::new(), 0_usize);
    while let Some(line) = lines.next_line().await? {
        kept_bytes += line.len();
        kept.push_back(line.clone());
        while kept_bytes > BUILD_OUTPUT_BYTES_MAX {
            kept_bytes -= kept.pop_front().map_or(kept_bytes, |line| line.len());
        }
        // A listener that is gone is no reason to stop the build.
        let _ = progress.send(line).await;
    }
    Ok(Vec::from(kept).join("\n"))
}
