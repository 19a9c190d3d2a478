//! `deploytrack login` and `deploytrack logout`: store and remove the token of a profile.

use std::{
    io::{self, Read},
    path::{self, PathBuf},
};

use deploytrack_core::{
    api::{TOKEN_ENDED, TOKEN_LIFETIME},
    client,
    clock::{Clock as _, SystemClock},
    session,
};
use dialoguer::Password;

use crate::{
    error::Failure,
    exit::Exit,
    flags::Global,
    process_env::ProcessEnv,
    profile::{ConfigFile, Profile},
    render::text::clean,
    settings::{self, Settings},
    text::{decode, trimmed},
    token::{self, Access},
    ui::{Invocation, Streams},
};

/// Longer than the longest token that a server accepts.
const MOST_BYTES: u64 = 64 * 1024;

/// Log in: store a token that the server accepts in a profile
///
/// The profile becomes the current one. The command asks for the token on the terminal without showing it, or reads it from standard
/// input with --token-stdin. The profile is the one in --profile; else the current one if it has
/// this server; else a new one with the name of the server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack login --url https://tracker.example.com
  deploytrack login --url https://tracker.example.com --profile work --token-stdin < token")]
pub(crate) struct Login {
    /// Read the token from standard input
    #[arg(long)]
    token_stdin: bool,
}

/// Remove the token of a profile from the config file
///
/// The token itself stays valid until it expires; only the server's operator can revoke it. If the
/// profile was the current one, another profile with a token becomes the current one: one of the
/// same server, or the only one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  deploytrack logout\n  deploytrack logout --profile work")]
pub(crate) struct Logout {}

pub(crate) async fn login(login: Login, mut invocation: Invocation<'_>) -> Result<(), Failure> {
    if let Some(warning) = settings::warning_of_login(&invocation.global, invocation.env) {
        invocation.warn(&warning);
    }
    let Invocation {
        global,
        env,
        streams,
    } = &mut invocation;
    let mut file = ConfigFile::open(env)?;
    let (name, url) = settings::login_profile(&file, global, env);
    let token = if login.token_stdin {
        read()
    } else {
        ask(&url, env)
    }?;
    let token = trimmed(&token).to_owned();
    if token.is_empty() {
        return Err(Failure::usage("the token is empty; nothing was saved"));
    }
    let profile = Profile {
        name: name.clone(),
        url: Some(url.clone()),
        token: Some(token.clone()),
        cacert: cacert(&file, &name, &url, global)?,
    };
    let shown = check(Settings::given(&url, &token, &profile, global, env)?).await?;
    file.make_current(&name);
    file.save(&profile)?;
    let access = match token::access(&token).or_else(|| token::access_of(&shown)) {
        Some(Access::Admin) => "; it can read and write",
        Some(Access::Writer(_)) => "; it can read and record deployments",
        Some(Access::Reader) => "; it can only read",
        None => "",
    };
    writeln!(
        streams.out,
        "{}",
        clean(&format!(
            "the token for {url} is stored in the profile {name}, now the current one{access}"
        ))
    )?;
    note_override(global, env, streams)
}

/// The file of `--cacert` for the profile, else the one that the profile has for the same server.
fn cacert(
    file: &ConfigFile,
    name: &str,
    url: &str,
    global: &Global,
) -> Result<Option<PathBuf>, Failure> {
    match &global.cacert {
        Some(path) => Ok(Some(path::absolute(path)?)),
        None => Ok(file
            .profile(name)
            .filter(|former| settings::is_same(former.url.as_deref(), Some(url)))
            .and_then(|former| former.cacert)),
    }
}

pub(crate) fn logout(invocation: Invocation<'_>) -> Result<(), Failure> {
    let Invocation {
        global,
        env,
        streams: Streams { out, err },
    } = invocation;
    let global = &global;
    let mut file = ConfigFile::open(env)?;
    let Some(name) = settings::profile_name(global, env)
        .or_else(|| file.current())
        .map(str::to_owned)
    else {
        return Err(Failure::usage("there is no current profile")
            .hint(format!("give one with --profile; {}", file.known())));
    };
    let profile = file
        .profile(&name)
        .ok_or_else(|| file.unknown(&name, settings::profile_source(global, env)))?;
    let result = if profile.token.is_some() {
        file.put(&Profile {
            token: None,
            ..profile.clone()
        });
        format!("the token of the profile {name} is removed; it stays valid until it expires")
    } else {
        format!("the profile {name} has no token to remove")
    };
    let next = file.replace_current(&profile, SystemClock.now());
    file.write()?;
    for sentence in std::iter::once(result).chain(next) {
        writeln!(out, "{}", clean(&sentence))?;
    }
    match env
        .variable("DEPLOYTRACK_PROFILE")
        .filter(|named| *named == name && !global.quiet)
    {
        Some(_) => Ok(writeln!(
            err,
            "{}",
            clean(&format!(
                "DEPLOYTRACK_PROFILE still names the profile {name}"
            ))
        )?),
        None => Ok(()),
    }
}

fn read() -> Result<String, Failure> {
    let mut token = Vec::new();
    let read = io::stdin()
        .take(MOST_BYTES)
        .read_to_end(&mut token)
        .and_then(|_| decode(token));
    // The error must not quote the input: it may be half a token.
    read.map_err(|error| {
        Failure::usage(format!(
            "cannot read the token from standard input: {}",
            error.kind()
        ))
    })
}

/// Asks for the token on standard error, without echo.
fn ask(url: &str, env: &ProcessEnv) -> Result<String, Failure> {
    if !(env.stdin_is_terminal && env.stderr_is_terminal) {
        return Err(Failure::usage("there is no terminal to ask for the token")
            .hint("give it on standard input: `deploytrack login --token-stdin < FILE`")
            .hint("a pipeline needs no login: set DEPLOYTRACK_TOKEN or DEPLOYTRACK_TOKEN_FILE"));
    }
    let answer = Password::new()
        .with_prompt(clean(&format!("Token for {url}")))
        .allow_empty_password(true)
        .report(false)
        .interact();
    answer.map_err(|_| Failure::usage("no token was given; nothing was saved"))
}

/// Checks the token on the server: a token that the server does not accept is not stored.
async fn check(settings: Settings) -> Result<session::Login, Failure> {
    let client = settings.client()?;
    match client.login().await {
        Ok(login) => Ok(login.value),
        Err(client::Error::Unauthorised(problem)) if problem.status == 401 && ![TOKEN_ENDED, TOKEN_LIFETIME].contains(&&*problem.code) => {
            Err(Failure::new(Exit::Unauthorised, format!("{} does not accept this token; nothing was saved", client.url()))
                .hint("it may have expired, or belong to another server; an admin creates a new one with `deploytrack token create`"))
        }
        Err(error) => Err(Failure::from(error).hint("the token could not be checked; nothing was saved")),
    }
}

/// Notes a variable that overrides the new profile, because the next command would silently not use
/// it.
fn note_override(
    global: &Global,
    env: &ProcessEnv,
    streams: &mut Streams<'_>,
) -> Result<(), Failure> {
    let set = ["DEPLOYTRACK_TOKEN", "DEPLOYTRACK_TOKEN_FILE"]
        .into_iter()
        .find(|name| env.variable(name).is_some());
    if let (Some(name), false) = (set, global.quiet) {
        streams.out.flush()?;
        // A note that cannot be printed does not matter: the token is stored.
        drop(writeln!(
            streams.err,
            "{name} is set and overrides the token of the profile"
        ));
    }
    Ok(())
}
