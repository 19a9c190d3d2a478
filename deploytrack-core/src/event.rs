//! Events: what readers of `GET /api/v1/events` receive.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::{self, Time},
    history::{HistoryEntry, HistoryKind},
    status::Status,
    text::{CommitSha, Label, Name, Version},
    words::words,
};

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventType {
    /// A deployment was recorded.
    #[serde(rename = "deployment.created")]
    DeploymentCreated,
    /// A deployment entered another status.
    #[serde(rename = "deployment.transitioned")]
    DeploymentTransitioned,
    /// A component left an environment.
    #[serde(rename = "deployment.undeployed")]
    DeploymentUndeployed,
    /// The description or the metadata of a deployment changed.
    #[serde(rename = "deployment.updated")]
    DeploymentUpdated,
    /// A component was registered.
    #[serde(rename = "component.created")]
    ComponentCreated,
    /// A component changed.
    #[serde(rename = "component.updated")]
    ComponentUpdated,
    /// A component that was never deployed was deleted.
    #[serde(rename = "component.deleted")]
    ComponentDeleted,
    /// A deployment unarchived a component.
    #[serde(rename = "component.unarchived")]
    ComponentUnarchived,
    /// An environment was registered.
    #[serde(rename = "environment.created")]
    EnvironmentCreated,
    /// An environment changed.
    #[serde(rename = "environment.updated")]
    EnvironmentUpdated,
    /// An environment that never had a deployment was deleted.
    #[serde(rename = "environment.deleted")]
    EnvironmentDeleted,
    /// A deployment unarchived an environment.
    #[serde(rename = "environment.unarchived")]
    EnvironmentUnarchived,
    /// The order of the environments changed.
    #[serde(rename = "environments.ordered")]
    EnvironmentsOrdered,
}

words! {
    EventType,
    "must be a type of event, such as deployment.created or deployment.transitioned",
    {
        DeploymentCreated => "deployment.created",
        DeploymentTransitioned => "deployment.transitioned",
        DeploymentUndeployed => "deployment.undeployed",
        DeploymentUpdated => "deployment.updated",
        ComponentCreated => "component.created",
        ComponentUpdated => "component.updated",
        ComponentDeleted => "component.deleted",
        ComponentUnarchived => "component.unarchived",
        EnvironmentCreated => "environment.created",
        EnvironmentUpdated => "environment.updated",
        EnvironmentDeleted => "environment.deleted",
        EnvironmentUnarchived => "environment.unarchived",
        EnvironmentsOrdered => "environments.ordered",
    }
}

impl EventType {
    /// The type of the event that reports a row of history; `from` is the status before it. Only
    /// these types report a row of history, and each of their events does.
    #[must_use]
    pub const fn of_row(event: HistoryKind, from: Option<Status>) -> Self {
        match (event, from) {
            (HistoryKind::Undeployed, _) => Self::DeploymentUndeployed,
            (HistoryKind::Transition, None) => Self::DeploymentCreated,
            (HistoryKind::Transition, Some(_)) => Self::DeploymentTransitioned,
        }
    }
}

/// An event: something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The number: from 1, without gaps, in the order in which the changes became visible.
    pub id: i64,
    /// The type.
    pub r#type: EventType,
    /// When the server recorded it.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub recorded_at: Time,
    /// The subject of the token that recorded it.
    pub recorded_by: Label,
    /// The deployment, if the event is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub deployment: Option<EventDeployment>,
    /// The history row that was added, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub transition: Option<HistoryEntry>,
    /// The component, if the event is about one, with its name at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub component: Option<EventName>,
    /// The environment, if the event is about one, with its name at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub environment: Option<EventName>,
}

