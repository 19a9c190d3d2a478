//! `deploytrack show`

use std::path::PathBuf;

use deploytrack_core::{
    catalog::{Component, Environment, Reference},
    history::attempts,
    query::{DeploymentFilter, MatrixFilter, Order, PageRequest},
};
use uuid::Uuid;

use crate::{
    error::Failure,
    exit::Exit,
    flags::{Output, deployment_id},
    pipeline::target::DeploymentArg,
    render::{deployment, text::clean},
    session::Session,
};

/// Show one deployment with its history
///
/// With a component and an environment it is the one that is current there. A newer one that has
/// not succeeded is named below it.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "deploytrack show [OPTIONS] <ID>\n       deploytrack show [OPTIONS] <COMPONENT> <ENVIRONMENT>\n       deploytrack show [OPTIONS] --id-file <FILE>",
    after_help = "\
Examples:
  deploytrack show user-service production
  deploytrack show 019ab1e2-7c4d
  deploytrack show --id-file deployment.id"
)]
pub(crate) struct Show {
    /// The id of the deployment, or its beginning; or the component
    #[arg(
        value_name = "ID|COMPONENT",
        required_unless_present = "id_file",
        conflicts_with = "id_file"
    )]
    first: Option<String>,
    /// The environment
    #[arg(value_name = "ENVIRONMENT", conflicts_with = "id_file")]
    environment: Option<Reference>,
    /// Take the id from this file, as `record --id-file` wrote it
    #[arg(long, value_name = "FILE")]
    id_file: Option<PathBuf>,
}

const NOT_CURRENT: &str = "no deployment is current there; this is the newest one";

impl Show {
    /// The id of the deployment, and the note about a newer one in its cell.
    async fn target(self, session: &Session<'_>) -> Result<(Uuid, Option<String>), Failure> {
        match (self.first, self.environment) {
            (Some(component), Some(environment)) => {
                let component = component
                    .parse()
                    .map_err(|why| Failure::usage(format!("COMPONENT {why}")))?;
                current(&component, &environment, session).await
            }
            (first, _) => {
                let id = first.map(|text| {
                    deployment_id(&text).map_err(|rule| {
                        Failure::usage(format!("ID '{}' {rule}", clean(&text)))
                            .hint(format!("deploytrack show COMPONENT ENVIRONMENT shows the current deployment; `deploytrack latest --component '{}'` shows all of a component", clean(&text)))
                    })
                });
                let which = DeploymentArg::of(id.transpose()?, self.id_file);
                Ok((which.recorded_id(session).await?, None))
            }
        }
    }
}

/// The current deployment of a cell, and the note about a newer one.
async fn current(
    component: &Reference,
    environment: &Reference,
    session: &Session<'_>,
) -> Result<(Uuid, Option<String>), Failure> {
    let component = session.component(component).await?;
    let environment = session.environment(environment).await?;
    let cell = MatrixFilter {
        components: vec![component.name.clone()],
        environments: vec![environment.name.clone()],
        include_archived: true,
        ..MatrixFilter::default()
    };
    let current = session.client.latest(component.id, None).await?.value;
    let current = current
        .into_iter()
        .find(|one| one.environment_id == environment.id);
    let newer = session
        .client
        .unsettled(&cell)
        .await?
        .value
        .into_iter()
        .next();
    match (current, newer) {
        (Some(current), newer) => {
            let note = newer.map(|newer| {
                format!(
                    "a newer deployment, of {}, is {}: deploytrack show {}",
                    newer.version, newer.status, newer.id
                )
            });
            Ok((current.id, note))
        }
        (None, Some(newer)) => Ok((newer.id, Some(NOT_CURRENT.to_owned()))),
        (None, None) => newest(&component, &environment, session).await,
    }
}

/// The newest deployment of a cell without a current one: it was undeployed or rolled back.
async fn newest(
    component: &Component,
    environment: &Environment,
    session: &Session<'_>,
) -> Result<(Uuid, Option<String>), Failure> {
    let of_cell = DeploymentFilter {
        component_id: Some(component.id),
        environment_id: Some(environment.id),
        order: Order::Occurred,
        ..DeploymentFilter::default()
    };
    let first = PageRequest::new(0, 1).unwrap_or_default();
    let newest = session.client.list(&of_cell, first).await?.value.data;
    let (component, environment) = (&component.name, &environment.name);
    newest.first().map_or_else(
        || {
            let message = format!("{component} was never deployed to {environment}");
            Err(Failure::new(Exit::Refused, message).hint(format!(
                "`deploytrack latest '{component}'` shows where it runs"
            )))
        },
        |newest| Ok((newest.id, Some(NOT_CURRENT.to_owned()))),
    )
}

pub(crate) async fn run(show: Show, session: &mut Session<'_>) -> Result<(), Failure> {
    let (id, note) = show.target(session).await?;
    let shown = session.client.deployment(id).await?;
    let history = session.client.history(id).await?;
    let (details, entries) = (
        deployment::details(&shown.value),
        deployment::history(&shown.value, &history.value),
    );
    match session.output() {
        Output::Json | Output::Yaml | Output::Jsonl => session.json(&format!(
            r#"{{"deployment":{},"history":{}}}"#,
            shown.text, history.text
        )),
        Output::Csv => session.print(&entries.csv(true)),
        Output::Markdown => {
            session.print(&format!("{}\n{}", details.markdown(), entries.markdown()))
        }
        Output::Table => {
            let attempts = deployment::attempts(&attempts(&history.value));
            let view = session.view;
            session.print(&format!(
                "{}\n{}\n{}",
                details.details(&view),
                attempts.table(&view),
                entries.table(&view)
            ))
        }
    }?;
    note.map_or(Ok(()), |note| session.note(&note))
}
