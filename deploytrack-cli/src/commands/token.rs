//! `deploytrack token`: tokens for a server whose secret is on this machine.

use std::time::Duration;

use clap::Subcommand;
use deploytrack_core::{
    clock::{Clock as _, SystemClock},
    text::Label,
};
use deploytrack_server::{config::TokenArgs, token as signed};

use crate::{error::Failure, flags::duration, ui::Invocation};

/// Create tokens for the server of this machine
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  deploytrack token create --subject ci-bot --role admin --expires-in 90d"
)]
pub(crate) struct Token {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a token and print it
    ///
    /// The token is signed with the secret of `deploytrack serve` or of deploytrack-server, which must
    /// be on this machine. No server is asked, and the token is stored nowhere. With the role admin
    /// it can write; without it, it can read everything.
    #[command(after_help = "\
Examples:
  deploytrack token create --subject ci-bot --role admin
  deploytrack token create --subject wall --expires-in 12h > token.txt")]
    Create(Box<Create>),
}

#[derive(Debug, clap::Args)]
struct Create {
    /// The person or program that uses the token; the history names it
    #[arg(long, value_name = "NAME")]
    subject: Label,
    /// A role, such as admin, which allows writes; may be repeated
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// How long the token is valid, such as 12h or 90d; at most --max-token-lifetime
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = lifetime)]
    expires_in: Duration,
    #[command(flatten)]
    tokens: TokenArgs,
}

/// Parses a lifetime: times in tokens have whole seconds (RFC 7519, section 2).
fn lifetime(text: &str) -> Result<Duration, String> {
    match duration(text) {
        Ok(short) if short < Duration::from_secs(1) => Err("must be at least 1s".to_owned()),
        lifetime => lifetime,
    }
}

pub(crate) fn run(token: Token, invocation: Invocation<'_>) -> Result<(), Failure> {
    let Action::Create(create) = token.action;
    let mut ui = invocation.ui();
    let settings = |error: deploytrack_server::config::ConfigError| {
        Failure::usage(super::serve::chain(&error))
    };
    let created = create.tokens.missing_secret().map_err(settings)?;
    let secret = create.tokens.secret().map_err(settings)?;
    let now = SystemClock.now();
    let text = signed::issue(
        &secret,
        &create.subject,
        &create.role,
        create.expires_in,
        now,
    )
    .map_err(|error| Failure::usage(super::serve::chain(&error)))?;
    ui.line(&text)?;
    if let Some(path) = created {
        ui.note(&format!(
            "{} is a new secret: only a server that starts with it accepts the token",
            path.display()
        ))?;
    }
    Ok(())
}
