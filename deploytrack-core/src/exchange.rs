//! The exchange of an identity token for a token of the server (RFC 8693): what is on the wire, and
//! what the tracker needs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::Label;

/// The grant type of an exchange (RFC 8693, section 2.1).
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The types of an identity token: a JSON Web Token, and an ID token (RFC 8693, section 3).
pub const SUBJECT_TOKEN_TYPES: [&str; 2] = [
    "urn:ietf:params:oauth:token-type:jwt",
    "urn:ietf:params:oauth:token-type:id_token",
];
/// The type of the token in the answer.
pub const ISSUED_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The answer of `POST /api/v1/token` (RFC 8693, section 2.2.1). Its `Debug` has no secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExchangedToken {
    /// The token, which is sent as `Authorization: Bearer`.
    pub access_token: String,
    /// Always `urn:ietf:params:oauth:token-type:access_token`.
    pub issued_token_type: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// The seconds until the token ends.
    pub expires_in: u64,
    /// A secret that is the same for all jobs of one repository and one rule. A client seals with it
    /// what a later job may send.
    pub spool_key: String,
}

impl fmt::Debug for ExchangedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangedToken")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// The answer of `POST /api/v1/oidc/explain`: how each rule judges an identity token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IdentityExplanation {
    /// The issuer of the identity token.
    pub issuer: Label,
    /// The audiences of the identity token.
    pub audiences: Vec<String>,
    /// The rules of the issuer in their order. The first one that accepts is used.
    pub rules: Vec<RuleExplanation>,
}

/// How a rule judges an identity token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleExplanation {
    /// The name of the rule.
    pub rule: Label,
    /// Whether it accepts the identity token.
    pub accepts: bool,
    /// The first claim that does not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub claim: Option<String>,
    /// The value of this claim, if the identity token has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub received: Option<String>,
    /// The reason, as a part of a sentence about the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub reason: Option<String>,
}
