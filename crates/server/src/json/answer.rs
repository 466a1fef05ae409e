//! The answer to a query, written within the memory that the query may hold.
//!
//! Invariant: the text's memory is taken while it grows and goes back when the last byte has left for the client, however
//! slowly that reads. Once there is none nothing more is written, and the answer becomes an error.

use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use longshore_logql::eval::{MemoryError, QueryMemory};

use super::{QueryStats, put_list, put_string};

/// Room for the stats that follow the result.
const STATS_BYTES: usize = 2048;

/// `{"status":"success","data":{"resultType":..,"result":..` in the making.
pub(crate) struct Answer {
    text: Vec<u8>,
    memory: QueryMemory,
    held_bytes: usize,
    failure: Option<MemoryError>,
    /// What closes it after the stats.
    end: &'static str,
}

/// The text of a whole answer with the memory it stands for.
struct Held {
    text: Vec<u8>,
    _memory: QueryMemory,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Answer {
    /// Begins an answer whose result is expected to be of so many bytes.
    pub(crate) fn new(
        result_type: &str,
        encoding_flags: Option<&str>,
        result_bytes: usize,
        memory: &QueryMemory,
    ) -> Result<Self, MemoryError> {
        let mut answer = Self::begin(
            "{\"status\":\"success\",\"data\":{\"resultType\":",
            "}}",
            result_bytes,
            memory,
        )?;
        let text = &mut answer.text;
        put_string(text, result_type);
        if let Some(flags) = encoding_flags {
            text.extend_from_slice(b",\"encodingFlags\":");
            let flags = flags.split(',').map(str::trim).filter(|flag| !flag.is_empty());
            put_list(text, flags, put_string);
        }
        text.extend_from_slice(b",\"result\":");
        Ok(answer)
    }

    /// Begins an answer of another form: what stands before its result, and after its stats.
    pub(crate) fn begin(
        start: &str,
        end: &'static str,
        result_bytes: usize,
        memory: &QueryMemory,
    ) -> Result<Self, MemoryError> {
        let expected = result_bytes.saturating_add(STATS_BYTES);
        memory.take(expected)?;
        let mut text = Vec::with_capacity(expected);
        text.extend_from_slice(start.as_bytes());
        Ok(Self {
            text,
            memory: memory.clone(),
            held_bytes: expected,
            failure: None,
            end,
        })
    }

    /// Appends something small.
    pub(crate) fn put(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        if self.failure.is_none() {
            put(&mut self.text);
            self.take_growth();
        }
    }

    /// Appends the items with commas in between.
    pub(crate) fn list<T>(&mut self, items: impl IntoIterator<Item = T>, put: impl Fn(&mut Self, T)) {
        self.text.push(b'[');
        for (index, item) in items.into_iter().enumerate() {
            if self.failure.is_some() {
                return;
            }
            if index > 0 {
                self.text.push(b',');
            }
            put(self, item);
            self.take_growth();
        }
        self.text.push(b']');
    }

    fn take_growth(&mut self) {
        let growth = self.text.capacity().saturating_sub(self.held_bytes);
        if growth > 0 {
            match self.memory.take(growth) {
                Ok(()) => self.held_bytes += growth,
                Err(error) => self.failure = Some(error),
            }
        }
    }

    /// Says that nothing but the text is held any more.
    ///
    /// # Errors
    /// There was not enough memory for all of it.
    pub(crate) fn written(self) -> Result<Self, MemoryError> {
        match self.failure {
            Some(error) => Err(error),
            None => {
                self.memory.settle(self.held_bytes)?;
                Ok(self)
            }
        }
    }

    /// Appends the stats and sends it.
    pub(crate) fn respond(mut self, stats: &QueryStats) -> Response {
        self.text.extend_from_slice(b",\"stats\":");
        stats.put(&mut self.text);
        self.text.extend_from_slice(self.end.as_bytes());
        let content_type = [(
            CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=UTF-8"),
        )];
        let body = Bytes::from_owner(Held {
            text: self.text,
            _memory: self.memory,
        });
        (content_type, body).into_response()
    }
}
