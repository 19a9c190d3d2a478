//! The endpoints of deployments and of everything that is read from them.

mod transfer;

use deploytrack_core::{
    api::{self, FromBody},
    clock,
    deployment::{Change, NewDeployment, Undeploy},
    error::Fault,
    query::{DeploymentFilter, MatrixFilter, Order},
    tracker::fault_of_status,
};
use serde_json::{Map, Value};

use crate::{
    request::{Call, Query},
    response::{HandlerResult, changed, created, ok, page},
    streaming,
};

pub(crate) use transfer::{export, import};

/// A page of deployments, newest first, by `createdAt` or by `occurredAt`.
pub(crate) async fn list(call: &Call) -> HandlerResult {
    let mut query = call.query();
    let filter = filter(&mut query);
    let filter = DeploymentFilter {
        order: query.one("order").unwrap_or_default(),
        ..filter
    };
    let request = query.page_or_cursor();
    let request = query.finish(request)?;
    page(
        &call.tracker().list(&filter, request).await?,
        call.query_text(),
    )
}

/// The filters of list and export.
fn filter(query: &mut Query) -> DeploymentFilter {
    DeploymentFilter {
        component_id: query.id("componentId"),
        environment_id: query.id("environmentId"),
        status: query.one("status"),
        component: query.one("component"),
        environment: query.one("environment"),
        version: query.one("version"),
        commit_sha: query.one("commitSha"),
        deployed_by: query.one("deployedBy"),
        created_after: query.read("createdAfter", clock::parse),
        created_before: query.read("createdBefore", clock::parse),
        occurred_after: query.read("occurredAfter", clock::parse),
        occurred_before: query.read("occurredBefore", clock::parse),
        order: Order::Created,
    }
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
pub(crate) async fn record(call: Call) -> HandlerResult {
    let (tracker, mut query) = (call.tracker().clone(), call.query());
    let register = query.flag("register").unwrap_or(false);
    let (register, RecordBody(new), terms) = call.read(query.finish(Some(register))).await?;
    let recorded = tracker
        .record(NewDeployment { register, ..new }, terms)
        .await?;
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

/// One deployment.
pub(crate) async fn show(call: &Call, id: &str) -> HandlerResult {
    ok(&call.tracker().deployment(call.id(id)?).await?)
}

/// Changes the status of a deployment, or its description and metadata.
pub(crate) async fn update(call: Call, id: &str) -> HandlerResult {
    let (tracker, id) = (call.tracker().clone(), call.id(id));
    let (id, change, terms): (_, Change, _) = call.read(id).await?;
    changed(&tracker.update(id, change, terms).await?)
}

/// Records that a component left the environment in which this deployment of it is current.
pub(crate) async fn undeploy(call: Call, id: &str) -> HandlerResult {
    let (tracker, id) = (call.tracker().clone(), call.id(id));
    let (id, undeploy, terms): (_, Undeploy, _) = call.read_if_any(id).await?;
    changed(&tracker.undeploy(id, undeploy, terms).await?)
}

/// All transitions and undeployments of a deployment.
pub(crate) async fn history(call: &Call, id: &str) -> HandlerResult {
    streaming::array(call, call.tracker().history_pages(call.id(id)?)).await
}

/// The current deployments of one component, now or at a given time.
pub(crate) async fn latest(call: &Call) -> HandlerResult {
    let mut query = call.query();
    let (component, at) = (
        query.required_id("componentId"),
        query.read("at", clock::parse),
    );
    let component = query.finish(component)?;
    streaming::array(call, call.tracker().latest_pages(component, at).await?).await
}

/// The matrix, now or at a given time.
pub(crate) async fn matrix(call: &Call) -> HandlerResult {
    let mut query = call.query();
    let filter = MatrixFilter {
        at: query.read("at", clock::parse),
        ..cell_filter(&mut query)
    };
    let filter = query.finish(Some(filter))?;
    streaming::array(call, call.tracker().matrix_pages(filter)).await
}

/// The unsettled deployment of each cell.
pub(crate) async fn unsettled(call: &Call) -> HandlerResult {
    let mut query = call.query();
    let filter = cell_filter(&mut query);
    let filter = query.finish(Some(filter))?;
    streaming::array(call, call.tracker().unsettled_pages(filter)).await
}

/// The filters of the matrix and of the unsettled deployments.
fn cell_filter(query: &mut Query) -> MatrixFilter {
    MatrixFilter {
        components: query.many("component"),
        environments: query.many("environment"),
        owner: query.one("owner"),
        kind: query.one("kind"),
        lifecycle: query.one("lifecycle"),
        include_archived: query.flag("includeArchived").unwrap_or(false),
        at: None,
    }
}
