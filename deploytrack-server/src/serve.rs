//! Connections: accepting and serving them, and the graceful end.

mod progress;
mod service_manager;
mod signals;

use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    io,
    net::SocketAddr,
    pin::Pin,
    time::Duration,
};

use deploytrack_core::tracker::Tracker;
use http::{HeaderValue, Request, Response, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::progress::{ReportingBody, ReportingStream};
pub use self::{
    service_manager::extend_start,
    signals::{Signals, survive_file_size_limit},
};
use crate::{
    App,
    connections::{Connection, ConnectionLimits, Connections, HEALTH_CONNECTIONS},
    dispatch,
    refusal::Refusal,
    write_timeout::{WriteTimeout, bound_unsent},
};

/// How long a caller may take to send the head of a request, and how long a connection may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a caller may leave an answer unread, or read it at less than 1 KiB a second.
const STALL: Duration = Duration::from_secs(30);
/// The most bytes that hyper holds of a request; `dispatch` refuses heads well below it, with a
/// proper answer.
const BUFFER: usize = 64 * 1024;
/// How long running requests may take after the end was asked for.
const GRACE: Duration = Duration::from_secs(30);
/// How long cancelled connections may take to end, and then the database to close.
const CUT: Duration = Duration::from_secs(1);
const CLOSE: Duration = Duration::from_secs(10);
/// The exit code of a process that a second signal ends.
const INTERRUPTED: i32 = 130;
/// Connections that wait to be accepted; the system may allow fewer. When the queue is full, the
/// system drops the first packet of a new connection, and the caller repeats it only after 1, 3 and
/// 7 seconds.
const BACKLOG: u32 = 4096;
/// How long to wait after a failed accept: long enough for a file descriptor to come free, short
/// enough to go unseen.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a caller may go on sending after the last answer.
const LINGER: Duration = Duration::from_secs(2);
/// How much a caller may go on sending after the last answer.
const LINGER_BYTES: usize = 32 * 1024 * 1024;

/// Opens the address to listen on.
///
/// # Errors
/// Names the address and the way out.
///
/// # Panics
/// Outside a tokio runtime.
pub fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    bind_for(listen, "--listen")
}

/// Opens the address for health checks, where there is one.
///
/// # Errors
/// As [`bind`].
///
/// # Panics
/// As [`bind`].
pub fn bind_health(listen: Option<SocketAddr>) -> io::Result<Option<TcpListener>> {
    match listen {
        Some(listen) => bind_for(listen, "--health-listen").map(Some),
        None => Ok(None),
    }
}

fn bind_for(listen: SocketAddr, flag: &str) -> io::Result<TcpListener> {
    listener(listen).map_err(|error| {
        let way_out = match error.kind() {
            io::ErrorKind::AddrInUse => format!("another program listens there; choose another with {flag}, or port 0 for a free one"),
            io::ErrorKind::PermissionDenied => format!("this port is not for everyone; choose one above 1023 with {flag}"),
            io::ErrorKind::AddrNotAvailable => format!("this machine does not have that address; choose another with {flag}"),
            _ => format!("choose another address with {flag}"),
        };
        io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}; {way_out}"))
    })
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // A restarted server listens again at once, although connections of the previous one are still
    // closing. On Windows the option would let a second server take over the address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The listeners of a server.
#[derive(Debug)]
pub struct Listeners {
    /// For all requests.
    pub main: TcpListener,
    /// For `/healthz` and `/readyz` alone, with connections of its own.
    pub health: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(main: TcpListener) -> Self {
        Self { main, health: None }
    }
}

/// Serves until `shutdown` is done, then lets running requests finish, for 30 seconds at most, and
/// closes the tracker.
///
/// # Errors
/// None at present: failed connections are logged, and the loop goes on.
pub async fn serve(
    listeners: impl Into<Listeners>,
    app: App,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_until(listeners.into(), app, shutdown, pending()).await;
    Ok(())
}

