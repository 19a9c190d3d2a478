//! The open connections, their limits, and the eviction of an idle one when there is no room for a new one.
//!
//! Silent callers must not lock out others, so a new connection evicts the one that has waited longest for a request. The
//! limit of an address counts only connections that never carried a valid token: one address may belong to a company's
//! network, a reverse proxy or many CI runners.

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use self::{
    origin::Origin,
    phase::{Phase, State},
};

mod origin;
mod phase;
#[cfg(test)]
mod tests;

/// The most connections above the limit. Their requests for `/healthz` and `/readyz` are answered, other requests wait for a
/// place within the limit.
pub(crate) const RESERVE: usize = 16;
/// How long a request waits for a place.
const PLACE_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between two attempts to evict a connection, and the time that an evicted one needs to close.
const PAUSE: Duration = Duration::from_millis(50);

/// The limits of open connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections that are served at once.
    pub connections: usize,
    /// Connections from one address that never carried a valid token.
    pub per_address: usize,
}

impl ConnectionLimits {
    /// So many connections, a quarter of them from one address.
    #[must_use]
    pub const fn of(connections: usize) -> Self {
        let (quarter, least) = (connections / 4, if connections < RESERVE { connections } else { RESERVE });
        Self { connections, per_address: if quarter < least { least } else { quarter } }
    }

    /// The reserve: small where few connections are served, since there are few open files then.
    fn reserve(self) -> usize {
        RESERVE.min(self.connections.div_ceil(4))
    }
}

/// The connections that are open.
pub(super) struct Connections {
    limits: ConnectionLimits,
    /// A place for each connection within the limit.
    places: Arc<Semaphore>,
    /// Requests that may wait for a place: half of the reserve, so that the other half can answer health checks.
    waiting: Arc<Semaphore>,
    open: Mutex<Open>,
    /// Notified whenever a connection has ended.
    ended: Notify,
    started: Instant,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Shared>>,
    /// The number of connections per address that never carried a valid token.
    unauthenticated: HashMap<Origin, usize>,
}

impl Open {
    fn count_out(&mut self, origin: Origin) {
        if let Some(count) = self.unauthenticated.get_mut(&origin) {
            *count -= 1;
            if *count == 0 {
                self.unauthenticated.remove(&origin);
            }
        }
    }
}

/// What the list and the task of a connection share.
struct Shared {
    origin: Origin,
    state: AtomicU64,
    has_place: AtomicBool,
    evicted: CancellationToken,
}

impl Shared {
    fn state(&self) -> State {
        State::from(self.state.load(Ordering::Acquire))
    }

    fn holds_place(&self) -> bool {
        self.has_place.load(Ordering::Acquire)
    }

    fn replace(&self, from: State, to: State) -> bool {
        self.state.compare_exchange(from.into(), to.into(), Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            places: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            waiting: Arc::new(Semaphore::new(limits.reserve().div_ceil(2))),
            open: Mutex::default(),
            ended: Notify::new(),
            started: Instant::now(),
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a new connection, and evicts an idle one where its address or the server is at the limit. Waits while all
    /// connections are busy. Returns `None` when the address is at its limit and all its connections are busy.
    pub(super) async fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Connection> {
        let origin = Origin::of(address);
        let unauthenticated = self.open().unauthenticated.get(&origin).copied().unwrap_or(0);
        if unauthenticated >= self.limits.per_address && !self.evict(|one| one.origin == origin && !one.state().is_authenticated()) {
            return None;
        }
        loop {
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return Some(self.add(origin, Some(place)));
            }
            if self.evict_for_place() {
                let _ = timeout(PAUSE, ended.as_mut()).await;
            }
            let place = Arc::clone(&self.places).try_acquire_owned().ok();
            if place.is_some() || self.open().connections.len() < self.limits.connections + self.limits.reserve() {
                return Some(self.add(origin, place));
            }
            // A connection of the reserve has a moment to send its request before the next one takes its room.
            if timeout(PAUSE, ended).await.is_err() {
                self.evict(|_| true);
            }
        }
    }

    /// Evicts the connection that has waited longest, as when no further file can be opened.
    pub(super) fn make_room(&self) {
        self.evict(|_| true);
    }

    /// Evicts a connection within the limit, so that its place comes free.
    fn evict_for_place(&self) -> bool {
        let now = self.now();
        self.evict(|one| one.holds_place() && !one.state().is_young(now))
    }

    fn add(self: &Arc<Self>, origin: Origin, place: Option<OwnedSemaphorePermit>) -> Connection {
        let shared = Arc::new(Shared {
            origin,
            state: AtomicU64::new(State::new(Phase::New, self.now()).into()),
            has_place: place.is_some().into(),
            evicted: CancellationToken::new(),
        });
        let mut open = self.open();
        open.next += 1;
        let id = open.next;
        open.connections.insert(id, Arc::clone(&shared));
        *open.unauthenticated.entry(origin).or_default() += 1;
        drop(open);
        Connection(Arc::new(Seat { id, shared, place: Mutex::new(place), connections: Arc::clone(self) }))
    }

    /// Milliseconds since the start.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Ends one of these connections. Returns false when all of them are busy.
    fn evict(&self, of: impl Fn(&Shared) -> bool) -> bool {
        let (now, open) = (self.now(), self.open());
        loop {
            let candidates = open.connections.iter().filter(|(_, one)| of(one));
            let candidates = candidates.filter_map(|(id, one)| one.state().eviction_rank(now).map(|rank| ((rank, *id), one.state(), one)));
            let Some((_, seen, one)) = candidates.min_by_key(|(rank, ..)| *rank) else { return false };
            // A request may have arrived since; the loop then looks for another connection.
            if one.replace(seen, seen.entering(Phase::Evicted, now)) {
                one.evicted.cancel();
                return true;
            }
        }
    }
}

/// An open connection, for the task that serves it. Its last copy removes it from the list.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Seat>);

struct Seat {
    id: u64,
    shared: Arc<Shared>,
    place: Mutex<Option<OwnedSemaphorePermit>>,
    connections: Arc<Connections>,
}

impl Connection {
    /// Enters the phase that follows from the present one, if any. Returns false when the connection is evicted.
    fn advance(&self, next: impl Fn(Phase) -> Option<Phase>) -> bool {
        loop {
            let state = self.0.shared.state();
            if state.phase() == Phase::Evicted {
                return false;
            }
            let Some(phase) = next(state.phase()) else { return true };
            if self.0.shared.replace(state, state.entering(phase, self.0.connections.now())) {
                return true;
            }
        }
    }

