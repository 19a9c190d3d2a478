//! The flags of a new token, of both programs.

use std::{str::FromStr as _, time::Duration};

use clap::builder::StringValueParser;
use deploytrack_core::{clock::Time, limits::WriteLimits, pattern::NamePattern, text::Label};

use crate::{
    token::{self, Grant, IssueError, Secret},
    value_parser::TrimmedText,
};

/// The flags of a new token.
#[derive(Clone, Debug, clap::Args)]
pub struct NewTokenArgs {
    /// The person or program that uses the token; the history names it
    #[arg(long, value_name = "NAME", value_parser = TrimmedText(Label::from_str))]
    subject: Label,

    /// Role: reader, writer (deployments), or admin (everything); may be repeated
    #[arg(long, value_name = "ROLE", value_parser = TrimmedText(StringValueParser::new()))]
    role: Vec<String>,

    /// Let the token write only to components with this name; may be repeated, and * matches any
    /// characters
    #[arg(long, value_name = "NAME|PATTERN", value_parser = TrimmedText(NamePattern::from_str))]
    component: Vec<NamePattern>,

    /// Let the token write only to environments with this name; may be repeated, and * matches any
    /// characters
    #[arg(long, value_name = "NAME|PATTERN", value_parser = TrimmedText(NamePattern::from_str))]
    environment: Vec<NamePattern>,

    /// Lifetime of the token, such as 12h or 90d; at most --max-token-lifetime
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = TrimmedText(lifetime))]
    expires_in: Duration,
}

impl NewTokenArgs {
    /// Issues the token.
    ///
    /// # Errors
    /// As [`token::issue`].
    pub fn issue(&self, secret: &Secret, now: Time) -> Result<String, IssueError> {
        let given = |patterns: &[NamePattern]| (!patterns.is_empty()).then(|| patterns.to_vec());
        let grant = Grant {
            roles: self.role.clone(),
            limits: WriteLimits {
                components: given(&self.component),
                environments: given(&self.environment),
            },
        };
        token::issue(secret, &self.subject, &grant, self.expires_in, now)
    }
}

/// Parses a lifetime: times in tokens have whole seconds (RFC 7519, section 2).
fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = humantime::parse_duration(text)
        .map_err(|error| format!("must be a time such as 12h or 90d ({error})"))?;
    match lifetime {
        short if short < Duration::from_secs(1) => Err("must be at least one second".into()),
        good => Ok(good),
    }
}
