use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::deployment::{Metadata, NewDeployment};

fn noon() -> Time {
    clock::parse("2026-06-01T12:00:00Z").unwrap()
}

fn deployment() -> Deployment {
    let new = NewDeployment::named("api", "production", "v1").unwrap();
    Deployment {
        id: Uuid::from_u128(1),
        component_id: Uuid::from_u128(2),
        component_name: "api".parse().unwrap(),
        environment_id: Uuid::from_u128(3),
        environment_name: "production".parse().unwrap(),
        version: new.version,
        status: Status::Pending,
        attempt: 1,
        deployed_by: "ci-bot".parse().unwrap(),
        commit_sha: None,
        description: None,
        metadata: Metadata::default(),
        created_at: noon(),
        updated_at: noon(),
        started_at: None,
        finished_at: None,
        succeeded_at: None,
        occurred_at: noon(),
    }
}

/// A history of these events, one a minute from noon on.
fn told(events: &[(Event, Status)]) -> Vec<HistoryEntry> {
    let (mut hash, mut from, mut attempt, mut entries) = (identity(&deployment()), None, 1, Vec::new());
    for (minute, (event, to)) in events.iter().enumerate() {
        attempt += i64::from(from.is_some() && *event == Event::Transition && *to == Status::Pending);
        let minute = i64::try_from(minute).unwrap();
        let occurred_at = noon() + TimeDelta::minutes(minute);
        let entry = HistoryEntry {
            sequence: 10 + minute,
            attempt,
            event: *event,
            from,
            to: *to,
            occurred_at,
            claimed_at: None,
            recorded_at: occurred_at,
            recorded_by: "ci-bot".parse().unwrap(),
            reason: None,
            hash,
        }
        .sealed(&hash);
        (hash, from) = (entry.hash, Some(*to));
        entries.push(entry);
    }
    entries
}

fn moves(statuses: &[Status]) -> Vec<HistoryEntry> {
    told(&statuses.iter().map(|status| (Event::Transition, *status)).collect::<Vec<_>>())
}

fn minute(minutes: i64) -> Time {
    noon() + TimeDelta::minutes(minutes)
}

use Status::{Failed, InProgress, Pending, RolledBack, Succeeded};

#[test]
fn the_hashes_are_those_that_the_documentation_describes() {
    let identity_text = r#"["00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000002","00000000-0000-0000-0000-000000000003","v1","ci-bot",null,1780315200000000]"#;
    let first = format!(
        r#"["{}",1,"transition",null,"pending",1780315200000000,1780315200000000,"ci-bot",null]"#,
        Digest::of(identity_text.as_bytes())
    );
    assert_eq!(moves(&[Pending])[0].hash, Digest::of(first.as_bytes()));
}

#[test]
fn a_history_comes_to_its_last_status_and_its_periods() {
    let standing = fold(&moves(&[Pending, InProgress, Succeeded, RolledBack, Pending, InProgress, Succeeded])).unwrap();
    assert_eq!((standing.status, standing.attempt), (Succeeded, 2));
    assert_eq!((standing.started_at, standing.finished_at), (Some(minute(5)), Some(minute(6))));
    assert_eq!(standing.succeeded, Some((minute(6), 16)));
    assert_eq!(standing.occurred, (minute(6), 16));
    let period = |started, sequence, ended: Option<i64>| Period {
        started_at: minute(started),
        sequence,
        ended_at: ended.map(minute),
        is_removal: false,
    };
    assert_eq!(standing.periods, [period(2, 12, Some(3)), period(6, 16, None)]);
}

#[test]
fn a_removal_makes_a_period_and_leaves_the_status() {
    let entries = told(&[
        (Event::Transition, Pending),
        (Event::Transition, InProgress),
        (Event::Transition, Succeeded),
        (Event::Undeployed, Succeeded),
        (Event::Transition, RolledBack),
    ]);
    assert_eq!(check(&deployment(), &entries), Ok(()));
    let standing = fold(&entries).unwrap();
    assert_eq!(standing.status, RolledBack);
    assert_eq!(standing.occurred, (minute(4), 14));
    assert_eq!(
        standing.periods.iter().map(|period| (period.is_removal, period.ended_at)).collect::<Vec<_>>(),
        [(false, Some(minute(4))), (true, None)]
    );
}

