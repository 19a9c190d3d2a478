//! `deploytrack token`

mod revocations;
#[cfg(feature = "serve")]
mod sign;

use std::time::Duration;

use chrono::TimeDelta;
use clap::Subcommand;
use deploytrack_core::{
    catalog::Reference,
    client, clock,
    limits::WriteLimits,
    pattern::NamePattern,
    role::Role,
    text::{Label, Name},
    token::{self, NewToken, Rotation, TokenWithSecret},
};
use serde_json::json;

use self::revocations::Revocations;
use super::with;
use crate::{
    error::Failure,
    exit::Exit,
    flags::{ListArgs, Output, Part},
    render::grid::{Column, Grid, Value},
    session::{Session, fetch_pages},
    ui::Invocation,
};

/// Create, list, rotate or revoke tokens
///
/// The server stores these tokens. Only an admin manages them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack token create --subject ci-bot --role writer > token.txt
  deploytrack token rotate ci-bot --grace 1h
  deploytrack token revoke ci-bot")]
pub(crate) struct Token {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a token and print its secret, once
    ///
    /// The token can read everything; a writer records deployments, and an admin may do everything.
    /// The server does not store the secret, and no command prints it again.
    #[command(after_help = "\
Examples:
  deploytrack token create --subject ci-bot --role writer
  deploytrack token create --subject web-team --role writer --component 'web-*' --environment staging
  deploytrack token create --subject grafana --expires-in 1y --quiet > token.txt")]
    Create(Create),
    /// List the tokens, also those that have ended in the last 30 days
    #[command(after_help = "Example:\n  deploytrack token list")]
    List(#[command(flatten)] ListArgs),
    /// Give a token a new secret and print it, once
    ///
    /// The former secret stays valid for the time of --grace, so that a pipeline can get the new one
    /// meanwhile. The token is valid for its lifetime again.
    #[command(
        after_help = "Examples:\n  deploytrack token rotate ci-bot > token.txt\n  deploytrack token rotate ci-bot --grace 0s"
    )]
    Rotate {
        /// The token
        #[arg(value_name = "NAME|ID")]
        token: Reference,
        /// Time for which the former secret stays valid, at most 30d; 0s ends it at once
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time)]
        grace: TimeDelta,
    },
    /// Revoke a token, or JSON Web Tokens by their jti or their subject
    ///
    /// Every server of the database refuses a revoked token from its next request on, and the sessions
    /// of its browsers end. --subject revokes all tokens of a subject that were made before.
    #[command(after_help = "\
Examples:
  deploytrack token revoke ci-bot
  deploytrack token revoke --subject grace
  deploytrack token revoke --jti 0f3c1c1e-8f0e-4f3b-9a57-4f1f2d8c6b1a")]
    Revoke(Revoke),
    Revocations(Revocations),
    /// Sign a JSON Web Token with the secret of the server on this machine, and print it
    ///
    /// The secret is that of `deploytrack serve` or of deploytrack-server. No server is asked: the
    /// token is stored nowhere, and is not listed. Only --jti or --subject of `token revoke` end it.
    #[cfg(feature = "serve")]
    #[command(after_help = "Example:\n  deploytrack token sign --subject ci-bot --role writer")]
    Sign(Box<sign::Sign>),
}

#[derive(Debug, clap::Args)]
struct Create {
    /// The person or program that uses the token; the history names it
    #[arg(long, value_name = "NAME")]
    subject: Label,
    /// The name of the token [default: the subject]
    #[arg(long)]
    name: Option<Name>,
    /// Role: reader, writer (deployments), or admin (everything)
    #[arg(long, default_value = "reader")]
    role: Role,
    /// Let the token write only to components with this name; may be repeated, and * matches any
    /// characters
    #[arg(long, value_name = "NAME|PATTERN")]
    component: Vec<NamePattern>,
    /// Let the token write only to environments with this name; may be repeated, and * matches any
    /// characters
    #[arg(long, value_name = "NAME|PATTERN")]
    environment: Vec<NamePattern>,
    /// Lifetime of the token, such as 12h or 90d; at most --max-token-lifetime of the server
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = time)]
    expires_in: TimeDelta,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Revoke {
    /// The token
    #[arg(value_name = "NAME|ID")]
    token: Option<Reference>,
    /// Revoke the JSON Web Token with this jti
    #[arg(long, value_name = "TEXT")]
    jti: Option<Label>,
    /// Revoke all tokens of this subject
    #[arg(long, value_name = "NAME")]
    subject: Option<Label>,
}

/// Parses a time in whole seconds.
fn time(text: &str) -> Result<TimeDelta, String> {
    let time = humantime::parse_duration(text)
        .map_err(|error| format!("must be a time such as 12h or 90d ({error})"))?;
    TimeDelta::from_std(Duration::from_secs(time.as_secs())).map_err(|error| error.to_string())
}

pub(crate) fn run(command: Token, invocation: Invocation<'_>) -> Result<(), Failure> {
    #[cfg(feature = "serve")]
    if let Action::Sign(sign) = &command.action {
        return sign::run(sign, invocation);
    }
    with(Session::open(invocation), async |session| {
        ask(command.action, session).await
    })
}

async fn ask(action: Action, session: &mut Session<'_>) -> Result<(), Failure> {
    match action {
        Action::Create(wanted) => create(wanted, session).await,
        Action::List(wanted) => list(wanted, session).await,
        Action::Rotate { token, grace } => rotate(&token, grace, session).await,
        Action::Revoke(wanted) => revoke(wanted, session).await,
        Action::Revocations(wanted) => revocations::run(wanted, session).await,
        #[cfg(feature = "serve")]
        Action::Sign(_) => Ok(()),
    }
}

