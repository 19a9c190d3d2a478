//! Messages to the service manager, such as systemd (`sd_notify(3)`). No message is sent without the
//! variable `NOTIFY_SOCKET`.

use std::{
    convert::Infallible,
    future::{Future, pending},
    pin::pin,
    time::Duration,
};

use deploytrack_core::tracker::Tracker;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// The time that each message during the start asks for.
const EXTENSION: Duration = Duration::from_mins(1);

/// Runs the start of a server. A migration may take longer than the service manager waits for a
/// start, so each message asks for more time.
pub async fn extend_start<T>(start: impl Future<Output = T>) -> T {
    let mut start = pin!(start);
    loop {
        send(&format!("EXTEND_TIMEOUT_USEC={}", EXTENSION.as_micros()));
        if let Ok(started) = timeout(EXTENSION / 2, &mut start).await {
            return started;
        }
    }
}

/// Reports that the server accepts connections.
pub(super) fn ready(url: &str) {
    send(&format!("READY=1\nSTATUS=listening on {url}"));
}

/// Reports that the server ends.
pub(super) fn stopping() {
    send("STOPPING=1\nSTATUS=shutting down");
}

/// Feeds the watchdog for ever, at half of its time, while the writer of the database answers. A
/// full disk is an answer: a restart would not free it, and the server still answers reads.
pub(super) async fn feed_watchdog(tracker: &Tracker) -> Infallible {
    let Some(time) = watchdog() else {
        return pending().await;
    };
    let mut ticks = interval(time / 2);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        tracker.wait_for_writer().await;
        send("WATCHDOG=1");
    }
}

/// The time of the watchdog, if there is one.
#[cfg(target_os = "linux")]
fn watchdog() -> Option<Duration> {
    std::env::var_os("NOTIFY_SOCKET")?;
    // An interval of zero would panic.
    sd_notify::watchdog_enabled().filter(|time| *time >= Duration::from_millis(1))
}

#[cfg(not(target_os = "linux"))]
fn watchdog() -> Option<Duration> {
    None
}

#[cfg(target_os = "linux")]
fn send(message: &str) {
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Custom(message)]) {
        tracing::warn!(%error, "the service manager (NOTIFY_SOCKET) cannot be reached");
    }
}

#[cfg(not(target_os = "linux"))]
fn send(_: &str) {}
