//! Published keys, cached: they are read again when a token names an unknown key and when they are
//! old, and they stay in use while their source cannot be read.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::TimeDelta;
use deploytrack_core::{client::DocumentClient, clock::Time};
use jsonwebtoken::Header;
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{KeySource, Keyring};

/// The least time between two reads of a source. Without it, tokens with invented keys would make
/// the server ask for every one of them.
const PAUSE: TimeDelta = TimeDelta::seconds(30);
/// The age at which keys are read again without a reason, so that a withdrawn key ends.
const MOST_AGE: TimeDelta = TimeDelta::minutes(10);
/// How long a request waits for a read that runs.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// The most requests that wait for one read. Further ones continue with the keys that there are.
const MOST_WAITING: usize = 64;

/// The published keys of one source.
pub(crate) struct RemoteKeys {
    source: KeySource,
    documents: DocumentClient,
    published: RwLock<Arc<PublishedKeys>>,
    reads: Mutex<Reads>,
    waiting: Semaphore,
}

/// The keys of the last successful read.
#[derive(Default)]
pub(crate) struct PublishedKeys {
    pub(crate) keyring: Keyring,
    /// The number of successful reads. A token that was checked with another version is checked again.
    pub(crate) version: u64,
    read_at: Option<Time>,
}

/// The reads of a source.
#[derive(Clone, Default)]
struct Reads {
    started_at: Option<Time>,
    /// Ends when the read that runs ends.
    running: Option<watch::Receiver<()>>,
    has_failed: bool,
}

/// The keys of a source could not be read, so a signature cannot be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeysUnavailable;

impl RemoteKeys {
    pub(crate) fn new(source: KeySource, documents: DocumentClient) -> Self {
        Self {
            source,
            documents,
            published: RwLock::default(),
            reads: Mutex::default(),
            waiting: Semaphore::new(MOST_WAITING),
        }
    }

    /// Where the keys are read.
    pub(crate) const fn source(&self) -> &KeySource {
        &self.source
    }

    /// Continues with the keys of former settings, if they have the same source: they must survive a
    /// reload while the source cannot be read.
    pub(crate) fn continue_from(&self, former: &Self) {
        let published = former.published();
        *self
            .published
            .write()
            .unwrap_or_else(PoisonError::into_inner) = published;
        let reads = former.reads().clone();
        *self.reads() = Reads {
            running: None,
            ..reads
        };
    }

    /// The keys of the last successful read.
    pub(crate) fn published(&self) -> Arc<PublishedKeys> {
        self.published
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether one of the keys has signed a token with this header. An unknown key makes the server
    /// read the source again, at most once in 30 seconds.
    pub(crate) async fn have_signed(
        self: &Arc<Self>,
        token: &str,
        header: &Header,
        now: Time,
    ) -> Result<bool, KeysUnavailable> {
        self.renew_if_old(now);
        let published = self.published();
        if published.keyring.has_signed(token, header) {
            return Ok(true);
        }
        if !published.keyring.is_empty() && !self.misses(header) {
            return Ok(false);
        }
        self.renew(now).await;
        let published = self.published();
        if published.keyring.has_signed(token, header) {
            return Ok(true);
        }
        let reads = self.reads();
        let is_unknown = published.keyring.is_empty() || reads.has_failed;
        if is_unknown || reads.running.is_some() {
            Err(KeysUnavailable)
        } else {
            Ok(false)
        }
    }

    /// Whether a token names a key that was not published at the last read. A token without a `kid`
    /// is no reason to read the keys again.
    pub(crate) fn misses(&self, header: &Header) -> bool {
        header.kid.is_some() && !self.published().keyring.names(header)
    }

    /// Reads the keys again and waits for it, at most five seconds; within 30 seconds of the former
    /// read it does nothing. A read that runs already is waited for.
    pub(crate) async fn renew(self: &Arc<Self>, now: Time) {
        let Some(mut end) = self.start_or_join(now) else {
            return;
        };
        if let Ok(_place) = self.waiting.try_acquire() {
            // The sender is dropped at the end of the read, and never sends.
            let _ = timeout(PATIENCE, end.changed()).await;
        }
    }

    /// Reads old keys again, in the background.
    pub(crate) fn renew_if_old(self: &Arc<Self>, now: Time) {
        let read_at = self.published().read_at;
        if read_at.is_some_and(|read_at| (now - read_at).abs() >= MOST_AGE) {
            drop(self.start_or_join(now));
        }
    }

    /// Starts a read, unless one was started within the pause; `None` then. The task of the read does
    /// not depend on the request that started it.
    fn start_or_join(self: &Arc<Self>, now: Time) -> Option<watch::Receiver<()>> {
        let mut reads = self.reads();
        if let Some(running) = &reads.running {
            return Some(running.clone());
        }
        // A clock that was set back must not end the reads for long.
        let is_paused = reads
            .started_at
            .is_some_and(|started| (now - started).abs() < PAUSE);
        if is_paused {
            return None;
        }
        let (end, running) = watch::channel(());
        reads.started_at = Some(now);
        reads.running = Some(running.clone());
        let this = self.clone();
        tokio::spawn(async move {
            this.read(now).await;
            drop(end);
        });
        Some(running)
    }

    async fn read(&self, now: Time) {
        let read = self.source.read(&self.documents).await;
        let has_failed = read.is_err();
        match read {
            Ok(keys) => {
                let mut published = self
                    .published
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                *published = Arc::new(PublishedKeys {
                    keyring: Keyring::new(keys),
                    version: published.version + 1,
                    read_at: Some(now),
                });
            }
            Err(error) => {
                let source = self.source.to_string();
                tracing::error!(%error, source, "the keys of tokens cannot be read; those that were read before stay in use");
            }
        }
        let mut reads = self.reads();
        (reads.running, reads.has_failed) = (None, has_failed);
    }

    fn reads(&self) -> std::sync::MutexGuard<'_, Reads> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteKeys")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
