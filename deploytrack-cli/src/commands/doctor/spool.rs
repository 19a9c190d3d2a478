//! Checks the spool: whether it is writable, and which entries wait in it.

use std::io;

use deploytrack_core::clock::{self, Time};

use super::Finding;
use crate::{
    exit::Exit,
    queue::{Distrust, Entry, Refusal, Spool, created_at},
};

/// The entries of the spool.
#[derive(Default)]
struct SpoolState {
    entries: usize,
    unfinished: usize,
    oldest: Option<Time>,
    /// The number of refused entries, and the first one: its name, its refusal, and whether the
    /// record itself was refused.
    refused: usize,
    first_refused: Option<(String, Refusal, bool)>,
    /// The number of entries that are not trusted, and the name of the first with the reason.
    distrusted: usize,
    first_distrusted: Option<(String, String)>,
}

pub(super) fn check(spool: Option<&Spool>, now: Time, findings: &mut Vec<Finding>) {
    let Some(spool) = spool else {
        return findings.push(Finding::problem(
            "spool",
            Exit::Usage,
            "there is no home directory for it; set HOME or XDG_STATE_HOME",
        ));
    };
    // Read before the write test, whose entry must not be counted.
    let state = look(spool);
    findings.push(match spool.begin().and_then(Entry::remove) {
        Ok(()) => Finding::ok("spool", "it is writable"),
        Err(error) => Finding::problem(
            "spool",
            Exit::Usage,
            format!("events that cannot be sent would be lost: {error}"),
        ),
    });
    match state {
        Ok(state) => {
            findings.push(self::waiting(&state, now));
            findings.extend(refused(&state));
            findings.extend(distrusted(&state));
        }
        Err(error) => findings.push(Finding::problem(
            "waiting",
            Exit::Usage,
            format!("the spool cannot be read: {error}"),
        )),
    }
}

fn look(spool: &Spool) -> io::Result<SpoolState> {
    let mut state = SpoolState::default();
    for name in spool.names()? {
        let run = match spool.open(&name) {
            Ok(Some(run)) => run,
            Err(error) if Distrust::of(&error).is_some() => {
                state.distrusted += 1;
                state
                    .first_distrusted
                    .get_or_insert_with(|| (name, error.to_string()));
                continue;
            }
            // Another process has it, or it is not an entry.
            _ => continue,
        };
        if let Some(refusal) = run.refusal() {
            state.refused += 1;
            state
                .first_refused
                .get_or_insert((name, refusal, run.deployment().is_none()));
            continue;
        }
        state.entries += 1;
        state.unfinished += usize::from(run.is_unfinished());
        state.oldest = state.oldest.or_else(|| created_at(&name));
    }
    Ok(state)
}

/// The finding about entries that are only sent with `--trust`.
fn distrusted(state: &SpoolState) -> Option<Finding> {
    let (entry, why) = state.first_distrusted.as_ref()?;
    let count = state.distrusted;
    let entries = if count == 1 {
        format!("entry {entry} is not trusted")
    } else {
        format!("{count} entries are not trusted, {entry}")
    };
    let way_out = format!(
        "`deploytrack flush {entry} --trust` sends it, `deploytrack spool drop {entry}` drops it"
    );
    Some(Finding::warning(
        "trust",
        format!("{entries}: {why}; look at it with `deploytrack spool show {entry}`; {way_out}"),
    ))
}

/// The finding about refused entries, with the way to send them.
fn refused(state: &SpoolState) -> Option<Finding> {
    let (entry, refusal, is_record) = state.first_refused.as_ref()?;
    let entries = if state.refused == 1 {
        format!("entry {entry} is refused")
    } else {
        format!("{} entries are refused, {entry}", state.refused)
    };
    let detail = format!(
        "{entries} since {}: {}; {}",
        clock::format(&refusal.at),
        refusal.reason,
        refusal.way_out(entry, *is_record)
    );
    Some(Finding::warning("refused", detail))
}

fn waiting(state: &SpoolState, now: Time) -> Finding {
    const CHECK: &str = "waiting";
    if state.entries == 0 {
        let all = if state.refused == 0 {
            "no events wait to be sent"
        } else {
            "no other events wait to be sent"
        };
        return Finding::ok(CHECK, all);
    }
    let entries = if state.entries == 1 {
        "1 entry waits".to_owned()
    } else {
        format!("{} entries wait", state.entries)
    };
    let since = clock::format(&state.oldest.unwrap_or(now));
    let unfinished = if state.unfinished == 0 {
        String::new()
    } else {
        format!(
            "; of {} the end of the command is unknown",
            state.unfinished
        )
    };
    Finding::warning(
        CHECK,
        format!(
            "{entries} to be sent, the oldest since {since}{unfinished}; `deploytrack flush` sends what it can"
        ),
    )
}
