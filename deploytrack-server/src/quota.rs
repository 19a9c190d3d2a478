//! How much of something a server gives away at once: in all, and to one subject, so that one caller leaves enough for the
//! others.

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

/// How long a request waits for what others have.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How many subjects are remembered before those that have nothing are forgotten.
const SUBJECTS: usize = 64;

/// A number of units to share, of which one subject can have a part.
#[derive(Debug)]
pub(crate) struct Shares {
    whole: Arc<Semaphore>,
    most: usize,
    most_of_subject: usize,
    subjects: Mutex<HashMap<Label, Arc<Semaphore>>>,
}

/// What somebody has of it, until this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    _of_subject: OwnedSemaphorePermit,
    _of_whole: OwnedSemaphorePermit,
}

/// Nothing is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exhausted {
    /// The subject has all that one subject can have: so many units.
    OfSubject(usize),
    /// All is given away: so many units.
    OfServer(usize),
}

impl Shares {
    /// So many units, of which one subject can have so many.
    pub(crate) fn new(most: usize, most_of_subject: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let most_of_subject = most_of_subject.clamp(1, most);
        Self { whole: Arc::new(Semaphore::new(most)), most, most_of_subject, subjects: Mutex::default() }
    }

    fn subjects(&self) -> MutexGuard<'_, HashMap<Label, Arc<Semaphore>>> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a subject can have.
    fn of(&self, subject: &Label) -> Arc<Semaphore> {
        let mut subjects = self.subjects();
        if subjects.len() >= SUBJECTS && !subjects.contains_key(subject) {
            subjects.retain(|_, of| Arc::strong_count(of) > 1 || of.available_permits() < self.most_of_subject);
        }
        subjects.entry(subject.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.most_of_subject))).clone()
    }

    /// So many units, or all that one subject can have if that is less.
    fn within(&self, units: usize) -> u32 {
        u32::try_from(units.clamp(1, self.most_of_subject)).unwrap_or(u32::MAX)
    }

    /// So many units for a subject, at once or not at all. Who asks for more than one subject can have gets that much.
    pub(crate) fn take(&self, subject: &Label, units: usize) -> Result<Share, Exhausted> {
        let units = self.within(units);
        let of_subject = self.of(subject).try_acquire_many_owned(units).map_err(|_| Exhausted::OfSubject(self.most_of_subject))?;
        let of_whole = self.whole.clone().try_acquire_many_owned(units).map_err(|_| Exhausted::OfServer(self.most))?;
        Ok(Share { _of_subject: of_subject, _of_whole: of_whole })
    }

    /// The same, waited for in turn, for so long at most.
    pub(crate) async fn wait(&self, subject: &Label, units: usize, patience: Duration) -> Result<Share, Exhausted> {
        let units = self.within(units);
        let of_subject = timeout(patience, self.of(subject).acquire_many_owned(units)).await.ok().and_then(Result::ok);
        let of_subject = of_subject.ok_or(Exhausted::OfSubject(self.most_of_subject))?;
        let of_whole = timeout(patience, self.whole.clone().acquire_many_owned(units)).await.ok().and_then(Result::ok);
        Ok(Share { _of_subject: of_subject, _of_whole: of_whole.ok_or(Exhausted::OfServer(self.most))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(name: &str) -> Label {
        name.parse().unwrap()
    }

    #[test]
    fn one_subject_leaves_enough_for_the_others() {
        let shares = Shares::new(6, 4);
        let (ada, bob) = (subject("ada"), subject("bob"));
        let first = shares.take(&ada, 3).unwrap();
        assert_eq!(shares.take(&ada, 2).unwrap_err(), Exhausted::OfSubject(4));
        let second = shares.take(&bob, 3).unwrap();
        assert_eq!(shares.take(&bob, 1).unwrap_err(), Exhausted::OfServer(6));
        drop(first);
        assert!(shares.take(&ada, 100).is_err(), "three are left, and four are all that one can have");
        drop(second);
        assert!(shares.take(&ada, 100).is_ok());
    }

    #[test]
    fn subjects_that_have_nothing_are_forgotten() {
        let shares = Shares::new(2, 1);
        let kept = shares.take(&subject("ada"), 1).unwrap();
        for number in 0..10 * SUBJECTS {
            drop(shares.take(&subject(&number.to_string()), 1).unwrap());
        }
        assert!(shares.subjects().len() <= SUBJECTS);
        assert!(shares.take(&subject("ada"), 1).is_err(), "who has something is not");
        drop(kept);
    }

    #[tokio::test]
    async fn who_waits_gets_what_comes_free() {
        let shares = Arc::new(Shares::new(2, 1));
        let first = shares.take(&subject("ada"), 1).unwrap();
        assert_eq!(shares.wait(&subject("ada"), 1, Duration::from_millis(20)).await.unwrap_err(), Exhausted::OfSubject(1));
        let waiting = tokio::spawn({
            let shares = shares.clone();
            async move { shares.wait(&subject("ada"), 1, Duration::from_mins(1)).await.is_ok() }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(waiting.await.unwrap());
    }
}
