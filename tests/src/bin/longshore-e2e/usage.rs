//! What a pod has used, from its control groups: CPU, throttled periods, memory. Versions 1 and 2.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;

/// First lines of the table that the loads fill.
pub(crate) const HEADER: &str = "\
| lines/s | collector m | throttled periods | collector rss / peak MiB | store m | throttled periods | store rss / peak MiB \
| lag s, most | drained s | written | lost | doubled | torn | out of order | lacking metadata | probes 200, 503 |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

/// Folders below the control groups that are looked through for a pod's.
const DEPTH_MAX: usize = 8;

/// Counters of one pod since its start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// CPU time in ns.
    pub(crate) cpu_ns: u64,
    /// Enforcement periods, and those in which it was held back.
    pub(crate) periods: u64,
    pub(crate) throttled: u64,
    /// Memory of its own now, and the most with page cache, in bytes.
    pub(crate) rss: u64,
    pub(crate) peak: u64,
}

/// Where the counters of one pod are.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    cpu: PathBuf,
    accounting: PathBuf,
    memory: PathBuf,
}

impl Groups {
    /// Finds the groups of a pod by its uid.
    pub(crate) fn of_pod(uid: &str) -> Outcome<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let find = |controller: &str| -> Outcome<PathBuf> {
            let below = match controller {
                // Version 2 has one tree for all.
                _ if root.join("cgroup.controllers").exists() => root.to_owned(),
                controller => fs::canonicalize(root.join(controller))?,
            };
            find_pod(&below, uid, DEPTH_MAX).ok_or_else(|| format!("no control group of pod {uid}").into())
        };
        Ok(Self {
            cpu: find("cpu")?,
            accounting: find("cpuacct")?,
            memory: find("memory")?,
        })
    }

    /// Reads the counters.
    pub(crate) fn read(&self) -> Usage {
        let cpu = text(&self.cpu, "cpu.stat");
        let memory = text(&self.memory, "memory.stat");
        let single = |path: &Path, name: &str| text(path, name).trim().parse::<u64>().ok();
        let microseconds = field(&cpu, "usage_usec").map(|value| value * 1_000);
        Usage {
            cpu_ns: microseconds
                .or_else(|| single(&self.accounting, "cpuacct.usage"))
                .unwrap_or(0),
            periods: field(&cpu, "nr_periods").unwrap_or(0),
            throttled: field(&cpu, "nr_throttled").unwrap_or(0),
            rss: field(&memory, "total_rss")
                .or_else(|| field(&memory, "anon"))
                .unwrap_or(0),
            peak: single(&self.memory, "memory.max_usage_in_bytes")
                .or_else(|| single(&self.memory, "memory.peak"))
                .unwrap_or(0),
        }
    }
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_default()
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.split(' ').next() == Some(name))?;
    line.split(' ').nth(1)?.parse().ok()
}

fn find_pod(folder: &Path, uid: &str, depth: usize) -> Option<PathBuf> {
    let name = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .replace('_', "-");
    if name.contains(&format!("pod{uid}")) {
        return Some(folder.to_owned());
    }
    if depth == 0 {
        return None;
    }
    let folders = fs::read_dir(folder).ok()?.flatten();
    folders
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .find_map(|entry| find_pod(&entry.path(), uid, depth - 1))
}
