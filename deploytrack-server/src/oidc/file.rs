//! The file with the trusted issuers and the rules. A fault names the line and the field. The file is
//! read as a whole before anything of it is used.

mod fault;
mod fields;
#[cfg(test)]
mod tests;

use std::time::Duration;

use deploytrack_core::{client::HttpsUrl, text::Label};
use toml::Spanned;

pub use self::fault::SettingsFault;
use self::{
    fault::Text,
    fields::{RawCondition, RawFile, RawIssuer, RawRule},
};
use super::{
    Condition, LimitPattern, Rule,
    condition::{ClaimPattern, Comparison},
    rule::{LIFETIME, LONGEST_LIFETIME, expected},
};
use crate::token::Role;

/// The most issuers and rules.
const MOST_ISSUERS: usize = 100;
const MOST_RULES: usize = 1000;
/// The most conditions of a rule, values of a list and patterns of a limit.
const MOST_VALUES: usize = 100;
/// The shortest lifetime of an exchanged token.
const LEAST_LIFETIME: Duration = Duration::from_mins(1);

/// The issuers that sign for everybody.
const PUBLIC_ISSUERS: [&str; 3] = [
    "https://token.actions.githubusercontent.com",
    "https://gitlab.com",
    "https://agent.buildkite.com",
];
/// The claims that name an owner, or something that only its owner has.
const OWNERS: [&str; 16] = [
    "enterprise",
    "enterprise_id",
    "job_workflow_ref",
    "namespace_id",
    "namespace_path",
    "organization_id",
    "organization_slug",
    "pipeline_id",
    "project_id",
    "project_path",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "sub",
    "workflow_ref",
];

/// The checked content of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OidcSettings {
    pub(crate) issuers: Vec<TrustedIssuer>,
    pub(crate) rules: Vec<Rule>,
}

/// An issuer whose identity tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrustedIssuer {
    /// Its URL, which is compared with `iss` as a text.
    pub(crate) url: HttpsUrl,
    /// The same text, for an origin.
    pub(crate) name: Label,
    /// A token is for one of these audiences.
    pub(crate) audiences: Vec<String>,
}

impl OidcSettings {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`SettingsFault`] with the line and the field of the first fault.
    pub fn parse(text: &str) -> Result<Self, SettingsFault> {
        let at = Text(text);
        let raw: RawFile = toml::from_str(text).map_err(|error| at.unreadable(&error))?;
        if raw.oidc.issuer.is_empty() {
            return Err(SettingsFault::whole("it has no [[oidc.issuer]]"));
        }
        if raw.oidc.issuer.len() > MOST_ISSUERS || raw.oidc.rule.len() > MOST_RULES {
            return Err(SettingsFault::whole(format!(
                "it has more than {MOST_ISSUERS} issuers or {MOST_RULES} rules"
            )));
        }
        let mut settings = Self::default();
        for issuer in &raw.oidc.issuer {
            settings.add_issuer(at, issuer)?;
        }
        for rule in raw.oidc.rule {
            settings.add_rule(at, &rule)?;
        }
        Ok(settings)
    }

    /// The number of issuers and of rules.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.issuers.len(), self.rules.len())
    }

    fn add_issuer(&mut self, at: Text<'_>, raw: &RawIssuer) -> Result<(), SettingsFault> {
        let fault = |message: String| at.fault(&raw.url, "url", message);
        let text = raw.url.get_ref();
        let url = text
            .parse::<HttpsUrl>()
            .map_err(|why| fault(why.to_string()))?;
        let name = Label::new(text.clone()).map_err(|why| fault(why.to_string()))?;
        if text.contains('?') {
            return Err(fault("must have no query (?)".to_owned()));
        }
        if self.issuers.iter().any(|issuer| issuer.name == name) {
            return Err(fault(format!("{text} is given twice")));
        }
        let audiences = raw.audiences.get_ref();
        if audiences.is_empty() || audiences.iter().any(String::is_empty) {
            return Err(at.fault(
                &raw.audiences,
                "audiences",
                "must be a list of one or more texts, such as [\"https://deploytrack.example.com\"]",
            ));
        }
        self.issuers.push(TrustedIssuer {
            url,
            name,
            audiences: audiences.clone(),
        });
        Ok(())
    }

    fn add_rule(&mut self, at: Text<'_>, raw: &RawRule) -> Result<(), SettingsFault> {
        let name = Label::new(raw.name.get_ref().clone());
        let name = name.map_err(|why| at.fault(&raw.name, "name", why))?;
        if self.rules.iter().any(|rule| rule.name == name) {
            return Err(at.fault(
                &raw.name,
                "name",
                format!("{name:?} is given twice", name = name.as_str()),
            ));
        }
        let issuer = raw.issuer.get_ref();
        if !self
            .issuers
            .iter()
            .any(|known| known.name.as_str() == issuer)
        {
            return Err(at.fault(
                &raw.issuer,
                "issuer",
                format!("{issuer:?} is not the url of an [[oidc.issuer]]"),
            ));
        }
        let rule = Rule {
            name,
            issuer: issuer.clone(),
            conditions: conditions(at, &raw.conditions)?,
            role: role(at, &raw.role)?,
            components: limits(at, raw.components.as_ref(), "components")?,
            environments: limits(at, raw.environments.as_ref(), "environments")?,
            lifetime: lifetime(at, raw.lifetime.as_ref())?,
            accepts_untrusted_runs: raw.accept_untrusted_runs,
        };
        check_owner(at, raw, &rule)?;
        if rule.role == Role::Admin && (rule.components.is_some() || rule.environments.is_some()) {
            return Err(at.fault(
                &raw.role,
                "role",
                "must be writer for a rule with components or environments: an admin has no limits",
            ));
        }
        self.rules.push(rule);
        Ok(())
    }
}

