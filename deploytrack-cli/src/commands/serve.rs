//! `deploytrack serve`: the server inside this program, without configuration.

mod sample;

use std::{
    io::{self, Write},
    path::{self, PathBuf},
    time::Duration,
};

use deploytrack_core::{
    client::{Client, ClientSettings},
    clock::{Clock, SystemClock},
    text::Label,
};
use deploytrack_server::{
    App,
    config::{Config, DatabaseUrl, ServeArgs, reachable},
    log,
    serve::{self, Listeners, Signals},
    token::{self, Grant},
};

use crate::{
    ci::manner::Manner,
    commands::matrix::{self, Matrix},
    error::Failure,
    exit::Exit,
    flags::Global,
    process_env::ProcessEnv,
    profile::{ConfigFile, Profile},
    session::Session,
    settings,
    ui::{Invocation, Streams},
};

/// The name of the profile, and the subject of its token.
const LOCAL: &str = "local";
/// The lifetime of that token; every start creates a new one.
const TOKEN_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// Run a server on this machine, without configuration
///
/// The server stores deployments in the data directory. The command writes the address and a token
/// to the profile local, where every other command finds them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack serve --demo\n  deploytrack serve --listen 127.0.0.1:8080"
)]
pub(crate) struct Serve {
    /// Show two weeks of twelve components, stored in demo.db and not with real deployments
    #[arg(long, conflicts_with = "database_url")]
    demo: bool,
    #[command(flatten)]
    settings: ServeArgs,
}

pub(crate) fn run(args: Serve, invocation: Invocation<'_>) -> Result<(), Failure> {
    let ended = serve(args, invocation);
    log::end();
    ended
}

fn serve(args: Serve, invocation: Invocation<'_>) -> Result<(), Failure> {
    let Invocation {
        global,
        env,
        streams: Streams { out, err },
    } = invocation;
    let global = &global;
    let config = config(args.settings, args.demo)?;
    let tls = config.tls();
    let tls = tls.map_err(|error| Failure::usage(chain(&error)))?;
    let log = || log::init(config.log_format, &config.log_level);
    if !args.demo {
        log();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| failed(&error))?;
    runtime.block_on(async {
        serve::survive_file_size_limit();
        let mut signals = Signals::listen();
        let app = signals.interrupt(Box::pin(App::open(&config)), 0).await;
        let app = app.map_err(|error| failed(&error))?;
        let tracker = app.tracker().clone();
        let served = async {
            let main = serve::bind(config.listen).map_err(|error| failed(&error))?;
            let health =
                serve::bind_health(config.health_listen).map_err(|error| failed(&error))?;
            let metrics =
                serve::bind_metrics(config.metrics_listen).map_err(|error| failed(&error))?;
            let listeners = Listeners {
                main,
                tls,
                health,
                metrics,
            };
            let local = Local::introduce(&config, &listeners, env, err)?;
            let mut served = tokio::spawn(serve::serve_until_signalled(listeners, app, signals));
            let welcome = Welcome {
                local: &local,
                demo: args.demo,
                global,
                env,
            };
            let ended = tokio::select! {
                ended = &mut served => ended,
                printed = welcome.print(out, err) => {
                    printed?;
                    // In the demo the log begins below the matrix.
                    log();
                    served.await
                }
            };
            ended
                .map_err(io::Error::other)
                .flatten()
                .map_err(|error| failed(&error))
        };
        let served = served.await;
        // Every way the server can end must move the write-ahead log into the database file.
        serve::close(&tracker).await;
        served
    })
}

fn config(settings: ServeArgs, demo: bool) -> Result<Config, Failure> {
    let mut config = settings
        .resolve()
        .map_err(|error| Failure::usage(chain(&error)))?;
    if demo {
        config.database_url = DatabaseUrl::file(config.data_dir.join("demo.db"));
    }
    Ok(config)
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Exit::Refused, chain(error))
}

/// An error and its causes in one line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes
        .map(ToString::to_string)
        .fold(error.to_string(), |text, cause| {
            if text.contains(&cause) {
                text
            } else {
                format!("{text}: {cause}")
            }
        })
}

/// The access of other commands to this server.
struct Local {
    url: String,
    token: String,
    /// The file with the certificate of the server, if it uses https.
    cacert: Option<PathBuf>,
    /// Whether they use this server without a flag.
    is_current: bool,
}

