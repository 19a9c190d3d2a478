//! The origin of a write: what a verified identity token states about the job that made it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::Label;

/// The origin of a write by an exchanged token: what the issuer of its identity token vouches for.
/// Fields that the identity token did not have, or that are no [`Label`], are absent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Origin {
    /// The issuer of the identity token.
    pub issuer: Label,
    /// The rule of the server that accepted it.
    pub rule: Label,
    /// The repository or project, as the issuer names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Label>,
    /// The id of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<Label>,
    /// The page of the run, for issuers whose addresses are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<Label>,
    /// The account that started the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Label>,
    /// The commit that the run checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<Label>,
}

/// The origin in one line: `octo-org/octo-repo, run 30433642 of octocat, by the rule web`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, rule, .. } = self;
        write!(f, "{}", self.repository.as_ref().unwrap_or(issuer))?;
        if let Some(run) = &self.run_id {
            write!(f, ", run {run}")?;
        }
        if let Some(actor) = &self.actor {
            write!(f, " of {actor}")?;
        }
        write!(f, ", by the rule {rule}")
    }
}

impl Origin {
    /// The fields in the order of the hash of a history row.
    pub(crate) fn fields(&self) -> [Option<&Label>; 7] {
        // Without `..`: a new field must be a part of the hash, behind the others.
        let Self {
            issuer,
            rule,
            repository,
            run_id,
            run_url,
            actor,
            sha,
        } = self;
        [
            Some(issuer),
            Some(rule),
            repository.as_ref(),
            run_id.as_ref(),
            run_url.as_ref(),
            actor.as_ref(),
            sha.as_ref(),
        ]
    }
}
