//! Many names: their order, and the name guard.

use deploytrack_core::{
    catalog::{CatalogKind, Environment, EnvironmentChange, EnvironmentType, NewEnvironment},
    error::Error,
    query::PageRequest,
    text::Name,
    tracker::Tracker,
};
use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;
use uuid::Uuid;

use crate::given::{by, new};

/// A second implementation of the order of environments, on a plain list.
#[derive(Default)]
struct Model(Vec<(Uuid, EnvironmentType)>);

impl Model {
    fn by_type(&mut self, id: Uuid, r#type: EnvironmentType) {
        let place = self
            .0
            .iter()
            .position(|(_, other)| *other > r#type)
            .unwrap_or(self.0.len());
        self.0.insert(place, (id, r#type));
    }

    fn at(&mut self, place: usize, id: Uuid, r#type: EnvironmentType) {
        self.0.retain(|(other, _)| *other != id);
        self.0.insert((place - 1).min(self.0.len()), (id, r#type));
    }

    fn ids(&self) -> Vec<Uuid> {
        self.0.iter().map(|(id, _)| *id).collect()
    }
}

async fn all(tracker: &Tracker) -> Vec<Environment> {
    let mut all = Vec::new();
    loop {
        let page = tracker
            .environments(None, PageRequest::new(all.len() as u64, 100).unwrap())
            .await
            .unwrap();
        if page.data.is_empty() {
            return all;
        }
        all.extend(page.data);
    }
}

async fn create(
    tracker: &Tracker,
    name: &str,
    r#type: EnvironmentType,
    order: Option<usize>,
) -> Environment {
    let details = EnvironmentChange {
        r#type: Some(r#type),
        order,
        ..EnvironmentChange::default()
    };
    tracker
        .create_environment(
            NewEnvironment {
                name: name.parse().unwrap(),
                details,
            },
            &by(),
        )
        .await
        .unwrap()
        .value
}

async fn check(tracker: &Tracker, model: &Model, seed: u64) {
    let all = all(tracker).await;
    assert_eq!(
        all.iter().map(|one| one.id).collect::<Vec<_>>(),
        model.ids(),
        "seed {seed}"
    );
    assert!(
        all.iter()
            .map(|one| one.order.unsigned_abs())
            .eq(1..=all.len() as u64),
        "places from 1 without gaps, seed {seed}"
    );
}

/// A random change of the order.
async fn change(tracker: &Tracker, model: &mut Model, random: &mut fastrand::Rng, number: usize) {
    let r#type = EnvironmentType::ALL[random.usize(..5)];
    let any = |random: &mut fastrand::Rng| {
        (!model.0.is_empty()).then(|| model.0[random.usize(..model.0.len())])
    };
    match (random.u8(..10), any(random)) {
        (0, Some((id, r#type))) => {
            let place = random.usize(1..=model.0.len() + 1);
            let moved = EnvironmentChange {
                order: Some(place),
                ..EnvironmentChange::default()
            };
            let moved = tracker.update_environment(id, moved, &by()).await.unwrap();
            model.at(place, id, r#type);
            assert_eq!(
                model.0[usize::try_from(moved.order).unwrap() - 1].0,
                id,
                "the answer has the place"
            );
        }
        (1, Some((id, _))) => {
            tracker.delete_environment(id, &by()).await.unwrap();
            model.0.retain(|(other, _)| *other != id);
        }
        (2, Some((id, _))) => {
            let change = EnvironmentChange {
                r#type: Some(r#type),
                ..EnvironmentChange::default()
            };
            tracker.update_environment(id, change, &by()).await.unwrap();
            model
                .0
                .iter_mut()
                .filter(|(other, _)| *other == id)
                .for_each(|one| one.1 = r#type);
        }
        (3, Some(_)) => {
            random.shuffle(&mut model.0);
            let order = tracker
                .reorder_environments(model.ids(), &by())
                .await
                .unwrap();
            assert_eq!(
                order.iter().map(|one| one.id).collect::<Vec<_>>(),
                model.ids()
            );
        }
        (4, _) => {
            let place = random.usize(1..=model.0.len() + 1);
            let created = create(tracker, &format!("at {number}"), r#type, Some(place)).await;
            model.at(place, created.id, r#type);
        }
        _ => {
            let created = create(tracker, &format!("new {number}"), r#type, None).await;
            model.by_type(created.id, r#type);
            assert_eq!(
                model.0[usize::try_from(created.order).unwrap() - 1].0,
                created.id,
                "the answer has the place"
            );
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn environments_line_up_as_on_a_plain_list(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let (mut model, seed) = (Model::default(), fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    for number in 0..150 {
        change(&tracker, &mut model, &mut random, number).await;
        check(&tracker, &model, seed).await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_order_can_be_given_many_times(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let mut model = Model::default();
    for number in 0..3 {
        let created = create(
            &tracker,
            &format!("end {number}"),
            EnvironmentType::Other,
            None,
        )
        .await;
        model.by_type(created.id, EnvironmentType::Other);
    }
    // The gap between two positions has room for 32 insertions at the same place.
    for number in 0..80 {
        let created = create(
            &tracker,
            &format!("second {number}"),
            EnvironmentType::Other,
            Some(2),
        )
        .await;
        model.at(2, created.id, EnvironmentType::Other);
    }
    check(&tracker, &model, 0).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_existing_order_does_not_change(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let ids = [
        create(&tracker, "b", EnvironmentType::Other, None).await.id,
        create(&tracker, "a", EnvironmentType::Other, None).await.id,
    ];
    drop(tracker);
    // A database from before the migration: positions from 1, without gaps.
    for sql in [
        "drop index environments_by_order",
        "drop index environments_by_type",
        "drop index events_with_names",
        "alter table components drop column archived_at",
        "alter table environments drop column archived_at",
        "update environments set position = case when name = 'a' then 1 else 2 end",
        "update environments set archived = (name = 'a')",
        "delete from _sqlx_migrations where version = 11",
    ] {
        database.execute(sql).await.unwrap();
    }
    let tracker = database.tracker().await;
    let environments = all(&tracker).await;
    assert_eq!(
        environments.iter().map(|one| one.id).collect::<Vec<_>>(),
        [ids[1], ids[0]]
    );
    assert_eq!(
        environments[0].archived_at,
        Some(environments[0].updated_at),
        "when it was archived is not known: its last change is the best"
    );
    assert_eq!(environments[1].archived_at, None);
    let between = create(&tracker, "between", EnvironmentType::Other, Some(2)).await;
    assert_eq!(
        all(&tracker)
            .await
            .iter()
            .map(|one| one.id)
            .collect::<Vec<_>>(),
        [ids[1], between.id, ids[0]]
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_name_guard_sees_the_changes_of_other_servers(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (here, there) = (database.tracker().await, database.tracker().await);
    let is_near = |tried: Result<_, Error>, known: &str| match tried {
        Err(Error::NearMiss { did_you_mean, .. }) => {
            assert_eq!(did_you_mean, [known.parse::<Name>().unwrap()]);
        }
        other => panic!("{other:?}"),
    };
    here.record(new("api", "first", "v1"), &by()).await.unwrap();
    let created = create(&there, "production", EnvironmentType::Production, None).await;
    is_near(
        here.record(new("api", "prodution", "v1"), &by()).await,
        "production",
    );
    let renamed = EnvironmentChange {
        name: Some("checkout".parse().unwrap()),
        ..EnvironmentChange::default()
    };
    there
        .update_environment(created.id, renamed, &by())
        .await
        .unwrap();
    is_near(
        here.record(new("api", "chekout", "v1"), &by()).await,
        "checkout",
    );
    here.record(new("api", "prodution", "v1"), &by())
        .await
        .unwrap();
    there.delete_environment(created.id, &by()).await.unwrap();
    here.record(new("api", "chekout", "v1"), &by())
        .await
        .unwrap();
    there
        .record(new("ledger", "first", "v1"), &by())
        .await
        .unwrap();
    is_near(
        here.record(new("ledgre", "first", "v1"), &by()).await,
        "ledger",
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refused_registration_leaves_no_trace_in_the_guard(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    create(&tracker, "production", EnvironmentType::Production, None).await;
    // The component is registered first, and the environment is refused: neither exists afterwards.
    assert!(
        tracker
            .record(new("checkout", "prodution", "v1"), &by())
            .await
            .is_err()
    );
    assert_eq!(
        tracker
            .components(None, PageRequest::default())
            .await
            .unwrap()
            .total,
        0
    );
    let recorded = tracker
        .record(new("chekout", "production", "v1"), &by())
        .await
        .unwrap();
    assert_eq!(recorded.component_name.as_str(), "chekout");
    let error = tracker
        .record(new("checkout", "production", "v1"), &by())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::NearMiss {
                kind: CatalogKind::Component,
                ..
            }
        ),
        "{error}"
    );
}
