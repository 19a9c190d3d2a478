//! One flush at a time: two flushes at once would send events out of order.

use std::{
    fs::File,
    io,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{Spool, storage::try_lock};
use crate::files;

/// The file that a flush locks.
const FLUSH_LOCK: &str = ".flushing";
const PAUSE: Duration = Duration::from_millis(50);

/// The right to send the entries of the spool.
#[derive(Debug)]
pub(crate) struct FlushLock {
    _lock: Option<File>,
}

impl Spool {
    /// Waits for the lock; none if another flush still holds it after `patience`.
    pub(crate) async fn lock_for_flush(&self, patience: Duration) -> io::Result<Option<FlushLock>> {
        let until = Instant::now() + patience;
        loop {
            let spool = self.clone();
            match self.disk.run(move || spool.try_lock_for_flush())? {
                Some(lock) => return Ok(Some(lock)),
                None if Instant::now() >= until => return Ok(None),
                None => sleep(PAUSE).await,
            }
        }
    }

    fn try_lock_for_flush(&self) -> io::Result<Option<FlushLock>> {
        match self.check() {
            // Without a spool there is nothing to send out of order.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some(FlushLock { _lock: None }));
            }
            checked => checked?,
        }
        let with_name =
            |error: io::Error| io::Error::new(error.kind(), format!("{FLUSH_LOCK}: {error}"));
        let lock = files::lockable(&self.folder.join(FLUSH_LOCK), true).map_err(with_name)?;
        Ok(try_lock(&lock)?.then_some(FlushLock { _lock: Some(lock) }))
    }
}
