//! Sessions of the pages: a browser that is logged in with the rights of a token.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    clock::{self, Time},
    digest::Digest,
    text::Label,
    token::Credential,
    wall::ShownWall,
};

/// The most sessions of one subject, and the most codes. A new one replaces the oldest.
pub const MOST_OF_SUBJECT: i64 = 32;
/// The most sessions and codes of all subjects. A new one replaces the oldest.
pub const MOST: i64 = 10_000;

/// A caller who is logged in: the answer of `GET /api/v1/session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Login {
    /// The subject of the token, or `wall` and the name of the wall.
    pub subject: Label,
    /// The role of the token: `reader`, `writer` or `admin`. A session only reads: that of a writer has
    /// `reader`, and that of a wall `wall`.
    pub role: String,
    /// When the token ends, and the session with it. The session of a wall ends when the wall is
    /// revoked.
    #[serde(default, with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub expires_at: Option<Time>,
    /// The wall, for the session of a wall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<ShownWall>,
}

/// A code that one browser exchanges for a session: the answer of `POST /api/v1/session/code`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginCode {
    /// The code.
    pub code: String,
    /// The last moment at which it can be used, once.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub expires_at: Time,
}

impl fmt::Debug for LoginCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginCode").finish_non_exhaustive()
    }
}

/// A session or a code, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// The subject of the token.
    pub subject: Label,
    /// Whether the token has the role `admin`.
    pub admin: bool,
    /// The digest of the secret and the terms with which the token was verified.
    pub verifier: Digest,
    /// When the session, or the code, ends.
    pub expires_at: Time,
    /// When the token ends.
    pub token_ends: Time,
    /// The token, with which the session ends.
    pub credential: Credential,
}
