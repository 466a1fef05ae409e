//! A small HTTP/1.1 client for loopback addresses: one connection kept open, whole bodies, no redirects.
//!
//! It is here because the measuring side must cost little and must not be the library under test.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for one answer; the slowest query over a large store on a busy machine stays far below.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Names and values.
    headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as text, with what is no UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A client of one address.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    open: Option<BufReader<TcpStream>>,
}

impl Client {
    /// Connects at the first request.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, open: None }
    }

    /// Where the requests go.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks for `path` (with its query string).
    ///
    /// # Errors
    /// The connection was refused, broke or stayed silent.
    pub fn get(&mut self, path: &str) -> io::Result<Response> {
        self.send("GET", path, &[], &[])
    }

    /// Sends a body.
    ///
    /// # Errors
    /// The connection was refused, broke or stayed silent.
    pub fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Response> {
        self.send("POST", path, headers, body)
    }

    /// Sends a request with any method.
    ///
    /// # Errors
    /// The connection was refused, broke or stayed silent.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Response> {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n",
            self.address,
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        if let Some(connection) = self.open.take() {
            // The peer may have closed it since; then one fresh connection is tried.
            if let Ok(response) = self.exchange(connection, &head, body) {
                return Ok(response);
            }
        }
        let stream = TcpStream::connect_timeout(&self.address, ANSWER_WITHIN)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        self.exchange(BufReader::new(stream), &head, body)
    }

    fn exchange(&mut self, mut connection: BufReader<TcpStream>, head: &str, body: &[u8]) -> io::Result<Response> {
        connection.get_mut().write_all(head.as_bytes())?;
        connection.get_mut().write_all(body)?;
        let (first, headers) = read_head(&mut connection)?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, first))?;
        let without_body = status == 204 || status == 304 || (100..200).contains(&status);
        let body = if without_body {
            Vec::new()
        } else {
            read_body(&mut connection, &headers)?
        };
        if header(&headers, "connection").is_none_or(|value| !value.eq_ignore_ascii_case("close")) {
            self.open = Some(connection);
        }
        Ok(Response { status, headers, body })
    }
}

/// The first line and the headers of a request or an answer.
pub(crate) fn read_head(reader: &mut impl BufRead) -> io::Result<(String, Vec<(String, String)>)> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return Ok((first.trim_end().to_owned(), headers));
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// The value of a header; names are lower-case.
pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.as_str())
}

/// A body by its length, in chunks, or until the end of the connection.
pub(crate) fn read_body(reader: &mut impl BufRead, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if header(headers, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let size = line.trim_end().split(';').next().unwrap_or_default();
            let bad = |_| io::Error::new(io::ErrorKind::InvalidData, format!("chunk size {line:?}"));
            let size = u64::from_str_radix(size, 16).map_err(bad)?;
            reader.take(size).read_to_end(&mut body)?;
            let mut end = String::new();
            reader.read_line(&mut end)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    match header(headers, "content-length").map(str::parse::<u64>) {
        Some(Ok(length)) => {
            let read = reader.take(length).read_to_end(&mut body)?;
            if (read as u64) < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        _ => {
            reader.read_to_end(&mut body)?;
        }
    }
    Ok(body)
}

/// Writes text as one component of a query string.
pub fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
