//! A name is any printable text, and every accepted name is found.

use deploytrack_core::{
    catalog::{ComponentChange, EnvironmentChange, NewComponent, NewEnvironment, Reference},
    deployment::NewDeployment,
    error::Error,
    query::{DeploymentFilter, MatrixFilter, PageRequest},
    status::Status,
    text::Name,
};
use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;

use crate::given::{by, new};

/// Names with a meaning in a language, a format, a shell or a terminal.
const HOSTILE: &str = include_str!("../lists/hostile_names.txt");

fn hostile() -> impl Iterator<Item = Name> {
    HOSTILE.lines().map(|name| name.parse().unwrap())
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_valid_name_is_found_by_itself(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    for name in hostile() {
        let new = NewDeployment {
            register: true,
            status: Status::Succeeded,
            ..new(name.as_str(), name.as_str(), "v1")
        };
        let recorded = tracker
            .record(new, &by())
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(recorded.environment_name.as_str(), name.as_str());
        let filter = DeploymentFilter::default()
            .of(Some(Reference::Name(name.clone())))
            .within(Some(Reference::Name(name.clone())));
        let page = tracker.list(&filter, PageRequest::default()).await.unwrap();
        assert_eq!(
            page.data.iter().map(|one| one.id).collect::<Vec<_>>(),
            [recorded.id],
            "{name}"
        );
        assert!(
            tracker.cell(&name, &name).await.unwrap().is_some(),
            "{name}"
        );
        assert_eq!(
            tracker
                .components(Some(&name), PageRequest::default())
                .await
                .unwrap()
                .total,
            1,
            "{name}"
        );
        assert_eq!(
            tracker
                .environments(Some(&name), PageRequest::default())
                .await
                .unwrap()
                .total,
            1,
            "{name}"
        );
    }
    let rows = tracker.matrix(&MatrixFilter::default()).await.unwrap();
    let mut sorted: Vec<_> = hostile().collect();
    sorted.sort();
    assert_eq!(
        rows.iter()
            .map(|row| &row.component_name)
            .collect::<Vec<_>>(),
        sorted.iter().collect::<Vec<_>>(),
        "both databases sort alike"
    );
    for row in rows {
        let asked = MatrixFilter {
            components: vec![row.component_name.clone()],
            ..MatrixFilter::default()
        };
        assert_eq!(
            tracker.matrix(&asked).await.unwrap().len(),
            1,
            "{}",
            row.component_name
        );
    }
    assert!(tracker.verify().await.unwrap().ok);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_that_differs_only_in_case_is_taken(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let component = tracker
        .record(new("Api", "Staging", "v1"), &by())
        .await
        .unwrap();
    let new = NewComponent {
        name: "API".parse().unwrap(),
        details: ComponentChange::default(),
    };
    assert!(matches!(
        tracker.create_component(new, &by()).await,
        Err(Error::NameTaken { .. })
    ));
    let new = NewEnvironment {
        name: "STAGING".parse().unwrap(),
        details: EnvironmentChange::default(),
    };
    assert!(matches!(
        tracker.create_environment(new, &by()).await,
        Err(Error::NameTaken { .. })
    ));
    let rename = ComponentChange {
        name: Some("API".parse().unwrap()),
        ..Default::default()
    };
    let renamed = tracker
        .update_component(component.component_id, rename, &by())
        .await
        .unwrap();
    assert_eq!(
        renamed.name.as_str(),
        "API",
        "a record may change the case of its own name"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn existing_names_that_differ_only_in_case_stay_distinct(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    for name in ["Staging", "other-1", "other-2"] {
        tracker.record(new(name, name, "v1"), &by()).await.unwrap();
    }
    drop(tracker);
    // A database from before the migration: without the key, and with three names that differ only
    // in case.
    for table in ["components", "environments"] {
        for sql in [
            format!("drop index {table}_by_name_key"),
            format!("alter table {table} drop column name_key"),
            format!("update {table} set name = 'staging' where name = 'other-1'"),
            format!("update {table} set name = 'STAGING' where name = 'other-2'"),
        ] {
            database.execute(&sql).await.unwrap();
        }
    }
    database
        .execute("delete from _sqlx_migrations where version = 10")
        .await
        .unwrap();
    let tracker = database.tracker().await;
    let names: Vec<_> = tracker
        .matrix(&MatrixFilter::default())
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.component_name)
        .collect();
    assert_eq!(
        names.iter().map(Name::as_str).collect::<Vec<_>>(),
        ["Staging", "staging (2)", "STAGING (3)"]
    );
    for name in &names {
        assert_eq!(
            tracker
                .environments(Some(name), PageRequest::default())
                .await
                .unwrap()
                .data[0]
                .name
                .as_str(),
            name.as_str()
        );
    }
    assert!(tracker.verify().await.unwrap().ok);
}
