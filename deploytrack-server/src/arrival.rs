//! The bodies that are arriving, and their common bounds.
//!
//! A small body costs no more than the buffer of its connection. A larger one reserves its whole
//! length before it is read, so that the bytes of all bodies in memory have one bound, and no two
//! bodies wait for each other. The reservation lasts until the body is parsed.

use std::{sync::Arc, time::Duration};

use deploytrack_core::api::IMPORT_BYTES;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::{connections::ConnectionLimits, limits::BODY_TIMEOUT, refusal::Refusal};

/// The most bytes of a body that reserves nothing.
pub(crate) const SMALL: usize = 64 * 1024;
/// The most bytes of all larger bodies together: four of the largest.
pub(crate) const MOST_BYTES: usize = 4 * IMPORT_BYTES;
/// The most bodies that wait for a reservation.
const MOST_WAITING: usize = 64;
/// The bytes a second that must have arrived, on average, after the first seconds.
const LEAST_RATE: f64 = 8.0 * 1024.0;

/// How long things may take.
#[derive(Clone, Copy)]
struct Patience {
    /// A body that waits for a reservation.
    reservation: Duration,
    /// A body that does not count as a slow one.
    soon: Duration,
    /// A body that may arrive at any rate.
    any_rate: Duration,
}

const PATIENCE: Patience = Patience {
    reservation: Duration::from_secs(10),
    soon: Duration::from_millis(250),
    any_rate: Duration::from_secs(10),
};

/// The room for bodies that are arriving.
pub(crate) struct Arrivals {
    /// In units of [`SMALL`].
    bytes: Arc<Semaphore>,
    waiting: Semaphore,
    slow: Arc<Semaphore>,
    patience: Patience,
}

impl Arrivals {
    /// A quarter of the connections may carry slow bodies.
    pub(crate) fn new(limits: ConnectionLimits) -> Self {
        Self::with_patience(limits, PATIENCE)
    }

    fn with_patience(limits: ConnectionLimits, patience: Patience) -> Self {
        Self {
            patience,
            bytes: Arc::new(Semaphore::new(MOST_BYTES / SMALL)),
            waiting: Semaphore::new(MOST_WAITING),
            slow: Arc::new(Semaphore::new(
                (limits.connections / 4).clamp(1, Semaphore::MAX_PERMITS),
            )),
        }
    }

    /// Reserves room for a body of so many bytes.
    pub(crate) async fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let units = u32::try_from(bytes.div_ceil(SMALL)).map_err(|_| Refusal::TooManyBodies)?;
        if let Ok(room) = Arc::clone(&self.bytes).try_acquire_many_owned(units) {
            return Ok(room);
        }
        let _waiting = self
            .waiting
            .try_acquire()
            .map_err(|_| Refusal::TooManyBodies)?;
        let room = timeout(
            self.patience.reservation,
            Arc::clone(&self.bytes).acquire_many_owned(units),
        )
        .await;
        room.ok().and_then(Result::ok).ok_or(Refusal::TooManyBodies)
    }

    /// The clock of a body that begins to arrive now.
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            started: Instant::now(),
            patience: self.patience,
            slow: Arc::clone(&self.slow),
            counted: None,
        }
    }
}

/// How fast a body arrives.
pub(crate) struct Pace {
    started: Instant,
    patience: Patience,
    slow: Arc<Semaphore>,
    /// The count of a slow body.
    counted: Option<OwnedSemaphorePermit>,
}

impl Pace {
    /// Waits for the next part of a body of which so many bytes have arrived.
    pub(crate) async fn next<T>(
        &mut self,
        arrived: usize,
        part: impl Future<Output = T>,
    ) -> Result<T, Refusal> {
        let mut part = std::pin::pin!(part);
        if self.counted.is_none() {
            let soon =
                (self.started + self.patience.soon).saturating_duration_since(Instant::now());
            if let Ok(part) = timeout(soon, part.as_mut()).await {
                return Ok(part);
            }
            self.counted = Some(
                Arc::clone(&self.slow)
                    .try_acquire_owned()
                    .map_err(|_| Refusal::TooManySlowBodies)?,
            );
        }
        let left = (self.started + self.patience.allowed(arrived))
            .saturating_duration_since(Instant::now());
        timeout(left, part).await.map_err(|_| Refusal::TooSlow)
    }
}

