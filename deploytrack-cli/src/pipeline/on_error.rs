//! `--on-error`: what happens to a record or an update if the server cannot be asked.

use std::io;

use clap::ValueEnum;
use deploytrack_core::{client::Error, text::IdempotencyKey};
use uuid::Uuid;

use crate::{
    error::{Failure, is_about_the_token, is_final},
    queue::{Entry, Event, Refusal, Request},
    session::Session,
};

/// What to do if the server cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Store it in the spool, and send it with the next call or `deploytrack flush`
    Spool,
    /// Print a warning, and continue
    Warn,
    /// End with an error
    Fail,
}

/// A request that was not carried out.
#[derive(Debug)]
pub(crate) struct FailedRequest<'a> {
    pub(crate) key: IdempotencyKey,
    pub(crate) request: Request,
    /// The deployment that an update is for; none for a record.
    pub(crate) deployment: Option<Uuid>,
    pub(crate) error: &'a Error,
}

/// A refused request in the spool.
#[derive(Debug)]
pub(crate) struct StoredRefusal {
    /// None if the spool cannot be used.
    pub(crate) entry: Option<Entry>,
    /// A hint for the error message: where the request is, and how to send it after all.
    pub(crate) hint: String,
}

impl OnError {
    /// Whether the pipeline continues after this error: the server could not be asked, and
    /// `--on-error fail` is not set. A refusal always ends the command.
    pub(crate) fn continues_after(self, error: &Error) -> bool {
        self != Self::Fail && !is_final(error) && !is_about_the_token(error)
    }

    /// Stores a refused request in the spool if errors are spooled. The command still ends with the
    /// error.
    pub(crate) fn store_refused(
        self,
        failed: FailedRequest<'_>,
        session: &Session<'_>,
    ) -> Option<StoredRefusal> {
        let refusal = Refusal::of(failed.error).filter(|_| self == Self::Spool)?;
        let is_record = failed.deployment.is_none();
        let stored = failed
            .store(session)
            .and_then(|entry| entry.refuse(&refusal).map(|()| entry));
        Some(match stored {
            Ok(entry) => {
                let hint = format!(
                    "it is kept in the spool as refused: {}",
                    refusal.way_out(&entry.name(), is_record)
                );
                StoredRefusal {
                    entry: Some(entry),
                    hint,
                }
            }
            Err(why) => StoredRefusal {
                entry: None,
                hint: format!("it is not kept either: the spool cannot be used: {why}"),
            },
        })
    }

    /// Stores a request that could not be sent in the spool if errors are spooled, and prints a
    /// warning. Returns the entry.
    pub(crate) fn store_unsent(
        self,
        failed: FailedRequest<'_>,
        session: &mut Session<'_>,
    ) -> Option<Entry> {
        let failure = Failure::of(failed.error);
        let error = failure.message();
        if self != Self::Spool {
            session.warn(&format!("nothing is recorded: {error}"));
            return None;
        }
        let stored = failed.store(session);
        session.warn(&match &stored {
            Ok(_) => format!("it is kept in the spool and sent by the next call or by `deploytrack flush`: {error}"),
            Err(why) => format!("nothing is recorded: {error}; and the spool cannot be used: {why}"),
        });
        stored.ok()
    }
}

impl FailedRequest<'_> {
    /// Stores the request in a new entry.
    fn store(self, session: &Session<'_>) -> io::Result<Entry> {
        let spool = session
            .spool
            .as_ref()
            .ok_or_else(|| io::Error::other("there is no home directory"))?;
        let event = Event {
            server: session.server(),
            key: self.key,
            request: self.request,
        };
        let entry = spool.begin()?;
        let stored = self
            .deployment
            .map_or(Ok(()), |id| entry.store_deployment(id))
            .and_then(|()| entry.store_event(0, &event));
        if let Err(error) = stored {
            // If this removal fails, the entry has no event, and the next flush removes it.
            drop(entry.remove());
            return Err(error);
        }
        Ok(entry)
    }
}
