//! `deploytrack wall`

use clap::Subcommand;
use deploytrack_core::{
    catalog::Reference,
    client,
    text::{Name, ViewQuery},
    wall::{self, NewWall, WallLink},
};
use serde_json::json;

use super::open::with_fragment;
use crate::{
    error::Failure,
    exit::Exit,
    flags::{ListArgs, Output, Part},
    render::grid::{Column, Grid, Value},
    session::{Session, fetch_pages},
};

/// Create, list or revoke links that show the matrix without a login
///
/// A wall shows one view of the matrix and can do nothing else. It runs until it is revoked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  deploytrack wall create office --view 'env=production'")]
pub(crate) struct Wall {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a wall and print its link, once
    ///
    /// The link shows the view to everybody who has it, until the wall is revoked. The server does
    /// not store the link, and no command prints it again.
    #[command(
        after_help = "Examples:\n  deploytrack wall create office\n  deploytrack wall create payments --view 'env=production&q=pay'"
    )]
    Create {
        /// Its name, such as the place where it hangs
        name: Name,
        /// The view: the query in the address of the matrix page [default: the whole matrix]
        #[arg(long, value_name = "QUERY", value_parser = view)]
        view: Option<ViewQuery>,
    },
    /// List walls
    #[command(after_help = "Example:\n  deploytrack wall list")]
    List(#[command(flatten)] ListArgs),
    /// Revoke a wall: its link and the pages that show it end at once
    #[command(after_help = "Example:\n  deploytrack wall revoke office")]
    Revoke {
        /// The wall
        #[arg(value_name = "NAME|ID")]
        wall: Reference,
    },
}

/// The query of the page, also if the text is the fragment of its address.
fn view(text: &str) -> Result<ViewQuery, String> {
    let query = text.trim().trim_start_matches("#/").trim_start_matches('?');
    ViewQuery::new(query).map_err(|why| why.to_string())
}

pub(crate) async fn run(command: Wall, session: &mut Session<'_>) -> Result<(), Failure> {
    match command.action {
        Action::Create { name, view } => {
            let view = view.unwrap_or_default();
            create(NewWall { name, view }, session).await
        }
        Action::List(wanted) => list(wanted, session).await,
        Action::Revoke { wall } => revoke(&wall, session).await,
    }
}

async fn create(new: NewWall, session: &mut Session<'_>) -> Result<(), Failure> {
    let created = session.client.create_wall(&new).await;
    let WallLink { wall, secret } = created.map_err(or_older_server)?.value;
    let link = with_fragment(session.client.url(), &format!("wall={secret}"))?;
    if session.output() == Output::Table {
        session.line(&link)?;
    } else {
        let mut answer = json!(wall);
        answer["link"] = json!(link);
        session.answer(&answer.to_string(), &grid(&[wall], Some(&link)))?;
    }
    session.note("this link is not shown again; open it in the browser of the wall")
}

async fn list(
    ListArgs { part, table }: ListArgs,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    session.arrange(table)?;
    let client = &session.client;
    let page = fetch_pages(part, async |page| {
        client.walls(page).await.map_err(or_older_server)
    });
    let page = page.await?;
    session.answer(&page.text, &grid(&page.value.data, None))?;
    session.note_the_rest(&page.value, "walls")
}

async fn revoke(which: &Reference, session: &mut Session<'_>) -> Result<(), Failure> {
    let whole = Part {
        skip: 0,
        take: wall::MOST,
        all: true,
    };
    let client = &session.client;
    let all = fetch_pages(whole, async |page| {
        client.walls(page).await.map_err(or_older_server)
    });
    let all = all.await?.value.data;
    let found = all.iter().find(|wall| which.is(wall.id, &wall.name));
    let found = found.ok_or_else(|| {
        Failure::new(Exit::Refused, format!("there is no wall {which}"))
            .hint("`deploytrack wall list` shows the walls")
    })?;
    client.revoke_wall(found.id).await?;
    session.note(&format!("revoked the wall {}", found.name))
}

/// The failure of a request for walls, which a server of an earlier version does not know.
fn or_older_server(error: client::Error) -> Failure {
    Failure::or_older_server(error, "has no walls", "update the server")
}

fn grid(walls: &[wall::Wall], link: Option<&str>) -> Grid {
    let mut columns = vec![
        Column::flexible("name", "NAME"),
        Column::flexible("view", "VIEW"),
        Column::flexible("createdBy", "CREATED BY"),
        Column::fixed("createdAt", "CREATED"),
        Column::fixed("lastSeenAt", "LAST SEEN"),
        Column::hidden("id"),
    ];
    let row = |wall: &wall::Wall| {
        let fields = vec![
            Value::text(&wall.name),
            Value::text(&wall.view),
            Value::text(&wall.created_by),
            Value::Time(wall.created_at),
            Value::time(wall.last_seen_at),
            Value::text(&wall.id),
        ];
        let link = link.map(|link| Value::text(&link));
        fields.into_iter().chain(link).collect()
    };
    columns.extend(link.map(|_| Column::fixed("link", "LINK")));
    Grid::new(columns, walls.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_a_query_or_the_end_of_an_address() {
        for text in ["q=pay", "?q=pay", "#/?q=pay", " q=pay "] {
            assert_eq!(view(text).unwrap().as_str(), "q=pay", "{text}");
        }
        assert_eq!(view("").unwrap(), ViewQuery::default());
        assert!(view(&"x".repeat(1025)).is_err());
    }
}
