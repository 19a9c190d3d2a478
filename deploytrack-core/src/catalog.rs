//! Components and environments: what is deployed, and where to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::{self, Time},
    text::{Description, Label, Name},
};

pub use crate::name::near_misses;

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A component.
    Component,
    /// An environment.
    Environment,
}

impl Kind {
    /// `component` or `environment`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Environment => "environment",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A component or environment as a caller names it: by id or by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// By its id.
    Id(Uuid),
    /// By its name.
    Name(Name),
}

impl Reference {
    /// Whether it names the record of this id and name.
    #[must_use]
    pub fn is(&self, id: Uuid, name: &Name) -> bool {
        match self {
            Self::Id(own) => *own == id,
            Self::Name(own) => own == name,
        }
    }
}

impl From<Uuid> for Reference {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<Name> for Reference {
    fn from(name: Name) -> Self {
        Self::Name(name)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl FromStr for Reference {
    type Err = crate::text::BadText;

    /// A text in the form of a UUID is an id, any other a name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        crate::json::parse_id(text).map_or_else(|_| Name::new(text).map(Self::Name), |id| Ok(Self::Id(id)))
    }
}

/// Something that is deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// Made by the server.
    pub id: Uuid,
    /// Unique among components.
    pub name: Name,
    /// Free text.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub description: Option<Description>,
    /// Who answers for it.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub owner: Option<Label>,
    /// What it is, such as `service` or `library`.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub kind: Option<Label>,
    /// Where it is in its life, such as `experimental` or `production`.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub lifecycle: Option<Label>,
    /// Hidden from the matrix.
    pub archived: bool,
    /// When it was archived. A deployment that happens later takes it out of the archive.
    #[serde(default, with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub archived_at: Option<Time>,
    /// When it was registered.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Time,
    /// When it was last changed.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Time,
}

/// A component to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewComponent {
    /// Its name.
    pub name: Name,
    /// Everything else about it.
    pub details: ComponentChange,
}

impl NewComponent {
    /// What registers a component as it is.
    #[must_use]
    pub fn like(component: &Component) -> Self {
        let Component { name, description, owner, kind, lifecycle, archived, .. } = component.clone();
        let details = ComponentChange {
            name: None,
            description: description.map(Some),
            owner: owner.map(Some),
            kind: kind.map(Some),
            lifecycle: lifecycle.map(Some),
            archived: Some(archived),
        };
        Self { name, details }
    }
}

/// What is to change about a component; `Some(None)` removes a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComponentChange {
    /// A new name.
    pub name: Option<Name>,
    /// A new description.
    pub description: Option<Option<Description>>,
    /// A new owner.
    pub owner: Option<Option<Label>>,
    /// A new kind.
    pub kind: Option<Option<Label>>,
    /// A new lifecycle.
    pub lifecycle: Option<Option<Label>>,
    /// Whether it is hidden from the matrix.
    pub archived: Option<bool>,
}

impl ComponentChange {
    /// The component with the change made.
    #[must_use]
    pub fn applied_to(self, component: Component, now: Time) -> Component {
        let archived_at = archived_at(component.archived_at, self.archived, now);
        Component {
            name: self.name.unwrap_or(component.name),
            description: self.description.unwrap_or(component.description),
            owner: self.owner.unwrap_or(component.owner),
            kind: self.kind.unwrap_or(component.kind),
            lifecycle: self.lifecycle.unwrap_or(component.lifecycle),
            archived: archived_at.is_some(),
            archived_at,
            updated_at: now,
            ..component
        }
    }
}

/// Since when something is archived, after a change.
fn archived_at(before: Option<Time>, archived: Option<bool>, now: Time) -> Option<Time> {
    match archived {
        None => before,
        Some(true) => before.or(Some(now)),
        Some(false) => None,
    }
}

