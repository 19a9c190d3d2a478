//! An event as a line, and its parts.

use deploytrack_core::{
    clock,
    event::{Event, EventType},
};

use serde_json::{Value, json};

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
    let happened = happened(event);
    let changes = changes(event).map_or_else(String::new, |changes| format!(" ({changes})"));
    format!("{}: {happened}{changes}", subject(event))
}

/// What the event is about.
pub(crate) fn subject(event: &Event) -> String {
    if let Some(of) = &event.deployment {
        return format!(
            "{} {} in {}",
            of.component_name, of.version, of.environment_name
        );
    }
    if let Some(of) = &event.component {
        return format!("component {}", of.name);
    }
    if let Some(of) = &event.environment {
        return format!("environment {}", of.name);
    }
    let detail = |name| {
        let value = event.details.as_ref().and_then(|all| all.get(name));
        value.map_or_else(String::new, plain)
    };
    match event.r#type {
        EventType::WallCreated | EventType::WallRevoked => format!("wall {}", detail("name")),
        EventType::TokenCreated
        | EventType::TokenRotated
        | EventType::TokenRevoked
        | EventType::TokenFirstUsed
        | EventType::TokenRefused => format!("token {}", detail("name")),
        EventType::PinCreated | EventType::PinRemoved => {
            format!("identity of {}", detail("name"))
        }
        EventType::IdentityRefused => format!("identity of {}", event.recorded_by),
        EventType::RevocationCreated | EventType::RevocationRemoved => "JSON Web Tokens".to_owned(),
        EventType::StoreRestored | EventType::StoreRepaired => "database".to_owned(),
        EventType::RetentionRemoved => "old deployments".to_owned(),
        _ => "environments".to_owned(),
    }
}

fn happened(event: &Event) -> String {
    match (event.r#type, &event.transition) {
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
        (EventType::WallCreated | EventType::TokenCreated, _) => "created".to_owned(),
        (EventType::WallRevoked | EventType::TokenRevoked | EventType::RevocationCreated, _) => {
            "revoked".to_owned()
        }
        (EventType::TokenRotated, _) => "rotated".to_owned(),
        (EventType::TokenFirstUsed, _) => "used for the first time".to_owned(),
        (EventType::TokenRefused | EventType::IdentityRefused, _) => "refused".to_owned(),
        (EventType::PinCreated, _) => "pinned".to_owned(),
        (EventType::PinRemoved, _) => "unpinned".to_owned(),
        (EventType::RevocationRemoved, _) => "valid again".to_owned(),
        (EventType::StoreRestored, _) => "restored from a backup".to_owned(),
        (EventType::StoreRepaired, _) => "repaired".to_owned(),
        (EventType::RetentionRemoved, _) => "removed".to_owned(),
        (
            EventType::DeploymentTransitioned
            | EventType::ComponentUpdated
            | EventType::EnvironmentUpdated,
            _,
        ) => "changed".to_owned(),
    }
}

/// The details of an event as one text: changed fields as `owner: web → core`, other details as
/// `view: env=production`.
pub(crate) fn changes(event: &Event) -> Option<String> {
    let details = event.details.as_ref()?;
    let texts: Vec<_> = match details.get("changes") {
        Some(Value::Object(changes)) => changes
            .iter()
            .map(|(field, change)| {
                format!(
                    "{field}: {} → {}",
                    plain(&change["from"]),
                    plain(&change["to"])
                )
            })
            .collect(),
        _ => details
            .iter()
            .filter(|(field, value)| *field != "id" && *field != "name" && **value != json!(""))
            .map(|(field, value)| format!("{field}: {}", plain(value)))
            .collect(),
    };
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// A JSON value for people: a text without its quotes, and `-` for null.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
