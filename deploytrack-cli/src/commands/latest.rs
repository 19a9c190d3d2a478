//! `deploytrack latest`

use deploytrack_core::catalog::Reference;

use crate::{args::Output, error::Failure, render::deployment, session::Session};

/// Show what is current of one component, in each environment
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  deploytrack latest --component user-service")]
pub(crate) struct Latest {
    /// The component
    #[arg(short, long, value_name = "NAME|ID")]
    component: Reference,
}

pub(crate) async fn run(latest: Latest, session: &mut Session<'_>) -> Result<(), Failure> {
    let id = session.component_id(&latest.component).await?;
    let current = session.client.latest(id).await?;
    session.answer(&current.text, &deployment::latest(&current.value))?;
    if current.value.is_empty() && session.output() == Output::Table {
        session.note(&format!("nothing of {} has succeeded yet", latest.component))?;
    }
    Ok(())
}