/// Serves until SIGTERM or Ctrl-C, as [`serve`] does. A second signal cuts the running requests
/// short, and the process ends with exit code 130 once the tracker is closed; a third one ends it
/// at once. A service manager learns of the start and the end (`NOTIFY_SOCKET`).
///
/// # Errors
/// The address of the listener cannot be read.
pub async fn serve_until_signalled(
    listeners: impl Into<Listeners>,
    app: App,
    signals: Signals,
) -> io::Result<()> {
    let (listeners, tracker) = (listeners.into(), app.tracker.clone());
    let (first, second) = signals.forward();
    let shutdown = async {
        first.await;
        service_manager::stopping();
    };
    service_manager::ready(listeners.main.local_addr()?);
    let end = tokio::select! {
        end = serve_until(listeners, app, shutdown, second) => end,
        never = service_manager::feed_watchdog(&tracker) => match never {},
    };
    if end == End::Cut {
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

async fn serve_until(
    listeners: Listeners,
    app: App,
    shutdown: impl Future<Output = ()>,
    cut: impl Future<Output = ()>,
) -> End {
    let (connections, stop, cutting) = (
        TaskTracker::new(),
        CancellationToken::new(),
        CancellationToken::new(),
    );
    let app = App {
        ending: stop.clone(),
        ..app
    };
    let tasks = Tasks {
        connections: connections.clone(),
        stop: stop.clone(),
        cutting: cutting.clone(),
    };
    tokio::select! {
        biased;
        () = shutdown => {}
        () = accept_all(&listeners, &app, &tasks) => {}
    }
    drop(listeners);
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
        tracing::warn!(
            connections = connections.len(),
            "these connections did not end in time and are cut"
        );
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

/// The tasks of all connections, and the two ways to end them.
struct Tasks {
    connections: TaskTracker,
    /// Lets each request in progress finish.
    stop: CancellationToken,
    /// Cancels them.
    cutting: CancellationToken,
}

async fn accept_all(listeners: &Listeners, app: &App, tasks: &Tasks) {
    let main = accept(&listeners.main, app, app.limits, tasks);
    let health = async {
        match &listeners.health {
            Some(listener) => {
                accept(
                    listener,
                    &app.clone().for_health_checks(),
                    HEALTH_CONNECTIONS,
                    tasks,
                )
                .await;
            }
            None => pending().await,
        }
    };
    tokio::join!(main, health);
}

/// Accepts connections for ever. At the limit an idle connection is evicted for each new one.
async fn accept(listener: &TcpListener, app: &App, limits: ConnectionLimits, tasks: &Tasks) {
    let connections = Connections::new(limits);
    loop {
        match listener.accept().await {
            Ok((stream, address)) => match connections.admit(address.ip()).await {
                Some(connection) => {
                    let served =
                        serve_connection(stream, app.clone(), tasks.stop.clone(), connection);
                    tasks
                        .connections
                        .spawn(tasks.cutting.clone().run_until_cancelled_owned(served));
                }
                None => refuse(&stream),
            },
            // The caller went away, or there is no file descriptor left: neither is a reason to
            // end.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                connections.make_room();
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Answers a connection whose address is at its limit, as far as the system's buffer takes the
/// answer at once.
fn refuse(stream: &TcpStream) {
    tracing::debug!("a connection was refused: its address is at the limit");
    // A socket that is closed while bytes are unread is reset, which destroys the answer.
    let _ = stream.try_read(&mut vec![0; BUFFER]);
    let _ = stream.try_write(Refusal::AddressLimit.into_message().as_bytes());
}

/// Serves one connection until it ends or is evicted.
async fn serve_connection(
    stream: TcpStream,
    app: App,
    stop: CancellationToken,
    connection: Connection,
) {
    let evicted = connection.evicted();
    tokio::select! {
        biased;
        () = evicted => tracing::debug!("an idle connection was closed to make room"),
        () = serve_requests(stream, app, stop, connection) => {}
    }
}

async fn serve_requests(
    stream: TcpStream,
    app: App,
    stop: CancellationToken,
    connection: Connection,
) {
    // Without this, small answers wait for the caller's acknowledgement.
    let _ = stream.set_nodelay(true);
    bound_unsent(&stream);
    let stream = ReportingStream::new(WriteTimeout::new(stream, STALL), connection.clone());
    let answering = connection.clone();
    let service = service_fn(move |request| answer(app.clone(), answering.clone(), request));
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
    linger(
        requests
            .into_parts()
            .io
            .into_inner()
            .into_inner()
            .into_inner(),
        &stop,
    )
    .await;
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<ReportingBody>, Infallible>> + Send>>;

/// Boxed, since hyper gives a connection back only when its futures can be moved.
fn answer(app: App, connection: Connection, mut request: Request<Incoming>) -> Answering {
    Box::pin(async move {
        if !connection.begin_request() {
            // The eviction ends the connection, and this request with it: nothing has been done.
            pending::<()>().await;
        }
        request.extensions_mut().insert(connection.clone());
        let mut response = dispatch::answer(app, request).await;
        if !connection.has_place() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_connections_wait_to_be_accepted_and_none_is_delayed() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        for number in 0..400 {
            // The system repeats a packet that found the queue full after a second.
            let connected = timeout(Duration::from_millis(900), TcpStream::connect(address)).await;
            waiting.push(
                connected
                    .unwrap_or_else(|_| panic!("connection {number} is delayed"))
                    .unwrap(),
            );
        }
    }
}
