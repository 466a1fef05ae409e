//! One record: a frame with a checksum around the new entries of one push.
//!
//! Layout: marker (4 bytes), payload length u32, CRC-32 of the payload u32, payload; numbers little-endian. The
//! payload is described in `docs/format/wal.md`.

use bytes::Bytes;
use longshore_model::{Entry, Labels, StreamEntries, TenantId, TimestampNs};

use crate::codec::{Decoder, Malformed, put_bytes, put_labels, put_signed, put_varint};
use crate::limits::RECORD_BYTES_MAX;

/// Begins every record, so that reading can go on after a damaged one.
pub(crate) const MARKER: [u8; 4] = [0xf5, b'L', b'R', 0xf6];
/// Marker, length and checksum.
pub(crate) const FRAME_BYTES: usize = 12;

/// Appends a framed record whose payload `encode` appends.
pub(crate) fn frame(buffer: &mut Vec<u8>, encode: impl FnOnce(&mut Vec<u8>)) {
    let start = buffer.len();
    buffer.extend_from_slice(&MARKER);
    buffer.extend_from_slice(&[0; 8]);
    let payload_start = buffer.len();
    encode(buffer);
    let payload = &buffer[payload_start..];
    let length = payload.len() as u32;
    let checksum = crc32fast::hash(payload);
    buffer[start + 4..start + 8].copy_from_slice(&length.to_le_bytes());
    buffer[start + 8..start + 12].copy_from_slice(&checksum.to_le_bytes());
}

/// Payload length and checksum, if the bytes are a frame's and the length is possible.
pub(crate) fn read_frame(bytes: &[u8; FRAME_BYTES]) -> Option<(usize, u32)> {
    let [m0, m1, m2, m3, l0, l1, l2, l3, c0, c1, c2, c3] = *bytes;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let checksum = u32::from_le_bytes([c0, c1, c2, c3]);
    ([m0, m1, m2, m3] == MARKER && length <= RECORD_BYTES_MAX).then_some((length, checksum))
}

/// Most bytes of a payload besides its streams: tenant id, counts.
const PAYLOAD_OVERHEAD_BYTES: usize = 200;

/// Most bytes that the payload of a record with these streams can take.
pub(crate) fn size_bound(streams: &[StreamEntries]) -> usize {
    let bound =
        |stream: &StreamEntries| stream_bound(&stream.labels) + stream.entries.iter().map(entry_bound).sum::<usize>();
    streams.iter().map(bound).sum::<usize>() + PAYLOAD_OVERHEAD_BYTES
}

/// Most bytes that a stream takes besides its entries.
pub(crate) fn stream_bound(labels: &Labels) -> usize {
    labels_bound(labels) + 10
}

/// Most bytes that an entry takes.
pub(crate) fn entry_bound(entry: &Entry) -> usize {
    entry.line.len() + 30 + labels_bound(&entry.structured_metadata)
}

fn labels_bound(labels: &Labels) -> usize {
    labels.size_bytes() + labels.len() * 20 + 10
}

/// Appends the payload: tenant, then each stream with its labels and entries.
pub(crate) fn encode(buffer: &mut Vec<u8>, tenant: &TenantId, streams: &[StreamEntries]) {
    put_bytes(buffer, tenant.as_str().as_bytes());
    put_varint(buffer, streams.len() as u64);
    for stream in streams {
        put_labels(buffer, &stream.labels);
        put_varint(buffer, stream.entries.len() as u64);
        let mut previous = 0_i64;
        for entry in &stream.entries {
            put_signed(buffer, entry.timestamp.0.wrapping_sub(previous));
            previous = entry.timestamp.0;
            put_labels(buffer, &entry.structured_metadata);
            put_bytes(buffer, &entry.line);
        }
    }
}

/// Reads a payload; the lines share `payload`.
pub(crate) fn decode(payload: &Bytes) -> Result<(TenantId, Vec<StreamEntries>), Malformed> {
    let mut decoder = Decoder::new(payload);
    let tenant = TenantId::new(decoder.text()?).map_err(|_| Malformed)?;
    let stream_count = decoder.count()?;
    let mut streams = Vec::with_capacity(stream_count);
    for _ in 0..stream_count {
        let labels = decoder.labels()?;
        let entry_count = decoder.count()?;
        let mut entries = Vec::with_capacity(entry_count);
        let mut previous = 0_i64;
        for _ in 0..entry_count {
            previous = previous.wrapping_add(decoder.signed()?);
            let structured_metadata = decoder.labels()?;
            let line = payload.slice_ref(decoder.bytes()?);
            entries.push(Entry {
                timestamp: TimestampNs(previous),
                line,
                structured_metadata,
            });
        }
        streams.push(StreamEntries { labels, entries });
    }
    if decoder.is_empty() {
        Ok((tenant, streams))
    } else {
        Err(Malformed)
    }
}
