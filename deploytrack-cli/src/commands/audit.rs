//! `deploytrack audit`

use deploytrack_core::{
    clock::Time,
    event::{AuditFilter, Event, EventType},
    text::Label,
};

use crate::{
    error::Failure,
    flags::{ListArgs, Output},
    render::{
        event::{changes, subject},
        grid::{Column, Grid, Value},
    },
    session::{Session, fetch_pages},
    time_arg,
};

/// List who changed what apart from deployments, newest first
///
/// Changes of components and environments, walls, removals of old deployments, restores and repairs. Deployments
/// have a history of their own: `list` and `show`. Only an admin may read the audit.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack audit --since yesterday
  deploytrack audit --by ada --type wall.created --type wall.revoked")]
pub(crate) struct Audit {
    /// Only changes by this subject of a token
    #[arg(long, value_name = "NAME")]
    by: Option<Label>,
    /// Only events of this type, such as component.updated; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<EventType>,
    /// Only changes recorded at this time or later: an age such as 2h, yesterday, or a date
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    since: Option<Time>,
    /// Only changes recorded before this time
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    until: Option<Time>,
    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(audit: Audit, session: &mut Session<'_>) -> Result<(), Failure> {
    session.arrange(audit.list.table)?;
    let filter = AuditFilter {
        types: audit.types,
        recorded_by: audit.by,
        recorded_after: audit.since,
        recorded_before: audit.until,
    };
    let client = &session.client;
    let page = fetch_pages(audit.list.part, async |page| {
        Ok(client.audit(&filter, page).await?)
    });
    let page = page.await?;
    session.answer(&page.text, &grid(&page.value.data))?;
    if page.value.total == 0 && session.output() == Output::Table {
        return session.note("no change matches");
    }
    session.note_the_rest(&page.value, "changes")
}

fn grid(events: &[Event]) -> Grid {
    let columns = [
        Column::fixed("recordedAt", "RECORDED"),
        Column::flexible("recordedBy", "BY"),
        Column::fixed("type", "EVENT"),
        Column::flexible("subject", "SUBJECT"),
        Column::flexible("details", "DETAILS").optional(),
        Column::hidden("id"),
    ];
    let row = |event: &Event| {
        vec![
            Value::Time(event.recorded_at),
            Value::text(&event.recorded_by),
            Value::text(&event.r#type),
            Value::text(&subject(event)),
            changes(event).map_or(Value::Nothing, |changes| Value::text(&changes)),
            Value::text(&event.id),
        ]
    };
    Grid::new(columns, events.iter().map(row))
}
