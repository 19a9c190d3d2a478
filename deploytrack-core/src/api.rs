//! The HTTP API: paths, headers and bodies that the server and the client share.

mod import;
mod tokens;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub use self::import::{IMPORT_ENTRIES, ImportLine, PastDeployment, PastEntry, Registration};

use crate::{
    archive::ArchiveSelection,
    catalog::{ComponentChange, EnvironmentChange, NewComponent, NewEnvironment, Reference},
    clock,
    deployment::{Change, Metadata, NewDeployment, Undeploy},
    fault::{Fault, Faults},
    json::{Fields, parse_id},
    retention::{RemovalRequest, Rule},
    status::Status,
    text::{Invalid, Name, ViewQuery},
    wall::{MOST_OF_NAME, NewWall},
};

/// The start of every path of the API.
#[cfg(feature = "client")]
pub(crate) const BASE: &str = "/api/v1";
/// Deployments. One deployment is at `/:id`, its history at `/:id/history`; `POST /:id/undeploy`
/// undeploys it.
pub const DEPLOYMENTS: &str = "/api/v1/deployments";
/// The matrix.
pub const MATRIX: &str = "/api/v1/deployments/matrix";
/// The unsettled deployments: newer than the current one of their cell, and pending, in progress or
/// failed.
pub const UNSETTLED: &str = "/api/v1/deployments/unsettled";
/// Deployments counted by day.
pub const DAILY: &str = "/api/v1/deployments/daily";
/// The current deployments of one component.
pub const LATEST: &str = "/api/v1/deployments/latest";
/// The most values of a parameter that may be repeated.
pub const MOST_VALUES: usize = 100;
/// The ids of deployments that begin with given prefixes.
pub const IDS: &str = "/api/v1/deployments/ids";
/// Imports many deployments in one request.
pub const IMPORT: &str = "/api/v1/deployments/import";
/// Streams deployments in the format of [`IMPORT`].
pub const EXPORT: &str = "/api/v1/deployments/export";
/// Previews the removal of old deployments, and removes them.
pub const RETENTION: &str = "/api/v1/retention";
/// Compares all derived data with the history.
pub const VERIFY: &str = "/api/v1/verify";
/// The audit: who changed what apart from deployments.
pub const AUDIT: &str = "/api/v1/audit";
/// Streams events, as server-sent events.
pub const EVENTS: &str = "/api/v1/events";
/// The session of the pages: logging in, who is logged in, logging out.
pub const SESSION: &str = "/api/v1/session";
/// Issues a code that a browser exchanges for a session.
pub const SESSION_CODE: &str = "/api/v1/session/code";
/// The exchange of an identity token for a token of the server.
pub const TOKEN: &str = "/api/v1/token";
/// The explanation how the rules judge an identity token.
pub const OIDC_EXPLAIN: &str = "/api/v1/oidc/explain";
/// The pins.
pub const PINS: &str = "/api/v1/oidc/pins";
/// The walls: links that show one view of the matrix. One wall is at `/:id`.
pub const WALLS: &str = "/api/v1/walls";
/// The tokens of the server. One token is at `/:id`; `POST /:id/rotate` gives it a new secret.
pub const TOKENS: &str = "/api/v1/tokens";
/// The revocations of JSON Web Tokens. One revocation is at `/:id`.
pub const REVOCATIONS: &str = "/api/v1/revocations";
/// The OpenAPI document of this API.
pub const OPENAPI: &str = "/api/v1/openapi.json";
/// Components. One component is at `/:id`.
pub const COMPONENTS: &str = "/api/v1/components";
/// Environments. One environment is at `/:id`.
pub const ENVIRONMENTS: &str = "/api/v1/environments";
/// Archives components by a name pattern.
pub const ARCHIVE_COMPONENTS: &str = "/api/v1/components/archive";
/// Archives environments by a name pattern.
pub const ARCHIVE_ENVIRONMENTS: &str = "/api/v1/environments/archive";
/// The order of the environments.
pub const ENVIRONMENT_ORDER: &str = "/api/v1/environments/order";

