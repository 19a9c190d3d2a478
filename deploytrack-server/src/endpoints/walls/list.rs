//! `GET /api/v1/walls`: a page of walls.

use crate::{
    openapi::{OperationDraft, examples, group, parameters::skip_and_take},
    request::Call,
    response::{HandlerResult, page},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::WALLS,
        "listWalls",
        "List walls",
        "Returns a page of walls, in the order of their names. The secrets of their links are not stored.",
    )
    .parameters(skip_and_take())
    .returns_page("WallPage", examples::page_of_walls())
}

/// Returns a page of walls, in the order of their names.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let request = query.page();
    let request = query.finish(request)?;
    page(call.tracker().walls(request).await?, call.query_text())
}
