//! Responses with many rows. A small one is sent whole, with its entity tag. A large one is
//! streamed page by page as the client reads it, so that the server holds only a part of it in
//! memory.

use std::sync::Arc;

use bytes::Bytes;
use deploytrack_core::tracker::Pages;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde::Serialize;

use crate::{
    body::{Body, BodyError, JSON, guarded},
    quota::Permit,
    refusal::{Refusal, internal},
    request::Call,
    response::{HandlerResult, tagged},
};

/// The most bytes of a response that is sent whole. A matrix of a thousand components in eight
/// environments takes about 1.7 MB, and 2.1 MB with its gaps. Every running read may hold as much.
const WHOLE: usize = 4 * 1024 * 1024;

/// 200 and the rows as a JSON array, with its entity tag unless it is streamed.
pub(crate) async fn array<P>(call: &Call, mut pages: P) -> HandlerResult
where
    P: Pages<Row: Serialize> + 'static,
{
    let mut text = vec![b'['];
    while text.len() <= WHOLE {
        let Some(page) = pages.next().await? else {
            text.push(b']');
            // The cache counts the bytes, and not the room behind them.
            text.shrink_to_fit();
            return tagged(StatusCode::OK, JSON, text);
        };
        add(&mut text, &page)?;
    }
    // Requests for other large answers wait meanwhile, because this one keeps its permit to read.
    let permit = call.answer_permit(text.len()).await?;
    let rest = stream::try_unfold(Some(pages), |pages| async move {
        match pages {
            Some(pages) => next(pages).await.map(Some),
            None => Ok(None),
        }
    });
    let chunks = stream::once(async { Ok(text.into()) }).chain(rest);
    Ok(streamed(
        JSON,
        chunks,
        permit,
        call,
        "a large answer broke off",
    ))
}

/// The text of the next rows, and the pages after them.
async fn next<P: Pages<Row: Serialize>>(mut pages: P) -> Result<(Bytes, Option<P>), Refusal> {
    loop {
        let Some(page) = pages.next().await? else {
            return Ok((Bytes::from_static(b"]"), None));
        };
        let mut text = vec![b','];
        add(&mut text, &page)?;
        if !page.is_empty() {
            return Ok((text.into(), Some(pages)));
        }
    }
}

/// Adds rows to the text of an array. The text begins with `[`, or with the comma after the rows
/// before.
fn add(text: &mut Vec<u8>, page: &[impl Serialize]) -> Result<(), Refusal> {
    for row in page {
        if text.len() > 1 {
            text.push(b',');
        }
        serde_json::to_writer(&mut *text, row).map_err(internal)?;
    }
    Ok(())
}

/// 200 and a body that is made as the client reads it. Each chunk holds the permit until it is
/// written.
pub(crate) fn streamed(
    media_type: &'static str,
    chunks: impl Stream<Item = Result<Bytes, Refusal>> + Send + 'static,
    permit: Permit,
    call: &Call,
    message: &'static str,
) -> Response<Body> {
    let (permit, request_id) = (Arc::new(permit), call.request_id().to_owned());
    let frames = chunks.map_ok(move |chunk| Frame::data(guarded(chunk, permit.clone())));
    // The status is already sent. Ending without the last chunk is the only way to report that the
    // rest is missing.
    let frames = frames.map_err(move |refusal: Refusal| {
        let cause = refusal.cause().unwrap_or_default();
        tracing::error!(request_id, cause, "{message}");
        BodyError::from(message)
    });
    let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(frames)));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
