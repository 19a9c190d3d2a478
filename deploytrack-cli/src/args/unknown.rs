//! Tips for an unknown command or flag. A tip for a command names one that reads, or the help of one
//! that writes: a person who follows it changes nothing by mistake.

use clap::{
    Command,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::help;

/// Commands that change no data on a server and no file of this machine.
const READING: [&str; 13] = [
    "list",
    "show",
    "latest",
    "matrix",
    "watch",
    "open",
    "export",
    "audit",
    "verify",
    "doctor",
    "version",
    "completions",
    "help",
];

/// Words of other tools, each with the command for the same purpose.
const WORDS: [(&[&str], &str); 14] = [
    (
        &[
            "status", "get", "current", "live", "state", "versions", "diff", "compare",
        ],
        "matrix",
    ),
    (
        &[
            "ls",
            "deployments",
            "history",
            "log",
            "logs",
            "changes",
            "failed",
        ],
        "list",
    ),
    (&["describe", "info", "inspect", "view", "who"], "show"),
    (&["tail", "events", "follow"], "watch"),
    (
        &[
            "deploy", "create", "add", "new", "release", "start", "run", "exec",
        ],
        "record",
    ),
    (
        &["set", "edit", "finish", "complete", "succeed", "fail"],
        "update",
    ),
    (&["undo", "revert", "back"], "rollback"),
    (&["remove", "rm", "delete", "uninstall"], "undeploy"),
    (&["server", "daemon", "demo", "up"], "serve"),
    (&["dashboard", "ui", "web", "browse"], "open"),
    (
        &["config", "context", "contexts", "profiles", "switch", "use"],
        "profile",
    ),
    (&["auth", "signin"], "login"),
    (&["check", "ping", "health", "test"], "doctor"),
    (&["queue", "retry", "pending", "sync"], "flush"),
];

/// Commands that a client without the server does not have.
const OF_SERVER: [&str; 2] = ["serve", "token"];

/// Flags that a command does not have, each with the way to do the same.
const FLAGS: [(&str, &str, &str); 5] = [
    (
        "record",
        "--reason",
        "'deploytrack update ID failed --reason TEXT' sets the reason",
    ),
    (
        "update",
        "--version",
        "a version is not changed: record the right one, then 'deploytrack update ID rolled_back' for the wrong one",
    ),
    (
        "latest",
        "--environment",
        "'deploytrack show COMPONENT ENVIRONMENT' shows one cell",
    ),
    ("list", "--fields", "'--columns' selects columns"),
    ("matrix", "--drift", "↓ and ↑ mark the differences"),
];

/// Replaces clap's tips for an unknown command or flag, which may name one of another meaning.
/// `first` is the first command on the line.
pub(super) fn explain(mistake: &mut clap::Error, first: Option<&str>) {
    match mistake.kind() {
        ErrorKind::InvalidSubcommand => explain_command(mistake, first),
        ErrorKind::UnknownArgument => explain_flag(mistake, first),
        _ => {}
    }
}

fn explain_flag(mistake: &mut clap::Error, command: Option<&str>) {
    let Some(ContextValue::String(flag)) = mistake.get(ContextKind::InvalidArg) else {
        return;
    };
    let long = if flag == "-e" { "--environment" } else { flag };
    let known = FLAGS
        .iter()
        .find(|(of, name, _)| command == Some(of) && *name == long);
    let is_far = match mistake.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(similar)) => {
            strsim::damerau_levenshtein(flag, similar) > similar.len() / 4
        }
        _ => false,
    };
    if is_far {
        mistake.remove(ContextKind::SuggestedArg);
    }
    if let Some((.., tip)) = known {
        let tip = StyledStr::from((*tip).to_owned());
        mistake.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
}

fn explain_command(mistake: &mut clap::Error, first: Option<&str>) {
    let Some(ContextValue::String(word)) = mistake.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let path: Vec<_> = first.into_iter().filter(|first| first != word).collect();
    let tip = tip(&word.to_lowercase(), &path);
    mistake.remove(ContextKind::SuggestedSubcommand);
    mistake.remove(ContextKind::Suggested);
    if let Some(tip) = tip {
        let tip = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        mistake.insert(ContextKind::Suggested, tip);
    }
}

/// The tip for a word after the commands of the path.
fn tip(word: &str, path: &[&str]) -> Option<String> {
    let program = help::definition();
    let parent = path
        .iter()
        .try_fold(&program, |command, name| command.find_subcommand(name))?;
    let of_other_tools = WORDS
        .iter()
        .find(|(words, _)| path.is_empty() && words.contains(&word))
        .map(|(_, name)| *name);
    let meant = of_other_tools.unwrap_or(word);
    if cfg!(not(feature = "serve")) && path.is_empty() && OF_SERVER.contains(&meant) {
        return Some("this client contains no server; install deploytrack-server".to_owned());
    }
    let of_other_tools = of_other_tools.and_then(|name| parent.find_subcommand(name));
    let found = of_other_tools.or_else(|| nearest(word, parent))?;
    let name = [&["deploytrack"], path, &[found.get_name()]]
        .concat()
        .join(" ");
    if READING.contains(&found.get_name()) {
        let about = found
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        Some(format!("'{name}': {about}"))
    } else {
        Some(format!("see '{name} --help'"))
    }
}

/// The visible command below `parent` that is a slip of the hand away from the word.
fn nearest<'a>(word: &str, parent: &'a Command) -> Option<&'a Command> {
    let most = if word.chars().count() < 5 { 1 } else { 2 };
    let distance = |command: &Command| strsim::damerau_levenshtein(word, command.get_name());
    parent
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && distance(command) <= most)
        .min_by_key(|command| distance(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tip_names_a_reading_command_or_a_help_page() {
        for (word, path, expected) in [
            ("matrx", &[][..], Some("'deploytrack matrix': ")),
            ("ls", &[], Some("'deploytrack list': ")),
            ("status", &[], Some("'deploytrack matrix': ")),
            ("deploy", &[], Some("see 'deploytrack record --help'")),
            ("undo", &[], Some("see 'deploytrack rollback --help'")),
            ("recrod", &[], Some("see 'deploytrack record --help'")),
            (
                "lst",
                &["component"],
                Some("'deploytrack component list': "),
            ),
            (
                "delte",
                &["component"],
                Some("see 'deploytrack component delete --help'"),
            ),
            ("kep", &[], None),
            ("frobnicate", &[], None),
        ] {
            let tip = tip(word, path);
            let fits = match (&tip, expected) {
                (Some(tip), Some(expected)) => tip.starts_with(expected),
                (tip, expected) => tip.is_none() && expected.is_none(),
            };
            assert!(fits, "{word}: {tip:?}");
        }
    }

    #[test]
    fn a_client_without_the_server_names_the_server() {
        let program = help::definition();
        for word in OF_SERVER {
            assert_eq!(
                program.find_subcommand(word).is_some(),
                cfg!(feature = "serve"),
                "{word}"
            );
        }
        let expected = if cfg!(feature = "serve") {
            "see 'deploytrack serve --help'"
        } else {
            "this client contains no server; install deploytrack-server"
        };
        assert_eq!(tip("daemon", &[]).as_deref(), Some(expected));
    }

    #[test]
    fn every_word_leads_to_a_command_and_is_none_itself() {
        let program = help::definition();
        for (words, name) in WORDS {
            // The client without the server has no `serve`.
            assert!(
                name == "serve" || program.find_subcommand(name).is_some(),
                "{name}"
            );
            for word in words {
                assert!(program.find_subcommand(word).is_none(), "{word}");
            }
        }
    }
}
