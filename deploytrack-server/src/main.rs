//! The program `deploytrack-server`. `--help` describes its commands.

use std::{
    error::Error,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand, builder::PathBufValueParser};
use deploytrack_core::{
    clock::{Clock as _, SystemClock},
    invalid::Invalid,
    store::Store,
    text::Label,
    tracker::Tracker,
};
use deploytrack_server::{
    App,
    backup::{self, report},
    config::{
        Config, ConfigError, DatabaseUrl, NewTokenArgs, ServeArgs, TransferArgs, TransferUrls,
        backups,
    },
    healthcheck::{self, Target},
    log,
    serve::{self, INTERRUPTED, Listeners, Signals},
    tls::Tls,
    transfer,
    value_parser::{TrimmedPath, TrimmedText},
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
    Token(#[command(flatten)] NewTokenArgs),
    /// Apply the migrations to the database, or copy it to another one, and exit
    ///
    /// With --from and --to it copies everything to an empty database, such as from SQLite to
    /// PostgreSQL or back, verifies the copy, and prints the rows of each table. Stop all servers
    /// first. After an error the target is still empty.
    #[command(after_help = MIGRATE_EXAMPLE)]
    Migrate(TransferArgs),
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
    /// Copy the SQLite database to a backup, which is verified like the database itself
    ///
    /// The database may be in use: no writer waits. The backup is a database file, readable by its
    /// owner only, with a description beside it (.json). After an error no file is left.
    Backup {
        /// New file, or folder in which the file is named after the time [default: --backup-to, or
        /// the folder backups beside the database]
        #[arg(long, value_name = "FILE|FOLDER", value_parser = TrimmedPath(PathBufValueParser::new()))]
        to: Option<PathBuf>,
        /// Number of backups that stay in the folder; the oldest ones are removed
        #[arg(long, value_name = "NUMBER", value_parser = TrimmedText(backups))]
        keep: Option<usize>,
    },
    /// Replace the SQLite database by a backup, and print what is lost
    ///
    /// No program may have the database open. The backup is verified first. The old database stays
    /// beside the new one, as .before-restore.
    Restore {
        /// The backup
        #[arg(value_name = "FILE", value_parser = TrimmedPath(PathBufValueParser::new()))]
        backup: PathBuf,
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

const MIGRATE_EXAMPLE: &str = "Example:
  deploytrack-server migrate --from sqlite:deploytrack.db --to postgres://tracker@10.0.0.1/tracker --to-password-file password";

fn time_limit(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|limit| !limit.is_zero())
        .ok_or_else(|| "must be a time above zero with its unit, such as 500ms or 5s".into())
}

/// The allocator of musl takes one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Arguments { settings, command } = Arguments::parse();
    let result = match command {
        None => run(serve(settings)),
        Some(Command::Token(new)) => print_token(settings, &new),
        Some(Command::Migrate(databases)) => run(interruptible(migrate(settings, databases))),
        Some(Command::Verify { repair }) => run(interruptible(verify(settings, repair))),
        Some(Command::Backup { to, keep }) => run(cancellable(back_up(settings, to, keep))),
        Some(Command::Restore { backup }) => run(cancellable(restore(settings, backup))),
        Some(Command::CheckConfig) => settings
            .describe()
            .map_err(Into::into)
            .and_then(|settings| print(&settings)),
        Some(Command::Healthcheck { timeout }) => {
            run(interruptible(check_health(settings, timeout)))
        }
    };
    // Before the error, which comes last.
    log::end();
    result.map_or_else(|error| report(error.as_ref()), |()| ExitCode::SUCCESS)
}

type CommandResult = Result<(), Box<dyn Error>>;

/// The settings that name the database of a server.
const DATABASE_SETTING: &str = "--database-url, DEPLOYTRACK_DATABASE_URL";

/// The error when the database cannot be opened. It names the database.
#[derive(Debug, thiserror::Error)]
#[error("the database {database} ({setting}) cannot be opened")]
struct OpenError {
    database: DatabaseUrl,
    setting: &'static str,
    source: deploytrack_core::error::Error,
}

/// The error when a database cannot be copied.
#[derive(Debug, thiserror::Error)]
#[error("the database {} cannot be copied to {}", .urls.from, .urls.to)]
struct CopyError {
    urls: TransferUrls,
    source: deploytrack_core::error::Error,
}

/// The error when there is no database to read.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no database at {}; name it with --database-url (DEPLOYTRACK_DATABASE_URL) or --data-dir (DEPLOYTRACK_DATA_DIR)",
    .0.display()
)]
struct NoDatabase(PathBuf);

/// The error when a number of backups is given with a file.
#[derive(Debug, thiserror::Error)]
#[error("--keep needs a folder in --to, and {} is none", .0.display())]
struct KeepInFile(PathBuf);

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

/// Runs a command until its end or a signal.
async fn interruptible(work: impl Future<Output = CommandResult>) -> CommandResult {
    Signals::listen().interrupt(work, INTERRUPTED).await
}

/// Runs a command until its end or a signal, after which it cleans up.
async fn cancellable(work: impl Future<Output = CommandResult>) -> CommandResult {
    match Signals::listen().cancel(work).await {
        Some(done) => done,
        None => std::process::exit(INTERRUPTED),
    }
}

async fn serve(settings: ServeArgs) -> CommandResult {
    let config = settings.resolve()?;
    log::init(config.log_format, &config.log_level);
    let tls = config.tls()?;
    let mut signals = Signals::listen();
    // A start that is stopped is no failure. Opening may wait for the migration of another server.
    let app = signals
        .interrupt(Box::pin(serve::extend_start(App::open(&config))), 0)
        .await
        .map_err(|source| OpenError {
            database: config.database_url.clone(),
            setting: DATABASE_SETTING,
            source,
        })?;
    let tracker = app.tracker().clone();
    let result = listen(&config, tls, app, signals).await;
    // Closing moves the write-ahead log into the database file. It must happen also after an error.
    serve::close(&tracker).await;
    result
}

