//! Identifies a process, so that another process can check later whether it still runs.

use std::fs;

use serde::{Deserialize, Serialize};

/// A process. The process id alone is not enough: the system reuses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProcessIdentity {
    pub(crate) pid: u32,
    /// When it started, in clock ticks since boot; none if the system does not report it.
    #[serde(default)]
    started: Option<u64>,
    /// The scope of the process id: the boot of the machine and the container.
    #[serde(default)]
    place: String,
}

impl ProcessIdentity {
    /// The identity of a running process.
    pub(crate) fn of(pid: u32) -> Self {
        Self {
            pid,
            started: started(pid),
            place: place(),
        }
    }

    /// Whether the process still runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.place == place()
            && if place().is_empty() {
                exists(self.pid)
            } else {
                self.started.is_some() && started(self.pid) == self.started
            }
    }
}

/// The start time, field 22 of `proc_pid_stat(5)`; none if there is no such process or it has
/// ended.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may contain spaces and parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    fields
        .nth(18)?
        .parse()
        .ok()
        .filter(|_| !matches!(state, "Z" | "X"))
}

/// The boot and the container of this process; empty if the system does not report them.
fn place() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let container = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{}{}", boot.trim(), container.display())
}

#[cfg(unix)]
fn exists(pid: u32) -> bool {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

#[cfg(not(unix))]
fn exists(_pid: u32) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_alive_until_it_ends_and_is_not_confused_with_another() {
        let mut child = std::process::Command::new("sleep")
            .arg("30")
            .spawn()
            .unwrap();
        let running = ProcessIdentity::of(child.id());
        assert!(running.is_alive());
        let of_another = ProcessIdentity {
            started: Some(1),
            ..running.clone()
        };
        let elsewhere = ProcessIdentity {
            place: "elsewhere".to_owned(),
            ..running.clone()
        };
        assert!(place().is_empty() || !of_another.is_alive() && !elsewhere.is_alive());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!running.is_alive());
    }
}
