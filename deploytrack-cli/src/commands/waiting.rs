//! Saying that what was kept waits for long: nothing is dropped for its age, so somebody has to hear of it.

use deploytrack_core::clock::{Time, age};

use crate::{
    session::Session,
    spool::{Spool, begun},
};

const DAY: i64 = 24 * 60 * 60;
/// What waits for longer than a tracker is down on a bad day is worth a line after every deploy.
pub(crate) const LATE: i64 = DAY;
/// What waits for longer than this is worth a line wherever it is seen.
pub(crate) const LONG: i64 = 30 * DAY;

/// Says how many runs wait when the oldest has waited for this many seconds.
pub(crate) fn say(seconds: i64, session: &mut Session<'_>) {
    // A spool that cannot be read is said by those who need it.
    let Some(runs) = session.spool.as_ref().and_then(|spool| Spool::names(spool).ok()) else { return };
    let Some(oldest) = runs.first().and_then(|name| begun(name)) else { return };
    let now = session.view.now;
    if (now - oldest).num_seconds() < seconds {
        return;
    }
    let count = if runs.len() == 1 { "1 run waits".to_owned() } else { format!("{} runs wait, the oldest", runs.len()) };
    session.warn(&format!(
        "{count} for {} in the spool: `deploytrack flush` sends them, `deploytrack spool list` shows for which server",
        span(now, oldest)
    ));
}

/// How long ago a run was begun, when that is worth a line of its own.
pub(crate) fn long_ago(name: &str, now: Time) -> Option<String> {
    let begun = begun(name)?;
    ((now - begun).num_seconds() >= LONG).then(|| span(now, begun))
}

/// Days are easier to compare with a deadline than weeks.
fn span(now: Time, then: Time) -> String {
    match (now - then).num_days() {
        ..2 => age(now, then),
        days => format!("{days} days"),
    }
}
