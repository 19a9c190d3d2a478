//! Finds the unique beginnings of ids on the server, and the ids that begin so.

use deploytrack_core::{
    api::MOST_VALUES,
    client::{Client, Error},
    text::IdPrefix,
};
use uuid::Uuid;

use crate::{
    error::Failure,
    exit::Exit,
    render::ids::{LENGTHS, ShortIds},
};

/// Asks the server for the unique length of each id. Without an answer the ids stay whole: they are
/// only shown.
pub(crate) async fn find(client: &Client, ids: impl IntoIterator<Item = Uuid>) -> ShortIds {
    let (mut short, mut open) = (ShortIds::default(), ids.into_iter().collect::<Vec<_>>());
    for length in LENGTHS {
        let Ok(unique) = unique(client, &open, length).await else {
            break;
        };
        short.extend(unique, length);
        open.retain(|id| !short.contains(*id));
        if open.is_empty() {
            break;
        }
    }
    short
}

/// The ids that are unique with this length.
async fn unique(client: &Client, ids: &[Uuid], length: usize) -> Result<Vec<Uuid>, Error> {
    let mut unique = Vec::new();
    for part in ids.chunks(MOST_VALUES) {
        let prefixes: Vec<_> = part
            .iter()
            .filter_map(|id| IdPrefix::new(&id.to_string()[..length]).ok())
            .collect();
        let found = client.ids(&prefixes).await?.value;
        unique.extend(found.into_iter().filter_map(|found| match *found.ids {
            [id] => Some(id),
            _ => None,
        }));
    }
    Ok(unique)
}

/// The deployment whose id begins with this prefix. A whole id is not looked up.
///
/// # Errors
/// No id begins with it, or several do; errors of the request.
pub(crate) async fn resolve(client: &Client, prefix: &IdPrefix) -> Result<Uuid, Failure> {
    if let Ok(id) = Uuid::try_parse(prefix.as_str()) {
        return Ok(id);
    }
    let found = client.ids(std::slice::from_ref(prefix)).await?.value;
    match found.first().map(|found| found.ids.as_slice()) {
        Some([id]) => Ok(*id),
        Some([least, greatest, ..]) => Err(Failure::new(
            Exit::Refused,
            format!(
                "several deployments have ids that begin with {prefix}: from {least} to {greatest}"
            ),
        )
        .hint("give more of the id; `deploytrack list` shows the ids")),
        _ => Err(Failure::new(
            Exit::Refused,
            format!("there is no deployment whose id begins with {prefix}"),
        )
        .hint("`deploytrack list` shows the ids")),
    }
}
