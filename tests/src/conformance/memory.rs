//! A store in memory: the streams of a scenario, handed out in small batches so that borders are crossed.

use longshore_model::{
    Batch, BatchSource, Columns, Direction, Entry, Labels, Lines, Metadata, ScanError, ScanRequest, ScanStats, Storage,
    StreamEntries, TimeRange,
};

/// Rows of a batch.
const BATCH_ROWS: usize = 7;

/// Streams in memory.
#[derive(Default)]
pub struct Memory {
    /// What is stored.
    pub streams: Vec<StreamEntries>,
}

struct Source {
    batches: std::vec::IntoIter<Batch>,
}

impl Storage for Memory {
    fn scan<'a>(&'a self, request: ScanRequest<'a>) -> Result<Box<dyn BatchSource + 'a>, ScanError> {
        let mut batches = Vec::new();
        let streams = self.streams.iter();
        for stream in streams.filter(|stream| request.selector.matches(&stream.labels)) {
            let mut entries: Vec<&Entry> = stream.entries.iter().collect();
            entries.sort_by_key(|entry| entry.timestamp);
            entries.retain(|entry| request.time.contains(entry.timestamp));
            // A store may leave out what a search rules out; doing so proves that the searches are necessary.
            entries.retain(|entry| {
                let mut searches = request.searches.iter();
                searches.all(|search| search.find(&entry.line, 0).is_some())
            });
            batches.extend(
                entries
                    .chunks(BATCH_ROWS)
                    .map(|rows| batch(&stream.labels, rows, request.columns)),
            );
        }
        batches.sort_by_key(|batch| match request.direction {
            Direction::Forward => batch.timestamps[0].0,
            Direction::Backward => -batch.timestamps[batch.rows() - 1].0,
        });
        Ok(Box::new(Source {
            batches: batches.into_iter(),
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
        let wanted = |batch: &Batch| still_wanted.overlaps(batch.timestamps[0], batch.timestamps[batch.rows() - 1]);
        Ok(self.batches.by_ref().find(wanted))
    }

    fn stats(&self) -> ScanStats {
        ScanStats::default()
    }
}