impl Local {
    /// Creates a token and writes the profile. If the profile cannot be written, the error is
    /// printed and the server still runs.
    fn introduce(
        config: &Config,
        listeners: &Listeners,
        env: &ProcessEnv,
        err: &mut dyn Write,
    ) -> Result<Self, Failure> {
        let url = url(listeners).map_err(|error| failed(&error))?;
        let cacert = config.tls.as_ref().map(|files| &files.certificate);
        let cacert = cacert.map(path::absolute).transpose();
        let cacert = cacert.map_err(|error| failed(&error))?;
        let subject = Label::new(LOCAL).map_err(|error| failed(&error))?;
        let token = token::issue(
            &config.secret,
            &subject,
            &Grant::admin(),
            TOKEN_LIFETIME.min(config.secret.longest()),
            SystemClock.now(),
        );
        let token = token.map_err(|error| failed(&error))?;
        let profile = Profile {
            name: LOCAL.to_owned(),
            url: Some(url.clone()),
            token: Some(token.clone()),
            cacert: cacert.clone(),
        };
        let saved = ConfigFile::open(env).and_then(|mut file| {
            file.save(&profile)?;
            Ok(file.current() == Some(LOCAL))
        });
        let current = saved.unwrap_or_else(|failure| {
            failure.report(Manner::of(env), &mut io::sink(), err);
            true
        });
        let named_elsewhere = [
            "DEPLOYTRACK_URL",
            "DEPLOYTRACK_TOKEN",
            "DEPLOYTRACK_TOKEN_FILE",
            "DEPLOYTRACK_PROFILE",
        ];
        let is_current = current
            && named_elsewhere
                .iter()
                .all(|name| env.variable(name).is_none());
        Ok(Self {
            url,
            token,
            cacert,
            is_current,
        })
    }
}

/// The address at which other commands on this machine reach the server. A certificate may be for a
/// name alone.
fn url(listeners: &Listeners) -> io::Result<String> {
    let address = reachable(listeners.main.local_addr()?);
    Ok(match &listeners.tls {
        Some(tls) => format!("https://{}:{}", tls.host(address.ip()), address.port()),
        None => format!("http://{address}"),
    })
}

/// The text that is printed when the server answers.
struct Welcome<'a> {
    local: &'a Local,
    demo: bool,
    global: &'a Global,
    env: &'a ProcessEnv,
}

impl Welcome<'_> {
    async fn print(&self, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
        if self.demo {
            sample::record_if_empty(&self.client()?, SystemClock.now()).await?;
        }
        unless_closed(writeln!(out, "listening on {}", self.local.url).and_then(|()| out.flush()))?;
        if self.demo {
            unless_closed(writeln!(out))?;
            self.matrix(out, err).await?;
            // In the demo the next commands are the answer, so they go to standard output.
            unless_closed(write!(out, "\n{}", self.next()).and_then(|()| out.flush()))?;
        } else if !self.global.quiet {
            unless_closed(write!(err, "{}", self.next()).and_then(|()| err.flush()))?;
        }
        Ok(())
    }

    async fn matrix(&self, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
        let invocation = Invocation {
            global: Global {
                no_pager: true,
                ..self.global.clone()
            },
            env: self.env,
            streams: Streams { out, err },
        };
        let mut session = Session::with_client(self.client()?, invocation);
        matrix::run(Matrix::default(), &mut session).await
    }

    fn client(&self) -> Result<Client, Failure> {
        let (url, token) = (self.local.url.clone(), Some(self.local.token.clone()));
        let user_agent = concat!("deploytrack/", env!("CARGO_PKG_VERSION")).to_owned();
        Ok(Client::new(ClientSettings {
            url,
            token,
            timeout: Duration::from_secs(30),
            user_agent,
            certificates: settings::certificates_of(self.local.cacert.as_deref())?,
            proxy: None,
        })?)
    }

    /// Commands for a second terminal.
    fn next(&self) -> String {
        let program = self.env.typed_program();
        let program = if self.local.is_current {
            program.to_owned()
        } else {
            format!("{program} --profile {LOCAL}")
        };
        format!(
            "In a second terminal:\n\n  \
             {program} record --component my-service --environment production --version v1.0.0 --status succeeded\n  \
             {program} matrix\n  \
             {program} open              # the same in a browser\n  \
             {program} list\n  \
             {program} --help\n\n\
             Ctrl-C ends the server.\n"
        )
    }
}

/// Ignores a closed pipe: the server continues without a reader.
fn unless_closed(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
