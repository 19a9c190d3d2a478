//! `DELETE /api/v1/walls/{wall}`: revokes a wall.

use deploytrack_core::{
    catalog::Reference,
    error::{Error, Fault},
    openapi::of,
    text::Name,
};
use http::StatusCode;
use percent_encoding::percent_decode_str;

use crate::{
    body::no_content,
    openapi::{OperationDraft, group, parameters::in_path},
    request::Call,
    response::HandlerResult,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::WALLS,
        "revokeWall",
        "Revoke a wall",
        "Ends the link and the sessions of a wall at once. Its name can be used again.",
    )
    .parameters([in_path(
        "wall",
        "The id or the name of the wall.",
        of::<Name>(),
    )])
    .response(StatusCode::NO_CONTENT, "The wall is revoked.", None, &[])
    .refuses([Error::NotFound {
        what: "wall",
        key: "office".to_owned(),
    }])
}

/// Revokes the wall with the id or the name in the path.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let which = which(call.path_value());
    let which = call.query().finish(Some(which))??;
    call.tracker().revoke_wall(which, call.author()?).await?;
    Ok(no_content())
}

fn which(segment: &str) -> Result<Reference, Vec<Fault>> {
    let wrong = |why: &dyn std::fmt::Display| vec![Fault::parameter("wall", why)];
    let text = percent_decode_str(segment).decode_utf8();
    let text = text.map_err(|_| wrong(&"must be UTF-8"))?;
    text.parse().map_err(|why| wrong(&why))
}
