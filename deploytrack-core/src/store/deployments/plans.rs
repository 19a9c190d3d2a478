//! The query plans of SQLite: a page is one search of one index, in the order of that index.
//! `tests/store/plans.rs` does the same for PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, SqlitePool, sqlite::SqliteRow};

use uuid::Uuid;

use super::{
    by_cell::{
        CELLS_OF_SECTION, CURRENT_OF, NEWER_AND_UNSETTLED, NEWEST_OF_CELLS, UNSETTLED_SIZES,
    },
    daily::{BY_DAY, OF_DAY, count_by_day},
    filter::{Lead, RowFilter, add_filter, filter_prefix},
    list::{page_by_cursor, page_by_offset},
};
use crate::{
    catalog::EnvironmentType,
    clock::Time,
    daily::{DailyFilter, Day},
    query::{Cursor, ListKey, Order},
    status::Status,
    store::{
        Pool, Store,
        column::{Micros, signed},
        sets::push_table,
    },
};

async fn pool() -> (Store, SqlitePool) {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let pool = match &store.reads {
        Pool::Sqlite(pool) => pool.clone(),
        #[cfg(feature = "postgres")]
        Pool::Postgres(_) => unreachable!("an SQLite database was opened"),
    };
    (store, pool)
}

/// The steps of a plan that read deployments or history, or sort.
fn steps(rows: &[SqliteRow]) -> Vec<String> {
    let details = rows.iter().map(|row| row.get::<String, _>("detail"));
    // Each row has one component and one environment, found by their keys.
    details
        .filter(|detail| {
            !detail.contains("sqlite_autoindex_components_1")
                && !detail.contains("sqlite_autoindex_environments_1")
        })
        .collect()
}

/// The plan of a page, counted from the newest or from a cursor.
async fn plan(filter: &RowFilter, cursor: Option<Cursor>) -> Vec<String> {
    let (_store, pool) = pool().await;
    let mut query =
        QueryBuilder::<Sqlite>::new(concat!("explain query plan ", select_deployments!("")));
    let query = add_filter!(&mut query, filter, filter.lead(), Some(filter.order));
    let query = match cursor {
        None => page_by_offset!(query, filter.order, 0, 21),
        Some(cursor) => page_by_cursor!(query, cursor, 21),
    };
    steps(&query.build().fetch_all(&pool).await.unwrap())
}

fn filter(component: bool, environment: bool, status: Option<Status>) -> RowFilter {
    let id = |wanted: bool| wanted.then(Uuid::now_v7);
    RowFilter {
        component_id: id(component),
        environment_id: id(environment),
        status,
        ..RowFilter::default()
    }
}

/// Each order with its column and the suffix of its indexes.
const ORDERS: [(Order, &str, &str); 2] = [
    (Order::Created, "created_at", ""),
    (Order::Occurred, "occurred_at", "_occurred"),
];

const CELL: &str = "component_id=? AND environment_id";

