//! The draft of an operation. A description sets what is specific to the operation. [`OperationDraft::build`] adds what follows
//! from its row in the table of endpoints: the token, the id and the headers of a write.

use std::collections::BTreeSet;

use deploytrack_core::{
    api::FromBody,
    catalog::CatalogKind,
    error::{Error, Fault},
    openapi::of,
};
use http::StatusCode;
use serde_json::{Map, Value};
use utoipa::{
    ToSchema,
    openapi::{
        Content, ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        SecurityRequirement,
        path::{Operation, OperationBuilder, Parameter},
        request_body::{RequestBody, RequestBodyBuilder},
    },
};

use super::{examples, group::Group, headers::with_headers, parameters, refusals};
use crate::{
    auth::Access, limits::BODY_BYTES, preconditions::WriteHeader, refusal::Refusal, request::Query,
    token::Role,
};

/// The name of the security scheme.
pub(super) const TOKEN: &str = "token";
/// The media type of most bodies.
pub(crate) const JSON: &str = "application/json";

/// An operation that is being described.
pub(crate) struct OperationDraft {
    operation: OperationBuilder,
    group: &'static Group,
    /// The path, if it differs from that of its row.
    path: Option<&'static str>,
    /// The statuses of its refusals.
    statuses: BTreeSet<StatusCode>,
    /// The refusals that are specific to it. A status without one has the response that all
    /// operations share.
    refusals: Vec<Refusal>,
    /// The faults of a wrong request.
    faults: Vec<Fault>,
}

