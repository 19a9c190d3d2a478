//! The application: everything that a request needs.

use std::{fmt, sync::Arc, thread::available_parallelism};

use deploytrack_core::{error::Error, tracker::Tracker};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    arrival::Arrivals,
    cache::ResponseCache,
    config::{self, Badges, Config},
    connections::ConnectionLimits,
    descriptors, encoding,
    quota::Quota,
    token::{Secret, Verifier},
};

/// The most exports that run at once, and the most of one subject. Each holds a page in memory.
const EXPORTS: usize = 16;
const EXPORTS_OF_SUBJECT: usize = 4;
/// The most reads of many records that run at once, and the most of one subject. That is more than
/// there are connections to the database, and few enough to hold the first parts of large answers
/// in memory.
const READS: usize = 32;
const READS_OF_SUBJECT: usize = 8;
/// The least number of connections of one subject that may read events, however few connections
/// there are.
const LEAST_STREAMS: usize = 4;

/// The application: the tracker, the token verifier, the cache and the quotas.
#[derive(Clone)]
pub struct App {
    pub(crate) tracker: Tracker,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) cache: Arc<ResponseCache>,
    pub(crate) limits: ConnectionLimits,
    pub(crate) badges: Badges,
    /// Whether only health checks are answered.
    pub(crate) health_only: bool,
    /// Connections that read events.
    pub(crate) streams: Arc<Quota>,
    /// Running exports.
    pub(crate) exports: Arc<Quota>,
    /// Bytes of large answers in transit, in units of 64 KiB.
    pub(crate) answers: Arc<Quota>,
    /// Running reads of many records.
    pub(crate) reads: Arc<Quota>,
    /// The memory for bodies that are arriving.
    pub(crate) arrivals: Arc<Arrivals>,
    /// Permits to parse a large body, one for each processor: the values of one body take up to 25
    /// MB.
    pub(crate) parsers: Arc<Semaphore>,
    /// Cancelled when the server shuts down, to end the streams that have no end.
    pub(crate) ending: CancellationToken,
}

impl App {
    /// Opens the database that the configuration names.
    ///
    /// # Errors
    /// The errors of [`Store::open`](deploytrack_core::store::Store::open).
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let limits = descriptors::make_room(config.limits);
        let store = config.database_url.open().await?;
        let tracker = Tracker::new(store)
            .with_registration(config.registration)
            .with_name_guard(config.name_guard)
            .with_retention(config.idempotency_retention);
        tracker.compare_clock().await;
        Ok(Self::new(tracker, &config.secret)
            .with_limits(limits)
            .with_badges(config.badges))
    }

    /// An application over an open tracker.
    #[must_use]
    pub fn new(tracker: Tracker, secret: &Secret) -> Self {
        let (verifier, cache) = (
            Arc::new(Verifier::new(secret)),
            Arc::new(ResponseCache::new()),
        );
        let limits = ConnectionLimits::of(config::MAX_CONNECTIONS);
        let quota = |most, most_of_subject| Arc::new(Quota::new(most, most_of_subject));
        Self {
            tracker,
            verifier,
            cache,
            limits,
            badges: Badges::Off,
            health_only: false,
            streams: quota(0, 0),
            exports: quota(EXPORTS, EXPORTS_OF_SUBJECT),
            answers: quota(encoding::ANSWER_UNITS, encoding::ANSWER_UNITS_OF_SUBJECT),
            reads: quota(READS, READS_OF_SUBJECT),
            arrivals: Arc::new(Arrivals::new(limits)),
            parsers: Arc::new(Semaphore::new(
                available_parallelism().map_or(1, Into::into),
            )),
            ending: CancellationToken::new(),
        }
        .with_limits(limits)
    }

    /// Sets the connection limits. Half of the connections may read events, and an eighth those of
    /// one subject. Event streams stay open, so the other half is reserved for short requests.
    #[must_use]
    pub fn with_limits(self, limits: ConnectionLimits) -> Self {
        let connections = limits.connections;
        let streams = Arc::new(Quota::new(
            connections / 2,
            (connections / 8).max(LEAST_STREAMS),
        ));
        Self {
            limits,
            streams,
            arrivals: Arc::new(Arrivals::new(limits)),
            ..self
        }
    }

    /// Restricts the application to `/healthz` and `/readyz`.
    pub(crate) fn for_health_checks(self) -> Self {
        Self {
            health_only: true,
            ..self
        }
    }

    /// Sets who may read badges. The default is [`Badges::Off`].
    #[must_use]
    pub fn with_badges(self, badges: Badges) -> Self {
        Self { badges, ..self }
    }

    /// The tracker, which runs the use cases.
    #[must_use]
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("tracker", &self.tracker)
            .finish_non_exhaustive()
    }
}