#[tokio::test]
async fn a_page_is_one_search_of_the_leading_index_without_a_sort() {
    let (failed, pending, undone) = (
        Some(Status::Failed),
        Some(Status::Pending),
        Some(Status::RolledBack),
    );
    for (filter, index, columns) in [
        (filter(true, false, None), "component", "component_id"),
        (filter(false, true, None), "environment", "environment_id"),
        (filter(false, false, failed), "status", "status"),
        (filter(true, true, None), "cell", CELL),
        (filter(true, false, failed), "component", "component_id"),
        (filter(true, false, undone), "component", "component_id"),
        (filter(true, false, pending), "status", "status"),
        (filter(true, true, failed), "cell", CELL),
        (filter(true, true, pending), "status", "status"),
        (filter(false, true, failed), "environment", "environment_id"),
        (filter(false, true, undone), "status", "status"),
        (filter(false, true, pending), "status", "status"),
    ] {
        for (order, time, suffix) in ORDERS {
            // The index of a cell exists for one order only.
            let by_component = order == Order::Created && index == "cell";
            let (index, columns) = if by_component {
                ("component", "component_id")
            } else {
                (index, columns)
            };
            let filter = RowFilter {
                order,
                ..filter.clone()
            };
            let search = |bounds: &str| {
                vec![format!(
                    "SEARCH d USING INDEX deployments_by_{index}{suffix} ({columns}=?{bounds})"
                )]
            };
            let (older, newer) = (
                format!(" AND ({time},id)<(?,?)"),
                format!(" AND ({time},id)>(?,?)"),
            );
            assert_eq!(plan(&filter, None).await, search(""), "{filter:?}");
            assert_eq!(
                plan(&filter, Some(Cursor::OlderThan(ListKey::least(order)))).await,
                search(&older),
                "{filter:?}"
            );
            assert_eq!(
                plan(&filter, Some(Cursor::oldest(order))).await,
                search(&newer),
                "{filter:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_range_of_the_ordering_time_bounds_the_search_and_the_other_time_uses_no_index() {
    let bounded = |order, of: Order| {
        let (created, occurred) = if of == Order::Created {
            (Some(Time::default()), None)
        } else {
            (None, Some(Time::default()))
        };
        let times = RowFilter {
            created_after: created,
            created_before: created,
            ..RowFilter::default()
        };
        RowFilter {
            occurred_after: occurred,
            occurred_before: occurred,
            order,
            ..times
        }
    };
    for (order, time, index) in [
        (Order::Created, "created_at", "deployments_newest"),
        (Order::Occurred, "occurred_at", "deployments_occurred"),
    ] {
        let other = if order == Order::Created {
            Order::Occurred
        } else {
            Order::Created
        };
        assert_eq!(
            plan(&bounded(order, order), None).await,
            [format!(
                "SEARCH d USING INDEX {index} ({time}>? AND {time}<?)"
            )]
        );
        assert_eq!(
            plan(&bounded(order, other), None).await,
            [format!("SCAN d USING INDEX {index}")]
        );
    }
}

#[tokio::test]
async fn a_page_of_the_whole_list_is_read_in_its_order() {
    for (order, time, index) in [
        (Order::Created, "created_at", "deployments_newest"),
        (Order::Occurred, "occurred_at", "deployments_occurred"),
    ] {
        let all = RowFilter {
            order,
            ..RowFilter::default()
        };
        let search = |side: &str| {
            vec![format!(
                "SEARCH d USING INDEX {index} (({time},id){side}(?,?))"
            )]
        };
        assert_eq!(
            plan(&all, None).await,
            [format!("SCAN d USING INDEX {index}")],
            "it ends after the page"
        );
        assert_eq!(
            plan(&all, Some(Cursor::OlderThan(ListKey::least(order)))).await,
            search("<")
        );
        assert_eq!(plan(&all, Some(Cursor::oldest(order))).await, search(">"));
    }
}

#[tokio::test]
async fn lookups_use_a_key() {
    let (_store, pool) = pool().await;
    let plan = async |sql: &str| {
        let sql = AssertSqlSafe(format!("explain query plan {sql}"));
        steps(&sqlx::query(sql).fetch_all(&pool).await.unwrap())
    };
    assert_eq!(
        plan(select_deployments!("where d.id = $1")).await,
        ["SEARCH d USING INDEX sqlite_autoindex_deployments_1 (id=?)"]
    );
    assert_eq!(
        plan(&format!(
            "{UNSETTLED_SIZES}{NEWEST_OF_CELLS}{CELLS_OF_SECTION}{NEWER_AND_UNSETTLED}"
        ))
        .await,
        [
            "SEARCH d USING INDEX sqlite_autoindex_deployments_1 (id=?)",
            "LIST SUBQUERY 2",
            "SEARCH cell USING PRIMARY KEY (component_id=?)",
            "CORRELATED SCALAR SUBQUERY 1",
            "SEARCH newest USING INDEX deployments_by_cell_occurred (component_id=? AND environment_id=?)",
            // Sorts only the deployments with the newest time: the search ends at the next older
            // time.
            "USE TEMP B-TREE FOR LAST TERM OF ORDER BY",
            "CREATE BLOOM FILTER",
            "CORRELATED SCALAR SUBQUERY 3",
            "SEARCH period USING PRIMARY KEY (component_id=? AND environment_id=? AND started_at>?)",
        ],
        "one search for each cell, one for its newest deployment, and one for a newer current period"
    );
    let current = [
        "SEARCH cell USING PRIMARY KEY (component_id=? AND environment_id=?)",
        "SEARCH d USING INDEX sqlite_autoindex_deployments_1 (id=?)",
        "USE TEMP B-TREE FOR ORDER BY",
    ];
    let sql = format!(
        "{CURRENT_OF} $1 and cell.environment_id in ($2, $3) order by e.position, e.name_key"
    );
    assert_eq!(
        plan(&sql).await,
        current,
        "the cells of one component are sorted by environment"
    );
}

#[tokio::test]
async fn a_version_filter_uses_the_index_of_versions() {
    for (component, environment, status) in
        (0..8).map(|bits| (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0))
    {
        let filter = filter(component, environment, status.then_some(Status::Failed));
        let filter = RowFilter {
            version: Some("v1".parse().unwrap()),
            ..filter
        };
        let plan = plan(&filter, None).await;
        let found = |step: &String| {
            step.contains("deployments_by_version_and_cell (version=?")
                || component && step.contains("component_id=?")
        };
        assert!(
            plan.iter().any(found) && !plan.iter().any(|step| step.contains("SCAN")),
            "{filter:?}: {plan:?}"
        );
    }
}

#[tokio::test]
async fn the_sizes_of_a_page_use_the_plan_of_its_rows() {
    let (_store, pool) = pool().await;
    for filter in [
        filter(false, false, None),
        filter(true, false, None),
        filter(true, true, Some(Status::Failed)),
    ] {
        let mut query = QueryBuilder::<Sqlite>::new(concat!(
            "explain query plan select ",
            text_bytes!(),
            " from deployments d"
        ));
        let cursor = Cursor::oldest(filter.order);
        let query = page_by_cursor!(
            add_filter!(&mut query, &filter, filter.lead(), Some(filter.order)),
            cursor,
            500
        );
        let sizes = steps(&query.build().fetch_all(&pool).await.unwrap());
        assert_eq!(sizes, plan(&filter, Some(cursor)).await, "{filter:?}");
    }
}

#[tokio::test]
async fn a_day_is_one_search_of_the_leading_index() {
    let (_store, pool) = pool().await;
    let days: Vec<_> = (0..)
        .zip(DailyFilter::default().days_at(Time::default()))
        .collect();
    let types = [None, Some(EnvironmentType::Production)];
    for (component, environment, index, columns) in [
        (false, false, "deployments_by_status_occurred", "status=?"),
        (
            true,
            false,
            "deployments_by_component_occurred",
            "component_id=?",
        ),
        (
            false,
            true,
            "deployments_by_environment_occurred",
            "environment_id=?",
        ),
        (
            true,
            true,
            "deployments_by_cell_occurred",
            "component_id=? AND environment_id=?",
        ),
    ] {
        for r#type in types {
            let filter = RowFilter {
                order: Order::Occurred,
                ..filter(component, environment, None)
            };
            let mut query = QueryBuilder::<Sqlite>::new("explain query plan ");
            let query = count_by_day!(&mut query, &filter, r#type, &days[..]);
            let plan = steps(&query.build().fetch_all(&pool).await.unwrap());
            let search = format!("{index} ({columns} AND occurred_at>? AND occurred_at<?)");
            let searches: Vec<_> = plan
                .iter()
                .filter(|step| step.starts_with("SEARCH d ") || step.starts_with("SCAN d "))
                .collect();
            assert!(
                searches.len() == 1 && searches[0].ends_with(&search),
                "{filter:?}: {plan:?}"
            );
        }
    }
}
