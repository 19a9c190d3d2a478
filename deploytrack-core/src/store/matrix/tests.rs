//! The query plans of SQLite for the cells of a matrix. `tests/store/plans.rs` does the same for
//! PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sqlx::{Row as _, Sqlite};

use super::{
    super::{Pool, current::CELLS_AT},
    *,
};
use crate::clock::Time;

async fn plan(filter: &MatrixFilter, environments: Option<&[Uuid]>) -> Vec<String> {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let pool = match &store.reads {
        Pool::Sqlite(pool) => pool,
        #[cfg(feature = "postgres")]
        Pool::Postgres(_) => unreachable!("an SQLite database was opened"),
    };
    let section = Section {
        filter,
        after: None,
        last: Some("z"),
        environments,
    };
    let mut query = QueryBuilder::<Sqlite>::new("explain query plan ");
    match filter.at {
        None => query.push(CELLS),
        Some(at) => query
            .push("with moment (time) as (values (")
            .push_bind(Micros(at))
            .push(")) ")
            .push(CELLS_AT),
    };
    let query = in_environments!(in_section!(&mut query, section), section);
    let rows = query
        .push(BY_COMPONENT)
        .push_bind(1)
        .build()
        .fetch_all(pool)
        .await
        .unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

#[tokio::test]
async fn the_cells_of_a_component_are_found_by_its_key() {
    let named = MatrixFilter {
        components: vec!["api".parse().unwrap()],
        ..MatrixFilter::default()
    };
    let component = "SEARCH c USING INDEX components_by_name_key (name_key=?)";
    assert_eq!(
        plan(&named, None).await,
        [component, "SEARCH cell USING PRIMARY KEY (component_id=?)"]
    );
    let one = [Uuid::now_v7()];
    assert_eq!(
        plan(&named, Some(&one)).await,
        [
            component,
            "SEARCH cell USING PRIMARY KEY (component_id=? AND environment_id=?)"
        ]
    );
}

#[tokio::test]
async fn all_cells_are_read_in_the_order_of_the_names() {
    let all = plan(&MatrixFilter::default(), None).await;
    assert_eq!(
        all,
        [
            "SEARCH c USING INDEX components_by_name_key (name_key<?)",
            "SEARCH cell USING PRIMARY KEY (component_id=?)"
        ],
        "nothing is sorted"
    );
}

#[tokio::test]
async fn each_cell_of_the_past_is_searched_by_the_key() {
    let past = MatrixFilter {
        at: Some(Time::default()),
        ..MatrixFilter::default()
    };
    let search =
        "SEARCH newest USING PRIMARY KEY (component_id=? AND environment_id=? AND started_at<?)";
    let plan = plan(&past, None).await;
    assert_eq!(
        plan.iter().filter(|step| *step == search).count(),
        3,
        "the deployment, the time, and a removed deployment: {plan:?}"
    );
    assert!(
        plan.iter()
            .all(|step| !step.contains("TEMP B-TREE") && !step.contains("SCAN newest")),
        "{plan:?}"
    );
}
