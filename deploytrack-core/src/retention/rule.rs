//! The rule of retention: which deployments of a cell may be removed.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::RemovedDeployment;
use crate::{
    clock::Time,
    history,
    rollback::{self, Considered},
    status::Status,
    text::Version,
};

/// A deployment of a cell, as far as the rule considers it.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) id: Uuid,
    pub(crate) version: Version,
    pub(crate) status: Status,
    pub(crate) succeeded_at: Option<Time>,
    pub(crate) created_at: Time,
    /// Its latest transition: the time and the row of history.
    pub(crate) occurred: (Time, i64),
    /// The deployment that it replaced, if it is a rollback.
    pub(crate) replaced: Option<Uuid>,
    /// Whether everything about it is old: all that happened and all that was recorded.
    pub(crate) is_old: bool,
}

impl Subject {
    /// A removed deployment, as the current one of its cell.
    pub(crate) fn of_removed(removed: &RemovedDeployment) -> Self {
        let state = history::fold(&removed.entries());
        Self {
            id: removed.id,
            version: removed.version.clone(),
            status: state
                .as_ref()
                .map_or(Status::Succeeded, |state| state.status),
            succeeded_at: state.as_ref().and_then(|state| Some(state.succeeded?.0)),
            created_at: removed.created_at,
            occurred: state.map_or((removed.created_at, 0), |state| state.occurred),
            replaced: None,
            is_old: true,
        }
    }
}

impl Considered for Subject {
    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> &Version {
        &self.version
    }

    fn status(&self) -> Status {
        self.status
    }

    fn succeeded_at(&self) -> Option<Time> {
        self.succeeded_at
    }

    fn created_at(&self) -> Time {
        self.created_at
    }

    fn replaced(&self) -> Option<Uuid> {
        self.replaced
    }
}

/// The deployments of a cell that may be removed, as indexes of `cell`. These are retained:
///
/// - deployments about which anything is young, and deployments in flight;
/// - those that are `retained`: what is current, what was current before, and what anything refers to;
/// - the newest `keep_last` and the latest failed one;
/// - the target of a rollback, and everything without which a rollback would choose another one:
///   see [`retain_for_rollbacks`].
pub(crate) fn removable(
    cell: &[Subject],
    current: Option<&Subject>,
    retained: impl Fn(Uuid) -> bool,
    keep_last: u64,
) -> Vec<usize> {
    let mut by_time: Vec<_> = (0..cell.len()).collect();
    by_time.sort_unstable_by_key(|at| std::cmp::Reverse(cell[*at].occurred));
    let newest = by_time
        .iter()
        .take(usize::try_from(keep_last.max(1)).unwrap_or(usize::MAX));
    let failed = by_time
        .iter()
        .find(|at| cell[**at].status == Status::Failed);
    let newest: HashSet<_> = newest.chain(failed).copied().collect();
    let target = rollback::target(&rollback::candidates(current, cell)).map(|to| to.deployment.id);
    let is_retained = |(at, one): (usize, &Subject)| {
        let is_in_flight = matches!(one.status, Status::Pending | Status::InProgress);
        !one.is_old
            || is_in_flight
            || newest.contains(&at)
            || retained(one.id)
            || Some(one.id) == target
    };
    let mut is_retained: Vec<_> = cell.iter().enumerate().map(is_retained).collect();
    retain_for_rollbacks(cell, &mut is_retained);
    (0..cell.len()).filter(|at| !is_retained[*at]).collect()
}

