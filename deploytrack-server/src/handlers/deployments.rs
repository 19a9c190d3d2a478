//! Deployments: recording them, moving them, and everything that is read from them.

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
    response::{Answer, changed, created, ok, page},
    rows::rows,
};

pub(crate) use transfer::{export, import};

/// A page of deployments, newest first, by when they were recorded or by when they happened.
pub(crate) async fn list(call: &Call) -> Answer {
    let mut query = call.query();
    let filter = filter(&mut query);
    let filter = DeploymentFilter { order: query.one("order").unwrap_or_default(), ..filter };
    let asked = query.page_or_cursor();
    let asked = query.finish(asked)?;
    page(&call.tracker().list(&filter, asked).await?, call.query_text())
}

/// The filters that list and export share.
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

/// The body that records a deployment, with the faults that only a record has.
struct Recording(NewDeployment);

impl FromBody for Recording {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let status = body.get("status").and_then(Value::as_str).and_then(|status| status.parse().ok());
        // In a body that is right otherwise, the tracker names it together with a wrong time.
        let of_status = status.and_then(fault_of_status);
        NewDeployment::from_body(body).map(Self).map_err(|faults| faults.into_iter().chain(of_status).collect())
    }
}

/// Records a deployment.
pub(crate) async fn record(call: Call) -> Answer {
    let (tracker, mut query) = (call.tracker().clone(), call.query());
    let register = query.flag("register").unwrap_or(false);
    let (register, Recording(new), terms) = call.read(query.finish(Some(register))).await?;
    let recorded = tracker.record(NewDeployment { register, ..new }, terms).await?;
    for one in &recorded.resembles {
        tracing::warn!(kind = one.kind.as_str(), name = one.name.as_str(), known = one.known.as_str(), "a new name resembles a known one");
    }
    created(&format!("{}/{}", api::DEPLOYMENTS, recorded.id), &recorded)
}

/// One deployment.
pub(crate) async fn show(call: &Call, id: &str) -> Answer {
    ok(&call.tracker().deployment(call.id(id)?).await?)
}

/// Moves a deployment on, or changes what is said about it.
pub(crate) async fn update(call: Call, id: &str) -> Answer {
    let (tracker, id) = (call.tracker().clone(), call.id(id));
    let (id, change, terms): (_, Change, _) = call.read(id).await?;
    changed(&tracker.update(id, change, terms).await?)
}

/// Records that a component left an environment, where this deployment of it was current.
pub(crate) async fn undeploy(call: Call, id: &str) -> Answer {
    let (tracker, id) = (call.tracker().clone(), call.id(id));
    let (id, undeploy, terms): (_, Undeploy, _) = call.read_if_any(id).await?;
    changed(&tracker.undeploy(id, undeploy, terms).await?)
}

/// Every change of status of a deployment.
pub(crate) async fn history(call: &Call, id: &str) -> Answer {
    rows(call, call.tracker().history_pages(call.id(id)?)).await
}

/// What is current of one component, or was at a moment.
pub(crate) async fn latest(call: &Call) -> Answer {
    let mut query = call.query();
    let (component, at) = (query.required_id("componentId"), query.read("at", clock::parse));
    let component = query.finish(component)?;
    rows(call, call.tracker().latest_pages(component, at).await?).await
}

/// What is current everywhere, or was at a moment.
pub(crate) async fn matrix(call: &Call) -> Answer {
    let mut query = call.query();
    let filter = MatrixFilter { at: query.read("at", clock::parse), ..cells(&mut query) };
    let filter = query.finish(Some(filter))?;
    rows(call, call.tracker().matrix_pages(filter)).await
}

/// What is under way or failed, cell by cell.
pub(crate) async fn unsettled(call: &Call) -> Answer {
    let mut query = call.query();
    let filter = cells(&mut query);
    let filter = query.finish(Some(filter))?;
    rows(call, call.tracker().unsettled_pages(filter)).await
}

/// The filters that matrix and attempts share.
fn cells(query: &mut Query) -> MatrixFilter {
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
