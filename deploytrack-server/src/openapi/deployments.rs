//! The operations of deployments and of everything that is read from them.

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
    operation::OperationDraft,
    parameters::{a_time, an_id, cursor, filters, flag, many, one, order, page, required},
};

pub(super) const GROUP: &str = "deployments";

/// The header of a page.
pub(super) const LINK: &[&str] = &["Link"];

pub(super) fn list() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "listDeployments",
        "List deployments",
        "Returns a page of deployments, newest first by the time that `order` names. A deployment must match all filters; `total` \
         counts the matches. A `skip` of more than 10,000 that is still within the list is 400: use `cursor` for these pages.",
    )
    .parameters(filters())
    .parameters(page())
    .parameters([cursor(), order()])
    .returns_with("The page.", Ref::from_schema_name("DeploymentPage"), LINK)
}

pub(super) fn record() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "recordDeployment",
        "Record a deployment",
        "Unknown names are registered, unless the server's `registration` is `strict` (404). A name that looks like a typing error for an \
         existing one is 409 `near_miss`. If the server's `name-guard` is `warn`, it is registered, and the header `Resembles` \
         contains the existing one, such as `environment=production`. An archived component or environment is taken out of the \
         archive, and the header `Unarchived` names it. If it was archived after the deployment happened, it stays archived, and the \
         header `Archived` names it.",
    )
    .parameters([flag("register", "Register unknown names even if they resemble existing ones.")])
    .body::<NewDeployment>(
        true,
        json!({"component": "user-service", "environment": "staging", "version": "v2.3.1", "commitSha": "ed52224", "deployedBy": "ci-bot"}),
    )
    .creates::<Deployment>("The deployment.")
    .refusals(&[StatusCode::NOT_FOUND])
}

pub(super) fn show() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "showDeployment",
        "Read a deployment",
        "Returns one deployment.",
    )
    .returns("The deployment.", of::<Deployment>())
}

pub(super) fn update() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "updateDeployment",
        "Update a deployment",
        "Changes the status, or the description and the metadata. The legal transitions: from `pending` to `in_progress` or `failed`, \
         from `in_progress` to `succeeded` or `failed`, from `succeeded` to `rolled_back`, from `failed` and `rolled_back` to \
         `pending` (a retry, the next attempt). Of several simultaneous updates one succeeds; the responses to the others contain \
         the status that it set.",
    )
    .body::<Change>(true, json!({"status": "in_progress"}))
    .updates::<Deployment>("The changed deployment.")
}

pub(super) fn history() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "showHistory",
        "Read a deployment's history",
        "Returns all transitions and undeployments of the deployment, in the order of recording. Each row has a hash that depends on \
         the row before it.",
    )
    .returns("The history.", list_of::<HistoryEntry>())
}

pub(super) fn undeploy() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "undeploy",
        "Record an undeployment",
        "Records that the component left the environment in which this deployment is current (otherwise 409 `not_current`). The cell \
         is empty from then on; the status does not change. The body may be omitted.",
    )
    .body::<Undeploy>(false, json!({"reason": "moved"}))
    .updates::<Deployment>("The deployment, which is no longer current.")
}

pub(super) fn matrix() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "showMatrix",
        "Read the matrix",
        "Returns a row for each component, in the order of their names, with a cell for each environment in which a deployment of it \
         is current. A cell shows the deployment that succeeded most recently (`succeededAt`) and has not been rolled back. An \
         undeployment empties the cell.",
    )
    .parameters(cells().into_iter().chain([a_time("at", "The matrix at this time instead of now.")]))
    .returns("The matrix.", list_of::<Row>())
}

/// The filters of the matrix and of the unsettled deployments.
fn cells() -> [Parameter; 6] {
    [
        many::<Name>("component", "Only the components with these names."),
        many::<Name>("environment", "Only the environments with these names."),
        one::<Label>("owner", "Only components of this owner."),
        one::<Label>("kind", "Only components of this kind."),
        one::<Label>("lifecycle", "Only components in this lifecycle."),
        flag(
            "includeArchived",
            "Include archived components and environments.",
        ),
    ]
}

pub(super) fn unsettled() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "listUnsettled",
        "Read the unsettled deployments",
        "Returns the newest deployment of each cell by `occurredAt`, if it is `pending`, `in_progress` or `failed`, and newer than the \
         current deployment and the last undeployment of the cell. The order is the one of the matrix: by the name of the \
         component, then by the order of the environments.",
    )
    .parameters(cells())
    .returns("The unsettled deployments.", list_of::<Deployment>())
}

pub(super) fn latest() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "listLatest",
        "Read the current deployments of a component",
        "Returns one deployment for each environment in which a deployment of the component is current, in the order of the environments.",
    )
    .parameters([required(an_id("componentId", "The component.")), a_time("at", "The current deployments at this time instead of now.")])
    .returns("The current deployments.", list_of::<Deployment>())
    .refusals(&[StatusCode::NOT_FOUND])
}

pub(super) fn import() -> OperationDraft {
    let description = format!(
        "Newline-delimited JSON: one `ImportLine` per line, at most {IMPORT_LINES} lines and {} MiB. Empty lines are skipped. A single line \
         or an array of lines may be sent as JSON.",
        IMPORT_BYTES / 1024 / 1024
    );
    let example = json!({"component": "user-service", "environment": "staging", "version": "v2.3.0", "status": "succeeded", "occurredAt": "2026-08-01T12:00:00Z"});
    let one_or_more = OneOfBuilder::new()
        .item(of::<ImportLine>())
        .item(list_of::<ImportLine>());
    let single = ContentBuilder::new()
        .schema(Some(one_or_more))
        .example(Some(example))
        .build();
    let body = RequestBodyBuilder::new()
        .description(Some(description))
        .required(Some(Required::True));
    OperationDraft::new(
        GROUP,
        "importDeployments",
        "Record many deployments",
        "Records all lines or none. A refusal lists the wrong lines in `errors`; an unknown id is a fault of its line (400). A line that \
         was imported before (same component, environment, version, status, `occurredAt` and `commitSha`) is skipped. A deployment \
         that exists with a shorter history gets the rest. A line with the event `undeployed` undeploys the deployment that was \
         current at its time, and may come before or after the deployments. Lines with `component` or `environment` register names.",
    )
    .any_body(body.content(NDJSON, lines()).content("application/json", single).build())
    .response(
        StatusCode::OK,
        "The numbers of recorded and of skipped lines.",
        Some(("application/json", ContentBuilder::new().schema(Some(of::<ImportCounts>())).build())),
        &["Idempotency-Replayed"],
    )
}

pub(super) fn export() -> OperationDraft {
    OperationDraft::new(
        GROUP,
        "exportDeployments",
        "Export deployments",
        "Returns newline-delimited JSON that an import accepts: one `ImportLine` per line, oldest first, each deployment with its \
         history. Without a filter, lines for the names that have details come first. A response that breaks off is incomplete.",
    )
    .parameters(filters())
    .response(StatusCode::OK, "The deployments.", Some((NDJSON, lines())), &[])
}

const NDJSON: &str = "application/x-ndjson";

fn lines() -> Content {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("One `ImportLine` per line."));
    ContentBuilder::new().schema(Some(text)).build()
}
