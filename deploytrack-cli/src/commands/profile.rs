//! `deploytrack profile`: the servers in the config file, and the current one.

use chrono::DateTime;
use deploytrack_core::clock::{self, Time};
use serde::Serialize;

use crate::{
    ci::address_parts,
    error::Failure,
    flags::{Global, Output, TableArgs},
    profile::{ConfigFile, Profile as StoredProfile},
    render::{
        grid::{Column, Grid, Value},
        text::clean,
    },
    settings,
    token::{self, Access},
    ui::{Invocation, Ui},
};

/// Show the profiles of the config file, and choose the current one
///
/// A profile is the address and the token of a server. `deploytrack login` and `deploytrack serve`
/// create profiles. Commands use the current profile unless --profile or `DEPLOYTRACK_PROFILE`
/// names another. This command asks no server and never shows a token.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack profile list\n  deploytrack profile use work\n  deploytrack profile show work -o json"
)]
pub(crate) struct Profile {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the profiles
    List(#[command(flatten)] TableArgs),
    /// Make a profile the current one
    Use {
        /// The profile
        name: String,
    },
    /// Show a profile: its address, and the access and expiry of its token, but not the token
    Show {
        /// The profile [default: the one in use]
        name: Option<String>,
    },
    /// Remove a profile, its address and its token
    Remove {
        /// The profile
        name: String,
    },
}

/// A profile without its token.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileRow {
    name: String,
    current: bool,
    url: Option<String>,
    token: &'static str,
    #[serde(with = "clock::wire_option")]
    expires_at: Option<Time>,
}

pub(crate) fn run(profile: Profile, invocation: Invocation<'_>) -> Result<(), Failure> {
    let mut file = ConfigFile::open(invocation.env)?;
    let global = &invocation.global.clone();
    let mut ui = invocation.ui();
    match profile.action {
        Action::List(table) => {
            ui.arrange(table)?;
            list(&file, global, &mut ui)
        }
        Action::Use { name } => make_current(&mut file, &name, &mut ui),
        Action::Show { name } => show(&file, name.as_deref(), global, &mut ui),
        Action::Remove { name } => remove(&mut file, &name, &mut ui),
    }
}

fn list(file: &ConfigFile, global: &Global, ui: &mut Ui<'_>) -> Result<(), Failure> {
    let used = settings::profile_name(global, ui.env).or_else(|| file.current());
    let listed: Vec<_> = file
        .all()
        .map(|profile| ProfileRow::of(profile, used, ui.view.now))
        .collect();
    let text = serde_json::to_string(&listed).map_err(std::io::Error::from)?;
    ui.answer(&text, &grid(&listed))?;
    if listed.is_empty() && ui.output() == Output::Table {
        ui.note("there are no profiles; `deploytrack login` creates one, and `deploytrack serve` creates the profile local")?;
    }
    match used.filter(|used| file.profile(used).is_none()) {
        Some(missing) => ui.note(
            &file
                .unknown(missing, settings::profile_source(global, ui.env))
                .sentence(),
        ),
        None => Ok(()),
    }
}

fn make_current(file: &mut ConfigFile, name: &str, ui: &mut Ui<'_>) -> Result<(), Failure> {
    let profile = file.profile(name).ok_or_else(|| file.unknown(name, ""))?;
    file.make_current(name);
    file.write()?;
    let url = profile
        .url
        .map(|url| format!(", of {}", without_credentials(&url)))
        .unwrap_or_default();
    ui.line(&clean(&format!("{name}{url} is now the current profile")))?;
    if profile.token.is_none() {
        ui.note(&format!(
            "it has no token; `deploytrack login --profile {name}` adds one"
        ))?;
    }
    for variable in [
        "DEPLOYTRACK_PROFILE",
        "DEPLOYTRACK_URL",
        "DEPLOYTRACK_TOKEN",
        "DEPLOYTRACK_TOKEN_FILE",
    ] {
        if ui.env.variable(variable).is_some_and(|value| value != name) {
            ui.note(&format!(
                "{variable} is set and overrides the current profile"
            ))?;
        }
    }
    Ok(())
}

fn show(
    file: &ConfigFile,
    name: Option<&str>,
    global: &Global,
    ui: &mut Ui<'_>,
) -> Result<(), Failure> {
    let used = settings::profile_name(global, ui.env).or_else(|| file.current());
    let Some(wanted) = name.or(used) else {
        return Err(Failure::usage("there is no current profile")
            .hint("choose one with `deploytrack profile use NAME`")
            .hint(file.known()));
    };
    let from = if name.is_some() {
        ""
    } else {
        settings::profile_source(global, ui.env)
    };
    let profile = file
        .profile(wanted)
        .ok_or_else(|| file.unknown(wanted, from))?;
    let listed = ProfileRow::of(profile, used, ui.view.now);
    let text = serde_json::to_string(&listed).map_err(std::io::Error::from)?;
    ui.answer_one(&text, &grid(std::slice::from_ref(&listed)))
}

