//! `deploytrack verify`

use std::time::Duration;

use crate::{
    error::Failure,
    exit::Exit,
    flags::Output,
    render::grid::{Column, Grid, Value},
    session::Session,
    settings,
    ui::Invocation,
};

/// Check the server's data against its history
///
/// The server checks the hash of every history row, and compares the deployments, the current cells
/// and the counts with the history. The exit code is 6 if there is a difference. A long history
/// takes time: the default of --timeout is one hour here.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  deploytrack verify")]
pub(crate) struct Verify {}

/// The default of `--timeout`: the server answers when it has read the whole history.
const ANSWER_TIMEOUT: Duration = Duration::from_hours(1);

/// Opens the session, with the longer default of `--timeout`.
pub(crate) fn open(mut invocation: Invocation<'_>) -> Result<Session<'_>, Failure> {
    invocation.global.timeout =
        settings::answer_timeout(&invocation.global, invocation.env)?.or(Some(ANSWER_TIMEOUT));
    Session::open(invocation)
}

pub(crate) async fn run(session: &mut Session<'_>) -> Result<(), Failure> {
    let found = session.client.verify().await?;
    match session.output() {
        Output::Table => found
            .value
            .to_string()
            .lines()
            .try_for_each(|line| session.line(&crate::render::text::clean(line))),
        _ => session.answer(&found.text, &differences(&found.value.differences)),
    }?;
    if found.value.ok {
        return Ok(());
    }
    Err(if found.value.is_repairable() {
        Failure::new(
            Exit::Difference,
            "the server's data differs from its history",
        )
        .hint(
            "run `deploytrack-server verify --repair` on the server to rebuild it from the history",
        )
    } else if found.value.is_damaged() {
        Failure::new(
            Exit::Difference,
            "a part of the server's database cannot be read",
        )
        .hint("restore a backup")
    } else {
        Failure::new(
            Exit::Difference,
            "the server's history was changed after it was recorded",
        )
        .hint("only a backup has the recorded history")
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
