//! Connections: accepting them, their limits, and the graceful end.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{App, dispatch, response::Body, stall::NoStall};

/// How long a caller may take to send the head of a request, which is also how long a connection may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a caller may leave an answer unread.
const STALL: Duration = Duration::from_secs(30);
/// The most bytes that hyper holds of a request; `dispatch` refuses heads well below it, with a proper answer.
const BUFFER: usize = 64 * 1024;
/// How long running requests may take after the end was asked for.
const GRACE: Duration = Duration::from_secs(30);
/// How long to wait after a failed accept: long enough for a file descriptor to come free, short enough to go unseen.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a caller may go on sending after the last answer.
const LINGER: Duration = Duration::from_secs(2);
/// How much a caller may go on sending after the last answer.
const LINGER_BYTES: usize = 32 * 1024 * 1024;

/// Opens the address to listen on.
///
/// # Errors
/// Names the address and the way out.
pub async fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| {
        let way_out = match error.kind() {
            io::ErrorKind::AddrInUse => "another program listens there; choose another with --listen, or port 0 for a free one",
            io::ErrorKind::PermissionDenied => "this port is not for everyone; choose one above 1023 with --listen",
            io::ErrorKind::AddrNotAvailable => "this machine does not have that address; choose another with --listen",
            _ => "choose another address with --listen",
        };
        io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}; {way_out}"))
    })
}

/// Serves until `shutdown` is done, then lets running requests finish, for 30 seconds at most, and closes the tracker.
///
/// # Errors
/// None at present: failed connections are logged, and the loop goes on.
pub async fn serve(listener: TcpListener, app: App, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let (connections, stop) = (TaskTracker::new(), CancellationToken::new());
    let app = App { ending: stop.clone(), ..app };
    tokio::select! {
        biased;
        () = shutdown => {}
        () = accept(&listener, &app, &connections, &stop) => {}
    }
    drop(listener);
    tracing::info!(connections = connections.len(), "shutting down");
    stop.cancel();
    connections.close();
    if timeout(GRACE, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "these connections did not end in time and are cut");
    }
    app.tracker.close().await;
    Ok(())
}

/// Accepts connections for ever; over the limit, new ones wait in the system's queue.
async fn accept(listener: &TcpListener, app: &App, connections: &TaskTracker, stop: &CancellationToken) {
    let permits = Arc::new(Semaphore::new(app.max_connections.min(Semaphore::MAX_PERMITS)));
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, app.clone(), stop.clone(), permit));
            }
            // The caller went away, or there is no file descriptor left: neither is a reason to end.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection. The permit is held until it ends.
async fn connection(stream: TcpStream, app: App, stop: CancellationToken, _permit: OwnedSemaphorePermit) {
    // Without this, small answers wait for the caller's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(app.clone(), request));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        .half_close(true)
        .serve_connection(TokioIo::new(NoStall::new(stream, STALL)), service);
    let mut ended = tokio::select! {
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => Some(ended),
        () = stop.cancelled() => None,
    };
    if ended.is_none() {
        Pin::new(&mut connection).graceful_shutdown();
        ended = Some(poll_fn(|cx| connection.poll_without_shutdown(cx)).await);
    }
    if let Some(Err(error)) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
    linger(connection.into_parts().io.into_inner().into_inner(), &stop).await;
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// Boxed, since hyper gives a connection back only when its futures can be moved.
fn answer(app: App, request: Request<Incoming>) -> Answering {
    Box::pin(async move { Ok(dispatch::answer(app, request).await) })
}

/// Ends a connection so that the caller gets the last answer. A socket closed while bytes are still unread is reset,
/// and the reset destroys an answer (say, 413 to a large body) that the caller has not read yet: so say that nothing
/// more will come, then read on for a moment.
async fn linger(mut stream: TcpStream, stop: &CancellationToken) {
    if stream.shutdown().await.is_err() || stop.is_cancelled() {
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

/// Is done at SIGTERM or Ctrl-C. A second one ends the process at once. SIGTERM counts from this call on, not from the
/// first look at the future: whoever reads the server's address may send it straight away.
pub fn shutdown_signal() -> impl Future<Output = ()> {
    let mut signals = Signals::listen();
    async move {
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            tracing::warn!("ended at once by a second signal");
            std::process::exit(130);
        });
    }
}

/// The signals that ask for the end.
struct Signals {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    fn listen() -> Self {
        Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .inspect_err(|error| tracing::warn!(%error, "SIGTERM cannot be awaited"))
                .ok(),
        }
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        match &mut self.terminate {
            Some(terminate) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
            }
            None => drop(tokio::signal::ctrl_c().await),
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        drop(tokio::signal::ctrl_c().await);
    }
}
