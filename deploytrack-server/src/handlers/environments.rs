//! The endpoints of environments.

use deploytrack_core::{
    api::{self, EnvironmentOrder},
    query::CatalogFilter,
};

use crate::{
    body::no_content,
    request::Call,
    response::{HandlerResult, changed, created, ok, page},
};

/// A page of environments, in their order.
pub(crate) async fn list(call: &Call) -> HandlerResult {
    let mut query = call.query();
    let filter = CatalogFilter {
        name: query.one("name"),
        archived: query.flag("archived"),
    };
    let request = query.page();
    let request = query.finish(request)?;
    page(
        &call
            .tracker()
            .matching_environments(&filter, request)
            .await?,
        call.query_text(),
    )
}

/// One environment.
pub(crate) async fn show(call: &Call, id: &str) -> HandlerResult {
    ok(&call.tracker().environment(call.id(id)?).await?)
}

/// Registers an environment.
pub(crate) async fn create(call: Call) -> HandlerResult {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), new, terms) = call.read(query).await?;
    let environment = tracker.create_environment(new, terms).await?;
    created(
        &format!("{}/{}", api::ENVIRONMENTS, environment.id),
        &environment,
    )
}

/// Changes an environment.
pub(crate) async fn update(call: Call, id: &str) -> HandlerResult {
    let (tracker, id) = (call.tracker().clone(), call.id(id));
    let (id, change, terms) = call.read(id).await?;
    changed(&tracker.update_environment(id, change, terms).await?)
}

/// Deletes an environment to which nothing was ever deployed.
pub(crate) async fn delete(call: &Call, id: &str) -> HandlerResult {
    call.tracker()
        .delete_environment(call.id(id)?, call.author()?)
        .await?;
    Ok(no_content())
}

/// Sets the order of the environments. The body must list the ids of all of them.
pub(crate) async fn order(call: Call) -> HandlerResult {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), EnvironmentOrder { ids }, terms) = call.read(query).await?;
    ok(&tracker.reorder_environments(ids, terms.author()).await?)
}
