//! `deploytrack version`

use std::time::Duration;

use deploytrack_core::client::Error;
use serde::Serialize;

use crate::{
    error::Failure,
    flags::{Global, Output},
    process_env::ProcessEnv,
    render::{
        grid::{Column, Grid, Value},
        text::clean,
    },
    settings::{self, Settings},
    ui::Invocation,
};

/// How long the server may take, unless `--timeout` says otherwise: it is asked on the way.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Print the version of this program, and that of the server
///
/// A server that cannot be asked is no failure: the line says why.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  deploytrack version\n  deploytrack version -o json")]
pub(crate) struct Version {}

/// Both versions.
#[derive(Debug, Serialize)]
struct Versions {
    client: &'static str,
    server: Option<String>,
    url: Option<String>,
    /// Why the server's is not known.
    reason: Option<String>,
}

pub(crate) async fn run(invocation: Invocation<'_>) -> Result<(), Failure> {
    let (global, env) = (&invocation.global, invocation.env);
    let timeout = settings::answer_timeout(global, env).ok().map(|given| given.unwrap_or(ANSWER_TIMEOUT));
    let versions = find(&Global { timeout, ..global.clone() }, env).await;
    let mut ui = invocation.ui();
    if ui.output() != Output::Table {
        let text = serde_json::to_string(&versions).map_err(std::io::Error::from)?;
        return ui.answer(&text, &versions.grid());
    }
    ui.line(&format!("client  {}", versions.client))?;
    ui.line(&clean(&format!("server  {}", versions.of_the_server())))
}

async fn find(global: &Global, env: &ProcessEnv) -> Versions {
    let known = |url, server, reason| Versions { client: env!("CARGO_PKG_VERSION"), server, url, reason };
    let client = Settings::find(global, env).and_then(|settings| settings.anonymous().client());
    let client = match client {
        Ok(client) => client,
        Err(failure) => return known(None, None, Some(failure.summary().1)),
    };
    let url = Some(client.url().to_owned());
    match client.health().await {
        Ok(health) if health.version.is_none() => known(url, None, Some("the server does not say its version".to_owned())),
        Ok(health) => known(url, health.version, None),
        Err(error) => known(url, None, Some(said(&error))),
    }
}

/// The way out is only worth telling where the address is wrong.
fn said(error: &Error) -> String {
    match error {
        Error::Unreadable(_) => format!("{error}; is this its address? see --url"),
        error => error.to_string(),
    }
}

impl Versions {
    fn of_the_server(&self) -> String {
        match (&self.server, &self.url, &self.reason) {
            (Some(version), Some(url), _) => format!("{version} ({url})"),
            (_, _, reason) => format!("not known: {}", reason.as_deref().unwrap_or_default()),
        }
    }

    fn grid(&self) -> Grid {
        let columns = [
            Column::fixed("client", "CLIENT"),
            Column::fixed("server", "SERVER"),
            Column::fixed("url", "URL"),
            Column::flexible("reason", "REASON"),
        ];
        let row = vec![
            Value::text(&self.client),
            Value::optional(self.server.as_ref()),
            Value::optional(self.url.as_ref()),
            Value::optional(self.reason.as_ref()),
        ];
        Grid::new(columns, [row])
    }
}
