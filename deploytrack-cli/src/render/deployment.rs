//! Deployments and their history as rows.

use deploytrack_core::deployment::{Deployment, HistoryEntry};

use super::grid::{Column, Grid, Value};

/// Deployments, one a row.
pub(crate) fn list(deployments: &[Deployment]) -> Grid {
    Grid::new(
        [
            Column::fixed("id", "ID"),
            Column::flexible("component", "COMPONENT"),
            Column::flexible("environment", "ENVIRONMENT"),
            Column::flexible("version", "VERSION"),
            Column::fixed("status", "STATUS"),
            Column::hidden("attempt"),
            Column::hidden("deployedBy"),
            Column::hidden("commitSha"),
            Column::fixed("createdAt", "AGE"),
            Column::hidden("updatedAt"),
            Column::hidden("startedAt"),
            Column::hidden("finishedAt"),
            Column::hidden("succeededAt"),
        ],
        deployments.iter().map(|deployment| {
            vec![
                Value::text(&deployment.id),
                Value::text(&deployment.component_name),
                Value::text(&deployment.environment_name),
                Value::text(&deployment.version),
                Value::Status(deployment.status),
                Value::text(&deployment.attempt),
                Value::text(&deployment.deployed_by),
                Value::optional(deployment.commit_sha.as_ref()),
                Value::Time(deployment.created_at),
                Value::Time(deployment.updated_at),
                Value::time(deployment.started_at),
                Value::time(deployment.finished_at),
                Value::time(deployment.succeeded_at),
            ]
        }),
    )
}

/// What is current of one component, one environment a row.
pub(crate) fn latest(deployments: &[Deployment]) -> Grid {
    Grid::new(
        [
            Column::flexible("environment", "ENVIRONMENT"),
            Column::flexible("version", "VERSION"),
            Column::fixed("deployedAt", "AGE"),
            Column::flexible("deployedBy", "DEPLOYED BY"),
            Column::fixed("id", "ID"),
        ],
        deployments.iter().map(|deployment| {
            vec![
                Value::text(&deployment.environment_name),
                Value::text(&deployment.version),
                Value::time(deployment.succeeded_at),
                Value::text(&deployment.deployed_by),
                Value::text(&deployment.id),
            ]
        }),
    )
}

/// One deployment with all that is known about it.
pub(crate) fn details(deployment: &Deployment) -> Grid {
    let metadata = (!deployment.metadata.as_map().is_empty()).then(|| deployment.metadata.to_json());
    let fields = [
        ("id", Value::text(&deployment.id)),
        ("component", Value::text(&deployment.component_name)),
        ("environment", Value::text(&deployment.environment_name)),
        ("version", Value::text(&deployment.version)),
        ("status", Value::Status(deployment.status)),
        ("attempt", Value::text(&deployment.attempt)),
        ("deployedBy", Value::text(&deployment.deployed_by)),
        ("commitSha", Value::optional(deployment.commit_sha.as_ref())),
        ("description", Value::optional(deployment.description.as_ref())),
        ("metadata", Value::optional(metadata.as_ref())),
        ("createdAt", Value::Time(deployment.created_at)),
        ("startedAt", Value::time(deployment.started_at)),
        ("finishedAt", Value::time(deployment.finished_at)),
        ("succeededAt", Value::time(deployment.succeeded_at)),
    ];
    let columns: Vec<_> = fields.iter().map(|(key, _)| Column::hidden(key)).collect();
    Grid::new(columns, [fields.into_iter().map(|(_, value)| value).collect()])
}

/// The history of one deployment, one transition a row.
pub(crate) fn history(deployment: &Deployment, history: &[HistoryEntry]) -> Grid {
    Grid::new(
        [
            Column::hidden("id"),
            Column::hidden("sequence"),
            Column::fixed("attempt", "ATTEMPT"),
            Column::fixed("from", "FROM"),
            Column::fixed("to", "TO"),
            Column::fixed("occurredAt", "AGE"),
            Column::hidden("recordedAt"),
            Column::flexible("recordedBy", "RECORDED BY"),
            Column::flexible("reason", "REASON"),
        ],
        history.iter().map(|entry| {
            vec![
                Value::text(&deployment.id),
                Value::text(&entry.sequence),
                Value::text(&entry.attempt),
                entry.from.map_or(Value::Nothing, Value::Status),
                Value::Status(entry.to),
                Value::Time(entry.occurred_at),
                Value::Time(entry.recorded_at),
                Value::text(&entry.recorded_by),
                Value::optional(entry.reason.as_ref()),
            ]
        }),
    )
}
