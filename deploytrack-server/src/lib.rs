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
//! | `stall` | how long a caller may leave an answer unread |
//! | [`token`] | tokens: how they are issued and what a good one looks like |
//! | `route` | every endpoint, its methods and who may call it |
//! | `auth` | who is calling |
//! | `request` | query and body, read with limits |
//! | `terms` | idempotency keys and conditions |
//! | `kept`, `representation` | answers kept until the next commit, and their forms: whole, compressed, unchanged |
//! | `response`, `problem` | answers, and answers to what went wrong |
//! | `links` | the pages around a page |
//! | `handlers` | one function for each endpoint |

use std::{fmt, sync::Arc};

use deploytrack_core::{error::Error, store::Store, tracker::Tracker};

use crate::{
    config::Config,
    kept::Kept,
    token::{Secret, Verifier},
};

mod auth;
pub mod config;
mod dispatch;
mod handlers;
mod kept;
mod links;
pub mod log;
mod problem;
mod representation;
mod request;
mod response;
mod route;
mod secret_file;
pub mod serve;
mod stall;
mod terms;
pub mod token;

/// Everything a request needs: the tracker and the keys that open it.
#[derive(Clone)]
pub struct App {
    tracker: Tracker,
    verifier: Arc<Verifier>,
    kept: Arc<Kept>,
    max_connections: usize,
}

impl App {
    /// Opens the database that the configuration names.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let store = Store::open(config.database_url.expose()).await?;
        let tracker = Tracker::new(store).with_registration(config.registration).with_retention(config.idempotency_retention);
        Ok(Self { max_connections: config.max_connections, ..Self::new(tracker, &config.secret) })
    }

    /// An application over a tracker that is open already.
    #[must_use]
    pub fn new(tracker: Tracker, secret: &Secret) -> Self {
        Self { tracker, verifier: Arc::new(Verifier::new(secret)), kept: Arc::new(Kept::new()), max_connections: config::MAX_CONNECTIONS }
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
