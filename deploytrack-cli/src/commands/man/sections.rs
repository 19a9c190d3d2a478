//! The sections of a manual page that are not generated from the flags.

use clap::Command;
use clap_mangen::roff::{Roff, bold, roman};

/// The exit codes; docs/cli.md has the details.
const EXIT_CODES: [(&str, &str); 7] = [
    ("0", "Done."),
    (
        "1",
        "The server refused the request; the message names the reason and the way out.",
    ),
    ("2", "Wrong usage: a flag, a value or a file."),
    (
        "3",
        "The server is unreachable, did not answer in time, or failed. Repeating may help.",
    ),
    (
        "4",
        "Not authorised: no token, a wrong one, or one without the role.",
    ),
    ("6", "A difference was found."),
    (
        "other",
        "The exit code of a wrapped command is its own: 127 or 126 if it cannot be started, 124 after --command-timeout, 128 plus \
         the number of the signal that ended it.",
    ),
];

const VARIABLES: [(&str, &str); 16] = [
    ("DEPLOYTRACK_URL", "The address of the server, as --url."),
    (
        "DEPLOYTRACK_TOKEN",
        "The token. There is no flag for it, because process lists show flags.",
    ),
    ("DEPLOYTRACK_TOKEN_FILE", "A file with the token."),
    (
        "DEPLOYTRACK_ID_TOKEN, DEPLOYTRACK_ID_TOKEN_FILE",
        "The identity token of a pipeline's job, or a file with it, if there is no token.",
    ),
    (
        "DEPLOYTRACK_OIDC_AUDIENCE",
        "The audience of identity tokens, instead of the address of the server.",
    ),
    (
        "DEPLOYTRACK_PROFILE",
        "The profile of the config file, as --profile.",
    ),
    (
        "DEPLOYTRACK_TIMEOUT",
        "The time limit for each answer of the server, as --timeout.",
    ),
    (
        "DEPLOYTRACK_CACERT",
        "A file of PEM certificates to trust besides the system's, as --cacert.",
    ),
    (
        "DEPLOYTRACK_ALLOW_HTTP",
        "No warning about a token that is sent without encryption, as --allow-http.",
    ),
    (
        "DEPLOYTRACK_ON_ERROR",
        "spool, warn or fail: what record and update do if the server cannot be asked.",
    ),
    (
        "DEPLOYTRACK_SPOOL_KEY",
        "A secret of the pipeline that seals its spool.",
    ),
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY",
        "The proxy, and the hosts without one.",
    ),
    (
        "DEPLOYTRACK_PAGER, PAGER",
        "The pager for long answers; less if neither is set, none if it is empty or cat.",
    ),
    (
        "NO_COLOR, CLICOLOR",
        "No colour if NO_COLOR is set, or CLICOLOR is 0.",
    ),
    (
        "COLUMNS",
        "The width of tables, instead of that of the terminal.",
    ),
    (
        "XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_DATA_HOME",
        "The folders of the files below.",
    ),
];

const FILES: [(&str, &str); 3] = [
    (
        "$XDG_CONFIG_HOME/deploytrack/config.toml",
        "The profiles, with their tokens; readable by the owner only.",
    ),
    (
        "$XDG_STATE_HOME/deploytrack/spool",
        "The events that no server has acknowledged yet.",
    ),
    (
        "$XDG_DATA_HOME/deploytrack",
        "The database and the secret of deploytrack serve.",
    ),
];

/// The usage, one line per form.
pub(super) fn synopsis(command: &Command, page: &mut Roff) {
    page.control("SH", ["SYNOPSIS"]);
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:");
    let mut is_first = true;
    for line in usage.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !std::mem::take(&mut is_first) {
            page.control("br", []);
        }
        page.text([roman(line)]);
    }
}

/// The commands below this one, each with the name of its page.
pub(super) fn commands(command: &Command, title: &str, page: &mut Roff) {
    let mut below = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set() && below.get_name() != "help")
        .peekable();
    if below.peek().is_none() {
        return;
    }
    page.control("SH", ["COMMANDS"]);
    for below in below {
        let about = below
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        entry(&format!("{title}-{}(1)", below.get_name()), &about, page);
    }
}

/// The text below the options in the help: notes and examples. The exit codes of the program have a
/// section of their own.
pub(super) fn examples(command: &Command, page: &mut Roff) {
    let Some(text) = command.get_after_help() else {
        return;
    };
    let text = text.to_string();
    let paragraphs = text
        .split("\n\n")
        .filter(|paragraph| !paragraph.starts_with("Exit codes"));
    for paragraph in paragraphs {
        if let Some(("Examples:" | "Example:", lines)) = paragraph.split_once('\n') {
            page.control("SH", ["EXAMPLES"]).control("nf", []);
            for line in lines.lines() {
                page.text([roman(line.trim_start())]);
            }
            page.control("fi", []);
        } else {
            page.control("SH", ["NOTES"]);
            for line in paragraph.lines() {
                page.text([roman(line)]);
            }
        }
    }
}

pub(super) fn exit_status(page: &mut Roff) {
    list("EXIT STATUS", &EXIT_CODES, page);
}

pub(super) fn environment(page: &mut Roff) {
    list("ENVIRONMENT", &VARIABLES, page);
}

/// The files, whose folders have a default in the home (XDG Base Directory Specification).
pub(super) fn files(page: &mut Roff) {
    list("FILES", &FILES, page);
    page.control("PP", []).text([roman(
        "The variables default to ~/.config, ~/.local/state and ~/.local/share.",
    )]);
}

pub(super) fn see_also(command: &Command, parent: Option<&str>, page: &mut Roff) {
    let above = parent.unwrap_or("deploytrack-matrix");
    let others = if command.get_name() == "record" {
        ", deploytrack-update(1), deploytrack-flush(1)"
    } else {
        ""
    };
    page.control("SH", ["SEE ALSO"])
        .text([roman(format!("{above}(1){others}"))]);
}

fn list(title: &str, entries: &[(&str, &str)], page: &mut Roff) {
    page.control("SH", [title]);
    for (name, text) in entries {
        entry(name, text, page);
    }
}

fn entry(name: &str, text: &str, page: &mut Roff) {
    page.control("TP", []);
    page.text([bold(name)]);
    page.text([roman(text)]);
}
