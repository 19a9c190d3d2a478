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
        origin: None,
        removed_at: None,
    }
}

/// A history of these rows, one per minute from noon on.
fn history(rows: &[(HistoryKind, Status)]) -> Vec<HistoryEntry> {
    let mut end = HistoryEnd {
        status: None,
        attempt: 1,
        head_hash: identity(&deployment()),
    };
    let mut entries = Vec::new();
    for (minute, (event, to)) in (0..).zip(rows) {
        let occurred_at = noon() + TimeDelta::minutes(minute);
        let new = NewEntry {
            to: (*event == HistoryKind::Transition).then_some(*to),
            occurred_at,
            claimed_at: None,
            origin: None,
            recorded_at: occurred_at,
            recorded_by: "ci-bot".parse().unwrap(),
            reason: None,
        };
        let entry = end.continued(new, 10 + minute).unwrap();
        end = HistoryEnd {
            status: Some(entry.to),
            attempt: entry.attempt,
            head_hash: entry.hash,
        };
        entries.push(entry);
    }
    entries
}

fn transitions(statuses: &[Status]) -> Vec<HistoryEntry> {
    history(
        &statuses
            .iter()
            .map(|status| (HistoryKind::Transition, *status))
            .collect::<Vec<_>>(),
    )
}

fn minute(minutes: i64) -> Time {
    noon() + TimeDelta::minutes(minutes)
}

use Status::{Failed, InProgress, Pending, RolledBack, Succeeded};

#[test]
fn hashes_are_as_documented() {
    let identity_text = r#"["00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000002","00000000-0000-0000-0000-000000000003","v1","ci-bot",null,1780315200000000]"#;
    let first = format!(
        r#"["{}",1,"transition",null,"pending",1780315200000000,1780315200000000,"ci-bot",null]"#,
        Digest::of(identity_text.as_bytes())
    );
    assert_eq!(
        transitions(&[Pending])[0].hash,
        Digest::of(first.as_bytes())
    );
}

#[test]
fn the_state_has_the_last_status_and_the_periods() {
    let entries = transitions(&[
        Pending, InProgress, Succeeded, RolledBack, Pending, InProgress, Succeeded,
    ]);
    let state = fold(&entries).unwrap();
    assert_eq!((state.status, state.attempt), (Succeeded, 2));
    assert_eq!(
        (state.started_at, state.finished_at),
        (Some(minute(5)), Some(minute(6)))
    );
    assert_eq!(state.succeeded, Some((minute(6), 16)));
    assert_eq!(state.occurred, (minute(6), 16));
    let period = |started, sequence, ended: Option<i64>| Period {
        started_at: minute(started),
        sequence,
        ended_at: ended.map(minute),
        is_undeployment: false,
    };
    assert_eq!(
        periods(&entries),
        [period(2, 12, Some(3)), period(6, 16, None)]
    );
}

#[test]
fn an_undeployment_starts_a_period_and_keeps_the_status() {
    let entries = history(&[
        (HistoryKind::Transition, Pending),
        (HistoryKind::Transition, InProgress),
        (HistoryKind::Transition, Succeeded),
        (HistoryKind::Undeployed, Succeeded),
        (HistoryKind::Transition, RolledBack),
    ]);
    assert_eq!(check(&deployment(), &entries), Ok(()));
    let state = fold(&entries).unwrap();
    assert_eq!(state.status, RolledBack);
    assert_eq!(state.occurred, (minute(4), 14));
    assert_eq!(
        periods(&entries)
            .iter()
            .map(|period| (period.is_undeployment, period.ended_at))
            .collect::<Vec<_>>(),
        [(false, Some(minute(4))), (true, None)]
    );
}

