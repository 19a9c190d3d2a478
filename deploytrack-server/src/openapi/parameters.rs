//! The parameters of requests, and the headers of requests and answers.

use deploytrack_core::{
    openapi::{of, text, time, uuid},
    query::{Order, PageRequest},
    text::IdempotencyKey,
};
use utoipa::{
    ToSchema,
    openapi::{
        Header, HeaderBuilder, RefOr, Required, Schema,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{ArrayBuilder, ObjectBuilder, Type},
    },
};

use crate::request::MOST_VALUES;

fn parameter(place: ParameterIn, name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> ParameterBuilder {
    let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(Required::False);
    parameter.description(Some(description)).schema(Some(schema))
}

/// The id in the path.
pub(super) fn id() -> Parameter {
    parameter(ParameterIn::Path, "id", "Its id.", uuid()).required(Required::True).build()
}

/// A parameter that may be given once.
pub(super) fn one<T: ToSchema>(name: &str, description: &str) -> Parameter {
    any(name, description, of::<T>())
}

/// A parameter that may be repeated.
pub(super) fn many<T: ToSchema>(name: &str, description: &str) -> Parameter {
    let description = format!("{description} May be repeated, {MOST_VALUES} times at most.");
    any(name, &description, ArrayBuilder::new().items(of::<T>()).max_items(Some(MOST_VALUES)))
}

/// A UUID.
pub(super) fn an_id(name: &str, description: &str) -> Parameter {
    any(name, description, uuid())
}

/// A time.
pub(super) fn a_time(name: &str, description: &str) -> Parameter {
    any(name, description, time())
}

/// `true` or `false`.
pub(super) fn flag(name: &str, description: &str) -> Parameter {
    any(name, description, ObjectBuilder::new().schema_type(Type::Boolean).default(Some(false.into())))
}

/// A parameter of the query.
pub(super) fn any(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    parameter(ParameterIn::Query, name, description, schema).build()
}

/// A parameter that must be given.
pub(super) fn required(parameter: Parameter) -> Parameter {
    ParameterBuilder::from(parameter).required(Required::True).build()
}

/// A whole number within bounds.
pub(super) fn number(least: u64, most: u64) -> ObjectBuilder {
    let number = |value| usize::try_from(value).unwrap_or(usize::MAX);
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(number(least))).maximum(Some(number(most)))
}

/// `skip` and `take`.
pub(super) fn page() -> [Parameter; 2] {
    let skip = number(0, PageRequest::MOST_SKIP).default(Some(0.into()));
    let take = number(1, PageRequest::MOST_TAKE).default(Some(PageRequest::DEFAULT_TAKE.into()));
    [any("skip", "How many to pass over.", skip), any("take", "The most to show.", take)]
}

/// A place in the list of deployments.
pub(super) fn cursor() -> Parameter {
    let cursor = ObjectBuilder::new().schema_type(Type::String);
    any("cursor", "Where the page begins, from a link of the header `Link`. Not together with `skip`.", cursor)
}

/// The order of the list of deployments.
pub(super) fn order() -> Parameter {
    let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Order::ALL.map(Order::as_str)));
    let description = "The time that orders the list: `createdAt`, or `occurredAt`, when the latest transition happened. Every page of \
                       a list is asked for with the same.";
    any("order", description, words.default(Some(Order::default().as_str().into())))
}

/// What list and export filter by.
pub(super) fn filters() -> Vec<Parameter> {
    use deploytrack_core::{
        status::Status,
        text::{CommitSha, Label, Name, Version},
    };
    vec![
        an_id("componentId", "Of this component."),
        an_id("environmentId", "In this environment."),
        one::<Status>("status", "In this status now."),
        one::<Name>("component", "Of the component with this name."),
        one::<Name>("environment", "In the environment with this name."),
        one::<Version>("version", "Of this version."),
        one::<CommitSha>("commitSha", "From this commit, as recorded."),
        one::<Label>("deployedBy", "By this person or program."),
        a_time("createdAfter", "Recorded at this time or later."),
        a_time("createdBefore", "Recorded before this time."),
        a_time("occurredAfter", "Whose latest transition happened at this time or later."),
        a_time("occurredBefore", "Whose latest transition happened before this time."),
    ]
}