/// Retains the deployments without which a rollback would judge a retained one differently:
///
/// - newer successes of the version of a retained success: the newest success of a version decides
///   whether the version was rolled back;
/// - a rollback and the deployment that it replaced, both or neither.
fn retain_for_rollbacks(cell: &[Subject], is_retained: &mut [bool]) {
    let positions: HashMap<_, _> = cell.iter().map(|one| one.id).zip(0..).collect();
    let pair = |(at, one): (usize, &Subject)| Some((at, *positions.get(&one.replaced?)?));
    let mut pairs: Vec<(usize, usize)> = cell.iter().enumerate().filter_map(pair).collect();
    // A chain of rollbacks that replace each other is followed in few rounds.
    pairs.sort_unstable_by_key(|(at, _)| std::cmp::Reverse(rollback::key(&cell[*at])));
    loop {
        let before = is_retained.iter().filter(|is| **is).count();
        let mut oldest = BTreeMap::new();
        for (at, one) in cell.iter().enumerate() {
            if is_retained[at] && one.succeeded_at.is_some() {
                let key = rollback::key(one);
                let oldest = oldest.entry(one.version.as_str()).or_insert(key);
                *oldest = key.min(*oldest);
            }
        }
        for (at, one) in cell.iter().enumerate() {
            let is_newer = one.succeeded_at.is_some()
                && oldest
                    .get(one.version.as_str())
                    .is_some_and(|oldest| rollback::key(one) > *oldest);
            is_retained[at] |= is_newer;
        }
        for (rollback, replaced) in pairs.iter().chain(pairs.iter().rev()) {
            let both = is_retained[*rollback] || is_retained[*replaced];
            (is_retained[*rollback], is_retained[*replaced]) = (both, both);
        }
        if is_retained.iter().filter(|is| **is).count() == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::parse;

    fn minute(minutes: i64) -> Time {
        parse("2020-06-01T12:00:00Z").unwrap() + chrono::TimeDelta::minutes(minutes)
    }

    fn subject(number: u8, version: &str, status: Status) -> Subject {
        let at = minute(i64::from(number));
        Subject {
            id: Uuid::from_u128(u128::from(number)),
            version: version.parse().unwrap(),
            status,
            succeeded_at: matches!(status, Status::Succeeded | Status::RolledBack).then_some(at),
            created_at: at,
            occurred: (at, i64::from(number)),
            replaced: None,
            is_old: true,
        }
    }

    fn removed(cell: &[Subject], retained: &[u8], keep_last: u64) -> Vec<u128> {
        let retained: Vec<_> = retained
            .iter()
            .map(|one| Uuid::from_u128(u128::from(*one)))
            .collect();
        let current = cell.iter().find(|one| retained.first() == Some(&one.id));
        removable(cell, current, |id| retained.contains(&id), keep_last)
            .into_iter()
            .map(|at| cell[at].id.as_u128())
            .collect()
    }

    #[test]
    fn what_is_in_flight_failed_last_or_newest_is_retained() {
        let cell = [
            subject(1, "v1", Status::Pending),
            subject(2, "v2", Status::Failed),
            subject(3, "v3", Status::InProgress),
            subject(4, "v4", Status::Failed),
            subject(5, "v5", Status::Succeeded),
            subject(6, "v6", Status::Succeeded),
            subject(7, "v7", Status::Succeeded),
            subject(8, "v8", Status::Succeeded),
        ];
        assert_eq!(removed(&cell, &[8], 1), [2, 5, 6]);
        assert_eq!(removed(&cell, &[8], 3), [2, 5]);
        assert_eq!(removed(&cell, &[8], 0), removed(&cell, &[8], 1));
    }

    #[test]
    fn one_version_all_the_time_can_be_removed() {
        let cell: Vec<_> = (1..=9)
            .map(|number| subject(number, "latest", Status::Succeeded))
            .collect();
        assert_eq!(removed(&cell, &[9, 8], 2), [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_rollback_and_what_it_replaced_are_retained_together() {
        let mut cell: Vec<_> = (1..=6)
            .map(|number| subject(number, &format!("v{number}"), Status::Succeeded))
            .collect();
        cell[3].replaced = Some(Uuid::from_u128(3));
        cell[5].replaced = Some(Uuid::from_u128(4));
        assert_eq!(removed(&cell, &[6], 1), [1, 2]);
        assert_eq!(removed(&cell, &[6, 5], 1), [1, 2]);
    }

    fn any_cell() -> impl Strategy<Value = Vec<Subject>> {
        let one = (0..4_u8, 0..6_u8, 0..4_u8, any::<bool>());
        proptest::collection::vec(one, 1..14).prop_map(|all| {
            let one = |(at, (version, status, replaced, is_young)): (usize, (u8, u8, u8, bool))| {
                let at = u8::try_from(at).unwrap() + 1;
                let status = Status::ALL
                    .get(usize::from(status))
                    .copied()
                    .unwrap_or(Status::Succeeded);
                Subject {
                    replaced: (replaced == 0).then(|| Uuid::from_u128(u128::from(at / 2))),
                    is_old: !is_young,
                    ..subject(at, &format!("v{version}"), status)
                }
            };
            all.into_iter().enumerate().map(one).collect()
        })
    }

    proptest! {
        #[test]
        fn a_removal_never_changes_the_target_of_a_rollback(
            cell in any_cell(),
            which in any::<prop::sample::Index>(),
            keep_last in 1..4_u64,
        ) {
            let current = cell[which.index(cell.len())].clone();
            let current = (current.status == Status::Succeeded).then_some(current);
            let retained: HashSet<_> = current.iter().map(|one| one.id).collect();
            let target = |all: &[Subject]| {
                let found = rollback::candidates(current.as_ref(), all);
                rollback::target(&found).map(|to| to.deployment.id)
            };
            let is_retained = |id| retained.contains(&id);
            let gone = removable(&cell, current.as_ref(), is_retained, keep_last);
            let rest = cell.iter().enumerate().filter(|(at, _)| !gone.contains(at));
            let rest: Vec<_> = rest.map(|(_, one)| one.clone()).collect();
            prop_assert_eq!(target(&rest), target(&cell));
            // What is left after a removal stays.
            let again = removable(&rest, current.as_ref(), is_retained, keep_last);
            prop_assert!(again.is_empty());
        }
    }
}
