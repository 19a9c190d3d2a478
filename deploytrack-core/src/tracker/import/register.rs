//! Registering components and environments that an import describes.

use super::{ImportCounts, ImportLine, Label, Tracker, Write};
use crate::{
    api::Registration,
    catalog::{Component, Environment, NewEnvironment},
    clock::Time,
    error::Error,
    event::EventType,
    tracker::audit::add_component_event,
};

/// Registers the components and environments that have lines of their own. A known name is not
/// changed.
pub(super) async fn register(
    tracker: &Tracker,
    write: &mut Write,
    lines: &[(usize, ImportLine)],
    by: &Label,
) -> Result<ImportCounts, Error> {
    let mut imported = components(tracker, write, lines, by).await?;
    imported += environments(tracker, write, lines, by).await?;
    Ok(imported)
}

async fn components(
    tracker: &Tracker,
    write: &mut Write,
    lines: &[(usize, ImportLine)],
    by: &Label,
) -> Result<ImportCounts, Error> {
    let now = tracker.clock.now();
    let mut registered: Vec<_> = lines
        .iter()
        .filter_map(|(_, line)| {
            if let ImportLine::Component(registered) = line {
                Some(registered)
            } else {
                None
            }
        })
        .collect();
    // The same order for all writers.
    registered.sort_by(|a, b| a.new.name.cmp(&b.new.name));
    let mut imported = ImportCounts::default();
    for Registration { new, archived_at } in registered {
        let mut component = new.details.clone().applied_to(
            Component::registered(tracker.next_id(), new.name.clone(), now),
            now,
        );
        component.archived_at = archived_since(component.archived_at, *archived_at);
        let is_new = write.add_component(&component).await?;
        if is_new {
            add_component_event(write, EventType::ComponentCreated, &component, now, by);
        }
        imported.count(is_new);
    }
    Ok(imported)
}

async fn environments(
    tracker: &Tracker,
    write: &mut Write,
    lines: &[(usize, ImportLine)],
    by: &Label,
) -> Result<ImportCounts, Error> {
    let now = tracker.clock.now();
    let registered = lines.iter().filter_map(|(_, line)| {
        if let ImportLine::Environment(registered) = line {
            Some(registered)
        } else {
            None
        }
    });
    let environment = |Registration { new, archived_at }: &Registration<NewEnvironment>| {
        let environment = Environment::registered(tracker.next_id(), new.name.clone(), now);
        let mut environment = new.details.clone().applied_to(environment, now);
        environment.archived_at = archived_since(environment.archived_at, *archived_at);
        (environment, new.details.order)
    };
    let registered: Vec<_> = registered.map(environment).collect();
    let mut imported = ImportCounts::default();
    if !registered.is_empty() {
        let count = registered.len() as u64;
        imported.recorded = tracker
            .insert_unknown_environments(write, registered, by)
            .await?;
        imported.skipped = count - imported.recorded;
    }
    Ok(imported)
}

/// When something was archived that is registered as archived: the time of its line, if that is
/// earlier than now.
fn archived_since(now: Option<Time>, of_line: Option<Time>) -> Option<Time> {
    now.map(|now| of_line.unwrap_or(now).min(now))
}
