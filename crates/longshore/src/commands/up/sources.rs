//! Finds the container logs of this machine.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// Globs for a receiver; empty when there is nothing to tail.
    pub(super) globs: Vec<String>,
    /// A folder that holds logs that this user may not read.
    pub(super) unreadable: Option<PathBuf>,
}

/// A place where container runtimes write: a folder and how deep below it the files lie.
const PODS: (&str, &str) = ("var/log/pods", "*/*/*.log");
const CONTAINERS: (&str, &str) = ("var/log/containers", "*.log");
const DOCKER: (&str, &str) = ("var/lib/docker/containers", "*/*-json.log");

impl Sources {
    /// Looks below a root, which is `/` but in tests: for the kubelet's pods, else for its links, and for Docker's logs.
    pub(super) fn find(root: &Path) -> Self {
        let mut sources = Self::default();
        if !sources.look(root, PODS) {
            sources.look(root, CONTAINERS);
        }
        sources.look(root, DOCKER);
        sources
    }

    fn look(&mut self, root: &Path, (folder, pattern): (&str, &str)) -> bool {
        let folder = root.join(folder);
        let depth = pattern.split('/').count();
        let ending = pattern.rsplit('*').next().unwrap_or_default();
        match search(&folder, depth, ending) {
            Found::Logs => self.globs.push(folder.join(pattern).display().to_string()),
            Found::Closed => self.unreadable = Some(folder),
            Found::Nothing => return false,
        }
        true
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    Logs,
    Closed,
    Nothing,
}

/// Looks for one readable file with this ending, so many levels below the folder.
fn search(folder: &Path, depth: usize, ending: &str) -> Found {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Found::Closed,
        Err(_) => return Found::Nothing,
    };
    let mut found = Found::Nothing;
    for path in entries.flatten().map(|entry| entry.path()) {
        let here = match depth {
            1 if !path.to_string_lossy().ends_with(ending) => Found::Nothing,
            1 => match File::open(&path) {
                Ok(_) => Found::Logs,
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Found::Closed,
                // A link whose file is gone.
                Err(_) => Found::Nothing,
            },
            _ => search(&path, depth - 1, ending),
        };
        match here {
            Found::Logs => return Found::Logs,
            Found::Closed => found = Found::Closed,
            Found::Nothing => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_runtimes_write() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        let globs = || -> Vec<String> {
            let found = Sources::find(root.path()).globs;
            let prefix = format!("{}/", root.path().display());
            found
                .iter()
                .map(|glob| glob.strip_prefix(&prefix).unwrap().to_owned())
                .collect()
        };
        write("var/log/syslog.log");
        fs::create_dir_all(root.path().join("var/log/pods/a_b_c/d")).unwrap();
        assert_eq!(globs(), [""; 0]);
        write("var/log/containers/a_b_c-0.log");
        assert_eq!(globs(), ["var/log/containers/*.log"]);
        write("var/log/pods/a_b_c/d/0.log");
        assert_eq!(globs(), ["var/log/pods/*/*/*.log"]);
        write("var/lib/docker/containers/abc/abc-json.log");
        assert_eq!(
            globs(),
            ["var/log/pods/*/*/*.log", "var/lib/docker/containers/*/*-json.log"]
        );
    }

    #[test]
    fn a_link_to_nowhere_is_nothing() {
        let root = tempfile::tempdir().unwrap();
        let links = root.path().join("var/log/containers");
        fs::create_dir_all(&links).unwrap();
        std::os::unix::fs::symlink("/nowhere/0.log", links.join("a_b_c-0.log")).unwrap();
        assert_eq!(Sources::find(root.path()), Sources::default());
    }
}
