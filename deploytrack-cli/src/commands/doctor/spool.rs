//! The spool: whether it takes what cannot be sent, and what is in it.

use std::io;

use deploytrack_core::clock::{self, Time};

use super::Finding;
use crate::{
    Exit,
    spool::{Spool, begun},
};

/// What waits in it.
#[derive(Default)]
struct Waiting {
    runs: usize,
    unfinished: usize,
    oldest: Option<Time>,
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
    findings.push(match waiting {
        Ok(waiting) => said(&waiting, now),
        Err(error) => Finding::problem("waiting", Exit::Usage, format!("the spool cannot be read: {error}")),
    });
}

fn look(spool: &Spool) -> io::Result<Waiting> {
    let mut waiting = Waiting::default();
    for name in spool.names()? {
        // What cannot be taken over is at work, or is no run.
        let Ok(Some(run)) = spool.take_over(&name) else { continue };
        waiting.runs += 1;
        waiting.unfinished += usize::from(run.is_unfinished());
        waiting.oldest = waiting.oldest.or_else(|| begun(&name));
    }
    Ok(waiting)
}

fn said(waiting: &Waiting, now: Time) -> Finding {
    const CHECK: &str = "waiting";
    if waiting.runs == 0 {
        return Finding::ok(CHECK, "everything is sent");
    }
    let runs = if waiting.runs == 1 { "1 run waits".to_owned() } else { format!("{} runs wait", waiting.runs) };
    let since = clock::format(&waiting.oldest.unwrap_or(now));
    let unfinished =
        if waiting.unfinished == 0 { String::new() } else { format!("; of {} nobody knows how the command ended", waiting.unfinished) };
    Finding::warning(CHECK, format!("{runs} to be sent, the earliest since {since}{unfinished}; `deploytrack flush` sends what it can"))
}
