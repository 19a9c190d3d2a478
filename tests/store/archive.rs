//! The archive hides unused components and environments; a new deployment unarchives the ones that
//! it uses.

use deploytrack_core::{
    api::ImportLine,
    archive::{ArchiveNote, ArchiveSelection, MOST_ARCHIVED},
    catalog::{CatalogKind, ComponentChange, EnvironmentChange, NewEnvironment},
    clock::{Clock as _, Time},
    deployment::{Change, Deployment, NewDeployment, Undeploy},
    event::EventType,
    query::{CatalogFilter, MatrixFilter, PageRequest},
    status::Status,
    text::Name,
    tracker::{Tracker, WriteOutcome},
};
use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;

use crate::given::{by, new, noon, succeeded, with_clock};

const HOUR: chrono::TimeDelta = chrono::TimeDelta::hours(1);

async fn archive_both(tracker: &Tracker, deployment: &Deployment) {
    let change = ComponentChange {
        archived: Some(true),
        ..ComponentChange::default()
    };
    tracker
        .update_component(deployment.component_id, change, &by())
        .await
        .unwrap();
    let change = EnvironmentChange {
        archived: Some(true),
        ..EnvironmentChange::default()
    };
    tracker
        .update_environment(deployment.environment_id, change, &by())
        .await
        .unwrap();
}

async fn archived(tracker: &Tracker) -> (bool, bool) {
    let page = PageRequest::default();
    let component = tracker.components(None, page).await.unwrap().data.remove(0);
    let environment = tracker
        .environments(None, page)
        .await
        .unwrap()
        .data
        .remove(0);
    assert_eq!(
        (component.archived, environment.archived),
        (
            component.archived_at.is_some(),
            environment.archived_at.is_some()
        )
    );
    (component.archived, environment.archived)
}

/// The archived items that a write to `api` in `production` must report.
fn found(unarchived: bool) -> Vec<ArchiveNote> {
    [
        (CatalogKind::Component, "api"),
        (CatalogKind::Environment, "production"),
    ]
    .map(|(kind, name)| ArchiveNote {
        kind,
        name: name.parse().unwrap(),
        unarchived,
    })
    .to_vec()
}

