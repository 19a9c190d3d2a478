//! The counter of one rate.
//!
//! The algorithm is the one of the crate `governor` (GCRA): a request moves one point in time for its
//! key, and is refused if that point is too far ahead. A key is a hash with a random seed, so a long
//! subject takes no more memory than a short one, and nobody can choose colliding names.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    sync::Arc,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::StateInformationMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, StateStore},
};
use http::HeaderValue;
use quick_cache::{UnitWeighter, sync::Cache};

use super::{Policy, RateExceeded, Standing, limit::Rate};

/// The most keys of one rate that are stored. Beyond it the one that was used least is forgotten,
/// and its rate begins anew: a crowd of addresses costs no more than about 5 MB, and shuts out nobody.
pub(super) const MOST_KEYS: u64 = 32_768;
/// The number of keys for which there is room at first.
const USUAL_KEYS: usize = 512;

/// The counter of one rate.
pub(super) struct Limiter<C: Clock = MonotonicClock> {
    policy: Policy,
    rate: Rate,
    policy_text: HeaderValue,
    seed: RandomState,
    clock: C,
    governor: RateLimiter<u64, States, C, StateInformationMiddleware>,
}

impl Limiter {
    pub(super) fn new(policy: Policy, rate: Rate) -> Self {
        Self::with_clock(policy, rate, MonotonicClock)
    }
}

impl<C: Clock + Clone> Limiter<C> {
    pub(super) fn with_clock(policy: Policy, rate: Rate, clock: C) -> Self {
        let period = rate.window() / rate.requests.get();
        // The period is at least a nanosecond: a limit has at most 10^9 requests.
        let quota = Quota::with_period(period)
            .unwrap_or(Quota::per_second(rate.requests))
            .allow_burst(rate.requests);
        let text = format!(
            "\"{}\";q={};w={}",
            policy.name(),
            rate.requests,
            rate.window().as_secs()
        );
        Self {
            policy,
            rate,
            policy_text: HeaderValue::try_from(text)
                .unwrap_or(HeaderValue::from_static("\"default\"")),
            seed: RandomState::new(),
            governor: RateLimiter::new(quota, States::default(), clock.clone()),
            clock,
        }
    }

    /// Counts a request of a key.
    pub(super) fn count(&self, key: &impl Hash) -> Result<Standing, RateExceeded> {
        match self.governor.check_key(&self.seed.hash_one(key)) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let used = self.rate.requests.get().saturating_sub(remaining);
                let reset = self
                    .rate
                    .window()
                    .mul_f64(f64::from(used) / f64::from(self.rate.requests.get()));
                Ok(self.standing(remaining, reset))
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                Err(RateExceeded {
                    rate: self.rate,
                    standing: self.standing(0, wait),
                })
            }
        }
    }

    fn standing(&self, remaining: u32, reset: std::time::Duration) -> Standing {
        Standing {
            policy_text: self.policy_text.clone(),
            policy: self.policy,
            remaining,
            reset,
        }
    }

    /// The number of keys that are stored.
    #[cfg(test)]
    pub(super) fn into_keys(self) -> usize {
        self.governor.into_state_store().0.len()
    }
}

/// The states of the keys, with a bound on their number.
struct States(Cache<u64, Arc<InMemoryState>>);

impl Default for States {
    fn default() -> Self {
        Self(Cache::with_weighter(USUAL_KEYS, MOST_KEYS, UnitWeighter))
    }
}

impl StateStore for States {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let state = self.0.get(key).unwrap_or_else(|| self.add(*key));
        state.measure_and_replace(&NotKeyed::NonKey, f)
    }
}

impl States {
    /// The state of a new key. Two requests that add the same key at once use one state.
    fn add(&self, key: u64) -> Arc<InMemoryState> {
        let added = self
            .0
            .get_or_insert_with(&key, || Ok::<_, std::convert::Infallible>(Arc::default()));
        let Ok(state) = added;
        state
    }
}
