//! `deploytrack matrix`

mod live;

use deploytrack_core::{
    catalog::{Environment, Kind, Reference},
    client::Answer,
    clock,
    query::MatrixFilter,
    text::{Label, Name},
};

use crate::{
    args::Output,
    error::Failure,
    lookup::missing,
    moment::{self, Moment},
    render::matrix::{cells, drawn},
    session::Session,
};

/// Show which version is current where
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
Each cell shows the version and how long ago it succeeded. The sign ≠ marks a version that differs \
from the one in the next environment to its right.

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
    /// Show what is archived too
    #[arg(long)]
    include_archived: bool,
    /// Show what was current at this moment: a time, a date (its beginning, in UTC), or such as '2 days ago'
    #[arg(long, value_name = "MOMENT", value_parser = moment::parse)]
    at: Option<Moment>,
    /// Show it on the whole screen and draw it again when something changes; Ctrl-C ends it
    #[arg(short, long, conflicts_with_all = ["at", "output"])]
    pub(crate) watch: bool,
}

/// A matrix as it was asked for.
struct Asked {
    columns: Vec<Name>,
    filter: MatrixFilter,
    matrix: deploytrack_core::matrix::Matrix,
    text: String,
}

/// Asks for the matrix.
async fn ask(matrix: &Matrix, session: &Session<'_>) -> Result<Asked, Failure> {
    let columns = columns(matrix, session).await?;
    let filter = MatrixFilter {
        components: components(&matrix.component, session).await?,
        environments: if matrix.environment.is_empty() { Vec::new() } else { columns.clone() },
        owner: matrix.owner.clone(),
        kind: matrix.kind.clone(),
        lifecycle: matrix.lifecycle.clone(),
        include_archived: matrix.include_archived,
        at: matrix.at.as_ref().map(|at| at.seen_from(session.view.now)),
    };
    let Answer { value, text, .. } = session.client.matrix(&filter).await?;
    Ok(Asked { columns, filter, matrix: value, text })
}

pub(crate) async fn run(matrix: Matrix, session: &mut Session<'_>) -> Result<(), Failure> {
    if matrix.watch {
        return live::run(&matrix, session).await;
    }
    let Asked { columns, filter, matrix, text } = ask(&matrix, session).await?;
    // Ages are counted to the moment that is shown.
    session.view.now = filter.at.unwrap_or(session.view.now);
    if session.output() != Output::Table {
        return session.answer(&text, &cells(&matrix));
    }
    if matrix.is_empty() {
        return session.note(&empty(&filter));
    }
    if let Some(at) = filter.at {
        session.note(&format!("what was current at {}", clock::format(&at)))?;
    }
    let text = drawn(&matrix, &columns, &session.view);
    Ok(session.out.write_all(text.as_bytes())?)
}

/// What is said of a matrix without a row.
fn empty(filter: &MatrixFilter) -> String {
    let labels = [("--owner", &filter.owner), ("--kind", &filter.kind), ("--lifecycle", &filter.lifecycle)];
    let given: Vec<_> = labels.iter().filter_map(|(flag, label)| Some(format!("{flag} {}", label.as_ref()?))).collect();
    if !given.is_empty() {
        return format!(
            "the matrix is empty: no component with {} is current anywhere; `deploytrack component list` shows them",
            given.join(" and ")
        );
    }
    if !filter.components.is_empty() || !filter.environments.is_empty() || filter.at.is_some() {
        return "the matrix is empty: nothing of what was asked for is current".to_owned();
    }
    "the matrix is empty; record something: deploytrack record --component api --environment production --version v1 --status succeeded"
        .to_owned()
}

/// The names of the environments to show, in order.
async fn columns(matrix: &Matrix, session: &Session<'_>) -> Result<Vec<Name>, Failure> {
    let known = session.all_environments().await?;
    for asked in &matrix.environment {
        let Some(found) = known.iter().find(|known| is(known, asked)) else {
            return Err(missing(Kind::Environment, asked, known.iter().map(|known| &known.name)));
        };
        if found.archived && !matrix.include_archived {
            return Err(Failure::new(crate::Exit::Refused, format!("the environment {} is archived", found.name))
                .hint("--include-archived shows it"));
        }
    }
    let shown = |known: &&Environment| {
        (matrix.include_archived || !known.archived)
            && (matrix.environment.is_empty() || matrix.environment.iter().any(|asked| is(known, asked)))
    };
    Ok(known.iter().filter(shown).map(|known| known.name.clone()).collect())
}

fn is(known: &Environment, asked: &Reference) -> bool {
    match asked {
        // A name may have the form of an id.
        Reference::Id(id) => known.id == *id || known.name.as_str() == id.to_string(),
        Reference::Name(name) => known.name == *name,
    }
}

/// The names of the components that were asked for; each must exist.
async fn components(asked: &[Reference], session: &Session<'_>) -> Result<Vec<Name>, Failure> {
    let mut names = Vec::new();
    for component in asked {
        names.push(session.component(component).await?.name);
    }
    Ok(names)
}
