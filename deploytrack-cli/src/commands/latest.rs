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
    after_help = "Examples:\n  deploytrack latest user-service\n  deploytrack latest user-service --at 2026-08-01"
)]
pub(crate) struct Latest {
    /// The component
    #[arg(value_name = "COMPONENT", required_unless_present = "component")]
    named: Option<Reference>,
    /// The component, as a flag like that of other commands
    #[arg(short, long, value_name = "NAME|ID", conflicts_with = "named")]
    component: Option<Reference>,
    /// Show the state at this time: 2h (ago), yesterday, 2026-11-23 or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    at: Option<Time>,
    #[command(flatten)]
    table: TableArgs,
}

pub(crate) async fn run(latest: Latest, session: &mut Session<'_>) -> Result<(), Failure> {
    session.arrange(latest.table)?;
    let component = latest
        .component
        .or(latest.named)
        .ok_or_else(|| Failure::usage("no component is named"))?;
    let id = session.component(&component).await?.id;
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
        session.note(&format!("no deployment of {component} {then}"))?;
    }
    Ok(())
}
