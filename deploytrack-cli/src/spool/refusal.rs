//! Refused events: what a server, or the client itself, rejected, and why.
//!
//! A refused event stays in the spool: the deployment has happened, whatever the server thinks of its record.

use std::io;

use deploytrack_core::{
    client::Error,
    clock::{self, Clock as _, SystemClock, Time},
};
use serde::{Deserialize, Serialize};

use super::{
    Run, bounds,
    seal::{self, Place},
};
use crate::{
    delivery::is_final,
    error::Failure,
    files::{self, Care},
    text::cut,
};

/// The file with the refusal of the first event that is left.
pub(super) const REFUSED: &str = "refused";
/// The most characters of a reason.
const MOST_OF_A_REASON: usize = 2_000;
/// The code of a refusal that comes from the client: the request could not even be made.
const BY_THE_CLIENT: &str = "not_sent";

/// Why an event was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusal {
    /// When it was rejected.
    #[serde(with = "clock::wire")]
    pub(crate) at: Time,
    /// The HTTP status; none when the client could not send the event.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// The code of the problem, such as `near_miss`.
    pub(crate) code: String,
    /// The reason in words.
    pub(crate) reason: String,
}

impl Refusal {
    /// The refusal that an error is; none when it is no verdict on the event.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        let failure = Failure::of(error);
        let (status, code, reason) = match error {
            Error::Setup(why) => (None, BY_THE_CLIENT, why.clone()),
            Error::Unauthorised(problem) => (Some(problem.status), problem.code.as_str(), failure.message().to_owned()),
            Error::Refused(problem) if is_final(error) => (Some(problem.status), problem.code.as_str(), failure.summary().1),
            _ => return None,
        };
        Some(Self { at: SystemClock.now(), status, code: code.to_owned(), reason: cut(&reason, MOST_OF_A_REASON) })
    }

    /// How the refused event of a run is sent after all. Names can be corrected while the record itself is refused.
    pub(crate) fn way_out(&self, run: &str, is_record: bool) -> String {
        let again = match (self.is_of_the_token(), is_record) {
            (true, _) => format!(
                "the next call with a token of the same subject that the server accepts sends it, and so does `deploytrack flush`; with \
                 any other token `deploytrack flush {run} --trust` does"
            ),
            (false, false) => format!("`deploytrack flush {run}` sends it again once the cause is mended"),
            (false, true) => {
                let register = if self.code == "near_miss" { ", with --register as a new name" } else { "" };
                format!(
                    "`deploytrack flush {run}` sends it again once the cause is mended, with --set environment=NAME (or component=, \
                     version=) under another name{register}"
                )
            }
        };
        format!("{again}; `deploytrack spool drop {run}` drops it")
    }

    /// Whether another token can mend it, without a change of the event (401, 403).
    pub(crate) const fn is_of_the_token(&self) -> bool {
        matches!(self.status, Some(401 | 403))
    }
}

impl Run {
    /// Stores why the first event that is left was rejected. It is synced: a crash must not make a refused event a waiting one.
    pub(crate) fn refuse(&self, refusal: &Refusal) -> io::Result<()> {
        self.write(REFUSED, &serde_json::to_vec_pretty(refusal)?)
    }

    /// Why the first event that is left was rejected, when it was.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.parsed(REFUSED)
    }

    /// Removes the refusal: the event was acknowledged, or is another one now.
    pub(super) fn lift_refusal(&self) -> io::Result<()> {
        match self.delete(REFUSED) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

impl super::Spool {
    /// The refusal of a run, which may be at work.
    pub(crate) fn refusal(&self, name: &str) -> Option<Refusal> {
        let path = self.folder.join(name).join(REFUSED);
        let bytes = self.disk.run(move || files::read(&path, Care::Own, bounds::LARGEST_FILE)).ok()?;
        serde_json::from_slice(&seal::open(Place { run: name, file: REFUSED }, bytes, &self.keys).ok()?.content).ok()
    }
}
