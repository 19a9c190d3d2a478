//! Names that an import registers with all that is known of them.

use super::{ImportCounts, ImportLine, Label, Tracker, Write};
use crate::{
    api::Registration,
    catalog::{Component, Environment, NewEnvironment},
    clock::Time,
    error::Error,
    event::EventType,
    tracker::events::tell_component,
};

/// Registers the components and environments that have lines of their own; a known name is left as it is.
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

async fn components(tracker: &Tracker, write: &mut Write, lines: &[(usize, ImportLine)], by: &Label) -> Result<ImportCounts, Error> {
    let now = tracker.clock.now();
    let mut told: Vec<_> =
        lines.iter().filter_map(|(_, line)| if let ImportLine::Component(told) = line { Some(told) } else { None }).collect();
    // One order for all writers.
    told.sort_by(|a, b| a.new.name.cmp(&b.new.name));
    let mut imported = ImportCounts::default();
    for Registration { new, archived_at } in told {
        let mut component = new.details.clone().applied_to(Component::registered(tracker.next_id(), new.name.clone(), now), now);
        component.archived_at = archived_since(component.archived_at, *archived_at);
        let is_new = write.add_component(&component).await?;
        if is_new {
            tell_component(write, EventType::ComponentCreated, &component, now, by);
        }
        imported.count(is_new);
    }
    Ok(imported)
}

async fn environments(tracker: &Tracker, write: &mut Write, lines: &[(usize, ImportLine)], by: &Label) -> Result<ImportCounts, Error> {
    let now = tracker.clock.now();
    let told = lines.iter().filter_map(|(_, line)| if let ImportLine::Environment(told) = line { Some(told) } else { None });
    let environment = |Registration { new, archived_at }: &Registration<NewEnvironment>| {
        let environment = Environment::registered(tracker.next_id(), new.name.clone(), now);
        let mut environment = new.details.clone().applied_to(environment, now);
        environment.archived_at = archived_since(environment.archived_at, *archived_at);
        (environment, new.details.order)
    };
    let told: Vec<_> = told.map(environment).collect();
    let mut imported = ImportCounts::default();
    if !told.is_empty() {
        let count = told.len() as u64;
        imported.recorded = tracker.insert_unknown_environments(write, told, by).await?;
        imported.skipped = count - imported.recorded;
    }
    Ok(imported)
}

/// Since when something is archived that is registered as archived now: the time of its line, if it has an earlier one.
fn archived_since(now: Option<Time>, of_line: Option<Time>) -> Option<Time> {
    now.map(|now| of_line.unwrap_or(now).min(now))
}
