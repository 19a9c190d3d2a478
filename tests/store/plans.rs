//! What was current is found from one place in the key of `cell_periods`, however long the history is.

use chrono::TimeDelta;
use deploytrack_tests::on_both;

use crate::*;

/// `newest!` in `store/current.rs`, as it is asked for one cell.
const NEWEST: &str = "select newest.deployment_id, newest.started_at, newest.version is null as is_removal \
    from cell_periods newest where newest.component_id = $1 and newest.environment_id = $2 and newest.started_at <= $3 \
    and (newest.ended_at is null or newest.ended_at > $3) order by newest.started_at desc, newest.sequence desc limit 1";

/// `cells_at!` in `store/current.rs`, as it is asked for the matrix of a moment.
const CELLS: &str = "select period.component_id, period.environment_id, period.version, period.started_at as succeeded_at \
    from current_cells cell join cell_periods period on period.component_id = cell.component_id \
    and period.environment_id = cell.environment_id and period.started_at = (\
    select newest.started_at from cell_periods newest where newest.component_id = cell.component_id \
    and newest.environment_id = cell.environment_id and newest.started_at <= $1 \
    and (newest.ended_at is null or newest.ended_at > $1) order by newest.started_at desc, newest.sequence desc limit 1\
    ) and period.sequence = (\
    select newest.sequence from cell_periods newest where newest.component_id = cell.component_id \
    and newest.environment_id = cell.environment_id and newest.started_at <= $1 \
    and (newest.ended_at is null or newest.ended_at > $1) order by newest.started_at desc, newest.sequence desc limit 1\
    ) where period.version is not null";

on_both! {
    async fn what_was_current_is_searched_by_the_key_and_never_scanned(database) {
        let (tracker, clock) = with_clock(&database.tracker().await);
        for number in 0..200 {
            clock.advance(TimeDelta::minutes(1));
            let component = format!("component-{}", number % 5);
            let new = NewDeployment { status: Status::Succeeded, register: true, ..new(&component, "production", "v1") };
            tracker.record(new, &by()).await.unwrap();
        }
        database.execute("analyze").await.unwrap();
        for (name, sql, moment) in [("newest", NEWEST, "$3"), ("cells", CELLS, "$1")] {
            let plan = database.plan(sql, moment).await;
            if database.is_sqlite() {
                let search = "SEARCH newest USING PRIMARY KEY (component_id=? AND environment_id=? AND started_at<?)";
                assert!(plan.contains(search), "{plan}");
                assert!(!plan.contains("SCAN newest") && !plan.contains("SCAN period"), "{plan}");
                assert!(!plan.contains("TEMP B-TREE"), "the order is that of the key: {plan}");
            } else {
                let conditions: Vec<_> = plan.lines().filter(|line| line.contains("Index Cond:") && line.contains("started_at <= ")).collect();
                assert!(!conditions.is_empty() && conditions.iter().all(|line| line.contains("component_id = ") && line.contains("environment_id = ")), "{plan}");
                assert!(plan.contains("Index Scan Backward using cell_periods_pkey on cell_periods newest"), "{plan}");
                assert!(name == "newest" || plan.contains("AND (started_at = (SubPlan 1)) AND (sequence = (SubPlan 2))"), "{plan}");
                assert!(!plan.contains("Seq Scan on cell_periods") && !plan.contains("Sort") && !plan.contains("Join Filter"), "{plan}");
            }
        }
    }
}
