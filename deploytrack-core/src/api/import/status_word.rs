//! The words of other programs for a status.

use serde_json::Value;

use crate::{json::Fields, status::Status, text::Reason};

/// A word for a status, with its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatusWord {
    text: String,
    meaning: Meaning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// One of the five statuses.
    Is(Status),
    /// A failure with a more specific word, which becomes the reason if there is none.
    FailedBecause,
    /// A success that another deployment has replaced. The word does not contain the time of the
    /// success.
    Superseded,
    /// An ambiguous word. The text is the remedy.
    Unclear(&'static str),
}

const ENDED: &str = "it ended, but the word does not tell success from failure: give succeeded or failed, from another field of the source";
const NOTHING: &str = "nothing was deployed: leave the line out";
const REMOVED: &str = "the component left the environment: use a line or an entry with \"event\": \"undeployed\" instead of a status";
const HEALTH: &str =
    "this is the health of the component, not the outcome of the deployment: give the outcome";
const SUPERSEDED: &str = "it succeeded and was replaced later, but the time of the success is missing: give succeeded with the time of the success";

/// All words except the five statuses, in lower case and without separators.
const WORDS: &[(&[&str], Meaning)] = &[
    // GitHub, GitLab, Octopus, Azure, Spinnaker, Bitbucket
    (
        &[
            "queued",
            "waiting",
            "requested",
            "created",
            "scheduled",
            "blocked",
            "preparing",
        ],
        Meaning::Is(Status::Pending),
    ),
    (
        &["notstarted", "waitingforresource", "waitingforapproval"],
        Meaning::Is(Status::Pending),
    ),
    // Argo CD and Flux: progressing. Octopus: what is cancelling still runs.
    (
        &[
            "running",
            "executing",
            "started",
            "deploying",
            "progressing",
            "cancelling",
            "canceling",
        ],
        Meaning::Is(Status::InProgress),
    ),
    // Helm: deployed. Argo CD: synced. Flux: reconciliationsucceeded.
    (
        &[
            "success",
            "successful",
            "passed",
            "deployed",
            "synced",
            "reconciliationsucceeded",
        ],
        Meaning::Is(Status::Succeeded),
    ),
    // Spinnaker: terminal.
    (
        &["failure", "error", "errored", "terminal"],
        Meaning::Is(Status::Failed),
    ),
    (
        &[
            "canceled",
            "cancelled",
            "aborted",
            "timedout",
            "timeout",
            "stopped",
            "rejected",
            "denied",
        ],
        Meaning::FailedBecause,
    ),
    (
        &[
            "expired",
            "startupfailure",
            "reconciliationfailed",
            "validationfailed",
            "healthcheckfailed",
        ],
        Meaning::FailedBecause,
    ),
    (
        &[
            "buildfailed",
            "artifactfailed",
            "installfailed",
            "upgradefailed",
        ],
        Meaning::FailedBecause,
    ),
    (&["inactive", "superseded"], Meaning::Superseded),
    (
        &["active"],
        Meaning::Unclear(
            "in GitHub it means a success, elsewhere a deployment in progress: give succeeded or in_progress",
        ),
    ),
    (
        &["abandoned"],
        Meaning::Unclear("it has no outcome: give failed, or leave the line out"),
    ),
    (
        &["completed", "complete", "finished", "done", "ended"],
        Meaning::Unclear(ENDED),
    ),
    (
        &[
            "skipped", "notbuilt", "neutral", "manual", "replaced", "never",
        ],
        Meaning::Unclear(NOTHING),
    ),
    (
        &["undeployed", "destroyed", "uninstalled", "deleted"],
        Meaning::Unclear(REMOVED),
    ),
    (
        &[
            "healthy",
            "degraded",
            "suspended",
            "missing",
            "outofsync",
            "ok",
        ],
        Meaning::Unclear(HEALTH),
    ),
    (
        &["unstable"],
        Meaning::Unclear(
            "tests failed, but the deployment may have succeeded: give succeeded or failed",
        ),
    ),
    (
        &[
            "partiallysucceeded",
            "succeededwithissues",
            "failedcontinue",
        ],
        Meaning::Unclear("a part of it failed: give succeeded or failed, and details in reason"),
    ),
    (
        &["rollback", "rollingback"],
        Meaning::Unclear(
            "give rolled_back once it is undone; the deployment that replaced it needs another line",
        ),
    ),
];

/// Takes the field `status`, in any of the words.
pub(super) fn read(fields: &mut Fields) -> Option<StatusWord> {
    let text = match fields.value("status")? {
        Value::String(text) => text,
        other => {
            return fields.wrong(
                "status",
                format!("must be a string, not {}", crate::json::kind(&other)),
            );
        }
    };
    let word = plain(&text);
    let own = Status::ALL
        .into_iter()
        .find(|status| plain(status.as_str()) == word)
        .map(Meaning::Is);
    let meaning = own.or_else(|| {
        WORDS
            .iter()
            .find(|(words, _)| words.contains(&word.as_str()))
            .map(|(_, meaning)| *meaning)
    });
    let Some(meaning) = meaning else {
        let near = words()
            .filter(|known| known.len() > 4 && strsim::osa_distance(&plain(known), &word) == 1)
            .min();
        let near = near
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        let rule = format!(
            "must be one of {}, or a word of GitHub, GitLab or Octopus for one of them",
            Status::ALL.map(Status::as_str).join(", ")
        );
        return fields.wrong_value("status", format!("{rule}{near}"), &text);
    };
    Some(StatusWord { text, meaning })
}

fn words() -> impl Iterator<Item = &'static str> {
    WORDS
        .iter()
        .flat_map(|(words, _)| words.iter().copied())
        .chain(Status::ALL.into_iter().map(Status::as_str))
}

/// Converts a word to lower case without separators: `TimedOut`, `timed_out` and `TIMED OUT` become
/// equal.
fn plain(text: &str) -> String {
    text.chars()
        .take(100)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

impl StatusWord {
    /// The status, if the word is unambiguous.
    pub(super) const fn status(&self) -> Option<Status> {
        match self.meaning {
            Meaning::Is(status) => Some(status),
            Meaning::FailedBecause => Some(Status::Failed),
            Meaning::Superseded | Meaning::Unclear(_) => None,
        }
    }

    /// Whether the word means that another deployment has replaced this one.
    pub(super) fn is_superseded(&self) -> bool {
        self.meaning == Meaning::Superseded
    }

    /// The reason, if the word is more specific than the status.
    pub(super) fn reason(&self) -> Option<Reason> {
        if self.meaning == Meaning::FailedBecause {
            Reason::new(self.text.as_str()).ok()
        } else {
            None
        }
    }

    /// The remedy for an ambiguous word.
    pub(super) fn hint(&self) -> String {
        let remedy = if let Meaning::Unclear(remedy) = self.meaning {
            remedy
        } else {
            SUPERSEDED
        };
        format!("is {}: {remedy}", crate::json::shortened(&self.text))
    }
}