impl OperationDraft {
    /// An operation of a group. The id becomes the name of a function in generated clients.
    pub(crate) fn new(group: &'static Group, id: &str, summary: &str, description: &str) -> Self {
        let operation = OperationBuilder::new()
            .tag(group.name)
            .operation_id(Some(id))
            .summary(Some(summary))
            .description(Some(description));
        Self {
            operation,
            group,
            path: None,
            statuses: refusals::OF_ALL.into(),
            refusals: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn with(mut self, change: impl FnOnce(OperationBuilder) -> OperationBuilder) -> Self {
        self.operation = change(self.operation);
        self
    }

    /// Sets the path of the document, for a row whose placeholder stands for several parameters.
    pub(crate) fn at_path(mut self, path: &'static str) -> Self {
        self.path = Some(path);
        self
    }

    /// The path in the document of an operation whose row has this path.
    pub(crate) fn path(&self, of_row: &'static str) -> &'static str {
        self.path.unwrap_or(of_row)
    }

    /// Adds parameters.
    pub(crate) fn parameters(self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        let all = parameters.into_iter();
        self.with(|operation| all.fold(operation, OperationBuilder::parameter))
    }

    /// Adds a header that is described once for all operations.
    fn parameter_ref(self, header: &str) -> Self {
        let header = Ref::new(format!("#/components/parameters/{header}"));
        self.with(|operation| operation.parameter_ref(header))
    }

    /// Sets the faults of a wrong query, which are the example of 400.
    pub(crate) fn wrong_query<T>(
        mut self,
        query: &str,
        read: impl FnOnce(&mut Query) -> Option<T>,
    ) -> Self {
        let mut query = Query::of(query);
        let value = read(&mut query);
        self.faults = query.finish(value).err().unwrap_or_default();
        self
    }

    /// Sets the faults of a refused body, which are the example of 400.
    pub(crate) fn wrong<T>(mut self, read: Result<T, Refusal>) -> Self {
        if let Err(Refusal::Core(Error::Invalid(faults))) = read {
            self.faults = faults;
        }
        self
    }

    /// Adds a JSON body. It may be omitted unless it is required.
    pub(crate) fn body<T: ToSchema + FromBody>(mut self, required: bool, example: Value) -> Self {
        self.faults = T::from_body(misspelled(&example)).err().unwrap_or_default();
        let description = format!("At most {} MiB.", BODY_BYTES / 1024 / 1024);
        let required = if required {
            Required::True
        } else {
            Required::False
        };
        let body = RequestBodyBuilder::new()
            .description(Some(description))
            .content(JSON, content(of::<T>(), example))
            .required(Some(required));
        self.any_body(body.build())
    }

    /// Adds a body and its refusals.
    pub(crate) fn any_body(self, body: RequestBody) -> Self {
        self.with(|operation| operation.request_body(Some(body)))
            .refusals(&[
                StatusCode::REQUEST_TIMEOUT,
                StatusCode::PAYLOAD_TOO_LARGE,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ])
    }

    /// Adds the responses of a read: 200 with a representation, and 304.
    pub(crate) fn returns(
        self,
        description: &str,
        schema: impl Into<RefOr<Schema>>,
        example: Value,
    ) -> Self {
        self.reads(description, (JSON, content(schema, example)), &[])
    }

    /// Adds the responses of a list: 200 with a page, which has this schema, and 304.
    pub(crate) fn returns_page(self, schema: &str, example: Value) -> Self {
        let page = content(Ref::from_schema_name(schema), example);
        self.wrong_query("take=1000", Query::page)
            .reads("The page.", (JSON, page), &["Link"])
    }

    /// Adds the responses of a read with this content and additional headers.
    pub(crate) fn reads(
        self,
        description: &str,
        content: (&str, Content),
        headers: &[&str],
    ) -> Self {
        let headers = [&["ETag"], headers].concat();
        let not_modified = Ref::new("#/components/responses/NotModified");
        self.parameter_ref("If-None-Match")
            .response(StatusCode::OK, description, Some(content), &headers)
            .with(|operation| operation.response("304", not_modified))
    }

    /// Adds the response 201 with the new resource and its location.
    pub(crate) fn creates<T: ToSchema>(self, description: &str, example: Value) -> Self {
        self.response(
            StatusCode::CREATED,
            description,
            Some((JSON, content(of::<T>(), example))),
            &["Location", "ETag", "Idempotency-Replayed"],
        )
    }

    /// Adds the response 200 with the changed resource.
    pub(crate) fn updates<T: ToSchema>(self, description: &str, example: Value) -> Self {
        self.response(
            StatusCode::OK,
            description,
            Some((JSON, content(of::<T>(), example))),
            &["ETag", "Idempotency-Replayed"],
        )
    }

    /// Adds a response with a value that is not a resource and has no entity tag.
    pub(crate) fn answers<T: ToSchema>(
        self,
        status: StatusCode,
        description: &str,
        example: Value,
    ) -> Self {
        let content = content(of::<T>(), example);
        self.response(status, description, Some((JSON, content)), &[])
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
        let response = with_headers(response, headers).build();
        self.with(|operation| operation.response(status.as_str(), response))
    }

    /// Adds refusals with these statuses.
    pub(crate) fn refusals(mut self, statuses: &[StatusCode]) -> Self {
        self.statuses.extend(statuses);
        self
    }

    /// Adds refusals that are specific to the operation.
    pub(crate) fn refuses<R: Into<Refusal>>(
        mut self,
        refusals: impl IntoIterator<Item = R>,
    ) -> Self {
        self.refusals.extend(refusals.into_iter().map(Into::into));
        self
    }

    /// Builds the operation of an endpoint with this path, access and conditions.
    pub(crate) fn build(self, path: &str, access: Access, conditions: &[WriteHeader]) -> Operation {
        let draft = conditions.iter().copied().fold(self, Self::with_condition);
        let draft = draft.with_id(path).with_access(access);
        draft.with_refusals(path).operation.build()
    }

    /// Adds a header of a write, and its refusals.
    fn with_condition(self, header: WriteHeader) -> Self {
        let draft = self.parameter_ref(header.name());
        match header {
            WriteHeader::IdempotencyKey => draft
                .refuses([Error::InFlight])
                .refusals(&[StatusCode::UNPROCESSABLE_ENTITY]),
            WriteHeader::IfMatch => draft.refusals(&[StatusCode::PRECONDITION_FAILED]),
            WriteHeader::SentAt => draft,
        }
    }

    /// Adds the id in the path, if there is one.
    fn with_id(mut self, path: &str) -> Self {
        if !path.contains("{id}") {
            return self;
        }
        if self.faults.is_empty() {
            self = self.wrong_query("", |query| query.path_id(WRONG_ID));
        }
        let group = self.group;
        self.parameters([parameters::id(group.example)])
            .refuses([Error::NotFound {
                what: group.record,
                key: examples::UNKNOWN.to_owned(),
            }])
    }

    /// Adds the token and its refusals.
    fn with_access(mut self, access: Access) -> Self {
        if matches!(access, Access::Health | Access::Badges) {
            // These endpoints ignore parameters.
            self.faults = vec![Fault::parameter("Host", "must be given exactly once")];
        }
        let draft = self.with_rate(access);
        let draft = match access {
            Access::Admin => draft.refusals(&[StatusCode::FORBIDDEN]),
            Access::Writer => draft.refuses([
                Refusal::Role(Role::Writer),
                Error::OutsideLimits {
                    kind: CatalogKind::Environment,
                    name: examples::production().name,
                    allowed: vec![examples::parsed("staging"), examples::parsed("review/*")],
                }
                .into(),
            ]),
            _ => draft,
        };
        if !access.needs_token() {
            return draft;
        }
        let token = SecurityRequirement::new::<_, [String; 0], String>(TOKEN, []);
        draft
            .with(|operation| operation.security(token))
            .refusals(&[StatusCode::UNAUTHORIZED, StatusCode::SERVICE_UNAVAILABLE])
    }

    /// Adds the refusal beyond a rate, also beside refusals with its status that are specific to the
    /// operation.
    fn with_rate(self, access: Access) -> Self {
        if matches!(access, Access::Health | Access::Open) {
            return self;
        }
        let beyond = StatusCode::TOO_MANY_REQUESTS;
        let has_own = self.refusals.iter().any(|own| own.status() == beyond);
        if has_own {
            self.refuses([refusals::rate_exceeded()])
        } else {
            self.refusals(&[beyond])
        }
    }

    /// Adds the responses of all refusals.
    fn with_refusals(mut self, path: &str) -> Self {
        if self.faults.is_empty() {
            self = self.wrong_query("verbose=true", |_| Some(()));
        }
        let faults = std::mem::take(&mut self.faults);
        self.refusals.insert(0, faults.into());
        let problems = self.refusals.drain(..).map(|refusal| {
            let id = instance_id(&refusal, self.group);
            let instance = path
                .replace("{id}", id)
                .replace("{wall}", "office")
                .replace("{component}", "user-service")
                .replace("{environment}", "staging");
            refusal.problem(&instance, examples::REQUEST_ID)
        });
        let own: Vec<_> = problems.collect();
        let statuses = own.iter().map(|(status, _)| *status);
        for status in statuses
            .chain(self.statuses.clone())
            .collect::<BTreeSet<_>>()
        {
            let own = own.iter().filter(|(of, _)| *of == status);
            let own: Vec<_> = own.map(|(_, problem)| problem.clone()).collect();
            self = self.with(|operation| {
                if own.is_empty() {
                    operation.response(status.as_str(), refusals::shared(status))
                } else {
                    operation.response(status.as_str(), refusals::response(status, own))
                }
            });
        }
        self
    }
}

/// A text in the place of an id that is none.
const WRONG_ID: &str = "42";

/// The id in the path of a request that is refused.
fn instance_id(refusal: &Refusal, group: &Group) -> &'static str {
    match refusal {
        Refusal::Core(Error::NotFound { .. }) => examples::UNKNOWN,
        Refusal::Core(Error::Invalid(faults))
            if faults
                .iter()
                .any(|fault| fault.parameter.as_deref() == Some("id")) =>
        {
            WRONG_ID
        }
        _ => group.example,
    }
}

/// The body with a typing error in the name of a field.
fn misspelled(body: &Value) -> Map<String, Value> {
    let mut wrong = body.as_object().cloned().unwrap_or_default();
    if let Some(name) = wrong.keys().next_back().cloned()
        && let Some(value) = wrong.remove(&name)
    {
        let mut letters: Vec<_> = name.chars().collect();
        letters.swap(1, 2);
        wrong.insert(letters.into_iter().collect(), value);
    }
    wrong
}

/// The content of a body with this schema.
pub(crate) fn content(schema: impl Into<RefOr<Schema>>, example: Value) -> Content {
    ContentBuilder::new()
        .schema(Some(schema))
        .example(Some(example))
        .build()
}

/// The response 304.
pub(super) fn not_modified() -> Response {
    let response =
        ResponseBuilder::new().description("Not modified: `If-None-Match` contains its `ETag`.");
    with_headers(response, &["ETag"]).build()
}
