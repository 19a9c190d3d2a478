//! `deploytrack verify`

use crate::{
    Exit,
    args::Output,
    error::Failure,
    render::grid::{Column, Grid, Value},
    session::Session,
};

pub(crate) async fn run(session: &mut Session<'_>) -> Result<(), Failure> {
    let found = session.client.verify().await?;
    match session.output() {
        Output::Table => found.value.to_string().lines().try_for_each(|line| session.line(&crate::render::text::clean(line))),
        _ => session.answer(&found.text, &differences(&found.value.differences)),
    }?;
    if found.value.ok {
        return Ok(());
    }
    Err(if found.value.is_repairable() {
        Failure::new(Exit::Difference, "what the server keeps is not what its history says")
            .hint("on the server, `deploytrack-server verify --repair` writes it again from the history")
    } else if found.value.is_damaged() {
        Failure::new(Exit::Difference, "a part of the server's database cannot be read").hint("a backup is needed")
    } else {
        Failure::new(Exit::Difference, "the server's history is not as it was recorded").hint("only a backup can tell what it was")
    })
}

fn differences(found: &[deploytrack_core::verification::Difference]) -> Grid {
    let columns = [
        Column::fixed("table", "TABLE"),
        Column::fixed("deploymentId", "DEPLOYMENT"),
        Column::fixed("sequence", "SEQUENCE"),
        Column::fixed("componentId", "COMPONENT"),
        Column::fixed("environmentId", "ENVIRONMENT"),
        Column::fixed("repairable", "REPAIRABLE"),
        Column::flexible("detail", "DETAIL"),
    ];
    let row = |found: &deploytrack_core::verification::Difference| {
        vec![
            Value::text(&found.table),
            Value::optional(found.deployment_id.as_ref()),
            Value::optional(found.sequence.as_ref()),
            Value::optional(found.component_id.as_ref()),
            Value::optional(found.environment_id.as_ref()),
            Value::text(&found.repairable),
            Value::text(&found.detail),
        ]
    };
    Grid::new(columns, found.iter().map(row))
}
