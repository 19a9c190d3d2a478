//! Deployments, their attempts and their history as rows.

use std::time::Duration;

use deploytrack_core::{
    deployment::Deployment,
    history::{Attempt, HistoryEntry, HistoryKind},
};

use super::grid::{Column, Grid, Value};
use crate::render::{
    commits::{ShortVersions, commit},
    ids::ShortIds,
};

/// Deployments, one per row, with their ids as short as they are unique.
pub(crate) fn list(deployments: &[Deployment], ids: &ShortIds) -> Grid {
    let versions = short_versions(deployments);
    Grid::new(
        [
            Column::fixed("id", "ID"),
            Column::flexible("component", "COMPONENT"),
            Column::flexible("environment", "ENVIRONMENT"),
            Column::flexible("version", "VERSION"),
            Column::fixed("status", "STATUS"),
            Column::hidden("attempt"),
            Column::fixed("occurredAt", "AGE"),
            Column::flexible("deployedBy", "BY").optional(),
            Column::flexible("commitSha", "COMMIT").optional(),
            Column::hidden("createdAt"),
            Column::hidden("updatedAt"),
            Column::hidden("startedAt"),
            Column::hidden("finishedAt"),
            Column::hidden("succeededAt"),
        ],
        deployments.iter().map(|deployment| {
            vec![
                ids.value(deployment.id),
                Value::text(&deployment.component_name),
                Value::text(&deployment.environment_name),
                versions.value(&deployment.version),
                Value::Status(deployment.status),
                Value::text(&deployment.attempt),
                Value::Time(deployment.occurred_at),
                Value::text(&deployment.deployed_by),
                commit(deployment.commit_sha.as_ref()),
                Value::Time(deployment.created_at),
                Value::Time(deployment.updated_at),
                Value::time(deployment.started_at),
                Value::time(deployment.finished_at),
                Value::time(deployment.succeeded_at),
            ]
        }),
    )
}

fn short_versions(deployments: &[Deployment]) -> ShortVersions {
    ShortVersions::of(deployments.iter().map(|one| one.version.as_str()))
}

/// One deployment as a row.
pub(crate) fn one(deployment: &Deployment) -> Grid {
    list(std::slice::from_ref(deployment), &ShortIds::default())
}

/// The current deployments of one component, one environment per row.
pub(crate) fn latest(deployments: &[Deployment], ids: &ShortIds) -> Grid {
    let versions = short_versions(deployments);
    Grid::new(
        [
            Column::flexible("environment", "ENVIRONMENT"),
            Column::flexible("version", "VERSION"),
            Column::fixed("deployedAt", "AGE"),
            Column::flexible("deployedBy", "BY"),
            Column::flexible("commitSha", "COMMIT").optional(),
            Column::fixed("id", "ID").optional(),
        ],
        deployments.iter().map(|deployment| {
            vec![
                Value::text(&deployment.environment_name),
                versions.value(&deployment.version),
                Value::time(deployment.succeeded_at),
                Value::text(&deployment.deployed_by),
                commit(deployment.commit_sha.as_ref()),
                ids.value(deployment.id),
            ]
        }),
    )
}

/// One deployment with all its fields.
pub(crate) fn details(deployment: &Deployment) -> Grid {
    let metadata =
        (!deployment.metadata.is_empty()).then(|| deployment.metadata.as_json().to_owned());
    let mut fields = vec![
        ("id", Value::text(&deployment.id)),
        ("component", Value::text(&deployment.component_name)),
        ("environment", Value::text(&deployment.environment_name)),
        ("version", Value::text(&deployment.version)),
        ("status", Value::Status(deployment.status)),
        ("attempt", Value::text(&deployment.attempt)),
        ("deployedBy", Value::text(&deployment.deployed_by)),
        ("commitSha", Value::optional(deployment.commit_sha.as_ref())),
        (
            "description",
            Value::optional(deployment.description.as_ref()),
        ),
        ("metadata", Value::optional(metadata.as_ref())),
        ("occurredAt", Value::Time(deployment.occurred_at)),
        ("createdAt", Value::Time(deployment.created_at)),
        ("startedAt", Value::time(deployment.started_at)),
        ("finishedAt", Value::time(deployment.finished_at)),
        ("succeededAt", Value::time(deployment.succeeded_at)),
    ];
    if let Some(origin) = &deployment.origin {
        fields.push(("origin", Value::text(origin)));
    }
    let columns: Vec<_> = fields.iter().map(|(key, _)| Column::hidden(key)).collect();
    Grid::new(
        columns,
        [fields.into_iter().map(|(_, value)| value).collect()],
    )
}

/// The attempts of one deployment, one per row.
pub(crate) fn attempts(attempts: &[Attempt]) -> Grid {
    Grid::new(
        [
            Column::fixed("attempt", "ATTEMPT"),
            Column::fixed("status", "STATUS"),
            Column::fixed("startedAt", "STARTED"),
            Column::fixed("finishedAt", "FINISHED"),
            Column::fixed("took", "TOOK"),
            Column::flexible("reason", "REASON"),
        ],
        attempts.iter().map(|attempt| {
            vec![
                Value::text(&attempt.number),
                Value::Status(attempt.status),
                Value::time(attempt.started_at),
                Value::time(attempt.finished_at),
                attempt
                    .duration()
                    .and_then(|took| took.to_std().ok())
                    .map_or(Value::Nothing, took),
                Value::optional(attempt.reason.as_ref()),
            ]
        }),
    )
}

