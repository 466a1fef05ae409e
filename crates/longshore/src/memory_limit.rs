//! How much memory this process may use, as the machine and its control groups say.
//!
//! Source: Linux, `Documentation/admin-guide/cgroup-v2.rst` (`memory.max`) and `cgroup-v1/memory.rst`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::limits::{
    PUSH_MEMORY_BYTES_MIN, PUSH_MEMORY_SHARE, QUERY_MEMORY_BYTES_MAX, QUERY_MEMORY_BYTES_MIN, QUERY_MEMORY_SHARE,
};

/// Bytes that queries may hold together, from what the process may use; `None` where that is not known.
pub(crate) fn for_queries() -> Option<usize> {
    let share = usize::try_from(of_process()? / QUERY_MEMORY_SHARE).unwrap_or(usize::MAX);
    Some(share.clamp(QUERY_MEMORY_BYTES_MIN, QUERY_MEMORY_BYTES_MAX))
}

/// Bytes that pushes may hold together, as [`for_queries`]. More than the server takes by itself is not of use.
pub(crate) fn for_pushes() -> Option<usize> {
    let share = usize::try_from(of_process()? / PUSH_MEMORY_SHARE).unwrap_or(usize::MAX);
    Some(share.max(PUSH_MEMORY_BYTES_MIN))
}

/// Bytes that the process may use; `None` where that is not known.
pub(crate) fn of_process() -> Option<u64> {
    let root = Path::new("/");
    [group_limit(root), machine(root)].into_iter().flatten().min()
}

/// The tightest limit of the control groups that the process is in.
fn group_limit(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let paths = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        match controllers {
            "" => Some(("sys/fs/cgroup", "memory.max", path)),
            _ if controllers.split(',').any(|name| name == "memory") => {
                Some(("sys/fs/cgroup/memory", "memory.limit_in_bytes", path))
            }
            _ => None,
        }
    });
    paths
        .flat_map(|(mount, file, path)| {
            let mount = root.join(mount);
            // In a container the path is often one of the host's, of which only the last group can be seen, as `/`.
            let folders = Path::new(path.trim_start_matches('/')).ancestors().map(PathBuf::from);
            folders
                .map(move |folder| mount.join(folder).join(file))
                .collect::<Vec<_>>()
        })
        // `max` is no number; without a limit version 1 shows one that no machine has.
        .filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok())
        .min()
}

/// The memory of the machine.
fn machine(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1 << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_tightest_group_counts() {
        let root = root(&[
            ("proc/self/cgroup", "0::/kubepods/pod1/c1\n"),
            ("sys/fs/cgroup/kubepods/pod1/c1/memory.max", "max\n"),
            ("sys/fs/cgroup/kubepods/pod1/memory.max", "536870912\n"),
            ("sys/fs/cgroup/kubepods/memory.max", "8589934592\n"),
        ]);
        assert_eq!(group_limit(root.path()), Some(512 << 20));
    }

    #[test]
    fn a_container_sees_its_group_as_the_root() {
        let root = root(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "268435456\n"),
        ]);
        assert_eq!(group_limit(root.path()), Some(256 << 20));
    }

    #[test]
    fn version_1_is_read_too() {
        let root = root(&[
            ("proc/self/cgroup", "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n"),
        ]);
        assert_eq!(group_limit(root.path()), Some(128 << 20));
    }

    #[test]
    fn the_machine_is_read() {
        let root = root(&[("proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\n")]);
        assert_eq!(machine(root.path()), Some(2 << 20));
        assert_eq!(group_limit(root.path()), None);
    }
}
