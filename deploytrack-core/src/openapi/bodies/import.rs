//! The lines of an import or an export.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        OneOfBuilder, Ref, RefOr,
        schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type},
    },
};

use super::{
    catalog::{component, environment},
    deployments::deployment,
    fields::{closed, field, optional, optional_time, references, when, with, with_references},
};
use crate::{
    api::{IMPORT_ENTRIES, ImportLine},
    deployment::Undeployment,
    openapi::{of, or_null, time},
    text::{Name, Reason},
};

impl PartialSchema for Undeployment {
    fn schema() -> RefOr<Schema> {
        let event = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(["undeployed"]));
        let object = references()
            .property("event", event)
            .required("event")
            .property(
                "occurredAt",
                time().description(Some(when("When it happened", false))),
            )
            .required("occurredAt")
            .property("reason", optional::<Reason>("The reason."));
        with_references(object)
            .description(Some(
                "A line of an import: a component was undeployed from an environment.",
            ))
            .into()
    }
}

impl ToSchema for Undeployment {}

/// The name of the schema of [`imported_deployment`].
pub const IMPORTED_DEPLOYMENT: &str = "ImportedDeployment";

/// The schema of a deployment in an import. Its time is required, so that the server recognizes the
/// same line in a later import.
#[must_use]
pub fn imported_deployment() -> RefOr<Schema> {
    let word = "The status, also in the words of GitHub, GitLab or Octopus; `pending`, if absent. The history gets all transitions to it.";
    let history = ArrayBuilder::new()
        .items(past_entry())
        .max_items(Some(IMPORT_ENTRIES));
    let history = history.description(Some(
        "All statuses with their times, instead of `startedAt`. Missing transitions are added.",
    ));
    let object = deployment()
        .property(
            "status",
            ObjectBuilder::new()
                .schema_type(or_null(Type::String))
                .description(Some(word)),
        )
        .property("event", ObjectBuilder::new().schema_type(Type::Null))
        .property(
            "occurredAt",
            optional_time(&when("When it entered its status", false)),
        )
        .property(
            "finishedAt",
            optional_time("The same as `occurredAt`; at most one of the two."),
        )
        .property(
            "startedAt",
            optional_time("When it entered `in_progress`; when it entered its status, if absent."),
        )
        .property(
            "reason",
            optional::<Reason>("The reason of the latest transition."),
        )
        .property("sequence", sequence())
        .property(
            "history",
            OneOfBuilder::new()
                .item(ObjectBuilder::new().schema_type(Type::Null))
                .item(history),
        );
    let timed = AnyOfBuilder::new()
        .item(with("occurredAt", Type::String, &[]))
        .item(with("finishedAt", Type::String, &[]))
        .item(with("history", Type::Array, &[]));
    with_references(object)
        .item(timed)
        .description(Some(
            "A line of an import: a deployment with the time of its status.",
        ))
        .into()
}

fn sequence() -> ObjectBuilder {
    let number = ObjectBuilder::new()
        .schema_type(or_null(Type::Integer))
        .minimum(Some(0));
    number
        .description(Some("The position in the order of recording of the source: of two successes at one time, the later one is current."))
}

/// A history entry of an imported deployment.
fn past_entry() -> ObjectBuilder {
    let event = ObjectBuilder::new()
        .schema_type(or_null(Type::String))
        .enum_values(Some([
            json!("undeployed"),
            json!("transition"),
            json!(null),
        ]));
    closed()
        .property(
            "event",
            event.description(Some(
                "`undeployed`, without a status, if the component was undeployed.",
            )),
        )
        .property(
            "status",
            ObjectBuilder::new()
                .schema_type(or_null(Type::String))
                .description(Some("The new status.")),
        )
        .property(
            "occurredAt",
            time().description(Some(when("When it happened", false))),
        )
        .required("occurredAt")
        .property(
            "claimedAt",
            optional_time("The time in the original request, if the server recorded another one."),
        )
        .property("reason", optional::<Reason>("The reason."))
        .property("sequence", sequence())
}

/// The schema of an import line that registers a component or environment.
fn registering(event: &str, object: ObjectBuilder) -> ObjectBuilder {
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([event]));
    let archived_at =
        optional_time("When it was archived, if it is; the time of the import, if absent.");
    object
        .property("event", name)
        .required("event")
        .required("name")
        .property("archivedAt", archived_at)
}

impl PartialSchema for ImportLine {
    fn schema() -> RefOr<Schema> {
        let deployment = Ref::from_schema_name(IMPORTED_DEPLOYMENT);
        let named = || field::<Name>("The name. If it exists, the line changes nothing.");
        let lines = OneOfBuilder::new()
            .item(deployment)
            .item(of::<Undeployment>())
            .item(
                registering("component", component(named()))
                    .description(Some("Registers a component.")),
            )
            .item(
                registering("environment", environment(named()))
                    .description(Some("Registers an environment.")),
            );
        let description = "A line of an import or an export: a deployment, an undeployment, or the registration of a component or environment.";
        lines.description(Some(description)).into()
    }
}

impl ToSchema for ImportLine {}
