//! Differences in what follows from the history.

use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;

use super::{dialect, found_after, named, tables};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_columns_of_a_deployment_are_compared_with_its_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for set in [
        "status = 'rolled_back'",
        "attempt = 7",
        "started_at = null",
        "finished_at = null",
        "succeeded_at = null",
        "succeeded_sequence = 1",
        "occurred_at = (select min(created_at) from deployments)",
        "occurred_sequence = 1",
    ] {
        let another = database.another().await;
        let (tracker, found) = found_after(
            &another,
            &format!("update deployments set {set} where version = 'v2'"),
        )
        .await;
        assert_eq!(tables(&found), ["deployments"], "{set}: {found}");
        let difference = &found.differences[0];
        assert_eq!(
            (found.found, difference.repairable, difference.deployment_id),
            (1, true, Some(named(&tracker, "v2").await.id)),
            "{set}: {found}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cell_that_shows_something_else_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let nothing = "deployment_id = null, version = null, succeeded_at = null, deployed_by = null";
    let later = dialect(
        &database,
        "succeeded_at = succeeded_at + 1",
        "succeeded_at = succeeded_at + interval '1 microsecond'",
    );
    for set in [
        "version = 'v9'",
        nothing,
        later,
        "deployment_id = (select id from deployments where version = 'v1')",
        "deployed_by = 'eve'",
        "deployed_by = null",
        "commit_sha = 'ed52224'",
    ] {
        let another = database.another().await;
        let (tracker, found) = found_after(
            &another,
            &format!("update current_cells set {set} where version = 'v2'"),
        )
        .await;
        assert_eq!(tables(&found), ["current_cells"], "{set}: {found}");
        let (difference, cell) = (&found.differences[0], named(&tracker, "v2").await);
        assert_eq!(
            (difference.component_id, difference.environment_id),
            (Some(cell.component_id), Some(cell.environment_id)),
            "{set}"
        );
        assert!(
            difference.repairable && difference.detail.contains("but the history has v2"),
            "{set}: {found}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cell_that_should_be_empty_or_is_missing_is_found(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let fill = "update current_cells set version = 'v4', deployment_id = (select id from deployments where version = 'v4'),
            succeeded_at = (select succeeded_at from deployments where version = 'v4') where version is null";
    for (sql, said) in [
        (fill, "but the history has nothing"),
        (
            "delete from current_cells where version = 'v2'",
            "is missing",
        ),
    ] {
        let another = database.another().await;
        let (_, found) = found_after(&another, sql).await;
        assert_eq!(tables(&found), ["current_cells"], "{sql}: {found}");
        assert!(found.differences[0].detail.contains(said), "{sql}: {found}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_missing_ended_or_invented_period_is_found(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for (sql, said) in [
        ("delete from cell_periods where version = 'v1'", "the period it began is missing"),
        ("update cell_periods set ended_at = started_at where version = 'v1'", "the period it began differs from the history"),
        ("update cell_periods set ended_at = null where version = 'v5'", "the period it began differs from the history"),
        ("update cell_periods set version = 'v9' where version = 'v1'", "the period it began differs from the history"),
        ("update cell_periods set version = 'v4' where version is null", "the period it began differs from the history"),
        ("update cell_periods set sequence = sequence + 1000 where version = 'v1'", "the period it began is missing"),
        (
            "insert into cell_periods select component_id, environment_id, started_at, sequence + 1000, deployment_id, 'v9', null
                 from cell_periods where version = 'v2'",
            "a period has no row of history",
        ),
    ] {
        let another = database.another().await;
        let (_, found) = found_after(&another, sql).await;
        assert_eq!(tables(&found), ["cell_periods"], "{sql}: {found}");
        assert!(found.differences[0].repairable && found.differences[0].detail == said, "{sql}: {found}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_missing_period_in_one_cell_does_not_hide_an_invented_one_in_another(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let invent = "delete from cell_periods where version = 'v1';
            insert into cell_periods select component_id, environment_id, started_at, sequence + 1000, deployment_id, 'v9', null
            from cell_periods where version = 'v3'";
    let (tracker, found) = found_after(&database, invent).await;
    assert_eq!(
        (tables(&found), found.found),
        (vec!["cell_periods"], 2),
        "{found}"
    );
    assert_eq!(
        found.differences[1].environment_id,
        Some(named(&tracker, "v3").await.environment_id),
        "{found}"
    );
    assert!(
        tracker
            .repair(&"operator".parse().unwrap())
            .await
            .unwrap()
            .ok
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_count_that_is_wrong_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    for sql in [
        "update deployment_counts set count = count + 1 where status = 'rolled_back'",
        "delete from deployment_counts where status = 'rolled_back'",
    ] {
        let another = database.another().await;
        let (_, found) = found_after(&another, sql).await;
        assert_eq!(
            (tables(&found), found.found),
            (vec!["deployment_counts"], 1),
            "{sql}: {found}"
        );
        assert!(
            found.differences[0]
                .detail
                .ends_with("rolled_back, but the history has 1"),
            "{sql}: {found}"
        );
    }
}
