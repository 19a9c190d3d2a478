//! The schemas of the document.

use deploytrack_core::{
    api::{EnvironmentOrder, ImportCounts, ImportLine, Liveness, Problem, Readiness},
    archive::{ArchiveOutcome, ArchiveSelection, ArchivedName},
    catalog::{
        Component, ComponentChange, Environment, EnvironmentChange, EnvironmentType, NewComponent,
        NewEnvironment,
    },
    daily::DayCounts,
    deployment::{Change, Deployment, Metadata, NewDeployment, Undeploy, Undeployment},
    digest::Digest,
    error::Fault,
    event::{Event, EventDeployment, EventName, EventType},
    exchange::{ExchangedToken, IdentityExplanation, RuleExplanation},
    history::{self, HistoryEntry},
    ids::IdMatches,
    matrix::{Cell, Cells, Gap, GapState, Row},
    openapi,
    origin::Origin,
    pin::Pin,
    query::{Order, Page},
    retention::{CellPreview, RemovalOutcome, RemovalRequest, RetentionPreview},
    revocation::{Revocation, RevokedTokens},
    role::Role,
    session::{Login, LoginCode},
    status::Status,
    text::{
        CommitSha, Description, IdPrefix, IdempotencyKey, Label, Name, Reason, Version, ViewQuery,
    },
    token::{NewToken, Rotation, Token, TokenWithSecret},
    verification::{Difference, Verification},
    wall::{NewWall, ShownWall, Wall, WallLink},
};
use serde_json::Value;
use utoipa::{
    PartialSchema as _,
    openapi::{Components, ComponentsBuilder, RefOr, Schema, schema::ObjectBuilder},
};

use super::examples;

/// The schema of every type in a request or a response.
pub(super) fn schemas() -> Components {
    let parts = openapi::parts_of_bodies().into_iter();
    let all = parts.fold(of_types(), |all, (name, schema)| all.schema(name, schema));
    let mut all = all.build();
    for (name, schema) in &mut all.schemas {
        if let (RefOr::T(schema), Some(example)) = (schema, examples::of_schema(name)) {
            set_example(schema, example);
        }
    }
    all
}

/// Adds an example, which generators copy into the documentation of a type.
fn set_example(schema: &mut Schema, example: Value) {
    let examples = match schema {
        Schema::Object(object) => &mut object.examples,
        Schema::AllOf(all) => &mut all.examples,
        Schema::OneOf(one) => &mut one.examples,
        _ => return,
    };
    examples.push(example);
}

fn of_types() -> ComponentsBuilder {
    ComponentsBuilder::new()
        .schema_from::<Deployment>()
        .schema_from::<NewDeployment>()
        .schema_from::<Change>()
        .schema_from::<Undeploy>()
        .schema_from::<Undeployment>()
        .schema_from::<ImportLine>()
        .schema_from::<ImportCounts>()
        .schema_from::<HistoryEntry>()
        .schema_from::<history::HistoryKind>()
        .schema_from::<Digest>()
        .schema_from::<Row>()
        .schema_from::<Cells>()
        .schema_from::<Cell>()
        .schema_from::<Gap>()
        .schema_from::<GapState>()
        .schema_from::<DayCounts>()
        .schema_from::<IdMatches>()
        .schema_from::<Component>()
        .schema_from::<NewComponent>()
        .schema_from::<ComponentChange>()
        .schema_from::<Environment>()
        .schema_from::<NewEnvironment>()
        .schema_from::<EnvironmentChange>()
        .schema_from::<EnvironmentOrder>()
        .schema_from::<ArchiveSelection>()
        .schema_from::<ArchiveOutcome>()
        .schema_from::<ArchivedName>()
        .schema_from::<Event>()
        .schema_from::<EventDeployment>()
        .schema_from::<EventName>()
        .schema_from::<Verification>()
        .schema_from::<Difference>()
        .schema_from::<RetentionPreview>()
        .schema_from::<CellPreview>()
        .schema_from::<RemovalRequest>()
        .schema_from::<RemovalOutcome>()
        .schema_from::<Login>()
        .schema_from::<LoginCode>()
        .schema_from::<ShownWall>()
        .schema_from::<Wall>()
        .schema_from::<NewWall>()
        .schema_from::<WallLink>()
        .schema_from::<Token>()
        .schema_from::<NewToken>()
        .schema_from::<TokenWithSecret>()
        .schema_from::<Rotation>()
        .schema_from::<Revocation>()
        .schema_from::<RevokedTokens>()
        .schema_from::<ExchangedToken>()
        .schema_from::<IdentityExplanation>()
        .schema_from::<RuleExplanation>()
        .schema_from::<Pin>()
        .schema_from::<Origin>()
        .schema_from::<Role>()
        .schema_from::<Problem>()
        .schema_from::<Fault>()
        .schema_from::<Name>()
        .schema_from::<Version>()
        .schema_from::<Label>()
        .schema_from::<CommitSha>()
        .schema_from::<IdPrefix>()
        .schema_from::<Description>()
        .schema_from::<Reason>()
        .schema_from::<IdempotencyKey>()
        .schema_from::<ViewQuery>()
        .schema_from::<Metadata>()
        .schema_from::<Status>()
        .schema_from::<EnvironmentType>()
        .schema_from::<EventType>()
        .schema_from::<Order>()
        .schema_from::<Liveness>()
        .schema_from::<Readiness>()
        .schema(
            "Document",
            ObjectBuilder::new().description(Some("An OpenAPI 3.1 document.")),
        )
        .schema("DeploymentPage", Page::<Deployment>::schema())
        .schema("ComponentPage", Page::<Component>::schema())
        .schema("EnvironmentPage", Page::<Environment>::schema())
        .schema("PinPage", Page::<Pin>::schema())
        .schema("WallPage", Page::<Wall>::schema())
        .schema("TokenPage", Page::<Token>::schema())
        .schema("RevocationPage", Page::<Revocation>::schema())
        .schema("EventPage", Page::<Event>::schema())
}
