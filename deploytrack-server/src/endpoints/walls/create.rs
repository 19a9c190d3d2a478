//! `POST /api/v1/walls`: creates a wall.

use deploytrack_core::{
    api,
    digest::Digest,
    error::Error,
    wall::{MOST, NewWall, WallLink},
};
use http::{HeaderValue, header};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    request_log::short,
    response::{HandlerResult, created},
    session,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::WALLS,
        "createWall",
        "Create a wall",
        &format!(
            "Creates a link that shows one view of the matrix without a login, until it is revoked. Only this response has the secret of \
             the link: `startSession` exchanges it for a session that reads what the page of the wall shows. A name that is in use is 409 \
             `name_taken`. There can be {MOST} walls; one more is 409 `too_many_walls`."
        ),
    )
    .body::<NewWall>(true, json!({"name": "office", "view": "env=production"}))
    .creates::<WallLink>("The wall, with the secret of its link.", examples::wall_link())
    .refuses([Error::WallExists(examples::office().name), Error::TooManyWalls(MOST)])
}

/// Creates a wall. The secret is computed from a random seed, so that a repeated request gets the
/// same answer although the secret is not stored.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (app, log) = (call.app().clone(), call.log().clone());
    let query = call.query().finish(Some(()));
    let ((), new, terms): (_, NewWall, _) = call.read(query).await?;
    log.note(|target| target.name = Some(short(new.name.as_str())));
    let seed = session::random()?;
    let secret = session::wall_secret(&app.verifier(), &seed);
    let id = Digest::of(session::wall_id(&secret).as_bytes());
    let written = app.tracker.create_wall(new, seed, id, terms).await?;
    let written = written.map(|created| WallLink {
        secret: session::wall_secret(&app.verifier(), &created.seed),
        wall: created.wall,
    });
    let location = format!("{}/{}", api::WALLS, written.wall.id);
    let mut response = created(&location, &written)?;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
