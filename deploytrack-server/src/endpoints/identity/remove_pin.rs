//! `DELETE /api/v1/oidc/pins/{id}`: removes a pin.

use http::StatusCode;

use crate::{
    body::no_content,
    openapi::{OperationDraft, group},
    request::Call,
    response::HandlerResult,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::IDENTITY,
        "removePin",
        "Remove a pin",
        "Removes a pin, after a repository was created again or moved to another owner. The next identity token with its name is accepted \
         with any id, which is pinned then.",
    )
    .response(StatusCode::NO_CONTENT, "The pin is removed.", None, &[])
}

/// Removes the pin with the id in the path.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let id = call.id()?;
    call.tracker().remove_pin(id, call.author()?).await?;
    Ok(no_content())
}
