//! The name guard, measured with lists of real names and real typing errors.

use deploytrack_core::{
    catalog::near_misses,
    deployment::{Deployment, NewDeployment},
    error::Error,
    text::Name,
    tracker::{NameGuard, Registration, Tracker, WriteOutcome},
};
use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;

use crate::given::{by, new};

const REAL_NAMES: &str = include_str!("../lists/real_names.txt");
const TYPING_ERRORS: &str = include_str!("../lists/typing_errors.txt");
const SHUFFLES: u64 = 20;

/// The lists of names, each with its heading.
fn lists() -> Vec<(&'static str, Vec<Name>)> {
    let lists = REAL_NAMES
        .split("\n## ")
        .skip(1)
        .map(|list| list.split_once('\n').unwrap());
    lists
        .map(|(heading, names)| {
            (
                heading,
                names
                    .split_whitespace()
                    .map(|name| name.parse().unwrap())
                    .collect(),
            )
        })
        .collect()
}

/// The names that would be refused when a list is registered in this order, each with the similar
/// name.
fn refused(names: &[Name]) -> Vec<String> {
    let refused = names
        .iter()
        .enumerate()
        .filter(|(at, name)| !names[..*at].contains(name));
    let near = refused.map(|(at, name)| (name, near_misses(name, &names[..at])));
    near.filter(|(_, near)| !near.is_empty())
        .map(|(name, near)| format!("{name} for {}", near[0]))
        .collect()
}

#[test]
fn real_names_are_registered_in_any_order() {
    let mut all = Vec::new();
    for (heading, mut names) in lists() {
        let mut found = refused(&names);
        for seed in 0..SHUFFLES {
            fastrand::Rng::with_seed(seed).shuffle(&mut names);
            found.extend(refused(&names));
        }
        found.sort();
        found.dedup();
        all.extend(found.into_iter().map(|found| format!("{heading}: {found}")));
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn typing_errors_are_questioned() {
    let pairs = TYPING_ERRORS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap());
    let missed = pairs.filter(|(typed, meant)| {
        let (typed, meant): (Name, Name) = (typed.parse().unwrap(), meant.parse().unwrap());
        near_misses(&typed, [&meant]) != [meant]
    });
    let missed: Vec<_> = missed.collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_typing_error_is_found_among_all_real_names() {
    let known: Vec<Name> = lists().into_iter().flat_map(|(_, names)| names).collect();
    for (typed, meant) in [
        ("prodution", "production"),
        ("checkuot", "checkout"),
        ("ts-travle-service", "ts-travel-service"),
    ] {
        assert!(
            near_misses(&typed.parse().unwrap(), &known)
                .iter()
                .any(|name| name.as_str() == meant),
            "{typed}"
        );
    }
}

async fn register(tracker: &Tracker, environment: &str) -> Result<WriteOutcome<Deployment>, Error> {
    tracker.record(new("api", environment, "v1"), &by()).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn names_that_differ_only_in_case_are_the_same(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let first = register(&tracker, "Staging").await.unwrap();
    for same in ["staging", "STAGING", " Staging "] {
        assert_eq!(
            register(&tracker, same).await.unwrap().environment_id,
            first.environment_id,
            "{same}"
        );
    }
    assert_eq!(
        first.environment_name.as_str(),
        "Staging",
        "the name as it was first given"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_guard_refuses_by_default(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    register(&tracker, "production").await.unwrap();
    assert!(matches!(
        register(&tracker, "prodution").await,
        Err(Error::NearMiss { .. })
    ));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_guard_in_warn_mode_registers_and_names_the_similar_name(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await.with_name_guard(NameGuard::Warn);
    register(&tracker, "production").await.unwrap();
    let warned = register(&tracker, "prodution").await.unwrap();
    assert_eq!(
        warned
            .resembles
            .iter()
            .map(|one| one.known.as_str())
            .collect::<Vec<_>>(),
        ["production"]
    );
    assert!(
        register(&tracker, "prodution")
            .await
            .unwrap()
            .resembles
            .is_empty(),
        "it is known now"
    );
    let asked = NewDeployment {
        register: true,
        ..new("api", "producton", "v1")
    };
    assert!(
        tracker
            .record(asked, &by())
            .await
            .unwrap()
            .resembles
            .is_empty()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_guard_that_is_off_registers(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await.with_name_guard(NameGuard::Off);
    register(&tracker, "production").await.unwrap();
    assert!(
        register(&tracker, "prodution")
            .await
            .unwrap()
            .resembles
            .is_empty()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn strict_registration_is_checked_before_the_name_guard(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database
        .tracker()
        .await
        .with_registration(Registration::Strict)
        .with_name_guard(NameGuard::Off);
    assert!(matches!(
        register(&tracker, "elsewhere").await,
        Err(Error::NotFound { .. })
    ));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_list_is_registered(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    for (heading, names) in lists().into_iter().take(3) {
        for name in names {
            register(&tracker, name.as_str())
                .await
                .unwrap_or_else(|error| panic!("{heading}: {name}: {error}"));
        }
    }
}
