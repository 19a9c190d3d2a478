//! `deploytrack matrix`

mod columns;
mod live;

use deploytrack_core::{
    catalog::{CatalogKind, Environment, Reference},
    client::ApiResponse,
    clock::{self, Time},
    query::{CatalogFilter, MatrixFilter, PageRequest},
    text::{Label, Name},
};

use self::columns::Columns;
use crate::{
    error::Failure,
    flags::Output,
    lookup::not_found,
    render::matrix::{cells, matrix_table},
    session::Session,
    time_arg,
};

/// Show the current version of each component in each environment
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
Each cell shows the version and how long ago it succeeded. The sign ≠ marks a version that differs \
from the version in the next environment to its right.

Examples:
  deploytrack matrix
  deploytrack matrix --environment staging --environment production --owner payments
  deploytrack matrix --at '2 days ago'
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
    /// Show the matrix full-screen and redraw it after changes; Ctrl-C ends the command
    #[arg(short, long, conflicts_with_all = ["at", "output"])]
    pub(crate) watch: bool,
}

/// The server's answer, with the query.
struct MatrixAnswer {
    columns: Vec<Name>,
    filter: MatrixFilter,
    matrix: deploytrack_core::matrix::Matrix,
    text: String,
}

/// Requests the matrix.
async fn request(matrix: &Matrix, session: &Session<'_>) -> Result<MatrixAnswer, Failure> {
    let columns = columns(matrix, session).await?;
    let filter = MatrixFilter {
        components: components(matrix, session).await?,
        environments: if matrix.environment.is_empty() {
            Vec::new()
        } else {
            columns.clone()
        },
        owner: matrix.owner.clone(),
        kind: matrix.kind.clone(),
        lifecycle: matrix.lifecycle.clone(),
        include_archived: matrix.include_archived,
        at: matrix.at,
        gaps: false,
    };
    let ApiResponse { value, text, .. } = session.client.matrix(&filter).await?;
    Ok(MatrixAnswer {
        columns,
        filter,
        matrix: value,
        text,
    })
}

pub(crate) async fn run(matrix: Matrix, session: &mut Session<'_>) -> Result<(), Failure> {
    if matrix.watch {
        return live::run(&matrix, session).await;
    }
    let are_named = !matrix.environment.is_empty();
    let MatrixAnswer {
        columns,
        filter,
        matrix,
        text,
    } = request(&matrix, session).await?;
    // Ages are relative to the time that is shown.
    session.view.now = filter.at.unwrap_or(session.view.now);
    if session.output() != Output::Table {
        return session.answer(&text, &cells(&matrix));
    }
    if matrix.is_empty() {
        let why = why_empty(&filter, session).await?;
        return session.note(&why);
    }
    if let Some(at) = filter.at {
        session.note(&format!("the state at {}", clock::format(&at)))?;
    }
    // A pipe gets all columns; a terminal gets a number that people can read.
    let columns = if are_named || session.view.width.is_none() {
        Columns::all(columns)
    } else {
        Columns::readable(&columns, &matrix)
    };
    let text = matrix_table(&matrix, &columns.shown, &session.view);
    session.out.write_all(text.as_bytes())?;
    columns
        .left_out()
        .map_or(Ok(()), |left_out| session.note(&left_out))
}

/// The names of the environments to show, in order.
async fn columns(matrix: &Matrix, session: &Session<'_>) -> Result<Vec<Name>, Failure> {
    // An environment that was archived later belongs to a matrix of the past.
    let is_past = matrix.at.is_some();
    let archived =
        (!matrix.include_archived && !is_past && matrix.environment.is_empty()).then_some(false);
    let known = session
        .environments(&CatalogFilter {
            name: None,
            archived,
        })
        .await?;
    for reference in &matrix.environment {
        let Some(found) = known.iter().find(|known| matches(known, reference)) else {
            return Err(not_found(
                CatalogKind::Environment,
                reference,
                known.iter().map(|known| &known.name),
            ));
        };
        reject_hidden(
            matrix,
            (CatalogKind::Environment, &found.name, found.archived_at),
        )?;
    }
    let shown = |known: &&Environment| {
        is_shown(matrix, known.archived_at)
            && (matrix.environment.is_empty()
                || matrix
                    .environment
                    .iter()
                    .any(|reference| matches(known, reference)))
    };
    Ok(known
        .iter()
        .filter(shown)
        .map(|known| known.name.clone())
        .collect())
}

/// Rejects a named component or environment that would be hidden.
fn reject_hidden(
    matrix: &Matrix,
    (kind, name, archived_at): (CatalogKind, &Name, Option<Time>),
) -> Result<(), Failure> {
    if is_shown(matrix, archived_at) {
        return Ok(());
    }
    Err(Failure::new(
        crate::exit::Exit::Refused,
        format!("the {kind} {name} is archived"),
    )
    .hint("--include-archived shows it"))
}

/// Whether an entry is shown: it is not archived, `--include-archived` is given, or `--at` is
/// before its archiving.
fn is_shown(matrix: &Matrix, archived_at: Option<Time>) -> bool {
    matrix.include_archived
        || archived_at.is_none_or(|archived_at| matrix.at.is_some_and(|at| at < archived_at))
}

fn matches(known: &Environment, reference: &Reference) -> bool {
    match reference {
        // A name may have the form of an id.
        Reference::Id(id) => known.id == *id || known.name.as_str() == id.to_string(),
        Reference::Name(name) => known.name == *name,
    }
}

/// The names of the components in the filter; each must exist and be visible.
async fn components(matrix: &Matrix, session: &Session<'_>) -> Result<Vec<Name>, Failure> {
    let mut names = Vec::new();
    for component in &matrix.component {
        let found = session.component(component).await?;
        reject_hidden(
            matrix,
            (CatalogKind::Component, &found.name, found.archived_at),
        )?;
        names.push(found.name);
    }
    Ok(names)
}

/// The reason why the matrix is empty.
async fn why_empty(filter: &MatrixFilter, session: &Session<'_>) -> Result<String, Failure> {
    let archived = CatalogFilter {
        name: None,
        archived: Some(true),
    };
    let archived = session
        .client
        .matching_components(&archived, PageRequest::default())
        .await?
        .value
        .total;
    let hidden = (archived > 0 && !filter.include_archived)
        .then(|| format!("; {archived} components are archived: --include-archived shows them"));
    let labels = [
        ("--owner", &filter.owner),
        ("--kind", &filter.kind),
        ("--lifecycle", &filter.lifecycle),
    ];
    let given: Vec<_> = labels
        .iter()
        .filter_map(|(flag, label)| Some(format!("{flag} {}", label.as_ref()?)))
        .collect();
    let is_narrowed =
        !filter.components.is_empty() || !filter.environments.is_empty() || filter.at.is_some();
    Ok(match hidden {
        hidden if !given.is_empty() => format!(
            "the matrix is empty: no component with {} has a current deployment; `deploytrack component list` shows the components{}",
            given.join(" and "),
            hidden.unwrap_or_default()
        ),
        hidden if is_narrowed => {
            format!("the matrix is empty: no deployment that matches the filters is current{}", hidden.unwrap_or_default())
        }
        Some(hidden) => format!("the matrix is empty{hidden}"),
        None => {
            "the matrix is empty; record something: deploytrack record --component api --environment production --version v1 --status succeeded"
                .to_owned()
        }
    })
}
