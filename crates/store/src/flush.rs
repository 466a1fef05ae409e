//! From the frozen head to segments, one for each tenant and UTC day.
//!
//! Invariant: the frozen head leaves memory in the same step in which its segments become visible, and its log
//! files go only after that; a crash in between replays rows that the duplicate check then drops.
//! Invariant: a frozen head has one number, which names all its segments, so writing again after a failure
//! replaces what the failed attempt left behind.

mod source;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use longshore_model::{TenantId, TimestampNs};

use crate::catalogue::{UNFINISHED, day_directory, file_name};
use crate::errors::FlushError;
use crate::head::{Head, ReplayedFile, TenantHead};
use crate::segment::schema::{self, Effort, Header};
use crate::segment::table::TablePlace;
use crate::segment::{Segment, SegmentError, write};
use crate::store::{Inner, lock};
use crate::wal::file::{path_of, sync_directory};
use source::HeadSource;

impl From<SegmentError> for FlushError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::Stopped => Self::Stopped,
            SegmentError::Io { action, path, source } => Self::Io { action, path, source },
            SegmentError::Parquet { path, source } => Self::Encode {
                path,
                source: Box::new(source),
            },
            SegmentError::Damaged { ref path, .. } | SegmentError::Format { ref path, .. } => Self::Encode {
                path: path.clone(),
                source: Box::new(error),
            },
        }
    }
}

impl Inner {
    /// Writes everything that is in memory now to segments.
    pub(crate) fn flush(&self) -> Result<(), FlushError> {
        self.flush_frozen()?;
        let mut state = lock(&self.state);
        if state.frozen.is_none() && !state.active.is_empty() {
            self.freeze(&mut state);
        }
        drop(state);
        self.flush_frozen()
    }

    /// Writes the frozen head, if there is one.
    pub(crate) fn flush_frozen(&self) -> Result<(), FlushError> {
        // One flush at a time; the lock guards no data.
        let _one_at_a_time = lock(&self.flushing);
        let Some(head) = lock(&self.state).frozen.clone() else {
            return Ok(());
        };
        let segments = self
            .write_segments(&head)
            .inspect_err(|error| self.events.flush_failed(error))?;
        let raw_bytes: u64 = segments.iter().map(Segment::line_bytes).sum();
        let file_bytes: u64 = segments.iter().map(Segment::file_bytes).sum();
        let count = segments.len();
        let mut state = lock(&self.state);
        let catalogue = Arc::make_mut(&mut state.catalogue);
        segments.into_iter().for_each(|segment| catalogue.add(segment));
        catalogue.flushes += 1;
        state.frozen = None;
        state.last_flush = self.clock.now();
        if raw_bytes > 0 {
            state.compression_ratio = (raw_bytes as f64 / file_bytes as f64).clamp(1.0, 20.0);
        }
        let (catalogue, head_bytes) = (Arc::clone(&state.catalogue), state.active.bytes);
        drop(state);
        self.room.notify_all();
        self.events.flushed(count, raw_bytes, file_bytes);
        self.events.head_grew_to(head_bytes);
        self.events.catalogue_changed(&catalogue);
        self.remove_logs(&head);
        Ok(())
    }

    fn write_segments(&self, head: &Head) -> Result<Vec<Segment>, FlushError> {
        let mut segments = Vec::new();
        for (tenant, tenant_head) in &head.tenants {
            for day in days_of(tenant_head) {
                let directory = day_directory(&self.segments_directory(), tenant, day);
                let path = directory.join(file_name(head.segment_number));
                let mut source = HeadSource::new(tenant_head, day);
                segments.extend(self.write_segment(&directory, &path, tenant, day, Vec::new(), &mut source)?);
            }
        }
        Ok(segments)
    }

    /// Writes one segment, makes it durable under its name, opens it; without a row there is none.
    pub(crate) fn write_segment(
        &self,
        directory: &Path,
        path: &Path,
        tenant: &TenantId,
        day: i32,
        replaces: Vec<String>,
        source: &mut dyn write::RowSource,
    ) -> Result<Option<Segment>, FlushError> {
        let io = |action, path: &Path| {
            let path = path.to_owned();
            move |source| FlushError::Io { action, path, source }
        };
        create_directories(&self.segments_directory(), directory).map_err(io("create", directory))?;
        let unfinished = path.with_extension(UNFINISHED);
        let table = TablePlace {
            offset: 0,
            compressed_bytes: 0,
            bytes: 0,
            checksum: 0,
        };
        let rewrites = !replaces.is_empty();
        let effort = if rewrites { Effort::Thorough } else { Effort::Quick };
        let compression = schema::compression(self.settings.chunk_encoding, effort);
        let header = Header {
            tenant: tenant.clone(),
            day,
            replaces,
            table,
        };
        let written = write::write(&unfinished, header, compression, source);
        if matches!(written, Ok(0) | Err(_)) {
            // It may be the disk that is full, so the torn file goes at once; if it cannot, the next start does it.
            let _removed = fs::remove_file(&unfinished);
            return written.map(|_| None).map_err(FlushError::from);
        }
        // What can fail for want of a descriptor comes before the file has its name.
        let mut segment = Segment::open(&unfinished).inspect_err(|_| {
            let _removed = fs::remove_file(&unfinished);
        })?;
        fs::rename(&unfinished, path).map_err(io("rename", &unfinished))?;
        segment.renamed(path);
        if let Err(source) = sync_directory(directory) {
            // From the next start on it would count, and so would the segment of the next attempt. That of a flush has
            // the same name.
            if rewrites {
                self.discard(path);
            }
            return Err(io("sync", directory)(source));
        }
        Ok(Some(segment))
    }

    pub(crate) fn segments_directory(&self) -> PathBuf {
        self.settings.directory.join("segments")
    }

    /// Removes the log files of a head whose segments are durable. A file that stays is replayed at the next start
    /// and adds nothing then.
    fn remove_logs(&self, head: &Head) {
        let directory = self.settings.directory.join("wal");
        if let Err(error) = self.wal.wait(head.log_position) {
            self.events.log_kept(&path_of(&directory, head.generation), &error);
            return;
        }
        let own = ReplayedFile {
            path: path_of(&directory, head.generation),
            damaged: false,
        };
        head.replayed_files
            .iter()
            .chain([&own])
            .for_each(|file| self.remove_log(file));
    }

    /// Removes a file of the log whose entries are durable elsewhere; a damaged one is kept under another name.
    pub(crate) fn remove_log(&self, file: &ReplayedFile) {
        let removed = if file.damaged {
            fs::rename(&file.path, file.path.with_extension("wal.damaged"))
        } else {
            fs::remove_file(&file.path)
        };
        if let Err(error) = removed.or_else(ignore_missing) {
            self.events.log_kept(&file.path, &error);
        }
    }
}

pub(crate) fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

/// Makes a folder and those above it up to `root`, with durable names. One that is there already may be from an attempt
/// that did not come to the end of this.
fn create_directories(root: &Path, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for made in directory
        .ancestors()
        .skip(1)
        .take_while(|above| above.starts_with(root))
    {
        sync_directory(made)?;
    }
    Ok(())
}

/// The UTC days that a tenant's rows belong to.
fn days_of(tenant: &TenantHead) -> BTreeSet<i32> {
    let mut days = BTreeSet::new();
    for block in tenant.streams.values().flat_map(|stream| stream.blocks()) {
        let (first, last) = block.time_bounds();
        if first.day() == last.day() {
            days.insert(first.day());
        } else {
            days.extend((0..block.rows()).map(|row| TimestampNs(block.timestamp(row)).day()));
        }
    }
    days
}
