//! The deploytrack server: the deployment matrix and its history over HTTP.
//!
//! # The way of a request
//!
//! [`serve`] accepts a connection and hands each request to `dispatch`. There it gets a request id, becomes a `Route`,
//! its token is checked by `auth`, its query and body are read by `request`, and one function in `handlers` asks the
//! tracker and answers. Whatever goes wrong on the way is a `Refusal`, and `dispatch` alone turns it into an answer.
//!
//! # Map
//!
//! | Room | Knows |
//! |---|---|
//! | [`config`], `secret_file` | the settings: flags, environment, defaults, the token secret |
//! | [`log`] | how the log is written |
//! | [`serve`] | connections: limits, timeouts, the graceful end |
//! | `descriptors` | the limit of open files |
//! | `stall` | how slowly a caller may read an answer |
//! | `share` | how much of something is given away at once, in all and to one subject |
//! | `rows` | answers that are read page by page, and streamed when they are large |
//! | [`token`] | tokens: how they are issued and what a good one looks like |
//! | `route` | every endpoint, its methods and who may call it |
//! | `auth` | who is calling |
//! | `request`, `unread` | query and body, read with limits; what becomes of a body that is not read |
//! | `arrival` | the common bounds of all bodies that are arriving |
//! | `terms` | idempotency keys and conditions |
//! | `kept`, `representation` | answers kept until the next commit, and their forms: whole, compressed, unchanged |
//! | `badge` | how a badge looks |
//! | `response`, `problem` | answers, and answers to what went wrong |
//! | `links` | the pages around a page |
//! | `dashboard`, `asset` | the pages for people, and how files of the program are served (feature `dashboard`) |
//! | `docs` | Swagger UI, with the feature `swagger` |
//! | `openapi` | what each route is: the OpenAPI document |
//! | `handlers` | one function for each endpoint |

use std::{fmt, sync::Arc, thread::available_parallelism};

use deploytrack_core::{error::Error, tracker::Tracker};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    arrival::Arrivals,
    config::{Badges, Config},
    kept::Kept,
    serve::ConnectionLimits,
    share::Shares,
    token::{Secret, Verifier},
};

mod arrival;
#[cfg(feature = "dashboard")]
mod asset;
mod auth;
mod badge;
pub mod config;
#[cfg(feature = "dashboard")]
mod dashboard;
mod descriptors;
mod dispatch;
#[cfg(feature = "swagger")]
mod docs;
mod handlers;
mod kept;
mod links;
pub mod log;
mod openapi;
mod problem;
mod representation;
mod request;
mod response;
mod route;
mod rows;
mod secret_file;
pub mod serve;
mod share;
mod stall;
mod terms;
pub mod token;
pub mod trim;
mod unread;

/// How many exports run at once, and how many of one subject. Each holds a page.
const EXPORTS: usize = 16;
const EXPORTS_OF_SUBJECT: usize = 4;
/// How many questions about many records are answered at once, and how many of one subject: more than there are connections
/// to the database, and few enough to hold the beginnings of large answers.
const QUESTIONS: usize = 32;
const QUESTIONS_OF_SUBJECT: usize = 8;
/// How many connections of one subject may read events, however few connections there are.
const LEAST_STREAMS: usize = 4;

/// Everything a request needs: the tracker and the keys that open it.
#[derive(Clone)]
pub struct App {
    tracker: Tracker,
    verifier: Arc<Verifier>,
    kept: Arc<Kept>,
    limits: ConnectionLimits,
    badges: Badges,
    /// Whether only health checks are answered.
    health_only: bool,
    /// The connections that may read events.
    streams: Arc<Shares>,
    /// The exports that may run.
    exports: Arc<Shares>,
    /// The bytes of large answers that may be on their way, in units of 64 KiB.
    answers: Arc<Shares>,
    /// The questions about many records that may be answered at once.
    questions: Arc<Shares>,
    /// The room for bodies that are arriving.
    arrivals: Arc<Arrivals>,
    /// The large bodies that may be parsed at once, one for each processor: the values of one take up to 25 MB.
    parsers: Arc<Semaphore>,
    /// Cancelled when the server ends: what would go on for ever ends then.
    ending: CancellationToken,
}

impl App {
    /// Opens the database that the configuration names.
    ///
    /// # Errors
    /// Those of [`Store::open`](deploytrack_core::store::Store::open).
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let limits = descriptors::make_room(config.limits);
        let store = config.database_url.open().await?;
        let tracker = Tracker::new(store)
            .with_registration(config.registration)
            .with_name_guard(config.name_guard)
            .with_retention(config.idempotency_retention);
        tracker.compare_clock().await;
        Ok(Self::new(tracker, &config.secret).with_limits(limits).with_badges(config.badges))
    }

    /// An application over a tracker that is open already.
    #[must_use]
    pub fn new(tracker: Tracker, secret: &Secret) -> Self {
        let (verifier, kept) = (Arc::new(Verifier::new(secret)), Arc::new(Kept::new()));
        let limits = ConnectionLimits::of(config::MAX_CONNECTIONS);
        let shares = |most, most_of_subject| Arc::new(Shares::new(most, most_of_subject));
        Self {
            tracker,
            verifier,
            kept,
            limits,
            badges: Badges::Off,
            health_only: false,
            streams: shares(0, 0),
            exports: shares(EXPORTS, EXPORTS_OF_SUBJECT),
            answers: shares(representation::ROOM, representation::ROOM_OF_SUBJECT),
            questions: shares(QUESTIONS, QUESTIONS_OF_SUBJECT),
            arrivals: Arc::new(Arrivals::new(limits)),
            parsers: Arc::new(Semaphore::new(available_parallelism().map_or(1, Into::into))),
            ending: CancellationToken::new(),
        }
        .with_limits(limits)
    }

    /// The same application with other limits of connections. Half of the connections may read events, which lasts, and an
    /// eighth those of one subject; the other half is left to short requests.
    #[must_use]
    pub fn with_limits(self, limits: ConnectionLimits) -> Self {
        let connections = limits.connections;
        let streams = Arc::new(Shares::new(connections / 2, (connections / 8).max(LEAST_STREAMS)));
        Self { limits, streams, arrivals: Arc::new(Arrivals::new(limits)), ..self }
    }

    /// The same application, which answers `/healthz` and `/readyz` alone.
    pub(crate) fn for_health_checks(self) -> Self {
        Self { health_only: true, ..self }
    }

    /// The same application with badges for these people; without it, for nobody.
    #[must_use]
    pub fn with_badges(self, badges: Badges) -> Self {
        Self { badges, ..self }
    }

    /// The use cases.
    #[must_use]
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("tracker", &self.tracker).finish_non_exhaustive()
    }
}
