//! Completion of names: of profiles from the config file, all others from the server.

use std::{ffi::OsStr, time::Duration};

use clap::{Arg, Command};
use clap_complete::{ArgValueCompleter, CompletionCandidate};
use deploytrack_core::{
    catalog::{Component, Environment},
    client::{Client, Error},
    query::PageRequest,
};

use crate::{
    flags::Global, lookup, process_env::ProcessEnv, profile::ConfigFile, runtime,
    settings::Settings,
};

/// How long a person waits for the names.
const PATIENCE: Duration = Duration::from_secs(1);

/// The names that complete an argument.
#[derive(Clone, Copy)]
enum Names {
    Components,
    Environments,
    Walls,
    Profiles,
}

/// Where the names come from, and how the shell wants them.
#[derive(Clone)]
struct Source {
    global: Global,
    env: ProcessEnv,
    /// Whether the shell inserts a word as it is: bash, where the others quote it.
    inserts_as_is: bool,
}

/// The command line, with the completion of names.
pub(super) fn of_names(program: Command, shell: &str, server: Global, env: &ProcessEnv) -> Command {
    let source = Source {
        global: Global {
            timeout: Some(PATIENCE),
            ..server
        },
        env: env.clone(),
        inserts_as_is: shell == "bash",
    };
    completed(program, &mut Vec::new(), &source)
}

/// The command and those below it. `path` is the names of the commands above it.
fn completed(command: Command, path: &mut Vec<String>, source: &Source) -> Command {
    if command.is_hide_set() {
        // The library completes a hidden command once its first letters are typed.
        return command.name("\0");
    }
    path.push(command.get_name().to_owned());
    let below: Vec<_> = command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    let mut command = command.mut_args(|argument| match names_of(path, &argument) {
        Some(names) => {
            let source = source.clone();
            argument.add(ArgValueCompleter::new(move |typed: &OsStr| {
                source.candidates(names, typed)
            }))
        }
        None => argument,
    });
    for name in below {
        command = command.mut_subcommand(name, |below| completed(below, path, source));
    }
    path.pop();
    command
}

/// The names that an argument of this command takes.
fn names_of(path: &[String], argument: &Arg) -> Option<Names> {
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    match (path.as_slice(), argument.get_id().as_str()) {
        (_, "component") | ([_, "show"], "first") | ([_, "latest"], "named") => {
            Some(Names::Components)
        }
        (_, "environment" | "environments") => Some(Names::Environments),
        (_, "wall") => Some(Names::Walls),
        (_, "profile") | ([_, "profile", _], "name") => Some(Names::Profiles),
        _ => None,
    }
}

impl Source {
    fn candidates(&self, names: Names, typed: &OsStr) -> Vec<CompletionCandidate> {
        let typed = typed.to_string_lossy();
        let begun = unquoted(&typed).to_lowercase();
        let found = self.names(names).unwrap_or_default().into_iter();
        found
            .filter(|name| name.to_lowercase().starts_with(&begun))
            .map(|name| match typed.chars().next() {
                _ if !self.inserts_as_is => name,
                Some('"' | '\'') => name,
                _ => escaped(&name),
            })
            .map(CompletionCandidate::new)
            .collect()
    }

    /// All names; none if the server gives no answer in time.
    fn names(&self, names: Names) -> Option<Vec<String>> {
        if matches!(names, Names::Profiles) {
            let file = ConfigFile::open(&self.env).ok()?;
            return Some(file.all().map(|profile| profile.name.clone()).collect());
        }
        let client = Settings::find(&self.global, &self.env)
            .ok()?
            .client()
            .ok()?;
        let asked = async {
            let answer = tokio::time::timeout(PATIENCE, on_server(&client, names)).await;
            Ok(answer.ok().and_then(Result::ok))
        };
        runtime::run(asked).ok().flatten()
    }
}

/// The name that a word of a shell begins.
fn unquoted(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '\\' | '"' | '\''))
        .collect()
}

/// The name as a word of a shell (POSIX.1-2024, 2.2.1).
fn escaped(name: &str) -> String {
    name.chars().fold(String::new(), |mut word, c| {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_./:@%+,=".contains(c) {
            word.push('\\');
        }
        word.push(c);
        word
    })
}

async fn on_server(client: &Client, names: Names) -> Result<Vec<String>, Error> {
    Ok(match names {
        Names::Components => texts(lookup::names::<Component>(client).await?),
        Names::Environments => texts(lookup::names::<Environment>(client).await?),
        Names::Walls => {
            let page = PageRequest::new(0, PageRequest::MOST_TAKE).unwrap_or_default();
            let walls = client.walls(page).await?.value.data;
            texts(walls.into_iter().map(|wall| wall.name))
        }
        Names::Profiles => Vec::new(),
    })
}

fn texts(names: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    names.into_iter().map(|name| name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_of_a_shell() {
        for (name, word) in [
            ("production", "production"),
            ("Production EU", r"Production\ EU"),
            ("it's", r"it\'s"),
            ("review/a+b", "review/a+b"),
            ("$(rm)", r"\$\(rm\)"),
            ("本番", "本番"),
        ] {
            assert_eq!(escaped(name), word);
            assert_eq!(unquoted(word), unquoted(name));
        }
    }
}
