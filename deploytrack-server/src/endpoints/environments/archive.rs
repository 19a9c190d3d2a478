//! `POST /api/v1/environments/archive`: archives many environments at once.

use deploytrack_core::catalog::CatalogKind;

use crate::{endpoints::archive, openapi::OperationDraft, request::Call, response::HandlerResult};

pub(crate) fn doc() -> OperationDraft {
    archive::doc(CatalogKind::Environment)
}

/// Archives all environments whose names match a pattern, or takes them out of the archive.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    archive::handle(call, CatalogKind::Environment).await
}
