//! What readers are told of as it happens.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::{self, Time},
    history::HistoryEntry,
    status::Status,
    text::{CommitSha, Label, Name, Version},
};

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventType {
    /// A deployment was recorded.
    #[serde(rename = "deployment.created")]
    DeploymentCreated,
    /// A deployment moved to another status.
    #[serde(rename = "deployment.transitioned")]
    DeploymentTransitioned,
    /// A component left an environment.
    #[serde(rename = "deployment.undeployed")]
    DeploymentUndeployed,
    /// What is said about a deployment changed, its status aside.
    #[serde(rename = "deployment.updated")]
    DeploymentUpdated,
    /// A component was registered.
    #[serde(rename = "component.created")]
    ComponentCreated,
    /// A component changed.
    #[serde(rename = "component.updated")]
    ComponentUpdated,
    /// A component that was never deployed is gone.
    #[serde(rename = "component.deleted")]
    ComponentDeleted,
    /// A deployment took a component out of the archive.
    #[serde(rename = "component.unarchived")]
    ComponentUnarchived,
    /// An environment was registered.
    #[serde(rename = "environment.created")]
    EnvironmentCreated,
    /// An environment changed.
    #[serde(rename = "environment.updated")]
    EnvironmentUpdated,
    /// An environment that never had a deployment is gone.
    #[serde(rename = "environment.deleted")]
    EnvironmentDeleted,
    /// A deployment took an environment out of the archive.
    #[serde(rename = "environment.unarchived")]
    EnvironmentUnarchived,
    /// The environments were put in another order.
    #[serde(rename = "environments.ordered")]
    EnvironmentsOrdered,
}

impl EventType {
    /// Every type there is.
    pub const ALL: [Self; 13] = [
        Self::DeploymentCreated,
        Self::DeploymentTransitioned,
        Self::DeploymentUndeployed,
        Self::DeploymentUpdated,
        Self::ComponentCreated,
        Self::ComponentUpdated,
        Self::ComponentDeleted,
        Self::ComponentUnarchived,
        Self::EnvironmentCreated,
        Self::EnvironmentUpdated,
        Self::EnvironmentDeleted,
        Self::EnvironmentUnarchived,
        Self::EnvironmentsOrdered,
    ];

    /// The name used in bodies and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeploymentCreated => "deployment.created",
            Self::DeploymentTransitioned => "deployment.transitioned",
            Self::DeploymentUndeployed => "deployment.undeployed",
            Self::DeploymentUpdated => "deployment.updated",
            Self::ComponentCreated => "component.created",
            Self::ComponentUpdated => "component.updated",
            Self::ComponentDeleted => "component.deleted",
            Self::ComponentUnarchived => "component.unarchived",
            Self::EnvironmentCreated => "environment.created",
            Self::EnvironmentUpdated => "environment.updated",
            Self::EnvironmentDeleted => "environment.deleted",
            Self::EnvironmentUnarchived => "environment.unarchived",
            Self::EnvironmentsOrdered => "environments.ordered",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for EventType {
    type Err = UnknownEventType;

    fn from_str(word: &str) -> Result<Self, UnknownEventType> {
        Self::ALL.into_iter().find(|one| one.as_str() == word).ok_or(UnknownEventType)
    }
}

/// A word that is no type of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a type of event, such as deployment.created or deployment.transitioned")]
pub struct UnknownEventType;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its number: from 1, without gaps, in the order in which readers could see what happened.
    pub id: i64,
    /// What kind of thing happened.
    pub r#type: EventType,
    /// When it was recorded.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub recorded_at: Time,
    /// Whose token recorded it.
    pub recorded_by: Label,
    /// The deployment it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub deployment: Option<Subject>,
    /// The row of history it added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub transition: Option<HistoryEntry>,
    /// The component it is about, as it was called then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub component: Option<Named>,
    /// The environment it is about, as it was called then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub environment: Option<Named>,
}

