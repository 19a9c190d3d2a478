//! Time limits for file operations: a network file system or a FIFO can block forever, and must not
//! delay a deploy.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// How long reading a settings file may take.
pub(crate) const FOR_A_SETTING: Duration = Duration::from_secs(10);

/// The file system of the spool. After one operation exceeds the time limit, all later ones fail at
/// once.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    limit: Arc<AtomicU64>,
    stuck: Arc<AtomicBool>,
}

impl Disk {
    /// A file system with this time limit.
    pub(crate) fn new(limit: Duration) -> Self {
        let disk = Self {
            limit: Arc::default(),
            stuck: Arc::default(),
        };
        disk.limit_to(limit);
        disk
    }

    /// Changes the time limit.
    pub(crate) fn limit_to(&self, limit: Duration) {
        self.limit.store(
            u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }

    /// Runs `work` on a new thread. If it exceeds the time limit, the thread is abandoned.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        if self.stuck.load(Ordering::Relaxed) {
            return Err(no_answer());
        }
        within(
            Duration::from_millis(self.limit.load(Ordering::Relaxed)),
            work,
        )
        .inspect_err(|error| {
            self.stuck
                .store(error.kind() == io::ErrorKind::TimedOut, Ordering::Relaxed);
        })
    }
}

/// Runs `work` on a new thread.
///
/// # Errors
/// `work` fails or exceeds the time limit. The thread is then abandoned.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    // The receiver is gone if the time limit was exceeded.
    thread::Builder::new().spawn(move || drop(sender.send(work())))?;
    receiver
        .recv_timeout(limit)
        .unwrap_or_else(|_| Err(no_answer()))
}

fn no_answer() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "the file system did not answer in time",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_hanging_file_system_is_waited_for_only_once() {
        let disk = Disk::new(Duration::from_millis(100));
        assert_eq!(disk.run(|| Ok(1)).unwrap(), 1);
        let begun = Instant::now();
        for _ in 0..5 {
            let result = disk.run(|| {
                thread::sleep(Duration::from_mins(1));
                Ok(())
            });
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
        }
        assert!(
            begun.elapsed() < Duration::from_millis(400),
            "{:?}",
            begun.elapsed()
        );
    }
}
