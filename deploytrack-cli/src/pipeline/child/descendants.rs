//! Finds the processes that a command has started by their parents, so that signals also reach
//! processes that have left its process group or session.
//!
//! A process group is not enough: on a terminal the command is in the group of the terminal, and
//! `setsid` leaves any group.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, waitpid,
};
use tokio::time::{Instant, sleep};

/// How often to check whether the processes are gone.
const PAUSE: Duration = Duration::from_millis(50);
/// How long to kill processes that start new ones faster than they are killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// A process of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    parent: u32,
    group: u32,
    has_ended: bool,
}

/// The processes that this process has started since a certain time, and those that they have
/// started.
#[derive(Debug)]
pub(super) struct Descendants {
    /// Children that existed before. They and their children are not signalled.
    before: BTreeSet<u32>,
}

impl Descendants {
    /// The descendants from now on. On Linux, orphans become children of this process, so that
    /// processes that have lost their parent are found, too.
    pub(super) fn from_now_on() -> Self {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(getpid()));
        let own = own_pid();
        Self {
            before: processes()
                .iter()
                .filter(|process| process.parent == own)
                .map(|process| process.pid)
                .collect(),
        }
    }

    /// Sends a signal once to each process, parents before children: a shell whose child ends would
    /// start its next command. If the command has its own group, that group is signalled as a
    /// whole. Returns whether any process was found.
    pub(super) fn signal(&self, number: Signal, own_group: Option<u32>) -> bool {
        let living = self.living();
        if let Some(group) = own_group.and_then(pid) {
            // It may have ended already.
            let _ = kill_process_group(group, number);
        }
        for process in living
            .iter()
            .filter(|process| own_group != Some(process.group))
        {
            // A process that has just ended needs no signal, and one of another user cannot be
            // signalled.
            let _ = pid(process.pid).map(|pid| kill_process(pid, number));
        }
        !living.is_empty()
    }

    /// Waits until all processes are gone. At the deadline the rest is killed.
    pub(super) async fn end_by(&self, deadline: Instant) {
        while !self.living().is_empty() {
            let now = Instant::now();
            if now >= deadline + PATIENCE {
                return;
            }
            if now >= deadline {
                self.signal(Signal::KILL, None);
            }
            self.reap(None);
            sleep(PAUSE).await;
        }
    }

    /// Reaps orphans that have ended. The exit status of the process `except` is left for its own
    /// reader.
    pub(super) fn reap(&self, except: Option<u32>) {
        let own = own_pid();
        let ended = processes()
            .into_iter()
            .filter(|process| process.parent == own && process.has_ended);
        for orphan in ended
            .filter(|process| Some(process.pid) != except && !self.before.contains(&process.pid))
        {
            let _ = waitpid(pid(orphan.pid), WaitOptions::NOHANG);
        }
    }

    /// The processes that have not ended, parents before children.
    fn living(&self) -> Vec<Process> {
        let all = processes();
        let mut children: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
        for process in all {
            children.entry(process.parent).or_default().push(process);
        }
        let (mut found, mut parents) = (Vec::new(), VecDeque::from([own_pid()]));
        while let Some(parent) = parents.pop_front() {
            for process in children.remove(&parent).unwrap_or_default() {
                if !self.before.contains(&process.pid) {
                    parents.push_back(process.pid);
                    found.push(process);
                }
            }
        }
        found.retain(|process| !process.has_ended);
        found
    }
}

fn own_pid() -> u32 {
    std::process::id()
}

fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// All processes that this one can see: from `/proc`, or from `ps` if there is no `/proc`.
fn processes() -> Vec<Process> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = folders.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let found: Vec<_> = numbers
        .filter_map(|pid| of_stat(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
        .collect();
    if found.is_empty() { listed() } else { found }
}

/// The line of `proc_pid_stat(5)`.
fn of_stat(pid: u32, stat: &str) -> Option<Process> {
    // The name before may contain spaces and parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    Some(Process {
        pid,
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        has_ended: matches!(state, "Z" | "X"),
    })
}

/// The processes that ps(1) of POSIX lists, without ps itself.
fn listed() -> Vec<Process> {
    let mut ps = Command::new("ps");
    ps.args([
        "-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "state=",
    ])
    .stdin(Stdio::null())
    .stderr(Stdio::null());
    let Ok(child) = ps.stdout(Stdio::piped()).spawn() else {
        return Vec::new();
    };
    let own = child.id();
    let output = child
        .wait_with_output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    String::from_utf8_lossy(&output)
        .lines()
        .filter_map(of_line)
        .filter(|process| process.pid != own)
        .collect()
}

fn of_line(line: &str) -> Option<Process> {
    let mut fields = line.split_whitespace();
    let mut number = || fields.next()?.parse().ok();
    let (pid, parent, group) = (number()?, number()?, number()?);
    Some(Process {
        pid,
        parent,
        group,
        has_ended: fields.next().is_some_and(|state| state.starts_with('Z')),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_an_unusual_name_is_parsed() {
        let expected = |has_ended| Process {
            pid: 7,
            parent: 3,
            group: 5,
            has_ended,
        };
        assert_eq!(
            of_stat(7, "7 (a) b) (c) S 3 5 5 0 -1 4194560"),
            Some(expected(false))
        );
        assert_eq!(
            of_stat(7, "7 (sh) Z 3 5 5 0 -1 4194560"),
            Some(expected(true))
        );
        assert_eq!(of_line("    7     3     5 S+"), Some(expected(false)));
        assert_eq!(of_line("    7     3     5 Z"), Some(expected(true)));
        assert_eq!((of_stat(7, ""), of_line("")), (None, None));
    }

    #[test]
    fn ps_and_proc_list_the_same_processes() {
        let own = own_pid();
        let of = |all: Vec<Process>| {
            all.into_iter()
                .find(|process| process.pid == own)
                .map(|own| (own.parent, own.group))
        };
        let from_proc = of(processes());
        assert!(from_proc.is_some());
        // A minimal system has no ps.
        let from_ps = listed();
        assert!(from_ps.is_empty() || of(from_ps) == from_proc);
    }
}
