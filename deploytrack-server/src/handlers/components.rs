//! The endpoints of components.

use deploytrack_core::{api, query::CatalogFilter};

use crate::{
    body::no_content,
    request::Call,
    response::{HandlerResult, changed, created, ok, page},
};

/// A page of components, in the order of their names.
pub(crate) async fn list(call: &Call) -> HandlerResult {
    let mut query = call.query();
    let filter = CatalogFilter {
        name: query.one("name"),
        archived: query.flag("archived"),
    };
    let request = query.page();
    let request = query.finish(request)?;
    page(
        &call.tracker().matching_components(&filter, request).await?,
        call.query_text(),
    )
}

/// One component.
pub(crate) async fn show(call: &Call, id: &str) -> HandlerResult {
    ok(&call.tracker().component(call.id(id)?).await?)
}

/// Registers a component.
pub(crate) async fn create(call: Call) -> HandlerResult {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), new, terms) = call.read(query).await?;
    let component = tracker.create_component(new, terms).await?;
    created(&format!("{}/{}", api::COMPONENTS, component.id), &component)
}

/// Changes a component.
pub(crate) async fn update(call: Call, id: &str) -> HandlerResult {
    let (tracker, id) = (call.tracker().clone(), call.id(id));
    let (id, change, terms) = call.read(id).await?;
    changed(&tracker.update_component(id, change, terms).await?)
}

/// Deletes a component that was never deployed.
pub(crate) async fn delete(call: &Call, id: &str) -> HandlerResult {
    call.tracker()
        .delete_component(call.id(id)?, call.author()?)
        .await?;
    Ok(no_content())
}