/// The request header with the idempotency key: a POST or PATCH is executed once per key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The request header with the sender's clock at the time of sending. The server converts times in
/// the body from that clock, see [`crate::arrival`].
pub const SENT_AT: &str = "sent-at";
/// The response header of a stored response to an earlier request with the same idempotency key.
pub const IDEMPOTENCY_REPLAYED: &str = "idempotency-replayed";
/// The response header with the known names that are similar to a new name, in the form of a query:
/// `environment=production`.
pub const RESEMBLES: &str = "resembles";
/// The response header with the components and environments that a deployment unarchived, in the
/// same form. It lists only the first ones; `more` is the number of the others.
pub const UNARCHIVED: &str = "unarchived";
/// The response header with the components and environments that are still archived, in the same
/// form. The matrix hides the deployment.
pub const ARCHIVED: &str = "archived";

/// The request header with the number of the last event that a reader has received.
pub const LAST_EVENT_ID: &str = "last-event-id";
/// The code of the problem when a reader of events resumes in a database that was replaced.
pub const STORE_REPLACED: &str = "store_replaced";

/// The code of the problem when retention removed the deployment.
pub const REMOVED: &str = "removed";

/// The problem code for a token that was revoked, has expired, or has got another secret.
pub const TOKEN_ENDED: &str = "token_ended";

/// The problem code for a token whose lifetime is longer than the server accepts.
pub const TOKEN_LIFETIME: &str = "token_lifetime";

/// The most lines of one import request.
pub const IMPORT_LINES: usize = 1000;
/// The most bytes of one import request: 8 MiB.
pub const IMPORT_BYTES: usize = 8 * 1024 * 1024;

/// The result of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Imported))]
pub struct ImportCounts {
    /// The number of lines that were recorded.
    pub recorded: u64,
    /// The number of lines that were recorded before.
    pub skipped: u64,
}

impl ImportCounts {
    /// Counts a line.
    pub fn count(&mut self, is_new: bool) {
        self.recorded += u64::from(is_new);
        self.skipped += u64::from(!is_new);
    }
}

impl ImportCounts {
    /// Counts a line as recorded that was counted as skipped.
    #[cfg(feature = "store")]
    pub(crate) fn renew(&mut self) {
        self.recorded += 1;
        self.skipped = self.skipped.saturating_sub(1);
    }
}

impl std::ops::AddAssign for ImportCounts {
    fn add_assign(&mut self, more: Self) {
        self.recorded += more.recorded;
        self.skipped += more.skipped;
    }
}

/// The answer of `GET /healthz`: the process runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Liveness {
    /// Always `ok`.
    pub status: String,
    /// The version of the server.
    pub version: String,
}

/// The answer of `GET /readyz`: the database can be read and written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Always `ready`.
    pub status: String,
    /// The id of the database. It changes when a backup is restored.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub store_id: Uuid,
}

/// The body of an error response (RFC 9457).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A URI for the kind of problem.
    pub r#type: String,
    /// A short text for the kind of problem.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The cause in this case, and the remedy.
    pub detail: String,
    /// The path of the request.
    pub instance: String,
    /// A stable code for the kind of problem, in snake case.
    pub code: String,
    /// The id of the request in the server's log.
    pub request_id: String,
    /// All faults of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// The current status of the deployment, after an illegal transition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub current_status: Option<Status>,
    /// The legal transitions from that status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub allowed_transitions: Option<Vec<Status>>,
    /// The id of the record that another request with the same idempotency key created or changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub recorded_id: Option<uuid::Uuid>,
    /// The code of RFC 6749, section 5.2, of a refused exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub error: Option<String>,
    /// The same text as `detail`, of a refused exchange.
    #[serde(
        default,
        rename = "error_description",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub error_description: Option<String>,
    /// The number of seconds to wait before a retry, from the `Retry-After` header.
    #[serde(skip)]
    pub retry_after: Option<u64>,
    /// Known names that are similar to the one in the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub did_you_mean: Vec<Name>,
    /// The kind of record that `name` refers to: `component`, `environment` or `deployment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub kind: Option<String>,
    /// The name or id that is unknown, taken or in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub name: Option<String>,
}

/// Removes the entries that are `null`.
fn given(body: Value) -> Value {
    match body {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(_, value)| !value.is_null())
                .collect(),
        ),
        other => other,
    }
}

/// A type that is read from a JSON body. All faults of the body are reported together.
pub trait FromBody: Sized {
    /// Reads the body.
    ///
    /// # Errors
    /// All faults of the body.
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>>;
}

