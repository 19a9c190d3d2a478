//! `deploytrack matrix`

mod columns;
mod empty;
mod live;
mod request;
mod since;

use deploytrack_core::{
    catalog::Reference,
    clock::{self, Time},
    text::Label,
};

use self::{columns::Columns, request::request};
use crate::{
    error::Failure,
    flags::Output,
    render::matrix::{cells, markdown, matrix_table},
    session::Session,
    time_arg,
};

/// Show the current version of each component in each environment
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
Each cell shows the current version and how long ago it succeeded, and below it a newer deployment \
that failed or has not ended. ↓2 is 2 versions behind the environment before it, ↑1 is one ahead, \
and ≠ differs from it in an unknown direction.

Examples:
  deploytrack matrix
  deploytrack matrix --environment staging --environment production --owner payments
  deploytrack matrix --at '2 days ago'
  deploytrack matrix --since yesterday
  deploytrack matrix -o markdown")]
pub(crate) struct Matrix {
    /// Only this environment; may be repeated
    #[arg(short, long, value_name = "NAME|ID")]
    environment: Vec<Reference>,
    /// Only this component; may be repeated
    #[arg(short, long, value_name = "NAME|ID")]
    component: Vec<Reference>,
    /// Only components of this owner
    #[arg(long)]
    owner: Option<Label>,
    /// Only components of this kind
    #[arg(long)]
    kind: Option<Label>,
    /// Only components in this lifecycle
    #[arg(long)]
    lifecycle: Option<Label>,
    /// Show archived components and environments too
    #[arg(long)]
    include_archived: bool,
    /// Show the state at this time: 2h (ago), yesterday, 2026-11-23 or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    at: Option<Time>,
    /// Show only cells whose version changed since this time, as old → new
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse, conflicts_with = "at")]
    since: Option<Time>,
    /// Show the matrix full-screen and redraw it after changes; arrow keys scroll, q ends the command
    #[arg(short, long, conflicts_with_all = ["at", "since", "output"])]
    pub(crate) watch: bool,
}

pub(crate) async fn run(matrix: Matrix, session: &mut Session<'_>) -> Result<(), Failure> {
    if matrix.watch {
        return live::run(&matrix, session).await;
    }
    if let Some(since) = matrix.since {
        return since::run(&matrix, since, session).await;
    }
    let answer = request(&matrix, session).await?;
    if let Some(why) = &answer.no_gaps {
        session.warn(&format!(
            "the gaps between environments are not known: {why}"
        ));
    }
    // Ages are relative to the time that is shown.
    session.view.now = answer.filter.at.unwrap_or(session.view.now);
    let contents = answer.contents(&answer.columns);
    match session.output() {
        Output::Table => {}
        Output::Csv => return session.print(&cells(contents).csv(true)),
        Output::Markdown => return session.print(&markdown(contents)),
        Output::Json | Output::Yaml | Output::Jsonl => return session.json(&answer.text),
    }
    if answer.matrix.is_empty() {
        let why = empty::reason(&answer.filter, session).await?;
        return session.note(&why);
    }
    if let Some(at) = answer.filter.at {
        session.note(&format!("the state at {}", clock::format(&at)))?;
    }
    // A pipe gets all columns; a terminal gets a number that people can read.
    let columns = if session.view.width.is_none() {
        Columns::all(answer.columns.clone())
    } else {
        answer.readable_columns()
    };
    let text = matrix_table(answer.contents(&columns.shown), &session.view);
    session.print(&text)?;
    columns
        .left_out()
        .map_or(Ok(()), |left_out| session.note(&left_out))
}
