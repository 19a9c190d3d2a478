//! `deploytrack component`

use clap::Subcommand;
use deploytrack_core::{
    catalog::{self, CatalogKind, ComponentChange, NewComponent, Reference},
    client::ApiResponse,
    query::Page,
    text::{Description, Label, Name},
};

use super::{
    archive::{self, Archive},
    fields::{clearable, or_empty},
};
use crate::{
    error::Failure,
    flags::{CatalogPage, ListArgs},
    render::grid::{Column, Grid, Value},
    session::{Session, fetch_pages},
};

/// List, register, change, archive or delete components
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  deploytrack component update user-service --owner payments --kind service"
)]
pub(crate) struct Component {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List components by name
    #[command(after_help = "Example:\n  deploytrack component list --all")]
    List(#[command(flatten)] CatalogPage),
    /// Show one component
    #[command(after_help = "Example:\n  deploytrack component show user-service")]
    Show(#[command(flatten)] ComponentArg),
    /// Register a component
    #[command(
        after_help = "Example:\n  deploytrack component create user-service --owner payments"
    )]
    Create {
        /// Its name
        name: Name,
        #[command(flatten)]
        details: Details,
    },
    /// Change a component
    #[command(
        after_help = "Example:\n  deploytrack component update user-service --name account-service --owner ''"
    )]
    Update {
        #[command(flatten)]
        which: ComponentArg,
        /// A new name
        #[arg(long = "name", value_name = "NAME")]
        new_name: Option<Name>,
        #[command(flatten)]
        details: Details,
    },
    /// Hide components from the matrix; their history stays
    ///
    /// The next deployment restores a component from the archive.
    #[command(
        after_help = "Examples:\n  deploytrack component archive user-service\n  deploytrack component archive 'prototype-*' --older-than 90d --dry-run"
    )]
    Archive(#[command(flatten)] Archive),
    /// Delete a component that has no deployments
    #[command(after_help = "Example:\n  deploytrack component delete user-service")]
    Delete(#[command(flatten)] ComponentArg),
}

#[derive(Debug, clap::Args)]
struct ComponentArg {
    /// The component
    #[arg(value_name = "NAME|ID")]
    component: Reference,
}

/// The fields of a component; an empty text removes a value.
#[derive(Debug, clap::Args)]
struct Details {
    /// Free text; an empty text removes it, as in all of these flags
    #[arg(long, value_name = "TEXT", value_parser = or_empty::<Description>)]
    description: Option<String>,
    /// The team or person that owns it
    #[arg(long, value_parser = or_empty::<Label>)]
    owner: Option<String>,
    /// The kind of component, such as service or library
    #[arg(long, value_parser = or_empty::<Label>)]
    kind: Option<String>,
    /// The phase of its life, such as experimental or production
    #[arg(long, value_parser = or_empty::<Label>)]
    lifecycle: Option<String>,
}

impl Details {
    fn change(self, name: Option<Name>) -> Result<ComponentChange, Failure> {
        Ok(ComponentChange {
            name,
            description: clearable("description", self.description)?,
            owner: clearable("owner", self.owner)?,
            kind: clearable("kind", self.kind)?,
            lifecycle: clearable("lifecycle", self.lifecycle)?,
            archived: None,
        })
    }
}

pub(crate) async fn run(command: Component, session: &mut Session<'_>) -> Result<(), Failure> {
    match command.action {
        Action::List(wanted) => list(wanted, session).await,
        Action::Show(which) => {
            let id = session.component(&which.component).await?.id;
            let component = session.client.component(id).await?;
            show(&component, session)
        }
        Action::Create { name, details } => {
            let created = session
                .client
                .create_component(&NewComponent {
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
                let which = ComponentArg {
                    component: which.clone(),
                };
                update(
                    &which,
                    ComponentChange {
                        archived: Some(archived),
                        ..ComponentChange::default()
                    },
                    session,
                )
                .await
            }
            None => archive::run(CatalogKind::Component, &archive, session).await,
        },
        Action::Delete(which) => {
            let id = session.component(&which.component).await?.id;
            session.client.delete_component(id).await?;
            session.note(&format!("deleted the component {}", which.component))
        }
    }
}

async fn list(wanted: CatalogPage, session: &mut Session<'_>) -> Result<(), Failure> {
    let (filter, ListArgs { part, table }) = (wanted.filter(), wanted.list);
    session.arrange(table)?;
    let client = &session.client;
    let page: ApiResponse<Page<_>> = fetch_pages(part, async |page| {
        Ok(client.matching_components(&filter, page).await?)
    })
    .await?;
    session.answer(&page.text, &grid(&page.value.data))?;
    session.note_the_rest(&page.value, "components")
}

async fn update(
    which: &ComponentArg,
    change: ComponentChange,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    if change == ComponentChange::default() {
        return Err(Failure::usage("there is nothing to change")
            .hint("see `deploytrack component update --help`"));
    }
    let id = session.component(&which.component).await?.id;
    let updated = session.client.update_component(id, &change).await?;
    show(&updated, session)
}

fn show(
    component: &ApiResponse<catalog::Component>,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    session.answer_one(
        &component.text,
        &grid(std::slice::from_ref(&component.value)),
    )
}

fn grid(components: &[catalog::Component]) -> Grid {
    let columns = [
        Column::flexible("name", "NAME"),
        Column::flexible("owner", "OWNER"),
        Column::flexible("kind", "KIND"),
        Column::flexible("lifecycle", "LIFECYCLE"),
        Column::fixed("archived", "ARCHIVED"),
        Column::fixed("id", "ID").optional(),
        Column::hidden("description"),
        Column::hidden("createdAt"),
        Column::hidden("updatedAt"),
    ];
    let row = |component: &catalog::Component| {
        vec![
            Value::text(&component.name),
            Value::optional(component.owner.as_ref()),
            Value::optional(component.kind.as_ref()),
            Value::optional(component.lifecycle.as_ref()),
            Value::text(&component.archived),
            Value::text(&component.id),
            Value::optional(component.description.as_ref()),
            Value::Time(component.created_at),
            Value::Time(component.updated_at),
        ]
    };
    Grid::new(columns, components.iter().map(row))
}
