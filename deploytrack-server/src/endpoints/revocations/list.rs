//! `GET /api/v1/revocations`: a page of revocations.

use crate::{
    openapi::{OperationDraft, examples, group, parameters::skip_and_take},
    request::Call,
    response::{HandlerResult, page},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::REVOCATIONS,
        "listRevocations",
        "List revocations",
        "Returns a page of the revocations of JSON Web Tokens, the newest first.",
    )
    .parameters(skip_and_take())
    .returns_page("RevocationPage", examples::page_of_revocations())
}

/// Returns a page of revocations, the newest first.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let request = query.page();
    let request = query.finish(request)?;
    page(
        call.tracker().revocations(request).await?,
        call.query_text(),
    )
}
