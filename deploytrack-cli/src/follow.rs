//! Follows the event stream, across lost connections and restarts of the server.

use std::time::Duration;

use deploytrack_core::{
    api,
    client::{Client, Error, Events},
    event::{Event, EventFilter, Position},
};
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

use crate::error::{Failure, is_about_the_token, is_final};

/// How long a connection may be silent. The server sends at least a comment every 15 seconds.
pub(crate) const SIGN_OF_LIFE: Duration = Duration::from_secs(45);
/// The first and the longest pause before connecting again.
const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(30);

/// An item of the followed stream.
pub(crate) enum News {
    /// The stream begins, or continues where it was lost.
    Connected,
    /// An event, and its JSON text as the server wrote it.
    Event(Box<Event>, String),
    /// The server's database was replaced, as by a restore of a backup, after the event with this
    /// number. The stream begins anew; events before it may be missing.
    Replaced(i64),
    /// The connection is lost, and why. Reported once until it is restored.
    Lost(String),
}

/// A reader of events that reconnects.
pub(crate) struct Follow {
    client: Client,
    /// How long the server may take until the stream begins.
    patience: Duration,
    filter: EventFilter,
    position: Option<Position>,
    stream: Option<Events>,
    due: Instant,
    pause: Duration,
    lost: bool,
}

impl Follow {
    /// A reader of events after a position. The read timeout of the client must be longer than [`SIGN_OF_LIFE`].
    pub(crate) fn new(
        client: Client,
        patience: Duration,
        filter: EventFilter,
        after: Option<i64>,
    ) -> Self {
        let of_any_store = |number| Position {
            number,
            store: None,
        };
        Self {
            client,
            patience,
            filter,
            position: after.map(of_any_store),
            stream: None,
            due: Instant::now(),
            pause: FIRST,
            lost: false,
        }
    }

    /// The next item. The call can be cancelled without losing an item.
    ///
    /// # Errors
    /// An error that a retry cannot fix: a refusal, or a token that is not accepted.
    pub(crate) async fn next(&mut self) -> Result<News, Failure> {
        loop {
            if self.stream.is_none() {
                sleep_until(self.due).await;
                match self.begin().await {
                    Ok(stream) => {
                        (self.stream, self.lost) = (Some(stream), false);
                        return Ok(News::Connected);
                    }
                    Err(error) if self.is_of_another_store(&error) => {
                        let last = self.position.take();
                        return Ok(News::Replaced(last.map_or(0, |last| last.number)));
                    }
                    Err(error) if is_final(&error) || is_about_the_token(&error) => {
                        return Err(error.into());
                    }
                    Err(error) => {
                        if let Some(news) = self.lose(Failure::of(&error).message().to_owned()) {
                            return Ok(news);
                        }
                    }
                }
                continue;
            }
            let Some(stream) = &mut self.stream else {
                continue;
            };
            let why = match stream.next().await {
                Ok(Some(told)) => {
                    (self.position, self.pause) = (Some(told.position), FIRST);
                    match told.event {
                        Some((event, text)) => return Ok(News::Event(Box::new(event), text)),
                        None => continue,
                    }
                }
                Ok(None) => format!("{} ended the connection", self.client.url()),
                Err(error) => Failure::of(&error).message().to_owned(),
            };
            if let Some(news) = self.lose(why) {
                return Ok(news);
            }
        }
    }

    async fn begin(&self) -> Result<Events, Error> {
        let late = || Error::Timeout {
            url: self.client.url().to_owned(),
            after: self.patience,
            connected: true,
        };
        timeout(
            self.patience,
            self.client.events(&self.filter, self.position),
        )
        .await
        .unwrap_or_else(|_| Err(late()))
    }

    /// Whether the server refuses the position because its database is another one now.
    fn is_of_another_store(&self, error: &Error) -> bool {
        self.position.is_some()
            && matches!(error, Error::Refused(problem) if problem.code == api::STORE_REPLACED)
    }

    fn lose(&mut self, why: String) -> Option<News> {
        self.stream = None;
        self.due = Instant::now() + jittered(self.pause);
        self.pause = (self.pause * 2).min(MOST);
        let first = !std::mem::replace(&mut self.lost, true);
        first.then_some(News::Lost(why))
    }
}

/// The pause, shortened by up to a quarter at random, so that many clients do not reconnect at the
/// same time.
pub(crate) fn jittered(pause: Duration) -> Duration {
    let part = f64::from(Uuid::new_v4().as_bytes()[0]) / f64::from(u8::MAX);
    pause.mul_f64(1.0 - part / 4.0)
}
