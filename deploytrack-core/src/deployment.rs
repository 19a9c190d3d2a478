//! A deployment, and what is asked of it.

mod metadata;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::metadata::Metadata;

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
