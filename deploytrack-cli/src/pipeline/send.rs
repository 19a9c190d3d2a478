//! Sends the entries of the spool: all of them for `deploytrack flush`, and for a wrapped command
//! and a keeper as many as fit into the time that is left.

use std::{
    io::{self, ErrorKind},
    time::{Duration, Instant},
};

use deploytrack_core::client::Error;
use tokio::time::timeout;

use super::{
    backlog,
    deliver::{Delivery, DeliveryResult},
};
use crate::{
    error::{Failure, is_about_the_token},
    exit::Exit,
    queue::{Distrust, Entry, Refusal, Spool},
    session::Session,
    text::cut,
};

/// After this many failures in a row the entries are not the cause, and no more are sent.
const MOST_FAILURES: usize = 10;
/// How long a wrapped command waits for a flush of another process, which sends the same entries.
const PATIENCE_OF_A_DEPLOY: Duration = Duration::from_millis(500);
/// The largest number of deployments that a message names.
const MOST_NAMED: usize = 5;
/// The largest number of characters of an event in a warning.
const MOST_SHOWN: usize = 200;

/// Which entries are sent, and for how long.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Only the entry of this name.
    pub(crate) entry: Option<String>,
    /// Refused entries too, whatever the reason was.
    pub(crate) includes_refused: bool,
    /// No entry is started after this time.
    pub(crate) deadline: Option<Instant>,
}

/// The result of a flush.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) sent: usize,
    pub(crate) kept: usize,
    pub(crate) refused: usize,
    /// The entries that are not trusted, and why.
    pub(crate) distrusted: Vec<(String, Distrust)>,
    /// The first error for which the server could not be asked.
    pub(crate) first_failure: Option<Failure>,
    /// What was recorded, in a few words for each entry.
    subjects: Vec<String>,
    /// How many entries in a row failed for a reason that may be their own.
    failures_in_a_row: usize,
    /// Whether the next entry would fail, too.
    is_stopped: bool,
}

/// The result of one entry.
enum EntryResult {
    /// There was nothing to send. The entry is removed.
    Empty,
    /// The server has acknowledged every event of this deployment.
    Sent { subject: String },
    /// The entry stays in the spool and is sent by a later call.
    Kept,
    /// The server, or the client itself, rejected an event. The entry stays in the spool.
    Refused,
    /// The server could not be asked. The entry stays in the spool.
    Failed(Error),
}

/// Sends what fits into the time before the deadline; the other entries stay for the next call.
/// Errors are not reported: `deploytrack flush` reports them. Refused entries are not sent again,
/// unless only the token was refused.
pub(crate) async fn send_backlog(deadline: Instant, session: &mut Session<'_>) {
    let Some(spool) = session.spool.clone() else {
        return;
    };
    let patience = PATIENCE_OF_A_DEPLOY.min(deadline.saturating_duration_since(Instant::now()));
    // A flush of another process sends the same entries.
    let Ok(Some(_lock)) = spool.lock_for_flush(patience).await else {
        return;
    };
    let time_left = deadline.saturating_duration_since(Instant::now());
    if !matches!(
        timeout(time_left, session.prove_identity()).await,
        Ok(Ok(()))
    ) {
        return;
    }
    drop(
        send(
            &Selection {
                deadline: Some(deadline),
                ..Selection::default()
            },
            session,
        )
        .await,
    );
}

/// Sends the selected entries, the oldest first, and prints what was sent and what is not trusted.
pub(crate) async fn send(
    selection: &Selection,
    session: &mut Session<'_>,
) -> Result<Summary, Failure> {
    let mut summary = Summary::default();
    let Some(spool) = session.spool.clone() else {
        return Ok(summary);
    };
    for name in spool.names().map_err(Failure::of_spool)? {
        if selection.contains(&name, &spool) {
            send_named(name, &spool, selection, &mut summary, session).await;
        }
    }
    print_sent(&summary, session)?;
    warn_of_distrusted(&summary, session);
    Ok(summary)
}

