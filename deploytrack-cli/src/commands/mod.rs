//! The commands, one file each, and the match that starts them.

pub(crate) mod archive;
pub(crate) mod audit;
pub(crate) mod completions;
pub(crate) mod component;
pub(crate) mod doctor;
pub(crate) mod environment;
mod export;
mod fields;
pub(crate) mod flush;
pub(crate) mod import;
pub(crate) mod latest;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod man;
pub(crate) mod masking;
pub(crate) mod matrix;
pub(crate) mod oidc;
pub(crate) mod open;
pub(crate) mod profile;
pub(crate) mod record;
pub(crate) mod repairs;
mod retention;
pub(crate) mod rollback;
#[cfg(feature = "serve")]
pub(crate) mod serve;
mod show;
pub(crate) mod spool;
pub(crate) mod token;
pub(crate) mod undeploy;
pub(crate) mod update;
mod verify;
pub(crate) mod version;
pub(crate) mod wait;
pub(crate) mod wall;
pub(crate) mod watch;

use clap::Subcommand;

#[cfg(feature = "serve")]
use self::serve::Serve;
use self::{
    audit::Audit,
    completions::Completions,
    component::Component,
    doctor::Doctor,
    environment::Environment,
    export::Export,
    flush::Flush,
    import::Import,
    latest::Latest,
    list::List,
    login::{Login, Logout},
    man::Man,
    matrix::Matrix,
    oidc::Oidc,
    open::Open,
    profile::Profile,
    record::Record,
    retention::Retention,
    rollback::Rollback,
    show::Show,
    spool::Spool,
    token::Token,
    undeploy::Undeploy,
    update::Update,
    verify::Verify,
    version::Version,
    wait::Wait,
    wall::Wall,
    watch::Watch,
};
use crate::{
    error::Failure,
    pipeline::keeper::{self, Keep},
    runtime,
    session::Session,
    ui::Invocation,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[cfg(feature = "serve")]
    Serve(Box<Serve>),
    Record(Box<Record>),
    Update(Update),
    Wait(Wait),
    Undeploy(Undeploy),
    List(List),
    Show(Show),
    Latest(Latest),
    Matrix(Matrix),
    Watch(Watch),
    Open(Open),
    Component(Component),
    Environment(Environment),
    Wall(Wall),
    Audit(Audit),
    Import(Import),
    Export(Export),
    Verify(Verify),
    Retention(Retention),
    Oidc(Oidc),
    Flush(Flush),
    Rollback(Box<Rollback>),
    Spool(Spool),
    Token(Token),
    Completions(Completions),
    Man(Man),
    Login(Login),
    Logout(Logout),
    Profile(Profile),
    Version(Version),
    Doctor(Doctor),
    #[command(hide = true)]
    Keep(Keep),
}

