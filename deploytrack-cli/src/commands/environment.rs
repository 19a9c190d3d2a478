//! `deploytrack environment`

use clap::Subcommand;
use deploytrack_core::{
    catalog::{self, CatalogKind, EnvironmentChange, EnvironmentType, NewEnvironment, Reference},
    client::ApiResponse,
    json::MOST_POSITION,
    text::{Description, Name},
};
use uuid::Uuid;

use super::{
    archive::{self, Archive},
    fields::{clearable, or_empty},
};
use crate::{
    error::Failure,
    exit::Exit,
    flags::{CatalogPage, ListArgs, environment_type, whole},
    render::grid::{Column, Grid, Value},
    session::{Session, fetch_pages},
};

/// List, register, change, order, archive or delete environments
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  deploytrack environment order development staging production")]
pub(crate) struct Environment {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List environments in their order
    #[command(after_help = "Example:\n  deploytrack environment list")]
    List(#[command(flatten)] CatalogPage),
    /// Show one environment
    #[command(after_help = "Example:\n  deploytrack environment show production")]
    Show(#[command(flatten)] EnvironmentArg),
    /// Register an environment
    #[command(
        after_help = "Example:\n  deploytrack environment create eu-production --type production"
    )]
    Create {
        /// Its name
        name: Name,
        #[command(flatten)]
        details: Details,
    },
    /// Change an environment
    #[command(after_help = "Example:\n  deploytrack environment update prod --name production")]
    Update {
        #[command(flatten)]
        which: EnvironmentArg,
        /// A new name
        #[arg(long = "name", value_name = "NAME")]
        new_name: Option<Name>,
        #[command(flatten)]
        details: Details,
    },
    /// Hide environments from the matrix; their history stays
    ///
    /// The next deployment restores an environment from the archive.
    #[command(
        after_help = "Examples:\n  deploytrack environment archive staging\n  deploytrack environment archive 'review/*' --older-than 7d --dry-run"
    )]
    Archive(#[command(flatten)] Archive),
    /// Delete an environment that has no deployments
    #[command(after_help = "Example:\n  deploytrack environment delete staging")]
    Delete(#[command(flatten)] EnvironmentArg),
    /// Set the order of the environments, which is the order of the matrix's columns
    ///
    /// Environments that are not named follow in their present order.
    #[command(
        after_help = "Example:\n  deploytrack environment order development staging production"
    )]
    Order {
        /// The environments, in the new order
        #[arg(required = true, value_name = "NAME|ID")]
        environments: Vec<Reference>,
    },
}

#[derive(Debug, clap::Args)]
struct EnvironmentArg {
    /// The environment
    #[arg(value_name = "NAME|ID")]
    environment: Reference,
}

#[derive(Debug, clap::Args)]
struct Details {
    /// Free text; an empty text removes it
    #[arg(long, value_name = "TEXT", value_parser = or_empty::<Description>)]
    description: Option<String>,
    /// The type of environment [default for a new one: guessed from its name]
    #[arg(long, value_parser = environment_type())]
    r#type: Option<EnvironmentType>,
    /// The position among the environments, from 1
    #[arg(long, value_name = "POSITION", value_parser = whole::<usize>(1, MOST_POSITION))]
    order: Option<usize>,
}

impl Details {
    fn change(self, name: Option<Name>) -> Result<EnvironmentChange, Failure> {
        let description = clearable("description", self.description)?;
        Ok(EnvironmentChange {
            name,
            description,
            r#type: self.r#type,
            order: self.order,
            archived: None,
        })
    }
}

pub(crate) async fn run(command: Environment, session: &mut Session<'_>) -> Result<(), Failure> {
    match command.action {
        Action::List(wanted) => list(wanted, session).await,
        Action::Show(which) => {
            let id = session.environment(&which.environment).await?.id;
            let environment = session.client.environment(id).await?;
            show(&environment, session)
        }
        Action::Create { name, details } => {
            let created = session
                .client
                .create_environment(&NewEnvironment {
                    name,
                    details: details.change(None)?,
                })
                .await?;
            show(&created, session)
        }
        Action::Update {
            which,
            new_name,
            details,
        } => update(&which, details.change(new_name)?, session).await,
        Action::Archive(archive) => match archive.one() {
            Some((which, archived)) => {
                let which = EnvironmentArg {
                    environment: which.clone(),
                };
                update(
                    &which,
                    EnvironmentChange {
                        archived: Some(archived),
                        ..EnvironmentChange::default()
                    },
                    session,
                )
                .await
            }
            None => archive::run(CatalogKind::Environment, &archive, session).await,
        },
        Action::Delete(which) => {
            let id = session.environment(&which.environment).await?.id;
            session.client.delete_environment(id).await?;
            session.note(&format!("deleted the environment {}", which.environment))
        }
        Action::Order { environments } => order(&environments, session).await,
    }
}

async fn list(wanted: CatalogPage, session: &mut Session<'_>) -> Result<(), Failure> {
    let (filter, ListArgs { part, table }) = (wanted.filter(), wanted.list);
    session.arrange(table)?;
    let client = &session.client;
    let page = fetch_pages(part, async |page| {
        Ok(client.matching_environments(&filter, page).await?)
    })
    .await?;
    session.answer(&page.text, &grid(&page.value.data))?;
    session.note_the_rest(&page.value, "environments")
}

async fn update(
    which: &EnvironmentArg,
    change: EnvironmentChange,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    if change == EnvironmentChange::default() {
        return Err(Failure::usage("there is nothing to change")
            .hint("see `deploytrack environment update --help`"));
    }
    let id = session.environment(&which.environment).await?.id;
    let updated = session.client.update_environment(id, &change).await?;
    show(&updated, session)
}

async fn order(wanted: &[Reference], session: &mut Session<'_>) -> Result<(), Failure> {
    let mut ids: Vec<Uuid> = Vec::new();
    for environment in wanted {
        let id = session.environment(environment).await?.id;
        if ids.contains(&id) {
            return Err(Failure::new(
                Exit::Usage,
                format!("{environment} is named twice"),
            ));
        }
        ids.push(id);
    }
    let rest = session
        .all_environments()
        .await?
        .into_iter()
        .map(|environment| environment.id)
        .filter(|id| !ids.contains(id));
    ids.extend(rest.collect::<Vec<_>>());
    let ordered = session.client.reorder_environments(&ids).await?;
    session.answer(&ordered.text, &grid(&ordered.value))
}

fn show(
    environment: &ApiResponse<catalog::Environment>,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    session.answer_one(
        &environment.text,
        &grid(std::slice::from_ref(&environment.value)),
    )
}

fn grid(environments: &[catalog::Environment]) -> Grid {
    let columns = [
        Column::fixed("order", "ORDER"),
        Column::flexible("name", "NAME"),
        Column::fixed("type", "TYPE"),
        Column::fixed("archived", "ARCHIVED"),
        Column::fixed("id", "ID").optional(),
        Column::hidden("description"),
        Column::hidden("createdAt"),
        Column::hidden("updatedAt"),
    ];
    let row = |environment: &catalog::Environment| {
        vec![
            Value::text(&environment.order),
            Value::text(&environment.name),
            Value::text(&environment.r#type),
            Value::text(&environment.archived),
            Value::text(&environment.id),
            Value::optional(environment.description.as_ref()),
            Value::Time(environment.created_at),
            Value::Time(environment.updated_at),
        ]
    };
    Grid::new(columns, environments.iter().map(row))
}
