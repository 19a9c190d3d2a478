//! `GET /metrics` and `GET /metrics/cells`: metrics for Prometheus.

use bytes::Bytes;
use http::StatusCode;

use crate::{
    encoding::{Negotiation, Representation},
    metrics::{self, Exposition},
    refusal::{Refusal, internal},
    request::Call,
    response::{HandlerResult, tagged},
};

/// Returns all metrics, also when the database does not answer. `cells=false` leaves out the values
/// of cells.
pub(crate) async fn everything(call: Call) -> HandlerResult {
    let mut query = call.query();
    let with_cells = query.flag("cells");
    let with_cells = query.finish(Some(with_cells))?.unwrap_or(true);
    let (app, form) = (call.app(), Exposition::of(call.headers()));
    let [reader, _] = &*app.readers;
    let measured = reader.read(&app.tracker).await;
    if let Err(error) = &measured {
        tracing::warn!(%error, "the database could not be read for metrics");
    }
    let (measured, load) = (measured.ok(), app.load());
    let counters = app.metrics.clone();
    let text = in_background(move || {
        metrics::everything(&counters, load, measured.as_ref(), with_cells, form)
    });
    answer(&call, form, text.await?).await
}

/// Returns the values of cells alone, of more cells than [`everything`].
pub(crate) async fn cells(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    let (app, form) = (call.app(), Exposition::of(call.headers()));
    let [_, reader] = &*app.readers;
    let measured = reader.read(&app.tracker).await?;
    let text = in_background(move || metrics::cells(&measured, form));
    answer(&call, form, text.await?).await
}

/// Writes the text on a blocking thread: that of many cells takes longer than a request may hold
/// up others.
async fn in_background(
    write: impl FnOnce() -> Result<String, std::fmt::Error> + Send + 'static,
) -> Result<String, Refusal> {
    let written = tokio::task::spawn_blocking(write).await;
    written.map_err(internal)?.map_err(internal)
}

async fn answer(call: &Call, form: Exposition, text: String) -> HandlerResult {
    let response = tagged(StatusCode::OK, form.media_type(), Bytes::from(text))?;
    Representation::of(response, true)?
        .response(&Negotiation::of(call.headers()), None)
        .await
}
