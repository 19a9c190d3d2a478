//! `deploytrack token revocations`, and the revocation of JSON Web Tokens.

use deploytrack_core::{
    revocation::{Revocation, RevokedTokens},
    text::Label,
};
use uuid::Uuid;

use super::or_older_server;
use crate::{
    error::Failure,
    flags::ListArgs,
    render::grid::{Column, Grid, Value},
    session::{Session, fetch_pages},
};

/// List the revocations of JSON Web Tokens, or remove one
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack token revocations\n  deploytrack token revocations --remove 0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f"
)]
pub(super) struct Revocations {
    /// Remove the revocation with this id: its JSON Web Tokens are valid again until they expire
    #[arg(long, value_name = "ID")]
    remove: Option<Uuid>,
    #[command(flatten)]
    list: ListArgs,
}

pub(super) async fn run(wanted: Revocations, session: &mut Session<'_>) -> Result<(), Failure> {
    if let Some(id) = wanted.remove {
        let removed = session.client.remove_revocation(id).await;
        removed.map_err(or_older_server)?;
        return session.note(&format!("removed the revocation {id}"));
    }
    let ListArgs { part, table } = wanted.list;
    session.arrange(table)?;
    let client = &session.client;
    let page = fetch_pages(part, async |page| {
        client.revocations(page).await.map_err(or_older_server)
    });
    let page = page.await?;
    session.answer(&page.text, &grid(&page.value.data))?;
    session.note_the_rest(&page.value, "revocations")
}

/// Revokes the JSON Web Token with a `jti`, or the tokens of a subject.
pub(super) async fn create(
    jti: Option<Label>,
    subject: Option<Label>,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let jti = jti.map(RevokedTokens::Jti);
    let Some(tokens) = jti.or_else(|| subject.map(RevokedTokens::Subject)) else {
        return Err(Failure::usage("give a token, --jti or --subject"));
    };
    let created = session.client.revoke(&tokens).await;
    created.map_err(or_older_server)?;
    session.note(&match tokens {
        RevokedTokens::Jti(id) => format!("revoked the JSON Web Token {id}"),
        RevokedTokens::Subject(subject) => {
            format!("revoked the tokens of {subject} that were made before now")
        }
    })
}

fn grid(revocations: &[Revocation]) -> Grid {
    let columns = vec![
        Column::flexible("jti", "JTI"),
        Column::flexible("subject", "SUBJECT"),
        Column::flexible("createdBy", "CREATED BY"),
        Column::fixed("createdAt", "CREATED"),
        Column::fixed("id", "ID"),
    ];
    let row = |revocation: &Revocation| {
        let (jti, subject) = match &revocation.tokens {
            RevokedTokens::Jti(id) => (Some(id), None),
            RevokedTokens::Subject(subject) => (None, Some(subject)),
        };
        vec![
            Value::optional(jti),
            Value::optional(subject),
            Value::text(&revocation.created_by),
            Value::Time(revocation.created_at),
            Value::text(&revocation.id),
        ]
    };
    Grid::new(columns, revocations.iter().map(row))
}
