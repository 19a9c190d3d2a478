//! The write timeout: a stream that fails if the client reads too slowly for too long.
//!
//! hyper has a timeout for reading a request but none for writing a response. Without this one, a
//! client that requests an export and reads a byte now and then would occupy a connection and the
//! unsent bytes for ever.

use std::{
    future::Future as _,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// The least rate at which a client must read while a write waits for it, in bytes per second.
const LEAST: u32 = 1024;
/// The most unsent bytes that the kernel buffers for a connection. By default the kernel buffers
/// some megabytes and accepts more only when a third of them has been read. A client that reads
/// some kilobytes per second would look as if it had stopped.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 32 * 1024;
/// The most bytes of one write for a slow client. The kernel accepts one write above [`UNSENT`],
/// and the next one when half of that limit is left. A client that reads at [`LEAST`] must be able
/// to read those bytes within the timeout.
const PORTION: usize = 8 * 1024;
/// The duration of a waiting write that makes a client a slow one.
const LONG: Duration = Duration::from_secs(1);

/// Limits the unsent bytes that the kernel buffers for a connection. Without the limit, the
/// connection only costs more memory.
pub(crate) fn bound_unsent(stream: &TcpStream) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT) {
        tracing::debug!(%error, "cannot limit the unsent bytes of a connection");
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = stream;
}

/// A stream with a write timeout.
///
/// The stream has a time budget. A waiting write uses it up. Each byte that the client reads
/// restores the time that a client at [`LEAST`] needs for it, and time without a waiting write
/// restores as much. The budget never exceeds the timeout.
pub(crate) struct WriteTimeout<S> {
    stream: S,
    timeout: Duration,
    /// The rest of the time budget.
    left: Duration,
    waiting: Option<WaitingWrite>,
    /// The time of the last write that completed.
    idle_since: Instant,
    /// Whether the last waiting write took [`LONG`] or more.
    slow: bool,
}

/// A write that waits for the client.
struct WaitingWrite {
    since: Instant,
    end: Pin<Box<Sleep>>,
}

impl<S> WriteTimeout<S> {
    pub(crate) fn new(stream: S, timeout: Duration) -> Self {
        Self {
            stream,
            timeout,
            left: timeout,
            waiting: None,
            idle_since: Instant::now(),
            slow: false,
        }
    }

    /// Whether this write, or else the last waiting one, has waited for [`LONG`].
    fn is_slow(&self) -> bool {
        self.waiting
            .as_ref()
            .map_or(self.slow, |waiting| waiting.since.elapsed() >= LONG)
    }

    /// Updates the time budget, and returns the result, or an error if the budget is used up.
    fn check(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let now = Instant::now();
        if let Poll::Ready(done) = result {
            match self.waiting.take() {
                Some(waiting) => {
                    self.left = self.left.saturating_sub(now - waiting.since);
                    self.slow = now - waiting.since >= LONG;
                }
                None => self.left += now - self.idle_since,
            }
            let read = u32::try_from(*done.as_ref().unwrap_or(&0)).unwrap_or(u32::MAX);
            self.left = (self.left + Duration::from_secs(1) * read / LEAST).min(self.timeout);
            self.idle_since = now;
            return Poll::Ready(done);
        }
        if self.waiting.is_none() {
            self.left = (self.left + (now - self.idle_since)).min(self.timeout);
        }
        let left = self.left;
        let waiting = self.waiting.get_or_insert_with(|| WaitingWrite {
            since: now,
            end: Box::pin(sleep(left)),
        });
        waiting
            .end
            .as_mut()
            .poll(cx)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let portion = if self.is_slow() {
            bytes.len().min(PORTION)
        } else {
            bytes.len()
        };
        let result = Pin::new(&mut self.stream).poll_write(cx, &bytes[..portion]);
        self.check(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_slow() {
            let first = bytes
                .iter()
                .find(|bytes| !bytes.is_empty())
                .map_or(&[][..], |bytes| bytes);
            return self.poll_write(cx, first);
        }
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.check(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    /// Reads so many bytes again and again, after a pause each time.
    async fn read(mut far: DuplexStream, bytes: usize, pause: Duration) {
        let mut buffer = vec![0; bytes];
        loop {
            sleep(pause).await;
            if far.read_exact(&mut buffer).await.is_err() {
                return;
            }
        }
    }

    #[tokio::test]
    async fn a_write_fails_if_the_client_reads_nothing() {
        let (near, _far) = duplex(4);
        let failed = WriteTimeout::new(near, Duration::from_millis(50))
            .write_all(b"too much")
            .await
            .unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_write_fails_if_the_client_reads_a_byte_now_and_then() {
        let (near, far) = duplex(1);
        let reader = tokio::spawn(read(far, 1, Duration::from_millis(10)));
        let mut near = WriteTimeout::new(near, Duration::from_millis(300));
        // At this rate the whole write would take more than a quarter of an hour.
        let failed = near.write_all(&vec![0; 100_000]).await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
        drop(near);
        reader.await.unwrap();
    }

    #[tokio::test]
    async fn a_write_to_a_slow_client_may_take_longer_than_the_timeout() {
        let (near, far) = duplex(8 * 1024);
        let reader = tokio::spawn(read(far, 8 * 1024, Duration::from_millis(50)));
        let mut near = WriteTimeout::new(near, Duration::from_secs(2));
        near.write_all(&vec![0; 64 * 8 * 1024]).await.unwrap();
        drop(near);
        reader.await.unwrap();
    }

    #[tokio::test]
    async fn idle_time_restores_the_time_budget() {
        let (near, mut far) = duplex(4);
        let mut near = WriteTimeout::new(near, Duration::from_secs(1));
        for _ in 0..5 {
            let (written, ()) = tokio::join!(near.write_all(b"12345"), async {
                sleep(Duration::from_millis(300)).await;
                far.read_exact(&mut [0; 5]).await.unwrap();
            });
            written.unwrap();
            sleep(Duration::from_millis(600)).await;
        }
    }
}
