//! Which segments are live: rebuilt from the folder at every start, never written down.
//!
//! Layout: `segments/<tenant>/<YYYY-MM-DD>/<number>.parquet`. A file that ends in `.unfinished` was not written to its
//! end and goes; any other is somebody else's and stays.
//!
//! Invariant: a catalogue never changes once others can see it; changes are made on a copy that replaces it.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use longshore_model::{DAY_NS, Labels, TenantId, TimestampNs};

use crate::errors::OpenError;
use crate::events::Events;
use crate::head::Map;
use crate::segment::Segment;

/// Ends the name of a segment that is being written.
pub(crate) const UNFINISHED: &str = "unfinished";

/// Live segments of all tenants.
#[derive(Clone, Default)]
pub(crate) struct Catalogue {
    tenants: BTreeMap<TenantId, Arc<TenantSegments>>,
    /// Grows whenever rows move from a head into a segment.
    pub(crate) flushes: u64,
}

/// Live segments of one tenant.
#[derive(Clone, Default)]
pub(crate) struct TenantSegments {
    /// By UTC day, in days since the epoch.
    pub(crate) days: BTreeMap<i32, Vec<Arc<Segment>>>,
    /// The newest timestamp of each stream that is in a segment.
    newest: Map<Labels, i64>,
}

impl TenantSegments {
    /// Entries of the stream after this moment are in no segment.
    pub(crate) fn newest(&self, labels: &Labels) -> Option<TimestampNs> {
        self.newest.get(labels).copied().map(TimestampNs)
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.days.values().flatten()
    }

    /// Must be called before the segment is shared.
    fn add(&mut self, mut segment: Segment) {
        segment.share_labels(|labels| match self.newest.get_key_value(labels) {
            Some((shared, _)) => shared.clone(),
            None => labels.clone(),
        });
        for (number, labels) in segment.streams().iter().enumerate() {
            let (_, last) = segment.stream_bounds(number);
            let newest = self.newest.entry(labels.clone()).or_insert(last.0);
            *newest = last.0.max(*newest);
        }
        self.days.entry(segment.day()).or_default().push(Arc::new(segment));
    }
}

impl Catalogue {
    pub(crate) fn tenant(&self, tenant: &TenantId) -> Option<&Arc<TenantSegments>> {
        self.tenants.get(tenant)
    }

    pub(crate) fn tenants(&self) -> impl Iterator<Item = &Arc<TenantSegments>> {
        self.tenants.values()
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.tenants.values().flat_map(|tenant| tenant.segments())
    }

    pub(crate) fn add(&mut self, segment: Segment) {
        let tenant = self.tenants.entry(segment.tenant().clone()).or_default();
        Arc::make_mut(tenant).add(segment);
    }

    /// Takes out the segments at these paths and returns them.
    pub(crate) fn remove(&mut self, paths: &HashSet<PathBuf>) -> Vec<Arc<Segment>> {
        let mut removed = Vec::new();
        for tenant in self.tenants.values_mut() {
            if !tenant.segments().any(|segment| paths.contains(segment.path())) {
                continue;
            }
            let tenant = Arc::make_mut(tenant);
            for segments in tenant.days.values_mut() {
                removed.extend(segments.extract_if(.., |segment| paths.contains(segment.path())));
            }
            tenant.days.retain(|_, segments| !segments.is_empty());
        }
        removed
    }

    /// Reads the folder: removes unfinished files and those that a merge replaced, opens the rest.
    ///
    /// A file that cannot be opened is reported and left where it is, so that the others can be used. Returns the
    /// greatest number in a file's name too.
    pub(crate) fn load(directory: &Path, events: &Events) -> Result<(Self, u64), OpenError> {
        let mut catalogue = Self::default();
        let mut greatest = 0;
        for tenant in list(directory)? {
            for day in list(&tenant)? {
                let mut opened = Vec::new();
                for path in list(&day)? {
                    let Some(number) = number_of(&path) else {
                        if path.extension().is_some_and(|extension| extension == UNFINISHED) {
                            remove(&path)?;
                        } else {
                            events.foreign_file(&path);
                        }
                        continue;
                    };
                    greatest = greatest.max(number);
                    match Segment::open(&path) {
                        Ok(segment) => opened.push(segment),
                        Err(error) => events.segment_damaged(&path, &error),
                    }
                }
                let dead: HashSet<String> = opened.iter().flat_map(|segment| segment.replaces().to_vec()).collect();
                for segment in opened {
                    if dead.contains(segment.name()) {
                        remove(segment.path())?;
                    } else {
                        catalogue.add(segment);
                    }
                }
            }
        }
        Ok((catalogue, greatest))
    }
}

/// Folder of a tenant's day.
pub(crate) fn day_directory(segments: &Path, tenant: &TenantId, day: i32) -> PathBuf {
    let text = TimestampNs(i64::from(day).saturating_mul(DAY_NS)).to_string();
    let date = text.split('T').next().unwrap_or_default();
    segments.join(tenant.as_str()).join(date)
}

/// Name of a segment's file.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:016}.parquet")
}

/// The number in the name of a segment's file.
pub(crate) fn number_of(path: &Path) -> Option<u64> {
    if path.extension()? != "parquet" {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

fn list(directory: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let read = || {
        fs::read_dir(directory)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()
    };
    match read() {
        Ok(mut paths) => {
            paths.sort();
            Ok(paths)
        }
        // Somebody's stray file beside the folders is none of our business.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(Vec::new()),
        Err(source) => Err(OpenError::Io {
            action: "read",
            path: directory.to_owned(),
            source,
        }),
    }
}

fn remove(path: &Path) -> Result<(), OpenError> {
    fs::remove_file(path).map_err(|source| OpenError::Io {
        action: "remove",
        path: path.to_owned(),
        source,
    })
}
