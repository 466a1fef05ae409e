//! A store in a temporary folder with a clock that stands still, and short ways to push and read.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use longshore_model::{
    AllStreams, Batch, Cancellation, Columns, Direction, Entry, Labels, LineSearch, RowFilter, RowFilterCompiler,
    ScanRequest, Storage, StreamEntries, StreamSelector, TenantId, TimeRange, TimestampNs,
};

use crate::{Clock, Deletion, Grown, PushError, PushOutcome, Retention, SameForAll, Settings, Store, StreamVolume};

/// Shows what it was set to.
#[derive(Default)]
pub(super) struct ManualClock(pub(super) AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> TimestampNs {
        TimestampNs(self.0.load(Ordering::Relaxed))
    }
}

pub(super) fn open(directory: &Path) -> Arc<Store> {
    open_with(Settings::new(directory))
}

pub(super) fn open_with(settings: Settings) -> Arc<Store> {
    Store::open_with_clock(settings, Arc::new(ManualClock::default())).unwrap()
}

pub(super) fn labels(app: &str) -> Labels {
    Labels::new([("app", app)])
}

pub(super) fn entry(at: i64, line: &str) -> Entry {
    Entry {
        timestamp: TimestampNs(at),
        line: line.to_owned().into(),
        structured_metadata: Labels::empty(),
    }
}

pub(super) fn stream(app: &str, entries: impl IntoIterator<Item = (i64, String)>) -> StreamEntries {
    let entries = entries.into_iter().map(|(at, line)| entry(at, &line)).collect();
    StreamEntries {
        labels: labels(app),
        entries,
    }
}

pub(super) fn push(store: &Store, app: &str, entries: &[(i64, &str)]) -> Result<PushOutcome, PushError> {
    let entries = entries.iter().map(|&(at, line)| (at, line.to_owned()));
    store.push(&TenantId::single(), vec![stream(app, entries)])
}

/// What a scan gives: `app`, timestamp, line; sorted.
pub(super) fn rows(store: &Store) -> Vec<(String, i64, String)> {
    let mut rows = scan(
        store,
        &TenantId::single(),
        TimeRange::ALL,
        Direction::Forward,
        Vec::new(),
    );
    rows.sort();
    rows
}

/// Bytes of each stream in a time.
pub(super) fn volumes(store: &Store, selector: &dyn StreamSelector, time: TimeRange) -> Vec<StreamVolume> {
    let mut any = |_: Grown<'_>| Ok::<(), Infallible>(());
    let volumes = store.volume(&TenantId::single(), selector, time, None, &mut any);
    volumes.unwrap_or_else(|never| match never {})
}

pub(super) fn scan(
    store: &Store,
    tenant: &TenantId,
    time: TimeRange,
    direction: Direction,
    searches: Vec<Arc<dyn LineSearch>>,
) -> Vec<(String, i64, String)> {
    let request = ScanRequest {
        tenant,
        selector: Arc::new(AllStreams),
        time,
        direction,
        searches,
        columns: Columns {
            lines: true,
            metadata: true,
        },
        metadata_names: None,
        alike: None,
        cancellation: Cancellation::default(),
    };
    let mut source = store.scan(request).unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = source.next_batch(TimeRange::ALL).unwrap() {
        assert!(batch.timestamps.is_sorted());
        assert_eq!(
            (batch.lines.len(), batch.metadata.rows.len()),
            (batch.rows(), batch.rows())
        );
        for row in 0..batch.rows() {
            let line = String::from_utf8(batch.lines.get(row).to_vec()).unwrap();
            rows.push((
                batch.labels.get("app").unwrap().to_owned(),
                batch.timestamps[row].0,
                line,
            ));
        }
    }
    rows
}

/// Reads queries of the form `app:text`: lines of this app, or of any when it is empty, that contain the text.
#[derive(Debug)]
pub(super) struct Containing;

struct ContainingRows {
    app: String,
    text: String,
    searches: Vec<Arc<dyn LineSearch>>,
}

/// Finds a text.
pub(super) struct Literal(pub(super) Vec<u8>);

impl LineSearch for Literal {
    fn find(&self, haystack: &[u8], from: usize) -> Option<usize> {
        memchr::memmem::find(&haystack[from..], &self.0).map(|at| at + from)
    }

    fn required_literals(&self) -> &[Vec<u8>] {
        std::slice::from_ref(&self.0)
    }
}

impl RowFilterCompiler for Containing {
    fn compile(&self, query: &str) -> Result<Arc<dyn RowFilter>, String> {
        let (app, text) = query.split_once(':').ok_or("there is no colon")?;
        let (app, text) = (app.to_owned(), text.to_owned());
        let searches: Vec<Arc<dyn LineSearch>> = match text.is_empty() {
            true => Vec::new(),
            false => vec![Arc::new(Literal(text.clone().into_bytes()))],
        };
        Ok(Arc::new(ContainingRows { app, text, searches }))
    }
}

impl RowFilter for ContainingRows {
    fn matches_stream(&self, labels: &Labels) -> bool {
        self.app.is_empty() || labels.get("app") == Some(&*self.app)
    }

    fn matches_every_row(&self) -> bool {
        self.text.is_empty()
    }

    fn searches(&self) -> &[Arc<dyn LineSearch>] {
        &self.searches
    }

    fn matching_rows(&self, batch: &Batch) -> Vec<bool> {
        assert_eq!(
            (batch.lines.len(), batch.metadata.rows.len()),
            (batch.rows(), batch.rows())
        );
        let contains = |line: &[u8]| memchr::memmem::find(line, self.text.as_bytes()).is_some();
        batch.lines.iter().map(contains).collect()
    }
}

/// Settings of a store that takes delete requests and lets none be taken back.
pub(super) fn deleting(directory: &Path) -> Settings {
    Settings {
        row_filters: Some(Arc::new(Containing)),
        delete_request_cancel_period: Duration::ZERO,
        ..Settings::new(directory)
    }
}

/// Asks for lines of the single tenant to be deleted, from one moment to another, inclusive.
pub(super) fn delete(store: &Store, query: &str, start: i64, end: i64) -> Deletion {
    store
        .delete(&TenantId::single(), query, TimestampNs(start), TimestampNs(end))
        .unwrap()
}

/// Runs rounds of maintenance until no request of the single tenant is left to do; panics when that takes too many.
pub(super) fn process(store: &Store) {
    for _ in 0..1000 {
        store.maintain(TimestampNs(0));
        if store
            .deletions(&TenantId::single())
            .iter()
            .all(|deletion| deletion.processed)
        {
            return;
        }
    }
    panic!("requests are not processed: {:?}", store.deletions(&TenantId::single()));
}

/// Rules by which every line is kept for so long.
pub(super) fn kept_for(period: Duration) -> Arc<SameForAll> {
    Arc::new(SameForAll {
        retention: Arc::new(Retention::of(period)),
        ..SameForAll::default()
    })
}

pub(super) fn files_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
