//! The query plans of PostgreSQL. The plans of SQLite are asserted beside the queries, in
//! `store/current.rs` and `store/deployments/plans.rs`.

use std::time::Duration;

use chrono::TimeDelta;
use deploytrack_core::{
    api::{FromBody as _, ImportLine},
    clock::parse,
    daily::DailyFilter,
    deployment::{Change, NewDeployment},
    json,
    query::{Cursor, DeploymentFilter, ListKey, MatrixFilter, Order, PageRequest},
    status::Status,
    tracker::{IdempotentRequest, Terms, Tracker},
};
use deploytrack_tests::database::Database;

use crate::given::{by, new, noon, with_clock};

/// The last statement of a connection of the tracker, from `pg_stat_activity`, which cuts it off after
/// 1,023 bytes: without the conditions at its end.
const LAST: &str = "select substring(query from '.*where cell.component_id = c.id') from pg_stat_activity where datname = current_database() and application_name = 'deploytrack' \
    and query like '%cross join current_cells cell%' limit 1";

#[tokio::test]
async fn postgres_finds_each_cell_of_the_past_by_its_key() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for number in 0..200 {
        clock.advance(TimeDelta::minutes(1));
        let component = format!("component-{}", number % 5);
        let new = NewDeployment {
            status: Status::Succeeded,
            register: true,
            ..new(&component, "production", "v1")
        };
        tracker.record(new, &by()).await.unwrap();
    }
    database.execute("analyze").await.unwrap();
    let filter = MatrixFilter {
        at: Some(noon() + TimeDelta::hours(2)),
        ..MatrixFilter::default()
    };
    assert_eq!(tracker.matrix(&filter).await.unwrap().len(), 5);

    let plan = database.plan(&database.text(LAST).await).await;
    let search = "Index Scan Backward using cell_periods_pkey on cell_periods newest";
    assert_eq!(plan.matches(search).count(), 3, "{plan}");
    let whole = |line: &&str| {
        [
            "Index Cond:",
            "component_id = ",
            "environment_id = ",
            "started_at <= ",
        ]
        .iter()
        .all(|part| line.contains(part))
    };
    assert_eq!(plan.lines().filter(whole).count(), 3, "{plan}");
    assert!(
        !plan.contains("Seq Scan on cell_periods") && !plan.contains("Sort"),
        "{plan}"
    );
}

/// 20,000 deployments with history in 100 cells, and 20,000 stored answers.
const FILL: &str = "
insert into components (id, name, name_key, archived, created_at, updated_at)
select gen_random_uuid(), 'component-' || n, 'component-' || n, false, now(), now() from generate_series(1, 48) n;
insert into deployments (id, component_id, environment_id, version, status, attempt, deployed_by, metadata, created_at, updated_at, occurred_at, occurred_sequence, head_hash, revision)
select gen_random_uuid(), c.id, e.id, 'v' || n, (array['succeeded', 'failed', 'rolled_back', 'pending'])[1 + abs(n + hashtext(c.id::text || e.id::text)::bigint) % 4], 1, 'ada', '{}',
       timestamptz '2025-01-01' + n * interval '1 minute', timestamptz '2025-01-01' + n * interval '1 minute', timestamptz '2024-01-01' + n * interval '1 minute', n, decode(repeat('00', 32), 'hex'), 1
from generate_series(1, 200) n, components c, environments e;
insert into history (deployment_id, attempt, event, to_status, occurred_at, recorded_at, recorded_by, hash)
select id, 1, 'transition', status, created_at, created_at, 'ada', head_hash from deployments;
insert into cell_periods (component_id, environment_id, started_at, sequence, deployment_id, version)
select d.component_id, d.environment_id, d.created_at, h.sequence, d.id, d.version from deployments d join history h on h.deployment_id = d.id
on conflict do nothing;
insert into deployment_counts (component_id, environment_id, status, count)
select component_id, environment_id, status, count(*) from deployments group by 1, 2, 3
on conflict (component_id, environment_id, status) do update set count = excluded.count;
insert into environment_counts (environment_id, status, slot, count)
select environment_id, status, 0, sum(count) from deployment_counts group by 1, 2
on conflict (environment_id, status, slot) do update set count = excluded.count;
insert into idempotency_keys (subject, key, request, answer, expires_at)
select 'ada', 'key-' || n, '', '', timestamptz '2099-01-01' from generate_series(1, 20000) n;
analyze";

/// The growing tables that were scanned sequentially, and the number of rows read from all growing
/// tables.
const READ: &str = "select coalesce(string_agg(relname, ' ') filter (where seq_tup_read > 0), 'nothing') || ' whole, '
    || sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) || ' rows'
    from pg_stat_user_tables where relname in ('deployments', 'history', 'cell_periods', 'idempotency_keys')";
/// The number of open connections. PostgreSQL adds the statistics of a connection when it closes.
const OPEN: &str = "select count(*)::text from pg_stat_activity where datname = current_database() and application_name = 'deploytrack'";

/// The result of [`READ`] after one operation.
async fn read_by<T>(database: &Database, operation: impl AsyncFnOnce(&Tracker) -> T) -> String {
    let (tracker, _clock) = with_clock(&database.tracker().await);
    database.execute("select pg_stat_reset()").await.unwrap();
    operation(&tracker).await;
    tracker.close().await;
    while database.text(OPEN).await != "0" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    database.text(READ).await
}

