//! Every case is written in days and hours of one week.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::{Comparison, Divergence, FirstSuccesses, Lead, PendingVersion, Stay, Track, Unknown};
use crate::clock::Time;

/// An hour of the week.
fn at(day: &str, hour: i64) -> Time {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri"];
    let day = days.iter().position(|name| *name == day).unwrap();
    Time::default() + TimeDelta::hours(24 * i64::try_from(day).unwrap() + hour)
}

fn stay<'a>(version: &'a str, day: &str, hour: i64) -> Stay<'a> {
    Stay {
        version: Some(version),
        commit: None,
        started_at: at(day, hour),
        is_rolled_back: false,
    }
}

fn rolled_back<'a>(version: &'a str, day: &str, hour: i64) -> Stay<'a> {
    Stay {
        is_rolled_back: true,
        ..stay(version, day, hour)
    }
}

/// Staging of most cases.
fn staging() -> Vec<Stay<'static>> {
    vec![
        stay("v1", "Mon", 10),
        stay("v2", "Tue", 10),
        rolled_back("v3", "Wed", 10),
        stay("v4", "Thu", 10),
    ]
}

fn compare<'a>(from: &'a [Stay<'a>], to: &'a [Stay<'a>]) -> Comparison<'a> {
    let (from, to) = (Track::new(from), Track::new(to));
    Comparison::of(from, to, &FirstSuccesses::of([from, to]))
}

fn pending(version: &'static str, waiting_since: Time, was_there: bool) -> PendingVersion<'static> {
    PendingVersion {
        version,
        waiting_since,
        was_there,
    }
}

/// The lead of cases 1 and 9.
fn v2_and_v4() -> Lead<'static> {
    Lead {
        pending: vec![
            pending("v2", at("Tue", 10), false),
            pending("v4", at("Thu", 10), false),
        ],
        skipped: vec!["v3"],
    }
}

#[test]
fn an_environment_is_ahead_by_the_versions_since_the_one_of_the_other() {
    let (staging, production) = (staging(), [stay("v1", "Mon", 15)]);
    let comparison = compare(&staging, &production);
    assert_eq!(comparison, Comparison::Ahead(v2_and_v4()));
    assert_eq!(v2_and_v4().waiting_since(), Some(at("Tue", 10)));
}

#[test]
fn the_other_way_round_it_is_behind_by_the_same_versions() {
    let (staging, production) = (staging(), [stay("v1", "Mon", 15)]);
    assert_eq!(
        compare(&production, &staging),
        Comparison::Behind(v2_and_v4())
    );
}

#[test]
fn a_hotfix_straight_to_production_diverges() {
    let staging = staging();
    let production = [stay("v1", "Mon", 15), stay("v1.1", "Fri", 9)];
    let last_shared = Divergence::Versions { last_shared: "v1" };
    assert_eq!(
        compare(&staging, &production),
        Comparison::Diverged(last_shared)
    );
}

#[test]
fn a_hotfix_that_staging_gets_afterwards_is_the_same() {
    let mut staging = staging();
    staging.push(stay("v1.1", "Fri", 10));
    let production = [stay("v1", "Mon", 15), stay("v1.1", "Fri", 9)];
    assert_eq!(compare(&staging, &production), Comparison::Same);
}

#[test]
fn a_version_that_was_rolled_back_there_is_pending_again_with_and_without_the_mark() {
    let ahead = Comparison::Ahead(Lead {
        pending: vec![pending("v4", at("Thu", 10), true)],
        skipped: vec!["v3"],
    });
    let staging = staging();
    let mut production = vec![stay("v1", "Mon", 15), stay("v2", "Tue", 15)];
    production.push(rolled_back("v4", "Thu", 15));
    assert_eq!(compare(&staging, &production), ahead);
    production[2].is_rolled_back = false;
    production.push(stay("v2", "Fri", 1));
    assert_eq!(compare(&staging, &production), ahead);
}

#[test]
fn a_staging_that_was_set_back_has_no_known_direction() {
    let mut staging = staging();
    staging.push(stay("v2", "Fri", 2));
    let production = [stay("v1", "Mon", 15), stay("v4", "Thu", 15)];
    assert_eq!(
        compare(&staging, &production),
        Comparison::Unknown(Unknown::Revisited)
    );
}

#[test]
fn a_hotfix_that_ran_in_staging_first_leaves_the_newer_version_pending() {
    let mut staging = staging();
    staging.insert(3, stay("v1.1", "Wed", 15));
    let production = [stay("v1", "Mon", 15), stay("v1.1", "Fri", 10)];
    let ahead = Lead {
        pending: vec![pending("v4", at("Thu", 10), false)],
        skipped: Vec::new(),
    };
    assert_eq!(compare(&staging, &production), Comparison::Ahead(ahead));
}

#[test]
fn a_hotfix_that_staging_tried_in_between_has_no_known_direction() {
    let mut staging = staging();
    staging.extend([stay("v1.1", "Fri", 8), stay("v4", "Fri", 9)]);
    let production = [stay("v1", "Mon", 15), stay("v1.1", "Fri", 10)];
    assert_eq!(
        compare(&staging, &production),
        Comparison::Unknown(Unknown::Revisited)
    );
}

#[test]
fn cells_without_a_common_past_have_no_known_direction() {
    let (staging, production) = ([stay("v2", "Tue", 10)], [stay("v1", "Mon", 10)]);
    assert_eq!(
        compare(&staging, &production),
        Comparison::Unknown(Unknown::NothingShared)
    );
}

#[test]
fn an_empty_cell_is_missing() {
    let full = [stay("v1", "Mon", 10)];
    let undeployed = [
        full[0],
        Stay {
            version: None,
            ..stay("", "Tue", 10)
        },
    ];
    assert_eq!(compare(&full, &[]), Comparison::MissingInTo);
    assert_eq!(compare(&undeployed, &full), Comparison::MissingInFrom);
    assert_eq!(compare(&undeployed, &[]), Comparison::Neither);
    let all_rolled_back = [rolled_back("v1", "Mon", 10)];
    assert_eq!(compare(&all_rolled_back, &full), Comparison::MissingInFrom);
}

#[test]
fn a_tag_that_was_moved_diverges_by_its_commits() {
    let with = |commit| {
        [Stay {
            commit,
            ..stay("v1", "Mon", 10)
        }]
    };
    let (one, other, unknown) = (with(Some("a1")), with(Some("b2")), with(None));
    let (from, to) = ("a1", "b2");
    assert_eq!(
        compare(&one, &other),
        Comparison::Diverged(Divergence::Commits { from, to })
    );
    assert_eq!(compare(&one, &unknown), Comparison::Same);
    assert_eq!(compare(&one, &one), Comparison::Same);
}

#[test]
fn the_first_success_in_a_third_environment_decides() {
    let from = [stay("v1", "Mon", 10), stay("v2", "Tue", 10)];
    let to = [stay("v2", "Tue", 11), stay("v1", "Wed", 10)];
    assert!(matches!(compare(&from, &to), Comparison::Ahead(_)));
    let test = [stay("v2", "Mon", 9)];
    let (from, to) = (Track::new(&from), Track::new(&to));
    let first = FirstSuccesses::of([from, to, Track::new(&test)]);
    assert!(matches!(
        Comparison::of(from, to, &first),
        Comparison::Behind(_)
    ));
}

/// A comparison with its two environments exchanged.
fn mirrored(comparison: Comparison<'_>) -> Comparison<'_> {
    match comparison {
        Comparison::Ahead(lead) => Comparison::Behind(lead),
        Comparison::Behind(lead) => Comparison::Ahead(lead),
        Comparison::MissingInFrom => Comparison::MissingInTo,
        Comparison::MissingInTo => Comparison::MissingInFrom,
        Comparison::Diverged(Divergence::Commits { from, to }) => {
            Comparison::Diverged(Divergence::Commits { from: to, to: from })
        }
        same => same,
    }
}

fn stays() -> impl Strategy<Value = Vec<Stay<'static>>> {
    let version = prop::option::weighted(0.95, prop::sample::select(vec!["a", "b", "c", "d"]));
    let commit = prop::option::of(prop::sample::select(vec!["1", "2"]));
    let stay = (version, commit, 0_i64..20, prop::bool::weighted(0.2));
    prop::collection::vec(stay, 0..8).prop_map(|stays| {
        let mut stays: Vec<_> = stays
            .into_iter()
            .map(|(version, commit, at, is_rolled_back)| Stay {
                version,
                commit,
                started_at: Time::default() + TimeDelta::hours(at),
                is_rolled_back,
            })
            .collect();
        stays.sort_by_key(|stay| stay.started_at);
        stays
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_environments_exchanged_give_the_mirror_image(from in stays(), to in stays()) {
        prop_assert_eq!(compare(&from, &to), mirrored(compare(&to, &from)));
    }

    #[test]
    fn a_lead_ends_with_what_is_current_and_never_contains_the_other_version(
        from in stays(), to in stays(),
    ) {
        if let Comparison::Ahead(lead) = compare(&from, &to) {
            let current = |stays| Track::new(stays).current().map(|(version, _)| version);
            prop_assert!(lead.pending.iter().any(|pending| Some(pending.version) == current(&from)));
            prop_assert!(lead.pending.iter().all(|pending| Some(pending.version) != current(&to)));
            prop_assert!(lead.skipped.iter().all(|skipped| Some(*skipped) != current(&to)));
        }
    }
}
