//! `GET /api/v1/deployments/latest`: the current deployments of a component.

use deploytrack_core::{clock, deployment::Deployment, openapi::list_of};
use http::StatusCode;

use crate::{
    openapi::{
        OperationDraft, group,
        parameters::{a_time, an_id, required},
    },
    request::Call,
    response::HandlerResult,
    streaming,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        group::DEPLOYMENTS,
        "listLatest",
        "Read the current deployments of a component",
        "Returns one deployment for each environment in which a deployment of the component is current, in the order of the environments.",
    )
    .parameters([required(an_id("componentId", "The component.")), a_time("at", "The current deployments at this time instead of now.")])
    .returns("The current deployments.", list_of::<Deployment>())
    .refusals(&[StatusCode::NOT_FOUND])
}

/// Returns the current deployments of one component, now or at a given time.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let (component, at) = (
        query.required_id("componentId"),
        query.read("at", clock::parse),
    );
    let component = query.finish(component)?;
    let pages = call.tracker().latest_pages(component, at).await?;
    streaming::array(&call, pages).await
}
