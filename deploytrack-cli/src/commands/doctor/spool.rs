//! The spool: whether it takes what cannot be sent, and what is in it.

use std::io;

use deploytrack_core::clock::{self, Time};

use super::Finding;
use crate::{
    exit::Exit,
    spool::{Distrust, Refusal, Spool, begun},
};

/// What waits in it.
#[derive(Default)]
struct SpoolState {
    runs: usize,
    unfinished: usize,
    oldest: Option<Time>,
    /// How many are refused, and the first of them: its name, its refusal, and whether its record is what was refused.
    refused: usize,
    first_refused: Option<(String, Refusal, bool)>,
    /// How many are not trusted, and the name of the first and why.
    distrusted: usize,
    first_distrusted: Option<(String, String)>,
}

pub(super) fn check(spool: Option<&Spool>, now: Time, findings: &mut Vec<Finding>) {
    let Some(spool) = spool else {
        return findings.push(Finding::problem(
            "spool",
            Exit::Usage,
            "there is no home directory to keep it in; set HOME or XDG_STATE_HOME",
        ));
    };
    // Looked at first: the run that is tried is none of those that wait.
    let waiting = look(spool);
    findings.push(match spool.begin().and_then(crate::spool::Run::remove) {
        Ok(()) => Finding::ok("spool", "it can be written"),
        Err(error) => Finding::problem("spool", Exit::Usage, format!("what cannot be sent would be lost: {error}")),
    });
    match waiting {
        Ok(waiting) => {
            findings.push(said(&waiting, now));
            findings.extend(refused(&waiting));
            findings.extend(distrusted(&waiting));
        }
        Err(error) => findings.push(Finding::problem("waiting", Exit::Usage, format!("the spool cannot be read: {error}"))),
    }
}

fn look(spool: &Spool) -> io::Result<SpoolState> {
    let mut waiting = SpoolState::default();
    for name in spool.names()? {
        let run = match spool.take_over(&name) {
            Ok(Some(run)) => run,
            Err(error) if Distrust::of(&error).is_some() => {
                waiting.distrusted += 1;
                waiting.first_distrusted.get_or_insert_with(|| (name, error.to_string()));
                continue;
            }
            // It is at work, or is no run.
            _ => continue,
        };
        if let Some(refusal) = run.refusal() {
            waiting.refused += 1;
            waiting.first_refused.get_or_insert((name, refusal, run.deployment().is_none()));
            continue;
        }
        waiting.runs += 1;
        waiting.unfinished += usize::from(run.is_unfinished());
        waiting.oldest = waiting.oldest.or_else(|| begun(&name));
    }
    Ok(waiting)
}

/// What is not sent without a person's word.
fn distrusted(waiting: &SpoolState) -> Option<Finding> {
    let (run, why) = waiting.first_distrusted.as_ref()?;
    let count = waiting.distrusted;
    let runs = if count == 1 { format!("run {run} is not trusted") } else { format!("{count} runs are not trusted, {run}") };
    let way_out = format!("`deploytrack flush {run} --trust` sends it, `deploytrack spool drop {run}` drops it");
    Some(Finding::warning("trust", format!("{runs}: {why}; look at it with `deploytrack spool show {run}`; {way_out}")))
}

/// What the server rejected, and how it is sent after all.
fn refused(waiting: &SpoolState) -> Option<Finding> {
    let (run, refusal, is_record) = waiting.first_refused.as_ref()?;
    let runs = if waiting.refused == 1 { format!("run {run} is refused") } else { format!("{} runs are refused, {run}", waiting.refused) };
    let detail = format!("{runs} since {}: {}; {}", clock::format(&refusal.at), refusal.reason, refusal.way_out(run, *is_record));
    Some(Finding::warning("refused", detail))
}

fn said(waiting: &SpoolState, now: Time) -> Finding {
    const CHECK: &str = "waiting";
    if waiting.runs == 0 {
        let all = if waiting.refused == 0 { "everything is sent" } else { "everything else is sent" };
        return Finding::ok(CHECK, all);
    }
    let runs = if waiting.runs == 1 { "1 run waits".to_owned() } else { format!("{} runs wait", waiting.runs) };
    let since = clock::format(&waiting.oldest.unwrap_or(now));
    let unfinished =
        if waiting.unfinished == 0 { String::new() } else { format!("; of {} nobody knows how the command ended", waiting.unfinished) };
    Finding::warning(CHECK, format!("{runs} to be sent, the earliest since {since}{unfinished}; `deploytrack flush` sends what it can"))
}