fn remove(file: &mut ConfigFile, name: &str, ui: &mut Ui<'_>) -> Result<(), Failure> {
    let profile = file.profile(name).ok_or_else(|| file.unknown(name, ""))?;
    file.remove(name);
    let next = file.replace_current(&profile, ui.view.now);
    file.write()?;
    ui.line(&clean(&format!(
        "the profile {name} is removed; its token stays valid until it expires"
    )))?;
    next.map_or(Ok(()), |next| ui.line(&clean(&next)))
}

impl ConfigFile {
    /// If the lost profile was the current one, makes another one current: the one with a token for
    /// the same server, or the only one with a token. Returns a sentence about the result.
    pub(crate) fn replace_current(&mut self, lost: &StoredProfile, now: Time) -> Option<String> {
        if self.current() != Some(lost.name.as_str()) {
            return None;
        }
        let valid: Vec<_> = self
            .all()
            .filter(|other| other.name != lost.name && has_valid_token(other, now))
            .collect();
        let of_the_server: Vec<_> = valid
            .iter()
            .filter(|other| settings::is_same(other.url.as_deref(), lost.url.as_deref()))
            .collect();
        let next = match (of_the_server.as_slice(), valid.as_slice()) {
            ([one], _) => (*one).clone(),
            ([], [one]) => one.clone(),
            ([], []) => {
                self.forget_missing_current();
                return Some(
                    "no other profile has a token; `deploytrack login` adds one".to_owned(),
                );
            }
            _ => {
                self.forget_missing_current();
                let names = valid
                    .iter()
                    .map(|other| other.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                return Some(format!(
                    "these profiles have a token: {names}; choose one with `deploytrack profile use NAME`"
                ));
            }
        };
        self.make_current(&next.name);
        let url = next
            .url
            .map(|url| format!(", of {}", without_credentials(&url)))
            .unwrap_or_default();
        Some(format!(
            "the profile {}{url} is now the current one",
            next.name
        ))
    }
}

/// Whether a profile has a token that has not expired. An unreadable token counts as valid.
fn has_valid_token(profile: &StoredProfile, now: Time) -> bool {
    profile
        .token
        .as_deref()
        .is_some_and(|token| token::expiry(token).is_none_or(|end| end > now.timestamp()))
}

impl ProfileRow {
    fn of(profile: StoredProfile, used: Option<&str>, now: Time) -> Self {
        let expires_at = profile
            .token
            .as_deref()
            .and_then(token::expiry)
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let token = match profile.token.as_deref() {
            None => "none",
            Some(_) if expires_at.is_some_and(|end| end <= now) => "expired",
            Some(token) => match token::access(token) {
                Some(Access::Admin) => "reads and writes",
                Some(Access::Writer(_)) => "reads and records",
                Some(Access::Reader) => "reads",
                None => "present",
            },
        };
        Self {
            current: used == Some(profile.name.as_str()),
            url: profile.url.map(|url| without_credentials(&url)),
            token,
            expires_at,
            name: profile.name,
        }
    }
}

fn grid(listed: &[ProfileRow]) -> Grid {
    let columns = [
        Column::fixed("current", "CURRENT"),
        Column::flexible("name", "NAME"),
        Column::flexible("url", "SERVER"),
        Column::flexible("token", "TOKEN"),
        Column::fixed("expiresAt", "EXPIRES"),
    ];
    let row = |one: &ProfileRow| {
        vec![
            Value::text(&if one.current { "yes" } else { "no" }),
            Value::text(&one.name),
            Value::optional(one.url.as_ref()),
            Value::text(&one.token),
            Value::optional(one.expires_at.as_ref().map(clock::format).as_ref()),
        ]
    };
    Grid::new(columns, listed.iter().map(row))
}

/// An address without user and password, which the config file may have.
fn without_credentials(url: &str) -> String {
    let (scheme, _credentials, rest) = address_parts(url);
    format!("{scheme}{rest}")
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn an_address_is_printed_without_user_and_password() {
        for (url, expected) in [
            ("https://me:hush@host:8443/path", "https://host:8443/path"),
            ("me:hush@proxy:3128", "proxy:3128"),
            ("http://host/a@b", "http://host/a@b"),
            ("http://a:b@c@host", "http://host"),
        ] {
            assert_eq!(without_credentials(url), expected);
        }
    }
}
