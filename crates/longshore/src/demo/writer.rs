//! Writes one container's lines as containerd does.
//!
//! A line is `<RFC 3339 time> <stdout|stderr> <P|F> <text>`; a text longer than 16 KiB becomes several lines, all but the
//! last marked `P`. All pieces of a line go out in one write.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use longshore_model::TimestampNs;

use super::layout::Container;
use super::rotation;
use super::traffic::Event;
use crate::limits::{CRI_PIECE_BYTES_MAX, DEMO_FILE_BYTES_MAX};

/// The open log file of a container.
pub(super) struct ContainerLog {
    path: PathBuf,
    file: File,
    size_bytes: u64,
    last: TimestampNs,
    modified: Option<TimestampNs>,
    buffer: Vec<u8>,
}

impl ContainerLog {
    /// Lays the container's folders out and opens its file at the end.
    pub(super) fn open(root: &Path, container: &Container) -> io::Result<Self> {
        let path = container.lay_out(root)?;
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        let metadata = file.metadata()?;
        let size_bytes = metadata.len();
        let since_epoch = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified = (size_bytes > 0).then(|| TimestampNs(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX)));
        end_torn_line(&mut file)?;
        Ok(Self {
            path,
            file,
            size_bytes,
            last: TimestampNs(0),
            modified,
            buffer: Vec::new(),
        })
    }

    /// When an earlier run wrote last; `None` if there was none.
    pub(super) fn modified(&self) -> Option<TimestampNs> {
        self.modified
    }

    /// Appends one event.
    pub(super) fn write(&mut self, event: &Event) -> io::Result<()> {
        self.last = event.at.max(TimestampNs(self.last.0 + 1));
        self.buffer.clear();
        append_line(&mut self.buffer, self.last, event.stream.name(), event.text.as_bytes());
        self.file.write_all(&self.buffer)?;
        self.size_bytes += self.buffer.len() as u64;
        Ok(())
    }

    /// Rotates when the file has reached its limit.
    pub(super) fn rotate_if_large(&mut self, now: TimestampNs) -> io::Result<()> {
        if self.size_bytes < DEMO_FILE_BYTES_MAX {
            return Ok(());
        }
        rotation::rotate(&self.path, now)?;
        self.file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        self.size_bytes = 0;
        Ok(())
    }
}

/// A run that was killed may have left half a line; the next one must begin on its own.
fn end_torn_line(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last != *b"\n" { file.write_all(b"\n") } else { Ok(()) }
}

/// Appends a line in CRI form, in pieces if it is long.
fn append_line(to: &mut Vec<u8>, at: TimestampNs, stream: &str, text: &[u8]) {
    let mut rest = text;
    while rest.len() > CRI_PIECE_BYTES_MAX {
        let (piece, after) = rest.split_at(CRI_PIECE_BYTES_MAX);
        append_piece(to, at, stream, 'P', piece);
        rest = after;
    }
    append_piece(to, at, stream, 'F', rest);
}

fn append_piece(to: &mut Vec<u8>, at: TimestampNs, stream: &str, tag: char, text: &[u8]) {
    to.extend_from_slice(format!("{at} {stream} {tag} ").as_bytes());
    to.extend_from_slice(text);
    to.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_go_out_in_pieces() {
        let text = [
            vec![b'a'; CRI_PIECE_BYTES_MAX],
            vec![b'b'; CRI_PIECE_BYTES_MAX],
            b"c".to_vec(),
        ]
        .concat();
        let mut out = Vec::new();
        append_line(&mut out, TimestampNs(1), "stderr", &text);
        let lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').collect();
        let heads: Vec<String> = lines
            .iter()
            .map(|line| String::from_utf8_lossy(&line[..line.len().min(42)]).into_owned())
            .collect();
        assert_eq!(lines.len(), 4);
        assert!(
            heads[0].starts_with("1970-01-01T00:00:00.000000001Z stderr P aa"),
            "{}",
            heads[0]
        );
        assert!(
            heads[1].starts_with("1970-01-01T00:00:00.000000001Z stderr P bb"),
            "{}",
            heads[1]
        );
        assert_eq!(heads[2], "1970-01-01T00:00:00.000000001Z stderr F c");
        assert_eq!(heads[3], "");
    }

    #[test]
    fn a_line_of_exactly_one_piece_is_whole() {
        let mut out = Vec::new();
        append_line(&mut out, TimestampNs(1), "stdout", &vec![b'a'; CRI_PIECE_BYTES_MAX]);
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert!(out.starts_with(b"1970-01-01T00:00:00.000000001Z stdout F a"));
    }
}
