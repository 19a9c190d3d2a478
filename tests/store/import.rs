//! An import rebuilds the content of an export.

use deploytrack_core::{
    api::{FromBody, ImportLine},
    catalog::{ComponentChange, EnvironmentChange, EnvironmentType, NewComponent, NewEnvironment},
    clock::{Clock as _, ManualClock, Time, parse},
    deployment::{Change, NewDeployment, Undeploy},
    history::HistoryEntry,
    json,
    matrix::Cell,
    query::{DeploymentFilter, ListKey, MatrixFilter, PageRequest},
    status::Status,
    text::{Name, Reason},
    tracker::{CatalogCursor, Terms, Tracker},
};
use deploytrack_tests::{
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    fold,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{by, new, noon, shown, with_clock};

/// Every line of an export, in pages of two.
async fn exported(tracker: &Tracker) -> Vec<String> {
    let (mut lines, mut after): (Vec<String>, Option<ListKey>) = (Vec::new(), None);
    let mut names = CatalogCursor::default();
    while let Some((next, page)) = tracker.export_names(&names, 2).await.unwrap() {
        assert!(!page.is_empty() && page.len() <= 2);
        names = next;
        lines.extend(page.iter().map(|line| serde_json::to_string(line).unwrap()));
    }
    loop {
        let page = tracker
            .export_page(&DeploymentFilter::default(), after, 2)
            .await
            .unwrap();
        let Some((next, page)) = page else {
            return lines;
        };
        after = Some(next);
        lines.extend(page.iter().map(|line| serde_json::to_string(line).unwrap()));
    }
}

fn read(lines: &[String]) -> Vec<(usize, ImportLine)> {
    let body =
        |line: &String| ImportLine::from_body(json::object(line.as_bytes()).unwrap()).unwrap();
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| (index + 1, body(line)))
        .collect()
}

/// The cells of a matrix, by names.
type Shown = Vec<(Name, Vec<(String, String, Time)>)>;

async fn matrix(tracker: &Tracker, filter: MatrixFilter) -> Shown {
    let cell = |(environment, cell): (&Name, &Cell)| {
        (
            environment.to_string(),
            cell.version.to_string(),
            cell.deployed_at,
        )
    };
    let rows = tracker.matrix(&filter).await.unwrap().into_iter();
    rows.map(|row| {
        (
            row.component_name,
            row.environments.iter().map(cell).collect(),
        )
    })
    .collect()
}

/// The matrix at the time of every row of history, just before it and just after it, with archived
/// names and without.
async fn matrices_over_time(tracker: &Tracker) -> Vec<Shown> {
    let all = fold::everything(tracker).await;
    let mut moments: Vec<_> = all
        .iter()
        .flat_map(|(_, history)| history)
        .map(|entry| entry.occurred_at)
        .collect();
    moments.sort();
    moments.dedup();
    let micro = chrono::TimeDelta::microseconds(1);
    let mut past = Vec::new();
    for include_archived in [false, true] {
        for at in moments
            .iter()
            .flat_map(|at| [Some(*at - micro), Some(*at)])
            .chain([None])
        {
            past.push(
                matrix(
                    tracker,
                    MatrixFilter {
                        at,
                        include_archived,
                        ..MatrixFilter::default()
                    },
                )
                .await,
            );
        }
    }
    past
}

/// A row of history without the fields that another server sets.
fn row(entry: HistoryEntry) -> Value {
    let mut row = serde_json::to_value(entry).unwrap();
    let row_fields = row.as_object_mut().unwrap();
    for field in ["sequence", "recordedAt", "recordedBy", "hash"] {
        row_fields.remove(field);
    }
    row
}

/// All deployments in the order of recording, without the fields that another server sets.
async fn deployments_with_history(tracker: &Tracker) -> Vec<Value> {
    let mut told = Vec::new();
    for (deployment, history) in fold::everything(tracker).await.into_iter().rev() {
        let mut value = serde_json::to_value(&deployment).unwrap();
        let fields = value.as_object_mut().unwrap();
        for field in [
            "id",
            "componentId",
            "environmentId",
            "createdAt",
            "updatedAt",
        ] {
            fields.remove(field);
        }
        value["history"] = history.into_iter().map(row).collect();
        told.push(value);
    }
    told
}

async fn imported(tracker: &Tracker, lines: &[Value]) -> (u64, u64) {
    let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
    let imported = tracker.import(read(&lines), &by()).await.unwrap();
    (imported.recorded, imported.skipped)
}

