//! The program `deploytrack-server`. `--help` describes its commands.

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
    healthcheck, log,
    serve::{self, Listeners, Signals},
    token,
    value_parser::TrimmedText,
};

/// The deploytrack server: records which version of a component runs in which environment
///
/// Without a command, it serves until SIGTERM or Ctrl-C. `DEPLOYTRACK_JWT_SECRET` may contain the
/// token secret.
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
        /// Subject of the token: a person or a program
        #[arg(long, value_name = "NAME", value_parser = TrimmedText(Label::from_str))]
        subject: Label,
        /// Role in the token, such as admin, which allows writes; may be repeated
        #[arg(long, value_name = "ROLE", value_parser = TrimmedText(StringValueParser::new()))]
        role: Vec<String>,
        /// Lifetime of the token, such as 12h or 90d; at most --max-token-lifetime
        #[arg(long, value_name = "TIME", default_value = "90d", value_parser = TrimmedText(lifetime))]
        expires_in: Duration,
    },
    /// Apply the migrations to the database and exit
    Migrate,
    /// Compare the database with its history; exits with 6 if they differ
    ///
    /// The database may be in use: writers are not blocked. Every row of the history is checked
    /// against its hash. The deployments, the current cells and the counts are checked against the
    /// history.
    Verify {
        /// Rewrite differing data from the history, cell by cell; the history itself does not
        /// change, and neither does a cell whose history was altered
        #[arg(long)]
        repair: bool,
    },
    /// Check the settings and print them, without secrets
    CheckConfig,
    /// Check that the server with these settings is ready; exits with 1 if it is not
    ///
    /// The command sends GET /readyz to the address of --health-listen or --listen.
    Healthcheck {
        /// Time limit for the answer, such as 500ms or 5s
        #[arg(long, value_name = "TIME", default_value = "5s", value_parser = TrimmedText(time_limit))]
        timeout: Duration,
    },
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = humantime::parse_duration(text)
        .map_err(|error| format!("must be a time such as 12h or 90d ({error})"))?;
    match lifetime {
        short if short < Duration::from_secs(1) => Err("must be at least one second".into()),
        good => Ok(good),
    }
}

fn time_limit(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|limit| !limit.is_zero())
        .ok_or_else(|| "must be a time above zero with its unit, such as 500ms or 5s".into())
}

fn main() -> ExitCode {
    let Arguments { settings, command } = Arguments::parse();
    let result = match command {
        None => run(serve(settings)),
        Some(Command::Token {
            subject,
            role,
            expires_in,
        }) => print_token(settings, &subject, &role, expires_in),
        Some(Command::Migrate) => run(migrate(settings)),
        Some(Command::Verify { repair }) => run(verify(settings, repair)),
        Some(Command::CheckConfig) => settings
            .describe()
            .map_err(Into::into)
            .and_then(|settings| print(&settings)),
        Some(Command::Healthcheck { timeout }) => run(check_health(settings, timeout)),
    };
    result.map_or_else(|error| report(error.as_ref()), |()| ExitCode::SUCCESS)
}

type CommandResult = Result<(), Box<dyn Error>>;

/// The error when the database cannot be opened. It names the database.
#[derive(Debug, thiserror::Error)]
#[error("the database {database} (--database-url, DEPLOYTRACK_DATABASE_URL) cannot be opened")]
struct OpenError {
    database: DatabaseUrl,
    source: deploytrack_core::error::Error,
}

/// The error when the database differs from its history.
#[derive(Debug, thiserror::Error)]
#[error("{}", if *.repairable {
    "the data differs from the history; `deploytrack-server verify --repair` rewrites it from the history"
} else if *.damaged {
    "a part of the database cannot be read; restore a backup"
} else {
    "the history was altered after it was recorded; restore a backup"
})]
struct VerificationFailed {
    repairable: bool,
    damaged: bool,
}

fn run(work: impl Future<Output = CommandResult>) -> CommandResult {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            serve::survive_file_size_limit();
            work.await
        })
}

async fn serve(settings: ServeArgs) -> CommandResult {
    let config = settings.resolve()?;
    log::init(config.log_format, &config.log_level);
    let app = serve::extend_start(App::open(&config))
        .await
        .map_err(|error| OpenError {
            database: config.database_url.clone(),
            source: error,
        })?;
    let tracker = app.tracker().clone();
    let result = listen(&config, app).await;
    // Closing moves the write-ahead log into the database file. It must happen also after an error.
    serve::close(&tracker).await;
    result
}

async fn listen(config: &Config, app: App) -> CommandResult {
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

async fn verify(settings: ServeArgs, repair: bool) -> CommandResult {
    let tracker = Tracker::new(open(&settings).await?);
    let verification = if repair {
        tracker.repair().await
    } else {
        tracker.verify().await
    };
    tracker.close().await;
    let verification = verification?;
    print(&format!("{verification}\n"))?;
    if verification.ok {
        return Ok(());
    }
    Err(VerificationFailed {
        repairable: verification.is_repairable(),
        damaged: verification.is_damaged(),
    }
    .into())
}

async fn check_health(settings: ServeArgs, limit: Duration) -> CommandResult {
    let address = settings.health_address()?;
    healthcheck::check(address, limit).await?;
    print(&format!("the server at http://{address} is ready\n"))
}

async fn migrate(settings: ServeArgs) -> CommandResult {
    open(&settings).await?.close().await;
    print(&format!("{} is up to date\n", settings.database()?))
}

async fn open(settings: &ServeArgs) -> Result<Store, Box<dyn Error>> {
    log::init(settings.log_format(), &settings.log_level()?);
    let database = settings.database()?;
    database
        .open()
        .await
        .map_err(|source| OpenError { database, source }.into())
}

fn print_token(
    settings: ServeArgs,
    subject: &Label,
    roles: &[String],
    expires_in: Duration,
) -> CommandResult {
    let config = settings.resolve()?;
    let token = token::issue(
        &config.secret,
        subject,
        roles,
        expires_in,
        SystemClock.now(),
    )?;
    print(&format!("{token}\n"))
}

/// Writes to standard output. A closed pipe is not an error: its reader has read enough.
fn print(text: &str) -> CommandResult {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Prints an error and its causes on one line. The exit code is 2 for invalid settings, as for
/// invalid flags, 6 for a failed verification, and 1 for every other error.
fn report(error: &(dyn Error + 'static)) -> ExitCode {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !message.contains(&reason) {
            message = format!("{message}: {reason}");
        }
        cause = error.source();
    }
    // If standard error is closed, the message is lost.
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(match error {
        error if error.is::<ConfigError>() => 2,
        error if error.is::<VerificationFailed>() => 6,
        _ => 1,
    })
}
