//! The query plans of SQLite.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sqlx::{Row as _, Sqlite};

use super::{super::Pool, *};

/// The searches of a statement, outermost first.
async fn searches(listed: &str, statement: &str) -> Vec<String> {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let pool = match &store.reads {
        Pool::Sqlite(pool) => pool,
        #[cfg(feature = "postgres")]
        Pool::Postgres(_) => unreachable!("an SQLite database was opened"),
    };
    let mut query =
        QueryBuilder::<Sqlite>::new("explain query plan with moment (time) as (values (1)), ");
    query.push(listed).push(statement);
    let rows = query.build().fetch_all(pool).await.unwrap();
    rows.iter()
        .map(|row| row.get("detail"))
        .filter(|step: &String| {
            ["SEARCH", "SCAN d", "SCAN h", "SCAN p"]
                .iter()
                .any(|word| step.starts_with(word))
        })
        .collect()
}

#[tokio::test]
async fn the_successes_of_a_version_are_found_without_reading_other_versions() {
    let listed = "listed (component_id, version) as (values (x'00', 'v1'), (x'00', 'v2'))";
    assert_eq!(
        searches(listed, SUCCESSES).await,
        [
            "SEARCH d USING INDEX deployments_by_version_and_cell (version=? AND component_id=?)",
            "SEARCH h USING INDEX history_by_deployment (deployment_id=?)",
            "SEARCH p USING PRIMARY KEY (component_id=? AND environment_id=? AND started_at=? AND sequence=?)",
        ]
    );
}

#[tokio::test]
async fn the_periods_since_a_time_are_found_by_their_key() {
    let listed = "listed (component_id, environment_id, since) as (values (x'00', x'00', 1), (x'00', x'01', 1))";
    assert_eq!(
        searches(listed, PERIODS_SINCE).await,
        [
            "SEARCH p USING PRIMARY KEY (component_id=? AND environment_id=? AND started_at>? AND started_at<?)"
        ]
    );
}
