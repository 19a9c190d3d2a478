//! The parameters of requests.

use deploytrack_core::entity_tag::EntityTag;
use serde_json::{Value, json};

use super::{
    answers::cursor,
    world::{STAGING, USER_SERVICE, pending},
};

/// The example of a parameter with this name.
pub(crate) fn of_parameter(name: &str) -> Option<Value> {
    Some(match name {
        "componentId" => json!(USER_SERVICE),
        "environmentId" => json!(STAGING),
        "component" => json!("user-service"),
        "environment" | "type" => json!("staging"),
        "status" => json!("succeeded"),
        "prefix" => json!("0192f7e2-6c1a"),
        "version" => json!("v2.3.1"),
        "commitSha" => json!("ed52224b8e1a7f60c3d94f2e5b70a9186c4d3f21"),
        "deployedBy" => json!("ci-bot"),
        "recordedBy" => json!("ada"),
        "createdAfter" | "occurredAfter" | "recordedAfter" => json!("2026-11-23T00:00:00Z"),
        "createdBefore" | "occurredBefore" | "recordedBefore" | "at" => {
            json!("2026-11-23T18:35:00Z")
        }
        "owner" => json!("team-identity"),
        "kind" => json!("service"),
        "lifecycle" => json!("production"),
        "skip" | "keepLast" => json!(20),
        "take" => json!(100),
        "days" => json!(4),
        "olderThanDays" => json!(730),
        "utcOffset" => json!("+02:00"),
        "after" => json!(40),
        "wall" => json!("office"),
        "cursor" => json!(cursor().to_string()),
        "includeArchived" | "gaps" | "register" | "replace" => json!(true),
        "archived" => json!(false),
        "order" => json!("created"),
        "Last-Event-ID" => json!("40"),
        "If-None-Match" | "If-Match" => json!(tag()),
        "Idempotency-Key" => json!("user-service-1842-staging"),
        "Sent-At" => json!("2026-11-23T18:32:00.412Z"),
        _ => return None,
    })
}

/// The entity tag of the deployment that most examples show.
pub(crate) fn tag() -> String {
    EntityTag::of(&serde_json::to_vec(&pending()).unwrap_or_default()).to_string()
}