impl Command {
    /// Runs the command. `definition` describes the command line, for the manual pages.
    pub(crate) fn run(
        self,
        invocation: Invocation<'_>,
        definition: impl FnOnce() -> clap::Command,
    ) -> Result<(), Failure> {
        match self {
            #[cfg(feature = "serve")]
            Self::Serve(serve) => serve::run(*serve, invocation),
            Self::Token(token) => token::run(token, invocation),
            Self::Completions(completions) => {
                completions::run(&completions, invocation.streams.out)
            }
            Self::Man(man) => man::run(&man, &definition(), invocation),
            Self::Login(login) => runtime::run(login::login(login, invocation)),
            Self::Logout(_) => login::logout(invocation),
            Self::Profile(profile) => profile::run(profile, invocation),
            Self::Version(_) => runtime::run(version::run(invocation)),
            Self::Doctor(_) => runtime::run(doctor::run(invocation)),
            Self::Keep(keep) => {
                let Invocation {
                    global,
                    env,
                    streams,
                } = invocation;
                runtime::run(async { Err(keeper::run(keep, &global, env, streams).await) })
            }
            Self::Record(record) => {
                record.clear_id_file();
                let is_wrapped = record.wrapped_command().is_some();
                let session = if is_wrapped {
                    Session::open_or_offline(invocation)
                } else {
                    Session::open(invocation)
                };
                with(session, async |session| {
                    Box::pin(record::run(*record, session)).await
                })
            }
            Self::Update(update) => with(Session::open(invocation), async |session| {
                update::run(update, session).await
            }),
            Self::Undeploy(undeploy) => with(Session::open(invocation), async |session| {
                undeploy::run(undeploy, session).await
            }),
            Self::Wait(wait) => with(wait::open(&wait, invocation), async |session| {
                wait::run(wait, session).await
            }),
            Self::Verify(_) => with(verify::open(invocation), async |session| {
                verify::run(session).await
            }),
            Self::Retention(command) => with(retention::open(invocation), async |session| {
                retention::run(command, session).await
            }),
            Self::Rollback(rollback) => with(Session::open(invocation), async |session| {
                Box::pin(rollback::run(*rollback, session)).await
            }),
            Self::Flush(flush) => with(Session::open(invocation), async |session| {
                flush::run(flush, session).await
            }),
            Self::Spool(spool) => with(Session::open(invocation), async |session| {
                spool::run(spool, session).await
            }),
            Self::List(list) => with(Session::open(invocation), async |session| {
                list::run(list, session).await
            }),
            Self::Show(show) => with(Session::open(invocation), async |session| {
                show::run(show, session).await
            }),
            Self::Latest(latest) => with(Session::open(invocation), async |session| {
                latest::run(latest, session).await
            }),
            Self::Matrix(matrix) => with(Session::open(invocation), async |session| {
                matrix::run(matrix, session).await
            }),
            Self::Watch(watch) => with(Session::open(invocation), async |session| {
                watch::run(watch, session).await
            }),
            Self::Open(open) => with(Session::open(invocation), async |session| {
                open::run(open, session).await
            }),
            Self::Component(component) => with(Session::open(invocation), async |session| {
                component::run(component, session).await
            }),
            Self::Environment(environment) => with(Session::open(invocation), async |session| {
                environment::run(environment, session).await
            }),
            Self::Wall(wall) => with(Session::open(invocation), async |session| {
                wall::run(wall, session).await
            }),
            Self::Audit(audit) => with(Session::open(invocation), async |session| {
                audit::run(audit, session).await
            }),
            Self::Oidc(oidc) => with(Session::open(invocation), async |session| {
                oidc::run(oidc, session).await
            }),
            Self::Import(import) => with(Session::open(invocation), async |session| {
                import::run(&import, session).await
            }),
            Self::Export(export) => with(Session::open(invocation), async |session| {
                export::run(export, session).await
            }),
        }
    }

    /// A more specific flag that `--timeout` may be meant for, and the meaning of that flag. In
    /// earlier versions `--timeout` limited the wrapped command and the whole of `wait`.
    pub(crate) fn other_timeout(&self) -> Option<(&'static str, &'static str)> {
        let command = ("--command-timeout", "how long COMMAND may run");
        match self {
            Self::Record(record) if record.wrapping.has_open_limit() => Some(command),
            Self::Rollback(rollback) if rollback.wrapping.has_open_limit() => Some(command),
            Self::Wait(wait) if wait.limit.is_none() => {
                Some(("--wait-timeout", "how long to wait in all"))
            }
            _ => None,
        }
    }
}

/// Runs a command that asks a server, and prints what the server noted about the names in the
/// requests.
fn with<'a>(
    session: Result<Session<'a>, Failure>,
    command: impl AsyncFnOnce(&mut Session<'a>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut session = session?;
    runtime::run(async {
        let outcome = Box::pin(command(&mut session)).await;
        for (kind, known) in session.client.take_resemblances() {
            session.warn(&format!(
                "a new {kind} is registered, and its name resembles {known}"
            ));
        }
        archive::print_notes(&session.client.take_archive_notes(), &mut session);
        outcome
    })
}
