//! `deploytrack watch`

use deploytrack_core::{
    catalog::{Component, Environment, Reference},
    event::{EventFilter, EventType},
    status::Status,
    text::{Label, Name, Version},
};

use crate::{
    error::Failure,
    flags::{Output, status, whole},
    follow::News,
    lookup::{self, Resource},
    render::{event::line, text::clean_json},
    session::Session,
};

/// Print events as they happen, one per line
///
/// Runs until it is stopped. After a lost connection the command connects again and prints the
/// events that it missed: each event is printed once. After a restore of a backup on the server, a
/// note says that events may be missing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack watch
  deploytrack watch --environment production --status failed
  deploytrack watch --after 0 -o jsonl")]
pub(crate) struct Watch {
    /// Only this environment; may be repeated
    #[arg(short, long, value_name = "NAME|ID")]
    environment: Vec<Reference>,
    /// Only this component; may be repeated
    #[arg(short, long, value_name = "NAME|ID")]
    component: Vec<Reference>,
    /// Only transitions to this status
    #[arg(short, long, value_parser = status())]
    status: Option<Status>,
    /// Only events of this type, such as deployment.created; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<EventType>,
    /// Only this version
    #[arg(long)]
    version: Option<Version>,
    /// Only deployments by this person or program
    #[arg(long, value_name = "NAME")]
    deployed_by: Option<Label>,
    /// Begin after the event with this number; 0 begins with the first event [default: from now on]
    #[arg(long, value_name = "NUMBER", value_parser = whole::<i64>(0, i64::MAX.cast_unsigned()))]
    after: Option<i64>,
}

pub(crate) async fn run(watch: Watch, session: &mut Session<'_>) -> Result<(), Failure> {
    let as_json = match session.output() {
        Output::Table => false,
        Output::Json | Output::Jsonl => true,
        _ => {
            return Err(Failure::usage(
                "watch prints lines: use --output table or jsonl",
            ));
        }
    };
    let filter = EventFilter {
        components: names::<Component>(&watch.component, session).await?,
        environments: names::<Environment>(&watch.environment, session).await?,
        types: watch.types,
        status: watch.status,
        version: watch.version,
        deployed_by: watch.deployed_by,
        ..EventFilter::default()
    };
    let (mut follow, mut lost) = (session.follow(filter, watch.after)?, false);
    if session.env.stdout_is_terminal {
        let note = format!("watching {}; Ctrl-C ends", session.client.url());
        session.note(&note)?;
    }
    loop {
        match follow.next().await? {
            News::Event(event, text) => {
                session.line(&if as_json {
                    clean_json(&text)
                } else {
                    line(&event)
                })?;
                session.out.flush()?;
            }
            News::Lost(why) => {
                lost = true;
                session.note(&format!("{why}; connecting again"))?;
            }
            News::Replaced(number) => {
                let note = format!(
                    "the database of {} was replaced after event {number}, as by a restore of a backup; events until now may be missing",
                    session.client.url()
                );
                session.note(&note)?;
            }
            News::Connected if std::mem::take(&mut lost) => session.note("connected again")?,
            News::Connected => {}
        }
    }
}

/// The names of the references; each must exist.
async fn names<T: Resource>(
    references: &[Reference],
    session: &Session<'_>,
) -> Result<Vec<Name>, Failure> {
    let mut names = Vec::new();
    for reference in references {
        names.push(
            lookup::find::<T>(&session.client, reference)
                .await?
                .name()
                .clone(),
        );
    }
    Ok(names)
}
