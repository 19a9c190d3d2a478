//! `GET /api/v1/deployments/daily`: deployments counted by day.

use deploytrack_core::{
    catalog::EnvironmentType,
    daily::{DailyFilter, DayCounts, DaySpan, UtcOffset},
    openapi::list_of,
    text::Name,
};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::{
    openapi::{
        OperationDraft, examples, group,
        parameters::{any, number, one},
    },
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn doc() -> OperationDraft {
    let days =
        number(DaySpan::LEAST.into(), DaySpan::MOST.into()).default(Some(DaySpan::DEFAULT.into()));
    let offset = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(UtcOffset::PATTERN))
        .default(Some(UtcOffset::default().to_string().into()));
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "countDeploymentsByDay",
        "Count deployments by day",
        "Counts the deployments that are `succeeded`, `failed` or `rolled_back` now, by the day of `occurredAt`, the time of the \
         transition into that status. Every day is in the answer, the earliest first; the last one is today.",
    )
    .parameters([
        any(
            "days",
            &format!(
                "The number of days, from {} to {}. [default: {}]",
                DaySpan::LEAST,
                DaySpan::MOST,
                DaySpan::DEFAULT
            ),
            days,
        ),
        any(
            "utcOffset",
            "The offset from UTC in which the days begin: `Z`, or one such as `+02:00`, with the `+` as `%2B` in an address. \
             [default: Z]",
            offset,
        ),
        one::<Name>("component", "Only deployments of the component with this name."),
        one::<Name>("environment", "Only deployments in the environment with this name."),
        one::<EnvironmentType>("type", "Only deployments in environments of this type."),
    ])
    .returns("The days.", list_of::<DayCounts>(), examples::days())
    .wrong_query("days=120", |query| query.one::<DaySpan>("days"))
}

/// Counts the deployments of the last days. The answer depends on the clock, which the cache does
/// not know.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let filter = DailyFilter {
        days: query.one("days").unwrap_or_default(),
        utc_offset: query.one("utcOffset").unwrap_or_default(),
        component: query.one("component"),
        environment: query.one("environment"),
        environment_type: query.one("type"),
    };
    let filter = query.finish(Some(filter))?;
    ok(&call.tracker().daily(&filter).await?)
}