#[test]
fn every_attempt_keeps_its_times_and_its_reason() {
    let mut entries = moves(&[Pending, InProgress, Failed, Pending, Failed, Pending, InProgress]);
    entries[2].reason = Some("exit code 3".parse().unwrap());
    let attempts = attempts(&entries);
    let told: Vec<_> = attempts.iter().map(|one| (one.number, one.status, one.duration().map(|took| took.num_minutes()))).collect();
    assert_eq!(told, [(1, Failed, Some(1)), (2, Failed, None), (3, InProgress, None)]);
    assert_eq!(attempts[0].reason.as_ref().map(Reason::as_str), Some("exit code 3"));
    assert_eq!((attempts[2].started_at, attempts[2].finished_at), (Some(minute(6)), None));
}

/// Histories that the status machine allows, removals among them.
fn legal() -> impl Strategy<Value = Vec<(Event, Status)>> {
    prop::collection::vec((0..4usize, any::<prop::sample::Index>()), 0..12).prop_map(|choices| {
        let mut events = vec![(Event::Transition, Pending)];
        let mut status = Pending;
        for (kind, which) in choices {
            if kind == 0 {
                events.push((Event::Undeployed, status));
            } else {
                status = *which.get(status.allowed());
                events.push((Event::Transition, status));
            }
        }
        events
    })
}

/// Every way in which one row can be changed by hand.
fn changed(entry: &HistoryEntry, how: usize) -> HistoryEntry {
    let mut other = entry.clone();
    match how {
        0 => other.attempt += 1,
        1 => other.event = if other.event == Event::Transition { Event::Undeployed } else { Event::Transition },
        2 => other.from = if other.from == Some(Failed) { None } else { Some(Failed) },
        3 => other.to = if other.to == Failed { Succeeded } else { Failed },
        4 => other.occurred_at += TimeDelta::microseconds(1),
        5 => other.recorded_at += TimeDelta::microseconds(1),
        6 => other.recorded_by = "somebody-else".parse().unwrap(),
        7 => other.reason = Some("another".parse().unwrap()),
        _ => other.hash = Digest::of(b"another"),
    }
    other
}

proptest! {
    #[test]
    fn what_was_recorded_is_unbroken(events in legal()) {
        prop_assert_eq!(check(&deployment(), &told(&events)), Ok(()));
    }

    #[test]
    fn a_changed_row_breaks_the_chain_at_that_row(events in legal(), which in any::<prop::sample::Index>(), how in 0..9usize) {
        let mut entries = told(&events);
        let at = which.index(entries.len());
        entries[at] = changed(&entries[at], how);
        prop_assert_eq!(check(&deployment(), &entries).unwrap_err().sequence, Some(entries[at].sequence));
    }

    #[test]
    fn a_row_taken_out_of_the_middle_breaks_the_chain(events in legal(), which in any::<prop::sample::Index>()) {
        let mut entries = told(&events);
        prop_assume!(entries.len() > 1);
        let at = which.index(entries.len() - 1);
        entries.remove(at);
        prop_assert!(check(&deployment(), &entries).is_err());
    }

    #[test]
    fn another_deployment_breaks_the_chain_at_its_first_row(events in legal()) {
        let other = Deployment { version: "v2".parse().unwrap(), ..deployment() };
        prop_assert_eq!(check(&other, &told(&events)).unwrap_err().sequence, Some(10));
    }

    #[test]
    fn a_fold_is_what_moving_step_by_step_comes_to(events in legal()) {
        let entries = told(&events);
        let mut moved = deployment();
        for entry in entries.iter().skip(1).filter(|entry| entry.event == Event::Transition) {
            moved = moved.clone().advanced(moved.status.advance(entry.to).unwrap(), entry.occurred_at, entry.recorded_at);
        }
        let standing = fold(&entries).unwrap();
        prop_assert_eq!((standing.status, standing.attempt), (moved.status, moved.attempt));
        prop_assert_eq!((standing.started_at, standing.finished_at), (moved.started_at, moved.finished_at));
        prop_assert_eq!(standing.succeeded.map(|(time, _)| time), moved.succeeded_at);
        prop_assert_eq!(standing.occurred.0, moved.occurred_at);
    }
}
