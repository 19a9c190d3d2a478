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

/// The default of `--timeout`: the server's version is only an extra.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Print the versions of this program and of the server
///
/// If the server does not answer, the command prints the reason and still succeeds.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  deploytrack version\n  deploytrack version -o json")]
pub(crate) struct Version {}

/// Both versions.
#[derive(Debug, Serialize)]
struct Versions {
    client: &'static str,
    server: Option<String>,
    url: Option<String>,
    /// Why the version of the server is unknown.
    reason: Option<String>,
}

pub(crate) async fn run(invocation: Invocation<'_>) -> Result<(), Failure> {
    let (global, env) = (&invocation.global, invocation.env);
    let timeout = settings::answer_timeout(global, env)
        .ok()
        .map(|given| given.unwrap_or(ANSWER_TIMEOUT));
    let versions = find(
        &Global {
            timeout,
            ..global.clone()
        },
        env,
    )
    .await;
    let mut ui = invocation.ui();
    if ui.output() != Output::Table {
        let text = serde_json::to_string(&versions).map_err(std::io::Error::from)?;
        return ui.answer(&text, &versions.grid());
    }
    ui.line(&format!("client  {}", versions.client))?;
    ui.line(&clean(&format!("server  {}", versions.of_the_server())))
}

async fn find(global: &Global, env: &ProcessEnv) -> Versions {
    let versions = |url, server, reason| Versions {
        client: env!("CARGO_PKG_VERSION"),
        server,
        url,
        reason,
    };
    let client = Settings::find(global, env).and_then(|settings| settings.anonymous().client());
    let client = match client {
        Ok(client) => client,
        Err(failure) => return versions(None, None, Some(failure.summary().1)),
    };
    let url = Some(client.url().to_owned());
    match client.health().await {
        Ok(health) if health.version.is_none() => versions(
            url,
            None,
            Some("the server does not report its version".to_owned()),
        ),
        Ok(health) => versions(url, health.version, None),
        Err(error) => versions(url, None, Some(reason(&error))),
    }
}

/// The error; with a hint only if the address may be wrong.
fn reason(error: &Error) -> String {
    match error {
        Error::Unreadable(_) => format!("{error}; check the address, see --url"),
        error => error.to_string(),
    }
}

impl Versions {
    fn of_the_server(&self) -> String {
        match (&self.server, &self.url, &self.reason) {
            (Some(version), Some(url), _) => format!("{version} ({url})"),
            (_, _, reason) => format!("unknown: {}", reason.as_deref().unwrap_or_default()),
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
