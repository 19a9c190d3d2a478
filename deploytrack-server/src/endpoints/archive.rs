//! The endpoints that archive many components or environments at once.

use deploytrack_core::{
    archive::{ArchiveOutcome, ArchiveSelection, MOST_ARCHIVED},
    catalog::CatalogKind,
    openapi::of,
};
use http::StatusCode;
use serde_json::json;

use crate::{
    openapi::{JSON, OperationDraft, content, examples, group},
    request::Call,
    request_log::short,
    response::{HandlerResult, done},
};

pub(crate) fn doc(kind: CatalogKind) -> OperationDraft {
    let outcome = content(of::<ArchiveOutcome>(), examples::archived());
    let (group, id, summary) = match kind {
        CatalogKind::Component => (
            &group::COMPONENTS,
            "archiveComponents",
            "Archive components",
        ),
        CatalogKind::Environment => (
            &group::ENVIRONMENTS,
            "archiveEnvironments",
            "Archive environments",
        ),
    };
    let records = group.name;
    let description = format!(
        "Archives the {records} whose names match a pattern, or takes them out of the archive: at most {MOST_ARCHIVED}, in the order of \
         their names. If `remaining` is not 0, repeat the request for the next ones. The matrix hides archived {records}, and a \
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
            Some((JSON, outcome)),
            &["Idempotency-Replayed"],
        )
}

/// Archives all components or environments whose names match a pattern, or takes them out of the
/// archive.
pub(crate) async fn handle(call: Call, kind: CatalogKind) -> HandlerResult {
    let (tracker, log) = (call.tracker().clone(), call.log().clone());
    let query = call.query().finish(Some(()));
    let ((), selection, terms): (_, ArchiveSelection, _) = call.read(query).await?;
    log.note(|target| target.name = Some(short(&selection.name.to_string())));
    done(&tracker.archive(kind, selection, terms).await?)
}
