//! Warnings about entries that wait for a long time. Entries never expire, so old ones
//! must not go unnoticed.

use deploytrack_core::{age::age, clock::Time};

use crate::{queue::created_at, session::Session};

const DAY: i64 = 24 * 60 * 60;
/// After this many seconds every wrapped command prints a warning. A server that is down on a bad
/// day is back before.
pub(crate) const LATE: i64 = DAY;
/// After this many seconds every command that shows or sends the entry prints a warning.
pub(crate) const VERY_LATE: i64 = 30 * DAY;

/// Prints a warning with the number of waiting entries if the oldest has waited for this many
/// seconds, and another one for the refused entries.
pub(crate) fn warn_after(seconds: i64, session: &mut Session<'_>) {
    // Commands that need the spool report one that cannot be read.
    let Some(spool) = session.spool.clone() else {
        return;
    };
    let names = spool.names().unwrap_or_default();
    let (refused, waiting): (Vec<_>, Vec<_>) =
        names.iter().partition(|name| spool.refusal(name).is_some());
    warn_about(&waiting, seconds, session, |count, span| {
        let count = if count == 1 {
            "1 entry has waited".to_owned()
        } else {
            format!("{count} entries wait, the oldest")
        };
        format!(
            "{count} for {span} in the spool: `deploytrack flush` sends them, `deploytrack spool list` shows for which server"
        )
    });
    warn_about(&refused, seconds, session, |count, span| {
        let count = if count == 1 {
            "1 refused entry has been".to_owned()
        } else {
            format!("{count} refused entries have been")
        };
        format!(
            "{count} in the spool for {span}: `deploytrack spool list` shows the reasons, `deploytrack flush --help` the ways to send them"
        )
    });
}

fn warn_about(
    names: &[&String],
    seconds: i64,
    session: &mut Session<'_>,
    sentence: impl Fn(usize, &str) -> String,
) {
    let Some(oldest) = names.first().and_then(|name| created_at(name)) else {
        return;
    };
    let now = session.view.now;
    if (now - oldest).num_seconds() >= seconds {
        session.warn(&sentence(names.len(), &span(now, oldest)));
    }
}

/// How long ago an entry was created; none if that is too recent for a warning.
pub(crate) fn very_late_age(name: &str, now: Time) -> Option<String> {
    let created_at = created_at(name)?;
    ((now - created_at).num_seconds() >= VERY_LATE).then(|| span(now, created_at))
}

/// In days where others would count weeks: days are easier to compare with a deadline.
fn span(now: Time, then: Time) -> String {
    match (now - then).num_days() {
        ..2 => age(now, then),
        days => format!("{days} days"),
    }
}
