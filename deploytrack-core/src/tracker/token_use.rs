//! Noting the use of tokens: when each was last used, its first use, and refused uses of ended ones; and
//! refused identities.
//!
//! No request waits for it, and none fails because of it. The uses of all tokens are written
//! together, and a token at most once a minute: a note in memory decides whether it is due.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    RefusedIdentity, Tracker,
    audit::{add_refused_identity_event, add_token_event},
};
use crate::{
    clock::Time,
    error::Error,
    event::EventType,
    text::Label,
    token::{StoredToken, Token, TokenEnd},
};

/// How old `lastUsedAt` becomes before it is written again.
const USE_INTERVAL: TimeDelta = TimeDelta::minutes(1);
/// The least time between two refused uses of a token, or of the identity of a repository, in the
/// audit.
const REFUSAL_INTERVAL: TimeDelta = TimeDelta::hours(1);
/// How long a use waits for others, to be written with them.
const COLLECTING: Duration = Duration::from_secs(1);
/// The most tokens whose notes are in memory. A use beyond that is not noted.
const MOST_NOTES: usize = 10_000;
/// The most repositories whose refused identities are noted within the time: everybody can get an
/// identity token of a public issuer.
const MOST_IDENTITIES: usize = 100;

/// How often a use, a refused use and a refused identity are noted, and of how many.
const OF_USES: (TimeDelta, usize) = (USE_INTERVAL, MOST_NOTES);
const OF_REFUSALS: (TimeDelta, usize) = (REFUSAL_INTERVAL, MOST_NOTES);
const OF_IDENTITIES: (TimeDelta, usize) = (REFUSAL_INTERVAL, MOST_IDENTITIES);

/// What was noted lately.
#[derive(Debug, Default)]
pub(super) struct TokenUses(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    /// When the use of each token was last noted, and when a refused one was.
    used: HashMap<Uuid, Time>,
    refused: HashMap<Uuid, Time>,
    /// The same for the identities of each repository.
    identities: HashMap<Label, Time>,
    /// The uses that are not written yet.
    waiting: Vec<(Uuid, Time)>,
}

impl TokenUses {
    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an event of a token or a repository is due, and notes it. Of more than `most` none is due.
fn is_due<K: Eq + Hash>(
    last: &mut HashMap<K, Time>,
    id: K,
    now: Time,
    (interval, most): (TimeDelta, usize),
) -> bool {
    let is_recent = |at: &Time| (*at - now).abs() < interval;
    if last.get(&id).is_some_and(is_recent) {
        return false;
    }
    if last.len() >= most {
        last.retain(|_, at| is_recent(at));
    }
    if last.len() >= most {
        return false;
    }
    last.insert(id, now);
    true
}

impl Tracker {
    /// Notes that a token was used, at most once a minute. It returns at once.
    pub fn note_token_used(&self, stored: &StoredToken) {
        let now = self.clock.now();
        let (id, token) = (stored.token.id, &stored.token);
        let mut notes = self.token_uses.notes();
        let is_first = token.last_used_at.is_none() && !notes.used.contains_key(&id);
        if !is_due(&mut notes.used, id, now, OF_USES) {
            return;
        }
        // The use of a token of an exchange is no event: each job has its own token.
        if is_first && !stored.exchanged {
            let (this, token) = (self.clone(), token.clone());
            tokio::spawn(async move { log_failure(this.write_first_use(&token, now).await) });
            return;
        }
        notes.waiting.push((id, now));
        if notes.waiting.len() == 1 {
            let this = self.clone();
            tokio::spawn(async move {
                sleep(COLLECTING).await;
                let waiting = std::mem::take(&mut this.token_uses.notes().waiting);
                log_failure(this.store.note_tokens_used(&waiting).await);
            });
        }
    }

    /// Notes that a secret of an ended token was refused: an event, at most once an hour. It returns
    /// at once.
    pub fn note_token_refused(&self, stored: &StoredToken, end: TokenEnd) {
        let (now, token) = (self.clock.now(), &stored.token);
        let mut notes = self.token_uses.notes();
        if stored.exchanged || !is_due(&mut notes.refused, token.id, now, OF_REFUSALS) {
            return;
        }
        let (this, token) = (self.clone(), token.clone());
        tokio::spawn(async move { log_failure(this.write_refusal(&token, end, now).await) });
    }

    /// Notes that an identity was refused: an event, at most once an hour for a repository. It returns at
    /// once.
    pub fn note_identity_refused(&self, refused: RefusedIdentity) {
        let now = self.clock.now();
        let name = refused.name().clone();
        let mut notes = self.token_uses.notes();
        if !is_due(&mut notes.identities, name, now, OF_IDENTITIES) {
            return;
        }
        let this = self.clone();
        let write = async move || {
            let mut write = this.store.write().await?;
            add_refused_identity_event(&mut write, &refused, now);
            write.commit().await
        };
        tokio::spawn(async move { log_failure(write().await) });
    }

    async fn write_first_use(&self, token: &Token, now: Time) -> Result<(), Error> {
        let mut write = self.store.write().await?;
        if !write.note_first_use(token.id, now).await? {
            // Another server has noted it.
            drop(write);
            return self.store.note_tokens_used(&[(token.id, now)]).await;
        }
        let by = (now, &token.subject);
        add_token_event(&mut write, EventType::TokenFirstUsed, token, [], by);
        write.commit().await
    }

    async fn write_refusal(&self, token: &Token, end: TokenEnd, now: Time) -> Result<(), Error> {
        let mut write = self.store.write().await?;
        let since = now - REFUSAL_INTERVAL;
        if write.note_refusal(token.id, now, since).await? {
            let (why, by) = ([("why", json!(end.as_str()))], (now, &token.subject));
            add_token_event(&mut write, EventType::TokenRefused, token, why, by);
            write.commit().await?;
        }
        Ok(())
    }
}

fn log_failure(result: Result<(), Error>) {
    if let Err(error) = result {
        tracing::debug!(%error, "the use of a token could not be noted");
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_token_is_due_once_in_an_interval() {
        let at = |second| DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        let (mut last, [one, other]) = (HashMap::new(), [1, 2].map(Uuid::from_u128));
        let mut due = |id, second| is_due(&mut last, id, at(second), OF_USES);
        assert!(due(one, 0) && due(other, 30));
        assert!(!due(one, 59) && !due(other, 59));
        assert!(due(one, 60) && !due(other, 60));
        assert!(due(one, -9999), "a clock that is set back");
    }

    #[test]
    fn the_notes_are_bounded() {
        let at = |second| DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        let mut last = HashMap::new();
        let ids = (0..).map(Uuid::from_u128).take(MOST_NOTES + 1);
        let due = ids.filter(|id| is_due(&mut last, *id, at(0), OF_USES));
        assert_eq!(due.count(), MOST_NOTES);
        assert!(is_due(&mut last, Uuid::max(), at(60), OF_USES));
        assert_eq!(last.len(), 1, "old notes are removed");
    }
}
