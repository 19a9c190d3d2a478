//! Accepting connections.

use std::{future::pending, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Listeners,
    served::{BUFFER, Served},
};
use crate::{
    App,
    app::Surface,
    connections::{Connections, HEALTH_CONNECTIONS, METRICS_CONNECTIONS},
    proxies::Client,
    refusal::Refusal,
    tls::Tls,
};

/// How long to wait after a failed accept: long enough for a file descriptor to come free, short
/// enough to go unseen.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The tasks of all connections, and the two ways to end them.
pub(super) struct Tasks {
    pub(super) connections: TaskTracker,
    /// Lets each request in progress finish.
    pub(super) stop: CancellationToken,
    /// Cancels them.
    pub(super) cutting: CancellationToken,
}

/// Accepts the connections of all listeners, for ever.
pub(super) async fn accept_all(listeners: &Listeners, app: &App, tasks: &Tasks) {
    let connections = Connections::new(app.limits);
    let app = App {
        connections: Some(connections.clone()),
        ..app.clone()
    };
    let further = |listener, surface, limits| {
        let app = app.clone().restricted_to(surface);
        async move {
            match listener {
                Some(listener) => {
                    accept(listener, None, &app, &Connections::new(limits), tasks).await;
                }
                None => pending().await,
            }
        }
    };
    let health = further(
        listeners.health.as_ref(),
        Surface::Health,
        HEALTH_CONNECTIONS,
    );
    let metrics = further(
        listeners.metrics.as_ref(),
        Surface::Metrics,
        METRICS_CONNECTIONS,
    );
    tokio::join!(
        accept(
            &listeners.main,
            listeners.tls.as_ref(),
            &app,
            &connections,
            tasks
        ),
        health,
        metrics
    );
}

/// Accepts connections for ever. At the limit an idle connection is evicted for each new one.
async fn accept(
    listener: &TcpListener,
    tls: Option<&Tls>,
    app: &App,
    connections: &Arc<Connections>,
    tasks: &Tasks,
) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let peer = Client {
                    address: address.ip().to_canonical(),
                    is_https: tls.is_some(),
                };
                // The requests of a trusted proxy count for their clients.
                let counted = (!app.trusted_proxies.contains(peer.address)).then_some(peer.address);
                let Some(connection) = connections.admit(counted).await else {
                    refuse(app, &stream, tls);
                    continue;
                };
                let served = Served {
                    app: app.clone(),
                    stop: tasks.stop.clone(),
                    connection,
                    peer,
                };
                let served = served.serve(stream, tls.cloned());
                tasks
                    .connections
                    .spawn(tasks.cutting.clone().run_until_cancelled_owned(served));
            }
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
/// answer at once. With TLS an answer would cost a handshake.
fn refuse(app: &App, stream: &TcpStream, tls: Option<&Tls>) {
    app.metrics.count_refusal(Refusal::AddressLimit.code());
    tracing::debug!("a connection was refused: its address is at the limit");
    if tls.is_some() {
        return;
    }
    // A socket that is closed while bytes are unread is reset, which destroys the answer.
    let _ = stream.try_read(&mut vec![0; BUFFER]);
    let _ = stream.try_write(Refusal::AddressLimit.into_message().as_bytes());
}
