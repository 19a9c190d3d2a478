//! `/api/v1/session`: logging in to the pages, who is logged in, logging out.

use deploytrack_core::{
    session::{Login, StoredSession},
    text::Label,
    wall::{ShownWall, Wall},
};

use crate::{
    App,
    refusal::Refusal,
    token::{Claims, Role, role_of_session},
};

pub(crate) mod code;
pub(crate) mod end;
pub(crate) mod show;
pub(crate) mod start;

/// A session that has the rights of a token and ends with it. Refuses a token that has ended and is
/// valid only because clocks may differ.
fn session_of(app: &App, claims: &Claims) -> Result<StoredSession, Refusal> {
    if claims.expires_at <= app.tracker.clock().now() {
        return Err(Refusal::BadToken);
    }
    Ok(StoredSession {
        subject: claims.subject.clone(),
        admin: claims.role == Role::Admin,
        verifier: app.fingerprint(),
        expires_at: claims.expires_at,
        token_ends: claims.expires_at,
        credential: claims.credential.clone().ok_or(Refusal::BadToken)?,
    })
}

fn login_of(session: StoredSession) -> Login {
    let role = role_of_session(&session).as_str().to_owned();
    Login {
        subject: session.subject,
        role,
        expires_at: Some(session.expires_at),
        wall: None,
    }
}

fn login_of_wall(subject: Label, wall: &Wall) -> Login {
    let shown = ShownWall {
        name: wall.name.clone(),
        view: wall.view.clone(),
    };
    Login {
        subject,
        role: "wall".to_owned(),
        expires_at: None,
        wall: Some(shown),
    }
}
