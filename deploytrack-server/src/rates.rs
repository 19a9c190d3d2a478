//! Rates: how many requests one subject, or one address without a token, may send.
//!
//! A request with a valid token counts for its subject alone, so nobody else can use up its rate, and
//! hundreds of jobs behind one address have no common limit. Reads and writes count separately: a
//! dashboard that reads too much does not stop the pipeline with the same token. Health checks,
//! metrics without a token, and static files do not count.
//!
//! Each server process counts on its own. After a restart all rates begin anew.

mod limit;
mod limiter;
mod standing;

use std::{hash::Hash, net::IpAddr};

use deploytrack_core::text::Label;

pub use self::limit::{BadRateLimit, RateLimit};
pub(crate) use self::standing::{RateExceeded, Standing};
use self::{limit::Rate, limiter::Limiter};
use crate::connections::Origin;

/// The default limit of the reads of one subject in a minute, and the one of its writes: 10,000 a
/// second on average, and all of a minute at once. That is about what a small machine can answer, so
/// that it stops only a subject that never ends; a server with many subjects may need a lower one.
const OF_SUBJECT: u32 = 600_000;
/// The default limit of requests from one address in a minute that need no token.
const ANONYMOUS: u32 = 6_000;
/// The default limit of requests from one address in a minute that had no valid token.
const REFUSED: u32 = 6_000;

/// A rate: which requests count for it, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The reads of one subject.
    Reads,
    /// The writes of one subject.
    Writes,
    /// Requests from one address to an endpoint that needs no token and does some work: badges,
    /// logins.
    Anonymous,
    /// Requests from one address that were answered with 401.
    Refused,
}

impl Policy {
    /// Its name in the headers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Anonymous => "anonymous",
            Self::Refused => "refused",
        }
    }

    /// The setting of its limit.
    pub(crate) const fn setting(self) -> &'static str {
        match self {
            Self::Reads => "--rate-reads",
            Self::Writes => "--rate-writes",
            Self::Anonymous => "--rate-anonymous",
            Self::Refused => "--rate-refused",
        }
    }
}

/// The limits of all rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// The reads of one subject.
    pub reads: RateLimit,
    /// The writes of one subject.
    pub writes: RateLimit,
    /// Requests from one address to endpoints that need no token, such as badges and logins.
    pub anonymous: RateLimit,
    /// Requests from one address that were answered with 401.
    pub refused: RateLimit,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            reads: RateLimit::a_minute(OF_SUBJECT),
            writes: RateLimit::a_minute(OF_SUBJECT),
            anonymous: RateLimit::a_minute(ANONYMOUS),
            refused: RateLimit::a_minute(REFUSED),
        }
    }
}

impl RateLimits {
    /// No limit at all.
    pub const OFF: Self = Self {
        reads: RateLimit::OFF,
        writes: RateLimit::OFF,
        anonymous: RateLimit::OFF,
        refused: RateLimit::OFF,
    };
}

/// The requests counted so far. A rate without a limiter is off.
pub(crate) struct Rates {
    reads: Option<Limiter>,
    writes: Option<Limiter>,
    anonymous: Option<Limiter>,
    refused: Option<Limiter>,
}

impl Rates {
    pub(crate) fn new(limits: RateLimits) -> Self {
        let limiter = |policy, limit: RateLimit| Some(Limiter::new(policy, limit.rate()?));
        Self {
            reads: limiter(Policy::Reads, limits.reads),
            writes: limiter(Policy::Writes, limits.writes),
            anonymous: limiter(Policy::Anonymous, limits.anonymous),
            refused: limiter(Policy::Refused, limits.refused),
        }
    }

    /// Counts a read or a write of a subject. The rate of a wall is its own: a subject may have the same
    /// name.
    pub(crate) fn count_subject(
        &self,
        is_read: bool,
        is_wall: bool,
        subject: &Label,
    ) -> Result<Option<Standing>, RateExceeded> {
        let limiter = if is_read { &self.reads } else { &self.writes };
        count(limiter.as_ref(), &(is_wall, subject))
    }

    /// Counts a request from an address to an endpoint that needs no token.
    pub(crate) fn count_anonymous(
        &self,
        address: IpAddr,
    ) -> Result<Option<Standing>, RateExceeded> {
        count(self.anonymous.as_ref(), &Origin::of(address))
    }

    /// Counts a request from an address that had no valid token. A valid token is not refused for the
    /// faults of others behind the same address.
    pub(crate) fn count_refused(&self, address: IpAddr) -> Result<(), RateExceeded> {
        count(self.refused.as_ref(), &Origin::of(address)).map(drop)
    }
}

fn count(limiter: Option<&Limiter>, key: &impl Hash) -> Result<Option<Standing>, RateExceeded> {
    limiter.map(|limiter| limiter.count(key)).transpose()
}

/// What one subject gets beyond the default rate of reads, for an example.
pub(crate) fn exceeded_reads() -> RateExceeded {
    RateExceeded::example(Policy::Reads, Rate::a_minute(OF_SUBJECT))
}

#[cfg(test)]
mod tests;