impl Component {
    /// A component with this name and nothing else.
    #[must_use]
    pub fn registered(id: Uuid, name: Name, now: Time) -> Self {
        Self {
            id,
            name,
            description: None,
            owner: None,
            kind: None,
            lifecycle: None,
            archived: false,
            archived_at: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What an environment is for. The order of the variants is the order in which environments line up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentType {
    /// Where developers try things.
    Development,
    /// Where things are tested.
    Testing,
    /// The last stop before production.
    Staging,
    /// What users see.
    Production,
    /// Anything else.
    Other,
}

impl EnvironmentType {
    /// Every type, in order.
    pub const ALL: [Self; 5] = [Self::Development, Self::Testing, Self::Staging, Self::Production, Self::Other];

    /// The type that a name suggests: its words are compared with common ones, such as `qa` or `prod`.
    #[must_use]
    pub fn guess(name: &Name) -> Self {
        let name = name.key();
        let words: Vec<_> = name.split(|c: char| !c.is_alphabetic()).collect();
        let any = |known: &[&str]| words.iter().any(|word| known.contains(word));
        if any(&["preprod", "preproduction", "stage", "staging", "stg", "uat", "acceptance", "preview"])
            || (any(&["pre", "non"]) && any(&["prod", "production"]))
        {
            Self::Staging
        } else if any(&["prod", "production", "prd", "live"]) {
            Self::Production
        } else if any(&["test", "testing", "tst", "qa", "integration", "int", "ci", "perf"]) {
            Self::Testing
        } else if any(&["dev", "develop", "development", "local", "sandbox"]) {
            Self::Development
        } else {
            Self::Other
        }
    }

    /// The name used in bodies and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Testing => "testing",
            Self::Staging => "staging",
            Self::Production => "production",
            Self::Other => "other",
        }
    }
}

/// A word that is no environment type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of development, testing, staging, production, other")]
pub struct UnknownType;

impl FromStr for EnvironmentType {
    type Err = UnknownType;

    fn from_str(word: &str) -> Result<Self, UnknownType> {
        Self::ALL.into_iter().find(|known| known.as_str() == word).ok_or(UnknownType)
    }
}

impl fmt::Display for EnvironmentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Somewhere components are deployed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// Made by the server.
    pub id: Uuid,
    /// Unique among environments.
    pub name: Name,
    /// Free text.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub description: Option<Description>,
    /// What it is for.
    pub r#type: EnvironmentType,
    /// Its place among the environments, from 1, without gaps.
    pub order: i64,
    /// Hidden from the matrix.
    pub archived: bool,
    /// When it was archived. A deployment that happens later takes it out of the archive.
    #[serde(default, with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub archived_at: Option<Time>,
    /// When it was registered.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Time,
    /// When it was last changed.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Time,
}

/// An environment to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEnvironment {
    /// Its name.
    pub name: Name,
    /// Everything else about it.
    pub details: EnvironmentChange,
}

impl NewEnvironment {
    /// What registers an environment as it is.
    #[must_use]
    pub fn like(environment: &Environment) -> Self {
        let Environment { name, description, r#type, order, archived, .. } = environment.clone();
        let order = usize::try_from(order).ok().filter(|order| *order > 0);
        let details =
            EnvironmentChange { name: None, description: description.map(Some), r#type: Some(r#type), order, archived: Some(archived) };
        Self { name, details }
    }
}

/// What is to change about an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvironmentChange {
    /// A new name.
    pub name: Option<Name>,
    /// A new description; `Some(None)` removes it.
    pub description: Option<Option<Description>>,
    /// A new type.
    pub r#type: Option<EnvironmentType>,
    /// A new place among the environments, from 1; the others make room.
    pub order: Option<usize>,
    /// Whether it is hidden from the matrix.
    pub archived: Option<bool>,
}

impl EnvironmentChange {
    /// The environment with the change made, its place excepted.
    #[must_use]
    pub fn applied_to(self, environment: Environment, now: Time) -> Environment {
        let archived_at = archived_at(environment.archived_at, self.archived, now);
        Environment {
            name: self.name.unwrap_or(environment.name),
            description: self.description.unwrap_or(environment.description),
            r#type: self.r#type.unwrap_or(environment.r#type),
            archived: archived_at.is_some(),
            archived_at,
            updated_at: now,
            ..environment
        }
    }
}

impl Environment {
    /// An environment with this name and a guessed type, before it has a place in the order.
    #[must_use]
    pub fn registered(id: Uuid, name: Name, now: Time) -> Self {
        let r#type = EnvironmentType::guess(&name);
        Self { id, name, description: None, r#type, order: 0, archived: false, archived_at: None, created_at: now, updated_at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn types_are_guessed_from_whole_words() {
        for (given, expected) in [
            ("production", "production"),
            ("eu-prod-1", "production"),
            ("pre-prod", "staging"),
            ("UAT", "staging"),
            ("qa", "testing"),
            ("dev2", "development"),
            ("products", "other"),
        ] {
            assert_eq!(EnvironmentType::guess(&name(given)).as_str(), expected, "{given}");
        }
    }
}
