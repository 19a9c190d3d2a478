//! One connection: its requests, and its end.

mod handshake;
mod progress;

use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    time::Duration,
};

use http::{HeaderValue, Request, Response, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use self::progress::{ReportingBody, ReportingStream};
use crate::{
    App,
    connections::Connection,
    dispatch,
    proxies::Client,
    tls::Tls,
    write_timeout::{WriteTimeout, bound_unsent},
};

/// How long a caller may take to send the head of a request, and how long a connection may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a caller may leave an answer unread, or read it at less than 1 KiB a second.
const STALL: Duration = Duration::from_secs(30);
/// The most bytes that hyper holds of a request; `dispatch` refuses heads well below it, with a
/// proper answer.
pub(super) const BUFFER: usize = 64 * 1024;
/// How long a caller may go on sending after the last answer.
const LINGER: Duration = Duration::from_secs(2);
/// How much a caller may go on sending after the last answer.
const LINGER_BYTES: usize = 32 * 1024 * 1024;

/// A connection that is served.
pub(super) struct Served {
    pub(super) app: App,
    pub(super) stop: CancellationToken,
    pub(super) connection: Connection,
    pub(super) peer: Client,
}

impl Served {
    /// Serves the connection until it ends or is evicted.
    pub(super) async fn serve(self, stream: TcpStream, tls: Option<Tls>) {
        let evicted = self.connection.evicted();
        let mut work = pin!(self.serve_stream(stream, tls));
        tokio::select! {
            biased;
            () = evicted => tracing::debug!("an idle connection was closed to make room"),
            () = &mut work => {}
        }
    }

    async fn serve_stream(self, stream: TcpStream, tls: Option<Tls>) {
        // Without this, small answers wait for the caller's acknowledgement.
        let _ = stream.set_nodelay(true);
        bound_unsent(&stream);
        let Some(tls) = tls else {
            let stream = self.observed(stream);
            return self.serve_requests(stream).await;
        };
        let handshake = self
            .stop
            .clone()
            .run_until_cancelled_owned(self.shake_hands(stream, &tls));
        if let Some(Some(stream)) = handshake.await {
            self.serve_requests(stream).await;
        }
    }

    /// A stream that reports its progress, and fails when the client reads too slowly.
    fn observed(&self, stream: TcpStream) -> ObservedStream {
        ReportingStream::new(WriteTimeout::new(stream, STALL), self.connection.clone())
    }

    async fn serve_requests<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self {
            app,
            stop,
            connection,
            peer,
        } = self;
        let answering = connection.clone();
        let service =
            service_fn(move |request| answer(app.clone(), answering.clone(), peer, request));
        let mut requests = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(BUFFER)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service);
        let mut ended = tokio::select! {
            ended = poll_fn(|cx| requests.poll_without_shutdown(cx)) => Some(ended),
            () = stop.cancelled() => None,
        };
        if ended.is_none() {
            Pin::new(&mut requests).graceful_shutdown();
            ended = Some(poll_fn(|cx| requests.poll_without_shutdown(cx)).await);
        }
        if let Some(Err(error)) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
        connection.begin_end();
        linger(requests.into_parts().io.into_inner(), &stop).await;
    }
}

/// The stream of a connection.
type ObservedStream = ReportingStream<WriteTimeout<TcpStream>>;
type Answering = Pin<Box<dyn Future<Output = Result<Response<ReportingBody>, Infallible>> + Send>>;

/// Boxed, since hyper gives a connection back only when its futures can be moved.
fn answer(
    app: App,
    connection: Connection,
    peer: Client,
    mut request: Request<Incoming>,
) -> Answering {
    Box::pin(async move {
        if !connection.begin_request() {
            // The eviction ends the connection, and this request with it: nothing has been done.
            pending::<()>().await;
        }
        let client = app.trusted_proxies.client(peer, request.headers());
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(connection.clone());
        let draining = app.draining.clone();
        let mut response = dispatch::answer(app, request).await;
        // The caller opens its next connection to another server.
        if !connection.has_place() || draining.is_cancelled() {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        connection.begin_answer();
        Ok(response.map(|body| ReportingBody::new(body, connection)))
    })
}

/// Ends a connection so that the caller gets the last answer. A socket closed while bytes are still
/// unread is reset, and the reset destroys an answer (say, 413 to a large body) that the caller has
/// not read yet: so say that nothing more will come, then read on for a moment.
async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin, stop: &CancellationToken) {
    // With TLS the message of the end waits for the caller.
    let ended = timeout(LINGER, stream.shutdown()).await;
    if !matches!(ended, Ok(Ok(()))) || stop.is_cancelled() {
        return;
    }
    let rest = async {
        let (mut buffer, mut left) = (vec![0; 16 * 1024], LINGER_BYTES);
        while left > 0 {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(read) => left = left.saturating_sub(read),
            }
        }
    };
    let _ = timeout(LINGER, rest).await;
}