/// The immutable fields of a deployment, with the current names of its component and environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = EventDeployment))]
#[serde(rename_all = "camelCase")]
pub struct EventDeployment {
    /// The id of the deployment.
    pub id: Uuid,
    /// The id of the component.
    pub component_id: Uuid,
    /// The name of the component.
    pub component_name: Name,
    /// The id of the environment.
    pub environment_id: Uuid,
    /// The name of the environment.
    pub environment_name: Name,
    /// The version that was deployed.
    pub version: Version,
    /// The person or program that deployed it.
    pub deployed_by: Label,
    /// The commit that it was built from, if one was given.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub commit_sha: Option<CommitSha>,
}

/// The id and name of a component or environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = EventName))]
pub struct EventName {
    /// The id.
    pub id: Uuid,
    /// The name.
    pub name: Name,
}

/// A filter of events. An event matches if it matches every field. An empty list and `None` match
/// every event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// The component has one of these names.
    pub components: Vec<Name>,
    /// The environment has one of these names.
    pub environments: Vec<Name>,
    /// The component has this id.
    pub component_id: Option<Uuid>,
    /// The environment has this id.
    pub environment_id: Option<Uuid>,
    /// The event has one of these types.
    pub types: Vec<EventType>,
    /// The event is a transition to this status.
    pub status: Option<Status>,
    /// The deployment has this version.
    pub version: Option<Version>,
    /// The deployment has this `deployedBy`.
    pub deployed_by: Option<Label>,
}

impl EventFilter {
    /// Whether an event matches.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        let deployment = event.deployment.as_ref();
        let component = deployment
            .map(|of| (&of.component_name, of.component_id))
            .or(event.component.as_ref().map(|of| (&of.name, of.id)));
        let environment = deployment
            .map(|of| (&of.environment_name, of.environment_id))
            .or(event.environment.as_ref().map(|of| (&of.name, of.id)));
        let among = |names: &[Name], named: Option<(&Name, Uuid)>| {
            names.is_empty() || named.is_some_and(|(name, _)| names.contains(name))
        };
        let is = |id: Option<Uuid>, named: Option<(&Name, Uuid)>| {
            id.is_none_or(|id| named.is_some_and(|(_, known)| known == id))
        };
        among(&self.components, component)
            && among(&self.environments, environment)
            && is(self.component_id, component)
            && is(self.environment_id, environment)
            && (self.types.is_empty() || self.types.contains(&event.r#type))
            && self.status.is_none_or(|status| {
                event
                    .transition
                    .as_ref()
                    .is_some_and(|row| row.event == HistoryKind::Transition && row.to == status)
            })
            && self
                .version
                .as_ref()
                .is_none_or(|version| deployment.is_some_and(|of| of.version == *version))
            && self
                .deployed_by
                .as_ref()
                .is_none_or(|by| deployment.is_some_and(|of| of.deployed_by == *by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_excludes_events_that_do_not_match_every_field() {
        let component = |name: &str| Event {
            id: 1,
            r#type: EventType::ComponentCreated,
            recorded_at: Time::default(),
            recorded_by: "ci".parse().unwrap(),
            deployment: None,
            transition: None,
            component: Some(EventName {
                id: Uuid::nil(),
                name: name.parse().unwrap(),
            }),
            environment: None,
        };
        let api = component("api");
        let named = |name: &str| EventFilter {
            components: vec![name.parse().unwrap()],
            ..EventFilter::default()
        };
        assert!(EventFilter::default().matches(&api) && named("api").matches(&api));
        assert!(!named("web").matches(&api));
        assert!(
            !EventFilter {
                environments: vec!["production".parse().unwrap()],
                ..EventFilter::default()
            }
            .matches(&api)
        );
        assert!(
            !EventFilter {
                status: Some(Status::Failed),
                ..EventFilter::default()
            }
            .matches(&api)
        );
        assert!(
            !EventFilter {
                types: vec![EventType::ComponentDeleted],
                ..EventFilter::default()
            }
            .matches(&api)
        );
        assert!(
            EventFilter {
                component_id: Some(Uuid::nil()),
                ..EventFilter::default()
            }
            .matches(&api)
        );
    }
}
