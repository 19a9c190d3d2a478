//! `GET /api/v1/environments`: a page of environments.

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
        &group::ENVIRONMENTS,
        "listEnvironments",
        "List environments",
        "Returns a page of environments, in their order.",
    )
    .parameters([
        with_example(
            one::<Name>("name", "Only the one with this name."),
            json!("staging"),
        ),
        archived(),
    ])
    .parameters(skip_and_take())
    .returns_page("EnvironmentPage", examples::page_of_environments())
}

/// Returns a page of environments, in their order.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let filter = CatalogFilter {
        name: query.one("name"),
        archived: query.flag("archived"),
    };
    let request = query.page();
    let request = query.finish(request)?;
    let found = call
        .tracker()
        .matching_environments(&filter, request)
        .await?;
    page(found, call.query_text())
}
