//! `GET /api/v1/deployments/export`: streams deployments in the format of an import.

use bytes::Bytes;
use deploytrack_core::{
    api::ImportLine,
    query::{DeploymentFilter, ListKey},
    status::Status,
    tracker::{CatalogCursor, Tracker},
};
use futures_util::{StreamExt as _, stream};
use http::StatusCode;

use super::{
    filters,
    ndjson::{self, NDJSON},
};
use crate::{
    openapi::{OperationDraft, group},
    quota::QuotaExceeded,
    refusal::{Refusal, Resource, internal},
    request::Call,
    response::HandlerResult,
    streaming::streamed,
};

/// The most deployments that an export reads from the database at a time.
const PAGE: u64 = 500;
/// The most components or environments that it reads at a time.
const PAGE_OF_NAMES: usize = 500;

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "exportDeployments",
        "Export deployments",
        "Returns newline-delimited JSON that an import accepts: one `ImportLine` per line, oldest first, each deployment with its \
         history. Without a filter, lines for the names that have details come first. A response that breaks off is incomplete.",
    )
    .parameters(filters::of_deployments_doc())
    .response(StatusCode::OK, "The deployments.", Some((NDJSON, ndjson::content())), &[])
    .wrong_query("status=done", |query| query.one::<Status>("status"))
    .refuses([Refusal::QuotaExceeded(Resource::Exports, QuotaExceeded::Subject(4))])
}

/// Streams the deployments that match the filters, oldest first, in the format of an import. The
/// first page is read before the response begins, so that an unreachable database still results in
/// a proper refusal.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let filter = filters::of_deployments(&mut query);
    let filter = query.finish(Some(filter))?;
    let permit = call.permit(&call.app().exports, Resource::Exports)?;
    let mut export = Export::of(call.tracker().clone(), filter);
    let first = export.next().await?;
    let more = first.is_some();
    let rest = stream::try_unfold((export, more), |(mut export, more)| async move {
        let page = if more { export.next().await? } else { None };
        Ok(page.map(|page| (page, (export, true))))
    });
    Ok(streamed(
        NDJSON,
        stream::iter(first.map(Ok)).chain(rest),
        permit,
        &call,
        "an export broke off",
    ))
}

/// The progress of an export.
struct Export {
    tracker: Tracker,
    filter: DeploymentFilter,
    /// The progress of reading the names; none when they are finished and deployments follow. A
    /// filtered export has no names.
    names: Option<CatalogCursor>,
    after: Option<ListKey>,
}

impl Export {
    fn of(tracker: Tracker, filter: DeploymentFilter) -> Self {
        let names = (filter == DeploymentFilter::default()).then(CatalogCursor::default);
        Self {
            tracker,
            filter,
            names,
            after: None,
        }
    }

    /// The text of the next page, or none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        if let Some(read) = self.names.take()
            && let Some((next, lines)) = self.tracker.export_names(&read, PAGE_OF_NAMES).await?
        {
            self.names = Some(next);
            return serialized(&lines).map(Some);
        }
        let Some((next, lines)) = self
            .tracker
            .export_page(&self.filter, self.after, PAGE)
            .await?
        else {
            return Ok(None);
        };
        self.after = Some(next);
        serialized(&lines).map(Some)
    }
}

fn serialized(lines: &[ImportLine]) -> Result<Bytes, Refusal> {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line).map_err(internal)?;
        text.push(b'\n');
    }
    Ok(text.into())
}
