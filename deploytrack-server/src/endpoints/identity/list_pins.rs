//! `GET /api/v1/oidc/pins`: a page of pins.

use crate::{
    openapi::{OperationDraft, examples, group, parameters::skip_and_take},
    request::Call,
    response::{HandlerResult, page},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::IDENTITY,
        "listPins",
        "List pins",
        "Returns a page of pins, the newest first. A pin is the id that the name of a repository or of its owner had when a rule first \
         accepted it. An identity token with the same name and another id is refused.",
    )
    .parameters(skip_and_take())
    .returns_page("PinPage", examples::page_of_pins())
}

/// Returns a page of pins, the newest first.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let request = query.page();
    let request = query.finish(request)?;
    page(call.tracker().pins(request).await?, call.query_text())
}
