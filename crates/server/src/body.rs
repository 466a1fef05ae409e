//! Request bodies: read and inflated, both within limits.

use std::io::Read;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::error::ApiError;
use crate::limits::{BODY_STALL_TIMEOUT, INFLATE_PIECE_BYTES_MAX, INFLATE_PIECE_BYTES_MIN};
use crate::server::State;

/// How a body is compressed, by its `Content-Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    /// Bare DEFLATE, as Go reads it under this name.
    Deflate,
    Snappy,
    Zstd,
    Lz4,
}

impl Encoding {
    /// Reads the header's value; `None` for an unknown one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "" | "identity" => Self::Identity,
            "gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "snappy" => Self::Snappy,
            "zstd" => Self::Zstd,
            "lz4" => Self::Lz4,
            _ => return None,
        })
    }
}

/// Reads a whole body of at most `bytes_max`.
pub(crate) async fn read(shared: &State, body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    read_within(shared, body, bytes_max, |_| Ok(())).await
}

/// As [`read`]; `admit` may refuse to go on at each length.
pub(crate) async fn read_within(
    shared: &State,
    body: Body,
    bytes_max: usize,
    admit: impl FnMut(usize) -> Result<(), ApiError>,
) -> Result<Bytes, ApiError> {
    let whole = read_all(body, bytes_max, admit);
    timeout(shared.settings.connections.read_timeout, whole)
        .await
        .map_err(late)?
}

/// Clients send again what gets this status, and not what gets 408 or Loki's 400: no line is lost.
fn late(_: Elapsed) -> ApiError {
    ApiError::unavailable("the request body did not arrive in time")
}

async fn read_all(
    body: Body,
    bytes_max: usize,
    mut admit: impl FnMut(usize) -> Result<(), ApiError>,
) -> Result<Bytes, ApiError> {
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::new();
    let mut first: Option<Bytes> = None;
    while let Some(chunk) = timeout(BODY_STALL_TIMEOUT, chunks.next()).await.map_err(late)? {
        let chunk = chunk.map_err(|error| ApiError::bad_request(error.to_string()))?;
        let length = whole.len() + first.as_ref().map_or(0, Bytes::len) + chunk.len();
        if length > bytes_max {
            return Err(too_large(bytes_max));
        }
        admit(length)?;
        // A body that comes in one piece is not copied.
        match (whole.is_empty(), first.take()) {
            (true, None) => first = Some(chunk),
            (true, Some(before)) => {
                whole.extend_from_slice(&before);
                whole.extend_from_slice(&chunk);
            }
            (false, _) => whole.extend_from_slice(&chunk),
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

pub(crate) fn too_large(bytes_max: usize) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("request body too large, the limit is {bytes_max} bytes"),
    )
}

/// Inflates a body to at most `bytes_max`, in pieces; `admit` may refuse to go on before each, by the bytes that there
/// will be, those of the body included. Snappy is left alone: the protobuf decoder reads it, with its own limit.
pub(crate) fn inflate(
    body: Bytes,
    encoding: Encoding,
    bytes_max: usize,
    mut admit: impl FnMut(usize) -> Result<(), ApiError>,
) -> Result<Bytes, ApiError> {
    let admit = |inflated_bytes: usize| admit(body.len() + inflated_bytes);
    match encoding {
        Encoding::Identity | Encoding::Snappy => Ok(body),
        Encoding::Gzip => inflate_from(flate2::read::MultiGzDecoder::new(&*body), bytes_max, admit),
        Encoding::Deflate => inflate_from(flate2::read::DeflateDecoder::new(&*body), bytes_max, admit),
        Encoding::Lz4 => inflate_from(lz4_flex::frame::FrameDecoder::new(&*body), bytes_max, admit),
        Encoding::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(&*body);
            inflate_from(decoder.map_err(corrupt)?, bytes_max, admit)
        }
    }
}

fn inflate_from(
    mut decoder: impl Read,
    bytes_max: usize,
    mut admit: impl FnMut(usize) -> Result<(), ApiError>,
) -> Result<Bytes, ApiError> {
    let mut inflated = Vec::new();
    loop {
        let piece = inflated.len().clamp(INFLATE_PIECE_BYTES_MIN, INFLATE_PIECE_BYTES_MAX);
        // One more byte than allowed tells that there are more.
        let piece = piece.min((bytes_max - inflated.len()).saturating_add(1));
        let end = inflated.len() + piece;
        admit(end)?;
        inflated.reserve_exact(piece);
        let mut limited = decoder.by_ref().take(u64::try_from(piece).unwrap_or(u64::MAX));
        limited.read_to_end(&mut inflated).map_err(corrupt)?;
        if inflated.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        if inflated.len() < end {
            return Ok(inflated.into());
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn corrupt(error: std::io::Error) -> ApiError {
    ApiError::bad_request(format!("cannot decompress the request body: {error}"))
}

#[cfg(test)]
mod tests;
