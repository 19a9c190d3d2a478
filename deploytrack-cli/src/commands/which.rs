//! Which deployment a command is about: by its id, or by the file that a record wrote it to.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    delivery::Telling,
    error::Failure,
    exit::Exit,
    flags::deployment_id,
    id_file::{self, Held, Lack},
    session::Session,
    spool::{Distrust, Run},
};

/// How long a run may be at work elsewhere, such as in a flush that is sending it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before looking at it again.
const PAUSE: Duration = Duration::from_millis(100);

/// A deployment.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// The deployment
    #[arg(required_unless_present = "id_file", conflicts_with = "id_file", value_parser = deployment_id)]
    id: Option<Uuid>,
    /// Take the id from this file, as `record --id-file` wrote it
    #[arg(long, value_name = "FILE")]
    id_file: Option<PathBuf>,
}

/// What is known of the deployment.
#[derive(Debug)]
pub(crate) enum Target {
    /// Its id.
    Known(Uuid),
    /// Its record is kept in the spool, and it has no id yet.
    Kept(Run),
    /// Nothing, and why: no step before this one recorded it, or its run is gone.
    Nothing(String),
}

impl Which {
    /// The id of a deployment that the server must have.
    pub(crate) async fn known(&self, session: &Session<'_>) -> Result<Uuid, Failure> {
        let path = match (self.id, &self.id_file) {
            (Some(id), _) => return Ok(id),
            (None, Some(path)) => path,
            (None, None) => return Err(Failure::usage("no deployment is named").hint("give its id, or --id-file FILE")),
        };
        match target(path, session).await? {
            Target::Known(id) => Ok(id),
            Target::Kept(run) => {
                let message =
                    format!("the deployment of {} is not recorded yet: it is kept in the spool as run {}", path.display(), run.name());
                Err(match run.refusal() {
                    Some(refusal) => Failure::new(Exit::Refused, format!("{message}, refused: {}", refusal.reason))
                        .hint(refusal.way_out(&run.name(), run.deployment().is_none())),
                    None => Failure::new(Exit::Unreachable, message).hint("`deploytrack flush` sends it"),
                })
            }
            Target::Nothing(why) => Err(nothing(&why)),
        }
    }
}

/// What is said when a file names no deployment.
pub(crate) fn nothing(why: &str) -> Failure {
    Failure::usage(why)
        .hint("`deploytrack record ... --id-file FILE` writes the file")
        .hint("`deploytrack list` shows the ids there are, and an id may be given in place of --id-file")
}

/// What the file says. A run that another process has in hand is waited for: it may be getting its id.
pub(crate) async fn target(path: &Path, session: &Session<'_>) -> Result<Target, Failure> {
    let until = Instant::now() + PATIENCE;
    loop {
        let there = match read(path)? {
            Ok(Held::Id(id)) => return Ok(Target::Known(id)),
            Ok(Held::Run(run)) => match look(run, session)? {
                Look::Had(run) => return Ok(Target::Kept(run)),
                Look::AtWork => true,
                Look::Gone => false,
            },
            Err(why) => return Ok(Target::Nothing(why)),
        };
        // Who ended the run wrote the id before; the file tells it now, if it ever does.
        if let (false, Ok(Held::Id(id))) = (there, read(path)?) {
            return Ok(Target::Known(id));
        }
        if !there || Instant::now() >= until {
            let what = if there { "is at work in another process" } else { "is in the spool of this machine no more" };
            return Ok(Target::Nothing(format!("the run that {} names {what}", path.display())));
        }
        sleep(PAUSE).await;
    }
}

fn read(path: &Path) -> Result<Result<Held, String>, Failure> {
    match id_file::read(path) {
        Ok(held) => Ok(Ok(held)),
        Err(Lack::Nothing(why)) => Ok(Err(why)),
        Err(Lack::Wrong(why)) => Err(nothing(&why)),
    }
}

/// What becomes of looking for a run.
enum Look {
    Had(Run),
    AtWork,
    Gone,
}

fn look(run: Uuid, session: &Session<'_>) -> Result<Look, Failure> {
    let Some(spool) = &session.spool else { return Ok(Look::Gone) };
    let name = run.to_string();
    let distrusted = |error: std::io::Error| match Distrust::of(&error) {
        Some(why) => Failure::new(Exit::Refused, format!("run {name}, which the file names, is not trusted: {why}"))
            .hint(format!("look at it with `deploytrack spool show {name}`; `deploytrack flush {name} --trust` sends it")),
        None => Failure::of_spool(error),
    };
    match spool.take_over(&name).map_err(distrusted)? {
        Some(run) => Ok(Look::Had(run)),
        None if spool.names().map_err(Failure::of_spool)?.contains(&name) => Ok(Look::AtWork),
        None => Ok(Look::Gone),
    }
}

/// Hands a deployment to the next step: its id when that is known, else the run that is kept for it.
pub(crate) fn hand_on(path: &Path, telling: &Telling) -> Result<(), String> {
    match (telling.deployment(), telling.run()) {
        (Some(id), _) => id_file::write(path, &Held::Id(id)),
        (None, Some(run)) => hand_on_run(path, run),
        (None, None) => Ok(()),
    }
}

/// Hands a run to the next step. Whoever sends it puts the id in its place.
pub(crate) fn hand_on_run(path: &Path, run: &Run) -> Result<(), String> {
    let name = Uuid::try_parse(&run.name()).map_err(|error| error.to_string())?;
    let whole = std::path::absolute(path).map_err(|error| format!("cannot find {}: {error}", path.display()))?;
    run.keep_id_file(&whole).map_err(|error| format!("the spool cannot be written: {error}"))?;
    id_file::write(path, &Held::Run(name))
}
