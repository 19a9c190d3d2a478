//! The phases of a connection, and the order of eviction.

/// The milliseconds after which a connection without a valid token may be evicted while its answer
/// is sent.
const SLOW_ANSWER: u64 = 10_000;
/// The milliseconds without a byte after which a connection counts as a silent one. The first bytes
/// of an honest caller may come a little after the connection: it must not be evicted before
/// hostile ones that have sent a part of a head.
const SILENT: u64 = 1000;
/// The milliseconds that a connection has to send the next bytes. Where few connections are served,
/// a flood of new ones would otherwise evict an honest caller before its request is read.
const YOUNG: u64 = 50;

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Accepted, and not read from yet: a request may be in the system's buffer.
    New,
    /// No byte has arrived yet.
    Silent,
    /// The last answer was sent, and no byte has arrived since.
    Idle,
    /// A part of the head of a request has arrived.
    Head,
    /// A request is carried out; its body may still be arriving.
    Request,
    /// An answer is being sent.
    Answer,
    /// The last part of an answer is in the buffer.
    LastPart,
    /// The last answer was sent; further bytes are read and dropped.
    Ending,
    /// The connection is closed to make room.
    Evicted,
}

impl Phase {
    const ALL: [Self; 9] = [
        Self::New,
        Self::Silent,
        Self::Idle,
        Self::Head,
        Self::Request,
        Self::Answer,
        Self::LastPart,
        Self::Ending,
        Self::Evicted,
    ];
}

/// The phase of a connection, its start, and whether the connection has carried a valid token. One
/// number holds all three, so that they change together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State(u64);

/// The order of eviction: lower kinds first, and within a kind the one that has waited longest.
pub(super) type Rank = (u8, u64);

impl State {
    /// The bit of a connection that has carried a valid token.
    pub(super) const AUTHENTICATED: u64 = 1 << 4;
    const SINCE: u32 = 5;

    pub(super) fn new(phase: Phase, since: u64) -> Self {
        Self(since << Self::SINCE | phase as u64)
    }

    /// The state after a change of phase.
    pub(super) fn entering(self, phase: Phase, now: u64) -> Self {
        Self(Self::new(phase, now).0 | self.0 & Self::AUTHENTICATED)
    }

    pub(super) fn phase(self) -> Phase {
        Phase::ALL
            .into_iter()
            .find(|phase| *phase as u64 == self.0 & 15)
            .unwrap_or(Phase::Evicted)
    }

    pub(super) fn is_authenticated(self) -> bool {
        self.0 & Self::AUTHENTICATED != 0
    }

    fn since(self) -> u64 {
        self.0 >> Self::SINCE
    }

    /// Whether the connection waits for a request only since a moment: the next bytes may be under
    /// way.
    pub(super) fn is_young(self, now: u64) -> bool {
        matches!(self.phase(), Phase::Silent | Phase::Idle | Phase::Head)
            && now.saturating_sub(self.since()) < YOUNG
    }

    /// The rank of a connection that may be evicted. A connection with a request in progress has
    /// none. A slow reader without a token costs a connection as a silent caller does, so its
    /// answer may be cut short.
    pub(super) fn eviction_rank(self, now: u64) -> Option<Rank> {
        let waited = now.saturating_sub(self.since());
        let kind = match (self.phase(), self.is_authenticated()) {
            (Phase::Silent, _) if waited >= SILENT => 0,
            (Phase::Silent | Phase::Idle | Phase::Head, false) | (Phase::Ending, _) => 1,
            (Phase::Answer | Phase::LastPart, false) if waited >= SLOW_ANSWER => 2,
            (Phase::Idle | Phase::Head, true) => 3,
            _ => return None,
        };
        Some((kind, self.since()))
    }
}

impl From<State> for u64 {
    fn from(state: State) -> Self {
        state.0
    }
}

impl From<u64> for State {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_as_it_was_written() {
        for phase in Phase::ALL {
            for authenticated in [false, true] {
                let before = if authenticated {
                    State(State::AUTHENTICATED)
                } else {
                    State(0)
                };
                let state = State::from(u64::from(before.entering(phase, 7)));
                assert_eq!(
                    (state.phase(), state.is_authenticated(), state.since()),
                    (phase, authenticated, 7)
                );
            }
        }
    }

    #[test]
    fn a_connection_that_waits_since_a_moment_is_young() {
        for phase in [Phase::Silent, Phase::Idle, Phase::Head] {
            assert!(State::new(phase, 1).is_young(YOUNG) && !State::new(phase, 0).is_young(YOUNG));
        }
        assert!(!State::new(Phase::Ending, 1).is_young(YOUNG));
    }

    #[test]
    fn silent_connections_are_evicted_first_and_requests_never() {
        let state = |phase, since| State::new(phase, since);
        let authenticated = |phase, since| State(State::AUTHENTICATED).entering(phase, since);
        let mut all = [
            authenticated(Phase::Idle, 1),
            authenticated(Phase::Head, 0),
            state(Phase::Answer, 0),
            state(Phase::Head, 3),
            state(Phase::Idle, 2),
            state(Phase::Ending, 1),
            state(Phase::Silent, 9),
            state(Phase::Silent, 8),
            state(Phase::Silent, SLOW_ANSWER - SILENT + 1),
        ];
        all.sort_by_key(|state| state.eviction_rank(SLOW_ANSWER));
        let order: Vec<_> = all
            .iter()
            .map(|state| (state.phase(), state.is_authenticated(), state.since()))
            .collect();
        assert_eq!(
            order,
            [
                (Phase::Silent, false, 8),
                (Phase::Silent, false, 9),
                (Phase::Ending, false, 1),
                (Phase::Idle, false, 2),
                (Phase::Head, false, 3),
                (Phase::Silent, false, SLOW_ANSWER - SILENT + 1),
                (Phase::Answer, false, 0),
                (Phase::Head, true, 0),
                (Phase::Idle, true, 1),
            ]
        );
        for phase in [Phase::New, Phase::Request, Phase::Evicted] {
            assert!(
                state(phase, 0).eviction_rank(u64::MAX).is_none()
                    && authenticated(phase, 0).eviction_rank(u64::MAX).is_none()
            );
        }
        assert!(
            state(Phase::Answer, 1).eviction_rank(SLOW_ANSWER).is_none(),
            "an answer has its time"
        );
        assert!(
            authenticated(Phase::Answer, 0)
                .eviction_rank(u64::MAX)
                .is_none(),
            "an export may last"
        );
    }
}