/// What never changes about a deployment, with the present names of its cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = EventDeployment))]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The deployment.
    pub id: Uuid,
    /// What was deployed.
    pub component_id: Uuid,
    /// What it is called.
    pub component_name: Name,
    /// Where to.
    pub environment_id: Uuid,
    /// What that is called.
    pub environment_name: Name,
    /// Which version.
    pub version: Version,
    /// Who deployed it.
    pub deployed_by: Label,
    /// Which commit, if that was said.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub commit_sha: Option<CommitSha>,
}

/// A component or environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = EventName))]
pub struct Named {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: Name,
}

/// Which events a reader wants. An empty list, and `None`, exclude nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of these components, by name.
    pub components: Vec<Name>,
    /// In these environments, by name.
    pub environments: Vec<Name>,
    /// Of this component.
    pub component_id: Option<Uuid>,
    /// In this environment.
    pub environment_id: Option<Uuid>,
    /// Of these types.
    pub types: Vec<EventType>,
    /// Moves to this status.
    pub status: Option<Status>,
    /// Of this version.
    pub version: Option<Version>,
    /// Deployed by this one.
    pub deployed_by: Option<Label>,
}

impl EventFilter {
    /// Whether an event is wanted.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        let deployment = event.deployment.as_ref();
        let component = deployment.map(|of| (&of.component_name, of.component_id)).or(event.component.as_ref().map(|of| (&of.name, of.id)));
        let environment =
            deployment.map(|of| (&of.environment_name, of.environment_id)).or(event.environment.as_ref().map(|of| (&of.name, of.id)));
        let among = |names: &[Name], named: Option<(&Name, Uuid)>| names.is_empty() || named.is_some_and(|(name, _)| names.contains(name));
        let is = |id: Option<Uuid>, named: Option<(&Name, Uuid)>| id.is_none_or(|id| named.is_some_and(|(_, known)| known == id));
        among(&self.components, component)
            && among(&self.environments, environment)
            && is(self.component_id, component)
            && is(self.environment_id, environment)
            && (self.types.is_empty() || self.types.contains(&event.r#type))
            && self.status.is_none_or(|status| {
                event.transition.as_ref().is_some_and(|row| row.event == crate::history::Event::Transition && row.to == status)
            })
            && self.version.as_ref().is_none_or(|version| deployment.is_some_and(|of| of.version == *version))
            && self.deployed_by.as_ref().is_none_or(|by| deployment.is_some_and(|of| of.deployed_by == *by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back_and_is_written_as_it_is_named() {
        for one in EventType::ALL {
            assert_eq!(one.as_str().parse(), Ok(one));
            assert_eq!(serde_json::to_value(one).unwrap(), one.as_str());
        }
        assert!("deployment".parse::<EventType>().is_err());
    }

    #[test]
    fn a_filter_excludes_what_does_not_have_what_it_names() {
        let component = |name: &str| Event {
            id: 1,
            r#type: EventType::ComponentCreated,
            recorded_at: Time::default(),
            recorded_by: "ci".parse().unwrap(),
            deployment: None,
            transition: None,
            component: Some(Named { id: Uuid::nil(), name: name.parse().unwrap() }),
            environment: None,
        };
        let api = component("api");
        let named = |name: &str| EventFilter { components: vec![name.parse().unwrap()], ..EventFilter::default() };
        assert!(EventFilter::default().matches(&api) && named("api").matches(&api));
        assert!(!named("web").matches(&api));
        assert!(!EventFilter { environments: vec!["production".parse().unwrap()], ..EventFilter::default() }.matches(&api));
        assert!(!EventFilter { status: Some(Status::Failed), ..EventFilter::default() }.matches(&api));
        assert!(!EventFilter { types: vec![EventType::ComponentDeleted], ..EventFilter::default() }.matches(&api));
        assert!(EventFilter { component_id: Some(Uuid::nil()), ..EventFilter::default() }.matches(&api));
    }
}
