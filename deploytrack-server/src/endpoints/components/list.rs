//! `GET /api/v1/components`: a page of components.

use deploytrack_core::{query::CatalogFilter, text::Name};
use serde_json::json;

use crate::{
    openapi::{
        OperationDraft, examples, group,
        parameters::{archived, one, skip_and_take, with_example},
    },
    request::Call,
    response::{HandlerResult, page},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::COMPONENTS,
        "listComponents",
        "List components",
        "Returns a page of components, in the order of their names.",
    )
    .parameters([
        with_example(
            one::<Name>("name", "Only the one with this name."),
            json!("user-service"),
        ),
        archived(),
    ])
    .parameters(skip_and_take())
    .returns_page("ComponentPage", examples::page_of_components())
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
    page(found, call.query_text())
}
