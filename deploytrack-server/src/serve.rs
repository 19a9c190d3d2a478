//! Connections: accepting them, their limits, and the graceful end.

use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use deploytrack_core::tracker::Tracker;
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

use crate::{
    App, dispatch,
    response::Body,
    stall::{NoStall, bound_unsent},
};

/// How long a caller may take to send the head of a request, which is also how long a connection may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a caller may leave an answer unread, or read it at less than 1 KiB a second.
const STALL: Duration = Duration::from_secs(30);
/// The most bytes that hyper holds of a request; `dispatch` refuses heads well below it, with a proper answer.
const BUFFER: usize = 64 * 1024;
/// How long running requests may take after the end was asked for.
const GRACE: Duration = Duration::from_secs(30);
/// How long cancelled connections may take to end, and then the database to close.
const CUT: Duration = Duration::from_secs(1);
const CLOSE: Duration = Duration::from_secs(10);
/// The exit code of a process that a second signal ends.
const INTERRUPTED: i32 = 130;
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
    serve_until(listener, app, shutdown, pending()).await;
    Ok(())
}

/// Serves until SIGTERM or Ctrl-C, as [`serve`] does. A second signal cuts the running requests short, and the process ends
/// with exit code 130 once the tracker is closed; a third one ends it at once.
///
/// # Errors
/// None at present: failed connections are logged, and the loop goes on.
pub async fn serve_until_signalled(listener: TcpListener, app: App, signals: Signals) -> io::Result<()> {
    let (first, second) = signals.forward();
    if serve_until(listener, app, first, second).await == End::Cut {
        tracing::warn!("ended early by a second signal");
        std::process::exit(INTERRUPTED);
    }
    Ok(())
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The running requests were given their time.
    Drained,
    /// They were cancelled.
    Cut,
}

async fn serve_until(listener: TcpListener, app: App, shutdown: impl Future<Output = ()>, cut: impl Future<Output = ()>) -> End {
    let (connections, stop, cutting) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
    let app = App { ending: stop.clone(), ..app };
    tokio::select! {
        biased;
        () = shutdown => {}
        () = accept(&listener, &app, &connections, &stop, &cutting) => {}
    }
    drop(listener);
    tracing::info!(connections = connections.len(), "shutting down");
    stop.cancel();
    connections.close();
    let drained = async {
        // A supervisor may kill the process before the requests have ended.
        app.tracker.checkpoint().await;
        connections.wait().await;
    };
    let end = tokio::select! {
        () = drained => End::Drained,
        () = cut => End::Cut,
        () = sleep(GRACE) => End::Drained,
    };
    if !connections.is_empty() {
        tracing::warn!(connections = connections.len(), "these connections did not end in time and are cut");
        cutting.cancel();
        let _ = timeout(CUT, connections.wait()).await;
    }
    close(&app.tracker).await;
    end
}

/// Closes the tracker, and gives up after ten seconds: a process must end even when its disk hangs.
pub async fn close(tracker: &Tracker) {
    if timeout(CLOSE, tracker.close()).await.is_err() {
        tracing::error!("the database did not close in time");
    }
}

/// Accepts connections for ever; over the limit, new ones wait in the system's queue.
async fn accept(listener: &TcpListener, app: &App, connections: &TaskTracker, stop: &CancellationToken, cutting: &CancellationToken) {
    let permits = Arc::new(Semaphore::new(app.max_connections.min(Semaphore::MAX_PERMITS)));
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = connection(stream, app.clone(), stop.clone(), permit);
                connections.spawn(cutting.clone().run_until_cancelled_owned(connection));
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
    bound_unsent(&stream);
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

/// The signals that ask for the end: SIGTERM, Ctrl-C, and SIGHUP, which a terminal sends when it is closed.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    /// Starts to listen. Signals are caught from this call on: a program that reads the server's address may send one at
    /// once.
    #[cfg(unix)]
    #[must_use]
    pub fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        let listen = |kind| signal(kind).inspect_err(|error| tracing::warn!(%error, "a signal cannot be awaited")).ok();
        let hang_up = if is_hang_up_ignored() { None } else { listen(SignalKind::hangup()) };
        Self { terminate: listen(SignalKind::terminate()), hang_up }
    }

    /// Starts to listen.
    #[cfg(not(unix))]
    #[must_use]
    pub fn listen() -> Self {
        Self {}
    }

    /// The first and the second signal; the third one ends the process.
    fn forward(mut self) -> (impl Future<Output = ()>, impl Future<Output = ()>) {
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let signalled = (first.clone().cancelled_owned(), second.clone().cancelled_owned());
        tokio::spawn(async move {
            for asked in [first, second] {
                self.next().await;
                asked.cancel();
            }
            self.next().await;
            tracing::warn!("ended at once by a third signal");
            std::process::exit(INTERRUPTED);
        });
        signalled
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            () = received(&mut self.terminate) => {}
            () = received(&mut self.hang_up) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        drop(tokio::signal::ctrl_c().await);
    }
}

#[cfg(unix)]
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

/// Whether the process was started with SIGHUP ignored, as nohup does; the signal stays ignored then. Where the system has
/// no `/proc`, the default action stays.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask & 1 != 0)
}

/// Makes a write over the file size limit (`RLIMIT_FSIZE`) an error: without a handler its signal ends the process. Children
/// are not affected, since a handler, unlike an ignored signal, is not inherited.
pub fn survive_file_size_limit() {
    #[cfg(unix)]
    {
        let kind = tokio::signal::unix::SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        // The handler stays installed when the stream of signals is dropped.
        if let Err(error) = tokio::signal::unix::signal(kind) {
            tracing::warn!(%error, "SIGXFSZ cannot be handled");
        }
    }
}
