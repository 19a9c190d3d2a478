//! `GET /api/v1/retention`: lists what a removal would remove.

use chrono::TimeDelta;
use deploytrack_core::{
    openapi::of,
    query::whole_number,
    retention::{KEEP_LAST, LEAST_AGE, MOST_CELLS, MOST_KEEP_LAST, RetentionPreview},
};

use crate::{
    openapi::{
        OperationDraft, examples, group,
        parameters::{any, number},
    },
    request::{Call, Query},
    response::{HandlerResult, ok},
};

/// The most days of an age: about 2,700 years.
const MOST_DAYS: u64 = 1_000_000;

pub(crate) fn doc() -> OperationDraft {
    let least = LEAST_AGE.num_days().unsigned_abs();
    OperationDraft::new(
        &group::SERVER,
        "previewRemoval",
        "Preview a removal",
        &format!(
            "Lists the deployments that `removeDeployments` would remove, by cell: those about which nothing happened and nothing was \
             recorded for `olderThanDays`. What is current, what was current before, the target of a rollback, deployments in \
             flight, the latest failed one and the newest `keepLast` of each cell are never removed. At most {MOST_CELLS} cells are \
             listed; all are counted."
        ),
    )
    .parameters([
        any(
            "olderThanDays",
            "The age in days. It counts from the last row of the history, or from now if that is earlier. Required.",
            number(least, MOST_DAYS),
        ),
        any(
            "keepLast",
            &format!("How many of the newest deployments of each cell are retained. [default: {KEEP_LAST}]"),
            number(1, MOST_KEEP_LAST),
        ),
    ])
    .returns(
        "The preview.",
        of::<RetentionPreview>(),
        examples::retention_preview(),
    )
    .wrong_query("olderThanDays=30", older_than)
}

/// The age.
fn older_than(query: &mut Query) -> Option<TimeDelta> {
    let least = LEAST_AGE.num_days().unsigned_abs();
    let days = |text: &str| {
        let days = whole_number(text).ok();
        let days = days.filter(|days| (least..=MOST_DAYS).contains(days));
        let age = days.and_then(|days| TimeDelta::try_days(i64::try_from(days).ok()?));
        age.ok_or_else(|| format!("must be a whole number from {least} to {MOST_DAYS}"))
    };
    query.required("olderThanDays", days)
}

/// Lists what a removal would remove.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let age = older_than(&mut query);
    let keep_last = query.read("keepLast", |text| {
        let number = whole_number(text).ok();
        let number = number.filter(|number| (1..=MOST_KEEP_LAST).contains(number));
        number.ok_or_else(|| format!("must be a whole number from 1 to {MOST_KEEP_LAST}"))
    });
    let age = query.finish(age)?;
    let keep_last = keep_last.unwrap_or(KEEP_LAST);
    ok(&call.tracker().preview_removal(age, keep_last).await?)
}