impl Create {
    fn into_new(self) -> Result<NewToken, Failure> {
        let given = |patterns: Vec<_>| (!patterns.is_empty()).then_some(patterns);
        let name = match self.name {
            Some(name) => name,
            None => self.subject.as_str().parse().map_err(|rule| {
                Failure::usage(format!("the subject is no name: it {rule}")).hint("give --name")
            })?,
        };
        Ok(NewToken {
            name,
            subject: self.subject,
            role: self.role,
            limits: WriteLimits {
                components: given(self.component),
                environments: given(self.environment),
            },
            lifetime: self.expires_in,
        })
    }
}

async fn create(wanted: Create, session: &mut Session<'_>) -> Result<(), Failure> {
    let new = wanted.into_new()?;
    let created = session.client.create_token(&new).await;
    let created = created.map_err(or_older_server)?.value;
    print(&created, session)
}

async fn rotate(
    which: &Reference,
    grace: TimeDelta,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let found = find(which, session).await?;
    let rotated = session.client.rotate_token(found.id, Rotation { grace });
    let rotated = rotated.await?.value;
    print(&rotated, session)?;
    match rotated.token.former_ends_at {
        Some(ends) if !grace.is_zero() => session.note(&format!(
            "the former secret is valid until {}",
            clock::format(&ends)
        )),
        _ => session.note("the former secret is no longer valid"),
    }
}

/// Prints a secret: alone in a table, so that it can be sent to a file.
fn print(with_secret: &TokenWithSecret, session: &mut Session<'_>) -> Result<(), Failure> {
    let TokenWithSecret { token, secret } = with_secret;
    if session.output() == Output::Table {
        session.line(secret)?;
    } else {
        let text = json!(with_secret).to_string();
        let rows = std::slice::from_ref(token);
        session.answer(&text, &grid(rows, Some(secret)))?;
    }
    session.note(&format!(
        "the token {} ({}) is valid until {}; its secret is not shown again",
        token.name,
        token.role,
        clock::format(&token.expires_at)
    ))
}

async fn list(
    ListArgs { part, table }: ListArgs,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    session.arrange(table)?;
    let client = &session.client;
    let page = fetch_pages(part, async |page| {
        client.tokens(page).await.map_err(or_older_server)
    });
    let page = page.await?;
    session.answer(&page.text, &grid(&page.value.data, None))?;
    session.note_the_rest(&page.value, "tokens")
}

async fn revoke(wanted: Revoke, session: &mut Session<'_>) -> Result<(), Failure> {
    let Some(which) = wanted.token else {
        return revocations::create(wanted.jti, wanted.subject, session).await;
    };
    let found = find(&which, session).await?;
    session.client.revoke_token(found.id).await?;
    session.note(&format!("revoked the token {}", found.name))
}

/// The token with this id, or the one with this name that was not revoked.
async fn find(which: &Reference, session: &mut Session<'_>) -> Result<token::Token, Failure> {
    let client = &session.client;
    let whole = Part {
        skip: 0,
        take: 0,
        all: true,
    };
    let all = fetch_pages(whole, async |page| {
        client.tokens(page).await.map_err(or_older_server)
    });
    let all = all.await?.value.data;
    let named = all
        .into_iter()
        .filter(|token| which.is(token.id, &token.name));
    // Of several with one name, at most one is valid, and it is the newest.
    let found = named.max_by_key(|token| (token.revoked_at.is_none(), token.created_at));
    found.ok_or_else(|| {
        Failure::new(Exit::Refused, format!("there is no token {which}"))
            .hint("`deploytrack token list` shows the tokens")
    })
}

/// The failure of a request for tokens, which a server of an earlier version does not know.
fn or_older_server(error: client::Error) -> Failure {
    Failure::or_older_server(
        error,
        "stores no tokens",
        "update the server, or sign a token on its machine: `deploytrack-server token`",
    )
}

fn grid(tokens: &[token::Token], secret: Option<&str>) -> Grid {
    let mut columns = vec![
        Column::flexible("name", "NAME"),
        Column::flexible("subject", "SUBJECT"),
        Column::fixed("role", "ROLE"),
        Column::flexible("components", "COMPONENTS"),
        Column::flexible("environments", "ENVIRONMENTS"),
        Column::fixed("expiresAt", "EXPIRES"),
        Column::fixed("lastUsedAt", "LAST USED"),
        Column::fixed("revokedAt", "REVOKED"),
        Column::hidden("createdBy"),
        Column::hidden("createdAt"),
        Column::hidden("rotatedAt"),
        Column::hidden("formerEndsAt"),
        Column::hidden("id"),
    ];
    columns.extend(secret.map(|_| Column::fixed("secret", "SECRET")));
    let row = |token: &token::Token| {
        let mut row = vec![
            Value::text(&token.name),
            Value::text(&token.subject),
            Value::text(&token.role),
            patterns(token.components.as_deref()),
            patterns(token.environments.as_deref()),
            Value::Time(token.expires_at),
            Value::time(token.last_used_at),
            Value::time(token.revoked_at),
            Value::text(&token.created_by),
            Value::Time(token.created_at),
            Value::time(token.rotated_at),
            Value::time(token.former_ends_at),
            Value::text(&token.id),
        ];
        row.extend(secret.map(|secret| Value::text(&secret)));
        row
    };
    Grid::new(columns, tokens.iter().map(row))
}

fn patterns(patterns: Option<&[NamePattern]>) -> Value {
    match patterns {
        None => Value::text(&"all"),
        Some([]) => Value::text(&"none"),
        Some(patterns) => {
            let texts: Vec<_> = patterns.iter().map(NamePattern::as_str).collect();
            Value::text(&texts.join(", "))
        }
    }
}
