//! `deploytrack spool`

use deploytrack_core::clock::{self, Clock as _, SystemClock, Time};
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::waiting;
use crate::{
    error::Failure,
    exit::Exit,
    flags::{Output, entry_id},
    render::grid::{Column, Grid, Value},
    session::Session,
    spool::{Ask, Distrust, Refusal, Run, Spool as Runs, begun},
};

/// Look at what earlier calls could not send
///
/// A run is one deployment, with the events of it that no server has acknowledged. The runs of calls that are still at work
/// are left out. A run that waits is sent by the next wrapped command or by `deploytrack flush`; one that is refused by
/// `deploytrack flush` alone, once the cause is mended or its names are corrected; one that is not trusted by `deploytrack
/// flush RUN --trust` alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  deploytrack spool list\n  deploytrack spool drop --all")]
pub(crate) struct Spool {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the runs, the earliest first
    List,
    /// Show the events of a run as JSON
    Show {
        /// The run
        #[arg(value_parser = entry_id)]
        run: Uuid,
    },
    /// Drop runs: what they say is never sent
    Drop {
        /// The run
        #[arg(value_parser = entry_id, required_unless_present = "all")]
        run: Option<Uuid>,
        /// Every run
        #[arg(long, conflicts_with = "run")]
        all: bool,
    },
}

/// A run as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    run: String,
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
    /// Why the server, or this program, refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refusal>,
    /// Why it is not sent without a person's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted: Option<String>,
}

const NOT_TRUSTED: &str = "not trusted";

pub(crate) fn run(spool: &Spool, session: &mut Session<'_>) -> Result<(), Failure> {
    let runs = session.spool.clone().ok_or_else(|| Failure::usage("there is no home directory to keep a spool in"))?;
    match &spool.command {
        Command::List => list(&runs, session),
        Command::Show { run } => show(&runs, *run, session),
        Command::Drop { run: Some(run), .. } => drop_runs(&runs, &[run.to_string()], session),
        Command::Drop { run: None, .. } => drop_runs(&runs, &runs.names().map_err(Failure::of_spool)?, session),
    }
}

fn list(runs: &Runs, session: &mut Session<'_>) -> Result<(), Failure> {
    let mut listed = Vec::new();
    for name in runs.names().map_err(Failure::of_spool)? {
        // One that cannot be read hides no other.
        match look(runs, &name) {
            Ok(Some(found)) => listed.push(found),
            Ok(None) => {}
            Err(error) => session.warn(&format!("run {name} cannot be read: {error}")),
        }
    }
    let text = serde_json::to_string(&listed).map_err(std::io::Error::from)?;
    session.answer(&text, &grid(&listed))?;
    say_way_out(&listed, session)?;
    waiting::say(waiting::LONG, session);
    Ok(())
}

/// A run as it is listed; none when it is at work. One that is not trusted is shown as what it claims to be.
fn look(runs: &Runs, name: &str) -> std::io::Result<Option<Listed>> {
    let distrust = match runs.take_over(name) {
        Ok(None) => return Ok(None),
        Ok(Some(run)) => return described(&run, None).map(Some),
        Err(error) => Distrust::of(&error).cloned().ok_or(error)?,
    };
    match runs.take_unseen(name) {
        Ok(Some(run)) => described(&run, Some(distrust.clone())).map(Some).or_else(|_| Ok(Some(Listed::of_nothing(name, distrust)))),
        Ok(None) => Ok(None),
        Err(_) => Ok(Some(Listed::of_nothing(name, distrust))),
    }
}

/// Under a table, which has no room for them: why runs are refused, and what can be done about the first.
fn say_way_out(listed: &[Listed], session: &mut Session<'_>) -> Result<(), Failure> {
    if session.output() != Output::Table {
        return Ok(());
    }
    let mut refused = listed.iter().filter_map(|one| Some((one, one.refused.as_ref()?))).peekable();
    let way_out = refused.peek().map(|(one, refusal)| refusal.way_out(&one.run, one.is_record));
    for (one, refusal) in refused {
        session.note(&format!("{} is refused: {}", one.run, refusal.reason))?;
    }
    for (one, why) in listed.iter().filter_map(|one| Some((one, one.untrusted.as_ref()?))) {
        session.note(&format!("{} is not trusted: {why}; `deploytrack flush {} --trust` sends it all the same", one.run, one.run))?;
    }
    way_out.map_or(Ok(()), |way_out| session.note(&way_out))
}

