//! Refused events: the server, or the client itself, rejected them.
//!
//! A refused event stays in the spool, with the reason: the deployment has happened, even if its
//! record is rejected.

use std::io;

use deploytrack_core::{
    client::Error,
    clock::{self, Clock as _, SystemClock, Time},
};
use serde::{Deserialize, Serialize};

use super::{
    Entry, Spool, bounds,
    seal::{self, SealedFile},
};
use crate::{
    error::{Failure, UNTRUSTED_IDENTITY, is_final},
    files::{self, Care},
    text::cut,
};

/// The file with the refusal of the first event in the entry.
pub(super) const REFUSED: &str = "refused";
/// The largest number of characters of a reason.
const MOST_OF_A_REASON: usize = 2_000;
/// The code of a refusal by the client: the request could not be built.
const BY_THE_CLIENT: &str = "not_sent";
/// The code of a refusal by the client: the job could not prove its identity.
const WITHOUT_IDENTITY: &str = "no_identity";

/// Why an event was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusal {
    /// When it was rejected.
    #[serde(with = "clock::wire")]
    pub(crate) at: Time,
    /// The HTTP status; none if the client could not send the event.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// The code of the problem, such as `near_miss`.
    pub(crate) code: String,
    /// The reason in words.
    pub(crate) reason: String,
}

impl Refusal {
    /// The refusal in an error; none if the error is not a verdict on the event.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        let failure = Failure::of(error);
        let (status, code, reason) = match error {
            Error::Setup(why) => (None, BY_THE_CLIENT, why.clone()),
            Error::Unauthorised(problem) if problem.code == UNTRUSTED_IDENTITY => (
                Some(problem.status),
                problem.code.as_str(),
                failure.summary().1,
            ),
            Error::Unauthorised(problem) => (
                Some(problem.status),
                problem.code.as_str(),
                failure.message().to_owned(),
            ),
            Error::NoIdentity(missing) if !missing.may_pass => {
                (None, WITHOUT_IDENTITY, failure.summary().1)
            }
            Error::Refused(problem) if is_final(error) => (
                Some(problem.status),
                problem.code.as_str(),
                failure.summary().1,
            ),
            _ => return None,
        };
        Some(Self {
            at: SystemClock.now(),
            status,
            code: code.to_owned(),
            reason: cut(&reason, MOST_OF_A_REASON),
        })
    }

    /// The commands that send the refused event after all. Names can be corrected only if the
    /// record itself is refused.
    pub(crate) fn way_out(&self, entry: &str, is_record: bool) -> String {
        let send = match (self.is_about_the_token(), is_record) {
            (true, _) => format!(
                "the next call with an accepted token of the same subject sends it, and so does `deploytrack flush`; with any other token \
                 use `deploytrack flush {entry} --trust`"
            ),
            (false, false) => {
                format!("`deploytrack flush {entry}` sends it again after the cause is fixed")
            }
            (false, true) => {
                let register = if self.code == "near_miss" {
                    ", with --register as a new name"
                } else {
                    ""
                };
                format!(
                    "`deploytrack flush {entry}` sends it again after the cause is fixed, with --set environment=NAME (or component=, \
                     version=) under another name{register}"
                )
            }
        };
        format!("{send}; `deploytrack spool drop {entry}` drops it")
    }

    /// Whether another token or identity can fix it, without a change of the event (401, 403).
    pub(crate) fn is_about_the_token(&self) -> bool {
        matches!(self.status, Some(401 | 403)) || self.code == WITHOUT_IDENTITY
    }
}

impl Entry {
    /// Stores why the first event was rejected. Synced: after a crash the event must still count as
    /// refused.
    pub(crate) fn refuse(&self, refusal: &Refusal) -> io::Result<()> {
        self.write(REFUSED, &serde_json::to_vec_pretty(refusal)?)
    }

    /// Why the first event was rejected; none if it was not.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.parse(REFUSED)
    }

    /// Removes the refusal: the event was acknowledged or replaced.
    pub(super) fn lift_refusal(&self) -> io::Result<()> {
        match self.delete(REFUSED) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

impl Spool {
    /// The refusal of an entry. The entry is not locked.
    pub(crate) fn refusal(&self, name: &str) -> Option<Refusal> {
        let path = self.folder.join(name).join(REFUSED);
        let bytes = self
            .disk
            .run(move || files::read(&path, Care::Own, bounds::LARGEST_FILE))
            .ok()?;
        serde_json::from_slice(
            &seal::open(
                SealedFile {
                    entry: name,
                    name: REFUSED,
                },
                bytes,
                &self.keys,
            )
            .ok()?
            .content,
        )
        .ok()
    }
}
