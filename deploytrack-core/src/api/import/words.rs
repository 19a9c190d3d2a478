//! The words that other programs have for a status.

use serde_json::Value;

use crate::{json::Fields, status::Status, text::Reason};

/// A word for a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    text: String,
    meaning: Meaning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// One of the five.
    Is(Status),
    /// A failure that the word says more about: it becomes the reason where there is none.
    FailedBecause,
    /// It succeeded, and another one has taken its place since. The word does not say when.
    Superseded,
    /// It may mean several things. The text says what to do.
    Unclear(&'static str),
}

const ENDED: &str = "it ended, and the word does not say how: give succeeded or failed, which another field of the source says";
const NOTHING: &str = "nothing was deployed: leave the line out";
const REMOVED: &str = "it left the environment: that is a line or an entry with \"event\": \"undeployed\" in place of a status";
const HEALTH: &str = "that is how it runs, not whether it was deployed: give the outcome of the deployment";
const SUPERSEDED: &str =
    "it succeeded before another one took its place, and the word does not say when: give succeeded with the time of its success";

/// Every word but the five, in small letters and without what stands between words.
const WORDS: &[(&[&str], Meaning)] = &[
    // GitHub, GitLab, Octopus, Azure, Spinnaker, Bitbucket
    (&["queued", "waiting", "requested", "created", "scheduled", "blocked", "preparing"], Meaning::Is(Status::Pending)),
    (&["notstarted", "waitingforresource", "waitingforapproval"], Meaning::Is(Status::Pending)),
    // Argo CD and Flux: progressing. Octopus: what is cancelling still runs.
    (&["running", "executing", "started", "deploying", "progressing", "cancelling", "canceling"], Meaning::Is(Status::InProgress)),
    // Helm: deployed. Argo CD: synced. Flux: reconciliationsucceeded.
    (&["success", "successful", "passed", "deployed", "synced", "reconciliationsucceeded"], Meaning::Is(Status::Succeeded)),
    // Spinnaker: terminal.
    (&["failure", "error", "errored", "terminal"], Meaning::Is(Status::Failed)),
    (&["canceled", "cancelled", "aborted", "timedout", "timeout", "stopped", "rejected", "denied"], Meaning::FailedBecause),
    (&["expired", "startupfailure", "reconciliationfailed", "validationfailed", "healthcheckfailed"], Meaning::FailedBecause),
    (&["buildfailed", "artifactfailed", "installfailed", "upgradefailed"], Meaning::FailedBecause),
    (&["inactive", "superseded"], Meaning::Superseded),
    (&["active"], Meaning::Unclear("GitHub means a success by it, others a deployment that is in progress: give succeeded or in_progress")),
    (&["abandoned"], Meaning::Unclear("it never came to an outcome: give failed, or leave the line out")),
    (&["completed", "complete", "finished", "done", "ended"], Meaning::Unclear(ENDED)),
    (&["skipped", "notbuilt", "neutral", "manual", "replaced", "never"], Meaning::Unclear(NOTHING)),
    (&["undeployed", "destroyed", "uninstalled", "deleted"], Meaning::Unclear(REMOVED)),
    (&["healthy", "degraded", "suspended", "missing", "outofsync", "ok"], Meaning::Unclear(HEALTH)),
    (&["unstable"], Meaning::Unclear("tests failed, and the word does not say whether it was deployed: give succeeded or failed")),
    (
        &["partiallysucceeded", "succeededwithissues", "failedcontinue"],
        Meaning::Unclear("a part of it failed: give succeeded or failed, and say more in reason"),
    ),
    (&["rollback", "rollingback"], Meaning::Unclear("give rolled_back once it is undone; what was deployed instead has a line of its own")),
];

/// Reads the field `status`, in any of the words.
pub(super) fn status(fields: &mut Fields) -> Option<Word> {
    let text = match fields.value("status")? {
        Value::String(text) => text,
        other => return fields.wrong("status", format!("must be a string, not {}", crate::json::kind(&other))),
    };
    let word = plain(&text);
    let own = Status::ALL.into_iter().find(|status| plain(status.as_str()) == word).map(Meaning::Is);
    let meaning = own.or_else(|| WORDS.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, meaning)| *meaning));
    let Some(meaning) = meaning else {
        let near = words().filter(|known| known.len() > 4 && strsim::osa_distance(&plain(known), &word) == 1).min();
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        let rule =
            "must be one of pending, in_progress, succeeded, failed, rolled_back, or what GitHub, GitLab or Octopus calls one of them";
        return fields.wrong_value("status", format!("{rule}{near}"), &text);
    };
    Some(Word { text, meaning })
}

fn words() -> impl Iterator<Item = &'static str> {
    WORDS.iter().flat_map(|(words, _)| words.iter().copied()).chain(Status::ALL.into_iter().map(Status::as_str))
}

/// In small letters and without what stands between words: `TimedOut`, `timed_out` and `TIMED OUT` are one word.
fn plain(text: &str) -> String {
    text.chars().take(100).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Word {
    /// The status, if the word has one plain meaning.
    pub(super) const fn status(&self) -> Option<Status> {
        match self.meaning {
            Meaning::Is(status) => Some(status),
            Meaning::FailedBecause => Some(Status::Failed),
            Meaning::Superseded | Meaning::Unclear(_) => None,
        }
    }

    /// Whether it says that another deployment has taken the place of this one.
    pub(super) fn is_superseded(&self) -> bool {
        self.meaning == Meaning::Superseded
    }

    /// What the word says beyond the status.
    pub(super) fn reason(&self) -> Option<Reason> {
        if self.meaning == Meaning::FailedBecause { Reason::new(self.text.as_str()).ok() } else { None }
    }

    /// What to do about a word without a plain meaning.
    pub(super) fn hint(&self) -> String {
        let what = if let Meaning::Unclear(what) = self.meaning { what } else { SUPERSEDED };
        format!("is {}: {what}", crate::json::shortened(&self.text))
    }
}
