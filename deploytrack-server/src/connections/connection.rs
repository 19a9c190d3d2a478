//! A connection, as the task that serves it sees it.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{
    Connections, Shared,
    origin::Origin,
    phase::{Phase, State},
};

/// An open connection, for the task that serves it. Its last copy removes it from the list.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Seat>);

/// A connection on the list.
pub(super) struct Seat {
    pub(super) id: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) place: Mutex<Option<OwnedSemaphorePermit>>,
    /// The origin for which the request in progress counts, if a trusted proxy passes it on.
    pub(super) client: Mutex<Option<Origin>>,
    pub(super) connections: Arc<Connections>,
}

impl Connection {
    pub(super) fn of(seat: Seat) -> Self {
        Self(Arc::new(seat))
    }

    /// Enters the phase that follows from the present one, if any. Returns false when the
    /// connection is evicted.
    fn advance(&self, next: impl Fn(Phase) -> Option<Phase>) -> bool {
        loop {
            let state = self.0.shared.state();
            if state.phase() == Phase::Evicted {
                return false;
            }
            let Some(phase) = next(state.phase()) else {
                return true;
            };
            if self
                .0
                .shared
                .replace(state, state.entering(phase, self.0.connections.now()))
            {
                return true;
            }
        }
    }

    /// There was nothing to read.
    pub(crate) fn waited(&self) {
        self.advance(|phase| (phase == Phase::New).then_some(Phase::Silent));
    }

    /// Bytes have arrived.
    pub(crate) fn received(&self) {
        self.advance(|phase| {
            matches!(phase, Phase::New | Phase::Silent | Phase::Idle).then_some(Phase::Head)
        });
    }

    /// The head of a request has arrived. Returns false when the connection is evicted: the request
    /// must not be carried out then.
    #[must_use]
    pub(crate) fn begin_request(&self) -> bool {
        self.advance(|_| Some(Phase::Request))
    }

    /// The answer is ready to be sent.
    pub(crate) fn begin_answer(&self) {
        self.advance(|_| Some(Phase::Answer));
    }

    /// The last part of the answer is in the buffer.
    pub(crate) fn buffered_answer(&self) {
        self.advance(|phase| (phase == Phase::Answer).then_some(Phase::LastPart));
    }

    /// The buffer is empty.
    pub(crate) fn flushed(&self) {
        if self.0.shared.state().phase() == Phase::LastPart {
            self.0.count_for(None);
        }
        self.advance(|phase| (phase == Phase::LastPart).then_some(Phase::Idle));
    }

    /// No further request is read.
    pub(crate) fn begin_end(&self) {
        self.advance(|_| Some(Phase::Ending));
    }

    /// Waits until the connection is evicted.
    pub(crate) fn evicted(&self) -> WaitForCancellationFutureOwned {
        self.0.shared.evicted.clone().cancelled_owned()
    }

    /// The connection has carried a valid token: it no longer counts for its address.
    pub(crate) fn authenticated(&self) {
        if self.0.shared.state().is_authenticated() {
            return;
        }
        let before = self
            .0
            .shared
            .state
            .fetch_or(State::AUTHENTICATED, Ordering::AcqRel);
        if let Some(origin) = self.0.shared.origin
            && !State::from(before).is_authenticated()
        {
            self.0.connections.open().count_out(origin);
        }
    }

    /// Counts a request without a valid token for the client that a trusted proxy names, until its
    /// answer is sent. Returns false when the address of the client is at its limit. Another
    /// connection counts for its address itself.
    #[must_use]
    pub(crate) fn count_for(&self, client: IpAddr) -> bool {
        let origin = Origin::of(client);
        if self.0.shared.origin.is_some() {
            return true;
        }
        if self.0.connections.is_at_limit(origin) {
            return false;
        }
        self.0.count_for(Some(origin));
        true
    }

    /// Whether the connection is within the limit.
    pub(crate) fn has_place(&self) -> bool {
        self.0.shared.holds_place()
    }

    /// Waits for a place within the limit, if the connection has none. Returns false when there is
    /// none in time.
    pub(crate) async fn take_place(&self) -> bool {
        if self.has_place() {
            return true;
        }
        let Some(place) = self.0.connections.wait_for_place().await else {
            return false;
        };
        *self.0.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        self.0.shared.has_place.store(true, Ordering::Release);
        true
    }
}

impl Seat {
    /// Counts the request in progress for this origin in place of the former one.
    fn count_for(&self, origin: Option<Origin>) {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let mut open = self.connections.open();
        if let Some(former) = std::mem::replace(&mut *client, origin) {
            open.count_out(former);
        }
        if let Some(origin) = origin {
            open.count_in(origin);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.count_for(None);
        let mut open = self.connections.open();
        open.connections.remove(&self.id);
        if let Some(origin) = self.shared.origin
            && !self.shared.state().is_authenticated()
        {
            open.count_out(origin);
        }
        drop(open);
        *self.place.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
        self.connections.ended.notify_waiters();
    }
}