impl Selection {
    fn contains(&self, name: &str, spool: &Spool) -> bool {
        let is_wanted = self.entry.as_ref().is_none_or(|wanted| wanted == name);
        is_wanted && (self.includes_refused || !stays_refused(spool, name))
    }

    fn time_left(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// Whether an entry was refused for another reason than its token.
fn stays_refused(spool: &Spool, name: &str) -> bool {
    spool
        .refusal(name)
        .is_some_and(|refusal| !refusal.is_about_the_token())
}

async fn send_named(
    name: String,
    spool: &Spool,
    selection: &Selection,
    summary: &mut Summary,
    session: &mut Session<'_>,
) {
    let time_left = selection.time_left();
    if summary.is_stopped || time_left == Some(Duration::ZERO) {
        summary.kept += 1;
        return;
    }
    match spool.open(&name) {
        Ok(Some(entry)) => summary.add(send_entry(entry, time_left, session).await),
        // Another process uses it, or has just removed it.
        Ok(None) => {}
        Err(error) => {
            if let Some(why) = Distrust::of(&error) {
                summary.distrusted.push((name, why.clone()));
            } else {
                summary.kept += 1;
                session.warn(&format!("entry {name} is not sent: {error}"));
            }
        }
    }
}

impl Summary {
    fn add(&mut self, result: EntryResult) {
        match result {
            EntryResult::Empty => {}
            EntryResult::Sent { subject } => {
                self.sent += 1;
                self.subjects.push(subject);
                self.failures_in_a_row = 0;
            }
            EntryResult::Kept => self.kept += 1,
            EntryResult::Refused => {
                self.refused += 1;
                self.failures_in_a_row = 0;
            }
            EntryResult::Failed(error) => self.add_failure(error),
        }
    }

    fn add_failure(&mut self, error: Error) {
        let is_about_the_token = is_about_the_token(&error);
        if is_about_the_token {
            self.refused += 1;
        } else {
            self.kept += 1;
        }
        self.failures_in_a_row += 1;
        self.is_stopped = concerns_every_entry(&error) || self.failures_in_a_row >= MOST_FAILURES;
        self.first_failure.get_or_insert_with(|| {
            if is_about_the_token {
                error.into()
            } else {
                Failure::new(Exit::Unreachable, Failure::of(&error).message())
            }
        });
    }
}

/// Whether the next entry would fail with the same error. An answer that is no verdict of the
/// server (500, the page of a proxy) may concern one entry only.
fn concerns_every_entry(error: &Error) -> bool {
    match error {
        Error::Server(problem) => matches!(problem.status, 429 | 502 | 503 | 504),
        Error::Unauthorised(problem) => !problem.code.is_empty(),
        Error::Unreachable { .. } | Error::Timeout { .. } | Error::NoIdentity(_) => true,
        Error::Refused(_) | Error::Unreadable(_) | Error::Setup(_) => false,
    }
}

/// Sends one entry, within the time that is left.
async fn send_entry(
    entry: Entry,
    time_left: Option<Duration>,
    session: &mut Session<'_>,
) -> EntryResult {
    let name = entry.name();
    match entry.events() {
        Ok(events) if events.is_empty() && !has_outcome_to_add(&entry) => {
            // Its process died after the last answer, or before the first event. A removal that
            // fails is tried again by the next flush.
            drop(entry.remove());
            return EntryResult::Empty;
        }
        Ok(_) => {}
        Err(error) => {
            set_aside(entry, &error, session);
            return EntryResult::Kept;
        }
    }
    let mut delivery = match Delivery::of(entry) {
        Ok(delivery) => delivery,
        Err(error) => {
            session.warn(&format!("entry {name} is not sent: {error}"));
            return EntryResult::Kept;
        }
    };
    if delivery.is_for_another_server(session.client.url()) {
        return EntryResult::Kept;
    }
    let (subject, is_unfinished) = (delivery.subject(), delivery.is_unfinished());
    let result = deliver_within(time_left, &mut delivery, session).await;
    if !matches!(result, Some(DeliveryResult::Complete)) {
        delivery.add_seals();
    }
    match result {
        None => EntryResult::Kept,
        Some(DeliveryResult::Later(error)) => EntryResult::Failed(error),
        Some(DeliveryResult::Refused(error)) => {
            warn_of_refusal(&name, &delivery, &error, session);
            EntryResult::Refused
        }
        Some(DeliveryResult::Complete) => {
            warn_of_late_record(&name, &delivery, session);
            if is_unfinished {
                warn_of_unknown_outcome(&delivery, session);
            }
            delivery.end();
            EntryResult::Sent { subject }
        }
    }
}

/// Whether a command may have run for this entry whose outcome is not among the events.
fn has_outcome_to_add(entry: &Entry) -> bool {
    entry.deployment().is_some() && entry.is_unfinished()
}

/// The result of the delivery; none if the time was over before.
async fn deliver_within(
    time_left: Option<Duration>,
    delivery: &mut Delivery,
    session: &Session<'_>,
) -> Option<DeliveryResult> {
    let delivery = delivery.deliver(&session.client);
    match time_left {
        Some(time_left) => timeout(time_left, delivery).await.ok(),
        None => Some(delivery.await),
    }
}

/// Moves an unreadable entry aside, so that it does not stop the entries after it.
fn set_aside(entry: Entry, error: &io::Error, session: &mut Session<'_>) {
    let name = entry.name();
    let aside = if error.kind() == ErrorKind::InvalidData {
        entry.set_aside().ok()
    } else {
        None
    };
    let place = aside.map_or_else(
        || "stays in the spool".to_owned(),
        |aside| {
            format!(
                "is set aside in {}; record its deployment by hand, then remove it",
                aside.display()
            )
        },
    );
    session.warn(&format!("entry {name} is not sent and {place}: {error}"));
}

fn warn_of_refusal(name: &str, delivery: &Delivery, error: &Error, session: &mut Session<'_>) {
    let is_record = delivery.deployment().is_none();
    let refusal = Refusal::of(error)
        .map(|refusal| format!("{}; {}", refusal.reason, refusal.way_out(name, is_record)));
    session.warn(&format!(
        "entry {name} is refused, {}: {}",
        cut(&delivery.described(), MOST_SHOWN),
        refusal.unwrap_or_default()
    ));
}

fn warn_of_late_record(name: &str, delivery: &Delivery, session: &mut Session<'_>) {
    if let Some(age) = backlog::very_late_age(name, session.view.now) {
        session.warn(&format!(
            "deployment {} was recorded after {age} in the spool, with its original times",
            id_of(delivery)
        ));
    }
}

/// The outcome is left open: a guess could make the matrix wrong.
fn warn_of_unknown_outcome(delivery: &Delivery, session: &mut Session<'_>) {
    let id = id_of(delivery);
    session.warn(&format!(
        "deployment {id} was left in progress: the deploytrack that ran its command was killed, and whether and how the command \
         ended is not known; record it with `deploytrack update {id} succeeded` or `failed`"
    ));
}

fn id_of(delivery: &Delivery) -> String {
    delivery
        .deployment()
        .map(|id| id.to_string())
        .unwrap_or_default()
}

fn print_sent(summary: &Summary, session: &mut Session<'_>) -> Result<(), Failure> {
    if summary.sent == 0 {
        return Ok(());
    }
    let named = summary
        .subjects
        .iter()
        .take(MOST_NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    let more = summary.subjects.len().saturating_sub(MOST_NAMED);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    session.note(&format!(
        "sent from the spool, where earlier calls had left it: {named}{more}"
    ))
}

/// One line for all entries: a cache full of forged entries must not fill the log.
fn warn_of_distrusted(summary: &Summary, session: &mut Session<'_>) {
    let Some((name, why)) = summary.distrusted.first() else {
        return;
    };
    let which = match summary.distrusted.len() {
        1 => format!("entry {name} of the spool is not trusted and not sent"),
        count => format!("{count} entries of the spool are not trusted and not sent, entry {name}"),
    };
    session.warn(&format!(
        "{which}: {why}; `deploytrack spool list` shows why, `deploytrack flush ENTRY --trust` sends one, `deploytrack spool drop ENTRY` \
         drops it"
    ));
}