/// The types of the events after a number.
async fn events_after(tracker: &Tracker, after: i64) -> Vec<EventType> {
    let mut events = tracker.events(Some(after)).await.unwrap();
    events
        .next()
        .await
        .unwrap()
        .iter()
        .map(|event| event.r#type)
        .collect()
}

async fn last_event(tracker: &Tracker) -> i64 {
    tracker.events(None).await.unwrap().position()
}

fn selection(pattern: &str) -> ArchiveSelection {
    ArchiveSelection {
        name: pattern.parse().unwrap(),
        idle_since: None,
        undo: false,
        dry_run: false,
    }
}

fn names<T>(written: &WriteOutcome<T>, of: impl Fn(&T) -> Vec<&Name>) -> Vec<String> {
    of(&written.value)
        .into_iter()
        .map(ToString::to_string)
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_deployment_unarchives_its_component_and_environment(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let old = succeeded(&tracker, "v1").await;
    let by_id = |version: &str| {
        NewDeployment::new(
            old.component_id.into(),
            old.environment_id.into(),
            version.parse().unwrap(),
        )
    };
    for (new, status) in [
        (new("api", "production", "v2"), Status::Pending),
        (by_id("v3"), Status::Succeeded),
        (new("API", "Production", "v4"), Status::Failed),
    ] {
        archive_both(&tracker, &old).await;
        assert_eq!(archived(&tracker).await, (true, true));
        assert_eq!(tracker.matrix(&MatrixFilter::default()).await.unwrap(), []);
        let before = last_event(&tracker).await;
        let written = tracker
            .record(NewDeployment { status, ..new }, &by())
            .await
            .unwrap();
        assert_eq!(written.archived, found(true), "{status}");
        assert_eq!(archived(&tracker).await, (false, false), "{status}");
        let events = events_after(&tracker, before).await;
        assert!(
            events.ends_with(&[
                EventType::ComponentUnarchived,
                EventType::EnvironmentUnarchived
            ]),
            "{events:?}"
        );
        assert_eq!(
            tracker
                .matrix(&MatrixFilter::default())
                .await
                .unwrap()
                .len(),
            1
        );
    }
    assert_eq!(
        tracker
            .record(new("api", "production", "v5"), &by())
            .await
            .unwrap()
            .archived,
        []
    );
    assert!(tracker.verify().await.unwrap().ok);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_in_one_transaction_unarchive_each_name_once(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let old = succeeded(&tracker, "v1").await;
    archive_both(&tracker, &old).await;
    let before = last_event(&tracker).await;
    let hold = database.block_writes().await;
    let together = (0..8).map(|n| {
        let tracker = tracker.clone();
        async move {
            tracker
                .record(new("api", "production", &format!("v{n}")), &by())
                .await
                .unwrap()
        }
    });
    let together: Vec<_> = together.map(tokio::spawn).collect();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    hold.release().await;
    for one in together {
        one.await.unwrap();
    }
    assert_eq!(archived(&tracker).await, (false, false));
    let events = events_after(&tracker, before).await;
    assert_eq!(
        events
            .iter()
            .filter(|event| **event == EventType::EnvironmentUnarchived)
            .count(),
        1,
        "{events:?}"
    );
    assert_eq!(
        events
            .iter()
            .filter(|event| **event == EventType::ComponentUnarchived)
            .count(),
        1,
        "{events:?}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn progress_unarchives_and_a_failure_does_not(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let first = succeeded(&tracker, "v1").await;
    let second = tracker
        .record(new("api", "production", "v2"), &by())
        .await
        .unwrap()
        .value;
    archive_both(&tracker, &first).await;
    let failed = tracker
        .update(second.id, Change::to(Status::Failed), &by())
        .await
        .unwrap();
    assert_eq!(
        (failed.archived, archived(&tracker).await),
        (found(false), (true, true))
    );
    let described = Change {
        description: Some(None),
        ..Change::default()
    };
    assert_eq!(
        tracker
            .update(second.id, described, &by())
            .await
            .unwrap()
            .archived,
        []
    );
    for status in [
        Status::Pending,
        Status::InProgress,
        Status::Succeeded,
        Status::RolledBack,
    ] {
        archive_both(&tracker, &first).await;
        assert_eq!(
            tracker
                .update(second.id, Change::to(status), &by())
                .await
                .unwrap()
                .archived,
            found(true),
            "{status}"
        );
        assert_eq!(archived(&tracker).await, (false, false), "{status}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_undeployment_and_a_rollback_to_nothing_do_not_unarchive(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let first = succeeded(&tracker, "v1").await;
    archive_both(&tracker, &first).await;
    let undeployed = tracker
        .undeploy(first.id, Undeploy::default(), &by())
        .await
        .unwrap();
    assert_eq!(
        (undeployed.archived, archived(&tracker).await),
        (vec![], (true, true))
    );
    let rolled_back = tracker
        .update(first.id, Change::to(Status::RolledBack), &by())
        .await
        .unwrap();
    assert_eq!(
        (rolled_back.archived, archived(&tracker).await),
        (found(false), (true, true))
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_from_before_the_archiving_does_not_unarchive(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let first = succeeded(&tracker, "v1").await;
    clock.advance(HOUR);
    archive_both(&tracker, &first).await;
    clock.advance(HOUR);
    let late = |version: &str, at: Time| NewDeployment {
        occurred_at: Some(at),
        status: Status::Succeeded,
        ..new("api", "production", version)
    };
    let line = |version, at| vec![(1, late(version, at).into())];
    let (past, since) = (noon() + HOUR / 2, noon() + HOUR * 3 / 2);
    assert_eq!(
        tracker
            .record(late("v2", past), &by())
            .await
            .unwrap()
            .archived,
        found(false)
    );
    assert_eq!(
        tracker
            .import(line("v3", past), &by())
            .await
            .unwrap()
            .archived,
        found(false)
    );
    assert_eq!(archived(&tracker).await, (true, true));
    assert_eq!(
        tracker
            .import(line("v4", since), &by())
            .await
            .unwrap()
            .archived,
        found(true)
    );
    assert_eq!(archived(&tracker).await, (false, false));
    archive_both(&tracker, &first).await;
    assert_eq!(
        tracker
            .import(line("v4", since), &by())
            .await
            .unwrap()
            .archived,
        found(false),
        "the same line adds nothing"
    );
    assert_eq!(archived(&tracker).await, (true, true));
    assert!(tracker.verify().await.unwrap().ok);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_matrix_at_a_time_shows_what_was_not_archived_then(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let first = succeeded(&tracker, "v1").await;
    clock.advance(HOUR);
    archive_both(&tracker, &first).await;
    clock.advance(HOUR);
    let rows = async |at| {
        tracker
            .matrix(&MatrixFilter {
                at,
                ..MatrixFilter::default()
            })
            .await
            .unwrap()
            .len()
    };
    assert_eq!(rows(Some(noon() + HOUR / 2)).await, 1);
    assert_eq!(rows(Some(noon() + HOUR)).await, 0);
    assert_eq!(rows(None).await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pattern_archives_idle_environments(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for name in ["review/old", "review/busy", "Review/Never", "production"] {
        if name == "Review/Never" {
            let new = NewEnvironment {
                name: name.parse().unwrap(),
                details: EnvironmentChange::default(),
            };
            tracker.create_environment(new, &by()).await.unwrap();
        } else {
            tracker
                .record(
                    NewDeployment {
                        status: Status::Succeeded,
                        ..new("api", name, "v1")
                    },
                    &by(),
                )
                .await
                .unwrap();
        }
    }
    clock.advance(HOUR);
    tracker
        .record(new("api", "review/busy", "v2"), &by())
        .await
        .unwrap();
    let new = NewEnvironment {
        name: "review/new".parse().unwrap(),
        details: EnvironmentChange::default(),
    };
    tracker.create_environment(new, &by()).await.unwrap();
    let idle = ArchiveSelection {
        idle_since: Some(clock.now()),
        ..selection("review/*")
    };
    let of = |outcome: &deploytrack_core::archive::ArchiveOutcome| {
        outcome
            .data
            .iter()
            .map(|one| one.name.to_string())
            .collect::<Vec<_>>()
    };
    let in_use = async || {
        let filter = CatalogFilter {
            archived: Some(false),
            ..CatalogFilter::default()
        };
        names(
            &WriteOutcome {
                value: tracker
                    .matching_environments(&filter, PageRequest::default())
                    .await
                    .unwrap(),
                replayed: false,
                resembles: vec![],
                archived: vec![],
            },
            |page| page.data.iter().map(|one| &one.name).collect(),
        )
    };
    let dry = tracker
        .archive(
            CatalogKind::Environment,
            ArchiveSelection {
                dry_run: true,
                ..idle.clone()
            },
            &by(),
        )
        .await
        .unwrap()
        .value;
    assert_eq!(of(&dry), ["Review/Never", "review/old"]);
    assert_eq!(in_use().await.len(), 5, "a dry run changes nothing");
    let before = last_event(&tracker).await;
    let done = tracker
        .archive(CatalogKind::Environment, idle.clone(), &by())
        .await
        .unwrap()
        .value;
    assert_eq!((of(&done), done.remaining), (of(&dry), 0));
    assert_eq!(done.data[0].last_deployed_at, None);
    assert_eq!(done.data[1].last_deployed_at, Some(noon()));
    assert_eq!(
        events_after(&tracker, before).await,
        [EventType::EnvironmentUpdated; 2]
    );
    assert_eq!(in_use().await, ["production", "review/busy", "review/new"]);
    assert_eq!(
        of(&tracker
            .archive(CatalogKind::Environment, idle, &by())
            .await
            .unwrap()),
        Vec::<String>::new(),
        "again there is nothing to archive"
    );
    let undo = ArchiveSelection {
        undo: true,
        ..selection("REVIEW/?ld")
    };
    assert_eq!(
        of(&tracker
            .archive(CatalogKind::Environment, undo, &by())
            .await
            .unwrap()),
        ["review/old"]
    );
    assert_eq!(
        tracker
            .archive(CatalogKind::Component, selection("*"), &by())
            .await
            .unwrap()
            .value
            .data
            .len(),
        1
    );
    assert_eq!(tracker.matrix(&MatrixFilter::default()).await.unwrap(), []);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_request_archives_a_bounded_number(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let lines = (0..MOST_ARCHIVED + 7).map(|n| {
        let new = NewDeployment {
            occurred_at: Some(noon()),
            status: Status::Succeeded,
            ..new("api", &format!("review/{n:04}"), "v1")
        };
        (n, ImportLine::from(new))
    });
    tracker.import(lines.collect(), &by()).await.unwrap();
    let first = tracker
        .archive(CatalogKind::Environment, selection("review/*"), &by())
        .await
        .unwrap()
        .value;
    assert_eq!((first.data.len(), first.remaining), (MOST_ARCHIVED, 7));
    let second = tracker
        .archive(CatalogKind::Environment, selection("review/*"), &by())
        .await
        .unwrap()
        .value;
    assert_eq!((second.data.len(), second.remaining), (7, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_name_is_not_compared_with_archived_ones(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let old = tracker
        .record(new("checkout", "production", "v1"), &by())
        .await
        .unwrap()
        .value;
    let typed = || new("chekout", "prodution", "v1");
    assert!(tracker.record(typed(), &by()).await.is_err());
    archive_both(&tracker, &old).await;
    tracker.record(typed(), &by()).await.unwrap();
}
