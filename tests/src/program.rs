//! Starts, watches and ends programs; what they print goes to a file beside their data.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::clock::wait_until;

/// Last bytes of a program's output that a failure report shows.
const SHOWN_BYTES: usize = 4_000;

/// Clock ticks in the files of /proc: Linux shows hundredths of a second to programs, whatever it counts itself.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running program; it is killed when dropped.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

/// Processor time and memory of one process.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// User and system time of all its threads, in seconds.
    pub cpu_seconds: f64,
    /// Highest resident size so far, in MiB.
    pub peak_mib: f64,
}

impl Program {
    /// Starts `command`; its output is appended to `<folder>/<name>.log`.
    ///
    /// # Errors
    /// The program cannot be started or the file not be written.
    pub fn start(name: &str, folder: &Path, command: &mut Command) -> io::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn();
        let told = |error: io::Error| io::Error::new(error.kind(), format!("{:?}: {error}", command.get_program()));
        Ok(Self {
            name: name.to_owned(),
            child: child.map_err(told)?,
            log,
        })
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would: SIGKILL, and waits until it is gone.
    ///
    /// # Errors
    /// The system refuses.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Asks it to end with SIGTERM, as an orchestrator does.
    ///
    /// # Errors
    /// The process is gone.
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Asks it to end as Ctrl-C does.
    ///
    /// # Errors
    /// The process is gone.
    pub fn interrupt(&self) -> io::Result<()> {
        self.signal(Signal::INT)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("process ids are positive");
        Ok(rustix::process::kill_process(id, signal)?)
    }

    /// Waits for its end; `None` when it still runs after `deadline`.
    pub fn wait(&mut self, deadline: Duration) -> Option<ExitStatus> {
        wait_until(deadline, || self.child.try_wait().ok().flatten())
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it has used until now; zeros when it is gone.
    pub fn usage(&self) -> Usage {
        let peak = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let peak = peak
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        let cpu_seconds = stat_seconds(&format!("/proc/{}/stat", self.child.id()), [14, 15]);
        Usage {
            cpu_seconds,
            peak_mib: peak.unwrap_or(0.0) / 1024.0,
        }
    }

    /// Everything it has printed, in this run and earlier ones of the same name and folder.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Its name and the end of its output, for the report of a failure.
    pub fn last_words(&self) -> String {
        let output = self.output();
        let from = output.ceil_char_boundary(output.len().saturating_sub(SHOWN_BYTES));
        format!("--- {} printed last:\n{}", self.name, &output[from..])
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is left to do then.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Processor seconds of all children of this process that have ended and been waited for.
pub fn ended_children_cpu_seconds() -> f64 {
    stat_seconds("/proc/self/stat", [16, 17])
}

/// The sum of fields of a `stat` file, numbered as in proc(5), that count clock ticks.
fn stat_seconds(path: &str, fields: [usize; 2]) -> f64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    // Field 2, the name, may hold blanks; it ends at the last parenthesis. Field 3 comes after it.
    let rest: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields
        .iter()
        .filter_map(|field| rest.get(field - 3)?.parse::<u64>().ok())
        .sum();
    ticks as f64 / TICKS_PER_SECOND
}

/// A loopback address that nobody listens on at this moment.
///
/// # Errors
/// No port can be had.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Bytes of all files below a folder.
pub fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => folder_bytes(&entry.path()),
        _ => entry.metadata().map_or(0, |metadata| metadata.len()),
    });
    sizes.sum()
}
