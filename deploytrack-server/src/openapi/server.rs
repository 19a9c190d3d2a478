//! The operations that concern the whole server.

use deploytrack_core::openapi::of;
use deploytrack_core::{
    event::EventType,
    query::PageRequest,
    status::Status,
    text::{Label, Name, Version},
    verification::Verification,
};
use http::StatusCode;
use utoipa::openapi::{
    ContentBuilder,
    schema::{ObjectBuilder, Type},
};

use super::{
    operation::OperationDraft,
    parameters::{an_id, any, last_event_id, many, number, one},
};
use crate::limits::HEARTBEAT;

pub(super) const GROUP: &str = "server";

pub(super) fn live() -> OperationDraft {
    let version = ObjectBuilder::new().schema_type(Type::String);
    let schema = status_schema("ok")
        .property("version", version)
        .required("version");
    OperationDraft::new(
        GROUP,
        "live",
        "Check that the process runs",
        "Query parameters are ignored, because probes add their own.",
    )
    .returns("The process runs; this is its version.", schema)
}

pub(super) fn ready() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "ready",
        "Check that the database can be read and written",
        "Query parameters are ignored, because probes add their own.",
    )
    .returns(
        "The database can be read and written.",
        status_schema("ready"),
    )
    .refusals(&[StatusCode::SERVICE_UNAVAILABLE])
}

fn status_schema(word: &str) -> ObjectBuilder {
    let status = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([word]));
    ObjectBuilder::new()
        .property("status", status)
        .required("status")
}

pub(super) fn document() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "showOpenApi",
        "Read this document",
        "Returns the API as an OpenAPI 3.1 document.",
    )
    .returns("The document.", ObjectBuilder::new())
}

pub(super) fn verify() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "verify",
        "Verify the database",
        "Checks every hash and every transition of the history, and compares deployments, cells and counts with the history. Only one \
         verification runs at a time.",
    )
    .returns("The result.", of::<Verification>())
    .refusals(&[StatusCode::TOO_MANY_REQUESTS])
}

pub(super) fn events() -> OperationDraft {
    let stream = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(
            "Server-sent events, each with an `Event` as its data.",
        ));
    let description = format!(
        "Streams events as server-sent events (WHATWG HTML, section 9.2): those after `Last-Event-ID`, else those after `after`, else \
         new ones. The stream stays open, and the server sends a block at least every {} seconds. The data of each event is an \
         `Event`.",
        HEARTBEAT.as_secs()
    );
    OperationDraft::new(GROUP, "followEvents", "Follow the events", &description)
        .parameters([
            many::<Name>("component", "Only events of the components with these names."),
            many::<Name>("environment", "Only events in the environments with these names."),
            an_id("componentId", "Only events of this component."),
            an_id("environmentId", "Only events in this environment."),
            many::<EventType>("type", "Only events of these types."),
            one::<Status>("status", "Only transitions to this status."),
            one::<Version>("version", "Only events of this version."),
            one::<Label>("deployedBy", "Only events of deployments by this person or program."),
            any(
                "after",
                "Start after this event; 0 starts with the first one. The number of an event that does not exist yet is 400.",
                number(0, PageRequest::MOST_SKIP),
            ),
            last_event_id(),
        ])
        .response(StatusCode::OK, "The events.", Some(("text/event-stream", ContentBuilder::new().schema(Some(stream)).build())), &[])
}
