//! One container's log: what the runtime writes, and what the kubelet does to the file.
//!
//! As in life: a rotation renames the file while the runtime still holds it open, so some more lines reach the
//! renamed file before the new one appears; the one rotated last stays as it is and the older ones are packed; a
//! message in pieces may begin in one file and end in the next.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use longshore_model::{SECOND_NS, TimestampNs};

use super::Settings;
use super::message::{Message, Output};
use crate::random::Random;

/// Where container runtimes cut a long line, in bytes: containerd's and CRI-O's buffer.
const RUNTIME_BUFFER_BYTES: usize = 16 * 1024;

/// Messages longer than the runtime's buffer, in percent of those in pieces.
const LONG_PERCENT: f64 = 2.0;

/// Most lines that reach a file between its renaming and the runtime's opening of the new one.
const LATE_LINES_MAX: usize = 4;

/// Programs that log here; the container has the same name.
const SERVICES: &[&str] = &["checkout", "cart", "payment", "frontend", "shipping"];

/// Whose log it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Kubernetes namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container; the name of the service too.
    pub container: String,
}

/// A container and its log file.
#[derive(Debug)]
pub struct Container {
    /// Whose log it is.
    pub identity: Identity,
    pub(super) folder: PathBuf,
    file: File,
    settings: Settings,
    random: Random,
    begun: [u64; 2],
    /// Pieces not yet written of the message being written, for each output.
    pieces: [VecDeque<Vec<u8>>; 2],
    /// The end of a line whose beginning is in the file already.
    unwritten: Vec<u8>,
    /// Lines that still go to the renamed file; the new one is opened at 0.
    late_lines: Option<usize>,
    last: TimestampNs,
    /// Second in the name of the file rotated last; no two names may be the same.
    last_name: TimestampNs,
}

