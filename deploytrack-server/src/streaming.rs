//! Answers of many rows. One that is small is given as a whole, with its tag; a large one is streamed, page by page as the
//! caller takes it, so that the server holds a part of it at a time.

use std::sync::Arc;

use bytes::Bytes;
use deploytrack_core::tracker::Pages;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde::Serialize;

use crate::{
    problem::Refusal,
    request::Call,
    response::{Answer, Body, BodyError, JSON, guarded, internal, tagged},
    share::Share,
};

/// How many bytes an answer has that is given as a whole. The matrix of a thousand components in eight environments has a
/// third of it.
const WHOLE: usize = 2 * 1024 * 1024;

/// 200 and the rows as a JSON array, with its entity tag, unless it is streamed.
pub(crate) async fn rows<P>(call: &Call, mut pages: P) -> Answer
where
    P: Pages<Row: Serialize> + 'static,
{
    let mut text = vec![b'['];
    while text.len() <= WHOLE {
        let Some(page) = pages.next().await? else {
            text.push(b']');
            return tagged(StatusCode::OK, JSON, text);
        };
        add(&mut text, &page)?;
    }
    // Others who ask for a large answer wait: few questions are answered at once.
    let share = call.room(text.len()).await?;
    let rest = stream::try_unfold(Some(pages), |pages| async move {
        match pages {
            Some(pages) => next(pages).await.map(Some),
            None => Ok(None),
        }
    });
    let chunks = stream::once(async { Ok(text.into()) }).chain(rest);
    Ok(streamed(JSON, chunks, share, call, "a large answer broke off"))
}

/// The text of the next rows, and what is behind them.
async fn next<P: Pages<Row: Serialize>>(mut pages: P) -> Result<(Bytes, Option<P>), Refusal> {
    loop {
        let Some(page) = pages.next().await? else { return Ok((Bytes::from_static(b"]"), None)) };
        let mut text = vec![b','];
        add(&mut text, &page)?;
        if !page.is_empty() {
            return Ok((text.into(), Some(pages)));
        }
    }
}

/// Adds rows to the text of an array, whose first character is its own bracket or the comma before them.
fn add(text: &mut Vec<u8>, page: &[impl Serialize]) -> Result<(), Refusal> {
    for row in page {
        if text.len() > 1 {
            text.push(b',');
        }
        serde_json::to_writer(&mut *text, row).map_err(internal)?;
    }
    Ok(())
}

/// 200 and a body that is made as the caller takes it. Each part of it holds the share, also while it waits to be written.
pub(crate) fn streamed(
    media_type: &'static str,
    chunks: impl Stream<Item = Result<Bytes, Refusal>> + Send + 'static,
    share: Share,
    call: &Call,
    broken_off: &'static str,
) -> Response<Body> {
    let (share, request_id) = (Arc::new(share), call.request_id().to_owned());
    let frames = chunks.map_ok(move |chunk| Frame::data(guarded(chunk, share.clone())));
    // Breaking off is the only way to say that the rest is missing: hyper then closes without the last chunk.
    let frames = frames.map_err(move |refusal: Refusal| {
        let cause = refusal.cause().unwrap_or_default();
        tracing::error!(request_id, cause, "{broken_off}");
        BodyError::from(broken_off)
    });
    let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(frames)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