#[test]
fn every_attempt_has_its_own_times_and_reason() {
    let mut entries = transitions(&[
        Pending, InProgress, Failed, Pending, Failed, Pending, InProgress,
    ]);
    entries[2].reason = Some("exit code 3".parse().unwrap());
    let attempts = attempts(&entries);
    let found: Vec<_> = attempts
        .iter()
        .map(|one| {
            (
                one.number,
                one.status,
                one.duration().map(|took| took.num_minutes()),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (1, Failed, Some(1)),
            (2, Failed, None),
            (3, InProgress, None)
        ]
    );
    assert_eq!(
        attempts[0].reason.as_ref().map(Reason::as_str),
        Some("exit code 3")
    );
    assert_eq!(
        (attempts[2].started_at, attempts[2].finished_at),
        (Some(minute(6)), None)
    );
}

/// A second implementation of what a transition does to the times of a deployment.
fn after(before: Deployment, to: Status, at: Time) -> Deployment {
    let is_retry = to == Pending;
    let finishes = matches!(to, Succeeded | Failed);
    Deployment {
        status: to,
        attempt: before.attempt + i64::from(is_retry),
        started_at: match to {
            Pending => None,
            InProgress => Some(at),
            _ => before.started_at,
        },
        finished_at: if finishes {
            Some(at)
        } else {
            before.finished_at.filter(|_| !is_retry)
        },
        succeeded_at: if to == Succeeded {
            Some(at)
        } else {
            before.succeeded_at
        },
        occurred_at: at,
        ..before
    }
}

#[test]
fn a_history_is_not_continued_illegally() {
    let new = |to| NewEntry {
        to,
        occurred_at: noon(),
        claimed_at: None,
        origin: None,
        recorded_at: noon(),
        recorded_by: "ci-bot".parse().unwrap(),
        reason: None,
    };
    let end = |status| HistoryEnd {
        status,
        attempt: 1,
        head_hash: identity(&deployment()),
    };
    for from in Status::ALL {
        assert!(end(Some(from)).continued(new(None), 1).is_some());
        for to in Status::ALL {
            let is_legal = end(Some(from)).continued(new(Some(to)), 1).is_some();
            assert_eq!(is_legal, from.allowed().contains(&to), "{from} to {to}");
        }
    }
    assert!(end(None).continued(new(None), 1).is_none());
    for to in Status::ALL {
        let is_legal = end(None).continued(new(Some(to)), 1).is_some();
        assert_eq!(is_legal, to == Pending, "a history that begins with {to}");
    }
}

/// Legal histories, with undeployments.
fn legal() -> impl Strategy<Value = Vec<(HistoryKind, Status)>> {
    prop::collection::vec((0..4usize, any::<prop::sample::Index>()), 0..12).prop_map(|choices| {
        let mut rows = vec![(HistoryKind::Transition, Pending)];
        let mut status = Pending;
        for (kind, choice) in choices {
            if kind == 0 {
                rows.push((HistoryKind::Undeployed, status));
            } else {
                status = *choice.get(status.allowed());
                rows.push((HistoryKind::Transition, status));
            }
        }
        rows
    })
}

/// Changes one field of a row, as a person with access to the database could.
fn changed(entry: &HistoryEntry, how: usize) -> HistoryEntry {
    let mut other = entry.clone();
    match how {
        0 => other.attempt += 1,
        1 => {
            other.event = if other.event == HistoryKind::Transition {
                HistoryKind::Undeployed
            } else {
                HistoryKind::Transition
            }
        }
        2 => {
            other.from = if other.from == Some(Failed) {
                None
            } else {
                Some(Failed)
            }
        }
        3 => {
            other.to = if other.to == Failed {
                Succeeded
            } else {
                Failed
            }
        }
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
    fn a_recorded_history_is_unbroken(rows in legal()) {
        prop_assert_eq!(check(&deployment(), &history(&rows)), Ok(()));
    }

    #[test]
    fn a_changed_row_breaks_the_chain_at_that_row(rows in legal(), choice in any::<prop::sample::Index>(), how in 0..9usize) {
        let mut entries = history(&rows);
        let at = choice.index(entries.len());
        entries[at] = changed(&entries[at], how);
        prop_assert_eq!(check(&deployment(), &entries).unwrap_err().sequence, Some(entries[at].sequence));
    }

    #[test]
    fn a_deleted_row_breaks_the_chain_unless_it_was_the_last(rows in legal(), choice in any::<prop::sample::Index>()) {
        let mut entries = history(&rows);
        prop_assume!(entries.len() > 1);
        let at = choice.index(entries.len() - 1);
        entries.remove(at);
        prop_assert!(check(&deployment(), &entries).is_err());
    }

    #[test]
    fn the_history_of_another_deployment_breaks_the_chain_at_the_first_row(rows in legal()) {
        let other = Deployment { version: "v2".parse().unwrap(), ..deployment() };
        prop_assert_eq!(check(&other, &history(&rows)).unwrap_err().sequence, Some(10));
    }

    #[test]
    fn a_fold_equals_the_transitions_one_by_one(rows in legal()) {
        let entries = history(&rows);
        let mut expected = deployment();
        for entry in entries.iter().skip(1).filter(|entry| entry.event == HistoryKind::Transition) {
            expected = after(expected, entry.to, entry.occurred_at);
        }
        let state = fold(&entries).unwrap();
        prop_assert_eq!((state.status, state.attempt), (expected.status, expected.attempt));
        prop_assert_eq!((state.started_at, state.finished_at), (expected.started_at, expected.finished_at));
        prop_assert_eq!(state.succeeded.map(|(time, _)| time), expected.succeeded_at);
        prop_assert_eq!(state.occurred.0, expected.occurred_at);
    }
}
