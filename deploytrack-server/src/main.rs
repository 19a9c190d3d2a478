//! `deploytrack-server`: see `--help`.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    str::FromStr as _,
    time::Duration,
};

use clap::{Parser, Subcommand, builder::StringValueParser};
use deploytrack_core::{
    clock::{Clock as _, SystemClock},
    store::Store,
    text::Label,
    tracker::Tracker,
};
use deploytrack_server::{
    App,
    config::{Config, ConfigError, DatabaseUrl, ServeArgs},
    log,
    serve::{self, Listeners, Signals},
    token,
    trim::Trimmed,
};

/// What runs where, since when, and who put it there: the server.
///
/// Without a command it serves until SIGTERM or Ctrl-C. The token secret may be given in `DEPLOYTRACK_JWT_SECRET`.
#[derive(Debug, Parser)]
#[command(name = "deploytrack-server", version)]
struct Arguments {
    #[command(flatten)]
    settings: ServeArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a token
    Token {
        /// Whom the token is for
        #[arg(long, value_name = "NAME", value_parser = Trimmed(Label::from_str))]
        subject: Label,
        /// A role of the bearer, such as admin, which may write; may be given again
        #[arg(long, value_name = "ROLE", value_parser = Trimmed(StringValueParser::new()))]
        role: Vec<String>,
        /// The lifetime of the token, such as 12h or 90d; at most --max-token-lifetime
        #[arg(long, value_name = "TIME", default_value = "90d", value_parser = Trimmed(lifetime))]
        expires_in: Duration,
    },
    /// Bring the database up to date and end
    Migrate,
    /// Compare everything that is kept with the history; ends with 6 when there is a difference
    ///
    /// The database may be in use: no writer is held up. Every row of history is checked against its hash, and the
    /// deployments, the current cells and the counts against what the history says.
    Verify {
        /// Write what differs again from the history, cell by cell; neither the history itself is touched nor a cell whose
        /// history is not as it was recorded
        #[arg(long)]
        repair: bool,
    },
    /// Check the settings and print them, without secrets
    CheckConfig,
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = humantime::parse_duration(text).map_err(|error| format!("must be a time such as 12h or 90d ({error})"))?;
    match lifetime {
        short if short < Duration::from_secs(1) => Err("must be at least one second".into()),
        good => Ok(good),
    }
}

fn main() -> ExitCode {
    let Arguments { settings, command } = Arguments::parse();
    let done = match command {
        None => run(serve(settings)),
        Some(Command::Token { subject, role, expires_in }) => print_token(settings, &subject, &role, expires_in),
        Some(Command::Migrate) => run(migrate(settings)),
        Some(Command::Verify { repair }) => run(verify(settings, repair)),
        Some(Command::CheckConfig) => settings.describe().map_err(Into::into).and_then(|settings| print(&settings)),
    };
    done.map_or_else(|error| complain(error.as_ref()), |()| ExitCode::SUCCESS)
}

type Done = Result<(), Box<dyn Error>>;

/// The database cannot be opened; says which.
#[derive(Debug, thiserror::Error)]
#[error("the database {database} (--database-url, DEPLOYTRACK_DATABASE_URL) cannot be opened")]
struct Unopened {
    database: DatabaseUrl,
    source: deploytrack_core::error::Error,
}

/// What is kept is not what the history says.
#[derive(Debug, thiserror::Error)]
#[error("{}", if *.repairable {
    "what is kept differs from the history; `deploytrack-server verify --repair` writes it again"
} else if *.damaged {
    "a part of the database cannot be read; a backup is needed"
} else {
    "the history is not as it was recorded; only a backup can tell what it was"
})]
struct Differs {
    repairable: bool,
    damaged: bool,
}

fn run(work: impl Future<Output = Done>) -> Done {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        serve::survive_file_size_limit();
        work.await
    })
}

async fn serve(settings: ServeArgs) -> Done {
    let config = settings.resolve()?;
    log::init(config.log_format, &config.log_level);
    let app = App::open(&config).await.map_err(|error| Unopened { database: config.database_url.clone(), source: error })?;
    let tracker = app.tracker().clone();
    let served = listen(&config, app).await;
    // Every way the server can end must move the write-ahead log into the database file.
    serve::close(&tracker).await;
    served
}

async fn listen(config: &Config, app: App) -> Done {
    let signals = Signals::listen();
    let main = serve::bind(config.listen)?;
    let health = serve::bind_health(config.health_listen)?;
    let address = main.local_addr()?;
    print(&format!("listening on http://{address}\n"))?;
    tracing::info!(%address, database = %config.database_url, "listening");
    if let Some(health) = &health {
        let address = health.local_addr()?;
        print(&format!("health checks on http://{address}\n"))?;
        tracing::info!(%address, "listening for health checks");
    }
    Ok(serve::serve_until_signalled(Listeners { main, health }, app, signals).await?)
}

async fn verify(settings: ServeArgs, repair: bool) -> Done {
    let tracker = Tracker::new(open(&settings).await?);
    let found = if repair { tracker.repair().await } else { tracker.verify().await };
    tracker.close().await;
    let found = found?;
    print(&format!("{found}\n"))?;
    if found.ok { Ok(()) } else { Err(Differs { repairable: found.is_repairable(), damaged: found.is_damaged() }.into()) }
}

async fn migrate(settings: ServeArgs) -> Done {
    open(&settings).await?.close().await;
    print(&format!("{} is up to date\n", settings.database()?))
}

async fn open(settings: &ServeArgs) -> Result<Store, Box<dyn Error>> {
    log::init(settings.log_format(), &settings.log_level()?);
    let database = settings.database()?;
    database.open().await.map_err(|source| Unopened { database, source }.into())
}

fn print_token(settings: ServeArgs, subject: &Label, roles: &[String], expires_in: Duration) -> Done {
    let config = settings.resolve()?;
    let token = token::issue(&config.secret, subject, roles, expires_in, SystemClock.now())?;
    print(&format!("{token}\n"))
}

/// Writes to standard output. A reader that has gone away is no error: it has what it wanted.
fn print(text: &str) -> Done {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Says what went wrong and why, on one line. 2 is for settings, as it is for flags; 6 for a difference that was found;
/// 1 for everything else.
fn complain(error: &(dyn Error + 'static)) -> ExitCode {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !message.contains(&reason) {
            message = format!("{message}: {reason}");
        }
        cause = error.source();
    }
    // Where standard error is gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(match error {
        error if error.is::<ConfigError>() => 2,
        error if error.is::<Differs>() => 6,
        _ => 1,
    })
}
