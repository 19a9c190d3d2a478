//! `GET /api/v1/components`: a page of components.

use deploytrack_core::{query::CatalogFilter, text::Name};

use crate::{
    openapi::{
        OperationDraft, group,
        parameters::{flag, one, skip_and_take},
    },
    request::Call,
    response::{HandlerResult, page},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        group::COMPONENTS,
        "listComponents",
        "List components",
        "Returns a page of components, in the order of their names.",
    )
    .parameters([
        one::<Name>("name", "Only the one with this name."),
        flag(
            "archived",
            "`true`: only archived ones. `false`: only others.",
        ),
    ])
    .parameters(skip_and_take())
    .returns_page("ComponentPage")
}

/// Returns a page of components, in the order of their names.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let filter = CatalogFilter {
        name: query.one("name"),
        archived: query.flag("archived"),
    };
    let request = query.page();
    let request = query.finish(request)?;
    let found = call.tracker().matching_components(&filter, request).await?;
    page(&found, call.query_text())
}
