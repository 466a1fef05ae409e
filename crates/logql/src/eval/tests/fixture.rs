//! A store in memory for tests: one batch for every few rows of a stream, blocks in the order that was asked for.

use std::sync::Mutex;

use longshore_model::{
    Batch, BatchSource, Columns, Direction, Entry, Labels, Lines, Metadata, ScanError, ScanRequest, ScanStats, Storage,
    StreamEntries, TimeRange,
};

/// Rows of a batch: few, so that tests cross borders of batches.
const BATCH_ROWS: usize = 3;

/// A store in memory that writes down which columns were asked for.
#[derive(Default)]
pub(super) struct Fixture {
    /// What is stored.
    pub(super) streams: Vec<StreamEntries>,
    /// Columns of each scan.
    pub(super) asked: Mutex<Vec<Columns>>,
    /// Gives every line, whatever the searches rule out and whichever column is not asked for.
    pub(super) gives_all: bool,
}

struct Source {
    batches: std::vec::IntoIter<Batch>,
    stats: ScanStats,
}

impl Storage for Fixture {
    fn scan<'a>(&'a self, request: ScanRequest<'a>) -> Result<Box<dyn BatchSource + 'a>, ScanError> {
        self.asked.lock().unwrap().push(request.columns);
        let mut batches = Vec::new();
        for stream in self
            .streams
            .iter()
            .filter(|stream| request.selector.matches(&stream.labels))
        {
            let mut entries: Vec<&Entry> = stream.entries.iter().collect();
            entries.sort_by_key(|entry| entry.timestamp);
            entries.retain(|entry| request.time.contains(entry.timestamp));
            // A store may leave out what a search rules out; leaving it out proves that the searches are necessary.
            entries.retain(|entry| {
                let mut searches = request.searches.iter();
                self.gives_all || searches.all(|search| search.find(&entry.line, 0).is_some())
            });
            for rows in entries.chunks(BATCH_ROWS) {
                let columns = match self.gives_all {
                    true => Columns {
                        lines: true,
                        metadata: true,
                    },
                    false => request.columns,
                };
                let mut batch = batch(&stream.labels, rows, columns);
                let (first, last) = (batch.timestamps[0], batch.timestamps[rows.len() - 1]);
                if !self.gives_all && request.alike.is_some_and(|alike| alike(first, last)) {
                    batch.timestamps.truncate(1);
                    batch.alike = rows.len() - 1;
                }
                batches.push(batch);
            }
        }
        batches.sort_by_key(|batch| match request.direction {
            Direction::Forward => batch.timestamps[0].0,
            Direction::Backward => -batch.timestamps[batch.rows() - 1].0,
        });
        Ok(Box::new(Source {
            batches: batches.into_iter(),
            stats: ScanStats::default(),
        }))
    }
}

fn batch(labels: &Labels, rows: &[&Entry], columns: Columns) -> Batch {
    let mut batch = Batch {
        labels: labels.clone(),
        timestamps: rows.iter().map(|entry| entry.timestamp).collect(),
        ..Batch::default()
    };
    if columns.lines {
        batch.lines = Lines::from_lines(rows.iter().map(|entry| &entry.line[..]));
    }
    if columns.metadata {
        let mut metadata = Metadata::default();
        for entry in rows {
            let known = metadata
                .dictionary
                .iter()
                .position(|other| *other == entry.structured_metadata);
            let index = known.unwrap_or_else(|| {
                metadata.dictionary.push(entry.structured_metadata.clone());
                metadata.dictionary.len() - 1
            });
            metadata.rows.push(index as u32);
        }
        batch.metadata = metadata;
    }
    batch
}

impl BatchSource for Source {
    fn next_batch(&mut self, still_wanted: TimeRange) -> Result<Option<Batch>, ScanError> {
        let wanted = |batch: &Batch| {
            let last = batch.timestamps[batch.rows() - 1];
            still_wanted.overlaps(batch.timestamps[0], last)
        };
        let batch = self.batches.by_ref().find(wanted);
        self.stats.head_lines += batch.as_ref().map_or(0, |batch| batch.rows() as u64);
        Ok(batch)
    }

    fn stats(&self) -> ScanStats {
        self.stats
    }
}
