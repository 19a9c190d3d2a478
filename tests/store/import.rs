//! What an export says, an import rebuilds.

use deploytrack_core::{
    api::{FromBody, ImportLine},
    json,
    query::Key,
};
use deploytrack_tests::{fold, on_both};

use crate::*;

/// Every line of an export, in pages of two.
async fn exported(tracker: &Tracker) -> Vec<String> {
    let (mut lines, mut after): (Vec<String>, Option<Key>) = (Vec::new(), None);
    loop {
        let page = tracker.export_page(&DeploymentFilter::default(), after, 2).await.unwrap();
        let Some((next, page)) = page else { return lines };
        after = Some(next);
        lines.extend(page.iter().map(|line| serde_json::to_string(line).unwrap()));
    }
}

fn read(lines: &[String]) -> Vec<(usize, ImportLine)> {
    let body = |line: &String| ImportLine::from_body(json::object(line.as_bytes()).unwrap()).unwrap();
    lines.iter().enumerate().map(|(index, line)| (index + 1, body(line))).collect()
}

on_both! {
    async fn a_round_trip_into_an_empty_database_gives_the_same_matrix(database) {
        let (tracker, clock) = with_clock(&database.tracker().await);
        for (component, environment, version) in [("api", "staging", "v1"), ("api", "production", "v1"), ("web", "staging", "v7"), ("api", "staging", "v2")] {
            clock.advance(chrono::TimeDelta::minutes(1));
            let new = NewDeployment { status: Status::Succeeded, ..new(component, environment, version) };
            tracker.record(new, &by()).await.unwrap();
        }
        tracker.record(new("web", "staging", "v8"), &by()).await.unwrap();
        let lines = exported(&tracker).await;
        assert_eq!(lines.len(), 5);

        let another = database.another().await;
        let (other, _clock) = with_clock(&another.tracker().await);
        let imported = other.import(read(&lines), &by()).await.unwrap();
        assert_eq!((imported.recorded, imported.skipped), (5, 0));

        let cells = async |tracker: &Tracker| {
            let matrix = tracker.matrix(&MatrixFilter::default()).await.unwrap();
            let rows = matrix.into_iter().map(|row| (row.component_name, row.environments));
            rows.collect::<Vec<_>>()
        };
        assert_eq!(cells(&tracker).await, cells(&other).await);
        assert_eq!(exported(&other).await, lines, "and exports the same");
        fold::check(&other).await;
    }

    async fn the_same_lines_twice_add_nothing(database) {
        let (tracker, _clock) = with_clock(&database.tracker().await);
        let line = |number: usize| {
            let version = format!("v{number}");
            let new = NewDeployment { status: Status::Succeeded, occurred_at: Some(noon()), ..new("api", "production", &version) };
            (number, ImportLine::from(new))
        };
        let lines: Vec<_> = (1..=3).map(line).collect();
        let first = tracker.import(lines.clone(), &by()).await.unwrap();
        let again = tracker.import(lines, &by()).await.unwrap();
        assert_eq!([(first.recorded, first.skipped), (again.recorded, again.skipped)], [(3, 0), (0, 3)]);
        fold::check(&tracker).await;
    }
}
