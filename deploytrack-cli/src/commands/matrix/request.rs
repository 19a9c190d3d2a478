//! The requests of `deploytrack matrix`.

use deploytrack_core::{
    catalog::{CatalogKind, Environment, Reference},
    client::{ApiResponse, Error},
    clock::Time,
    deployment::Deployment,
    query::{CatalogFilter, MatrixFilter},
    text::Name,
};

use super::{Matrix, columns::Columns};
use crate::{
    error::Failure,
    exit::Exit,
    flags::Output,
    lookup::not_found,
    render::ids::ShortIds,
    render::matrix::{Column, Contents},
    session::Session,
};

/// The server's answers, with the query.
pub(super) struct Answer {
    pub(super) columns: Vec<Column>,
    pub(super) filter: MatrixFilter,
    pub(super) matrix: deploytrack_core::matrix::Matrix,
    unsettled: Vec<Deployment>,
    ids: ShortIds,
    /// Why the gaps are missing.
    pub(super) no_gaps: Option<String>,
    /// The matrix as the server wrote it.
    pub(super) text: String,
}

impl Answer {
    pub(super) fn contents<'a>(&'a self, columns: &'a [Column]) -> Contents<'a> {
        Contents {
            matrix: &self.matrix,
            unsettled: &self.unsettled,
            columns,
            ids: &self.ids,
        }
    }

    /// The columns of a table that people read: those that `--environment` names, or not too many.
    pub(super) fn readable_columns(&self) -> Columns {
        if self.filter.environments.is_empty() {
            Columns::readable(self.contents(&self.columns))
        } else {
            Columns::all(self.columns.clone())
        }
    }
}

/// Requests the matrix, and the unsettled deployments for the forms that show them.
pub(super) async fn request(matrix: &Matrix, session: &Session<'_>) -> Result<Answer, Failure> {
    let (columns, filter) = query(matrix, session).await?;
    let (answer, no_gaps) = cells(&filter, session).await?;
    let ApiResponse { value, text, .. } = answer;
    let shows_unsettled = matches!(
        session.output(),
        Output::Table | Output::Csv | Output::Markdown
    );
    // Read after the matrix: in the other order, a deployment that succeeds in between would be
    // shown as current and as unsettled.
    let unsettled = if shows_unsettled && filter.at.is_none() {
        session.client.unsettled(&filter).await?.value
    } else {
        Vec::new()
    };
    let ids = if session.view.is_wide {
        let current = value.iter().flat_map(|row| row.environments.iter());
        let current = current.map(|(_, cell)| cell.deployment_id);
        let ids = current.chain(unsettled.iter().map(|one| one.id));
        session.short_ids(ids).await
    } else {
        ShortIds::default()
    };
    Ok(Answer {
        columns,
        filter,
        matrix: value,
        unsettled,
        ids,
        no_gaps,
        text,
    })
}

/// The matrix with its gaps. The server computes them from the history, of which a part may be
/// damaged: the versions are shown all the same.
async fn cells(
    filter: &MatrixFilter,
    session: &Session<'_>,
) -> Result<
    (
        ApiResponse<deploytrack_core::matrix::Matrix>,
        Option<String>,
    ),
    Failure,
> {
    match session.client.matrix(filter).await {
        Err(error @ Error::Server(_)) => {
            let without_gaps = MatrixFilter {
                gaps: false,
                ..filter.clone()
            };
            let answer = session.client.matrix(&without_gaps).await?;
            Ok((answer, Some(Failure::of(&error).message().to_owned())))
        }
        answer => Ok((answer?, None)),
    }
}

/// The columns, and the query of the matrix.
pub(super) async fn query(
    matrix: &Matrix,
    session: &Session<'_>,
) -> Result<(Vec<Column>, MatrixFilter), Failure> {
    let columns = columns(matrix, session).await?;
    let environments = if matrix.environment.is_empty() {
        Vec::new()
    } else {
        columns.iter().map(|column| column.name.clone()).collect()
    };
    let filter = MatrixFilter {
        components: components(matrix, session).await?,
        environments,
        owner: matrix.owner.clone(),
        kind: matrix.kind.clone(),
        lifecycle: matrix.lifecycle.clone(),
        include_archived: matrix.include_archived,
        at: matrix.at,
        gaps: true,
    };
    Ok((columns, filter))
}

/// The environments to show, in order.
async fn columns(matrix: &Matrix, session: &Session<'_>) -> Result<Vec<Column>, Failure> {
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
    Ok(known.iter().filter(shown).map(Column::from).collect())
}

/// Rejects a named component or environment that would be hidden.
fn reject_hidden(
    matrix: &Matrix,
    (kind, name, archived_at): (CatalogKind, &Name, Option<Time>),
) -> Result<(), Failure> {
    if is_shown(matrix, archived_at) {
        return Ok(());
    }
    Err(
        Failure::new(Exit::Refused, format!("the {kind} {name} is archived"))
            .hint("--include-archived shows it"),
    )
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