fn assert_few(read: &str, what: &str) {
    let rows: u64 = read
        .strip_prefix("nothing whole, ")
        .and_then(|read| read.strip_suffix(" rows"))
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(u64::MAX);
    assert!(rows <= MOST, "{what} looked at {read}");
}

/// How many of 20,000 rows an operation may read. A page of 20 may skip rows that do not match all
/// filters: reading the newest deployments to find those of one environment of two is as good as an
/// index of its own.
const MOST: u64 = 300;

#[tokio::test]
async fn every_query_reads_few_rows_on_postgres() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let tracker = database.tracker().await;
    let mut recorded = Vec::new();
    for (component, environment) in [("c1", "staging"), ("c2", "production")] {
        let new = NewDeployment {
            register: true,
            status: Status::Succeeded,
            ..new(component, environment, "v0")
        };
        recorded.push(tracker.record(new, &by()).await.unwrap().value);
    }
    tracker.close().await;
    database.execute(FILL).await.unwrap();

    for (order, component, environment, status) in (0..16).map(|bits| {
        (
            Order::ALL[bits >> 3],
            bits & 1 != 0,
            bits & 2 != 0,
            bits & 4 != 0,
        )
    }) {
        let middle = if order == Order::Created {
            "2025-01-01T01:40:00Z"
        } else {
            "2024-01-01T01:40:00Z"
        };
        let middle = ListKey {
            order,
            time: parse(middle).unwrap(),
            id: uuid::Uuid::nil(),
        };
        let places = [
            None,
            Some(Cursor::OlderThan(middle)),
            Some(Cursor::NewerThan(middle)),
        ];
        let filter = DeploymentFilter {
            component_id: component.then_some(recorded[0].component_id),
            environment_id: environment.then_some(recorded[0].environment_id),
            status: status.then_some(Status::Pending),
            order,
            ..DeploymentFilter::default()
        };
        for place in places {
            let page = place.map_or_else(PageRequest::default, |place| {
                PageRequest::at(place, 20).unwrap()
            });
            let read = read_by(&database, async |tracker| {
                assert_eq!(tracker.list(&filter, page).await.unwrap().data.len(), 20);
            })
            .await;
            assert_few(&read, &format!("the list with {filter:?} from {place:?}"));
        }
    }
    let one = &recorded[0];
    assert_few(
        &read_by(&database, async |tracker| {
            tracker.deployment(one.id).await.unwrap()
        })
        .await,
        "one deployment",
    );
    assert_few(
        &read_by(&database, async |tracker| {
            tracker.history(one.id).await.unwrap()
        })
        .await,
        "a history",
    );
    assert_few(
        &read_by(&database, async |tracker| {
            tracker.latest(one.component_id, None).await.unwrap()
        })
        .await,
        "latest",
    );
    assert_few(
        &read_by(&database, async |tracker| {
            tracker
                .latest(one.component_id, Some(noon()))
                .await
                .unwrap()
        })
        .await,
        "latest at",
    );
    assert_few(
        &read_by(&database, async |tracker| {
            tracker.matrix(&MatrixFilter::default()).await.unwrap()
        })
        .await,
        "the matrix",
    );
    let attempts =
        async |tracker: &Tracker| tracker.unsettled(&MatrixFilter::default()).await.unwrap();
    assert_few(&read_by(&database, attempts).await, "attempts");
    let at = MatrixFilter {
        at: Some(noon()),
        ..MatrixFilter::default()
    };
    assert_few(
        &read_by(&database, async |tracker| {
            tracker.matrix(&at).await.unwrap()
        })
        .await,
        "the matrix at",
    );

    let daily = async |tracker: &Tracker| tracker.daily(&DailyFilter::default()).await.unwrap();
    assert_few(&read_by(&database, daily).await, "the counts by day");

    let under = |key: &str| {
        Terms::by(by()).once(Some(IdempotentRequest {
            key: key.parse().unwrap(),
            request: deploytrack_core::digest::Digest::of(b""),
        }))
    };
    let anew = async |tracker: &Tracker| {
        tracker
            .record(new("c1", "staging", "v1"), under("new"))
            .await
            .unwrap()
    };
    assert_few(&read_by(&database, anew).await, "a record");
    assert_few(
        &read_by(&database, async |tracker| {
            assert!(anew(tracker).await.replayed);
        })
        .await,
        "a repeated record",
    );
    let back = async |tracker: &Tracker| {
        tracker
            .update(one.id, Change::to(Status::RolledBack), under("back"))
            .await
            .unwrap()
    };
    assert_few(&read_by(&database, back).await, "an update");
    let line = serde_json::json!({"component": "c1", "environment": "staging", "version": "v1500", "status": "succeeded", "occurredAt": "2025-06-01T11:00:00Z"});
    for known in [0, 1] {
        let import = async |tracker: &Tracker| {
            let line =
                ImportLine::from_body(json::object(line.to_string().as_bytes()).unwrap()).unwrap();
            assert_eq!(
                tracker
                    .import(vec![(1, line)], &by())
                    .await
                    .unwrap()
                    .skipped,
                known
            );
        };
        assert_few(&read_by(&database, import).await, "an import");
    }
}