impl Container {
    /// Makes the folder, the empty file and the symlink of container number `index`.
    pub(super) fn create(settings: &Settings, index: usize) -> io::Result<Self> {
        let mut random = Random::new(settings.seed ^ (index as u64 + 1).wrapping_mul(0x5851_f42d_4c95_7f2d));
        let service = SERVICES[index % SERVICES.len()];
        let identity = Identity {
            namespace: format!("team-{}", index % 3),
            pod: format!("{service}-{index}"),
            container: service.to_owned(),
        };
        let (a, b) = (random.bits(), random.bits());
        let uid = format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            a & 0xffff,
            b >> 52,
            b & 0xfff,
            a ^ b >> 16
        );
        let Identity {
            namespace,
            pod,
            container,
        } = &identity;
        let folder = settings
            .root
            .join("pods")
            .join(format!("{namespace}_{pod}_{}", &uid[..36]))
            .join(container);
        fs::create_dir_all(&folder)?;
        let links = settings.root.join("containers");
        fs::create_dir_all(&links)?;
        let file = append(&folder.join("0.log"))?;
        let id: String = (0..4).map(|_| format!("{:016x}", random.bits())).collect();
        symlink(
            fs::canonicalize(&folder)?.join("0.log"),
            links.join(format!("{pod}_{namespace}_{container}-{id}.log")),
        )?;
        Ok(Self {
            identity,
            folder,
            file,
            settings: settings.clone(),
            random,
            begun: [0; 2],
            pieces: [VecDeque::new(), VecDeque::new()],
            unwritten: Vec::new(),
            late_lines: None,
            last: TimestampNs(0),
            last_name: TimestampNs(0),
        })
    }

    /// Messages begun on standard output and on standard error.
    pub(super) fn begun(&self) -> [u64; 2] {
        self.begun
    }

    /// Writes the next record: a whole message, or the next piece of one.
    pub(super) fn write_record(&mut self, now: TimestampNs) -> io::Result<()> {
        let stderr = self.random.percent(self.settings.stderr_percent);
        self.write_to(if stderr { Output::Stderr } else { Output::Stdout }, now)
    }

    fn write_to(&mut self, output: Output, now: TimestampNs) -> io::Result<()> {
        self.write_rest()?;
        if self.late_lines == Some(0) {
            self.file = append(&self.folder.join("0.log"))?;
            self.late_lines = None;
        }
        self.late_lines = self.late_lines.map(|left| left - 1);
        if self.pieces[output as usize].is_empty() {
            self.begin_message(output);
        }
        let piece = self.pieces[output as usize]
            .pop_front()
            .expect("a message has at least one piece");
        let tag = if self.pieces[output as usize].is_empty() {
            "F"
        } else {
            "P"
        };
        self.last = now.max(TimestampNs(self.last.0 + 1));
        let mut record = format!("{} {} {tag} ", self.last, output.name()).into_bytes();
        record.extend_from_slice(&piece);
        record.push(b'\n');
        if self.random.percent(self.settings.split_write_percent) {
            self.unwritten = record.split_off(1 + self.random.below(record.len() - 1));
        }
        self.file.write_all(&record)
    }

    fn begin_message(&mut self, output: Output) {
        let number = self.begun[output as usize];
        self.begun[output as usize] += 1;
        // The prefix the runtime puts before a message is about 41 bytes long, with the line feed.
        let mut length = self.settings.line_bytes.saturating_sub(41);
        let in_pieces = self.random.percent(self.settings.partial_percent);
        let long = in_pieces && self.random.percent(LONG_PERCENT);
        if long {
            length = RUNTIME_BUFFER_BYTES + self.random.below(3 * RUNTIME_BUFFER_BYTES);
        }
        let text = Message {
            number,
            pod: &self.identity.pod,
            output,
        }
        .write(length, &mut self.random);
        let pieces = &mut self.pieces[output as usize];
        if long {
            pieces.extend(text.chunks(RUNTIME_BUFFER_BYTES).map(<[u8]>::to_vec));
        } else if in_pieces {
            let mut rest = text;
            for _ in 0..1 + self.random.below(3) {
                let tail = rest.split_off(self.random.below(rest.len()));
                pieces.push_back(std::mem::replace(&mut rest, tail));
            }
            pieces.push_back(rest);
        } else {
            pieces.push_back(text);
        }
    }

    /// Renames the file; packs what was rotated before; removes what is too much.
    pub(super) fn rotate(&mut self, now: TimestampNs) -> io::Result<()> {
        self.write_rest()?;
        let current = self.folder.join("0.log");
        if self.late_lines.take().is_some() {
            // The new file was never opened since the last rotation: there is nothing to rename.
            self.file = append(&current)?;
            return Ok(());
        }
        let mut rotated = self.rotated()?;
        for path in rotated
            .iter_mut()
            .filter(|path| path.extension().is_none_or(|end| end != "gz"))
        {
            *path = pack(path)?;
        }
        let excess = (rotated.len() + 1).saturating_sub(self.settings.keep_rotated.max(1));
        rotated.iter().take(excess).try_for_each(fs::remove_file)?;
        self.last_name = now.max(TimestampNs(self.last_name.0 + SECOND_NS));
        let digits: String = self
            .last_name
            .to_string()
            .chars()
            .take(19)
            .filter(|c| c.is_ascii_digit())
            .collect();
        fs::rename(
            &current,
            self.folder.join(format!("0.log.{}-{}", &digits[..8], &digits[8..])),
        )?;
        self.late_lines = Some(self.random.below(LATE_LINES_MAX + 1));
        Ok(())
    }

    /// The rotated files, oldest first.
    fn rotated(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.folder)?.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
        paths.retain(|path| {
            path.file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"0.log."))
        });
        paths.sort();
        Ok(paths)
    }

    /// Ends every message that was begun.
    pub(super) fn finish(&mut self, now: TimestampNs) -> io::Result<()> {
        for output in [Output::Stdout, Output::Stderr] {
            while !self.pieces[output as usize].is_empty() {
                self.write_to(output, now)?;
            }
        }
        self.write_rest()
    }

    fn write_rest(&mut self) -> io::Result<()> {
        self.file.write_all(&std::mem::take(&mut self.unwritten))
    }
}

fn append(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// Packs a rotated file as the kubelet does: a temporary file, a rename, then the original goes.
fn pack(path: &Path) -> io::Result<PathBuf> {
    let with_end = |end: &str| PathBuf::from(format!("{}{end}", path.display()));
    let (temporary, packed) = (with_end(".tmp"), with_end(".gz"));
    let mut encoder = GzEncoder::new(File::create(&temporary)?, Compression::fast());
    io::copy(&mut File::open(path)?, &mut encoder)?;
    encoder.finish()?;
    fs::rename(&temporary, &packed)?;
    fs::remove_file(path)?;
    Ok(packed)
}
