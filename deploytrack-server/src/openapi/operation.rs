//! The draft of an operation. A description sets what is specific to the operation. [`OperationDraft::build`] adds what follows
//! from its row in the table of endpoints: the token, the id and the headers of a write.

use deploytrack_core::openapi::of;
use http::StatusCode;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{
        Content, ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        SecurityRequirement,
        path::{Operation, OperationBuilder, Parameter},
        request_body::{RequestBody, RequestBodyBuilder},
    },
};

use super::{headers::with_headers, parameters, refusals};
use crate::{auth::Access, limits::BODY_BYTES, preconditions::WriteHeader};

/// The name of the security scheme.
pub(super) const TOKEN: &str = "token";
const JSON: &str = "application/json";

/// An operation that is being described.
pub(crate) struct OperationDraft(OperationBuilder);

impl OperationDraft {
    /// An operation of a group. The id becomes the name of a function in generated clients.
    pub(crate) fn new(group: &str, id: &str, summary: &str, description: &str) -> Self {
        let operation = OperationBuilder::new()
            .tag(group)
            .operation_id(Some(id))
            .summary(Some(summary));
        Self(operation.description(Some(description)))
    }

    /// Adds parameters.
    pub(crate) fn parameters(self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        Self(
            parameters
                .into_iter()
                .fold(self.0, OperationBuilder::parameter),
        )
    }

    /// Adds a header that is described once for all operations.
    fn parameter_ref(self, header: &str) -> Self {
        Self(
            self.0
                .parameter_ref(Ref::new(format!("#/components/parameters/{header}"))),
        )
    }

    /// Adds a JSON body. It may be omitted unless it is required.
    pub(crate) fn body<T: ToSchema>(self, required: bool, example: Value) -> Self {
        let description = format!("At most {} MiB.", BODY_BYTES / 1024 / 1024);
        let body = RequestBodyBuilder::new()
            .description(Some(description))
            .content(JSON, json::<T>(Some(example)));
        self.any_body(
            body.required(Some(if required {
                Required::True
            } else {
                Required::False
            }))
            .build(),
        )
    }

    /// Adds a body and its refusals.
    pub(crate) fn any_body(self, body: RequestBody) -> Self {
        let draft = Self(self.0.request_body(Some(body)));
        draft.refusals(&[
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ])
    }

    /// Adds the responses of a read: 200 with a representation, and 304.
    pub(crate) fn returns(self, description: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        self.returns_with(description, schema, &[])
    }

    /// Adds the responses of a list: 200 with a page, which has this schema, and 304.
    pub(crate) fn returns_page(self, schema: &str) -> Self {
        self.returns_with("The page.", Ref::from_schema_name(schema), &["Link"])
    }

    /// Adds the responses of a read, with additional headers.
    fn returns_with(
        self,
        description: &str,
        schema: impl Into<RefOr<Schema>>,
        headers: &[&str],
    ) -> Self {
        let headers = [&["ETag"], headers].concat();
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let not_modified = Ref::new("#/components/responses/304");
        let draft = self.parameter_ref("If-None-Match").response(
            StatusCode::OK,
            description,
            Some((JSON, content)),
            &headers,
        );
        Self(draft.0.response("304", not_modified))
    }

    /// Adds the response 201 with the new resource and its location.
    pub(crate) fn creates<T: ToSchema>(self, description: &str) -> Self {
        self.response(
            StatusCode::CREATED,
            description,
            Some((JSON, json::<T>(None))),
            &["Location", "ETag", "Idempotency-Replayed"],
        )
    }

    /// Adds the response 200 with the changed resource.
    pub(crate) fn updates<T: ToSchema>(self, description: &str) -> Self {
        self.response(
            StatusCode::OK,
            description,
            Some((JSON, json::<T>(None))),
            &["ETag", "Idempotency-Replayed"],
        )
    }

    /// Adds a response with a value that is not a resource and has no entity tag.
    pub(crate) fn answers<T: ToSchema>(self, status: StatusCode, description: &str) -> Self {
        self.response(status, description, Some((JSON, json::<T>(None))), &[])
    }

    /// Adds a response.
    pub(crate) fn response(
        self,
        status: StatusCode,
        description: &str,
        content: Option<(&str, Content)>,
        headers: &[&str],
    ) -> Self {
        let response = ResponseBuilder::new().description(description);
        let response = content
            .into_iter()
            .fold(response, |response, (media_type, content)| {
                response.content(media_type, content)
            });
        Self(
            self.0
                .response(status.as_str(), with_headers(response, headers).build()),
        )
    }

    /// Adds refusals with these statuses.
    pub(crate) fn refusals(self, statuses: &[StatusCode]) -> Self {
        let refused = |operation: OperationBuilder, status: &StatusCode| {
            operation.response(status.as_str(), refusals::of(*status))
        };
        Self(statuses.iter().fold(self.0, refused))
    }

    /// Builds the operation of an endpoint with this path, access and conditions.
    pub(crate) fn build(self, path: &str, access: Access, conditions: &[WriteHeader]) -> Operation {
        let mut draft = self.refusals(&refusals::OF_ALL);
        if conditions.contains(&WriteHeader::IdempotencyKey) {
            draft = draft
                .parameter_ref(WriteHeader::IdempotencyKey.name())
                .refusals(&[StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY]);
        }
        if conditions.contains(&WriteHeader::SentAt) {
            draft = draft.parameter_ref(WriteHeader::SentAt.name());
        }
        if path.contains("{id}") {
            draft = draft
                .parameters([parameters::id()])
                .refusals(&[StatusCode::NOT_FOUND]);
        }
        if conditions.contains(&WriteHeader::IfMatch) {
            draft = draft
                .parameter_ref(WriteHeader::IfMatch.name())
                .refusals(&[StatusCode::PRECONDITION_FAILED]);
        }
        if access.needs_token() {
            draft = Self(
                draft
                    .0
                    .security(SecurityRequirement::new::<_, [String; 0], String>(
                        TOKEN,
                        [],
                    )),
            );
            draft = draft.refusals(&[StatusCode::UNAUTHORIZED, StatusCode::SERVICE_UNAVAILABLE]);
        }
        if matches!(access, Access::Reader | Access::Wall) {
            draft = draft.refusals(&[StatusCode::TOO_MANY_REQUESTS]);
        }
        if access == Access::Admin {
            draft = draft.refusals(&[StatusCode::FORBIDDEN]);
        }
        draft.0.build()
    }
}

/// The JSON content of a type.
fn json<T: ToSchema>(example: Option<Value>) -> Content {
    ContentBuilder::new()
        .schema(Some(of::<T>()))
        .example(example)
        .build()
}

/// The response 304.
pub(super) fn not_modified() -> Response {
    let response =
        ResponseBuilder::new().description("Not modified: `If-None-Match` contains its `ETag`.");
    with_headers(response, &["ETag"]).build()
}
