//! `GET /api/v1/tokens`: a page of tokens.

use crate::{
    openapi::{OperationDraft, examples, group, parameters::skip_and_take},
    request::Call,
    response::{HandlerResult, page},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::TOKENS,
        "listTokens",
        "List tokens",
        "Returns a page of the tokens that the server stores, in the order of their names, without their secrets. Tokens that have ended \
         are listed for 30 days.",
    )
    .parameters(skip_and_take())
    .returns_page("TokenPage", examples::page_of_tokens())
}

/// Returns a page of tokens, in the order of their names.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let request = query.page();
    let request = query.finish(request)?;
    page(call.tracker().tokens(request).await?, call.query_text())
}