/// A duration to the second, or to the millisecond below one.
fn took(duration: Duration) -> Value {
    let shown = if duration < Duration::from_secs(1) {
        Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or_default())
    } else {
        Duration::from_secs(duration.as_secs())
    };
    Value::text(&humantime::format_duration(shown))
}

/// The history of one deployment, one transition or undeployment per row.
pub(crate) fn history(deployment: &Deployment, history: &[HistoryEntry]) -> Grid {
    let has_undeployment = history
        .iter()
        .any(|entry| entry.event == HistoryKind::Undeployed);
    Grid::new(
        [
            Column::hidden("id"),
            Column::hidden("sequence"),
            Column::fixed("attempt", "ATTEMPT"),
            if has_undeployment {
                Column::fixed("event", "EVENT")
            } else {
                Column::hidden("event")
            },
            Column::fixed("from", "FROM"),
            Column::fixed("to", "TO"),
            Column::fixed("occurredAt", "AGE"),
            Column::hidden("recordedAt"),
            Column::flexible("recordedBy", "RECORDED BY"),
            Column::flexible("reason", "REASON"),
            Column::hidden("hash"),
        ],
        history.iter().map(|entry| {
            vec![
                Value::text(&deployment.id),
                Value::text(&entry.sequence),
                Value::text(&entry.attempt),
                Value::text(&entry.event.as_str()),
                entry.from.map_or(Value::Nothing, Value::Status),
                Value::Status(entry.to),
                Value::Time(entry.occurred_at),
                Value::Time(entry.recorded_at),
                Value::text(&entry.recorded_by),
                Value::optional(entry.reason.as_ref()),
                Value::text(&entry.hash),
            ]
        }),
    )
}

#[cfg(test)]
mod tests {
    use deploytrack_core::clock;
    use serde_json::json;

    use super::*;
    use crate::render::{View, text::width};

    const WIDTHS: [u16; 5] = [40, 60, 80, 120, 200];

    /// Deployments with versions, names and statuses of every kind.
    fn sample() -> Vec<Deployment> {
        let rows = [
            (
                "user-service",
                "production",
                "v2.3.1",
                "succeeded",
                "ada",
                Some(7),
            ),
            (
                "payment-api",
                "staging",
                "ed52224b8e1a7f60c3d94f2e5b70a9186c4d3f21",
                "failed",
                "ci-bot",
                Some(1),
            ),
            (
                "決済サービス",
                "本番環境",
                "2026.11.23-1832-release",
                "in_progress",
                "山田太郎",
                None,
            ),
            (
                "почтовый-сервис",
                "стенд",
                "v1",
                "rolled_back",
                "Иван Петров",
                None,
            ),
            (
                "notification-worker-with-a-rather-long-name",
                "production-eu-west-1",
                "v0.1.0-rc.12",
                "pending",
                "renovate[bot]",
                Some(3),
            ),
        ];
        let deployment = |(at, (component, environment, version, status, by, commit)): (
            usize,
            (_, _, _, _, _, Option<usize>),
        )| {
            let time = format!("2026-11-{:02}T18:00:00Z", 23 - at);
            let id = format!("019ab1e2-7c4{at}-7a31-9f0e-2b6c1d8e4f50");
            let done = (status == "succeeded").then_some(&time);
            serde_json::from_value(json!({
                "id": id, "componentId": id, "componentName": component, "environmentId": id, "environmentName": environment,
                "version": version, "status": status, "attempt": 1, "deployedBy": by,
                "commitSha": commit.map(|digit| digit.to_string().repeat(40)), "description": null, "metadata": {},
                "createdAt": time, "updatedAt": time, "startedAt": null, "finishedAt": done, "succeededAt": done, "occurredAt": time,
            }))
            .unwrap()
        };
        rows.into_iter().enumerate().map(deployment).collect()
    }

    fn screen(columns: u16) -> String {
        let (deployments, mut ids) = (sample(), ShortIds::default());
        ids.extend(deployments.iter().map(|one| one.id), 13);
        let view = View {
            width: Some(columns),
            colour: false,
            is_wide: false,
            has_header: true,
            now: clock::parse("2026-11-23T18:32:00Z").unwrap(),
        };
        list(&deployments, &ids).table(&view)
    }

    #[test]
    fn a_list_at_each_width() {
        let screens = WIDTHS.map(|columns| format!("{columns} columns\n\n{}", screen(columns)));
        insta::with_settings!({
            prepend_module_to_snapshot => false,
            omit_expression => true,
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/snapshots"),
        }, { insta::assert_snapshot!("render_list", screens.join("\n")) });
    }

    #[test]
    fn versions_are_cut_as_in_the_matrix() {
        let versions = ["20261123", "ed52224b8e1a", "ed52224b0000"];
        let deployments: Vec<_> = sample()
            .into_iter()
            .zip(versions)
            .map(|(one, version)| Deployment {
                version: version.parse().unwrap(),
                ..one
            })
            .collect();
        let view = View {
            width: Some(200),
            colour: false,
            is_wide: false,
            has_header: true,
            now: clock::parse("2026-11-23T18:32:00Z").unwrap(),
        };
        let text = list(&deployments, &ShortIds::default()).table(&view);
        // A date stays whole, and two commits never look the same.
        for shown in [" 20261123 ", " ed52224b8 ", " ed52224b0 "] {
            assert!(text.contains(shown), "{text}");
        }
    }

    #[test]
    fn no_line_of_a_list_is_wider_than_the_terminal() {
        for columns in 4..220 {
            let text = screen(columns);
            let fits = |line: &str| width(line) <= usize::from(columns);
            assert!(text.lines().all(fits), "{columns}:\n{text}");
        }
    }
}
