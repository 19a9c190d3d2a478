//! Reading the database at a scrape: one read at a time, for a tenth of the time at most, and given
//! up after some seconds.

use std::{sync::Arc, time::Duration};

use deploytrack_core::{error::Error, measurement::Measurements, tracker::Tracker};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long a measurement is valid at least: many scrapers cost as much as one.
const VALIDITY: Duration = Duration::from_secs(1);
/// How many times as long as its read a measurement is valid. Many cells and frequent scrapes then
/// leave the processors to the writes.
const REST: u32 = 9;
/// How long a read may take. Prometheus waits for ten seconds by default, and the values of the
/// process must arrive within that time.
const TIMEOUT: Duration = Duration::from_secs(4);

/// The last measurements, and the limit of their cells.
#[derive(Debug)]
pub(crate) struct DatabaseReader {
    most_cells: u32,
    last: Mutex<Option<(Instant, Measured)>>,
}

/// Measurements, and the time that reading them took.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) measurements: Arc<Measurements>,
    pub(crate) duration: Duration,
}

impl Measured {
    /// How long the measurements are valid.
    fn validity(&self) -> Duration {
        VALIDITY.max(self.duration * REST)
    }
}

impl DatabaseReader {
    /// A reader of the current versions of up to this many cells.
    pub(crate) fn new(most_cells: u32) -> Self {
        Self {
            most_cells,
            last: Mutex::default(),
        }
    }

    /// The present measurements.
    ///
    /// # Errors
    /// Errors of the database, also if it does not answer in time.
    pub(crate) async fn read(&self, tracker: &Tracker) -> Result<Measured, Error> {
        timeout(TIMEOUT, self.read_alone(tracker))
            .await
            .unwrap_or_else(|_| Err(Error::Unavailable("it did not answer in time".into())))
    }

    async fn read_alone(&self, tracker: &Tracker) -> Result<Measured, Error> {
        let mut last = self.last.lock().await;
        if let Some((at, measured)) = &*last
            && at.elapsed() < measured.validity()
        {
            return Ok(measured.clone());
        }
        let began = Instant::now();
        let measurements = Arc::new(tracker.measure(self.most_cells).await?);
        let measured = Measured {
            measurements,
            duration: began.elapsed(),
        };
        *last = Some((Instant::now(), measured.clone()));
        Ok(measured)
    }
}

#[cfg(test)]
mod tests {
    use deploytrack_core::store::Store;

    use super::*;

    #[tokio::test]
    async fn reading_takes_a_tenth_of_the_time_at_most() {
        let tracker = Tracker::new(Store::open("sqlite::memory:").await.unwrap());
        let reader = DatabaseReader::new(10);
        let first = reader.read(&tracker).await.unwrap();
        assert_eq!(first.validity(), VALIDITY);
        let slow = Measured {
            duration: Duration::from_secs(2),
            ..first
        };
        assert_eq!(slow.validity(), Duration::from_secs(18));
        let old = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        *reader.last.lock().await = Some((old, slow.clone()));
        let repeated = reader.read(&tracker).await.unwrap();
        assert_eq!(repeated.duration, slow.duration, "it is still valid");
        let older = old.checked_sub(Duration::from_secs(10)).unwrap();
        *reader.last.lock().await = Some((older, slow));
        let new = reader.read(&tracker).await.unwrap();
        assert!(new.duration < Duration::from_secs(2));
    }
}
