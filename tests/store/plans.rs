//! What was current is found from one place in the key of `cell_periods`, however long the history. The plan on SQLite is
//! asserted beside the query, in `store/current.rs`.

use chrono::TimeDelta;
use deploytrack_tests::database::Database;

use crate::*;

/// The last statement of a connection of the tracker, as PostgreSQL has it.
const LAST: &str = "select query from pg_stat_activity where datname = current_database() and application_name = 'deploytrack' \
    and query like '%from current_cells cell%' limit 1";

#[tokio::test]
async fn postgres_finds_each_cell_of_the_past_by_its_key() {
    let Some(database) = Database::postgres().await else { return };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for number in 0..200 {
        clock.advance(TimeDelta::minutes(1));
        let component = format!("component-{}", number % 5);
        let new = NewDeployment { status: Status::Succeeded, register: true, ..new(&component, "production", "v1") };
        tracker.record(new, &by()).await.unwrap();
    }
    database.execute("analyze").await.unwrap();
    let filter = MatrixFilter { at: Some(noon() + TimeDelta::hours(2)), ..MatrixFilter::default() };
    assert_eq!(tracker.matrix(&filter).await.unwrap().len(), 5);

    let plan = database.plan(&database.text(LAST).await).await;
    let search = "Index Scan Backward using cell_periods_pkey on cell_periods newest";
    assert_eq!(plan.matches(search).count(), 2, "{plan}");
    let conditions: Vec<_> = plan.lines().filter(|line| line.contains("Index Cond:")).collect();
    let whole = |line: &&str| ["component_id = ", "environment_id = ", "started_at <= "].iter().all(|part| line.contains(part));
    assert!(conditions.len() == 2 && conditions.iter().all(whole), "{plan}");
    assert!(!plan.contains("Seq Scan on cell_periods") && !plan.contains("Sort") && !plan.contains("Join"), "{plan}");
}
