//! Saying that what was kept waits for long: nothing is dropped for its age, so somebody has to hear of it.

use deploytrack_core::clock::{Time, age};

use crate::{pipeline::queue::begun, session::Session};

const DAY: i64 = 24 * 60 * 60;
/// What waits for longer than a tracker is down on a bad day is worth a line after every deploy.
pub(crate) const LATE: i64 = DAY;
/// What waits for longer than this is worth a line wherever it is seen.
pub(crate) const LONG: i64 = 30 * DAY;

/// Says how many runs wait when the oldest has waited for this many seconds, and how many are refused for as long.
pub(crate) fn say(seconds: i64, session: &mut Session<'_>) {
    // A spool that cannot be read is said by those who need it.
    let Some(spool) = session.spool.clone() else { return };
    let runs = spool.names().unwrap_or_default();
    let (refused, waiting): (Vec<_>, Vec<_>) = runs.iter().partition(|name| spool.refusal(name).is_some());
    say_of(&waiting, seconds, session, |count, span| {
        let count = if count == 1 { "1 run waits".to_owned() } else { format!("{count} runs wait, the oldest") };
        format!("{count} for {span} in the spool: `deploytrack flush` sends them, `deploytrack spool list` shows for which server")
    });
    say_of(&refused, seconds, session, |count, span| {
        let count = if count == 1 { "1 refused run is".to_owned() } else { format!("{count} refused runs are") };
        format!("{count} kept for {span} in the spool: `deploytrack spool list` shows why, and `deploytrack flush --help` the way out")
    });
}

fn say_of(runs: &[&String], seconds: i64, session: &mut Session<'_>, sentence: impl Fn(usize, &str) -> String) {
    let Some(oldest) = runs.first().and_then(|name| begun(name)) else { return };
    let now = session.view.now;
    if (now - oldest).num_seconds() >= seconds {
        session.warn(&sentence(runs.len(), &span(now, oldest)));
    }
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
