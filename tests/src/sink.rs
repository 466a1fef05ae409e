//! A receiver that keeps nothing: answers every request with one status and counts the messages it was sent.

use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use flate2::read::GzDecoder;

use crate::http::{header, read_body, read_head};

/// Stands once in every message of the generator.
const MARK: &[u8] = b" crc=";

/// Totals since the start.
#[derive(Debug, Default)]
pub struct Totals {
    /// Requests with a body.
    pub requests: AtomicU64,
    /// Bytes of bodies, as sent.
    pub wire_bytes: AtomicU64,
    /// Messages of the generator in them.
    pub messages: AtomicU64,
    stopped: AtomicBool,
}

/// A listening sink; it stops when dropped.
#[derive(Debug)]
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it got.
    pub totals: Arc<Totals>,
}

impl Sink {
    /// Listens on a free loopback port and answers every request with `status`.
    ///
    /// # Errors
    /// No port can be had.
    pub fn start(status: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let totals = Arc::new(Totals::default());
        let shared = totals.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stopped.load(Ordering::Acquire) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let totals = shared.clone();
                // A connection that breaks ends its thread; the sender opens another.
                thread::spawn(move || serve(stream, &totals, status).ok());
            }
        });
        Ok(Self { address, totals })
    }

    /// Messages received so far.
    pub fn messages(&self) -> u64 {
        self.totals.messages.load(Ordering::Acquire)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.totals.stopped.store(true, Ordering::Release);
        // Wakes the listener, so that it sees the flag.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: TcpStream, totals: &Totals, status: u16) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    loop {
        let (_, headers) = read_head(&mut reader)?;
        let has_body = header(&headers, "content-length").is_some() || header(&headers, "transfer-encoding").is_some();
        let body = if has_body {
            read_body(&mut reader, &headers)?
        } else {
            Vec::new()
        };
        if !body.is_empty() {
            totals.requests.fetch_add(1, Ordering::Relaxed);
            totals.wire_bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
            let plain = inflate(body, &headers)?;
            let messages = memchr::memmem::find_iter(&plain, MARK).count() as u64;
            totals.messages.fetch_add(messages, Ordering::AcqRel);
        }
        let length = if status == 204 { "" } else { "Content-Length: 0\r\n" };
        write!(reader.get_mut(), "HTTP/1.1 {status} Sink\r\n{length}\r\n")?;
    }
}

/// Loki's protobuf push is a snappy block without saying so in a header; the rest says gzip.
fn inflate(body: Vec<u8>, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    if header(headers, "content-encoding") == Some("gzip") {
        GzDecoder::new(&body[..]).read_to_end(&mut plain)?;
        return Ok(plain);
    }
    Ok(snap::raw::Decoder::new().decompress_vec(&body).unwrap_or(body))
}
