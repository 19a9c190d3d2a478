use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::json::object;

fn read(line: &Value) -> Result<ImportLine, Vec<String>> {
    let read = object(line.to_string().as_bytes()).and_then(ImportLine::from_body);
    read.map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn with(more: &Value) -> Value {
    let mut line = json!({"component": "api", "environment": "production", "version": "v1"});
    line.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    line
}

/// An entry as status, minute of the hour and reason.
type ShortEntry = (Status, u32, Option<String>);

/// Reads a line with these further fields and returns its history.
fn history(more: &Value) -> Result<Vec<ShortEntry>, Vec<String>> {
    use chrono::Timelike as _;
    let ImportLine::Deployment(past) = read(&with(more))? else {
        panic!("a deployment")
    };
    let short = |entry: PastEntry| {
        (
            entry.status,
            entry.occurred_at.minute(),
            entry.reason.map(|reason| reason.to_string()),
        )
    };
    Ok(past.entries().into_iter().map(short).collect())
}

fn at(minute: u32) -> String {
    format!("2026-01-01T12:{minute:02}:00Z")
}

const PENDING: Status = Status::Pending;
const IN_PROGRESS: Status = Status::InProgress;
const SUCCEEDED: Status = Status::Succeeded;
const FAILED: Status = Status::Failed;
const ROLLED_BACK: Status = Status::RolledBack;

#[test]
fn words_of_other_programs_are_converted_or_rejected_with_a_hint() {
    for (word, status) in [
        // GitHub
        ("success", SUCCEEDED),
        ("failure", FAILED),
        ("error", FAILED),
        ("in_progress", IN_PROGRESS),
        ("queued", PENDING),
        ("pending", PENDING),
        ("waiting", PENDING),
        ("IN_PROGRESS", IN_PROGRESS),
        // GitLab
        ("created", PENDING),
        ("running", IN_PROGRESS),
        ("failed", FAILED),
        ("canceled", FAILED),
        ("blocked", PENDING),
        // Octopus
        ("Success", SUCCEEDED),
        ("Failed", FAILED),
        ("Canceled", FAILED),
        ("TimedOut", FAILED),
        ("Executing", IN_PROGRESS),
        ("Queued", PENDING),
        ("Cancelling", IN_PROGRESS),
        // Argo CD, Flux, Spinnaker, Jenkins, Azure, Bitbucket
        ("Succeeded", SUCCEEDED),
        ("ReconciliationSucceeded", SUCCEEDED),
        ("TERMINAL", FAILED),
        ("ABORTED", FAILED),
        ("inProgress", IN_PROGRESS),
        ("notStarted", PENDING),
        ("SUCCESSFUL", SUCCEEDED),
        ("STOPPED", FAILED),
        ("ROLLED_BACK", ROLLED_BACK),
    ] {
        let entries = history(&json!({"status": word, "occurredAt": at(1)})).unwrap();
        assert_eq!(entries.last().unwrap().0, status, "{word}");
    }
    for word in [
        "inactive",
        "skipped",
        "completed",
        "UNSTABLE",
        "NOT_BUILT",
        "undeployed",
        "active",
        "Degraded",
        "SUPERSEDED",
        "done",
    ] {
        let faults = history(&json!({"status": word, "occurredAt": at(1)})).unwrap_err();
        assert!(
            faults[0].starts_with(&format!("/status is {word}: ")) && faults.len() == 1,
            "{faults:?}"
        );
    }
    let faults = history(&json!({"status": "sucess", "occurredAt": at(1)})).unwrap_err();
    assert!(
        faults[0].contains("did you mean success?") && faults[0].contains("\"sucess\""),
        "{faults:?}"
    );
}

#[test]
fn a_specific_word_for_a_failure_becomes_the_reason() {
    let last = |more: Value| history(&more).unwrap().pop().unwrap();
    assert_eq!(
        last(json!({"status": "TimedOut", "occurredAt": at(3)})),
        (FAILED, 3, Some("TimedOut".into()))
    );
    assert_eq!(
        last(json!({"status": "canceled", "reason": "superseded", "occurredAt": at(3)})),
        (FAILED, 3, Some("superseded".into()))
    );
    assert_eq!(
        last(json!({"status": "failure", "occurredAt": at(3)})),
        (FAILED, 3, None)
    );
}

#[test]
fn a_line_may_have_the_time_of_its_start_and_a_reason() {
    let whole = history(
        &json!({"status": "failed", "startedAt": at(1), "occurredAt": at(3), "reason": "exit code 3"}),
    );
    assert_eq!(
        whole.unwrap(),
        [
            (PENDING, 1, None),
            (IN_PROGRESS, 1, None),
            (FAILED, 3, Some("exit code 3".into()))
        ]
    );
    let whole = history(&json!({"status": "success", "startedAt": at(1), "finishedAt": at(3)}));
    assert_eq!(
        whole.unwrap(),
        [
            (PENDING, 1, None),
            (IN_PROGRESS, 1, None),
            (SUCCEEDED, 3, None)
        ]
    );
    assert_eq!(
        history(&json!({"status": "failed", "occurredAt": at(1), "finishedAt": at(1)}))
            .unwrap_err()
            .len(),
        1
    );
}

#[test]
fn listed_statuses_are_sorted_by_time_and_missing_ones_are_added() {
    // GitHub lists the newest first.
    let newest_first = json!({"history": [
        {"status": "INACTIVE", "occurredAt": at(9)},
        {"status": "SUCCESS", "occurredAt": at(3)},
        {"status": "IN_PROGRESS", "occurredAt": at(1)},
        {"status": "QUEUED", "occurredAt": at(1)},
    ]});
    assert_eq!(
        history(&newest_first).unwrap(),
        [
            (PENDING, 1, None),
            (IN_PROGRESS, 1, None),
            (SUCCEEDED, 3, None)
        ]
    );
    let retried = json!({"history": [
        {"status": "queued", "occurredAt": at(0)},
        {"status": "failure", "occurredAt": at(2), "reason": "exit code 1"},
        {"status": "success", "occurredAt": at(5)},
        {"status": "rolled_back", "occurredAt": at(8)},
    ]});
    assert_eq!(
        history(&retried).unwrap(),
        [
            (PENDING, 0, None),
            (FAILED, 2, Some("exit code 1".into())),
            (PENDING, 5, None),
            (IN_PROGRESS, 5, None),
            (SUCCEEDED, 5, None),
            (ROLLED_BACK, 8, None),
        ]
    );
}

#[test]
fn the_fault_of_an_illegal_list_has_the_entry_and_the_remedy() {
    let faults = |listed: Value| history(&json!({ "history": listed })).unwrap_err();
    for (listed, fault) in [
        (
            json!([{"status": "success", "occurredAt": at(1)}, {"status": "failure", "occurredAt": at(2)}]),
            "/history/1 failed cannot follow",
        ),
        (
            json!([{"status": "success", "occurredAt": at(1)}, {"status": "queued", "occurredAt": at(2)}]),
            "/history/1 pending cannot follow",
        ),
        (
            json!([{"status": "rolled_back", "occurredAt": at(1)}]),
            "/history/0 rolled_back must follow",
        ),
        (
            json!([{"event": "undeployed", "occurredAt": at(1)}]),
            "/history/0 is an undeployment before any success",
        ),
        (
            json!([{"status": "inactive", "occurredAt": at(1)}]),
            "/history/0 is inactive",
        ),
        (
            json!([{"status": "success", "ocurredAt": at(1)}]),
            "/history/0/occurredAt is required",
        ),
        (
            json!([{"status": "success", "occurredAt": "yesterday"}]),
            "/history/0/occurredAt must be an RFC 3339 time",
        ),
        (json!([1]), "/history/0 must be an object"),
        (json!({"a": 1}), "/history must be a list"),
    ] {
        let faults = faults(listed);
        assert!(faults[0].starts_with(fault), "{fault}: {faults:?}");
    }
    let disagree = history(
        &json!({"status": "failed", "history": [{"status": "success", "occurredAt": at(1)}]}),
    )
    .unwrap_err();
    assert!(
        disagree[0].starts_with("/status must be the latest status in history, which is succeeded"),
        "{disagree:?}"
    );
}

#[test]
fn unambiguous_times_of_other_programs_are_accepted() {
    for text in [
        "2021-04-28 21:50:00 +0200",
        "2021-04-28T21:50:00+0200",
        "2021-04-28 19:50:00 UTC",
        "2021-04-28 21:50:00+02:00",
    ] {
        let ImportLine::Deployment(past) = read(&with(&json!({"occurredAt": text}))).unwrap()
        else {
            panic!()
        };
        assert_eq!(
            past.deployment.occurred_at,
            clock::parse("2021-04-28T19:50:00Z").ok(),
            "{text}"
        );
    }
    for (value, hint) in [
        (
            json!(1_683_022_138),
            "which is 2023-05-02T10:08:58.000Z: in jq, `todate`",
        ),
        (
            json!("1683022138"),
            "which is 2023-05-02T10:08:58.000Z: in jq, `todate`",
        ),
        (json!(1_683_022_138_000_i64), "in jq, `./1000|todate`"),
        (json!("2021-04-28 21:50:00"), "it has no time zone"),
        (json!("2021-04-28"), "it is a day without a time"),
        (
            json!("1969-01-01 00:00:00 +0000"),
            "must not lie before 1970",
        ),
        (json!(true), "must be a string, not a boolean"),
    ] {
        let faults = read(&with(&json!({ "occurredAt": value }))).unwrap_err();
        assert!(faults[0].contains(hint), "{faults:?}");
    }
}

#[test]
fn a_fault_has_the_invalid_value_or_suggests_a_field() {
    let faults = read(
        &json!({"service": "api", "env": "production", "version": "v 1 ", "deployed_by": "me", "commitSha": "xyz", "foo": 1}),
    );
    let faults = faults.unwrap_err();
    let contains = |part: &str| {
        assert!(
            faults.iter().any(|fault| fault.contains(part)),
            "{part}: {faults:?}"
        );
    };
    contains("/version must have no space at either end; it is \"v 1 \"");
    contains("/commitSha must be 4 to 64 hexadecimal digits; it is \"xyz\"");
    contains("/service is not a known field; did you mean component?");
    contains("/env is not a known field; did you mean environment?");
    contains("/deployed_by is not a known field; did you mean deployedBy?");
    contains("/foo is not a known field; known are");
}

#[test]
fn components_and_environments_have_separate_lines() {
    let line = json!({"event": "component", "name": "api", "owner": "me", "archived": true});
    assert_eq!(read(&line).unwrap().to_body(), line);
    let line = json!({"event": "environment", "name": "eu", "type": "production", "order": 2});
    assert_eq!(read(&line).unwrap().to_body(), line);
    assert!(
        read(&json!({"event": "transition"})).unwrap_err()[0]
            .contains("must be undeployed, component or environment")
    );
    assert!(read(&json!({"event": 7})).unwrap_err()[0].contains("must be undeployed"));
}

#[test]
fn the_number_of_history_entries_is_limited() {
    let entry = |at: usize| json!({"status": if at.is_multiple_of(2) { "failed" } else { "pending" }, "occurredAt": "2026-01-01T12:00:00Z", "sequence": at});
    let listed = |count: usize| json!({"history": (0..count).map(entry).collect::<Vec<_>>()});
    assert!(history(&listed(IMPORT_ENTRIES)).is_ok());
    assert!(
        history(&listed(IMPORT_ENTRIES + 1)).unwrap_err()[0]
            .starts_with("/history must have at most 4000 entries")
    );
}

proptest! {
    #[test]
    fn every_accepted_history_is_legal(listed in prop::collection::vec(("[a-z_]{0,3}|success|failure|queued|running|rolled_back|inactive", 0_u32..60), 0..12)) {
        let listed: Vec<_> = listed.iter().map(|(word, minute)| json!({"status": word, "occurredAt": at(*minute)})).collect();
        if let Ok(ImportLine::Deployment(past)) = read(&with(&json!({ "history": listed }))) {
            let mut before: Option<Status> = None;
            for entry in &past.history {
                match before {
                    None => prop_assert_eq!(entry.status, PENDING),
                    Some(before) => prop_assert!(before.transition_to(entry.status).is_ok()),
                }
                before = Some(entry.status);
            }
        }
    }
}
