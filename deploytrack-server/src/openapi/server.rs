//! What is about the server as a whole.

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
    described::Described,
    parameters::{an_id, any, last_event_id, many, number, one},
};
use crate::handlers::events::HEARTBEAT;

pub(super) const GROUP: &str = "server";

pub(super) fn live() -> Described {
    let version = ObjectBuilder::new().schema_type(Type::String);
    let schema = said("ok").property("version", version).required("version");
    Described::new(GROUP, "live", "Ask whether the process lives", "Parameters are ignored, since probes add their own.")
        .showing("It does, and this is its version.", schema)
}

pub(super) fn ready() -> Described {
    Described::new(
        GROUP,
        "ready",
        "Ask whether the database can be read and written",
        "Parameters are ignored, since probes add their own.",
    )
    .showing("It can.", said("ready"))
    .refusing(&[StatusCode::SERVICE_UNAVAILABLE])
}

fn said(word: &str) -> ObjectBuilder {
    let status = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([word]));
    ObjectBuilder::new().property("status", status).required("status")
}

pub(super) fn document() -> Described {
    Described::new(GROUP, "showOpenApi", "Read this document", "The API as an OpenAPI 3.1 document.")
        .showing("The document.", ObjectBuilder::new())
}

pub(super) fn verify() -> Described {
    Described::new(
        GROUP,
        "verify",
        "Compare everything that is kept with the history",
        "Checks every hash and every move of the history, and compares deployments, cells and counts with what it says. One at a time.",
    )
    .showing("What was found.", of::<Verification>())
    .refusing(&[StatusCode::TOO_MANY_REQUESTS])
}

pub(super) fn events() -> Described {
    let stream = ObjectBuilder::new().schema_type(Type::String).description(Some("Server-sent events, each with an `Event` as its data."));
    let description = format!(
        "What happens, as it happens, as server-sent events (WHATWG HTML, section 9.2): the events behind `Last-Event-ID` or `after`, or \
         those from now on. The answer does not end by itself, and a block comes at least every {} seconds. The data of each event is an \
         `Event`.",
        HEARTBEAT.as_secs()
    );
    Described::new(GROUP, "followEvents", "Follow what happens", &description)
        .taking([
            many::<Name>("component", "Of the components with these names."),
            many::<Name>("environment", "In the environments with these names."),
            an_id("componentId", "Of this component."),
            an_id("environmentId", "In this environment."),
            many::<EventType>("type", "Of these types."),
            one::<Status>("status", "Moves to this status."),
            one::<Version>("version", "Of this version."),
            one::<Label>("deployedBy", "Deployed by this person or program."),
            any(
                "after",
                "Go on behind this event; 0 begins with the first. One that no event has yet is 400.",
                number(0, PageRequest::MOST_SKIP),
            ),
            last_event_id(),
        ])
        .answering(StatusCode::OK, "The events.", Some(("text/event-stream", ContentBuilder::new().schema(Some(stream)).build())), &[])
}
