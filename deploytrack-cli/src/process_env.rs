//! The environment of the process: variables, terminals, the program's name.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{IsTerminal, stderr, stdin, stdout},
    path::PathBuf,
};

use deploytrack_core::text::{trimmed, trimmed_path};

/// Variables, terminals and the program's name, passed in so that a test can choose them.
#[derive(Clone, Debug, Default)]
pub struct ProcessEnv {
    /// The environment variables.
    pub variables: BTreeMap<String, String>,
    /// The variables that are not UTF-8: a path may have any bytes.
    pub raw_variables: BTreeMap<String, OsString>,
    /// Whether standard input is a terminal, so that a prompt can be answered.
    pub stdin_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// The width of tables: `COLUMNS` if set, else the width of the terminal on standard output.
    pub width: Option<u16>,
    /// The height of the terminal on standard output, if that is one.
    pub height: Option<u16>,
    /// The program name as it was called, for commands that the output suggests.
    pub program: String,
}

impl ProcessEnv {
    /// The environment of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        let named = || {
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        };
        Self {
            variables: named()
                .filter_map(|(name, value)| decoded(name, value))
                .collect(),
            raw_variables: named()
                .filter(|(_, value)| value.to_str().is_none())
                .collect(),
            stdin_is_terminal: stdin().is_terminal(),
            stdout_is_terminal: stdout().is_terminal(),
            stderr_is_terminal: stderr().is_terminal(),
            width: width(),
            height: screen().map(|(_, height)| height),
            program: std::env::args_os().next().map_or_else(
                || "deploytrack".to_owned(),
                |name| name.to_string_lossy().into_owned(),
            ),
        }
    }

    /// The value of a variable, trimmed; `None` if unset or empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|value| trimmed(value))
            .filter(|value| !value.is_empty())
    }

    /// The path in a variable; `None` if unset or empty.
    pub(crate) fn path_variable(&self, name: &str) -> Option<PathBuf> {
        let raw = self.raw_variables.get(name).map(PathBuf::from);
        raw.or_else(|| {
            self.variables
                .get(name)
                .map(|value| trimmed_path(value))
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        })
    }

    /// The same environment with `NO_COLOR` set.
    pub(crate) fn without_colour(&self) -> Self {
        let mut variables = self.variables.clone();
        variables.insert("NO_COLOR".to_owned(), "1".to_owned());
        Self {
            variables,
            ..self.clone()
        }
    }

    pub(crate) fn colour_on_stdout(&self) -> bool {
        self.stdout_is_terminal && self.allows_colour()
    }

    pub(crate) fn colour_on_stderr(&self) -> bool {
        self.stderr_is_terminal && self.allows_colour()
    }

    fn allows_colour(&self) -> bool {
        let forbidden =
            self.variable("NO_COLOR").is_some() || self.variable("CLICOLOR") == Some("0");
        !forbidden && self.variable("TERM") != Some("dumb")
    }

    /// `$XDG_CONFIG_HOME/deploytrack/config.toml`, or the same under `~/.config`.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        Some(
            self.folder("XDG_CONFIG_HOME", ".config")?
                .join("deploytrack")
                .join("config.toml"),
        )
    }

    /// `$XDG_STATE_HOME`, or `~/.local/state`.
    pub(crate) fn state_folder(&self) -> Option<PathBuf> {
        self.folder("XDG_STATE_HOME", ".local/state")
    }

    /// A folder of the XDG Base Directory Specification: the variable if it is an absolute path,
    /// else the folder in the home.
    fn folder(&self, variable: &str, in_home: &str) -> Option<PathBuf> {
        let named = self
            .path_variable(variable)
            .filter(|path| path.is_absolute());
        named.or_else(|| {
            self.path_variable("HOME")
                .or_else(std::env::home_dir)
                .map(|home| home.join(in_home))
        })
    }

    /// The program name for a shell in the same folder.
    #[cfg(feature = "serve")]
    pub(crate) fn typed_program(&self) -> &str {
        if self.program.is_empty() {
            "deploytrack"
        } else {
            &self.program
        }
    }
}

/// Reads a variable. Our own variables are decoded even if they are not UTF-8: skipping one would
/// silently use its default. Other variables that are not UTF-8 are skipped.
fn decoded(name: String, value: OsString) -> Option<(String, String)> {
    let value = if name.starts_with("DEPLOYTRACK_") {
        value.to_string_lossy().into_owned()
    } else {
        value.into_string().ok()?
    };
    Some((name, value))
}

/// Width and height of the terminal on standard output.
pub(crate) fn screen() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

#[cfg(unix)]
fn columns() -> Option<u16> {
    Some(rustix::termios::tcgetwinsize(stdout()).ok()?.ws_col)
}

#[cfg(not(unix))]
fn columns() -> Option<u16> {
    comfy_table::Table::new().width()
}

fn width() -> Option<u16> {
    let given = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .filter(|columns| *columns > 0);
    // A terminal that reports 0 does not know its width.
    given
        .or_else(|| {
            if stdout().is_terminal() {
                columns()
            } else {
                None
            }
        })
        .filter(|columns| *columns > 0)
}
