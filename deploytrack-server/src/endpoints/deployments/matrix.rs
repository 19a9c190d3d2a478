//! `GET /api/v1/deployments/matrix`: the matrix.

use deploytrack_core::{clock, matrix::Row, openapi::list_of, query::MatrixFilter};

use super::filters;
use crate::{
    openapi::{OperationDraft, group, parameters::a_time},
    request::Call,
    response::HandlerResult,
    streaming,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        group::DEPLOYMENTS,
        "showMatrix",
        "Read the matrix",
        "Returns a row for each component, in the order of their names, with a cell for each environment in which a deployment of it \
         is current. A cell shows the deployment that succeeded most recently (`succeededAt`) and has not been rolled back. An \
         undeployment empties the cell.",
    )
    .parameters(filters::of_cells_doc().into_iter().chain([a_time("at", "The matrix at this time instead of now.")]))
    .returns("The matrix.", list_of::<Row>())
}

/// Returns the matrix, now or at a given time.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let filter = MatrixFilter {
        at: query.read("at", clock::parse),
        ..filters::of_cells(&mut query)
    };
    let filter = query.finish(Some(filter))?;
    streaming::array(&call, call.tracker().matrix_pages(filter)).await
}
