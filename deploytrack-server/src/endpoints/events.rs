//! `GET /api/v1/events`: the event stream, as server-sent events (WHATWG HTML, section 9.2).
//!
//! The body is made one page of events at a time, as the socket accepts it. The server buffers nothing for a slow client;
//! [`crate::write_timeout`] closes its connection in the end. A client resumes with the number of the last event it received.

use std::fmt::Write as _;

use bytes::Bytes;
use deploytrack_core::{
    api,
    error::{Error, Fault},
    event::{Event, EventFilter, EventType, Position},
    invalid::Invalid,
    query::{PageRequest, whole_number},
    status::Status,
    text::{Label, Name, Version},
    tracker::Events,
};
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::json;
use tokio::time::timeout;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::{
    App,
    auth::{self, Access},
    body::BodyError,
    limits::HEARTBEAT,
    openapi::{
        OperationDraft, content, examples, group,
        parameters::{
            an_id, any, last_event_id as last_event_id_header, many, number, one, with_example,
        },
    },
    quota::{Permit, QuotaExceeded},
    refusal::{Refusal, Resource},
    request::{Call, Query, both},
    response::HandlerResult,
    token::Role,
};

/// The header with the number of the last event that a client has received, as people write it.
const LAST_EVENT_ID: &str = "Last-Event-ID";
/// The time that a client should wait before it reconnects, in milliseconds.
const RETRY: &str = "retry: 2000\n";

pub(crate) fn doc() -> OperationDraft {
    let stream = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(
            "Server-sent events, each with an `Event` as its data.",
        ));
    let description = format!(
        "Streams events as server-sent events (WHATWG HTML, section 9.2): those after `Last-Event-ID`, else those after `after`, else \
         new ones. The stream stays open, and the server sends a block at least every {} seconds. The data of each event is an \
         `Event`. Events of walls, tokens, revocations and of the store go to admins only. The stream ends soon after its token or \
         wall is revoked. The id of a block is the number of the event and the `storeId` of \
         `GET /readyz`: a reader that resumes after a restore of a backup gets 410, since the numbers run again.",
        HEARTBEAT.as_secs()
    );
    OperationDraft::new(&group::SERVER, "followEvents", "Follow the events", &description)
        .parameters([
            many::<Name>("component", "Only events of the components with these names."),
            many::<Name>("environment", "Only events in the environments with these names."),
            an_id("componentId", "Only events of this component."),
            an_id("environmentId", "Only events in this environment."),
            with_example(
                many::<EventType>("type", "Only events of these types."),
                json!([EventType::DeploymentTransitioned]),
            ),
            one::<Status>("status", "Only transitions to this status."),
            one::<Version>("version", "Only events of this version."),
            one::<Label>("deployedBy", "Only events of deployments by this person or program."),
            any(
                "after",
                "Start after this event; 0 starts with the first one. The number of an event that does not exist yet is 400. [default: new events only]",
                number(0, PageRequest::MOST_SKIP),
            ),
            last_event_id_header(),
        ])
        .response(StatusCode::OK, "The events.", Some(("text/event-stream", content(stream, examples::event_stream()))), &[])
        .wrong_query("status=done", |query| query.one::<Status>("status"))
        .refuses([
            Refusal::from(Error::StoreReplaced(42)),
            Refusal::QuotaExceeded(Resource::Streams, QuotaExceeded::Subject(4)),
        ])
}

/// Streams the events that match the filter: those after `Last-Event-ID`, else those after `after`,
/// else new ones.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let (filter, after) = (filter(&mut query), query.read("after", whole_number));
    let (filter, last_seen) = both(query.finish(Some(filter)), last_event_id(call.headers()))?;
    let after = after.map(|after| i64::try_from(after).unwrap_or(i64::MAX));
    let permit = call.permit(&call.app().streams, Resource::Streams)?;
    let events = match last_seen {
        Some(position) => call
            .tracker()
            .resume_events(position)
            .await
            .map_err(naming_the_header),
        None => call.tracker().events(after).await,
    }?;
    let is_admin = call.claims()?.role == Role::Admin;
    let source = EventSource {
        app: call.app().clone(),
        is_admin,
        access: call.access(),
        headers: call.headers().clone(),
        events,
        filter,
        started: false,
        _permit: permit,
    };
    let frames = stream::unfold(source, |mut source| async move {
        source.next_frame().await.map(|frame| (frame, source))
    });
    let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(frames)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    // A proxy that buffers a whole response would forward nothing.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

