//! A real server on its own port, in the process of the test.

use std::net::SocketAddr;

use deploytrack_core::tracker::{Registration, Tracker};
use deploytrack_server::{
    App,
    config::Badges,
    connections::ConnectionLimits,
    serve::{self, Listeners},
    tls::{Tls, TlsFiles},
    token::Secret,
};
use tokio::sync::oneshot;

use crate::{
    caller::{Caller, SECRET},
    database::Database,
};

/// A running server. It stops when this value is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    tracker: Tracker,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Starts a server on a database.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(database: &Database) -> Self {
        Self::start_with(database, Registration::Auto).await
    }

    /// Starts a server that registers new names, or refuses them.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_with(database: &Database, registration: Registration) -> Self {
        Self::over(database.tracker().await.with_registration(registration))
    }

    /// Starts a server on a tracker.
    ///
    /// # Panics
    /// When it does not start, or outside a tokio runtime.
    #[must_use]
    pub fn over(tracker: Tracker) -> Self {
        Self::with_badges(tracker, Badges::Off)
    }

    /// Starts a server on a tracker, with this setting of badges.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn with_badges(tracker: Tracker, badges: Badges) -> Self {
        let app = Self::app(&tracker).with_badges(badges);
        Self::of(app, tracker)
    }

    /// Starts a server on a database, with these limits of connections.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with_limits(database: &Database, limits: ConnectionLimits) -> Self {
        let tracker = database.tracker().await;
        Self::of(Self::app(&tracker).with_limits(limits), tracker)
    }

    /// Starts a server on a tracker that serves at most this many connections at once.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn with_connections(tracker: Tracker, connections: usize) -> Self {
        Self::of(
            Self::app(&tracker).with_limits(ConnectionLimits::of(connections)),
            tracker,
        )
    }

    /// An application over a tracker, with the secret of the harness.
    ///
    /// # Panics
    /// Never: the secret is long enough.
    #[must_use]
    pub fn app(tracker: &Tracker) -> App {
        App::new(
            tracker.clone(),
            &Secret::new(SECRET.as_bytes().to_vec()).unwrap(),
        )
    }

    /// Starts a server of this application.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn of_app(app: App) -> Self {
        let tracker = app.tracker().clone();
        Self::of(app, tracker)
    }

    /// Starts a server of this application with TLS.
    ///
    /// # Panics
    /// When it does not start, or the certificate cannot be used.
    #[must_use]
    pub fn with_tls(app: App, files: &TlsFiles) -> Self {
        let tracker = app.tracker().clone();
        Self::listening(app, tracker, Some(Tls::load(files).unwrap()))
    }

    fn of(app: App, tracker: Tracker) -> Self {
        Self::listening(app, tracker, None)
    }

    fn listening(app: App, tracker: Tracker, tls: Option<Tls>) -> Self {
        let main = serve::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = main.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let health = None;
        let listeners = Listeners {
            main,
            tls,
            health,
            metrics: None,
        };
        tokio::spawn(serve::serve(listeners, app, async move {
            let _ = stopped.await;
        }));
        Self {
            address,
            scheme,
            tracker,
            _stop: stop,
        }
    }

    /// The address that the server listens at.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The tracker of the server.
    #[must_use]
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// A caller without a token.
    #[must_use]
    pub fn anonymous(&self) -> Caller {
        Caller::anonymous(&self.url())
    }

    /// A caller who may read.
    #[must_use]
    pub fn reader(&self) -> Caller {
        Caller::reader(&self.url())
    }

    /// A caller who may write.
    #[must_use]
    pub fn admin(&self) -> Caller {
        Caller::admin(&self.url())
    }

    /// A caller whose token expired an hour ago.
    #[must_use]
    pub fn expired(&self) -> Caller {
        Caller::expired(&self.url())
    }

    /// A caller whose token is signed with another secret.
    #[must_use]
    pub fn forged(&self) -> Caller {
        Caller::forged(&self.url())
    }
}
