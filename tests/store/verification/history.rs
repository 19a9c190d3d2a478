//! Differences in the history and in the events.

use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;

use super::{dialect, found_after, named, tables};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_history_row_with_any_changed_column_is_found(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let later = dialect(
        &database,
        "occurred_at + 1",
        "occurred_at + interval '1 microsecond'",
    );
    let hash = dialect(&database, "zeroblob(32)", "decode(repeat('00', 32), 'hex')");
    for set in [
        "reason = 'forged'".to_owned(),
        "recorded_by = 'somebody-else'".to_owned(),
        format!("occurred_at = {later}"),
        format!("recorded_at = {}", later.replace("occurred", "recorded")),
        "attempt = 2".to_owned(),
        "to_status = 'failed'".to_owned(),
        "from_status = 'failed'".to_owned(),
        "event = 'undeployed'".to_owned(),
        format!("hash = {hash}"),
    ] {
        let another = database.another().await;
        let (tracker, found) = found_after(
            &another,
            &format!("update history set {set} where sequence = 5"),
        )
        .await;
        let difference = found
            .differences
            .first()
            .unwrap_or_else(|| panic!("{set}: {found}"));
        assert_eq!(
            (
                difference.table.as_str(),
                difference.sequence,
                difference.repairable
            ),
            ("history", Some(5), false),
            "{set}: {found}"
        );
        assert_eq!(
            difference.deployment_id,
            Some(named(&tracker, "v2").await.id),
            "{set}"
        );
        assert!(!found.ok);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_deleted_from_the_end_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let last = "delete from history where sequence = (select max(sequence) from history where event = 'undeployed')";
    let (tracker, found) = found_after(&database, last).await;
    let named = found.differences.iter().find(|difference| {
        difference
            .detail
            .contains("the last row of the history is not the one of the last write")
    });
    let named = named.unwrap_or_else(|| panic!("{found}"));
    assert_eq!(
        (named.table.as_str(), named.repairable),
        ("deployments", false)
    );
    assert_eq!(
        named.deployment_id,
        Some(crate::verification::named(&tracker, "v4").await.id)
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_deleted_from_the_middle_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    for (sequence, next) in [(4, 5), (5, 6)] {
        let another = database.another().await;
        let (_, found) = found_after(
            &another,
            &format!("delete from history where sequence = {sequence}"),
        )
        .await;
        let difference = found.differences.first().unwrap();
        assert_eq!(
            (
                difference.table.as_str(),
                difference.sequence,
                difference.repairable
            ),
            ("history", Some(next), false),
            "{found}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_inserted_row_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let copy = "insert into history (deployment_id, attempt, event, from_status, to_status, occurred_at, recorded_at, recorded_by, hash)
            select deployment_id, attempt, 'transition', 'succeeded', 'rolled_back', occurred_at, recorded_at, recorded_by, hash
            from history where sequence = 6";
    let (_, found) = found_after(&database, copy).await;
    let difference = found.differences.first().unwrap();
    assert_eq!(
        (difference.table.as_str(), difference.repairable),
        ("history", false),
        "{found}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_without_any_history_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (_, found) = found_after(&database, "delete from history where sequence <= 3").await;
    let difference = found.differences.first().unwrap();
    assert_eq!(
        (difference.table.as_str(), difference.detail.as_str()),
        ("history", "there is no history"),
        "{found}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_history_without_its_deployment_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let delete = dialect(
        &database,
        "pragma foreign_keys = off; delete from deployments where version = 'v1'",
        "set session_replication_role = replica; delete from deployments where version = 'v1'",
    );
    let (_, found) = found_after(&database, delete).await;
    let stray = found
        .differences
        .iter()
        .find(|difference| difference.table == "history")
        .unwrap_or_else(|| panic!("{found}"));
    assert_eq!(
        (stray.sequence, stray.detail.as_str(), stray.repairable),
        (Some(1), "the deployment of this row does not exist", false),
        "{found}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_constant_fields_of_a_deployment_are_chained_to_its_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let created = dialect(
        &database,
        "created_at + 1",
        "created_at + interval '1 microsecond'",
    );
    for set in [
        "version = 'v9'",
        "deployed_by = 'somebody-else'",
        "commit_sha = 'ed52224'",
        &format!("created_at = {created}"),
    ] {
        let another = database.another().await;
        let (_, found) = found_after(
            &another,
            &format!("update deployments set {set} where version = 'v2'"),
        )
        .await;
        let difference = found
            .differences
            .first()
            .unwrap_or_else(|| panic!("{set}: {found}"));
        assert_eq!(
            (
                difference.table.as_str(),
                difference.sequence,
                difference.repairable
            ),
            ("history", Some(4), false),
            "{set}: {found}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_that_differ_from_the_history_are_found(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for (sql, said) in [
        ("update events set type = 'deployment.transitioned' where history_sequence = 1", &["it differs from its row of the history"][..]),
        (
            "update events set subject_id = (select id from deployments where version = 'v2') where history_sequence = 1",
            &["it differs from its row of the history"],
        ),
        ("update events set subject_id = null where history_sequence = 3", &["it differs from its row of the history"]),
        (
            "update events set history_sequence = null where history_sequence = 5",
            &["it differs from its row of the history", "there is no event for row 5 of the history"],
        ),
        (
            "update events set history_sequence = 1000 where history_sequence = 6",
            &["it differs from its row of the history", "there is no event for row 6 of the history"],
        ),
        (
            "update events set history_sequence = 5 - history_sequence where history_sequence in (2, 3)",
            &["out of order: it reports an older history row than the previous event of this deployment"],
        ),
        (
            "insert into events (number, type, subject_id, history_sequence)
                 select (select max(number) + 1 from events), type, subject_id, history_sequence from events where history_sequence = 21;
                 update commits set last_event = last_event + 1",
            &["an earlier event reports the same row of the history"],
        ),
        (
            "delete from events where history_sequence = 5",
            &[
                "there are 24 events, numbered from 1 to 25, but the last number in commits is 25",
                "there is no event for row 5 of the history",
            ],
        ),
        (
            "delete from events where number = 25",
            &[
                "there are 24 events, numbered from 1 to 24, but the last number in commits is 25",
                "there is no event for row 21 of the history",
            ],
        ),
        ("delete from events where number = 1", &["there are 24 events, numbered from 2 to 25, but the last number in commits is 25"]),
        (
            "update commits set last_event = last_event + 1",
            &["there are 25 events, numbered from 1 to 25, but the last number in commits is 26"],
        ),
    ] {
        let another = database.another().await;
        let (tracker, found) = found_after(&another, sql).await;
        assert_eq!(tables(&found), ["events"], "{sql}: {found}");
        assert_eq!(found.differences.iter().map(|difference| difference.detail.as_str()).collect::<Vec<_>>(), said, "{sql}");
        let left = tracker.repair(&"operator".parse().unwrap()).await.unwrap();
        assert_eq!(left, found, "what readers have seen stays: {sql}");
    }
}
