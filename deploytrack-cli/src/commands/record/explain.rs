//! `deploytrack record --explain`

use serde_json::{Value as Json, json};

use super::resolve::{ExplainedValue, ResolvedRecord};
use crate::{
    ci::without_credentials,
    error::Failure,
    render::grid::{Column, Grid, Value},
    session::Session,
};

/// Prints every value and its source. A missing value is an error here too, after the values that
/// were found.
pub(super) fn run(record: ResolvedRecord, session: &mut Session<'_>) -> Result<(), Failure> {
    let values: Vec<_> = record
        .values
        .into_iter()
        .chain(server_and_token(session))
        .collect();
    let columns = [
        Column::fixed("name", "NAME"),
        Column::flexible("value", "VALUE"),
        Column::flexible("source", "FROM"),
    ];
    let rows = values.iter().map(|one| {
        vec![
            Value::text(&one.name),
            Value::optional(one.value.as_ref()),
            Value::text(&one.source),
        ]
    });
    session.answer(&json(&values), &Grid::new(columns, rows))?;
    record.deployment.map(drop)
}

fn json(values: &[ExplainedValue]) -> String {
    let objects = values
        .iter()
        .map(|one| json!({"name": one.name, "value": one.value, "source": one.source}));
    Json::Array(objects.collect()).to_string()
}

/// The server of the record, and the source of the token. The token itself is never printed.
fn server_and_token(session: &Session<'_>) -> Vec<ExplainedValue> {
    let Some(sources) = &session.sources else {
        return Vec::new();
    };
    let source = |text: &str, before: &str| text.strip_prefix(before).unwrap_or(text).to_owned();
    let token = source(&sources.token, "with the token ");
    vec![
        ExplainedValue {
            name: "server".to_owned(),
            value: Some(without_credentials(session.client.url())),
            source: source(&sources.url, "from "),
        },
        ExplainedValue {
            name: "token".to_owned(),
            value: sources.has_token.then(|| "(not shown)".to_owned()),
            source: source(&token, "with "),
        },
    ]
}
