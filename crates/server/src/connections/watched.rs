//! A stream that tells when bytes last moved on it, and gives up on a client that takes none.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_io_timeout::TimeoutWriter;

/// What happens on a connection.
#[derive(Debug)]
pub(super) struct Activity {
    begun: Instant,
    /// Milliseconds from the begin to the last byte that moved.
    moved_ms: AtomicU64,
    /// Requests whose answer is not there yet.
    open_requests: AtomicUsize,
    has_asked: AtomicBool,
}

/// A request whose answer is not there yet, until it is dropped.
pub(super) struct OpenRequest(Arc<Activity>);

impl Default for Activity {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            moved_ms: AtomicU64::new(0),
            open_requests: AtomicUsize::new(0),
            has_asked: AtomicBool::new(false),
        }
    }
}

impl Activity {
    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> OpenRequest {
        self.has_asked.store(true, Ordering::Relaxed);
        self.open_requests.fetch_add(1, Ordering::Relaxed);
        OpenRequest(Arc::clone(self))
    }

    pub(super) fn has_asked(&self) -> bool {
        self.has_asked.load(Ordering::Relaxed)
    }

    /// When anything last happened; a request that is worked on happens all the time.
    pub(super) fn moved(&self) -> Instant {
        if self.open_requests.load(Ordering::Relaxed) > 0 {
            return Instant::now();
        }
        self.begun + Duration::from_millis(self.moved_ms.load(Ordering::Relaxed))
    }

    pub(super) fn is_idle(&self, timeout: Duration) -> bool {
        self.moved().elapsed() >= timeout
    }

    fn moves(&self) {
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved_ms.store(ms, Ordering::Relaxed);
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.moves();
        self.0.open_requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream with its activity.
pub(super) struct Watched<S> {
    stream: Pin<Box<TimeoutWriter<S>>>,
    activity: Arc<Activity>,
    /// One of the connections that may be there at a time.
    _place: Option<OwnedSemaphorePermit>,
}

impl<S: AsyncRead + AsyncWrite> Watched<S> {
    /// Writes fail when the client takes nothing for `write_timeout`.
    pub(super) fn new(
        stream: S,
        activity: Arc<Activity>,
        write_timeout: Duration,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(write_timeout));
        Self {
            stream: Box::pin(stream),
            activity,
            _place: place,
        }
    }

    fn wrote(&self, bytes: usize) -> Poll<io::Result<usize>> {
        if bytes > 0 {
            self.activity.moves();
        }
        Poll::Ready(Ok(bytes))
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.stream.as_mut().poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.activity.moves();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(self.stream.as_mut().poll_write(context, bytes))?;
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(self.stream.as_mut().poll_write_vectored(context, bytes))?;
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }
}
