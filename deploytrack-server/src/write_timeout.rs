//! A stream that fails when the other side takes too little for too long. hyper bounds the reading of a request and not
//! the writing of an answer: a caller who asks for an export and reads a byte now and then would hold a connection, and what
//! waits to be written, for ever.

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

/// The least that a reader takes while something waits for it, in bytes a second.
const LEAST: u32 = 1024;
/// How many bytes that were not sent yet the system holds for a connection. With as many as it likes, some megabytes, it would
/// ask for more only after a third of them were read, and a reader of some kilobytes a second would look like one that has
/// stopped.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 32 * 1024;
/// How much is written at once for a reader that has let a write wait for this long. The system takes one write more than its
/// bound, and asks for the next when half of the bound is left: what is read between two writes must fit the patience at
/// [`LEAST`].
const PORTION: usize = 8 * 1024;
const LONG: Duration = Duration::from_secs(1);

/// Bounds what the system holds of the answers to a connection. Where it cannot be bounded, memory is all that it costs.
pub(crate) fn bound_unsent(stream: &TcpStream) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT) {
        tracing::debug!(%error, "the unsent bytes of a connection cannot be bounded");
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = stream;
}

/// The stream, and for how long it may still wait.
///
/// Waiting for the reader uses up the time that is left; each byte taken gives back what a reader of [`LEAST`] takes for it,
/// and so does the time in which nothing waits, up to the whole patience.
pub(crate) struct NoStall<S> {
    stream: S,
    patience: Duration,
    left: Duration,
    waiting: Option<Waiting>,
    /// Since when nothing waits.
    rested: Instant,
    /// Whether the last write that waited did so for long.
    slow: bool,
}

/// A write that waits.
struct Waiting {
    since: Instant,
    end: Pin<Box<Sleep>>,
}

impl<S> NoStall<S> {
    pub(crate) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, left: patience, waiting: None, rested: Instant::now(), slow: false }
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    /// Whether the reader has let a write wait for long, this one or the last that waited.
    fn is_slow(&self) -> bool {
        self.waiting.as_ref().map_or(self.slow, |waiting| waiting.since.elapsed() >= LONG)
    }

    /// Passes a result on; waiting for too long becomes an error.
    fn judge(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let now = Instant::now();
        if let Poll::Ready(done) = result {
            match self.waiting.take() {
                Some(waiting) => {
                    self.left = self.left.saturating_sub(now - waiting.since);
                    self.slow = now - waiting.since >= LONG;
                }
                None => self.left += now - self.rested,
            }
            let taken = u32::try_from(*done.as_ref().unwrap_or(&0)).unwrap_or(u32::MAX);
            self.left = (self.left + Duration::from_secs(1) * taken / LEAST).min(self.patience);
            self.rested = now;
            return Poll::Ready(done);
        }
        if self.waiting.is_none() {
            self.left = (self.left + (now - self.rested)).min(self.patience);
        }
        let left = self.left;
        let waiting = self.waiting.get_or_insert_with(|| Waiting { since: now, end: Box::pin(sleep(left)) });
        waiting.end.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for NoStall<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for NoStall<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let portion = if self.is_slow() { bytes.len().min(PORTION) } else { bytes.len() };
        let result = Pin::new(&mut self.stream).poll_write(cx, &bytes[..portion]);
        self.judge(cx, result)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.is_slow() {
            let first = bytes.iter().find(|bytes| !bytes.is_empty()).map_or(&[][..], |bytes| bytes);
            return self.poll_write(cx, first);
        }
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.judge(cx, result)
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

    /// Takes so many bytes, again and again, after a pause each time.
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
    async fn a_reader_that_takes_nothing_is_given_up() {
        let (near, _far) = duplex(4);
        let failed = NoStall::new(near, Duration::from_millis(50)).write_all(b"too much").await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_reader_that_takes_a_byte_now_and_then_is_given_up() {
        let (near, far) = duplex(1);
        let reader = tokio::spawn(read(far, 1, Duration::from_millis(10)));
        let mut near = NoStall::new(near, Duration::from_millis(300));
        // At this pace all of it would take more than a quarter of an hour.
        let failed = near.write_all(&vec![0; 100_000]).await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
        drop(near);
        reader.await.unwrap();
    }

    #[tokio::test]
    async fn a_slow_reader_is_waited_for() {
        let (near, far) = duplex(8 * 1024);
        let reader = tokio::spawn(read(far, 8 * 1024, Duration::from_millis(50)));
        let mut near = NoStall::new(near, Duration::from_secs(2));
        // More than the patience, in all.
        near.write_all(&vec![0; 64 * 8 * 1024]).await.unwrap();
        drop(near);
        reader.await.unwrap();
    }

    #[tokio::test]
    async fn a_stream_that_rests_has_its_patience_back() {
        let (near, mut far) = duplex(4);
        let mut near = NoStall::new(near, Duration::from_secs(1));
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
