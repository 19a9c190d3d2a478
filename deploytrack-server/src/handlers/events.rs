//! What happens, told as it happens: server-sent events (WHATWG HTML, section 9.2).
//!
//! The body is made as the socket takes it, a page of events at a time: nothing is kept for a slow reader, whose connection
//! `stall` cuts in the end. A reader goes on where it was, with the number of the last event it has seen.

use std::{fmt::Write as _, time::Duration};

use bytes::Bytes;
use deploytrack_core::{
    api,
    error::{Error, Fault},
    event::{Event, EventFilter},
    query::whole_number,
    tracker::Events,
};
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::time::timeout;

use crate::{
    App, auth,
    problem::{Good, Refusal},
    request::{Call, Query, both},
    response::{Answer, BodyError},
    route::Access,
    share::Share,
};

/// How long nothing is said at most. Proxies take a silent connection for a lost one after a minute or less.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// The header with the number of the last event that a reader has seen, as it is written for people.
const LAST_EVENT_ID: &str = "Last-Event-ID";
/// How long a reader should wait before it connects again, in milliseconds.
const RETRY: &str = "retry: 2000\n";

/// Streams the events that match: those behind `Last-Event-ID`, or `after`, or from now on.
pub(crate) async fn follow(call: &Call) -> Answer {
    let mut query = call.query();
    let (filter, after) = (filter(&mut query), query.read("after", whole_number));
    let (filter, last_seen) = both(query.finish(Some(filter)), last_event_id(call.headers()))?;
    let after = last_seen.or(after).map(|after| i64::try_from(after).unwrap_or(i64::MAX));
    let place = call.app().streams.take(call.subject()?, 1).map_err(|exhausted| Refusal::Exhausted(Good::Streams, exhausted))?;
    let events = call.tracker().events(after).await.map_err(|error| if last_seen.is_some() { of_the_header(error) } else { error })?;
    let reader = Reader { app: call.app().clone(), headers: call.headers().clone(), events, filter, greeted: false, _place: place };
    let frames = stream::unfold(reader, |mut reader| async move { reader.frames().await.map(|frames| (frames, reader)) });
    let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(frames)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // A proxy that gathers an answer before it passes it on would pass nothing on.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
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

/// The number in `Last-Event-ID`. A browser sends it empty before it has seen any.
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Vec<Fault>> {
    let Some(value) = headers.get(api::LAST_EVENT_ID).filter(|value| !value.is_empty()) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| whole_number(text).ok());
    number.map(Some).ok_or_else(|| vec![Fault::parameter(LAST_EVENT_ID, "must be the number of an event")])
}

/// The refusal of a number by the name of the header that it came in.
fn of_the_header(error: Error) -> Error {
    let Error::Invalid(faults) = error else { return error };
    Error::Invalid(faults.into_iter().map(|fault| Fault { parameter: Some(LAST_EVENT_ID.to_owned()), ..fault }).collect())
}

/// One who reads events.
struct Reader {
    app: App,
    headers: HeaderMap,
    events: Events,
    filter: EventFilter,
    greeted: bool,
    _place: Share,
}

impl Reader {
    /// What to send next; none at the end of the server, or of the token.
    async fn frames(&mut self) -> Option<Result<Frame<Bytes>, BodyError>> {
        if !self.greeted {
            self.greeted = true;
            return Some(Ok(Frame::data(Bytes::from(format!("{RETRY}{}", position(self.events.position()))))));
        }
        let ending = self.app.ending.clone();
        let next = tokio::select! {
            biased;
            () = ending.cancelled() => return None,
            next = timeout(HEARTBEAT, self.wanted()) => next,
        };
        // A token is good until it expires, and not as long as a connection lasts.
        auth::admit(&self.app, Access::Reader, &self.headers).ok()?;
        Some(match next {
            Err(_) => Ok(Frame::data(Bytes::from(format!(": heartbeat\n{}", position(self.events.position()))))),
            Ok(Ok(text)) => Ok(Frame::data(text)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a stream of events broke off");
                Err(BodyError::from("the stream broke off"))
            }
        })
    }

    /// The next events that match, as text.
    async fn wanted(&mut self) -> Result<Bytes, Error> {
        loop {
            let page = self.events.next().await?;
            let mut text = String::new();
            for event in page.iter().filter(|event| self.filter.matches(event)) {
                block(&mut text, event)?;
            }
            if !text.is_empty() {
                return Ok(text.into());
            }
        }
    }
}

/// A block that moves the reader's last event id and tells nothing.
fn position(number: i64) -> String {
    format!("id: {number}\n\n")
}

fn block(text: &mut String, event: &Event) -> Result<(), Error> {
    let data = serde_json::to_string(event).map_err(|error| Error::Internal(Box::new(error)))?;
    write!(text, "id: {}\nevent: {}\ndata: {data}\n\n", event.id, event.r#type).map_err(|error| Error::Internal(Box::new(error)))
}
