//! The endpoints that archive many components or environments at once.

use deploytrack_core::catalog::CatalogKind;

use crate::{
    request::Call,
    response::{HandlerResult, done},
};

/// Archives all components or environments whose names match a pattern, or takes them out of the
/// archive.
pub(crate) async fn archive(call: Call, kind: CatalogKind) -> HandlerResult {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), selection, terms) = call.read(query).await?;
    done(&tracker.archive(kind, selection, terms).await?)
}