impl FromBody for NewDeployment {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let component = reference(&mut fields, "componentId", "component");
        let environment = reference(&mut fields, "environmentId", "environment");
        let version = fields.required("version");
        let deployed_by = fields.text("deployedBy");
        let commit_sha = fields.text("commitSha");
        let description = fields.text("description");
        let metadata = metadata(&mut fields).unwrap_or_default();
        let status = fields.text("status").unwrap_or(Status::Pending);
        let occurred_at = fields.time("occurredAt");
        let built =
            component
                .zip(environment)
                .zip(version)
                .map(|((component, environment), version)| Self {
                    component,
                    environment,
                    version,
                    deployed_by,
                    commit_sha,
                    description,
                    metadata,
                    status,
                    occurred_at,
                    register: false,
                });
        fields.finish(built)
    }
}

impl FromBody for Undeploy {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let undeploy = undeploy(&mut fields);
        fields.finish(Some(undeploy))
    }
}

fn undeploy(fields: &mut Fields) -> Undeploy {
    Undeploy {
        occurred_at: fields.time("occurredAt"),
        reason: fields.text("reason"),
    }
}

impl Undeploy {
    /// The body, as [`FromBody`] reads it.
    #[must_use]
    pub fn to_body(&self) -> Value {
        given(
            json!({"occurredAt": self.occurred_at.as_ref().map(clock::format_exact), "reason": self.reason}),
        )
    }
}

impl NewDeployment {
    /// The body, as [`FromBody`] reads it.
    #[must_use]
    pub fn to_body(&self) -> Value {
        // Without `..`: a new field must be sent too. `register` is part of the query.
        let Self {
            component,
            environment,
            version,
            deployed_by,
            commit_sha,
            description,
            metadata,
            status,
            occurred_at,
            register: _,
        } = self;
        let (component_id, component) = named(component);
        let (environment_id, environment) = named(environment);
        given(json!({
            "componentId": component_id,
            "component": component,
            "environmentId": environment_id,
            "environment": environment,
            "version": version,
            "deployedBy": deployed_by,
            "commitSha": commit_sha,
            "description": description,
            "metadata": (!metadata.is_empty()).then_some(metadata),
            "status": (*status != Status::Pending).then_some(status),
            "occurredAt": occurred_at.as_ref().map(clock::format_exact),
        }))
    }
}

/// Splits a reference into the values of its two fields: the id and the name.
fn named(reference: &Reference) -> (Option<uuid::Uuid>, Option<&Name>) {
    match reference {
        Reference::Id(id) => (Some(*id), None),
        Reference::Name(name) => (None, Some(name)),
    }
}

fn reference(fields: &mut Fields, id: &'static str, name: &'static str) -> Option<Reference> {
    match (fields.has(id), fields.has(name)) {
        (true, true) => {
            fields.value(id);
            fields.value(name);
            fields.wrong(
                id,
                format!("and {name} name the same thing; give one of them"),
            )
        }
        (false, false) => {
            fields.value(id);
            fields.value(name);
            fields.wrong(id, format!("is required (or {name}, its name)"))
        }
        (true, false) => {
            let id = fields.id(id).map(Reference::Id);
            fields.value(name);
            id
        }
        (false, true) => {
            fields.value(id);
            fields.text(name).map(Reference::Name)
        }
    }
}

fn metadata(fields: &mut Fields) -> Option<Metadata> {
    match fields.value("metadata")? {
        Value::Object(map) => {
            Metadata::new(map).map_or_else(|Invalid(why)| fields.wrong("metadata", why), Some)
        }
        _ => fields.wrong("metadata", "must be an object"),
    }
}