    /// There was nothing to read.
    pub(super) fn waited(&self) {
        self.advance(|phase| (phase == Phase::New).then_some(Phase::Silent));
    }

    /// Bytes have arrived.
    pub(super) fn received(&self) {
        self.advance(|phase| matches!(phase, Phase::New | Phase::Silent | Phase::Idle).then_some(Phase::Head));
    }

    /// The head of a request has arrived. Returns false when the connection is evicted: the request must not be carried
    /// out then.
    #[must_use]
    pub(super) fn begin_request(&self) -> bool {
        self.advance(|_| Some(Phase::Request))
    }

    /// The answer is ready to be sent.
    pub(super) fn begin_answer(&self) {
        self.advance(|_| Some(Phase::Answer));
    }

    /// The last part of the answer is in the buffer.
    pub(super) fn buffered_answer(&self) {
        self.advance(|phase| (phase == Phase::Answer).then_some(Phase::LastPart));
    }

    /// The buffer is empty.
    pub(super) fn flushed(&self) {
        self.advance(|phase| (phase == Phase::LastPart).then_some(Phase::Idle));
    }

    /// No further request is read.
    pub(super) fn begin_end(&self) {
        self.advance(|_| Some(Phase::Ending));
    }

    /// Waits until the connection is evicted.
    pub(super) fn evicted(&self) -> WaitForCancellationFutureOwned {
        self.0.shared.evicted.clone().cancelled_owned()
    }

    /// The connection has carried a valid token: it no longer counts for its address.
    pub(crate) fn authenticated(&self) {
        if self.0.shared.state().is_authenticated() {
            return;
        }
        let before = self.0.shared.state.fetch_or(State::AUTHENTICATED, Ordering::AcqRel);
        if !State::from(before).is_authenticated() {
            self.0.connections.open().count_out(self.0.shared.origin);
        }
    }

    /// Whether the connection is within the limit.
    pub(super) fn has_place(&self) -> bool {
        self.0.shared.holds_place()
    }

    /// Waits for a place within the limit, if the connection has none. Returns false when there is none in time.
    pub(crate) async fn take_place(&self) -> bool {
        if self.has_place() {
            return true;
        }
        let connections = &self.0.connections;
        let mut place = pin!(Arc::clone(&connections.places).acquire_owned());
        let soon = timeout(PAUSE, place.as_mut()).await;
        let Ok(place) = (match soon {
            Ok(place) => place,
            Err(_) => {
                let Ok(_waiting) = Arc::clone(&connections.waiting).try_acquire_owned() else { return false };
                connections.evict_for_place();
                let Ok(place) = timeout(PLACE_TIMEOUT, place).await else { return false };
                place
            }
        }) else {
            return false;
        };
        *self.0.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        self.0.shared.has_place.store(true, Ordering::Release);
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.connections.remove(&self.id);
        if !self.shared.state().is_authenticated() {
            open.count_out(self.shared.origin);
        }
        drop(open);
        *self.place.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
        self.connections.ended.notify_waiters();
    }
}
