//! Connections: accepting and serving them, and the graceful end.

mod accept;
mod listeners;
mod served;
mod service_manager;
mod signals;

use std::{
    convert::Infallible,
    future::{Future, pending},
    io,
    time::Duration,
};

use deploytrack_core::tracker::Tracker;
use futures_util::FutureExt as _;
use tokio::time::{sleep, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::accept::{Tasks, accept_all};
pub use self::{
    listeners::{Listeners, bind, bind_health, bind_metrics},
    service_manager::extend_start,
    signals::{Signals, survive_file_size_limit},
};
use crate::{App, backup::Schedule, log, tls::Tls};

/// How long running requests may take after the end was asked for.
const GRACE: Duration = Duration::from_secs(30);
/// How long cancelled connections may take to end, and then the database to close.
const CUT: Duration = Duration::from_secs(1);
const CLOSE: Duration = Duration::from_secs(10);
/// The exit code of a process that a signal ends before its work is done.
pub const INTERRUPTED: i32 = 130;

/// Serves until `shutdown` is done and the drain delay of the application has passed, then lets running requests finish, for 30 seconds at most, and
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
    let (listeners, tracker, backups) =
        (listeners.into(), app.tracker.clone(), app.backups.clone());
    let (first, second) = signals.reloading(listeners.tls.as_ref(), &app).forward();
    let shutdown = async {
        first.await;
        service_manager::stopping();
    };
    service_manager::ready(&listeners.url()?);
    let end = tokio::select! {
        end = serve_until(listeners, app, shutdown, second) => end,
        never = service_manager::feed_watchdog(&tracker) => match never {},
        never = back_up(backups) => match never {},
    };
    if end == End::Cut {
        tracing::warn!("ended early by a second signal");
        log::end();
        std::process::exit(INTERRUPTED);
    }
    Ok(())
}

/// Makes the backups of the schedule, if there is one.
async fn back_up(schedule: Option<Schedule>) -> Infallible {
    match schedule {
        Some(schedule) => Box::pin(schedule.run()).await,
        None => pending().await,
    }
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
        draining: CancellationToken::new(),
        ending: stop.clone(),
        ..app
    };
    let cut = cut.shared();
    let tasks = Tasks {
        connections: connections.clone(),
        stop: stop.clone(),
        cutting: cutting.clone(),
    };
    tokio::select! {
        biased;
        () = leave(&app, shutdown, cut.clone()) => {}
        () = accept_all(&listeners, &app, &tasks) => {}
        never = renew(listeners.tls.as_ref()) => match never {},
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

/// Waits for the end to be asked for, and then lets load balancers see that the server is not ready,
/// for its drain delay. It still answers every request. `cut` ends the delay.
async fn leave(app: &App, shutdown: impl Future<Output = ()>, cut: impl Future<Output = ()>) {
    shutdown.await;
    app.draining.cancel();
    if app.drain_delay.is_zero() {
        return;
    }
    tracing::info!(delay = ?app.drain_delay, "not ready any more; requests are still answered");
    tokio::select! {
        () = sleep(app.drain_delay) => {}
        () = cut => {}
    }
}

/// Closes the tracker, and gives up after ten seconds: a process must end even when its disk hangs.
pub async fn close(tracker: &Tracker) {
    if timeout(CLOSE, tracker.close()).await.is_err() {
        tracing::error!("the database did not close in time");
    }
}

/// Renews the certificate for ever.
async fn renew(tls: Option<&Tls>) -> Infallible {
    match tls {
        Some(tls) => tls.renew_for_ever().await,
        None => pending().await,
    }
}
