//! A deployment, and what is asked of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    catalog::Reference,
    clock::{self, Time},
    status::{Status, Transition},
    text::{BadText, CommitSha, Description, Label, Name, Reason, Version},
};

/// One version of one component on its way to one environment, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Made by the server; sorts by creation (UUID version 7).
    pub id: Uuid,
    /// The component.
    pub component_id: Uuid,
    /// Its name.
    pub component_name: Name,
    /// The environment.
    pub environment_id: Uuid,
    /// Its name.
    pub environment_name: Name,
    /// What was deployed.
    pub version: Version,
    /// Where it stands.
    pub status: Status,
    /// How often it was tried, from 1; a retry starts the next attempt.
    pub attempt: i64,
    /// Who deployed it.
    pub deployed_by: Label,
    /// The commit it was built from.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub commit_sha: Option<CommitSha>,
    /// Free text.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub description: Option<Description>,
    /// Whatever else the caller wants to keep.
    pub metadata: Metadata,
    /// When the server recorded it.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Time,
    /// When the server last changed it.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Time,
    /// When the latest attempt began, if it has.
    #[serde(with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub started_at: Option<Time>,
    /// When the latest attempt succeeded or failed, if it has.
    #[serde(with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub finished_at: Option<Time>,
    /// When it last succeeded, if it ever did. This decides the cell.
    #[serde(with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub succeeded_at: Option<Time>,
    /// When its latest transition happened: since when it has its status.
    // The default is for a client of an older server, which does not send the field.
    #[serde(with = "clock::wire", default)]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime, required = true))]
    pub occurred_at: Time,
}

impl Deployment {
    /// The deployment after a legal move that happened at `occurred_at` and is recorded at `now`.
    #[must_use]
    pub fn advanced(self, step: Transition, occurred_at: Time, now: Time) -> Self {
        let moved = Self { status: step.to(), updated_at: now, occurred_at, ..self };
        match step.to() {
            Status::Pending => Self { attempt: moved.attempt + 1, started_at: None, finished_at: None, ..moved },
            Status::InProgress => Self { started_at: Some(occurred_at), ..moved },
            Status::Succeeded => Self { finished_at: Some(occurred_at), succeeded_at: Some(occurred_at), ..moved },
            Status::Failed => Self { finished_at: Some(occurred_at), ..moved },
            Status::RolledBack => moved,
        }
    }
}

/// A deployment to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeployment {
    /// The component, by id or name.
    pub component: Reference,
    /// The environment, by id or name.
    pub environment: Reference,
    /// What is deployed.
    pub version: Version,
    /// Who deploys it; the recorder, if absent.
    pub deployed_by: Option<Label>,
    /// The commit it was built from.
    pub commit_sha: Option<CommitSha>,
    /// Free text.
    pub description: Option<Description>,
    /// Whatever else the caller wants to keep.
    pub metadata: Metadata,
    /// The status it has reached already.
    pub status: Status,
    /// When it reached that status; now, if absent.
    pub occurred_at: Option<Time>,
    /// Register unknown names even where they resemble known ones. Part of the query, not of the body.
    pub register: bool,
}

impl NewDeployment {
    /// A pending deployment with the required fields alone.
    #[must_use]
    pub fn new(component: Reference, environment: Reference, version: Version) -> Self {
        Self {
            component,
            environment,
            version,
            deployed_by: None,
            commit_sha: None,
            description: None,
            metadata: Metadata::default(),
            status: Status::Pending,
            occurred_at: None,
            register: false,
        }
    }

    /// As [`NewDeployment::new`], from names as text.
    ///
    /// # Errors
    /// [`BadText`] when a name or the version is outside its limits.
    pub fn named(component: &str, environment: &str, version: &str) -> Result<Self, BadText> {
        Ok(Self::new(Name::new(component)?.into(), Name::new(environment)?.into(), Version::new(version)?))
    }
}

/// What is to change about a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The status it moves to.
    pub status: Option<Status>,
    /// When that happened; now, if absent.
    pub occurred_at: Option<Time>,
    /// Why it happened.
    pub reason: Option<Reason>,
    /// A new description; `Some(None)` removes it.
    pub description: Option<Option<Description>>,
    /// Keys to set in the metadata; a `null` removes its key.
    pub metadata: Option<Metadata>,
}

impl Change {
    /// A move to `status`, now.
    #[must_use]
    pub fn to(status: Status) -> Self {
        Self { status: Some(status), ..Self::default() }
    }
}

/// The removal of a component from an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undeploy {
    /// When it happened; now, if absent.
    pub occurred_at: Option<Time>,
    /// Why it happened.
    pub reason: Option<Reason>,
}

/// A removal that is told afterwards, by what left from where instead of by a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The component, by id or name.
    pub component: Reference,
    /// The environment, by id or name.
    pub environment: Reference,
    /// When and why; the time is required.
    pub undeploy: Undeploy,
}

/// A JSON object the caller keeps with a deployment: at most 16 KiB as compact JSON, 16 levels deep, no NUL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// The most bytes it may have as compact JSON.
    pub const MOST_BYTES: usize = 16 * 1024;
    /// The most levels of objects and arrays, the outermost included.
    pub const MOST_LEVELS: usize = 16;

    /// Checks the object and keeps it.
    ///
    /// # Errors
    /// [`BadText`] when it is too large, too deep or holds a NUL character.
    pub fn new(map: Map<String, Value>) -> Result<Self, BadText> {
        if map.values().any(|value| levels(value) >= Self::MOST_LEVELS) {
            return Err(BadText("must be at most 16 levels deep"));
        }
        if has_nul(&map) {
            return Err(BadText("must have no NUL character"));
        }
        let metadata = Self(map);
        if metadata.to_json().len() > Self::MOST_BYTES {
            return Err(BadText("must be at most 16 KiB in compact form"));
        }
        Ok(metadata)
    }

    /// This object with the keys of `patch` set, and those removed that are `null` there.
    ///
    /// # Errors
    /// [`BadText`] when the result is outside the limits.
    pub fn merged(&self, patch: &Self) -> Result<Self, BadText> {
        let mut map = self.0.clone();
        for (key, value) in &patch.0 {
            if value.is_null() {
                map.remove(key);
            } else {
                map.insert(key.clone(), value.clone());
            }
        }
        Self::new(map)
    }

    /// The entries.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// As compact JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // An object of values with text keys can always be written.
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_nul(map: &Map<String, Value>) -> bool {
    fn inside(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(inside),
            Value::Object(map) => has_nul(map),
            _ => false,
        }
    }
    map.iter().any(|(key, value)| key.contains('\0') || inside(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(value: Value) -> Result<Metadata, BadText> {
        let Value::Object(map) = value else { panic!("an object") };
        Metadata::new(map)
    }

    #[test]
    fn metadata_merges_key_by_key_and_null_removes() {
        let before = metadata(json!({"a": 1, "b": {"c": 2}})).unwrap();
        let patch = metadata(json!({"a": null, "b": {"d": 3}, "e": 4})).unwrap();
        assert_eq!(before.merged(&patch).unwrap().to_json(), r#"{"b":{"d":3},"e":4}"#);
    }

    #[test]
    fn metadata_has_limits() {
        let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
        assert!(metadata(nested(16)).is_ok());
        assert!(metadata(nested(17)).is_err());
        assert!(metadata(json!({"a": "x".repeat(16 * 1024 - 8)})).is_ok());
        assert!(metadata(json!({"a": "x".repeat(16 * 1024 - 7)})).is_err());
        assert!(metadata(json!({"a": ["\0"]})).is_err());
        assert!(metadata(json!({"a\0": 1})).is_err());
    }
}
