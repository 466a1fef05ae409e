//! The protobuf wire format, as far as Loki push and OTLP need it: fields as slices of the message, nothing copied.
//!
//! Written by hand because both protocols are decoded on the hot path: lines stay slices of the request, repeated
//! metadata is recognised by its bytes, and invalid UTF-8 is replaced instead of refusing the whole request.
//!
//! Invariant: reading never panics and never reserves memory by a length that the message only claims.
//!
//! Source: protobuf.dev, "Encoding".

use thiserror::Error;

/// Why bytes are no protobuf message of the expected shape.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum ProtobufError {
    /// The message ends inside a field.
    #[error("unexpected EOF")]
    Truncated,
    /// A varint of more than 64 bits.
    #[error("proto: integer overflow")]
    VarintOverflow,
    /// A wire type that is not defined, or groups, which nothing here uses.
    #[error("proto: illegal wireType {0}")]
    WireType(u8),
    /// A field number of zero.
    #[error("proto: illegal tag 0")]
    FieldZero,
    /// A known field has another type than it should.
    #[error("proto: wrong wireType for field {0}")]
    WrongType(u32),
    /// Values nested too deeply.
    #[error("proto: values nested more than {0} levels deep")]
    TooDeep(usize),
}

/// The content of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    content: Content<'a>,
}

impl<'a> Field<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], ProtobufError> {
        match self.content {
            Content::Bytes(bytes) => Ok(bytes),
            _ => Err(ProtobufError::WrongType(self.number)),
        }
    }

    pub(crate) fn varint(self) -> Result<u64, ProtobufError> {
        match self.content {
            Content::Varint(value) => Ok(value),
            _ => Err(ProtobufError::WrongType(self.number)),
        }
    }

    pub(crate) fn fixed64(self) -> Result<u64, ProtobufError> {
        match self.content {
            Content::Fixed64(value) => Ok(value),
            _ => Err(ProtobufError::WrongType(self.number)),
        }
    }

    pub(crate) fn fixed32(self) -> Result<u32, ProtobufError> {
        match self.content {
            Content::Fixed32(value) => Ok(value),
            _ => Err(ProtobufError::WrongType(self.number)),
        }
    }
}

/// Reads the fields of a message one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field, `None` at the end of the message.
    pub(crate) fn next_field(&mut self) -> Result<Option<Field<'a>>, ProtobufError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| ProtobufError::VarintOverflow)?;
        if number == 0 {
            return Err(ProtobufError::FieldZero);
        }
        let content = match tag & 7 {
            0 => Content::Varint(self.varint()?),
            1 => Content::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).map_err(|_| ProtobufError::Truncated)?;
                Content::Bytes(self.take(length)?)
            }
            5 => Content::Fixed32(u32::from_le_bytes(self.array()?)),
            other => return Err(ProtobufError::WireType(other as u8)),
        };
        Ok(Some(Field { number, content }))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ProtobufError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(ProtobufError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ProtobufError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(ProtobufError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn varint(&mut self) -> Result<u64, ProtobufError> {
        let mut value = 0_u64;
        for (index, &byte) in self.rest.iter().enumerate().take(10) {
            if index == 9 && byte > 1 {
                return Err(ProtobufError::VarintOverflow);
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        if self.rest.len() >= 10 {
            Err(ProtobufError::VarintOverflow)
        } else {
            Err(ProtobufError::Truncated)
        }
    }
}

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH_DELIMITED: u32 = 2;
const FIXED32: u32 = 5;

/// Bytes that a varint takes.
pub(crate) fn varint_size(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Bytes that a length-delimited field takes whose number is below 16.
pub(crate) fn bytes_field_size(length: usize) -> usize {
    1 + varint_size(length as u64) + length
}

/// Bytes that a varint field takes whose number is below 16.
pub(crate) fn varint_field_size(value: u64) -> usize {
    1 + varint_size(value)
}

/// Appends a varint.
pub(crate) fn put_varint(buffer: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        buffer.push(value as u8 | 0x80);
        value >>= 7;
    }
    buffer.push(value as u8);
}

/// Appends tag and length of a length-delimited field; its content is to follow.
pub(crate) fn put_length(buffer: &mut Vec<u8>, field: u32, length: usize) {
    debug_assert!(field < 16, "sizes are computed for one-byte tags");
    put_varint(buffer, u64::from(field << 3 | LENGTH_DELIMITED));
    put_varint(buffer, length as u64);
}

/// Appends a length-delimited field.
pub(crate) fn put_bytes(buffer: &mut Vec<u8>, field: u32, content: &[u8]) {
    put_length(buffer, field, content.len());
    buffer.extend_from_slice(content);
}

/// Appends a varint field.
pub(crate) fn put_varint_field(buffer: &mut Vec<u8>, field: u32, value: u64) {
    debug_assert!(field < 16, "sizes are computed for one-byte tags");
    put_varint(buffer, u64::from(field << 3 | VARINT));
    put_varint(buffer, value);
}

/// Appends a 64-bit field.
pub(crate) fn put_fixed64(buffer: &mut Vec<u8>, field: u32, value: u64) {
    debug_assert!(field < 16, "sizes are computed for one-byte tags");
    put_varint(buffer, u64::from(field << 3 | FIXED64));
    buffer.extend_from_slice(&value.to_le_bytes());
}

/// Appends a 32-bit field.
pub(crate) fn put_fixed32(buffer: &mut Vec<u8>, field: u32, value: u32) {
    debug_assert!(field < 16, "sizes are computed for one-byte tags");
    put_varint(buffer, u64::from(field << 3 | FIXED32));
    buffer.extend_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_what_is_no_message() {
        let check = |message: &[u8], error: ProtobufError| {
            let mut reader = Reader::new(message);
            let mut found = None;
            for _ in 0..16 {
                match reader.next_field() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => {
                        found = Some(error);
                        break;
                    }
                }
            }
            assert_eq!(found, Some(error), "{message:?}");
        };
        check(&[0x0a], ProtobufError::Truncated);
        check(&[0x0a, 5, b'x'], ProtobufError::Truncated);
        check(&[0x08, 0x80], ProtobufError::Truncated);
        check(&[0x08; 1], ProtobufError::Truncated);
        check(
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ProtobufError::VarintOverflow,
        );
        check(&[0x0b], ProtobufError::WireType(3));
        check(&[0x00], ProtobufError::FieldZero);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(varint in any::<u64>(), fixed in any::<u64>(), text in ".*") {
            let mut buffer = Vec::new();
            put_varint_field(&mut buffer, 1, varint);
            prop_assert_eq!(buffer.len(), varint_field_size(varint));
            put_fixed64(&mut buffer, 2, fixed);
            put_fixed32(&mut buffer, 3, fixed as u32);
            let before = buffer.len();
            put_bytes(&mut buffer, 4, text.as_bytes());
            prop_assert_eq!(buffer.len() - before, bytes_field_size(text.len()));
            let mut reader = Reader::new(&buffer);
            prop_assert_eq!(reader.next_field()?.map(|field| field.varint()), Some(Ok(varint)));
            prop_assert_eq!(reader.next_field()?.map(|field| field.fixed64()), Some(Ok(fixed)));
            prop_assert_eq!(reader.next_field()?.map(|field| field.fixed32()), Some(Ok(fixed as u32)));
            prop_assert_eq!(reader.next_field()?.map(|field| field.bytes()), Some(Ok(text.as_bytes())));
            prop_assert_eq!(reader.next_field()?, None);
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            while let Ok(Some(_)) = reader.next_field() {}
        }
    }
}
