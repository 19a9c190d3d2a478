//! Work on files that must not hold up a deploy: a network file system or a FIFO can block for ever.

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

/// How long reading a file of settings may take.
pub(crate) const FOR_A_SETTING: Duration = Duration::from_secs(10);

/// The file system of the spool: once it has not answered in time, it is not asked again.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    limit: Arc<AtomicU64>,
    stuck: Arc<AtomicBool>,
}

impl Disk {
    /// A file system that must answer within this time.
    pub(crate) fn new(limit: Duration) -> Self {
        let disk = Self { limit: Arc::default(), stuck: Arc::default() };
        disk.limit_to(limit);
        disk
    }

    /// Changes how long an answer may take.
    pub(crate) fn limit_to(&self, limit: Duration) {
        self.limit.store(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Runs `work` on a thread of its own, and leaves that thread behind when it does not end in time.
    pub(crate) fn run<T: Send + 'static>(&self, work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        if self.stuck.load(Ordering::Relaxed) {
            return Err(no_answer());
        }
        within(Duration::from_millis(self.limit.load(Ordering::Relaxed)), work)
            .inspect_err(|error| self.stuck.store(error.kind() == io::ErrorKind::TimedOut, Ordering::Relaxed))
    }
}

/// Runs `work`; an error when it does not end in time.
pub(crate) fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    // Nobody may be waiting for the answer any more.
    thread::Builder::new().spawn(move || drop(sender.send(work())))?;
    receiver.recv_timeout(limit).unwrap_or_else(|_| Err(no_answer()))
}

fn no_answer() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the file system did not answer in time")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_file_system_that_hangs_is_waited_for_once() {
        let disk = Disk::new(Duration::from_millis(100));
        assert_eq!(disk.run(|| Ok(1)).unwrap(), 1);
        let begun = Instant::now();
        for _ in 0..5 {
            let hangs = disk.run(|| {
                thread::sleep(Duration::from_mins(1));
                Ok(())
            });
            assert_eq!(hangs.unwrap_err().kind(), io::ErrorKind::TimedOut);
        }
        assert!(begun.elapsed() < Duration::from_millis(400), "{:?}", begun.elapsed());
    }
}
