//! Deployments, and what is read from them.

use deploytrack_core::{
    api::{IMPORT_BYTES, IMPORT_LINES, ImportCounts, ImportLine},
    deployment::{Change, Deployment, NewDeployment, Undeploy},
    history::HistoryEntry,
    matrix::Row,
    openapi::{list_of, of},
    text::{Label, Name},
};
use http::StatusCode;
use serde_json::json;
use utoipa::openapi::{
    Content, ContentBuilder, Ref, Required,
    path::Parameter,
    request_body::RequestBodyBuilder,
    schema::{ObjectBuilder, OneOfBuilder, Type},
};

use super::{
    described::Described,
    parameters::{a_time, an_id, cursor, filters, flag, many, one, order, page, required},
};

pub(super) const GROUP: &str = "deployments";

/// The header of a page.
pub(super) const LINK: &[&str] = &["Link"];

pub(super) fn list() -> Described {
    Described::new(
        GROUP,
        "listDeployments",
        "List deployments",
        "A page of deployments, the newest first by the time that `order` names. Every filter that is given must match; `total` counts what matches. \
         A `skip` of more than 10,000 that does not lead beyond the end is 400: further pages are reached by `cursor`.",
    )
    .taking(filters())
    .taking(page())
    .taking([cursor(), order()])
    .showing_with("A page.", Ref::from_schema_name("DeploymentPage"), LINK)
}

pub(super) fn record() -> Described {
    Described::new(
        GROUP,
        "recordDeployment",
        "Record a deployment",
        "Names are registered on the way, unless the server's `registration` is `strict` (404) or they look like typing errors for known ones: 409 `near_miss`; where its `name-guard` is `warn`, \
         they are registered and the header `Resembles` names the known ones, such as `environment=production`. An archived component or environment is \
         taken out of the archive, and the header `Unarchived` names it; one that was archived after the deployment happened \
         stays archived, and the header `Archived` names it.",
    )
    .taking([flag("register", "Register unknown names even where they resemble known ones.")])
    .body::<NewDeployment>(
        true,
        json!({"component": "user-service", "environment": "staging", "version": "v2.3.1", "commitSha": "ed52224", "deployedBy": "ci-bot"}),
    )
    .once()
    .timed()
    .making::<Deployment>("The deployment.")
    .refusing(&[StatusCode::NOT_FOUND])
}

pub(super) fn show() -> Described {
    Described::new(GROUP, "showDeployment", "Read a deployment", "One deployment.").showing("The deployment.", of::<Deployment>())
}

pub(super) fn update() -> Described {
    Described::new(
        GROUP,
        "updateDeployment",
        "Move a deployment on",
        "Moves it to another status, or changes what is said about it. From `pending` it may move to `in_progress` or `failed`, from \
         `in_progress` to `succeeded` or `failed`, from `succeeded` to `rolled_back`, from `failed` and `rolled_back` to `pending` (a \
         retry, the next attempt). Of several updates at once one wins; the others are told the status they lost to.",
    )
    .body::<Change>(true, json!({"status": "in_progress"}))
    .once()
    .timed()
    .changing::<Deployment>("The deployment as it is now.")
}

pub(super) fn history() -> Described {
    Described::new(
        GROUP,
        "showHistory",
        "Read a deployment's history",
        "Every change of its status and every removal, in the order of recording, each with the hash that chains it to the one before.",
    )
    .showing("The history.", list_of::<HistoryEntry>())
}

pub(super) fn undeploy() -> Described {
    Described::new(
        GROUP,
        "undeploy",
        "Record a removal",
        "The component left the environment where this deployment is current; otherwise 409 `not_current`. The cell is empty from then \
         on; the status stays as it is. The body may be left out.",
    )
    .body::<Undeploy>(false, json!({"reason": "moved"}))
    .once()
    .timed()
    .changing::<Deployment>("The deployment, which is not current any more.")
}

