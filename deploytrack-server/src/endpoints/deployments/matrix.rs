//! `GET /api/v1/deployments/matrix`: the matrix.

use deploytrack_core::{clock, matrix::Row, openapi::list_of, query::MatrixFilter};

use super::filters;
use crate::{
    openapi::{
        OperationDraft, examples, group,
        parameters::{a_time, flag},
    },
    request::Call,
    response::HandlerResult,
    streaming,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "showMatrix",
        "Read the matrix",
        "Returns a row for each component, in the order of their names, with a cell for each environment in which a deployment of it \
         is current. A cell shows the deployment that succeeded most recently (`succeededAt`) and has not been rolled back. An \
         undeployment empties the cell.",
    )
    .parameters(filters::of_cells_doc().into_iter().chain([
        a_time("at", "The matrix at this time. [default: now]"),
        flag(
            "gaps",
            "Compare each cell with the nearest cell before it whose environment has an earlier type (`development`, `testing`, \
             `staging`, `production`), among the cells of the answer. The history decides which one is ahead, and a cell has the \
             result as `gap`.",
        ),
    ]))
    .returns("The matrix.", list_of::<Row>(), examples::matrix())
    .wrong_query("at=yesterday", |query| query.read("at", clock::parse))
}

/// Returns the matrix, now or at a given time.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let filter = MatrixFilter {
        at: query.read("at", clock::parse),
        gaps: query.flag("gaps").unwrap_or(false),
        ..filters::of_cells(&mut query)
    };
    let filter = query.finish(Some(filter))?;
    streaming::array(&call, call.tracker().matrix_pages(filter)).await
}
