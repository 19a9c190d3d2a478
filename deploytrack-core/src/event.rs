//! Events: what readers of `GET /api/v1/events` receive.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    clock::{self, Time},
    history::{HistoryEntry, HistoryKind},
    invalid::Invalid,
    status::Status,
    text::{CommitSha, Label, Name, Version},
    words::words,
};

/// A position in the events of a store: the number of the last event that a reader has received.
/// Its text is `42@STORE`, or `42` without the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The number of the event; 0 before the first.
    pub number: i64,
    /// The store that the event belongs to. Numbers run again after a restore, and the store has
    /// another id then. `None` for any store.
    pub store: Option<Uuid>,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)?;
        self.store.map_or(Ok(()), |store| write!(f, "@{store}"))
    }
}

impl FromStr for Position {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be the id of an event in the stream");
        let (number, store) = match text.split_once('@') {
            Some((number, store)) => (number, Some(Uuid::parse_str(store).map_err(|_| RULE)?)),
            None => (text, None),
        };
        // A parser of numbers would accept a plus sign.
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RULE);
        }
        let number = number.parse().map_err(|_| RULE)?;
        Ok(Self { number, store })
    }
}

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
    /// A wall was created.
    #[serde(rename = "wall.created")]
    WallCreated,
    /// A wall was revoked.
    #[serde(rename = "wall.revoked")]
    WallRevoked,
    /// A name in identity tokens was used for the first time with a rule, and its id was pinned.
    #[serde(rename = "pin.created")]
    PinCreated,
    /// A pin was removed.
    #[serde(rename = "pin.removed")]
    PinRemoved,
    /// No rule accepted a verified identity, or it has another id than its pin; at most once an hour for
    /// a repository.
    #[serde(rename = "identity.refused")]
    IdentityRefused,
    /// A token was created.
    #[serde(rename = "token.created")]
    TokenCreated,
    /// A token got a new secret.
    #[serde(rename = "token.rotated")]
    TokenRotated,
    /// A token was revoked.
    #[serde(rename = "token.revoked")]
    TokenRevoked,
    /// A token was used for the first time.
    #[serde(rename = "token.first_used")]
    TokenFirstUsed,
    /// A secret of a revoked, expired or rotated token was refused; at most once an hour for a token.
    #[serde(rename = "token.refused")]
    TokenRefused,
    /// JSON Web Tokens were revoked.
    #[serde(rename = "revocation.created")]
    RevocationCreated,
    /// A revocation was removed: the tokens are valid again.
    #[serde(rename = "revocation.removed")]
    RevocationRemoved,
    /// The database was replaced by a backup.
    #[serde(rename = "store.restored")]
    StoreRestored,
    /// Data that differed from the history was rebuilt.
    #[serde(rename = "store.repaired")]
    StoreRepaired,
    /// Old deployments were removed.
    #[serde(rename = "retention.removed")]
    RetentionRemoved,
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
        WallCreated => "wall.created",
        WallRevoked => "wall.revoked",
        PinCreated => "pin.created",
        PinRemoved => "pin.removed",
        IdentityRefused => "identity.refused",
        TokenCreated => "token.created",
        TokenRotated => "token.rotated",
        TokenRevoked => "token.revoked",
        TokenFirstUsed => "token.first_used",
        TokenRefused => "token.refused",
        RevocationCreated => "revocation.created",
        RevocationRemoved => "revocation.removed",
        StoreRestored => "store.restored",
        StoreRepaired => "store.repaired",
        RetentionRemoved => "retention.removed",
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

    /// Whether an event of this type is about a deployment.
    #[must_use]
    pub const fn is_about_deployment(self) -> bool {
        matches!(
            self,
            Self::DeploymentCreated
                | Self::DeploymentTransitioned
                | Self::DeploymentUndeployed
                | Self::DeploymentUpdated
        )
    }

    /// Whether only admins get the events of this type.
    #[must_use]
    pub const fn is_for_admins(self) -> bool {
        matches!(
            self,
            Self::WallCreated
                | Self::WallRevoked
                | Self::PinCreated
                | Self::PinRemoved
                | Self::IdentityRefused
                | Self::TokenCreated
                | Self::TokenRotated
                | Self::TokenRevoked
                | Self::TokenFirstUsed
                | Self::TokenRefused
                | Self::RevocationCreated
                | Self::RevocationRemoved
                | Self::StoreRestored
                | Self::StoreRepaired
                | Self::RetentionRemoved
        )
    }

    /// Whether a reader of events may have to end: the event may be about its own token.
    #[must_use]
    pub const fn may_end_access(self) -> bool {
        matches!(
            self,
            Self::WallRevoked | Self::TokenRotated | Self::TokenRevoked | Self::RevocationCreated
        )
    }
}

/// More about an event, as a JSON object. Its fields depend on the type of the event: a change of a
/// component or an environment has `changes`, which maps each changed field to `{"from", "to"}`; a
/// wall has `id`, `name` and `view`; a token has `id`, `name` and `subject`; a revocation has `id`, and `jti` or `subject`; a pin has `id`, `issuer`, `rule`, `claim`, `name` and `value`; a restore, a repair and a removal have fields of their own.
pub type EventDetails = Map<String, Value>;

/// An event: something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The number: from 1, without gaps, in the order in which the changes became visible. A reader
    /// who is not an admin does not get every event.
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
    /// More about it, as [`EventDetails`] describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, value_type = Object))]
    pub details: Option<EventDetails>,
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

/// A filter of the audit: of the events that are not about deployments. An event matches if it
/// matches every field. An empty list and `None` match every event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The event has one of these types.
    pub types: Vec<EventType>,
    /// It was recorded by this subject.
    pub recorded_by: Option<Label>,
    /// It was recorded at this time or later.
    pub recorded_after: Option<Time>,
    /// It was recorded before this time.
    pub recorded_before: Option<Time>,
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
    fn a_position_is_parsed_from_its_text() {
        let store = Uuid::from_u128(7);
        for position in [
            Position {
                number: 42,
                store: Some(store),
            },
            Position {
                number: 0,
                store: None,
            },
        ] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for text in [
            "",
            "+1",
            "-1",
            "x",
            "1@",
            "@",
            "1@x",
            " 1",
            "99999999999999999999",
        ] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }

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
            details: None,
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
