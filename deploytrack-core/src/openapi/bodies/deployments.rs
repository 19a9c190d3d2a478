//! The bodies that record, change and undeploy a deployment.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        AllOfBuilder, Ref, RefOr,
        schema::{AnyOfBuilder, ObjectBuilder, Schema, Type},
    },
};

use super::fields::{
    closed, field, optional, optional_of, optional_time, references, when, with, with_references,
};
use crate::{
    deployment::{Change, Metadata, NewDeployment, Undeploy},
    openapi::or_null,
    status::Status,
    text::{CommitSha, Description, Label, Reason, Version},
};

/// A request to record a deployment, without its time.
pub(super) fn deployment() -> ObjectBuilder {
    let status = Ref::from_schema_name(INITIAL_STATUS).into();
    references()
        .property("version", field::<Version>("The version that is deployed."))
        .required("version")
        .property(
            "deployedBy",
            optional::<Label>(
                "The person or program that deploys; the subject of the token, if absent.",
            ),
        )
        .property(
            "commitSha",
            optional::<CommitSha>("The commit that it was built from."),
        )
        .property("description", optional::<Description>("Free text."))
        .property("metadata", optional::<Metadata>("Additional data."))
        .property(
            "status",
            optional_of(
                status,
                "The status; `pending`, if absent. The history gets all transitions to it.",
            ),
        )
}

/// The name of the schema of [`initial_status`].
pub(super) const INITIAL_STATUS: &str = "InitialStatus";

/// The statuses that a deployment may have when it is recorded.
pub(super) fn initial_status() -> RefOr<Schema> {
    let statuses = Status::ALL
        .into_iter()
        .filter(|status| status.path_from_new().is_some());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(statuses.map(|status| json!(status))))
        .description(Some("The status of a deployment that is recorded."))
        .into()
}

impl PartialSchema for NewDeployment {
    fn schema() -> RefOr<Schema> {
        let object =
            deployment().property("occurredAt", optional_time(&when("When it happened", true)));
        let description = "A request to record a deployment. Component and environment are given by id or by name.";
        with_references(object)
            .description(Some(description))
            .into()
    }
}

impl ToSchema for NewDeployment {}

impl PartialSchema for Change {
    fn schema() -> RefOr<Schema> {
        let object = closed()
            .property("status", optional::<Status>("The new status."))
            .property("occurredAt", optional_time(&when("With `status`: when the transition happened", true)))
            .property("finishedAt", optional_time("The same as `occurredAt`, for `succeeded` and `failed`; at most one of the two."))
            .property("reason", optional::<Reason>("With `status`: the reason of the transition."))
            .property("description", optional::<Description>("The new description; `null` removes it."))
            .property("metadata", optional::<Metadata>("Keys to set in the metadata; `null` removes a key."));
        let of_a_transition = ["status", "occurredAt", "finishedAt", "reason"];
        let something = AnyOfBuilder::new()
            .item(with("status", Type::String, &[]))
            .item(with("description", or_null(Type::String), &of_a_transition))
            .item(with("metadata", Type::Object, &of_a_transition));
        let description =
            "A change of a deployment: at least one of `status`, `description` and `metadata`.";
        AllOfBuilder::new()
            .item(object)
            .item(something)
            .description(Some(description))
            .into()
    }
}

impl ToSchema for Change {
    fn name() -> std::borrow::Cow<'static, str> {
        "DeploymentChange".into()
    }
}

impl PartialSchema for Undeploy {
    fn schema() -> RefOr<Schema> {
        let object = closed()
            .property("occurredAt", optional_time(&when("When it happened", true)))
            .property("reason", optional::<Reason>("The reason."));
        object
            .description(Some(
                "When a component was undeployed from an environment, and why.",
            ))
            .into()
    }
}

impl ToSchema for Undeploy {}
