//! `GET /api/v1/deployments/ids`: the ids that begin with a prefix.

use deploytrack_core::{ids::IdMatches, openapi::list_of, text::IdPrefix};

use crate::{
    openapi::{OperationDraft, examples, group, parameters::many},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "findDeploymentIds",
        "Find ids by their beginning",
        "Returns for each prefix the ids of the deployments that begin with it: none, the only one, or the least and the greatest of \
         several. A prefix with one id is unique.",
    )
    .parameters([many::<IdPrefix>("prefix", "The beginning of an id.")])
    .returns("The ids, in the order of the prefixes.", list_of::<IdMatches>(), examples::ids())
    .wrong_query("prefix=v2.3.1", |query| Some(query.many::<IdPrefix>("prefix")))
}

/// Returns the ids that begin with each prefix.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let prefixes = query.many("prefix");
    let prefixes = query.finish(Some(prefixes))?;
    ok(&call.tracker().ids(prefixes).await?)
}
