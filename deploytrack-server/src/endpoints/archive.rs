//! The endpoints that archive many components or environments at once.

use deploytrack_core::{
    archive::{ArchiveOutcome, ArchiveSelection, MOST_ARCHIVED},
    catalog::CatalogKind,
    openapi::of,
};
use http::StatusCode;
use serde_json::json;
use utoipa::openapi::ContentBuilder;

use crate::{
    openapi::{OperationDraft, group},
    request::Call,
    response::{HandlerResult, done},
};

pub(crate) fn doc(kind: CatalogKind) -> OperationDraft {
    let outcome = ContentBuilder::new()
        .schema(Some(of::<ArchiveOutcome>()))
        .build();
    let (group, id, summary) = match kind {
        CatalogKind::Component => (group::COMPONENTS, "archiveComponents", "Archive components"),
        CatalogKind::Environment => (
            group::ENVIRONMENTS,
            "archiveEnvironments",
            "Archive environments",
        ),
    };
    let description = format!(
        "Archives the {group} whose names match a pattern, or takes them out of the archive: at most {MOST_ARCHIVED}, in the order of \
         their names. If `remaining` is not 0, repeat the request for the next ones. The matrix hides archived {group}, and a \
         deployment that happens later takes them out of the archive."
    );
    OperationDraft::new(group, id, summary, &description)
        .body::<ArchiveSelection>(
            true,
            json!({"name": "review/*", "idleSince": "2026-11-16T00:00:00Z"}),
        )
        .response(
            StatusCode::OK,
            "The names that were archived or taken out of the archive.",
            Some(("application/json", outcome)),
            &["Idempotency-Replayed"],
        )
}

/// Archives all components or environments whose names match a pattern, or takes them out of the
/// archive.
pub(crate) async fn handle(call: Call, kind: CatalogKind) -> HandlerResult {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), selection, terms) = call.read(query).await?;
    done(&tracker.archive(kind, selection, terms).await?)
}
