//! `deploytrack list`

use deploytrack_core::{
    catalog::Reference,
    query::{DeploymentFilter, Order},
    status::Status,
};

use crate::{
    error::Failure,
    flags::{Filter, Output, Part, TableArgs, order},
    render::deployment,
    session::{Session, fetch_pages},
};

/// List deployments, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack list --environment production --status failed
  deploytrack list --since yesterday --columns component,environment,version,by
  deploytrack list --component user-service --all -o csv")]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
    /// The time that orders the list: of the last status change, or of the recording
    #[arg(long, default_value = Order::Occurred.as_str(), value_parser = order())]
    order: Order,
    #[command(flatten)]
    part: Part,
    #[command(flatten)]
    table: TableArgs,
}

pub(crate) async fn run(mut list: List, session: &mut Session<'_>) -> Result<(), Failure> {
    session.arrange(list.table)?;
    let named = session
        .resolve(list.filter.component, list.filter.environment)
        .await?;
    (list.filter.component, list.filter.environment) = named.clone();
    let filter = DeploymentFilter {
        order: list.order,
        ..list.filter.query()
    };
    let client = &session.client;
    let page = fetch_pages(list.part, async |page| {
        Ok(client.list(&filter, page).await?)
    })
    .await?;
    if page.value.total == 0 {
        must_exist(named, session).await?;
    }
    let deployments = &page.value.data;
    let ids = session
        .short_ids(deployments.iter().map(|one| one.id))
        .await;
    session.answer(&page.text, &deployment::list(deployments, &ids))?;
    if page.value.total > 0 {
        session.note_the_rest(&page.value, "deployments")?;
    } else if session.output() == Output::Table {
        session.note("no deployment matches")?;
    }
    let has_reasons = filter.status == Some(Status::Failed) && page.value.total > 0;
    if has_reasons && session.output() == Output::Table {
        session.note("`deploytrack show ID` prints the reason of a failure")?;
    }
    Ok(())
}

/// Fails if a name in a filter does not exist: an empty list may be due to a typing error.
pub(super) async fn must_exist(
    named: (Option<Reference>, Option<Reference>),
    session: &Session<'_>,
) -> Result<(), Failure> {
    if let Some(component) = named.0 {
        session.component(&component).await?;
    }
    if let Some(environment) = named.1 {
        session.environment(&environment).await?;
    }
    Ok(())
}
