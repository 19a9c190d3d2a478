//! `deploytrack login` and `deploytrack logout`: the token of a profile.

use std::io::{self, Read, Write};

use deploytrack_core::{
    api::TOKEN_LIFETIME,
    client,
    clock::{Clock as _, SystemClock},
    query::PageRequest,
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

/// More than the longest token that a server looks at.
const MOST_BYTES: u64 = 64 * 1024;

/// Keep a token in a profile, once the server has accepted it, and make that profile the current one
///
/// The token is asked for on the terminal and not shown, or read from standard input with --token-stdin. The profile is
/// the one that --profile names; else the current one if it is of this server; else one that is named like the server.
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
/// The token itself stays good until it expires; only the server's operator can change that. Where the profile was the current
/// one, another profile with a token becomes it: one of the same server, or the only one there is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  deploytrack logout\n  deploytrack logout --profile work")]
pub(crate) struct Logout {}

pub(crate) async fn login(login: Login, mut invocation: Invocation<'_>) -> Result<(), Failure> {
    if let Some(warning) = settings::warning_of_login(&invocation.global, invocation.env) {
        invocation.warn(&warning);
    }
    let Invocation { global, env, streams } = &mut invocation;
    let mut file = ConfigFile::open(env)?;
    let (name, url) = settings::for_login(&file, global, env);
    let token = if login.token_stdin { read() } else { ask(&url, env) }?;
    let token = trimmed(&token).to_owned();
    if token.is_empty() {
        return Err(Failure::usage("the token is empty; nothing was saved"));
    }
    check(Settings::given(&url, &token, global, env)?).await?;
    file.make_current(&name);
    file.save(&Profile { name: name.clone(), url: Some(url.clone()), token: Some(token.clone()) })?;
    let power = match token::access(&token) {
        Some(Access::ReadWrite) => "; it may read and write",
        Some(Access::ReadOnly) => "; it may only read",
        None => "",
    };
    writeln!(streams.out, "{}", clean(&format!("the token for {url} is kept in the profile {name}, now the current one{power}")))?;
    overruled(global, env, streams)
}

pub(crate) fn logout(invocation: Invocation<'_>) -> Result<(), Failure> {
    let Invocation { global, env, streams: Streams { out, err } } = invocation;
    let global = &global;
    let mut file = ConfigFile::open(env)?;
    let Some(name) = settings::named(global, env).or_else(|| file.current()).map(str::to_owned) else {
        return Err(Failure::usage("there is no current profile").hint(format!("name one with --profile; {}", file.known())));
    };
    let profile = file.profile(&name).ok_or_else(|| file.unknown(&name, settings::source(global, env)))?;
    let said = if profile.token.is_some() {
        file.put(&Profile { token: None, ..profile.clone() });
        format!("the token of the profile {name} is removed; it stays good until it expires")
    } else {
        format!("the profile {name} has no token; nothing to remove")
    };
    let next = file.step_aside_for(&profile, SystemClock.now());
    file.write()?;
    for sentence in std::iter::once(said).chain(next) {
        writeln!(out, "{}", clean(&sentence))?;
    }
    match env.variable("DEPLOYTRACK_PROFILE").filter(|named| *named == name && !global.quiet) {
        Some(_) => Ok(writeln!(err, "{}", clean(&format!("DEPLOYTRACK_PROFILE still names the profile {name}")))?),
        None => Ok(()),
    }
}

fn read() -> Result<String, Failure> {
    let mut token = Vec::new();
    let read = io::stdin().take(MOST_BYTES).read_to_end(&mut token).and_then(|_| decode(token));
    // What was read is not repeated: it may be half a token.
    read.map_err(|error| Failure::usage(format!("cannot read the token from standard input: {}", error.kind())))
}

/// Asks on standard error, without showing what is typed.
fn ask(url: &str, env: &ProcessEnv) -> Result<String, Failure> {
    if !(env.stdin_is_terminal && env.stderr_is_terminal) {
        return Err(Failure::usage("there is no terminal to ask for the token on")
            .hint("give it on standard input: `deploytrack login --token-stdin < FILE`")
            .hint("a pipeline needs no login: it gives its token in DEPLOYTRACK_TOKEN or DEPLOYTRACK_TOKEN_FILE"));
    }
    let asked = Password::new().with_prompt(clean(&format!("Token for {url}"))).allow_empty_password(true).report(false).interact();
    asked.map_err(|_| Failure::usage("no token was given; nothing was saved"))
}

/// Nothing is kept that the server does not accept.
async fn check(settings: Settings) -> Result<(), Failure> {
    let client = settings.client()?;
    let one = PageRequest::new(0, 1).unwrap_or_default();
    match client.components(None, one).await {
        Ok(_) => Ok(()),
        Err(client::Error::Unauthorised(problem)) if problem.status == 401 && problem.code != TOKEN_LIFETIME => {
            Err(Failure::new(Exit::Unauthorised, format!("{} does not accept this token; nothing was saved", client.url()))
                .hint("it may have expired, or be another server's; `deploytrack-server token` on the server makes a new one"))
        }
        Err(error) => Err(Failure::from(error).hint("the token could not be checked; nothing was saved")),
    }
}

/// A variable goes before the profile that was just written, which would be a riddle.
fn overruled(global: &Global, env: &ProcessEnv, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let set = ["DEPLOYTRACK_TOKEN", "DEPLOYTRACK_TOKEN_FILE"].into_iter().find(|name| env.variable(name).is_some());
    if let (Some(name), false) = (set, global.quiet) {
        streams.out.flush()?;
        // Nobody may be reading notes; the token is kept all the same.
        drop(writeln!(streams.err, "{name} is set and goes before the profile's token"));
    }
    Ok(())
}