/// Headers of requests, which are described once.
pub(super) fn headers_of_requests() -> [(&'static str, Parameter); 4] {
    let tags = |description| parameter(ParameterIn::Header, "", description, ObjectBuilder::new().schema_type(Type::String));
    let known =
        tags("Entity tags that the caller has, or `*`: the answer is 304 when nothing changed. One that cannot be read is ignored.");
    let tag =
        ObjectBuilder::new().schema_type(Type::String).description(Some("`*`, or entity tags in double quotes, separated by commas."));
    let tag = tag.pattern(Some(r#"^(\*|(W/)?"[\x21\x23-\x7e]*"( *, *(W/)?"[\x21\x23-\x7e]*")*)$"#));
    let seen =
        tags("The `ETag` of what the caller has seen: when it is another by now, the answer is 412 and nothing is done.").schema(Some(tag));
    let key =
        tags("Makes the request once, however often it comes: the same key and request get the first answer again for at least 24 hours.");
    let sent_at = tags(
        "The sender's clock at the moment of sending. Times in the body are read by that clock: what happened less than a second \
         before is placed at its arrival, and what happened earlier is placed so long before its arrival. No part of what an \
         idempotency key covers.",
    );
    [
        ("If-None-Match", known.name("If-None-Match").build()),
        ("If-Match", seen.name("If-Match").build()),
        ("Idempotency-Key", key.name("Idempotency-Key").schema(Some(of::<IdempotencyKey>())).build()),
        ("Sent-At", sent_at.name("Sent-At").schema(Some(time())).build()),
    ]
}

/// Where a reader of events goes on.
pub(super) fn last_event_id() -> Parameter {
    let number = text("The number of an event.", 0, 20, "^[0-9]*$");
    parameter(ParameterIn::Header, "Last-Event-ID", "Go on behind this event. Goes before `after`.", number).build()
}

/// Headers of answers, which are described once.
pub(super) fn headers_of_answers() -> [(&'static str, Header); 7] {
    let header = |description: &str| {
        HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).description(Some(description)).build()
    };
    let seconds = HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::Integer)));
    [
        ("ETag", header("The strong entity tag of what is shown.")),
        ("Location", header("Where it is.")),
        (
            "Link",
            header("The pages around this one (RFC 8288): `first`, `prev`, `next`, `last`, each a query to be put in place of this one."),
        ),
        ("Idempotency-Replayed", header("`true`, when this is the answer given the first time.")),
        ("Retry-After", seconds.description(Some("How many seconds to wait before the same request.")).build()),
        ("WWW-Authenticate", header("`Bearer`, with an error code when a token was sent (RFC 6750).")),
        (
            "X-Request-Id",
            header(
                "The request's id in the server's log: the caller's `X-Request-Id` where it is 1 to 64 letters, digits, `.`, `_` or `-`; else a new one.",
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use deploytrack_core::api;

    use super::*;

    #[test]
    fn headers_are_called_what_the_code_calls_them() {
        let names = headers_of_requests().map(|(name, header)| (name.to_owned(), header.name));
        assert!(names.iter().all(|(known_as, name)| known_as == name), "{names:?}");
        assert!(names.iter().any(|(name, _)| name.eq_ignore_ascii_case(api::IDEMPOTENCY_KEY)));
        assert!(names.iter().any(|(name, _)| name.eq_ignore_ascii_case(api::SENT_AT)));
        assert!(headers_of_answers().iter().any(|(name, _)| name.eq_ignore_ascii_case(api::IDEMPOTENCY_REPLAYED)));
        assert!(last_event_id().name.eq_ignore_ascii_case(api::LAST_EVENT_ID));
    }
}
