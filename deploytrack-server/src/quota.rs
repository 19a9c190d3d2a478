//! A quota: a number of units that requests share, with a smaller limit for each subject, so that
//! one subject cannot use up everything.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use deploytrack_core::text::Label;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The longest time that a request waits for units.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(10);
/// The number of stored subjects from which on subjects without a permit are removed.
const SUBJECTS: usize = 64;

/// Units to share, with a limit for the server and a limit for each subject.
#[derive(Debug)]
pub(crate) struct Quota {
    server: Arc<Semaphore>,
    most: usize,
    most_of_subject: usize,
    subjects: Mutex<HashMap<Label, Arc<Semaphore>>>,
}

/// Units of a [`Quota`]. They are returned when the permit is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _subject: OwnedSemaphorePermit,
    _server: OwnedSemaphorePermit,
}

/// The limit that was reached, with its number of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QuotaExceeded {
    /// The limit of one subject.
    Subject(usize),
    /// The limit of the server.
    Server(usize),
}

impl Quota {
    /// A quota of `most` units, of which one subject may use `most_of_subject`.
    pub(crate) fn new(most: usize, most_of_subject: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let most_of_subject = most_of_subject.clamp(1, most);
        Self {
            server: Arc::new(Semaphore::new(most)),
            most,
            most_of_subject,
            subjects: Mutex::default(),
        }
    }

    fn subjects(&self) -> MutexGuard<'_, HashMap<Label, Arc<Semaphore>>> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The units in use, and how many there are.
    pub(crate) fn usage(&self) -> (usize, usize) {
        let free = self.server.available_permits();
        (self.most.saturating_sub(free), self.most)
    }

    /// The units of a subject.
    fn of(&self, subject: &Label) -> Arc<Semaphore> {
        let mut subjects = self.subjects();
        if subjects.len() >= SUBJECTS && !subjects.contains_key(subject) {
            subjects.retain(|_, units| {
                Arc::strong_count(units) > 1 || units.available_permits() < self.most_of_subject
            });
        }
        subjects
            .entry(subject.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(self.most_of_subject)))
            .clone()
    }

    /// `units`, or the limit of a subject if that is less.
    fn within(&self, units: usize) -> u32 {
        u32::try_from(units.clamp(1, self.most_of_subject)).unwrap_or(u32::MAX)
    }

    /// Acquires units for a subject without waiting. A request for more than the limit of a subject
    /// acquires that limit.
    pub(crate) fn try_acquire(
        &self,
        subject: &Label,
        units: usize,
    ) -> Result<Permit, QuotaExceeded> {
        let units = self.within(units);
        let of_subject = self
            .of(subject)
            .try_acquire_many_owned(units)
            .map_err(|_| QuotaExceeded::Subject(self.most_of_subject))?;
        let of_server = self
            .server
            .clone()
            .try_acquire_many_owned(units)
            .map_err(|_| QuotaExceeded::Server(self.most))?;
        Ok(Permit {
            _subject: of_subject,
            _server: of_server,
        })
    }

    /// Acquires units as [`Quota::try_acquire`] does, and waits in turn for each of the two limits,
    /// for `most_wait` at most.
    pub(crate) async fn acquire(
        &self,
        subject: &Label,
        units: usize,
        most_wait: Duration,
    ) -> Result<Permit, QuotaExceeded> {
        let units = self.within(units);
        let of_subject = timeout(most_wait, self.of(subject).acquire_many_owned(units))
            .await
            .ok()
            .and_then(Result::ok);
        let of_subject = of_subject.ok_or(QuotaExceeded::Subject(self.most_of_subject))?;
        let of_server = timeout(most_wait, self.server.clone().acquire_many_owned(units))
            .await
            .ok()
            .and_then(Result::ok);
        Ok(Permit {
            _subject: of_subject,
            _server: of_server.ok_or(QuotaExceeded::Server(self.most))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(name: &str) -> Label {
        name.parse().unwrap()
    }

    #[test]
    fn one_subject_cannot_use_up_the_quota() {
        let quota = Quota::new(6, 4);
        let (ada, bob) = (subject("ada"), subject("bob"));
        let first = quota.try_acquire(&ada, 3).unwrap();
        assert_eq!(
            quota.try_acquire(&ada, 2).unwrap_err(),
            QuotaExceeded::Subject(4)
        );
        let second = quota.try_acquire(&bob, 3).unwrap();
        assert_eq!(
            quota.try_acquire(&bob, 1).unwrap_err(),
            QuotaExceeded::Server(6)
        );
        drop(first);
        assert!(
            quota.try_acquire(&ada, 100).is_err(),
            "three units are free, and the limit of a subject is four"
        );
        drop(second);
        assert!(quota.try_acquire(&ada, 100).is_ok());
    }

    #[test]
    fn subjects_without_a_permit_are_removed() {
        let quota = Quota::new(2, 1);
        let permit = quota.try_acquire(&subject("ada"), 1).unwrap();
        for number in 0..10 * SUBJECTS {
            drop(quota.try_acquire(&subject(&number.to_string()), 1).unwrap());
        }
        assert!(quota.subjects().len() <= SUBJECTS);
        assert!(
            quota.try_acquire(&subject("ada"), 1).is_err(),
            "a subject with a permit is not removed"
        );
        drop(permit);
    }

    #[tokio::test]
    async fn a_waiting_request_acquires_units_that_are_returned() {
        let quota = Arc::new(Quota::new(2, 1));
        let first = quota.try_acquire(&subject("ada"), 1).unwrap();
        assert_eq!(
            quota
                .acquire(&subject("ada"), 1, Duration::from_millis(20))
                .await
                .unwrap_err(),
            QuotaExceeded::Subject(1)
        );
        let waiting = tokio::spawn({
            let quota = quota.clone();
            async move {
                quota
                    .acquire(&subject("ada"), 1, Duration::from_mins(1))
                    .await
                    .is_ok()
            }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(waiting.await.unwrap());
    }
}
