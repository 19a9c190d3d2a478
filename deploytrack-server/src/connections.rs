//! The open connections, their limits, and the eviction of an idle one when there is no room for a
//! new one.
//!
//! Silent callers must not lock out others, so a new connection evicts the one that has waited
//! longest for a request. The limit of an address counts only connections that never carried a
//! valid token: one address may belong to a company's network, a reverse proxy or many CI runners.

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
use tokio_util::sync::CancellationToken;

pub(crate) use self::connection::Connection;
pub(crate) use self::origin::Origin;
use self::{
    connection::Seat,
    phase::{Phase, State},
};

mod connection;
mod origin;
mod phase;
#[cfg(test)]
mod tests;

/// The most connections above the limit. Their requests for `/healthz` and `/readyz` are answered,
/// other requests wait for a place within the limit.
pub(crate) const RESERVE: usize = 16;
/// Connections to the listener for health checks: probes are few and short.
pub(crate) const HEALTH_CONNECTIONS: ConnectionLimits = ConnectionLimits {
    connections: 32,
    per_address: 16,
};
/// Connections to the listener for metrics, as few.
pub(crate) const METRICS_CONNECTIONS: ConnectionLimits = HEALTH_CONNECTIONS;
/// How long a request waits for a place.
const PLACE_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between two attempts to evict a connection, and the time that an evicted one needs to
/// close.
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
        let (quarter, least) = (
            connections / 4,
            if connections < RESERVE {
                connections
            } else {
                RESERVE
            },
        );
        Self {
            connections,
            per_address: if quarter < least { least } else { quarter },
        }
    }

    /// The reserve: small where few connections are served, since there are few open files then.
    fn reserve(self) -> usize {
        RESERVE.min(self.connections.div_ceil(4))
    }
}

/// The connections that are open.
pub(crate) struct Connections {
    limits: ConnectionLimits,
    /// A place for each connection within the limit.
    places: Arc<Semaphore>,
    /// Requests that may wait for a place: half of the reserve, so that the other half can answer
    /// health checks.
    waiting: Semaphore,
    open: Mutex<Open>,
    /// Notified whenever a connection has ended.
    ended: Notify,
    started: Instant,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Shared>>,
    /// The number of connections per address that never carried a valid token, and of requests in
    /// progress without one that trusted proxies pass on.
    unauthenticated: HashMap<Origin, usize>,
}

impl Open {
    fn count_in(&mut self, origin: Origin) {
        *self.unauthenticated.entry(origin).or_default() += 1;
    }

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
    /// The origin for which the connection counts; none for a trusted proxy.
    origin: Option<Origin>,
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
        self.state
            .compare_exchange(from.into(), to.into(), Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            places: Arc::new(Semaphore::new(
                limits.connections.min(Semaphore::MAX_PERMITS),
            )),
            waiting: Semaphore::new(limits.reserve().div_ceil(2)),
            open: Mutex::default(),
            ended: Notify::new(),
            started: Instant::now(),
        })
    }

    /// The number of open connections.
    pub(crate) fn count(&self) -> usize {
        self.open().connections.len()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a new connection, and evicts an idle one where its address or the server is at the
    /// limit. Waits while all connections are busy. Returns `None` when the address is at its limit
    /// and all its connections are busy. A connection without an address is that of a trusted proxy:
    /// its requests count for their clients.
    pub(super) async fn admit(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Connection> {
        let origin = address.map(Origin::of);
        // The place of an evicted connection comes free: no second one is evicted for it.
        let mut comes_free = false;
        if origin.is_some_and(|origin| self.is_at_limit(origin)) {
            comes_free = self.evict(|one| one.origin == origin && !one.state().is_authenticated());
            if !comes_free {
                return None;
            }
        }
        loop {
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return Some(self.add(origin, Some(place)));
            }
            if std::mem::take(&mut comes_free) || self.evict_for_place() {
                let _ = timeout(PAUSE, ended.as_mut()).await;
            }
            let place = Arc::clone(&self.places).try_acquire_owned().ok();
            if place.is_some()
                || self.open().connections.len() < self.limits.connections + self.limits.reserve()
            {
                return Some(self.add(origin, place));
            }
            // A connection of the reserve has a moment to send its request before the next one
            // takes its room.
            if timeout(PAUSE, ended).await.is_err() {
                self.evict(|_| true);
            }
        }
    }

    /// Whether an address has as many connections as it may have without a valid token.
    fn is_at_limit(&self, origin: Origin) -> bool {
        let open = self.open();
        let count = open.unauthenticated.get(&origin).copied().unwrap_or(0);
        count >= self.limits.per_address
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

    /// Waits for a place, at first a moment for one that is coming free. Half of the reserve may
    /// wait longer.
    async fn wait_for_place(&self) -> Option<OwnedSemaphorePermit> {
        let mut place = pin!(Arc::clone(&self.places).acquire_owned());
        if let Ok(place) = timeout(PAUSE, place.as_mut()).await {
            return place.ok();
        }
        let _waiting = self.waiting.try_acquire().ok()?;
        self.evict_for_place();
        timeout(PLACE_TIMEOUT, place).await.ok()?.ok()
    }

    fn add(
        self: &Arc<Self>,
        origin: Option<Origin>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Connection {
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
        if let Some(origin) = origin {
            open.count_in(origin);
        }
        drop(open);
        Connection::of(Seat {
            id,
            shared,
            place: Mutex::new(place),
            client: Mutex::default(),
            connections: Arc::clone(self),
        })
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
            let candidates = candidates.filter_map(|(id, one)| {
                one.state()
                    .eviction_rank(now)
                    .map(|rank| ((rank, *id), one.state(), one))
            });
            let Some((_, seen, one)) = candidates.min_by_key(|(rank, ..)| *rank) else {
                return false;
            };
            // A request may have arrived since; the loop then looks for another connection.
            if one.replace(seen, seen.entering(Phase::Evicted, now)) {
                one.evicted.cancel();
                return true;
            }
        }
    }
}