fn show(runs: &Runs, run: Uuid, session: &mut Session<'_>) -> Result<(), Failure> {
    let name = run.to_string();
    let trusted = runs.take_over(&name);
    let run = match trusted {
        Err(error) => match Distrust::of(&error) {
            Some(why) => {
                session.warn(&format!("run {name} is not trusted: {why}"));
                runs.take_unseen(&name)
            }
            None => Err(error),
        },
        found => found,
    };
    let run = run.map_err(Failure::of_spool)?.ok_or_else(|| missing(&name))?;
    let events: Vec<_> = run.events().map_err(Failure::of_spool)?.into_iter().map(|(_, event)| event).collect();
    let mut shown = serde_json::to_value(&events).map_err(std::io::Error::from)?;
    if let (Some(first), Some(refusal)) = (shown.get_mut(0), run.refusal()) {
        first["refused"] = serde_json::to_value(&refusal).map_err(std::io::Error::from)?;
    }
    session.json(&serde_json::to_string_pretty(&shown).map_err(std::io::Error::from)?)
}

fn drop_runs(runs: &Runs, names: &[String], session: &mut Session<'_>) -> Result<(), Failure> {
    let mut dropped = 0;
    for name in names {
        match runs.drop_run(name) {
            Ok(Some(())) => {}
            Ok(None) if names.len() == 1 => return Err(missing(name)),
            Ok(None) => continue,
            Err(error) if names.len() == 1 => return Err(Failure::usage(format!("run {name} cannot be removed: {error}"))),
            Err(error) => {
                session.warn(&format!("run {name} cannot be removed: {error}"));
                continue;
            }
        }
        dropped += 1;
    }
    session.line(&format!("dropped {dropped} {}", if dropped == 1 { "run" } else { "runs" }))
}

pub(super) fn missing(name: &str) -> Failure {
    Failure::new(Exit::Refused, format!("there is no run {name} that could be had; it may be at work"))
        .hint("`deploytrack spool list` shows those there are")
}

impl Listed {
    /// A run of which nothing can be read.
    fn of_nothing(name: &str, distrust: Distrust) -> Self {
        Self {
            run: name.to_owned(),
            since: begun(name).unwrap_or_else(|| SystemClock.now()),
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

fn described(run: &Run, distrust: Option<Distrust>) -> std::io::Result<Listed> {
    let (name, events, told, refused) = (run.name(), run.events()?, run.told(), run.refusal().filter(|_| distrust.is_none()));
    let all = || told.iter().chain(events.iter().map(|(_, event)| event));
    let body = all().find_map(|event| if let Ask::Record { body, .. } | Ask::Resume { body, .. } = &event.ask { Some(body) } else { None });
    let text = |keys: [&str; 2]| {
        let of = |key| body.and_then(|body| body.get(key)).and_then(Json::as_str);
        keys.into_iter().find_map(of).unwrap_or_default().to_owned()
    };
    Ok(Listed {
        server: all().next().map(|event| event.server.clone()).unwrap_or_default(),
        component: text(["component", "componentId"]),
        environment: text(["environment", "environmentId"]),
        version: text(["version", "version"]),
        events: events.len(),
        state: if distrust.is_some() { NOT_TRUSTED } else { refused.as_ref().map_or("waiting", |_| "refused") },
        is_record: events.first().is_some_and(|(_, event)| matches!(event.ask, Ask::Record { .. })),
        refused,
        since: begun(&name).unwrap_or_else(|| SystemClock.now()),
        run: name,
        untrusted: distrust.map(|distrust| distrust.0),
    })
}

fn grid(listed: &[Listed]) -> Grid {
    let columns = [
        Column::fixed("run", "RUN"),
        Column::fixed("since", "AGE"),
        Column::flexible("server", "SERVER"),
        Column::flexible("component", "COMPONENT"),
        Column::flexible("environment", "ENVIRONMENT"),
        Column::flexible("version", "VERSION"),
        Column::fixed("state", "STATE"),
        Column::hidden("events"),
        Column::hidden("reason"),
    ];
    let row = |one: &Listed| {
        vec![
            Value::text(&one.run),
            Value::Time(one.since),
            Value::text(&one.server),
            Value::text(&one.component),
            Value::text(&one.environment),
            Value::text(&one.version),
            Value::text(&one.state),
            Value::text(&one.events),
            Value::optional(one.refused.as_ref().map(|refusal| &refusal.reason).or(one.untrusted.as_ref())),
        ]
    };
    Grid::new(columns, listed.iter().map(row))
}
