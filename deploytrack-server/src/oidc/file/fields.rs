//! The fields of the file as TOML reads them.

use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) oidc: RawOidc,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOidc {
    #[serde(default)]
    pub(super) issuer: Vec<RawIssuer>,
    #[serde(default)]
    pub(super) rule: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIssuer {
    pub(super) url: Spanned<String>,
    pub(super) audiences: Spanned<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) name: Spanned<String>,
    pub(super) issuer: Spanned<String>,
    #[serde(rename = "match")]
    pub(super) conditions: Spanned<Vec<RawCondition>>,
    pub(super) role: Spanned<String>,
    pub(super) components: Option<Vec<Spanned<String>>>,
    pub(super) environments: Option<Vec<Spanned<String>>>,
    pub(super) lifetime: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) accept_untrusted_runs: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCondition {
    pub(super) claim: Spanned<String>,
    pub(super) equals: Option<Spanned<toml::Value>>,
    #[serde(rename = "in")]
    pub(super) one_of: Option<Spanned<Vec<toml::Value>>>,
    pub(super) glob: Option<Spanned<String>>,
}
