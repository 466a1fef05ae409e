//! The answers of OTLP/HTTP: `ExportLogsServiceResponse` and `google.rpc.Status`.

use crate::protobuf::{
    ProtobufError, Reader, bytes_field_size, put_bytes, put_length, put_varint_field, varint_field_size,
};
use crate::text::owned_text;

/// What a 2xx answer says about records that were not taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartialSuccess {
    /// Records refused; a repetition would be refused again.
    pub rejected_log_records: i64,
    /// Why, for people.
    pub error_message: String,
}

/// Encodes an `ExportLogsServiceResponse`; one without refused records and message is empty.
pub fn encode_partial_success(partial: &PartialSuccess) -> Vec<u8> {
    let mut message = Vec::new();
    if *partial != PartialSuccess::default() {
        let rejected = partial.rejected_log_records as u64;
        put_length(
            &mut message,
            1,
            varint_field_size(rejected) + bytes_field_size(partial.error_message.len()),
        );
        put_varint_field(&mut message, 1, rejected);
        put_bytes(&mut message, 2, partial.error_message.as_bytes());
    }
    message
}

/// Decodes an `ExportLogsServiceResponse`.
pub fn decode_partial_success(message: &[u8]) -> Result<PartialSuccess, ProtobufError> {
    let mut partial = PartialSuccess::default();
    let mut outer = Reader::new(message);
    while let Some(field) = outer.next_field()? {
        if field.number != 1 {
            continue;
        }
        let mut inner = Reader::new(field.bytes()?);
        while let Some(field) = inner.next_field()? {
            match field.number {
                1 => partial.rejected_log_records = field.varint()? as i64,
                2 => partial.error_message = owned_text(field.bytes()?),
                _ => {}
            }
        }
    }
    Ok(partial)
}

/// Encodes a `google.rpc.Status`, the body of OTLP/HTTP's error answers. Without a code, as Loki's: clients go by the
/// status of the answer.
pub fn encode_status(text: &str) -> Vec<u8> {
    let mut message = Vec::new();
    put_bytes(&mut message, 2, text.as_bytes());
    message
}