impl FromBody for Change {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let status: Option<Status> = fields.text("status");
        for name in ["occurredAt", "finishedAt", "reason"] {
            if fields.has(name) && status.is_none() {
                fields.wrong::<()>(name, "is only for a transition; give status too");
            }
        }
        if fields.has("occurredAt") && fields.has("finishedAt") {
            fields.wrong::<()>(
                "finishedAt",
                "and occurredAt have the same meaning; give one of them",
            );
        } else if fields.has("finishedAt") && status.is_some_and(|status| !status.is_outcome()) {
            fields.wrong::<()>("finishedAt", "is for succeeded and failed; use occurredAt");
        }
        let occurred_at = fields.time("occurredAt");
        let finished_at = fields.time("finishedAt");
        let change = Self {
            status,
            occurred_at: occurred_at.or(finished_at),
            reason: fields.text("reason"),
            description: fields.clearable("description"),
            metadata: metadata(&mut fields),
        };
        let empty = change == Self::default();
        let change = fields.finish(Some(change))?;
        if empty {
            return Err(vec![Fault::at(
                "",
                "there is nothing to change; give status, metadata or description",
            )]);
        }
        Ok(change)
    }
}

impl Change {
    /// The body, as [`FromBody`] reads it.
    #[must_use]
    pub fn to_body(&self) -> Value {
        let mut body = given(json!({
            "status": self.status,
            "occurredAt": self.occurred_at.as_ref().map(clock::format_exact),
            "reason": self.reason,
            "metadata": self.metadata,
        }));
        if let Some(description) = &self.description {
            body["description"] = json!(description);
        }
        body
    }
}

impl FromBody for NewComponent {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let name: Option<Name> = fields.required("name");
        let details = component_details(&mut fields);
        fields.finish(name.map(|name| Self { name, details }))
    }
}

impl FromBody for NewWall {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let name: Option<Name> = fields.required("name");
        let is_long = |name: &Name| name.as_str().chars().count() > MOST_OF_NAME;
        if name.as_ref().is_some_and(is_long) {
            fields.wrong::<()>(
                "name",
                format!("must be at most {MOST_OF_NAME} characters long"),
            );
        }
        let view: ViewQuery = fields.text("view").unwrap_or_default();
        fields.finish(name.map(|name| Self { name, view }))
    }
}

impl NewWall {
    /// The body, as [`FromBody`] reads it.
    #[must_use]
    pub fn to_body(&self) -> Value {
        json!({ "name": self.name, "view": self.view })
    }
}

impl FromBody for ComponentChange {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let change = Self {
            name: fields.text("name"),
            ..component_details(&mut fields)
        };
        unless_empty(fields, change, &Self::default())
    }
}

impl FromBody for ArchiveSelection {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let name = fields.required("name");
        let idle_since = fields.time("idleSince");
        let (undo, dry_run) = (
            fields.flag("undo").unwrap_or(false),
            fields.flag("dryRun").unwrap_or(false),
        );
        fields.finish(name.map(|name| Self {
            name,
            idle_since,
            undo,
            dry_run,
        }))
    }
}

impl ArchiveSelection {
    /// The body, as [`FromBody`] reads it.
    #[must_use]
    pub fn to_body(&self) -> Value {
        given(json!({
            "name": self.name.as_str(),
            "idleSince": self.idle_since.as_ref().map(clock::format_exact),
            "undo": self.undo,
            "dryRun": self.dry_run,
        }))
    }
}

impl FromBody for RemovalRequest {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        for name in ["before", "keepLast"] {
            if !fields.has(name) {
                fields.wrong::<()>(name, "is required, as a preview returns it");
            }
        }
        let (before, keep_last) = (fields.time("before"), fields.count("keepLast"));
        let tag = fields.required("tag");
        let request = before.zip(keep_last).zip(tag);
        fields.finish(request.map(|((before, keep_last), tag)| Self {
            rule: Rule {
                before,
                keep_last: keep_last.unsigned_abs(),
            },
            tag,
        }))
    }
}

impl RemovalRequest {
    /// The body, as [`FromBody`] reads it.
    #[must_use]
    pub fn to_body(&self) -> Value {
        json!({
            "before": clock::format_exact(&self.rule.before),
            "keepLast": self.rule.keep_last,
            "tag": self.tag,
        })
    }
}

fn component_details(fields: &mut Fields) -> ComponentChange {
    ComponentChange {
        name: None,
        description: fields.clearable("description"),
        owner: fields.clearable("owner"),
        kind: fields.clearable("kind"),
        lifecycle: fields.clearable("lifecycle"),
        archived: fields.flag("archived"),
    }
}

impl FromBody for NewEnvironment {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let name: Option<Name> = fields.required("name");
        let details = environment_details(&mut fields);
        fields.finish(name.map(|name| Self { name, details }))
    }
}

