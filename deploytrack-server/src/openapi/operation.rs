//! An operation as it is put together: what is particular is said by the one who describes it, what follows from the route
//! (its guard, its id, its condition) is added.

use deploytrack_core::openapi::of;
use http::StatusCode;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{
        Content, ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema, SecurityRequirement,
        path::{Operation, OperationBuilder, Parameter},
        request_body::{RequestBody, RequestBodyBuilder},
    },
};

use super::{parameters, refusals};
use crate::{
    request::BODY_BYTES,
    route::{Access, Route},
};

/// The name of the security scheme.
pub(super) const TOKEN: &str = "token";
const JSON: &str = "application/json";

/// An operation in the making.
pub(super) struct Described(OperationBuilder);

impl Described {
    /// An operation of a group; the id becomes the name of a function in generated clients.
    pub(super) fn new(group: &str, id: &str, summary: &str, description: &str) -> Self {
        let operation = OperationBuilder::new().tag(group).operation_id(Some(id)).summary(Some(summary));
        Self(operation.description(Some(description)))
    }

    /// With these parameters.
    pub(super) fn taking(self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        Self(parameters.into_iter().fold(self.0, OperationBuilder::parameter))
    }

    /// With a parameter that is described once for all operations.
    fn heeding(self, header: &str) -> Self {
        Self(self.0.parameter_ref(Ref::new(format!("#/components/parameters/{header}"))))
    }

    /// With a JSON body, which may be left out where it is not required.
    pub(super) fn body<T: ToSchema>(self, required: bool, example: Value) -> Self {
        let description = format!("At most {} MiB.", BODY_BYTES / 1024 / 1024);
        let body = RequestBodyBuilder::new().description(Some(description)).content(JSON, json::<T>(Some(example)));
        self.any_body(body.required(Some(if required { Required::True } else { Required::False })).build())
    }

    /// With this body.
    pub(super) fn any_body(self, body: RequestBody) -> Self {
        let described = Self(self.0.request_body(Some(body)));
        described.refusing(&[StatusCode::REQUEST_TIMEOUT, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE])
    }

    /// Carried out once under an idempotency key.
    pub(super) fn once(self) -> Self {
        self.heeding("Idempotency-Key").refusing(&[StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY])
    }

    /// Whose times are read by the clock of the sender, where the sender gives it.
    pub(super) fn timed(self) -> Self {
        self.heeding("Sent-At")
    }

    /// Answers with a representation, or with the news that it is the one the caller has.
    pub(super) fn showing(self, description: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        self.showing_with(description, schema, &[])
    }

    /// The same, with these headers too.
    pub(super) fn showing_with(self, description: &str, schema: impl Into<RefOr<Schema>>, headers: &[&str]) -> Self {
        let headers = [&["ETag"], headers].concat();
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let unchanged = Ref::new("#/components/responses/304");
        let described = self.heeding("If-None-Match").answering(StatusCode::OK, description, Some((JSON, content)), &headers);
        Self(described.0.response("304", unchanged))
    }

    /// Answers with what it made, and where that is.
    pub(super) fn making<T: ToSchema>(self, description: &str) -> Self {
        self.answering(StatusCode::CREATED, description, Some((JSON, json::<T>(None))), &["Location", "ETag", "Idempotency-Replayed"])
    }

    /// Answers with what it changed.
    pub(super) fn changing<T: ToSchema>(self, description: &str) -> Self {
        self.answering(StatusCode::OK, description, Some((JSON, json::<T>(None))), &["ETag", "Idempotency-Replayed"])
    }

    /// Answers with a status, a content and headers.
    pub(super) fn answering(self, status: StatusCode, description: &str, content: Option<(&str, Content)>, headers: &[&str]) -> Self {
        let response = ResponseBuilder::new().description(description);
        let response = content.into_iter().fold(response, |response, (media_type, content)| response.content(media_type, content));
        Self(self.0.response(status.as_str(), with_headers(response, headers).build()))
    }

    /// Refuses with these statuses.
    pub(super) fn refusing(self, statuses: &[StatusCode]) -> Self {
        let refused = |operation: OperationBuilder, status: &StatusCode| operation.response(status.as_str(), refusals::of(*status));
        Self(statuses.iter().fold(self.0, refused))
    }

    /// The operation of a route at a path.
    pub(super) fn at(self, route: &Route, path: &str) -> Operation {
        let mut described = self.refusing(&refusals::OF_ALL);
        if path.contains("{id}") {
            described = described.taking([parameters::id()]).refusing(&[StatusCode::NOT_FOUND]);
        }
        if route.heeds_condition() {
            described = described.heeding("If-Match").refusing(&[StatusCode::PRECONDITION_FAILED]);
        }
        let access = route.access();
        if access != Access::Open {
            described = Self(described.0.security(SecurityRequirement::new::<_, [String; 0], String>(TOKEN, [])));
            described = described.refusing(&[StatusCode::UNAUTHORIZED, StatusCode::SERVICE_UNAVAILABLE]);
        }
        if access == Access::Reader {
            described = described.refusing(&[StatusCode::TOO_MANY_REQUESTS]);
        }
        if access == Access::Admin {
            described = described.refusing(&[StatusCode::FORBIDDEN]);
        }
        described.0.build()
    }
}

/// The response with these headers, which are described once for all, and the one that every answer has.
pub(super) fn with_headers(response: ResponseBuilder, headers: &[&str]) -> ResponseBuilder {
    headers
        .iter()
        .chain(&["X-Request-Id"])
        .fold(response, |response, name| response.header_ref(*name, Ref::new(format!("#/components/headers/{name}"))))
}

/// JSON of a type.
fn json<T: ToSchema>(example: Option<Value>) -> Content {
    ContentBuilder::new().schema(Some(of::<T>())).example(example).build()
}

/// What is there already.
pub(super) fn unchanged() -> Response {
    let response = ResponseBuilder::new().description("The caller has it already: `If-None-Match` names its `ETag`.");
    with_headers(response, &["ETag"]).build()
}
