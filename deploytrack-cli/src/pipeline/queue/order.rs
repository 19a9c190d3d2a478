//! One flush at a time: two that send at once would send out of order.

use std::{
    fs::File,
    io,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{Spool, locked};
use crate::files;

/// The file that a flush locks.
const FLUSHING: &str = ".flushing";
const PAUSE: Duration = Duration::from_millis(50);

/// The right to send what is in the spool.
#[derive(Debug)]
pub(crate) struct Turn {
    _lock: Option<File>,
}

impl Spool {
    /// Waits for the turn of this flush; none when another flush is still at work after `patience`.
    pub(crate) async fn turn(&self, patience: Duration) -> io::Result<Option<Turn>> {
        let until = Instant::now() + patience;
        loop {
            let spool = self.clone();
            match self.disk.run(move || spool.try_turn())? {
                Some(turn) => return Ok(Some(turn)),
                None if Instant::now() >= until => return Ok(None),
                None => sleep(PAUSE).await,
            }
        }
    }

    fn try_turn(&self) -> io::Result<Option<Turn>> {
        match self.check() {
            // Nothing is kept, and nothing can be sent out of order.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Turn { _lock: None })),
            checked => checked?,
        }
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{FLUSHING}: {error}"));
        let lock = files::lockable(&self.folder.join(FLUSHING), true).map_err(named)?;
        Ok(locked(&lock)?.then_some(Turn { _lock: Some(lock) }))
    }
}
