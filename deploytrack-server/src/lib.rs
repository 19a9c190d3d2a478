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
//! | `terms` | idempotency keys and conditions |
//! | `kept`, `representation` | answers kept until the next commit, and their forms: whole, compressed, unchanged |
//! | `badge` | how a badge looks |
//! | `response`, `problem` | answers, and answers to what went wrong |
//! | `links` | the pages around a page |
//! | `dashboard`, `asset` | the pages for people, and how files of the program are served (feature `dashboard`) |
//! | `docs` | Swagger UI, with the feature `swagger` |
//! | `openapi` | what each route is: the OpenAPI document |
//! | `handlers` | one function for each endpoint |

use std::{fmt, sync::Arc};

use deploytrack_core::{error::Error, store::Store, tracker::Tracker};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Badges, Config},
    kept::Kept,
    share::Shares,
    token::{Secret, Verifier},
};

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
    max_connections: usize,
    badges: Badges,
    /// The connections that may read events.
    streams: Arc<Shares>,
    /// The exports that may run.
    exports: Arc<Shares>,
    /// The bytes of large answers that may be on their way, in units of 64 KiB.
    answers: Arc<Shares>,
    /// The questions about many records that may be answered at once.
    questions: Arc<Shares>,
    /// The room for large bodies, each of which takes much more memory once it is parsed.
    large_bodies: Arc<Semaphore>,
    /// Cancelled when the server ends: what would go on for ever ends then.
    ending: CancellationToken,
}

impl App {
    /// Opens the database that the configuration names.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let max_connections = descriptors::make_room(config.max_connections);
        let store = Store::open(config.database_url.expose()).await?;
        let tracker = Tracker::new(store)
            .with_registration(config.registration)
            .with_name_guard(config.name_guard)
            .with_retention(config.idempotency_retention);
        tracker.compare_clock().await;
        Ok(Self::new(tracker, &config.secret).with_max_connections(max_connections).with_badges(config.badges))
    }

    /// An application over a tracker that is open already.
    #[must_use]
    pub fn new(tracker: Tracker, secret: &Secret) -> Self {
        let (verifier, kept) = (Arc::new(Verifier::new(secret)), Arc::new(Kept::new()));
        let large_bodies = Arc::new(Semaphore::new(request::ROOMS));
        let shares = |most, most_of_subject| Arc::new(Shares::new(most, most_of_subject));
        Self {
            tracker,
            verifier,
            kept,
            max_connections: 0,
            badges: Badges::Off,
            streams: shares(0, 0),
            exports: shares(EXPORTS, EXPORTS_OF_SUBJECT),
            answers: shares(representation::ROOM, representation::ROOM_OF_SUBJECT),
            questions: shares(QUESTIONS, QUESTIONS_OF_SUBJECT),
            large_bodies,
            ending: CancellationToken::new(),
        }
        .with_max_connections(config::MAX_CONNECTIONS)
    }

    /// Half of the connections may be readers of events, who stay, and an eighth those of one subject; the other half is left to
    /// those who come and go.
    #[must_use]
    pub fn with_max_connections(self, max_connections: usize) -> Self {
        let streams = Arc::new(Shares::new(max_connections / 2, (max_connections / 8).max(LEAST_STREAMS)));
        Self { max_connections, streams, ..self }
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
