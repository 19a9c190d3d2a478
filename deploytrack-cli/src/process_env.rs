//! What the process is surrounded by: variables, terminals, its own name.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{IsTerminal, stderr, stdin, stdout},
    path::PathBuf,
};

use deploytrack_core::text::{trimmed, trimmed_path};

/// Variables, terminals and the program's name; passed in, so that a test can choose them.
#[derive(Clone, Debug, Default)]
pub struct ProcessEnv {
    /// The environment variables.
    pub variables: BTreeMap<String, String>,
    /// Those that are no text: a path may have any bytes.
    pub raw_variables: BTreeMap<String, OsString>,
    /// Whether standard input is a terminal, where somebody can be asked.
    pub stdin_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// The width that tables must fit: `COLUMNS` where it is given, else that of the terminal that standard output is.
    pub width: Option<u16>,
    /// The program as it was called, for commands that are shown to be typed.
    pub program: String,
}

impl ProcessEnv {
    /// Those of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        let named = || std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self {
            variables: named().filter_map(|(name, value)| known(name, value)).collect(),
            raw_variables: named().filter(|(_, value)| value.to_str().is_none()).collect(),
            stdin_is_terminal: stdin().is_terminal(),
            stdout_is_terminal: stdout().is_terminal(),
            stderr_is_terminal: stderr().is_terminal(),
            width: width(),
            program: std::env::args_os().next().map_or_else(|| "deploytrack".to_owned(), |name| name.to_string_lossy().into_owned()),
        }
    }

    /// A variable that is set and not empty, without the blanks at both ends.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| trimmed(value)).filter(|value| !value.is_empty())
    }

    /// A variable that is set to a path.
    pub(crate) fn path_variable(&self, name: &str) -> Option<PathBuf> {
        let raw = self.raw_variables.get(name).map(PathBuf::from);
        raw.or_else(|| self.variables.get(name).map(|value| trimmed_path(value)).filter(|value| !value.is_empty()).map(PathBuf::from))
    }

    /// The same without colour, as the variable `NO_COLOR` has it.
    pub(crate) fn without_colour(&self) -> Self {
        let mut variables = self.variables.clone();
        variables.insert("NO_COLOR".to_owned(), "1".to_owned());
        Self { variables, ..self.clone() }
    }

    pub(crate) fn colour_on_stdout(&self) -> bool {
        self.stdout_is_terminal && self.colour_is_welcome()
    }

    pub(crate) fn colour_on_stderr(&self) -> bool {
        self.stderr_is_terminal && self.colour_is_welcome()
    }

    fn colour_is_welcome(&self) -> bool {
        let forbidden = self.variable("NO_COLOR").is_some() || self.variable("CLICOLOR") == Some("0");
        !forbidden && self.variable("TERM") != Some("dumb")
    }

    /// `$XDG_CONFIG_HOME/deploytrack/config.toml`, or the same under `~/.config`.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        Some(self.folder("XDG_CONFIG_HOME", ".config")?.join("deploytrack").join("config.toml"))
    }

    /// `$XDG_STATE_HOME`, or `~/.local/state`.
    pub(crate) fn state_folder(&self) -> Option<PathBuf> {
        self.folder("XDG_STATE_HOME", ".local/state")
    }

    /// A folder of the XDG Base Directory Specification: the variable's when it is absolute, else the one in the home.
    fn folder(&self, variable: &str, in_home: &str) -> Option<PathBuf> {
        let named = self.path_variable(variable).filter(|path| path.is_absolute());
        named.or_else(|| self.path_variable("HOME").or_else(std::env::home_dir).map(|home| home.join(in_home)))
    }

    /// The program's name as somebody in the same folder would type it.
    #[cfg(feature = "serve")]
    pub(crate) fn typed_program(&self) -> &str {
        if self.program.is_empty() { "deploytrack" } else { &self.program }
    }
}

/// A variable that is text. One of our own that is none is read as well as can be: passed over, it would leave its default
/// in its place, and nobody would hear of it.
fn known(name: String, value: OsString) -> Option<(String, String)> {
    let value = if name.starts_with("DEPLOYTRACK_") { value.to_string_lossy().into_owned() } else { value.into_string().ok()? };
    Some((name, value))
}

/// The width and the height of the terminal that standard output is.
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
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    // A terminal that says 0 does not know its width.
    told.or_else(|| if stdout().is_terminal() { columns() } else { None }).filter(|columns| *columns > 0)
}
