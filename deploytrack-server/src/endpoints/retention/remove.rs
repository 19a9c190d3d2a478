//! `POST /api/v1/retention`: removes what a preview has listed.

use deploytrack_core::{
    error::Error,
    openapi::of,
    retention::{RemovalOutcome, RemovalRequest},
};
use http::StatusCode;

use crate::{
    openapi::{JSON, OperationDraft, content, examples, group},
    request::Call,
    response::{HandlerResult, untagged},
};

pub(crate) fn doc() -> OperationDraft {
    let outcome = content(of::<RemovalOutcome>(), examples::removal_outcome());
    OperationDraft::new(
        &group::SERVER,
        "removeDeployments",
        "Remove old deployments",
        "Removes the deployments that `previewRemoval` has listed, with their histories. The body repeats `before`, `keepLast` and \
         `tag` of the preview; if other deployments would be removed now, nothing is removed, and the answer is 409 \
         `preview_changed`. The answer comes when all are removed. The removal is done in batches, and continues if the client \
         disconnects. If the server stops meanwhile, whole batches are removed. Every past moment still shows what was current then. A \
         removed deployment is 410 `removed`.",
    )
    .body::<RemovalRequest>(true, examples::removal_request())
    .response(
        StatusCode::OK,
        "The deployments were removed.",
        Some((JSON, outcome)),
        &[],
    )
    .refuses([Error::PreviewChanged, Error::Removing])
}

/// Removes what a preview has listed.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let tracker = call.tracker().clone();
    let query = call.query().finish(Some(()));
    let ((), request, terms): (_, RemovalRequest, _) = call.read(query).await?;
    let outcome = tracker.remove(request, terms.author()).await?;
    untagged(StatusCode::OK, &outcome)
}
