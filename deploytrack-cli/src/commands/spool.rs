//! `deploytrack spool`

use deploytrack_core::{
    clock::{self, Clock as _, SystemClock, Time},
    text::IdPrefix,
};
use serde::Serialize;
use serde_json::Value as Json;

use crate::{
    error::Failure,
    exit::Exit,
    flags::{Output, TableArgs, entry_id},
    pipeline::backlog,
    queue::{Distrust, Entry, Refusal, Request, Spool as Entries, created_at},
    render::grid::{Column, Grid, Value},
    render::ids::unique_length,
    session::Session,
};

/// Look at what earlier calls could not send
///
/// An entry is one deployment, with its events that no server has acknowledged. Entries of calls
/// that are still running are left out. A waiting entry is sent by the next wrapped command or by
/// `deploytrack flush`. A refused entry is sent only by `deploytrack flush`, after the cause is
/// fixed or its names are corrected. An entry that is not trusted is sent only by `deploytrack
/// flush ENTRY --trust`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  deploytrack spool list\n  deploytrack spool drop --all")]
pub(crate) struct Spool {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the entries, the oldest first
    List(#[command(flatten)] TableArgs),
    /// Show the events of an entry as JSON
    Show {
        /// The entry
        #[arg(value_name = "ENTRY", value_parser = entry_id)]
        entry: IdPrefix,
    },
    /// Drop entries: their events are never sent
    Drop {
        /// The entry
        #[arg(value_name = "ENTRY", value_parser = entry_id, required_unless_present = "all")]
        entry: Option<IdPrefix>,
        /// Drop every entry
        #[arg(long, conflicts_with = "entry")]
        all: bool,
    },
}

/// One line of the list.
#[derive(Debug, Serialize)]
struct ListedEntry {
    #[serde(rename = "run")]
    entry: String,
    #[serde(with = "clock::wire")]
    since: Time,
    server: String,
    component: String,
    environment: String,
    version: String,
    events: usize,
    /// `waiting`, `refused` or `not trusted`.
    state: &'static str,
    /// Whether the record itself is among the events.
    #[serde(skip)]
    is_record: bool,
    /// Why the server, or the client, refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refusal>,
    /// Why it is not sent until a person trusts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted: Option<String>,
}

const NOT_TRUSTED: &str = "not trusted";

pub(crate) async fn run(spool: Spool, session: &mut Session<'_>) -> Result<(), Failure> {
    let entries = session
        .spool
        .clone()
        .ok_or_else(|| Failure::usage("there is no home directory for a spool"))?;
    if !matches!(spool.command, Command::Drop { .. }) {
        prove_identity(&entries, session).await;
    }
    match spool.command {
        Command::List(table) => {
            session.arrange(table)?;
            list(&entries, session)
        }
        Command::Show { entry } => show(&entries, &name_of(&entries, &entry)?, session),
        Command::Drop {
            entry: Some(entry), ..
        } => drop_entries(&entries, &[name_of(&entries, &entry)?], session),
        Command::Drop { entry: None, .. } => drop_entries(
            &entries,
            &entries.names().map_err(Failure::of_spool)?,
            session,
        ),
    }
}

/// Proves the identity of this job, so that entries of earlier jobs are recognized. Nothing is sent,
/// so the command continues without it.
async fn prove_identity(entries: &Entries, session: &mut Session<'_>) {
    if entries.names().is_ok_and(|names| names.is_empty()) {
        return;
    }
    if let Err(error) = session.prove_identity().await {
        session.warn(&format!(
            "entries of earlier jobs may be shown as not trusted: {}",
            Failure::from(error).message()
        ));
    }
}

fn list(entries: &Entries, session: &mut Session<'_>) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for name in entries.names().map_err(Failure::of_spool)? {
        // An unreadable entry does not hide the others.
        match listed(entries, &name) {
            Ok(Some(line)) => lines.push(line),
            Ok(None) => {}
            Err(error) => session.warn(&format!("entry {name} cannot be read: {error}")),
        }
    }
    let text = serde_json::to_string(&lines).map_err(std::io::Error::from)?;
    session.answer(&text, &grid(&lines))?;
    print_ways_out(&lines, session)?;
    backlog::warn_after(backlog::VERY_LATE, session);
    Ok(())
}

