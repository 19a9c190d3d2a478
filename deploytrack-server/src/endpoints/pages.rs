//! `GET /` and `GET /assets/{asset}`: the dashboard.

use crate::{dashboard, refusal::Refusal, request::Call, response::HandlerResult};

/// Returns a file of the dashboard.
pub(crate) async fn file(call: Call) -> HandlerResult {
    let asset = dashboard::at(call.path()).ok_or(Refusal::NoPath)?;
    asset.response(call.headers()).await
}
