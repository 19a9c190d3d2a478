//! Ids of deployments, as short as they are unique on the server, and back.

use std::collections::HashMap;

use deploytrack_core::{
    api::MOST_VALUES,
    client::{Client, Error},
    text::IdPrefix,
};
use uuid::Uuid;

use crate::{error::Failure, exit::Exit, render::grid::Value};

/// The lengths that are tried: the millisecond in which an id was made, then a group more each time.
/// Ids that were imported together need the longer ones.
const LENGTHS: [usize; 4] = [13, 18, 23, 28];
/// The length of an id.
const WHOLE: usize = 36;

/// How many characters of an id are unique.
#[derive(Debug, Default)]
pub(crate) struct ShortIds(HashMap<Uuid, usize>);

impl ShortIds {
    /// Asks the server for the unique length of each id. Without an answer the ids stay whole: they
    /// are only shown.
    pub(crate) async fn find(client: &Client, ids: impl IntoIterator<Item = Uuid>) -> Self {
        let (mut short, mut open) = (Self::default(), ids.into_iter().collect::<Vec<_>>());
        for length in LENGTHS {
            let Ok(unique) = unique(client, &open, length).await else {
                break;
            };
            short.0.extend(unique.iter().map(|id| (*id, length)));
            open.retain(|id| !short.0.contains_key(id));
            if open.is_empty() {
                break;
            }
        }
        short
    }

    /// The beginning of the id that is unique, or the whole id.
    pub(crate) fn text(&self, id: Uuid) -> String {
        let length = self.0.get(&id).copied().unwrap_or(WHOLE);
        id.to_string().chars().take(length).collect()
    }

    /// The id as a value of a table.
    pub(crate) fn value(&self, id: Uuid) -> Value {
        Value::shortened(&id, self.0.get(&id).copied().unwrap_or(WHOLE))
    }
}

/// The length with which an id is unique among others.
pub(crate) fn unique_length(id: &str, others: &[&str]) -> usize {
    let is_unique = |length: &usize| {
        let prefix = id.get(..*length);
        others
            .iter()
            .all(|other| *other == id || other.get(..*length) != prefix)
    };
    LENGTHS.into_iter().find(is_unique).unwrap_or(WHOLE)
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
