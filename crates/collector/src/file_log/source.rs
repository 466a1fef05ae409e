//! The bytes of one open file, plain or compressed.

use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;

use super::files::{FileHandle, Stat};

/// An open file, read by offsets into its content.
#[derive(Debug)]
pub(crate) enum Source<H> {
    /// As it is.
    Plain(H),
    /// gzip; read forwards, a step back begins anew.
    Gzip(Box<GzipSource<H>>),
}

#[derive(Debug)]
pub(crate) struct GzipSource<H> {
    decoder: Option<MultiGzDecoder<BufReader<SequentialReader<H>>>>,
    position: u64,
}

/// Reads a handle from its beginning.
#[derive(Debug)]
struct SequentialReader<H> {
    handle: H,
    offset: u64,
}

impl<H: FileHandle> Read for SequentialReader<H> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.handle.read_at(self.offset, buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl<H: FileHandle> Source<H> {
    pub(crate) fn new(handle: H, is_compressed: bool) -> Self {
        if is_compressed {
            Self::Gzip(Box::new(GzipSource {
                decoder: Some(decoder(handle)),
                position: 0,
            }))
        } else {
            Self::Plain(handle)
        }
    }

    /// Whether a program may still write to it.
    pub(crate) fn may_grow(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Identity and size on disk.
    pub(crate) fn stat(&self) -> io::Result<Stat> {
        match self {
            Self::Plain(handle) => handle.stat(),
            Self::Gzip(source) => source.decoder.as_ref().map_or_else(
                || Err(io::ErrorKind::Other.into()),
                |decoder| decoder.get_ref().get_ref().handle.stat(),
            ),
        }
    }

    pub(crate) fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(handle) => handle.read_at(offset, buffer),
            Self::Gzip(source) => source.read_at(offset, buffer),
        }
    }
}

fn decoder<H: FileHandle>(handle: H) -> MultiGzDecoder<BufReader<SequentialReader<H>>> {
    MultiGzDecoder::new(BufReader::new(SequentialReader { handle, offset: 0 }))
}

impl<H: FileHandle> GzipSource<H> {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset < self.position
            && let Some(old) = self.decoder.take()
        {
            self.decoder = Some(decoder(old.into_inner().into_inner().handle));
            self.position = 0;
        }
        let Some(decoder) = &mut self.decoder else {
            return Err(io::ErrorKind::Other.into());
        };
        while self.position < offset {
            let wanted = (offset - self.position).min(buffer.len() as u64);
            let count = decoder.read(&mut buffer[..usize::try_from(wanted).unwrap_or(usize::MAX)])?;
            if count == 0 {
                return Ok(0);
            }
            self.position += count as u64;
        }
        let count = decoder.read(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}
