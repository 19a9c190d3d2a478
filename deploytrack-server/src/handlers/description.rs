//! The description of the API, and the pages that show it. Neither changes while the server runs: each is made once.

use std::sync::OnceLock;

use http::StatusCode;

use crate::{
    openapi,
    representation::{Representation, Wanted},
    request::Call,
    response::{Answer, moved, shown},
};

/// The OpenAPI document.
pub(crate) async fn document(call: &Call) -> Answer {
    static DOCUMENT: OnceLock<Representation> = OnceLock::new();
    call.query().finish(Some(()))?;
    once(&DOCUMENT, call, || shown(StatusCode::OK, "application/json", openapi::document()?)).await
}

/// A file of the pages.
#[cfg(feature = "swagger")]
pub(crate) async fn page(call: &Call, file: &str) -> Answer {
    let (kept, make) = crate::docs::file(file).ok_or(crate::problem::Refusal::NoPath)?;
    once(kept, call, make).await
}

/// They are left out of this server.
#[cfg(not(feature = "swagger"))]
pub(crate) async fn page(_: &Call, _: &str) -> Answer {
    Err(crate::problem::Refusal::NoPath)
}

/// Leads to the pages.
pub(crate) fn way_to_pages(place: &'static str) -> Answer {
    Ok(moved(place))
}

/// The answer that is made once, in the form that is wanted.
async fn once(kept: &OnceLock<Representation>, call: &Call, make: impl FnOnce() -> Answer) -> Answer {
    let representation = match kept.get() {
        Some(there) => there,
        None => {
            let made = Representation::of(make()?, true)?;
            kept.get_or_init(|| made)
        }
    };
    representation.response(&Wanted::of(call.headers())).await
}
