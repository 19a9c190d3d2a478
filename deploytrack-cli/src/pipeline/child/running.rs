//! A command that runs, as another process can recognise it later.

use std::fs;

use serde::{Deserialize, Serialize};

/// A process. A number alone would soon be somebody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Running {
    pub(crate) pid: u32,
    /// When it began, as the system counts; none where it does not say.
    #[serde(default)]
    started: Option<u64>,
    /// Where its number means something: this start of this machine, in this container.
    #[serde(default)]
    place: String,
}

impl Running {
    /// A process of this machine.
    pub(crate) fn of(pid: u32) -> Self {
        Self { pid, started: started(pid), place: place() }
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.place == place()
            && if place().is_empty() { exists(self.pid) } else { self.started.is_some() && started(self.pid) == self.started }
    }
}

/// Field 22 of `proc_pid_stat(5)`; none for a process that is none or has ended.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may have anything in it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    fields.nth(18)?.parse().ok().filter(|_| !matches!(state, "Z" | "X"))
}

/// Nothing where the system does not say.
fn place() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let container = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{}{}", boot.trim(), container.display())
}

#[cfg(unix)]
fn exists(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
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
    fn a_process_is_alive_until_it_ends_and_no_other_is_taken_for_it() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        let running = Running::of(child.id());
        assert!(running.is_alive());
        let of_another = Running { started: Some(1), ..running.clone() };
        let elsewhere = Running { place: "elsewhere".to_owned(), ..running.clone() };
        assert!(place().is_empty() || !of_another.is_alive() && !elsewhere.is_alive());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!running.is_alive());
    }
}
