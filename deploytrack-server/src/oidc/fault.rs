//! The reasons for which an identity token is not exchanged.

use deploytrack_core::{pin::PinConflict, text::Label};

use super::rule::Mismatch;

/// The reason for which an identity token is not exchanged. The values of its claims are no secrets
/// for the job that sent it; what the rules expect is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdentityFault {
    /// No issuer is configured.
    #[error(
        "this server trusts no issuer; its operator names them in --oidc-file (DEPLOYTRACK_OIDC_FILE)"
    )]
    Off,
    /// It is longer than the limit.
    #[error("the identity token has more than 16 KiB")]
    TooLong,
    /// It is no JSON Web Token that the server checks.
    #[error(
        "the identity token must be a JSON Web Token that is signed by RS256, ES256 or EdDSA, without crit and without duplicate names"
    )]
    NotAToken,
    /// Its issuer is not configured.
    #[error("{}", match .0 {
        Some(issuer) => format!("the issuer {issuer:?} is not trusted; the url of an [[oidc.issuer]] must be exactly the same"),
        None => "the identity token has no iss".to_owned(),
    })]
    Issuer(Option<String>),
    /// None of the keys of its issuer has signed it.
    #[error("the signature of the identity token was not made by a key of {0}")]
    Signature(Label),
    /// The keys of its issuer are not known.
    #[error("the keys of {0} cannot be read at the moment; the log of the server has the cause")]
    KeysUnavailable(Label),
    /// A time is missing or no number.
    #[error("the claim {0} must be a time in seconds since 1970")]
    NoTime(&'static str),
    /// It has ended.
    #[error("the identity token has expired; the time of the server is {now}")]
    Expired {
        /// The time of the server.
        now: String,
    },
    /// It is not valid yet.
    #[error("the claim {claim} is more than a minute ahead; the time of the server is {now}")]
    Early {
        /// The claim.
        claim: &'static str,
        /// The time of the server.
        now: String,
    },
    /// It is for another reader.
    #[error(
        "the audience (aud) of the identity token is {received:?}, which is not an audience of {issuer} in the settings of the server"
    )]
    Audience {
        /// The issuer.
        issuer: Label,
        /// The audiences of the token.
        received: String,
    },
    /// The audience in the request is another one.
    #[error("{audience:?} is not an audience of {issuer} in the settings of the server")]
    Target {
        /// The issuer.
        issuer: Label,
        /// The audience.
        audience: String,
    },
    /// There is no rule for its issuer.
    #[error("no rule of the server is for {0}")]
    NoRules(Label),
    /// No rule accepts it.
    #[error("the rule {:?} does not accept this identity: {mismatch}{}", .rule.as_str(), and_others(*.others))]
    NoRule {
        /// The rule with the most conditions that were met.
        rule: Label,
        /// The first reason of this rule.
        mismatch: Mismatch,
        /// The number of other rules.
        others: usize,
    },
    /// A name has another id than at its first use.
    #[error("{0}")]
    Pin(Box<PinConflict>),
    /// The token that was exchanged for it was revoked.
    #[error("the token that was exchanged for this identity token was revoked")]
    Revoked,
}

fn and_others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "; another rule does not either (deploytrack oidc explain)".to_owned(),
        count => format!("; {count} other rules do not either (deploytrack oidc explain)"),
    }
}
