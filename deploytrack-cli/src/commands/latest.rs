//! `deploytrack latest`

use deploytrack_core::{catalog::Reference, clock::Time};

use crate::{
    error::Failure,
    flags::{Output, TableArgs},
    render::deployment,
    session::Session,
    time_arg,
};

/// Show the current deployment of one component in each environment
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack latest --component user-service\n  deploytrack latest --component user-service --at 2026-08-01"
)]
pub(crate) struct Latest {
    /// The component
    #[arg(short, long, value_name = "NAME|ID")]
    component: Reference,
    /// Show the state at this time: 2h (ago), yesterday, 2026-11-23 or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    at: Option<Time>,
    #[command(flatten)]
    table: TableArgs,
}

pub(crate) async fn run(latest: Latest, session: &mut Session<'_>) -> Result<(), Failure> {
    session.arrange(latest.table)?;
    let id = session.component(&latest.component).await?.id;
    let at = latest.at;
    session.view.now = at.unwrap_or(session.view.now);
    let current = session.client.latest(id, at).await?;
    let ids = session
        .short_ids(current.value.iter().map(|one| one.id))
        .await;
    session.answer(&current.text, &deployment::latest(&current.value, &ids))?;
    if current.value.is_empty() && session.output() == Output::Table {
        let then = if at.is_some() {
            "was current then"
        } else {
            "is current"
        };
        session.note(&format!("no deployment of {} {then}", latest.component))?;
    }
    Ok(())
}