fn filter(query: &mut Query) -> EventFilter {
    EventFilter {
        components: query.many("component"),
        environments: query.many("environment"),
        component_id: query.id("componentId"),
        environment_id: query.id("environmentId"),
        types: query.many("type"),
        status: query.one("status"),
        version: query.one("version"),
        deployed_by: query.one("deployedBy"),
    }
}

/// The position in `Last-Event-ID`. A browser sends an empty value before its first event.
fn last_event_id(headers: &HeaderMap) -> Result<Option<Position>, Vec<Fault>> {
    let Some(value) = headers
        .get(api::LAST_EVENT_ID)
        .filter(|value| !value.is_empty())
    else {
        return Ok(None);
    };
    value
        .to_str()
        .unwrap_or_default()
        .parse()
        .map(Some)
        .map_err(|error: Invalid| vec![Fault::parameter(LAST_EVENT_ID, error.to_string())])
}

/// The error for a wrong number, with the name of the header in place of the parameter.
fn naming_the_header(error: Error) -> Error {
    let Error::Invalid(faults) = error else {
        return error;
    };
    Error::Invalid(
        faults
            .into_iter()
            .map(|fault| Fault {
                parameter: Some(LAST_EVENT_ID.to_owned()),
                ..fault
            })
            .collect(),
    )
}

/// The source of one event stream.
struct EventSource {
    app: App,
    access: Access,
    headers: HeaderMap,
    is_admin: bool,
    events: Events,
    filter: EventFilter,
    /// Whether the first frame has been sent.
    started: bool,
    _permit: Permit,
}

impl EventSource {
    /// The next frame; none when the server shuts down, or the token or the session has ended.
    async fn next_frame(&mut self) -> Option<Result<Frame<Bytes>, BodyError>> {
        if !self.started {
            self.started = true;
            return Some(Ok(Frame::data(Bytes::from(format!(
                "{RETRY}{}",
                self.position()
            )))));
        }
        loop {
            let ending = self.app.ending.clone();
            let next = tokio::select! {
                biased;
                () = ending.cancelled() => return None,
                next = timeout(HEARTBEAT, self.matching_events()) => next,
            };
            // The token or the session may have ended since the connection was opened.
            let permission = auth::authorize_again(&self.app, self.access, &self.headers).await;
            match (permission, next) {
                // A heartbeat tells nothing. A reader need not end because the database is away.
                (Ok(()) | Err(Refusal::Core(_)), Err(_)) => {
                    let position = self.position();
                    let heartbeat = format!(": heartbeat\n{position}");
                    return Some(Ok(Frame::data(Bytes::from(heartbeat))));
                }
                (Ok(()), Ok(Ok(text))) if text.is_empty() => {}
                (Ok(()), Ok(Ok(text))) => return Some(Ok(Frame::data(text))),
                (Ok(()), Ok(Err(error))) | (Err(Refusal::Core(error)), Ok(_)) => {
                    tracing::warn!(%error, "a stream of events broke off");
                    return Some(Err(BodyError::from("the stream broke off")));
                }
                (Err(_), _) => return None,
            }
        }
    }

    /// The text of the next events that match the filter. It is empty if there are none among them,
    /// and one that may end the token or the wall of this reader.
    async fn matching_events(&mut self) -> Result<Bytes, Error> {
        loop {
            let page = self.events.next().await?;
            let mut text = String::new();
            for event in page.iter().filter(|event| self.sends(event)) {
                write_block(&mut text, self.position_of(event.id), event)?;
            }
            let may_end = page.iter().any(|event| event.r#type.may_end_access());
            if may_end || !text.is_empty() {
                return Ok(text.into());
            }
        }
    }

    /// Whether the reader may see an event, and asked for it.
    fn sends(&self, event: &Event) -> bool {
        (self.is_admin || !event.r#type.is_for_admins()) && self.filter.matches(event)
    }

    /// A block that updates the client's last event id and carries no event.
    fn position(&self) -> String {
        format!("id: {}\n\n", self.position_of(self.events.position()))
    }

    /// The position after an event. With the store a reader that resumes after a restore is refused:
    /// it would miss the events that have got its numbers again.
    fn position_of(&self, number: i64) -> Position {
        let store = Some(self.events.store());
        Position { number, store }
    }
}

fn write_block(text: &mut String, id: Position, event: &Event) -> Result<(), Error> {
    let data = serde_json::to_string(event).map_err(|error| Error::Internal(Box::new(error)))?;
    write!(text, "id: {id}\nevent: {}\ndata: {data}\n\n", event.r#type)
        .map_err(|error| Error::Internal(Box::new(error)))
}