impl FromBody for EnvironmentChange {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let change = Self {
            name: fields.text("name"),
            ..environment_details(&mut fields)
        };
        unless_empty(fields, change, &Self::default())
    }
}

fn environment_details(fields: &mut Fields) -> EnvironmentChange {
    EnvironmentChange {
        name: None,
        description: fields.clearable("description"),
        r#type: fields.text("type"),
        order: fields.position("order"),
        archived: fields.flag("archived"),
    }
}

fn unless_empty<T: PartialEq>(fields: Fields, change: T, empty: &T) -> Result<T, Vec<Fault>> {
    let nothing = change == *empty;
    let change = fields.finish(Some(change))?;
    if nothing {
        Err(vec![Fault::at("", "there is nothing to change")])
    } else {
        Ok(change)
    }
}

/// The body of a request that sets the order of the environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvironmentOrder {
    /// The ids of all environments, in their new order.
    Ids(Vec<Uuid>),
    /// The names of all environments, in their new order.
    Names(Vec<Name>),
}

impl<T: AsRef<[Uuid]>> From<T> for EnvironmentOrder {
    fn from(ids: T) -> Self {
        Self::Ids(ids.as_ref().to_vec())
    }
}

impl EnvironmentOrder {
    /// The body of the request.
    #[must_use]
    pub fn to_body(&self) -> Value {
        match self {
            Self::Ids(ids) => json!({ "ids": ids }),
            Self::Names(names) => json!({ "names": names }),
        }
    }
}

impl FromBody for EnvironmentOrder {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let mut faults = Faults::default();
        let order = match (fields.value("ids"), fields.value("names")) {
            (Some(ids), None) => Some(Self::Ids(items("ids", &ids, parse_id, &mut faults))),
            (None, Some(names)) => {
                let names = items("names", &names, str::parse::<Name>, &mut faults);
                Some(Self::Names(names))
            }
            (Some(_), Some(_)) => {
                fields.wrong("ids", "and names name the same things; give one of them")
            }
            (None, None) => fields.wrong("ids", "is required (or names, their names)"),
        };
        match fields.finish(order) {
            Ok(order) if faults.is_empty() => Ok(order),
            Ok(_) => Err(faults.into()),
            Err(others) => Err(Vec::from(faults).into_iter().chain(others).collect()),
        }
    }
}

/// The items of an array of texts, as far as they are valid.
fn items<T, E: fmt::Display>(
    field: &str,
    value: &Value,
    read: impl Fn(&str) -> Result<T, E>,
    faults: &mut Faults,
) -> Vec<T> {
    let Some(items) = value.as_array() else {
        faults.add(|| Fault::at(format!("/{field}"), "must be an array"));
        return Vec::new();
    };
    let mut valid = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let item = item.as_str().ok_or_else(|| "must be a string".to_owned());
        match item.and_then(|text| read(text).map_err(|why| why.to_string())) {
            Ok(item) => valid.push(item),
            Err(why) => faults.add(|| Fault::at(format!("/{field}/{at}"), why)),
        }
    }
    valid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_order_reports_every_fault() {
        let read =
            |body: &str| crate::json::object(body.as_bytes()).and_then(EnvironmentOrder::from_body);
        let id = "0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f";
        assert_eq!(
            read(&format!(r#"{{"ids": ["{id}"]}}"#)).unwrap(),
            EnvironmentOrder::Ids(vec![id.parse().unwrap()])
        );
        assert_eq!(
            read(r#"{"names": ["staging"]}"#).unwrap(),
            EnvironmentOrder::Names(vec![Name::new("staging").unwrap()])
        );
        let faults = |body: &str| {
            read(body)
                .unwrap_err()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(faults("{}"), ["/ids is required (or names, their names)"]);
        assert_eq!(faults(r#"{"ids": "x"}"#), ["/ids must be an array"]);
        assert_eq!(
            faults(r#"{"ids": [], "names": [""]}"#),
            ["/ids and names name the same things; give one of them"]
        );
        assert_eq!(
            faults(r#"{"ids": [1, "x"], "id": 1}"#),
            [
                "/ids/0 must be a string",
                "/ids/1 must be a UUID such as 0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f",
                "/id is not a known field; known are ids, names",
            ]
        );
    }
}
