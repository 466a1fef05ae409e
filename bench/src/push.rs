//! Loki push requests, encoded by hand: protobuf in a snappy block, about 1 MB of lines each.
//!
//! ```text
//! PushRequest { 1: repeated Stream { 1: labels, 2: repeated Entry { 1: Timestamp { 1: seconds, 2: nanos }, 2: line } } }
//! ```

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;

use longshore_model::{SECOND_NS, TimestampNs};
use longshore_tests::http::Client;

use crate::corpus::Corpus;

/// Bytes of lines in one request, as Promtail and the collectors send them.
const REQUEST_BYTES: usize = 1 << 20;
/// Connections that send at the same time.
const SENDERS: usize = 2;
/// Encoded requests that wait for a sender; bounds the memory of this side.
const WAITING_MAX: usize = 4;

/// What was sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sent {
    /// Requests.
    pub requests: u64,
    /// Bytes of their bodies.
    pub wire_bytes: u64,
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn field(out: &mut Vec<u8>, number: u8, body: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, body.len() as u64);
    out.extend_from_slice(body);
}

fn entry(out: &mut Vec<u8>, at: TimestampNs, line: &str) {
    let mut time = vec![1 << 3];
    varint(&mut time, at.0.div_euclid(SECOND_NS) as u64);
    time.push(2 << 3);
    varint(&mut time, at.0.rem_euclid(SECOND_NS) as u64);
    let mut body = Vec::with_capacity(line.len() + 24);
    field(&mut body, 1, &time);
    field(&mut body, 2, line.as_bytes());
    field(out, 2, &body);
}

/// The next request's body; `None` when the corpus has ended.
fn next_request(corpus: &mut Corpus) -> Option<Vec<u8>> {
    let mut streams = vec![Vec::new(); corpus.pods().len()];
    let mut bytes = 0;
    while bytes < REQUEST_BYTES {
        let more = corpus.each_of_next_run(|pod, at, line| {
            bytes += line.len();
            entry(&mut streams[pod], at, line);
        });
        if !more {
            break;
        }
    }
    if bytes == 0 {
        return None;
    }
    let mut request = Vec::with_capacity(bytes + bytes / 4);
    for (pod, entries) in streams.iter().enumerate().filter(|(_, entries)| !entries.is_empty()) {
        let mut stream = Vec::with_capacity(entries.len() + 256);
        field(&mut stream, 1, corpus.pods()[pod].labels.as_bytes());
        stream.extend_from_slice(entries);
        field(&mut request, 1, &stream);
    }
    Some(
        snap::raw::Encoder::new()
            .compress_vec(&request)
            .expect("a request is far below snappy's 4 GiB"),
    )
}

/// Sends the whole corpus and waits for the last answer; each request is acknowledged or the run ends.
///
/// # Errors
/// A connection broke, or an answer was not 2xx.
pub fn push_all(corpus: &mut Corpus, address: SocketAddr) -> io::Result<Sent> {
    let (give, take) = mpsc::sync_channel::<Vec<u8>>(WAITING_MAX);
    let take = Arc::new(Mutex::new(take));
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let take = take.clone();
            thread::spawn(move || send(address, &take))
        })
        .collect();
    drop(take);
    let mut sent = Sent::default();
    while let Some(request) = next_request(corpus) {
        sent.requests += 1;
        sent.wire_bytes += request.len() as u64;
        if give.send(request).is_err() {
            break; // every sender has given up; their errors tell why
        }
    }
    drop(give);
    for sender in senders {
        sender.join().expect("senders do not panic")?;
    }
    Ok(sent)
}

fn send(address: SocketAddr, take: &Mutex<mpsc::Receiver<Vec<u8>>>) -> io::Result<()> {
    let mut client = Client::new(address);
    loop {
        let request = take.lock().expect("nobody panics with it").recv();
        let Ok(request) = request else { return Ok(()) };
        let headers = [("Content-Type", "application/x-protobuf")];
        let answer = client.post("/loki/api/v1/push", &headers, &request)?;
        if !(200..300).contains(&answer.status) {
            return Err(io::Error::other(format!(
                "push refused: {} {}",
                answer.status,
                answer.text()
            )));
        }
    }
}
