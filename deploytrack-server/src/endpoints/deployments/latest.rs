//! `GET /api/v1/deployments/latest`: the current deployments of a component.

use deploytrack_core::{
    catalog::CatalogKind, clock, deployment::Deployment, error::Error, openapi::list_of, text::Name,
};

use crate::{
    openapi::{
        OperationDraft, examples, group,
        parameters::{a_time, an_id, one},
    },
    request::Call,
    response::HandlerResult,
    streaming,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "listLatest",
        "Read the current deployments of a component",
        "Returns one deployment for each environment in which a deployment of the component is current, in the order of the environments.",
    )
    .parameters([
        an_id("componentId", "The id of the component. Give this or `component`, not both."),
        one::<Name>("component", "The name of the component. Give this or `componentId`, not both."),
        a_time("at", "The current deployments at this time. [default: now]"),
    ])
    .returns("The current deployments.", list_of::<Deployment>(), examples::latest())
    .wrong_query("", |query| query.reference("componentId", "component"))
    .refuses([Error::unknown(CatalogKind::Component, examples::UNKNOWN)])
}

/// Returns the current deployments of one component, now or at a given time.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let (component, at) = (
        query.reference("componentId", "component"),
        query.read("at", clock::parse),
    );
    let component = query.finish(component)?;
    let pages = call.tracker().latest_pages(component, at).await?;
    streaming::array(&call, pages).await
}
