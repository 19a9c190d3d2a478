//! `GET /api/v1/audit`: who changed what apart from deployments.

use deploytrack_core::{
    clock,
    error::Fault,
    event::{AuditFilter, EventType},
    text::Label,
};
use serde_json::json;

use crate::{
    openapi::{
        OperationDraft, examples, group,
        parameters::{a_time, many, one, skip_and_take, with_example},
    },
    request::{Call, Query},
    response::{HandlerResult, page},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::SERVER,
        "listAudit",
        "List the audit",
        "Returns a page of the events that are not about deployments, newest first: who registered, changed, archived or deleted \
         components and environments, who created or revoked walls, who removed old deployments, and when the database was restored or repaired.",
    )
    .parameters([
        with_example(
            many::<EventType>("type", "Only events of these types."),
            json!([EventType::ComponentUpdated]),
        ),
        one::<Label>("recordedBy", "Only events that this subject recorded."),
        a_time("recordedAfter", "Only events recorded at this time or later."),
        a_time("recordedBefore", "Only events recorded before this time."),
    ])
    .parameters(skip_and_take())
    .returns_page("EventPage", examples::audit())
}

/// Returns a page of the audit, newest first.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let filter = filter(&mut query);
    let request = query.page();
    let request = query.finish(request)?;
    of_the_audit(&filter.types)?;
    page(
        call.tracker().audit(&filter, request).await?,
        call.query_text(),
    )
}

fn filter(query: &mut Query) -> AuditFilter {
    AuditFilter {
        types: query.many("type"),
        recorded_by: query.one("recordedBy"),
        recorded_after: query.read("recordedAfter", clock::parse),
        recorded_before: query.read("recordedBefore", clock::parse),
    }
}

/// Refuses types that the audit never has: an empty list would look like an answer.
fn of_the_audit(types: &[EventType]) -> Result<(), Vec<Fault>> {
    let foreign = types.iter().find(|one| one.is_about_deployment());
    foreign.map_or(Ok(()), |one| {
        let why = format!(
            "{one} is about a deployment: read the history of the deployment, or the events"
        );
        Err(vec![Fault::parameter("type", why)])
    })
}
