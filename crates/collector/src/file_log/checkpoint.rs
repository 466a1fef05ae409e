//! The file that remembers how far each log file was delivered. Format: `docs/format/checkpoint.md`.
//!
//! Invariants:
//! * The file under its name is always whole: it is written under another name, fsynced and renamed, and the folder
//!   is fsynced.
//! * The generation before it is kept; it is read when the newest does not pass its checksum.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use longshore_model::TimestampNs;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::files::FileId;
use super::fingerprint::{Fingerprint, LineClock};
use super::tailer::{Progress, base_of};
use crate::limits::CHECKPOINT_BYTES_MAX;

/// First line of the file; the number changes with the format.
const HEADER: &str = "longshore checkpoint 1";

/// One remembered file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFile {
    /// Device and inode.
    pub id: FileId,
    /// How it begins.
    pub fingerprint: Fingerprint,
    /// Where it was last.
    pub path: PathBuf,
    /// What of it was delivered.
    pub progress: Progress,
    /// It was rotated, read to its end and delivered whole.
    pub is_drained: bool,
}

impl SavedFile {
    /// The path it had, or has, while it is written to.
    pub(crate) fn target(&self) -> PathBuf {
        base_of(&self.path).unwrap_or_else(|| self.path.clone())
    }
}

/// Why a checkpoint cannot be read or written.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The file system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// `read`, `write` or the like.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Neither the file nor the generation before it is whole.
    #[error(
        "{path} is damaged, and so is the generation before it ({reason}); move both away to begin anew, \
         which reads all log files again"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    path: String,
    device: u64,
    inode: u64,
    fingerprint_bytes: usize,
    fingerprint: String,
    stdout: u64,
    stderr: u64,
    raw: u64,
    clock_ns: i64,
    clock_repeats: u32,
    stdout_continues: bool,
    stderr_continues: bool,
    drained: bool,
}

/// Keeps the checkpoint of one receiver in a folder.
#[derive(Debug, Clone)]
pub struct CheckpointStore {
    path: PathBuf,
}

impl CheckpointStore {
    /// The checkpoint `name` in a folder that is there.
    pub fn new(folder: &Path, name: &str) -> Self {
        Self {
            path: folder.join(format!("{name}.checkpoint")),
        }
    }

    /// Reads it; empty when there is none.
    ///
    /// # Errors
    /// When there is one that cannot be read, and no generation before it either.
    pub fn load(&self) -> Result<Vec<SavedFile>, CheckpointError> {
        let mut reason = None;
        for path in [self.path.clone(), self.sibling("previous")] {
            let text = match read_bounded(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => {
                    return Err(CheckpointError::Io {
                        action: "read",
                        path,
                        source,
                    });
                }
            };
            match decode(&text) {
                Ok(files) => {
                    if let Some(reason) = reason {
                        tracing::warn!(path = %self.path.display(), reason, "checkpoint damaged, using the generation before it");
                    }
                    return Ok(files);
                }
                Err(why) => reason = reason.or(Some(why)),
            }
        }
        match reason {
            Some(reason) => Err(CheckpointError::Damaged {
                path: self.path.clone(),
                reason,
            }),
            None => Ok(Vec::new()),
        }
    }

    /// Replaces it; the old one becomes the generation before.
    ///
    /// # Durability
    /// On return the new one survives a power loss.
    ///
    /// # Errors
    /// When a step fails; the checkpoint is then the old one or the new one, whole.
    pub fn save(&self, files: &[SavedFile]) -> Result<(), CheckpointError> {
        let new = self.sibling("new");
        let previous = self.sibling("previous");
        let failed = |action, path: &Path, source| CheckpointError::Io {
            action,
            path: path.to_owned(),
            source,
        };
        let mut file = File::create(&new).map_err(|error| failed("create", &new, error))?;
        file.write_all(encode(files).as_bytes())
            .map_err(|error| failed("write", &new, error))?;
        file.sync_all().map_err(|error| failed("sync", &new, error))?;
        // A second name instead of a rename, so that the first name always leads to a whole file.
        match fs::remove_file(&previous).and_then(|()| fs::hard_link(&self.path, &previous)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let _ = fs::hard_link(&self.path, &previous);
            }
            Err(error) => tracing::debug!(%error, "cannot keep the checkpoint's generation before"),
            Ok(()) => {}
        }
        fs::rename(&new, &self.path).map_err(|error| failed("rename", &new, error))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| failed("sync", folder, error))
    }

    fn sibling(&self, ending: &str) -> PathBuf {
        self.path.with_extension(format!("checkpoint.{ending}"))
    }
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(CHECKPOINT_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn encode(files: &[SavedFile]) -> String {
    let mut text = format!("{HEADER}\n");
    for file in files {
        // A path that is no UTF-8 cannot be written down; its file is read from its beginning again.
        let Some(path) = file.path.to_str() else { continue };
        let line = Line {
            path: path.to_owned(),
            device: file.id.device,
            inode: file.id.inode,
            fingerprint_bytes: file.fingerprint.length,
            fingerprint: format!("{:016x}", file.fingerprint.hash),
            stdout: file.progress.offsets[0],
            stderr: file.progress.offsets[1],
            raw: file.progress.offsets[2],
            clock_ns: file.progress.clock.last.0,
            clock_repeats: file.progress.clock.repeats,
            stdout_continues: file.progress.continues[0],
            stderr_continues: file.progress.continues[1],
            drained: file.is_drained,
        };
        text.push_str(&serde_json::to_string(&line).expect("numbers and text always become JSON"));
        text.push('\n');
    }
    let checksum = crc32fast::hash(text.as_bytes());
    text.push_str(&format!("crc32 {checksum:08x}\n"));
    text
}

fn decode(text: &str) -> Result<Vec<SavedFile>, String> {
    let at = text.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
    let (content, last) = text.split_at(at);
    let expected = last
        .trim_end()
        .strip_prefix("crc32 ")
        .ok_or("it ends without a checksum")?;
    let found = format!("{:08x}", crc32fast::hash(content.as_bytes()));
    if expected != found {
        return Err(format!("its checksum is {found}, and {expected} is written in it"));
    }
    let mut lines = content.lines();
    match lines.next() {
        Some(HEADER) => {}
        other => {
            return Err(format!(
                "it begins with {:?}, not {HEADER:?}",
                other.unwrap_or_default()
            ));
        }
    }
    lines
        .map(|line| {
            serde_json::from_str::<Line>(line)
                .map_err(|error| error.to_string())
                .and_then(restore)
        })
        .collect()
}

fn restore(line: Line) -> Result<SavedFile, String> {
    let hash = u64::from_str_radix(&line.fingerprint, 16).map_err(|error| error.to_string())?;
    Ok(SavedFile {
        id: FileId {
            device: line.device,
            inode: line.inode,
        },
        fingerprint: Fingerprint {
            length: line.fingerprint_bytes,
            hash,
        },
        path: PathBuf::from(line.path),
        progress: Progress {
            offsets: [line.stdout, line.stderr, line.raw],
            clock: LineClock {
                last: TimestampNs(line.clock_ns),
                repeats: line.clock_repeats,
            },
            continues: [line.stdout_continues, line.stderr_continues],
        },
        is_drained: line.drained,
    })
}

#[cfg(test)]
mod tests;
