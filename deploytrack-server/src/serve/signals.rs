//! The signals that end a server, and the one that must not.

use std::future::{Future, pending};

use tokio_util::sync::CancellationToken;

use super::INTERRUPTED;
use crate::{App, log, tls::Tls};

/// The signals that ask for the end: SIGTERM, Ctrl-C, and SIGHUP, which a terminal sends when it is
/// closed. A service has no terminal: there SIGHUP reads the certificate and the
/// keys of tokens again.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
    /// Asked at the start: a terminal that was closed since cannot be found any more.
    #[cfg(unix)]
    has_terminal: bool,
}

impl Signals {
    /// Starts to listen. Signals are caught from this call on: a program that reads the server's
    /// address may send one at once.
    #[cfg(unix)]
    #[must_use]
    pub fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        let listen = |kind| {
            signal(kind)
                .inspect_err(|error| tracing::warn!(%error, "a signal cannot be awaited"))
                .ok()
        };
        let hang_up = if is_hang_up_ignored() {
            None
        } else {
            listen(SignalKind::hangup())
        };
        Self {
            terminate: listen(SignalKind::terminate()),
            hang_up,
            has_terminal: has_terminal(),
        }
    }

    /// Starts to listen.
    #[cfg(not(unix))]
    #[must_use]
    pub fn listen() -> Self {
        Self {}
    }

    /// Runs work that the process may leave at any point, and ends the process with this exit code
    /// at a signal. The first process of a container ignores signals that it does not listen for.
    pub async fn interrupt<T>(&mut self, work: impl Future<Output = T>, code: i32) -> T {
        tokio::select! {
            done = work => done,
            () = self.next() => {
                tracing::info!("ended by a signal");
                log::end();
                std::process::exit(code)
            }
        }
    }

    /// Makes SIGHUP read the certificate and the keys of tokens again, instead of ending the server.
    /// With a terminal it still ends the server: a terminal that is closed sends it.
    #[cfg(unix)]
    #[must_use]
    pub(super) fn reloading(mut self, tls: Option<&Tls>, app: &App) -> Self {
        if self.has_terminal {
            return self;
        }
        if let Some(mut hang_up) = self.hang_up.take() {
            let (tls, app) = (tls.cloned(), app.clone());
            tokio::spawn(async move {
                while hang_up.recv().await.is_some() {
                    if let Some(tls) = &tls {
                        tls.renew();
                    }
                    let app = app.clone();
                    // Reading a file may take long.
                    let reload = move || {
                        app.reload_keys();
                        app.reload_trust();
                    };
                    let _ = tokio::task::spawn_blocking(reload).await;
                }
            });
        }
        self
    }

    /// As there is no SIGHUP, nothing changes.
    #[cfg(not(unix))]
    #[must_use]
    pub(super) fn reloading(self, _: Option<&Tls>, _: &App) -> Self {
        self
    }

    /// Runs work until its end or a signal, at which the work is dropped and cleans up; `None` then.
    pub async fn cancel<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.next() => None,
        }
    }

    /// The first and the second signal; the third one ends the process.
    pub(super) fn forward(mut self) -> (impl Future<Output = ()>, impl Future<Output = ()>) {
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let signalled = (
            first.clone().cancelled_owned(),
            second.clone().cancelled_owned(),
        );
        tokio::spawn(async move {
            for asked in [first, second] {
                self.next().await;
                asked.cancel();
            }
            self.next().await;
            tracing::warn!("ended at once by a third signal");
            log::end();
            std::process::exit(INTERRUPTED);
        });
        signalled
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            () = received(&mut self.terminate) => {}
            () = received(&mut self.hang_up) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        drop(tokio::signal::ctrl_c().await);
    }
}

#[cfg(unix)]
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

/// Whether the process has a controlling terminal: a service and a container have none.
#[cfg(unix)]
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Whether the process was started with SIGHUP ignored, as nohup does; the signal stays ignored
/// then. Where the system has no `/proc`, the default action stays.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask & 1 != 0)
}

/// Makes a write over the file size limit (`RLIMIT_FSIZE`) an error: without a handler its signal
/// ends the process. Children are not affected, since a handler, unlike an ignored signal, is not
/// inherited.
pub fn survive_file_size_limit() {
    #[cfg(unix)]
    {
        let kind =
            tokio::signal::unix::SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        // The handler stays installed when the stream of signals is dropped.
        if let Err(error) = tokio::signal::unix::signal(kind) {
            tracing::warn!(%error, "SIGXFSZ cannot be handled");
        }
    }
}
