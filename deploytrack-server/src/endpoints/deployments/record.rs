//! `POST /api/v1/deployments`: records a deployment.

use deploytrack_core::{
    api::{self, FromBody},
    catalog::CatalogKind,
    deployment::{Deployment, NewDeployment},
    error::{Error, Fault},
    tracker::fault_of_status,
};
use serde_json::{Map, Value, json};

use crate::{
    openapi::{OperationDraft, examples, group, parameters::flag},
    request::Call,
    request_log::{reference, short},
    response::{HandlerResult, created},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "recordDeployment",
        "Record a deployment",
        "Unknown names are registered, unless the server's `registration` is `strict` (404). A name that looks like a typing error for an \
         existing one is 409 `near_miss`. If the server's `name-guard` is `warn`, it is registered, and the header `Resembles` \
         contains the existing one, such as `environment=production`. An archived component or environment is taken out of the \
         archive, and the header `Unarchived` names it. If it was archived after the deployment happened, it stays archived, and the \
         header `Archived` names it.",
    )
    .parameters([flag("register", "Register unknown names even if they resemble existing ones.")])
    .body::<NewDeployment>(
        true,
        json!({
            "component": "user-service",
            "environment": "staging",
            "version": "v2.3.1",
            "commitSha": "ed52224b8e1a7f60c3d94f2e5b70a9186c4d3f21",
            "deployedBy": "ci-bot",
        }),
    )
    .creates::<Deployment>("The deployment.", json!(examples::pending()))
    .refuses([
        Error::unknown(CatalogKind::Component, examples::UNKNOWN),
        Error::NearMiss {
            kind: CatalogKind::Component,
            name: examples::parsed("user-servcie"),
            did_you_mean: vec![examples::user_service().name],
        },
    ])
}

/// The body of a record request. It reports a fault of the status that is no fault in an import.
struct RecordBody(NewDeployment);

impl FromBody for RecordBody {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let status = body
            .get("status")
            .and_then(Value::as_str)
            .and_then(|status| status.parse().ok());
        // If the body has no other fault, the tracker reports this one, together with a wrong time.
        let of_status = status.and_then(fault_of_status);
        NewDeployment::from_body(body)
            .map(Self)
            .map_err(|faults| faults.into_iter().chain(of_status).collect())
    }
}

/// Records a deployment.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (app, log, mut query) = (call.app().clone(), call.log().clone(), call.query());
    let register = query.flag("register").unwrap_or(false);
    let (register, RecordBody(new), terms) = call.read(query.finish(Some(register))).await?;
    log.note(|target| {
        target.component = Some(reference(&new.component));
        target.environment = Some(reference(&new.environment));
        target.version = Some(short(new.version.as_str()));
        target.to = Some(new.status.as_str());
    });
    let recorded = app
        .tracker
        .record(NewDeployment { register, ..new }, terms)
        .await?;
    log.note(|target| target.id = Some(recorded.id.to_string()));
    if !recorded.replayed {
        app.metrics.count_deployment(&recorded);
    }
    for one in &recorded.resembles {
        tracing::warn!(
            kind = one.kind.as_str(),
            name = one.name.as_str(),
            known = one.known.as_str(),
            "a new name resembles a known one"
        );
    }
    created(&format!("{}/{}", api::DEPLOYMENTS, recorded.id), &recorded)
}