/// One line of the list; none if another process uses the entry. An entry that is not trusted is
/// listed with the values that it claims to have.
fn listed(entries: &Entries, name: &str) -> std::io::Result<Option<ListedEntry>> {
    let distrust = match entries.open(name) {
        Ok(None) => return Ok(None),
        Ok(Some(entry)) => return described(&entry, None).map(Some),
        Err(error) => Distrust::of(&error).cloned().ok_or(error)?,
    };
    match entries.open_unverified(name) {
        Ok(Some(entry)) => described(&entry, Some(distrust.clone()))
            .map(Some)
            .or_else(|_| Ok(Some(ListedEntry::unreadable(name, distrust)))),
        Ok(None) => Ok(None),
        Err(_) => Ok(Some(ListedEntry::unreadable(name, distrust))),
    }
}

/// Prints below a table, which has no column for it, why entries are refused or not trusted, and
/// how to send the first one.
fn print_ways_out(lines: &[ListedEntry], session: &mut Session<'_>) -> Result<(), Failure> {
    if session.output() != Output::Table {
        return Ok(());
    }
    let mut refused = lines
        .iter()
        .filter_map(|line| Some((line, line.refused.as_ref()?)))
        .peekable();
    let way_out = refused
        .peek()
        .map(|(line, refusal)| refusal.way_out(&line.entry, line.is_record));
    for (line, refusal) in refused {
        session.note(&format!("{} is refused: {}", line.entry, refusal.reason))?;
    }
    for (line, why) in lines
        .iter()
        .filter_map(|line| Some((line, line.untrusted.as_ref()?)))
    {
        session.note(&format!(
            "{} is not trusted: {why}; `deploytrack flush {} --trust` sends it anyway",
            line.entry, line.entry
        ))?;
    }
    way_out.map_or(Ok(()), |way_out| session.note(&way_out))
}

/// The name of the entry that begins with this prefix. A prefix without an entry is returned as it
/// is, for the message about it.
pub(super) fn name_of(entries: &Entries, prefix: &IdPrefix) -> Result<String, Failure> {
    let given = prefix.as_str().to_ascii_lowercase();
    let mut names = entries.names().map_err(Failure::of_spool)?;
    names.retain(|name| name.starts_with(&given));
    match names.as_slice() {
        [] => Ok(given),
        [name] => Ok(name.clone()),
        several => Err(Failure::new(
            Exit::Refused,
            format!("{} entries begin with {given}", several.len()),
        )
        .hint("give more of the id; `deploytrack spool list` shows the entries")),
    }
}

fn show(entries: &Entries, name: &str, session: &mut Session<'_>) -> Result<(), Failure> {
    let mut opened = entries.open(name);
    if let Err(error) = &opened
        && let Some(why) = Distrust::of(error)
    {
        session.warn(&format!("entry {name} is not trusted: {why}"));
        opened = entries.open_unverified(name);
    }
    let entry = opened
        .map_err(Failure::of_spool)?
        .ok_or_else(|| missing(name))?;
    let events: Vec<_> = entry
        .events()
        .map_err(Failure::of_spool)?
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    let mut shown = serde_json::to_value(&events).map_err(std::io::Error::from)?;
    if let (Some(first), Some(refusal)) = (shown.get_mut(0), entry.refusal()) {
        first["refused"] = serde_json::to_value(&refusal).map_err(std::io::Error::from)?;
    }
    session.json(&serde_json::to_string_pretty(&shown).map_err(std::io::Error::from)?)
}

