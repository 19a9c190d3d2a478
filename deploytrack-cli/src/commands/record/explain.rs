//! `deploytrack record --explain`

use serde_json::{Value as Json, json};

use super::settled::{Entry, Settled};
use crate::{
    error::Failure,
    pipeline::ci::without_credentials,
    render::grid::{Column, Grid, Value},
    session::Session,
};

/// Shows every value and where it is from. What is missing is an error here too, after all that is known.
pub(super) fn run(settled: Settled, session: &mut Session<'_>) -> Result<(), Failure> {
    let entries: Vec<_> = settled.entries.into_iter().chain(of_the_server(session)).collect();
    let columns = [Column::fixed("name", "NAME"), Column::flexible("value", "VALUE"), Column::flexible("source", "FROM")];
    let rows =
        entries.iter().map(|entry| vec![Value::text(&entry.name), Value::optional(entry.value.as_ref()), Value::text(&entry.source)]);
    session.answer(&json(&entries), &Grid::new(columns, rows))?;
    settled.new.map(drop)
}

fn json(entries: &[Entry]) -> String {
    let objects = entries.iter().map(|entry| json!({"name": entry.name, "value": entry.value, "source": entry.source}));
    Json::Array(objects.collect()).to_string()
}

/// Which server it would go to. Of the token only where it is from is ever said.
fn of_the_server(session: &Session<'_>) -> Vec<Entry> {
    let Some(sources) = &session.sources else { return Vec::new() };
    let source = |text: &str, before: &str| text.strip_prefix(before).unwrap_or(text).to_owned();
    vec![
        Entry { name: "server".to_owned(), value: Some(without_credentials(session.client.url())), source: source(&sources.url, "from ") },
        Entry {
            name: "token".to_owned(),
            value: sources.has_token.then(|| "(not shown)".to_owned()),
            source: source(&sources.token, "with the token "),
        },
    ]
}
