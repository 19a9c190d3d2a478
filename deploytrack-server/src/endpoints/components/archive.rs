//! `POST /api/v1/components/archive`: archives many components at once.

use deploytrack_core::catalog::CatalogKind;

use crate::{endpoints::archive, openapi::OperationDraft, request::Call, response::HandlerResult};

pub(crate) fn doc() -> OperationDraft {
    archive::doc(CatalogKind::Component)
}

/// Archives all components whose names match a pattern, or takes them out of the archive.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    archive::handle(call, CatalogKind::Component).await
}