fn drop_entries(
    entries: &Entries,
    names: &[String],
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let mut dropped = 0;
    for name in names {
        match entries.drop_entry(name) {
            Ok(Some(())) => {}
            Ok(None) if names.len() == 1 => return Err(missing(name)),
            Ok(None) => continue,
            Err(error) if names.len() == 1 => {
                return Err(Failure::usage(format!(
                    "entry {name} cannot be removed: {error}"
                )));
            }
            Err(error) => {
                session.warn(&format!("entry {name} cannot be removed: {error}"));
                continue;
            }
        }
        dropped += 1;
    }
    session.line(&format!(
        "dropped {dropped} {}",
        if dropped == 1 { "entry" } else { "entries" }
    ))
}

pub(super) fn missing(name: &str) -> Failure {
    Failure::new(
        Exit::Refused,
        format!("there is no entry {name} that can be opened; another process may be using it"),
    )
    .hint("`deploytrack spool list` shows the entries")
}

impl ListedEntry {
    /// The line of an entry that cannot be read.
    fn unreadable(name: &str, distrust: Distrust) -> Self {
        Self {
            entry: name.to_owned(),
            since: created_at(name).unwrap_or_else(|| SystemClock.now()),
            server: String::new(),
            component: String::new(),
            environment: String::new(),
            version: String::new(),
            events: 0,
            state: NOT_TRUSTED,
            is_record: false,
            refused: None,
            untrusted: Some(distrust.0),
        }
    }
}

fn described(entry: &Entry, distrust: Option<Distrust>) -> std::io::Result<ListedEntry> {
    let (name, events, start) = (entry.name(), entry.events()?, entry.acknowledged_start());
    // The refusal of an entry that is not trusted may be forged.
    let refused = entry.refusal().filter(|_| distrust.is_none());
    let all = || start.iter().chain(events.iter().map(|(_, event)| event));
    let body = all().find_map(|event| {
        if let Request::Record { body, .. } | Request::Resume { body, .. } = &event.request {
            Some(body)
        } else {
            None
        }
    });
    let text = |keys: [&str; 2]| {
        let of = |key| body.and_then(|body| body.get(key)).and_then(Json::as_str);
        keys.into_iter().find_map(of).unwrap_or_default().to_owned()
    };
    Ok(ListedEntry {
        server: all()
            .next()
            .map(|event| event.server.clone())
            .unwrap_or_default(),
        component: text(["component", "componentId"]),
        environment: text(["environment", "environmentId"]),
        version: text(["version", "version"]),
        events: events.len(),
        state: if distrust.is_some() {
            NOT_TRUSTED
        } else {
            refused.as_ref().map_or("waiting", |_| "refused")
        },
        is_record: events
            .first()
            .is_some_and(|(_, event)| matches!(event.request, Request::Record { .. })),
        refused,
        since: created_at(&name).unwrap_or_else(|| SystemClock.now()),
        entry: name,
        untrusted: distrust.map(|distrust| distrust.0),
    })
}

fn grid(lines: &[ListedEntry]) -> Grid {
    let columns = [
        Column::fixed("run", "ENTRY"),
        Column::fixed("since", "AGE"),
        Column::flexible("server", "SERVER"),
        Column::flexible("component", "COMPONENT"),
        Column::flexible("environment", "ENVIRONMENT"),
        Column::flexible("version", "VERSION"),
        Column::fixed("state", "STATE"),
        Column::hidden("events"),
        Column::hidden("reason"),
    ];
    let entries: Vec<_> = lines.iter().map(|line| line.entry.as_str()).collect();
    let row = |line: &ListedEntry| {
        vec![
            Value::shortened(&line.entry, unique_length(&line.entry, &entries)),
            Value::Time(line.since),
            Value::text(&line.server),
            Value::text(&line.component),
            Value::text(&line.environment),
            Value::text(&line.version),
            Value::text(&line.state),
            Value::text(&line.events),
            Value::optional(
                line.refused
                    .as_ref()
                    .map(|refusal| &refusal.reason)
                    .or(line.untrusted.as_ref()),
            ),
        ]
    };
    Grid::new(columns, lines.iter().map(row))
}