async fn listen(config: &Config, tls: Option<Tls>, app: App, signals: Signals) -> CommandResult {
    let listeners = Listeners {
        main: serve::bind(config.listen)?,
        tls,
        health: serve::bind_health(config.health_listen)?,
        metrics: serve::bind_metrics(config.metrics_listen)?,
    };
    let (address, url) = (listeners.main.local_addr()?, listeners.url()?);
    print(&format!("listening on {url}\n"))?;
    tracing::info!(%address, url, database = %config.database_url, "listening");
    if let Some(health) = &listeners.health {
        let address = health.local_addr()?;
        print(&format!("health checks on http://{address}\n"))?;
        tracing::info!(%address, "listening for health checks");
    }
    if let Some(metrics) = &listeners.metrics {
        let address = metrics.local_addr()?;
        print(&format!("metrics on http://{address}/metrics\n"))?;
        tracing::info!(%address, "listening for metrics");
    }
    Ok(serve::serve_until_signalled(listeners, app, signals).await?)
}

async fn verify(settings: ServeArgs, repair: bool) -> CommandResult {
    let database = settings.named_database()?;
    if let Some(file) = database.file_path()?
        && !file.exists()
    {
        return Err(NoDatabase(file).into());
    }
    let tracker = Tracker::new(open(&settings).await?);
    let verification = if repair {
        tracker.repair(&operator()?).await
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

async fn back_up(settings: ServeArgs, to: Option<PathBuf>, keep: Option<usize>) -> CommandResult {
    log::init(settings.log_format(), &settings.log_level()?);
    let database = settings.database_file("backup")?;
    if !database.exists() {
        return Err(NoDatabase(database).into());
    }
    let target = match to.as_deref().or(settings.backup_folder()) {
        Some(path) => backup::Target::of(path),
        None => backup::Target::beside(&database)?,
    };
    if let (backup::Target::File(path), Some(_)) = (&target, keep) {
        return Err(KeepInFile(path.clone()).into());
    }
    let made = target.back_up(&database, keep).await?;
    print(&report::made(&made))?;
    write!(io::stderr(), "{}", report::NOT_IN_IT)?;
    Ok(())
}

async fn restore(settings: ServeArgs, backup: PathBuf) -> CommandResult {
    log::init(settings.log_format(), &settings.log_level()?);
    let database = settings.database_file("restore")?;
    settings.database()?;
    let restored = deploytrack_core::tracker::restore(&backup, &database, &operator()?).await?;
    print(&report::restored(&restored, &backup, &database))?;
    write!(io::stderr(), "{}", report::AFTER_RESTORE)?;
    Ok(())
}

/// The author of what an operator does at the machine of the server, where nobody has a token.
fn operator() -> Result<Label, Invalid> {
    "deploytrack-server".parse()
}

async fn check_health(settings: ServeArgs, limit: Duration) -> CommandResult {
    let target = Target {
        address: settings.health_address()?,
        is_https: settings.checks_by_https()?,
    };
    healthcheck::check(target, limit).await?;
    print(&format!("the server at {target} is ready\n"))
}

async fn migrate(settings: ServeArgs, databases: TransferArgs) -> CommandResult {
    if let Some(urls) = databases.urls()? {
        return Box::pin(copy(settings, urls)).await;
    }
    open(&settings).await?.close().await;
    print(&format!("{} is up to date\n", settings.database()?))
}

async fn copy(settings: ServeArgs, urls: TransferUrls) -> CommandResult {
    log::init(settings.log_format(), &settings.log_level()?);
    let source = urls.from.open_to_copy().await;
    let mut source = source.map_err(|error| cannot_open(&urls.from, "--from", error))?;
    let target = urls.to.open_to_serve().await;
    let target = target.map_err(|error| cannot_open(&urls.to, "--to", error))?;
    let copied = source.copy_to(&target).await;
    source.close().await;
    target.close().await;
    match copied {
        Ok(transfer) => {
            print(&transfer::report(&transfer, &urls))?;
            write!(io::stderr(), "{}", transfer::AFTERWARDS)?;
            Ok(())
        }
        Err(source) => Err(CopyError { urls, source }.into()),
    }
}

async fn open(settings: &ServeArgs) -> Result<Store, Box<dyn Error>> {
    log::init(settings.log_format(), &settings.log_level()?);
    let database = settings.database()?;
    database
        .open()
        .await
        .map_err(|source| cannot_open(&database, DATABASE_SETTING, source))
}

fn cannot_open(
    database: &DatabaseUrl,
    setting: &'static str,
    source: deploytrack_core::error::Error,
) -> Box<dyn Error> {
    let database = database.clone();
    Box::new(OpenError {
        database,
        setting,
        source,
    })
}

fn print_token(settings: ServeArgs, new: &NewTokenArgs) -> CommandResult {
    let created = settings.missing_secret()?;
    let config = settings.resolve()?;
    let token = new.issue(&config.secret, SystemClock.now())?;
    print(&format!("{token}\n"))?;
    if let Some(path) = created {
        let path = path.display();
        writeln!(
            io::stderr(),
            "note: {path} is a new secret: only a server that starts with it accepts the token; --jwt-secret-file names another one"
        )?;
    }
    Ok(())
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
        error if error.is::<ConfigError>() || error.is::<KeepInFile>() => 2,
        error if error.is::<VerificationFailed>() => 6,
        _ => 1,
    })
}
