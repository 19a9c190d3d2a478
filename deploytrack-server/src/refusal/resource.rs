//! The resources with a quota.

use crate::quota::QuotaExceeded;

/// A resource with a quota for the server and one for each subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// Connections that read events.
    Streams,
    /// Running exports.
    Exports,
    /// Bytes of large answers in transit, in units of 64 KiB.
    Answers,
    /// Running reads of many records.
    Reads,
}

impl Resource {
    /// The code and the title of the problem.
    pub(super) const fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Streams => ("too_many_streams", "Too many readers of events"),
            Self::Exports => ("too_many_exports", "Too many exports"),
            Self::Answers => ("too_many_large_answers", "Too many large answers"),
            Self::Reads => ("too_many_questions", "Too many questions"),
        }
    }

    /// The limit that was reached, and the way out.
    pub(super) fn detail(self, exceeded: QuotaExceeded) -> String {
        match (self, exceeded) {
            (Self::Streams, QuotaExceeded::Subject(most)) => format!(
                "{most} connections with tokens of this subject read events, the most for one subject; close one of them, or use a token \
                 with another subject"
            ),
            (Self::Streams, QuotaExceeded::Server(most)) => {
                format!(
                    "{most} connections read events, the most that this server serves at once; connect again later"
                )
            }
            (Self::Exports, QuotaExceeded::Subject(most)) => {
                format!(
                    "{most} exports of this subject are running, the most for one subject; repeat the request when one has ended"
                )
            }
            (Self::Exports, QuotaExceeded::Server(most)) => {
                format!(
                    "{most} exports are running, the most that this server runs at once; repeat the request when one has ended"
                )
            }
            (Self::Answers, QuotaExceeded::Subject(most)) => format!(
                "large answers of {} MiB are in transit to this subject, the most for one subject; read them to their end, or ask for \
                 less: a smaller take, one component or one environment",
                most / 16
            ),
            (Self::Answers, QuotaExceeded::Server(most)) => format!(
                "large answers of {} MiB are in transit, the most that this server sends at once; repeat the request in a moment, or ask \
                 for less: a smaller take, one component or one environment",
                most / 16
            ),
            (Self::Reads, QuotaExceeded::Subject(most)) => format!(
                "{most} reads of this subject are running, the most at once for one subject, and this one waited too long for its turn; \
                 send one request after the other"
            ),
            (Self::Reads, QuotaExceeded::Server(most)) => format!(
                "{most} reads are running, the most at once, and this one waited too long for its turn; repeat the request in a moment"
            ),
        }
    }
}
