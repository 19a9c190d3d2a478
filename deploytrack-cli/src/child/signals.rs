//! The signals that call a pipeline off, and how they reach the command.

use tokio::process::Child;

/// The signals that call a pipeline off. Listened to from the beginning: one that came between two steps would otherwise
/// end this process alone.
#[cfg(unix)]
pub(crate) struct Signals([(i32, Option<tokio::signal::unix::Signal>); 3]);

#[cfg(unix)]
impl Signals {
    /// Where a signal cannot be listened to, it does what it does without this. One that was ignored when this process
    /// began, as under nohup(1), stays so, for the command too.
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let ignored = ignored();
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        Self(kinds.map(|kind| {
            let number = kind.as_raw_value();
            let heeded = ignored >> (number - 1) & 1 == 0;
            (number, if heeded { signal(kind).ok() } else { None })
        }))
    }

    /// The number of the next one.
    pub(crate) async fn next(&mut self) -> i32 {
        std::future::poll_fn(|context| {
            for (number, signal) in &mut self.0 {
                if signal.as_mut().is_some_and(|signal| signal.poll_recv(context).is_ready()) {
                    return std::task::Poll::Ready(*number);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// The signals that this process ignores, one bit each (`SigIgn` in `proc_pid_status(5)`); none where the system does not say.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Passes a signal on to a command.
#[cfg(unix)]
pub(super) fn pass_on(child: &Child, signal: i32, own_group: bool) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    // The terminal gives Ctrl-C to every process of its group; the command has it already.
    if signal == 2 && !own_group {
        return;
    }
    let Some(signal) = Signal::from_named_raw(signal) else { return };
    let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return };
    // A command that has just ended needs no signal.
    let _ = if own_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
}

/// Ctrl-C, which the console gives to the command, too.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn listen() -> Self {
        Self
    }

    pub(crate) async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        2
    }
}

#[cfg(not(unix))]
pub(super) fn pass_on(_child: &Child, _signal: i32, _own_group: bool) {}