/// Trackers on two empty databases: one of this kind, and one on SQLite.
async fn empty_trackers(database: &Database) -> Vec<(Database, Tracker)> {
    let mut fresh = Vec::new();
    for database in [database.another().await, Database::sqlite()] {
        let (tracker, clock) = with_clock(&database.tracker().await);
        clock.advance(chrono::TimeDelta::days(7));
        fresh.push((database, tracker));
    }
    fresh
}

/// Fills a tracker with random operations.
async fn fill(tracker: &Tracker, clock: &ManualClock, random: &mut fastrand::Rng) {
    let choose = |random: &mut fastrand::Rng, of: &[&'static str]| of[random.usize(..of.len())];
    let mut known = Vec::new();
    for step in 0..60 {
        clock.advance(chrono::TimeDelta::seconds(random.i64(0..3)));
        // Often the time of an earlier one.
        let claimed = random
            .bool()
            .then(|| clock.now() - chrono::TimeDelta::seconds(random.i64(0..20)));
        let sent_at = (random.u8(..4) == 0)
            .then(|| clock.now() + chrono::TimeDelta::seconds(random.i64(-600..600)));
        let terms = Terms::by(by()).sent_at(sent_at);
        let reason = random
            .bool()
            .then(|| Reason::new(format!("reason {step}")).unwrap());
        if random.u8(..3) == 0 || known.is_empty() {
            let status = [
                Status::Pending,
                Status::InProgress,
                Status::Succeeded,
                Status::Failed,
            ][random.usize(..4)];
            let new = new(
                choose(random, &["api", "web"]),
                choose(random, &["eu", "us", "staging"]),
                choose(random, &["v1", "v2", "v3"]),
            );
            let new = NewDeployment {
                status,
                occurred_at: claimed,
                ..new
            };
            known.push(tracker.record(new, terms).await.unwrap().id);
        } else {
            let id = known[random.usize(..known.len())];
            let change = Change {
                status: Some(Status::ALL[random.usize(..5)]),
                occurred_at: claimed,
                reason: reason.clone(),
                ..Change::default()
            };
            // Many transitions are illegal and refused.
            if tracker.update(id, change, terms.clone()).await.is_err() {
                drop(
                    tracker
                        .undeploy(
                            id,
                            Undeploy {
                                occurred_at: claimed,
                                reason,
                            },
                            terms,
                        )
                        .await,
                );
            }
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_import_of_an_export_rebuilds_every_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for seed in 0..3 {
        let source = database.another().await;
        let (tracker, clock) = with_clock(&source.tracker().await);
        fill(&tracker, &clock, &mut fastrand::Rng::with_seed(seed)).await;
        let lines = exported(&tracker).await;
        for (_database, other) in empty_trackers(&database).await {
            let first = other.import(read(&lines), &by()).await.unwrap();
            assert_eq!(
                (first.recorded, first.skipped),
                (lines.len() as u64, 0),
                "seed {seed}"
            );
            assert_eq!(
                deployments_with_history(&other).await,
                deployments_with_history(&tracker).await,
                "seed {seed}"
            );
            assert_eq!(
                matrices_over_time(&other).await,
                matrices_over_time(&tracker).await,
                "seed {seed}"
            );
            let again = other.import(read(&lines), &by()).await.unwrap();
            assert_eq!(
                (again.recorded, again.skipped),
                (0, lines.len() as u64),
                "seed {seed}"
            );
            fold::check(&other).await;
            assert!(other.verify().await.unwrap().ok, "seed {seed}");
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_export_contains_archived_names_their_order_and_details(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    for (component, environment) in [
        ("api", "zeta"),
        ("api", "alpha"),
        ("web", "zeta"),
        ("old", "review"),
        ("api", "production"),
    ] {
        tracker
            .record(
                NewDeployment {
                    status: Status::Succeeded,
                    ..new(component, environment, "v1")
                },
                &by(),
            )
            .await
            .unwrap();
    }
    let details = ComponentChange {
        owner: Some(Some(by())),
        ..ComponentChange::default()
    };
    tracker
        .create_component(
            NewComponent {
                name: Name::new("never").unwrap(),
                details,
            },
            &by(),
        )
        .await
        .unwrap();
    let details = EnvironmentChange {
        r#type: Some(EnvironmentType::Testing),
        ..EnvironmentChange::default()
    };
    tracker
        .create_environment(
            NewEnvironment {
                name: Name::new("lab").unwrap(),
                details,
            },
            &by(),
        )
        .await
        .unwrap();
    let components = tracker
        .components(None, PageRequest::default())
        .await
        .unwrap()
        .data;
    let environments = tracker
        .environments(None, PageRequest::default())
        .await
        .unwrap()
        .data;
    let old = components
        .iter()
        .find(|component| component.name.as_str() == "old")
        .unwrap();
    let review = environments
        .iter()
        .find(|environment| environment.name.as_str() == "review")
        .unwrap();
    tracker
        .update_component(
            old.id,
            ComponentChange {
                archived: Some(true),
                ..ComponentChange::default()
            },
            &by(),
        )
        .await
        .unwrap();
    tracker
        .update_environment(
            review.id,
            EnvironmentChange {
                archived: Some(true),
                ..EnvironmentChange::default()
            },
            &by(),
        )
        .await
        .unwrap();
    let lines = exported(&tracker).await;
    for (_database, other) in empty_trackers(&database).await {
        other.import(read(&lines), &by()).await.unwrap();
        assert_eq!(
            matrices_over_time(&other).await,
            matrices_over_time(&tracker).await
        );
        assert_eq!(exported(&other).await, lines);
        let known = other
            .components(None, PageRequest::default())
            .await
            .unwrap()
            .data;
        assert_eq!(
            known
                .iter()
                .filter(|component| component.owner.is_some())
                .count(),
            1
        );
        let again = other.import(read(&lines), &by()).await.unwrap();
        assert_eq!((again.recorded, again.skipped), (0, lines.len() as u64));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_import_does_not_change_an_existing_name(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    tracker
        .record(new("api", "production", "v1"), &by())
        .await
        .unwrap();
    let lines = [
        json!({"event": "component", "name": "API", "archived": true}),
        json!({"event": "environment", "name": "production", "type": "testing", "order": 9}),
    ];
    assert_eq!(imported(&tracker, &lines).await, (0, 2));
    assert_eq!(matrix(&tracker, MatrixFilter::default()).await.len(), 1);
    assert_eq!(
        exported(&tracker).await.len(),
        1,
        "nothing about the names is worth a line"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_with_a_shorter_history_gets_the_missing_rows(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    let at = |minute: u32| format!("2025-05-01T12:{minute:02}:00Z");
    let whole = [
        json!({"status": "pending", "occurredAt": at(0)}),
        json!({"status": "in_progress", "occurredAt": at(1)}),
        json!({"status": "succeeded", "occurredAt": at(2)}),
        json!({"event": "undeployed", "occurredAt": at(3)}),
        json!({"status": "rolled_back", "occurredAt": at(4), "reason": "too slow"}),
        json!({"status": "failed", "occurredAt": at(6)}),
    ];
    let line = |entries: usize| json!({"component": "api", "environment": "production", "version": "v1", "history": whole[..entries]});
    for entries in 1..=whole.len() {
        assert_eq!(imported(&tracker, &[line(entries)]).await.0, 1, "{entries}");
        fold::check(&tracker).await;
    }
    assert_eq!(
        imported(&tracker, &[line(2), line(6), line(4)]).await,
        (0, 3)
    );
    let one = deployments_with_history(&tracker).await;
    let another = database.another().await;
    let (other, _clock) = with_clock(&another.tracker().await);
    assert_eq!(
        imported(&other, &[line(2), line(1), line(4), line(6), line(3)]).await,
        (3, 2)
    );
    assert_eq!(
        deployments_with_history(&other).await,
        one,
        "all in one import, too"
    );
    assert_eq!(
        (
            one.len(),
            one[0]["attempt"].as_i64(),
            one[0]["history"].as_array().unwrap().len()
        ),
        (1, Some(2), 7)
    );
    fold::check(&other).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_that_disagree_with_an_earlier_line_break_no_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    let entry = |status: &str, minute: u32, sequence: u32| json!({"status": status, "occurredAt": format!("2025-05-01T12:{minute:02}:00Z"), "sequence": sequence});
    let line = |history: Value| json!({"component": "api", "environment": "production", "version": "v1", "history": history});
    let lines = [
        line(json!([entry("pending", 0, 50)])),
        line(json!([
            entry("pending", 0, 1),
            entry("in_progress", 1, 2),
            entry("succeeded", 2, 3)
        ])),
    ];
    assert_eq!(imported(&tracker, &lines).await, (2, 0));
    assert_eq!(shown(&tracker).await.as_deref(), Some("v1"));
    fold::check(&tracker).await;
    assert!(tracker.verify().await.unwrap().ok);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn undeployments_may_come_before_their_deployments(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    let removal = |day: u32| json!({"event": "undeployed", "component": "api", "environment": "production", "occurredAt": format!("2025-05-{day:02}T00:00:00Z")});
    let success = |version: &str, day: u32| json!({"component": "api", "environment": "production", "version": version, "status": "success", "occurredAt": format!("2025-05-{day:02}T00:00:00Z")});
    assert_eq!(
        imported(
            &tracker,
            &[removal(6), success("v2", 4), removal(2), success("v1", 1)]
        )
        .await,
        (4, 0)
    );
    assert_eq!(shown(&tracker).await, None);
    let at = |day: u32| MatrixFilter {
        at: parse(&format!("2025-05-{day:02}T12:00:00Z")).ok(),
        ..MatrixFilter::default()
    };
    let mut versions = Vec::new();
    for day in 1..7 {
        versions.push(
            matrix(&tracker, at(day)).await[0]
                .1
                .first()
                .map(|(_, version, _)| version.clone()),
        );
    }
    assert_eq!(
        versions.iter().map(Option::as_deref).collect::<Vec<_>>(),
        [Some("v1"), None, None, Some("v2"), Some("v2"), None]
    );
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_successes_at_one_moment_the_one_recorded_last_is_current(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let first = tracker
        .record(
            NewDeployment {
                status: Status::InProgress,
                ..new("api", "production", "first")
            },
            &by(),
        )
        .await
        .unwrap();
    clock.advance(chrono::TimeDelta::seconds(1));
    let moment = Some(noon());
    tracker
        .record(
            NewDeployment {
                status: Status::Succeeded,
                occurred_at: moment,
                ..new("api", "production", "second")
            },
            &by(),
        )
        .await
        .unwrap();
    tracker
        .update(
            first.id,
            Change {
                occurred_at: moment,
                ..Change::to(Status::Succeeded)
            },
            &by(),
        )
        .await
        .unwrap();
    assert_eq!(shown(&tracker).await.as_deref(), Some("first"));
    let lines = exported(&tracker).await;
    for (_database, other) in empty_trackers(&database).await {
        other.import(read(&lines), &by()).await.unwrap();
        assert_eq!(shown(&other).await.as_deref(), Some("first"));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_round_trip_into_an_empty_database_gives_the_same_matrix(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for (component, environment, version) in [
        ("api", "staging", "v1"),
        ("api", "production", "v1"),
        ("web", "staging", "v7"),
        ("api", "staging", "v2"),
    ] {
        clock.advance(chrono::TimeDelta::minutes(1));
        let new = NewDeployment {
            status: Status::Succeeded,
            ..new(component, environment, version)
        };
        tracker.record(new, &by()).await.unwrap();
    }
    tracker
        .record(new("web", "staging", "v8"), &by())
        .await
        .unwrap();
    let lines = exported(&tracker).await;
    assert_eq!(lines.len(), 5);

    let another = database.another().await;
    let (other, _clock) = with_clock(&another.tracker().await);
    let imported = other.import(read(&lines), &by()).await.unwrap();
    assert_eq!((imported.recorded, imported.skipped), (5, 0));

    let all = MatrixFilter::default();
    assert_eq!(
        matrix(&tracker, all.clone()).await,
        matrix(&other, all).await
    );
    assert_eq!(exported(&other).await, lines, "and exports the same");
    fold::check(&other).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_lines_twice_add_nothing(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    let line = |number: usize| {
        let version = format!("v{number}");
        let new = NewDeployment {
            status: Status::Succeeded,
            occurred_at: Some(noon()),
            ..new("api", "production", &version)
        };
        (number, ImportLine::from(new))
    };
    let lines: Vec<_> = (1..=3).map(line).collect();
    let first = tracker.import(lines.clone(), &by()).await.unwrap();
    let again = tracker.import(lines, &by()).await.unwrap();
    assert_eq!(
        [
            (first.recorded, first.skipped),
            (again.recorded, again.skipped)
        ],
        [(3, 0), (0, 3)]
    );
    fold::check(&tracker).await;
}
