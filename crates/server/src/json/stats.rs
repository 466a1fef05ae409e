//! What a query did, in the fields that Grafana and logcli read.

use std::time::Duration;

use longshore_model::ScanStats;
use serde_json::{Value, json};

/// What a query did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QueryStats {
    pub(crate) scan: ScanStats,
    /// From the request to the answer, without waiting.
    pub(crate) took: Duration,
    /// Waiting for a thread.
    pub(crate) queued: Duration,
    /// Entries or points in the answer.
    pub(crate) returned: u64,
}

impl QueryStats {
    /// Bytes of lines looked at.
    pub(crate) fn bytes(&self) -> u64 {
        self.scan.decompressed_bytes + self.scan.head_bytes
    }

    fn lines(&self) -> u64 {
        self.scan.decompressed_lines + self.scan.head_lines
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.value().to_string().as_bytes());
    }

    fn value(&self) -> Value {
        let seconds = self.took.as_secs_f64();
        let per_second = |count: u64| {
            if seconds > 0.0 {
                (count as f64 / seconds) as u64
            } else {
                0
            }
        };
        json!({
            "summary": {
                "bytesProcessedPerSecond": per_second(self.bytes()),
                "linesProcessedPerSecond": per_second(self.lines()),
                "totalBytesProcessed": self.bytes(),
                "totalLinesProcessed": self.lines(),
                "execTime": seconds,
                "queueTime": self.queued.as_secs_f64(),
                "subqueries": 0,
                "totalEntriesReturned": self.returned,
                "splits": 0,
                "shards": 0,
                "totalPostFilterLines": self.scan.passed_lines,
                "totalStructuredMetadataBytesProcessed": 0,
            },
            "querier": {"store": self.store(false), "querierExecTime": seconds},
            "ingester": {
                "recvWaitTime": 0,
                "totalReached": u64::from(self.scan.head_lines > 0),
                "totalChunksMatched": self.scan.head_blocks,
                "totalBatches": self.scan.head_blocks,
                "totalLinesSent": self.passed(true),
                "store": self.store(true),
            },
            "cache": {
                "chunk": cache(), "index": cache(), "result": cache(), "statsResult": cache(),
                "volumeResult": cache(), "seriesResult": cache(), "labelResult": cache(),
                "instantMetricResult": cache(),
            },
            "index": {
                "totalChunks": self.scan.pages_read + self.scan.pages_skipped,
                "postFilterChunks": self.scan.pages_read,
                "shardsDuration": 0,
                "usedBloomFilters": false,
                "totalStreams": 0,
                "chunkRefsLookupTime": 0,
                "bloomFilterTime": 0,
            },
        })
    }

    /// Lines of the head, or of segments, that passed; known where all that was read came from one of them.
    fn passed(&self, of_head: bool) -> u64 {
        let read_elsewhere = match of_head {
            true => self.scan.pages_read,
            false => self.scan.head_blocks,
        };
        if read_elsewhere == 0 { self.scan.passed_lines } else { 0 }
    }

    /// Segments stand for Loki's store, the head for its ingester; pages and blocks of lines stand for chunks.
    fn store(&self, of_head: bool) -> Value {
        let only = |wanted: bool, count: u64| if wanted { count } else { 0 };
        json!({
            "totalChunksRef": only(!of_head, self.scan.pages_read + self.scan.pages_skipped),
            "totalChunksDownloaded": only(!of_head, self.scan.pages_read),
            "chunksDownloadTime": 0,
            "queryReferencedStructuredMetadata": false,
            "queryUsedV2Engine": false,
            "chunk": {
                "headChunkBytes": only(of_head, self.scan.head_bytes),
                "headChunkLines": only(of_head, self.scan.head_lines),
                "decompressedBytes": only(!of_head, self.scan.decompressed_bytes),
                "decompressedLines": only(!of_head, self.scan.decompressed_lines),
                "compressedBytes": only(!of_head, self.scan.compressed_bytes),
                "totalDuplicates": 0,
                "postFilterLines": self.passed(of_head),
                "headChunkStructuredMetadataBytes": 0,
                "decompressedStructuredMetadataBytes": 0,
            },
            "chunkRefsFetchTime": 0,
            "congestionControlLatency": 0,
            "pipelineWrapperFilteredLines": 0,
            "dataobj": data_objects(),
        })
    }
}

/// Loki's other store, of which there is nothing here; clients expect the fields.
fn data_objects() -> Value {
    json!({
        "prePredicateDecompressedRows": 0, "prePredicateDecompressedBytes": 0,
        "prePredicateDecompressedStructuredMetadataBytes": 0, "postPredicateRows": 0,
        "postPredicateDecompressedBytes": 0, "postPredicateStructuredMetadataBytes": 0, "postFilterRows": 0,
        "pagesScanned": 0, "pagesDownloaded": 0, "pagesDownloadedBytes": 0, "pageBatches": 0, "totalRowsAvailable": 0,
        "totalPageDownloadTime": 0,
    })
}

/// There are no caches; clients expect the fields.
fn cache() -> Value {
    json!({
        "entriesFound": 0, "entriesRequested": 0, "entriesStored": 0, "bytesReceived": 0, "bytesSent": 0,
        "requests": 0, "downloadTime": 0, "queryLengthServed": 0,
    })
}
