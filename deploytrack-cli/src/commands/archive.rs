//! `deploytrack component archive` and `deploytrack environment archive`

use std::time::Duration;

use chrono::TimeDelta;
use deploytrack_core::{
    archive::{ArchiveOutcome, ArchiveSelection, ArchivedName},
    catalog::{CatalogKind, Reference},
    client::{ArchiveNotes, ArchivedNames},
    clock::Time,
    pattern::NamePattern,
};

use crate::{
    error::Failure,
    exit::Exit,
    flags::{Output, duration},
    render::grid::{Column, Grid, Value},
    session::Session,
};

/// The names to archive.
#[derive(Debug, clap::Args)]
pub(crate) struct Archive {
    /// A name, an id, or a pattern: * matches any characters, ? matches one
    #[arg(value_name = "NAME|ID|PATTERN")]
    which: Reference,
    /// Only entries without a deployment for this long, such as 7d
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "undo")]
    older_than: Option<Duration>,
    /// Restore from the archive
    #[arg(long)]
    undo: bool,
    /// Show the entries that would be archived, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Archive {
    /// The name or id and the new value of `archived`, if one entry is named without other
    /// conditions. It is changed like any other field.
    pub(crate) fn one(&self) -> Option<(&Reference, bool)> {
        let is_pattern =
            matches!(&self.which, Reference::Name(name) if NamePattern::is_pattern(name.as_str()));
        (!is_pattern && self.older_than.is_none() && !self.dry_run)
            .then_some((&self.which, !self.undo))
    }
}

/// Archives all matching entries. One request archives a limited number, so requests repeat until
/// none remain.
pub(crate) async fn run(
    kind: CatalogKind,
    archive: &Archive,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let selection = ArchiveSelection {
        name: pattern(kind, &archive.which, session).await?,
        idle_since: archive
            .older_than
            .map(|age| since(age, session))
            .transpose()?,
        undo: archive.undo,
        dry_run: archive.dry_run,
    };
    let mut whole = session.client.archive(kind, &selection).await?.value;
    while whole.remaining > 0 && !archive.dry_run {
        let next = session.client.archive(kind, &selection).await?.value;
        if next.data.is_empty() {
            break;
        }
        whole.data.extend(next.data);
        whole.remaining = next.remaining;
    }
    answer(kind, archive, &whole, session)
}

/// The pattern; a name or id without `*` and `?` must exist.
async fn pattern(
    kind: CatalogKind,
    which: &Reference,
    session: &Session<'_>,
) -> Result<NamePattern, Failure> {
    let name = match which {
        Reference::Name(name) if NamePattern::is_pattern(name.as_str()) => name.clone(),
        one => match kind {
            CatalogKind::Component => session.component(one).await?.name,
            CatalogKind::Environment => session.environment(one).await?.name,
        },
    };
    name.as_str()
        .parse()
        .map_err(|why| Failure::usage(format!("the pattern {name} {why}")))
}

fn since(age: Duration, session: &Session<'_>) -> Result<Time, Failure> {
    let age = TimeDelta::from_std(age)
        .ok()
        .and_then(|age| session.view.now.checked_sub_signed(age));
    age.ok_or_else(|| {
        Failure::usage("--older-than is too long")
            .hint("give a shorter time, such as --older-than 30d")
    })
}

fn answer(
    kind: CatalogKind,
    archive: &Archive,
    outcome: &ArchiveOutcome,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let json = serde_json::to_string(&outcome.data)
        .map_err(|error| Failure::new(Exit::Unreachable, error.to_string()))?;
    if outcome.data.is_empty() && session.output() == Output::Table {
        return session.note(&nothing(kind, archive));
    }
    session.answer(&json, &grid(&outcome.data))?;
    session.note(&done(kind, archive, outcome))
}

fn done(kind: CatalogKind, archive: &Archive, outcome: &ArchiveOutcome) -> String {
    let all = outcome.data.len() as u64 + outcome.remaining;
    let things = if all == 1 {
        kind.as_str().to_owned()
    } else {
        format!("{kind}s")
    };
    let verb = if archive.undo {
        "restored from the archive"
    } else {
        "archived"
    };
    let more = if outcome.remaining > 0 {
        format!("; the first {} are listed", outcome.data.len())
    } else {
        String::new()
    };
    match (archive.dry_run, all) {
        (true, _) => format!(
            "{all} {things} would be {verb}{more}; run the command without --dry-run to do it"
        ),
        (false, 1) => format!("1 {things} was {verb}"),
        (false, _) => format!("{} {things} were {verb}", outcome.data.len()),
    }
}

fn nothing(kind: CatalogKind, archive: &Archive) -> String {
    let state = if archive.undo { "archived" } else { "in use" };
    let idle = if archive.older_than.is_some() {
        " without a deployment for that long"
    } else {
        ""
    };
    format!("no {kind} that is {state} matches {}{idle}", archive.which)
}

fn grid(archived: &[ArchivedName]) -> Grid {
    let columns = [
        Column::flexible("name", "NAME"),
        Column::fixed("lastDeployedAt", "LAST DEPLOYED"),
        Column::fixed("id", "ID"),
    ];
    let row = |one: &ArchivedName| {
        vec![
            Value::text(&one.name),
            one.last_deployed_at.map_or(Value::Nothing, Value::Time),
            Value::text(&one.id),
        ]
    };
    Grid::new(columns, archived.iter().map(row))
}

/// Prints the server's notes about archived names in recorded deployments.
pub(super) fn print_notes(notes: &ArchiveNotes, session: &mut Session<'_>) {
    for (kind, name) in &notes.unarchived.names {
        // A note that cannot be printed does not matter: the deployment is recorded.
        drop(session.note(&format!(
            "the {kind} {name} was archived; this deployment restored it from the archive"
        )));
    }
    if notes.unarchived.more > 0 {
        drop(session.note(&format!(
            "{} more were restored from the archive",
            notes.unarchived.more
        )));
    }
    for (kind, name) in &notes.still_archived.names {
        session.warn(&format!(
            "the {kind} {name} is archived, so the matrix does not show this deployment; {}",
            way_out(*kind)
        ));
    }
    if let ArchivedNames {
        more: more @ 1.., ..
    } = notes.still_archived
    {
        session.warn(&format!(
            "{more} more are archived, and the matrix does not show their deployments"
        ));
    }
}

fn way_out(kind: CatalogKind) -> String {
    format!(
        "`deploytrack {kind} archive --undo NAME` restores it, `deploytrack matrix --include-archived` shows it"
    )
}
