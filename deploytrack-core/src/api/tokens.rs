//! The bodies of tokens and revocations.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::FromBody;
use crate::{
    fault::Fault,
    json::Fields,
    limits::WriteLimits,
    pattern::NamePattern,
    revocation::RevokedTokens,
    role::Role,
    text::{Label, Name},
    token::{GRACE, LIFETIME, LONGEST_GRACE, MOST_OF_NAME, MOST_PATTERNS, NewToken, Rotation},
};

/// The longest lifetime that a body can name: 1,000 years. The setting of the server is shorter.
const LONGEST: TimeDelta = TimeDelta::days(365_250);

impl FromBody for NewToken {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let subject: Option<Label> = fields.required("subject");
        let name = name(&mut fields, subject.as_ref());
        let role = fields.text("role").unwrap_or(Role::Reader);
        let limits = WriteLimits {
            components: patterns(&mut fields, "components"),
            environments: patterns(&mut fields, "environments"),
        };
        let lifetime = seconds(&mut fields, "expiresInSeconds", 1, LONGEST).unwrap_or(LIFETIME);
        let built = name.zip(subject).map(|(name, subject)| Self {
            name,
            subject,
            role,
            limits,
            lifetime,
        });
        fields.finish(built)
    }
}

impl NewToken {
    /// The body, as [`FromBody`] reads it.
    #[must_use]
    pub fn to_body(&self) -> Value {
        json!({
            "name": self.name,
            "subject": self.subject,
            "role": self.role,
            "components": self.limits.components,
            "environments": self.limits.environments,
            "expiresInSeconds": self.lifetime.num_seconds(),
        })
    }
}

impl FromBody for Rotation {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let grace = seconds(&mut fields, "graceSeconds", 0, LONGEST_GRACE).unwrap_or(GRACE);
        fields.finish(Some(Self { grace }))
    }
}

impl Rotation {
    /// The body, as [`FromBody`] reads it.
    #[must_use]
    pub fn to_body(&self) -> Value {
        json!({ "graceSeconds": self.grace.num_seconds() })
    }
}

impl FromBody for RevokedTokens {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let jti: Option<Label> = fields.text("jti");
        let subject: Option<Label> = fields.text("subject");
        let tokens = match (jti, subject) {
            (Some(jti), None) => Some(Self::Jti(jti)),
            (None, Some(subject)) => Some(Self::Subject(subject)),
            _ => fields.wrong("jti", "either jti or subject must be given"),
        };
        fields.finish(tokens)
    }
}

impl RevokedTokens {
    /// The body, as [`FromBody`] reads it.
    #[must_use]
    pub fn to_body(&self) -> Value {
        json!(self)
    }
}

/// The name: the subject, if none is given.
fn name(fields: &mut Fields, subject: Option<&Label>) -> Option<Name> {
    let is_long = |name: &Name| name.as_str().chars().count() > MOST_OF_NAME;
    if fields.has("name") {
        let name: Name = fields.text("name")?;
        if is_long(&name) {
            let rule = format!("must be at most {MOST_OF_NAME} characters long");
            return fields.wrong("name", rule);
        }
        return Some(name);
    }
    fields.value("name");
    let named_as = subject?.as_str().parse().ok();
    named_as.filter(|name| !is_long(name)).or_else(|| {
        fields.wrong(
            "name",
            "is required, since the subject is too long for a name",
        )
    })
}

/// A list of patterns. An absent list allows all.
fn patterns(fields: &mut Fields, name: &'static str) -> Option<Vec<NamePattern>> {
    let value = fields.value(name)?;
    let texts: Option<Vec<&str>> = match &value {
        Value::Array(texts) => texts.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let Some(texts) = texts.filter(|texts| texts.len() <= MOST_PATTERNS) else {
        let rule = format!("must be a list of at most {MOST_PATTERNS} names or patterns");
        return fields.wrong(name, rule);
    };
    let parsed: Result<_, _> = texts.into_iter().map(str::parse).collect();
    parsed.map_or_else(|rule| fields.wrong(name, format!("each one {rule}")), Some)
}

/// A time in whole seconds.
fn seconds(
    fields: &mut Fields,
    name: &'static str,
    least: i64,
    most: TimeDelta,
) -> Option<TimeDelta> {
    let most = most.num_seconds();
    let seconds = fields.count(name)?;
    if (least..=most).contains(&seconds) {
        Some(TimeDelta::seconds(seconds))
    } else {
        fields.wrong(
            name,
            format!("must be a whole number from {least} to {most}"),
        )
    }
}