fn conditions(
    at: Text<'_>,
    raw: &Spanned<Vec<RawCondition>>,
) -> Result<Vec<Condition>, SettingsFault> {
    if raw.get_ref().is_empty() || raw.get_ref().len() > MOST_VALUES {
        return Err(at.fault(
            raw,
            "match",
            format!("must have 1 to {MOST_VALUES} conditions; without one, every job of the issuer would be accepted"),
        ));
    }
    raw.get_ref().iter().map(|raw| condition(at, raw)).collect()
}

fn condition(at: Text<'_>, raw: &RawCondition) -> Result<Condition, SettingsFault> {
    let claim = raw.claim.get_ref();
    if claim.is_empty() {
        return Err(at.fault(&raw.claim, "claim", "must not be empty"));
    }
    let comparison = match (&raw.equals, &raw.one_of, &raw.glob) {
        (Some(value), None, None) => {
            Comparison::Equals(text(at, value, "equals", value.get_ref())?)
        }
        (None, Some(values), None) => Comparison::In(texts(at, values)?),
        (None, None, Some(pattern)) if pattern.get_ref().is_empty() => {
            return Err(at.fault(pattern, "glob", "must not be empty"));
        }
        (None, None, Some(pattern)) => {
            Comparison::Glob(ClaimPattern::new(pattern.get_ref().clone()))
        }
        _ => {
            return Err(at.fault(
                &raw.claim,
                "the condition for the claim",
                format!("{claim:?} must have exactly one of equals, in and glob"),
            ));
        }
    };
    Ok(Condition {
        claim: claim.clone(),
        comparison,
    })
}

fn texts(at: Text<'_>, raw: &Spanned<Vec<toml::Value>>) -> Result<Vec<String>, SettingsFault> {
    let values = raw.get_ref();
    if values.is_empty() || values.len() > MOST_VALUES {
        return Err(at.fault(raw, "in", format!("must have 1 to {MOST_VALUES} values")));
    }
    values
        .iter()
        .map(|value| text(at, raw, "in", value))
        .collect()
}

/// The text of a value with which a claim is compared.
fn text<T>(
    at: Text<'_>,
    place: &Spanned<T>,
    field: &str,
    value: &toml::Value,
) -> Result<String, SettingsFault> {
    let value = match value {
        toml::Value::String(text) => text.clone().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Boolean(value) => (*value).into(),
        _ => serde_json::Value::Null,
    };
    let refused = || {
        at.fault(
            place,
            field,
            "must be a text, a whole number, true or false",
        )
    };
    expected(&value).ok_or_else(refused)
}

fn role(at: Text<'_>, raw: &Spanned<String>) -> Result<Role, SettingsFault> {
    let roles = [Role::Reader, Role::Writer, Role::Admin];
    let found = roles
        .into_iter()
        .find(|role| role.as_str() == raw.get_ref());
    found.ok_or_else(|| at.fault(raw, "role", "must be reader, writer or admin"))
}

fn limits(
    at: Text<'_>,
    raw: Option<&Vec<Spanned<String>>>,
    field: &str,
) -> Result<Option<Vec<LimitPattern>>, SettingsFault> {
    let Some(raw) = raw else { return Ok(None) };
    if let Some(last) = raw.last()
        && raw.len() > MOST_VALUES
    {
        return Err(at.fault(
            last,
            field,
            format!("must have at most {MOST_VALUES} patterns"),
        ));
    }
    let parse = |raw: &Spanned<String>| {
        let parsed = raw.get_ref().parse::<LimitPattern>();
        parsed.map_err(|why| at.fault(raw, field, why))
    };
    raw.iter().map(parse).collect::<Result<_, _>>().map(Some)
}

fn lifetime(at: Text<'_>, raw: Option<&Spanned<String>>) -> Result<Duration, SettingsFault> {
    let Some(raw) = raw else {
        return Ok(LIFETIME);
    };
    humantime::parse_duration(raw.get_ref())
        .ok()
        .filter(|lifetime| (LEAST_LIFETIME..=LONGEST_LIFETIME).contains(lifetime))
        .ok_or_else(|| at.fault(raw, "lifetime", "must be a time from 1m to 12h, such as 1h"))
}

/// Everybody can get a token of a public issuer, so a rule for one must name an owner.
fn check_owner(at: Text<'_>, raw: &RawRule, rule: &Rule) -> Result<(), SettingsFault> {
    let is_public = PUBLIC_ISSUERS.contains(&rule.issuer.as_str());
    let names_owner = rule.conditions.iter().any(|condition| {
        OWNERS.contains(&condition.claim.as_str()) && condition.comparison.fixes_owner()
    });
    if is_public && !names_owner {
        return Err(at.fault(
            &raw.conditions,
            "match",
            format!(
                "must name an owner, such as {{ claim = \"repository_owner_id\", equals = \"65\" }}: anybody can get a token of {}",
                rule.issuer
            ),
        ));
    }
    Ok(())
}
