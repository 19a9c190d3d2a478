//! `deploytrack retention`

use std::time::Duration;

use clap::Subcommand;
use deploytrack_core::{
    client, clock,
    retention::{
        CellPreview, KEEP_LAST, LEAST_AGE, MOST_KEEP_LAST, RemovalOutcome, RemovalRequest,
        RetentionPreview, Rule,
    },
};

use crate::{
    error::Failure,
    flags::{Output, duration},
    render::grid::{Column, Grid, Value},
    session::Session,
    settings,
    ui::Invocation,
};

/// Remove old deployments
///
/// By default everything is retained for ever. What is current, what was current before, the target
/// of a rollback, deployments in flight, the latest failed one and the newest of each cell are never
/// removed, and every past moment still shows what was current then.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  deploytrack retention preview --older-than 2y")]
pub(crate) struct Retention {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show how many deployments of each cell would be removed
    #[command(
        after_help = "Examples:\n  deploytrack retention preview --older-than 2y\n  deploytrack retention preview --older-than 400d --keep-last 50"
    )]
    Preview(Selection),
    /// Remove the deployments that the preview shows
    ///
    /// Without --yes, the command shows the preview, and removes nothing. The default of --timeout
    /// is one hour here.
    #[command(after_help = "Example:\n  deploytrack retention remove --older-than 2y --yes")]
    Remove {
        #[command(flatten)]
        selection: Selection,
        /// Remove the deployments
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Selection {
    /// Only deployments about which nothing happened for this long, such as 2y; at least 90d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    older_than: Duration,
    /// How many of the newest deployments of each cell are retained
    #[arg(long, value_name = "NUMBER", default_value_t = KEEP_LAST, value_parser = clap::value_parser!(u64).range(1..=MOST_KEEP_LAST))]
    keep_last: u64,
}

/// The default of `--timeout`: the server answers when all is removed.
const ANSWER_TIMEOUT: Duration = Duration::from_hours(1);
const DAY: u64 = 24 * 60 * 60;

/// Opens the session, with the longer default of `--timeout`.
pub(crate) fn open(mut invocation: Invocation<'_>) -> Result<Session<'_>, Failure> {
    invocation.global.timeout =
        settings::answer_timeout(&invocation.global, invocation.env)?.or(Some(ANSWER_TIMEOUT));
    Session::open(invocation)
}

pub(crate) async fn run(command: Retention, session: &mut Session<'_>) -> Result<(), Failure> {
    match command.action {
        Action::Preview(selection) => {
            let (preview, text) = preview(&selection, session).await?;
            show(&preview, &text, session)
        }
        Action::Remove { selection, yes } => {
            let (preview, text) = preview(&selection, session).await?;
            if preview.deployments == 0 || !yes {
                show(&preview, &text, session)?;
            }
            match (preview.deployments, yes) {
                (0, _) => Ok(()),
                (_, true) => remove(&preview, session).await,
                (number, false) => Err(Failure::usage("nothing was removed").hint(format!(
                    "repeat the command with --yes to remove {}",
                    counted(number)
                ))),
            }
        }
    }
}

/// The preview, and its text as the server sent it.
async fn preview(
    selection: &Selection,
    session: &Session<'_>,
) -> Result<(RetentionPreview, String), Failure> {
    let days = selection.older_than.as_secs().div_ceil(DAY);
    let least = LEAST_AGE.num_days().unsigned_abs();
    if days < least {
        return Err(Failure::usage(format!(
            "--older-than must be at least {least}d, since messages about younger deployments may still arrive"
        )));
    }
    let client = &session.client;
    let found = client.preview_removal(days, selection.keep_last).await;
    let found = found.map_err(or_older_server)?;
    Ok((found.value, found.text))
}

fn show(preview: &RetentionPreview, text: &str, session: &mut Session<'_>) -> Result<(), Failure> {
    let before = clock::format(&preview.before);
    if preview.deployments == 0 && session.output() == Output::Table {
        return session.note(&format!(
            "no deployment from before {before} can be removed"
        ));
    }
    session.answer(text, &grid(&preview.cells))?;
    let more = preview.cell_count - preview.cells.len() as u64;
    let listed = match more {
        0 => String::new(),
        more => format!(" ({more} cells are not listed)"),
    };
    session.note(&format!(
        "{} in {} cells{listed} can be removed, all from before {before}; {} are retained",
        counted(preview.deployments),
        preview.cell_count,
        preview.retained
    ))
}

async fn remove(preview: &RetentionPreview, session: &mut Session<'_>) -> Result<(), Failure> {
    let request = RemovalRequest {
        rule: Rule {
            before: preview.before,
            keep_last: preview.keep_last,
        },
        tag: preview.tag,
    };
    let removed = session.client.remove(&request).await?;
    let outcome = removed.value;
    if session.output() != Output::Table {
        session.answer(&removed.text, &outcome_grid(&outcome))?;
    }
    session.note(&format!(
        "removed {} with {} history rows",
        counted(outcome.deployments),
        outcome.entries
    ))?;
    if outcome.retained > 0 {
        session.warn(&format!(
            "{} were retained, because they changed meanwhile or their history is damaged; `deploytrack verify` checks the history",
            counted(outcome.retained)
        ));
    }
    Ok(())
}

fn counted(number: u64) -> String {
    if number == 1 {
        "1 deployment".to_owned()
    } else {
        format!("{number} deployments")
    }
}

/// The failure of a request for a preview, which a server of an earlier version does not know.
fn or_older_server(error: client::Error) -> Failure {
    Failure::or_older_server(error, "removes nothing", "update the server")
}

fn grid(cells: &[CellPreview]) -> Grid {
    let columns = [
        Column::flexible("componentName", "COMPONENT"),
        Column::flexible("environmentName", "ENVIRONMENT"),
        Column::fixed("deployments", "REMOVABLE"),
        Column::fixed("retained", "RETAINED"),
        Column::fixed("oldest", "OLDEST"),
        Column::fixed("newest", "NEWEST"),
        Column::hidden("componentId"),
        Column::hidden("environmentId"),
    ];
    let row = |cell: &CellPreview| {
        vec![
            Value::text(&cell.component_name),
            Value::text(&cell.environment_name),
            Value::text(&cell.deployments),
            Value::text(&cell.retained),
            Value::Time(cell.oldest),
            Value::Time(cell.newest),
            Value::text(&cell.component_id),
            Value::text(&cell.environment_id),
        ]
    };
    Grid::new(columns, cells.iter().map(row))
}

fn outcome_grid(outcome: &RemovalOutcome) -> Grid {
    let columns = [
        Column::fixed("deployments", "DEPLOYMENTS"),
        Column::fixed("entries", "HISTORY ROWS"),
        Column::fixed("retained", "RETAINED"),
        Column::fixed("lastRemoval", "LAST REMOVAL"),
    ];
    let row = vec![
        Value::text(&outcome.deployments),
        Value::text(&outcome.entries),
        Value::text(&outcome.retained),
        Value::optional(outcome.last_removal.as_ref()),
    ];
    Grid::new(columns, [row])
}
