//! `deploytrack token`: tokens for a server whose secret is on this machine.

use clap::Subcommand;
use deploytrack_core::clock::{Clock as _, SystemClock};
use deploytrack_server::config::{NewTokenArgs, TokenArgs};

use crate::{error::Failure, ui::Invocation};

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
    /// be on this machine. No server is asked, and the token is stored nowhere. It can read
    /// everything; a writer records deployments, and an admin may do everything.
    #[command(after_help = "\
Examples:
  deploytrack token create --subject ci-bot --role writer
  deploytrack token create --subject web-team --role writer --component 'web-*' --environment staging
  deploytrack token create --subject wall --expires-in 12h > token.txt")]
    Create(Box<Create>),
}

#[derive(Debug, clap::Args)]
struct Create {
    #[command(flatten)]
    new: NewTokenArgs,
    #[command(flatten)]
    tokens: TokenArgs,
}

pub(crate) fn run(token: Token, invocation: Invocation<'_>) -> Result<(), Failure> {
    let Action::Create(create) = token.action;
    let mut ui = invocation.ui();
    let settings = |error: deploytrack_server::config::ConfigError| {
        Failure::usage(super::serve::chain(&error))
    };
    let created = create.tokens.missing_secret().map_err(settings)?;
    let secret = create.tokens.secret().map_err(settings)?;
    let issued = create.new.issue(&secret, SystemClock.now());
    let text = issued.map_err(|error| Failure::usage(super::serve::chain(&error)))?;
    ui.line(&text)?;
    if let Some(path) = created {
        ui.note(&format!(
            "{} is a new secret: only a server that starts with it accepts the token",
            path.display()
        ))?;
    }
    Ok(())
}
