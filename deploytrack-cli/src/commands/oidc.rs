//! `deploytrack oidc`

use std::path::{Path, PathBuf};

use deploytrack_core::{
    client,
    exchange::{IdentityExplanation, RuleExplanation},
};
use serde_json::Value as Json;

use crate::{
    error::{Failure, is_unknown_endpoint},
    exit::Exit,
    flags::{Output, TableArgs},
    render::grid::{Column, Grid, Value},
    session::Session,
    settings::Settings,
    settings_file,
    text::{decode, trimmed},
};

/// Show which rules accept a pipeline's job
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack oidc explain
  deploytrack oidc explain --token-file identity.jwt -o json")]
pub(crate) struct Oidc {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show which rule accepts an identity token, and the first claim that each other rule rejects
    ///
    /// In a job of a pipeline the identity token is the job's own. No token is issued, and nothing is
    /// recorded. The exit code is 0 if a rule accepts the identity, else 4.
    Explain(Explain),
}

#[derive(Debug, clap::Args)]
struct Explain {
    /// Explain the identity token in this file instead
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    table: TableArgs,
}

pub(crate) async fn run(oidc: Oidc, session: &mut Session<'_>) -> Result<(), Failure> {
    let Command::Explain(explain) = oidc.command;
    session.arrange(explain.table)?;
    let token = match &explain.token_file {
        Some(path) => in_file(path)?,
        None => of_this_job(session).await?,
    };
    let settings = session.settings.as_ref();
    let settings = settings.map_or_else(Settings::of_this_machine, Settings::anonymous);
    let explained = settings.client()?.explain_identity(&token).await;
    let explained = explained.map_err(|error| failure(error, session.client.url()))?;
    let IdentityExplanation { rules, .. } = &explained.value;
    session.answer(&rules_of(&explained.text)?, &grid(rules))?;
    if rules.is_empty() && session.output() == Output::Table {
        session.note("the server has no rule for this issuer")?;
    }
    if rules.iter().any(|rule| rule.accepts) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Unauthorised,
        "no rule of the server accepts this identity",
    )
    .hint("an operator changes a rule in the file of --oidc-file, or the pipeline runs where a rule accepts it"))
}

fn in_file(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let token = settings_file::read(path).and_then(decode);
    let token = token.map_err(|error| {
        Failure::usage(format!(
            "cannot read the identity token from {shown} (--token-file): {error}"
        ))
    })?;
    Ok(trimmed(&token).to_owned())
}

/// The identity token of this job, also if requests are sent with another token.
async fn of_this_job(session: &Session<'_>) -> Result<String, Failure> {
    let settings = session.settings.as_ref();
    let identity = settings.and_then(|settings| settings.identity_of_job(session.env));
    let identity = identity.ok_or_else(|| {
        Failure::usage("this is no job of a provider with identity tokens")
            .hint("run the command in the job, or give a token of it with --token-file")
    })?;
    Ok(identity.identity_token().await?)
}

/// The rules in the answer of the server, as a JSON array.
fn rules_of(text: &str) -> Result<String, Failure> {
    let answer: Json = serde_json::from_str(text).map_err(std::io::Error::from)?;
    Ok(answer["rules"].to_string())
}

fn failure(error: client::Error, server: &str) -> Failure {
    if is_unknown_endpoint(&error) {
        return Failure::new(
            Exit::Refused,
            format!("{server} does not exchange identity tokens"),
        )
        .hint("it is too old, or was started without --oidc-file");
    }
    error.into()
}

fn grid(rules: &[RuleExplanation]) -> Grid {
    let columns = [
        Column::flexible("rule", "RULE"),
        Column::fixed("accepts", "ACCEPTS"),
        Column::flexible("claim", "CLAIM"),
        Column::flexible("received", "RECEIVED"),
        Column::flexible("reason", "REASON"),
    ];
    let row = |rule: &RuleExplanation| {
        vec![
            Value::text(&rule.rule),
            Value::text(if rule.accepts { &"yes" } else { &"no" }),
            Value::optional(rule.claim.as_ref()),
            Value::optional(rule.received.as_ref()),
            Value::optional(rule.reason.as_ref()),
        ]
    };
    Grid::new(columns, rules.iter().map(row))
}