impl Patience {
    /// How long after the start of a body its next byte must arrive.
    fn allowed(self, arrived: usize) -> Duration {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a body has far fewer bytes than a double tells apart"
        )]
        let earned = Duration::from_secs_f64(arrived as f64 / LEAST_RATE);
        (self.any_rate + earned).min(BODY_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::future::join_all;

    use super::*;

    const SHORT: Patience = Patience {
        reservation: Duration::from_millis(50),
        soon: Duration::from_millis(50),
        any_rate: Duration::from_millis(300),
    };

    fn arrivals(connections: usize, patience: Patience) -> Arc<Arrivals> {
        Arc::new(Arrivals::with_patience(
            ConnectionLimits::of(connections),
            patience,
        ))
    }

    #[test]
    fn a_slow_body_must_reach_a_rate() {
        let seconds = |arrived| PATIENCE.allowed(arrived).as_secs();
        assert_eq!(
            [0, 10, 80 * 1024, 160 * 1024, 8 * 1024 * 1024].map(seconds),
            [10, 10, 20, 30, 30]
        );
    }

    #[tokio::test]
    async fn a_byte_now_and_then_is_given_up() {
        let mut pace = arrivals(8, SHORT).pace();
        let mut arrived = 0;
        let given_up = loop {
            match pace
                .next(arrived, tokio::time::sleep(Duration::from_millis(40)))
                .await
            {
                Ok(()) => arrived += 1,
                Err(refusal) => break refusal,
            }
        };
        assert!(matches!(given_up, Refusal::TooSlow));
        assert!(arrived < 8, "{arrived}");
    }

    #[tokio::test]
    async fn a_quarter_of_the_connections_carry_slow_bodies_and_fast_ones_are_not_counted() {
        let arrivals = arrivals(
            8,
            Patience {
                any_rate: Duration::from_hours(1),
                ..SHORT
            },
        );
        let slow: Vec<_> = (0..2).map(|_| arrivals.pace()).collect();
        let slow = slow
            .into_iter()
            .map(|mut pace| tokio::spawn(async move { pace.next(0, pending::<()>()).await }));
        let slow: Vec<_> = slow.collect();
        while arrivals.slow.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut third = arrivals.pace();
        assert!(third.next(0, ready(())).await.is_ok());
        assert!(matches!(
            third.next(0, pending::<()>()).await,
            Err(Refusal::TooManySlowBodies)
        ));
        slow.iter().for_each(tokio::task::JoinHandle::abort);
        join_all(slow).await;
        assert_eq!(
            arrivals.slow.available_permits(),
            2,
            "a body that is given up does not count"
        );
    }

    #[tokio::test]
    async fn the_bytes_of_all_bodies_have_one_bound() {
        let arrivals = arrivals(
            1000,
            Patience {
                reservation: Duration::from_hours(1),
                ..SHORT
            },
        );
        let four: Vec<_> = join_all((0..4).map(|_| arrivals.reserve(IMPORT_BYTES))).await;
        assert!(four.iter().all(Result::is_ok));
        let waiting = (0..MOST_WAITING).map(|_| {
            let arrivals = Arc::clone(&arrivals);
            tokio::spawn(async move { arrivals.reserve(SMALL + 1).await.is_ok() })
        });
        let waiting: Vec<_> = waiting.collect();
        while arrivals.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(
            matches!(
                arrivals.reserve(SMALL + 1).await,
                Err(Refusal::TooManyBodies)
            ),
            "one too many does not wait"
        );
        drop(four);
        assert!(join_all(waiting).await.into_iter().all(Result::unwrap));
    }

    #[tokio::test]
    async fn a_body_waits_for_its_reservation_for_a_bounded_time() {
        let arrivals = arrivals(1000, SHORT);
        let _four: Vec<_> = join_all((0..4).map(|_| arrivals.reserve(IMPORT_BYTES))).await;
        assert!(matches!(
            arrivals.reserve(SMALL + 1).await,
            Err(Refusal::TooManyBodies)
        ));
    }
}
