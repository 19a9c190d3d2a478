//! Archiving many components or environments at once.

use deploytrack_core::catalog::CatalogKind;

use crate::{
    request::Call,
    response::{Answer, done},
};

/// Archives what a pattern of names matches, or takes it out of the archive.
pub(crate) async fn archive(call: Call, kind: CatalogKind) -> Answer {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), selection, terms) = call.read(query).await?;
    done(&tracker.archive(kind, selection, terms).await?)
}
