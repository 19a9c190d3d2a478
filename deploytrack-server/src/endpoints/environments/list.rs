//! `GET /api/v1/environments`: a page of environments.

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
        group::ENVIRONMENTS,
        "listEnvironments",
        "List environments",
        "Returns a page of environments, in their order.",
    )
    .parameters([
        one::<Name>("name", "Only the one with this name."),
        flag(
            "archived",
            "`true`: only archived ones. `false`: only others.",
        ),
    ])
    .parameters(skip_and_take())
    .returns_page("EnvironmentPage")
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
    page(&found, call.query_text())
}
