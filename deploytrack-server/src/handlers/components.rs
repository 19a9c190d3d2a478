//! Components.

use deploytrack_core::{api, query::CatalogFilter};

use crate::{
    request::Call,
    response::{Answer, changed, created, no_content, ok, page},
};

/// A page of components, in name order.
pub(crate) async fn list(call: &Call) -> Answer {
    let mut query = call.query();
    let filter = CatalogFilter { name: query.one("name"), archived: query.flag("archived") };
    let asked = query.page();
    let asked = query.finish(asked)?;
    page(&call.tracker().matching_components(&filter, asked).await?, call.query_text())
}

/// One component.
pub(crate) async fn show(call: &Call, id: &str) -> Answer {
    ok(&call.tracker().component(call.id(id)?).await?)
}

/// Registers a component.
pub(crate) async fn create(call: Call) -> Answer {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), new, terms) = call.read(query).await?;
    let component = tracker.create_component(new, terms).await?;
    created(&format!("{}/{}", api::COMPONENTS, component.id), &component)
}

/// Changes a component.
pub(crate) async fn update(call: Call, id: &str) -> Answer {
    let (tracker, id) = (call.tracker().clone(), call.id(id));
    let (id, change, terms) = call.read(id).await?;
    changed(&tracker.update_component(id, change, terms).await?)
}

/// Removes a component that was never deployed.
pub(crate) async fn delete(call: &Call, id: &str) -> Answer {
    call.tracker().delete_component(call.id(id)?, call.subject()?).await?;
    Ok(no_content())
}
