//! The processes that a command has started, found by their parents: a signal reaches those, too, that have left its process
//! group or its session.
//!
//! A process group alone is not enough: on a terminal the command shares that of the terminal, and `setsid` leaves any.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, waitpid};
use tokio::time::{Instant, sleep};

/// How often to look whether they are gone.
const PAUSE: Duration = Duration::from_millis(50);
/// How long to kill what starts more processes than can be killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// A process of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    parent: u32,
    group: u32,
    has_ended: bool,
}

/// What this process has started since a moment, and what that has started.
#[derive(Debug)]
pub(super) struct Descendants {
    /// The children that were there before; they and theirs are somebody else's.
    before: BTreeSet<u32>,
}

impl Descendants {
    /// Those that this process has from now on. Where the system can do that, orphans among them become its own children, and
    /// so a process that has left its parent is found, too.
    pub(super) fn from_now_on() -> Self {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(getpid()));
        let own = own_pid();
        Self { before: processes().iter().filter(|process| process.parent == own).map(|process| process.pid).collect() }
    }

    /// Sends a signal once to each of them, parents before their children: a shell whose child ends would go on to its next
    /// command. The group of the command is signalled as a whole, if it has one of its own. Whether any could be found.
    pub(super) fn signal(&self, number: Signal, own_group: Option<u32>) -> bool {
        let living = self.living();
        if let Some(group) = own_group.and_then(pid) {
            // It may have ended already.
            let _ = kill_process_group(group, number);
        }
        for process in living.iter().filter(|process| own_group != Some(process.group)) {
            // One that has just ended needs no signal, and one of another user cannot be sent any.
            let _ = pid(process.pid).map(|pid| kill_process(pid, number));
        }
        !living.is_empty()
    }

    /// Waits until all are gone; those that are there at `until` are killed.
    pub(super) async fn end_by(&self, until: Instant) {
        while !self.living().is_empty() {
            let now = Instant::now();
            if now >= until + PATIENCE {
                return;
            }
            if now >= until {
                self.signal(Signal::KILL, None);
            }
            self.reap(None);
            sleep(PAUSE).await;
        }
    }

    /// Removes orphans that have ended from the system's list. The status of the process `but` is somebody else's to read.
    pub(super) fn reap(&self, but: Option<u32>) {
        let own = own_pid();
        let ended = processes().into_iter().filter(|process| process.parent == own && process.has_ended);
        for orphan in ended.filter(|process| Some(process.pid) != but && !self.before.contains(&process.pid)) {
            let _ = waitpid(pid(orphan.pid), WaitOptions::NOHANG);
        }
    }

    /// Those that have not ended, parents before their children.
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

/// All processes that this one may see: from `/proc`, or from `ps` where there is none.
fn processes() -> Vec<Process> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = folders.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let found: Vec<_> = numbers.filter_map(|pid| of_stat(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)).collect();
    if found.is_empty() { listed() } else { found }
}

/// The line of `proc_pid_stat(5)`.
fn of_stat(pid: u32, stat: &str) -> Option<Process> {
    // The name before may have anything in it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    Some(Process { pid, parent: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()?, has_ended: matches!(state, "Z" | "X") })
}

/// What ps(1) of POSIX lists; itself is in it, and has ended when it is read.
fn listed() -> Vec<Process> {
    let mut ps = Command::new("ps");
    ps.args(["-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "state="]).stdin(Stdio::null()).stderr(Stdio::null());
    let Ok(child) = ps.stdout(Stdio::piped()).spawn() else { return Vec::new() };
    let own = child.id();
    let output = child.wait_with_output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().filter_map(of_line).filter(|process| process.pid != own).collect()
}

fn of_line(line: &str) -> Option<Process> {
    let mut fields = line.split_whitespace();
    let mut number = || fields.next()?.parse().ok();
    let (pid, parent, group) = (number()?, number()?, number()?);
    Some(Process { pid, parent, group, has_ended: fields.next().is_some_and(|state| state.starts_with('Z')) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let expected = |has_ended| Process { pid: 7, parent: 3, group: 5, has_ended };
        assert_eq!(of_stat(7, "7 (a) b) (c) S 3 5 5 0 -1 4194560"), Some(expected(false)));
        assert_eq!(of_stat(7, "7 (sh) Z 3 5 5 0 -1 4194560"), Some(expected(true)));
        assert_eq!(of_line("    7     3     5 S+"), Some(expected(false)));
        assert_eq!(of_line("    7     3     5 Z"), Some(expected(true)));
        assert_eq!((of_stat(7, ""), of_line("")), (None, None));
    }

    #[test]
    fn ps_lists_what_proc_lists() {
        let own = own_pid();
        let of = |all: Vec<Process>| all.into_iter().find(|process| process.pid == own).map(|own| (own.parent, own.group));
        let from_proc = of(processes());
        assert!(from_proc.is_some());
        // A slim system has no ps.
        let from_ps = listed();
        assert!(from_ps.is_empty() || of(from_ps) == from_proc);
    }
}