pub(super) fn matrix() -> Described {
    Described::new(
        GROUP,
        "showMatrix",
        "Read the matrix",
        "What is current: a row for each component in the order of names, with a cell for each environment where something of it is \
         current. Current is the deployment whose latest success is newest by the time it happened and which still stands.",
    )
    .taking(cells().into_iter().chain([a_time("at", "What was current at this moment.")]))
    .showing("The matrix.", list_of::<Row>())
}

/// What matrix and attempts filter by.
fn cells() -> [Parameter; 6] {
    [
        many::<Name>("component", "The components with these names."),
        many::<Name>("environment", "The environments with these names."),
        one::<Label>("owner", "Components of this owner."),
        one::<Label>("kind", "Components of this kind."),
        one::<Label>("lifecycle", "Components in this lifecycle."),
        flag("includeArchived", "Show what is archived too."),
    ]
}

pub(super) fn unsettled() -> Described {
    Described::new(
        GROUP,
        "listUnsettled",
        "Read what is under way or failed",
        "Beside the matrix: for each cell its newest deployment by `occurredAt`, when that is `pending`, `in_progress` or `failed`, and \
         newer than what is current and than the last removal. In the order of the \
         matrix: by the name of the component, then in the order of the environments.",
    )
    .taking(cells())
    .showing("The attempts.", list_of::<Deployment>())
}

pub(super) fn latest() -> Described {
    Described::new(
        GROUP,
        "listLatest",
        "Read what is current of a component",
        "One deployment for each environment where something of the component is current, in the order of the environments.",
    )
    .taking([required(an_id("componentId", "The component.")), a_time("at", "What was current at this moment.")])
    .showing("The current deployments.", list_of::<Deployment>())
    .refusing(&[StatusCode::NOT_FOUND])
}

pub(super) fn import() -> Described {
    let description = format!(
        "Newline-delimited JSON: one `ImportLine` per line, at most {IMPORT_LINES} lines and {} MiB. Empty lines say nothing. A single line \
         or an array of lines may be sent as JSON.",
        IMPORT_BYTES / 1024 / 1024
    );
    let example = json!({"component": "user-service", "environment": "staging", "version": "v2.3.0", "status": "succeeded", "occurredAt": "2026-08-01T12:00:00Z"});
    let one_or_more = OneOfBuilder::new().item(of::<ImportLine>()).item(list_of::<ImportLine>());
    let single = ContentBuilder::new().schema(Some(one_or_more)).example(Some(example)).build();
    let body = RequestBodyBuilder::new().description(Some(description)).required(Some(Required::True));
    Described::new(
        GROUP,
        "importDeployments",
        "Record many deployments",
        "Records every line or none; a refusal names the lines in `errors`, also those with an id that nothing has (400). A line that was \
         imported before (same component, environment, version, status, `occurredAt` and `commitSha`) is skipped, and a deployment that is known with \
         a shorter history gets the rest. A line with the event `undeployed` is a removal of what was current at its time, before or after \
         the deployments; those with `component` or `environment` register names.",
    )
    .any_body(body.content(NDJSON, lines()).content("application/json", single).build())
    .once()
    .timed()
    .answering(
        StatusCode::OK,
        "How many lines were recorded, and how many skipped.",
        Some(("application/json", ContentBuilder::new().schema(Some(of::<ImportCounts>())).build())),
        &["Idempotency-Replayed"],
    )
}

pub(super) fn export() -> Described {
    Described::new(
        GROUP,
        "exportDeployments",
        "Read deployments as an import takes them",
        "Newline-delimited JSON, one `ImportLine` per line, the oldest first, each deployment with its history. Without a filter, lines \
         for names with more to them come before. An answer that breaks off is not complete.",
    )
    .taking(filters())
    .answering(StatusCode::OK, "The deployments.", Some((NDJSON, lines())), &[])
}

const NDJSON: &str = "application/x-ndjson";

fn lines() -> Content {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some("One `ImportLine` per line."));
    ContentBuilder::new().schema(Some(text)).build()
}
