//! An event as a line.

use deploytrack_core::{
    clock,
    event::{Event, EventType},
};

use super::text::clean;

/// The line: time, subject, what happened, and who recorded it.
pub(crate) fn line(event: &Event) -> String {
    let happened = event
        .transition
        .as_ref()
        .map_or(event.recorded_at, |row| row.occurred_at);
    clean(&format!(
        "{}  {}  by {}",
        clock::format(&happened),
        what(event),
        event.recorded_by
    ))
}

fn what(event: &Event) -> String {
    let subject = event.deployment.as_ref().map(|of| {
        format!(
            "{} {} in {}",
            of.component_name, of.version, of.environment_name
        )
    });
    let named = event
        .component
        .as_ref()
        .map(|of| format!("component {}", of.name));
    let named = named.or_else(|| {
        event
            .environment
            .as_ref()
            .map(|of| format!("environment {}", of.name))
    });
    let subject = subject
        .or(named)
        .unwrap_or_else(|| "environments".to_owned());
    let happened = match (event.r#type, &event.transition) {
        (EventType::DeploymentTransitioned, Some(row)) => {
            let from = row
                .from
                .map_or_else(String::new, |from| format!("{from} → "));
            let reason = row
                .reason
                .as_ref()
                .map_or_else(String::new, |reason| format!(" ({reason})"));
            format!("{from}{}{reason}", row.to)
        }
        (EventType::DeploymentUndeployed, _) => "undeployed".to_owned(),
        (EventType::DeploymentCreated, _) => "recorded".to_owned(),
        (EventType::DeploymentUpdated, _) => "updated".to_owned(),
        (EventType::ComponentCreated | EventType::EnvironmentCreated, _) => "registered".to_owned(),
        (EventType::ComponentDeleted | EventType::EnvironmentDeleted, _) => "deleted".to_owned(),
        (EventType::ComponentUnarchived | EventType::EnvironmentUnarchived, _) => {
            "restored from the archive".to_owned()
        }
        (EventType::EnvironmentsOrdered, _) => "reordered".to_owned(),
        (
            EventType::DeploymentTransitioned
            | EventType::ComponentUpdated
            | EventType::EnvironmentUpdated,
            _,
        ) => "changed".to_owned(),
    };
    format!("{subject}: {happened}")
}
