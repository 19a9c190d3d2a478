//! `POST /api/v1/environments`: registers an environment.

use deploytrack_core::{
    api,
    catalog::{CatalogKind, Environment, NewEnvironment},
    error::Error,
};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    request_log::short,
    response::{HandlerResult, created},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::ENVIRONMENTS,
        "createEnvironment",
        "Register an environment",
        "Without `order`, it is placed before the first environment of a later type. A name that is in use is 409.",
    )
    .body::<NewEnvironment>(true, json!({"name": "staging", "type": "staging"}))
    .creates::<Environment>("The environment.", json!(examples::staging()))
    .refuses([Error::NameTaken {
        kind: CatalogKind::Environment,
        name: examples::staging().name,
    }])
}

/// Registers an environment.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, log) = (call.tracker().clone(), call.log().clone());
    let query = call.query().finish(Some(()));
    let ((), new, terms): (_, NewEnvironment, _) = call.read(query).await?;
    log.note(|target| target.name = Some(short(new.name.as_str())));
    let environment = tracker.create_environment(new, terms).await?;
    created(
        &format!("{}/{}", api::ENVIRONMENTS, environment.id),
        &environment,
    )
}
