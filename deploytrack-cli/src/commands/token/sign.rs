//! `deploytrack token sign`

use deploytrack_core::clock::{Clock as _, SystemClock};
use deploytrack_server::config::{ConfigError, NewTokenArgs, TokenArgs};

use super::super::serve::chain;
use crate::{error::Failure, ui::Invocation};

#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    new: NewTokenArgs,
    #[command(flatten)]
    tokens: TokenArgs,
}

pub(crate) fn run(sign: &Sign, invocation: Invocation<'_>) -> Result<(), Failure> {
    let mut ui = invocation.ui();
    let settings = |error: ConfigError| Failure::usage(chain(&error));
    let created = sign.tokens.missing_secret().map_err(settings)?;
    let secret = sign.tokens.secret().map_err(settings)?;
    let issued = sign.new.issue(&secret, SystemClock.now());
    let text = issued.map_err(|error| Failure::usage(chain(&error)))?;
    ui.line(&text)?;
    if let Some(path) = created {
        ui.note(&format!(
            "{} is a new secret: only a server that starts with it accepts the token",
            path.display()
        ))?;
    }
    Ok(())
}
