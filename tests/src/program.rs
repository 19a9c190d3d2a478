//! The real binaries, run without the environment of the machine.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::OnceLock,
};

use tempfile::TempDir;

use crate::{answer::redact, caller};

/// The path of a binary of this workspace. The first call builds all of them, since `cargo test`
/// does not build the binaries of other packages.
///
/// # Panics
/// When the build fails.
pub fn binary(name: &str) -> &'static Path {
    static BINARIES: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    BINARIES
        .get_or_init(build)
        .get(name)
        .unwrap_or_else(|| panic!("no binary is named {name}"))
}

fn build() -> HashMap<String, PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--workspace", "--bins", "--message-format=json"])
        // The same profile as this program, so that a release build measures release binaries.
        .args((!cfg!(debug_assertions)).then_some("--release"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "the binaries do not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            let path = PathBuf::from(message.get("executable")?.as_str()?);
            Some((message["target"]["name"].as_str()?.to_owned(), path))
        })
        .collect()
}

/// The path of an installed program, if it is on `PATH`.
#[must_use]
pub fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|program| program.exists())
}

/// A command under another one, such as setsid, which gets its command line and its variables.
#[must_use]
pub fn under(program: &str, inner: &Command) -> Command {
    let mut command = Command::new(program);
    command.arg(inner.get_program()).args(inner.get_args());
    with_variables_of(command, inner)
}

/// A command with the variables of another one, and no others.
#[must_use]
pub fn with_variables_of(mut command: Command, inner: &Command) -> Command {
    let set = inner.get_envs();
    let set = set.filter_map(|(name, value)| Some((name, value?)));
    command.env_clear().envs(set);
    command
}

/// The library that `faketime` preloads to change the clock of a program.
fn faketime() -> &'static str {
    static LIBRARY: OnceLock<String> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let output = Command::new("faketime")
            .args(["-f", "+0s", "sh", "-c", "printf %s \"$LD_PRELOAD\""])
            .output();
        let output = output.expect("these tests need faketime: apt-get install faketime");
        String::from_utf8(output.stdout).unwrap()
    })
}

/// An empty home folder, and programs that see only it and the variables that are set here.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// An empty home.
    ///
    /// # Panics
    /// When the temporary folder cannot be made.
    #[must_use]
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            settings: Vec::new(),
        }
    }

    /// The path of the home folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The same home with another environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    /// Sets an environment variable for programs that start later.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.settings.push((name.to_owned(), value.into()));
    }

    /// A program of this workspace with a cleared environment.
    #[must_use]
    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(binary(program));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.path())
            .current_dir(self.path());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// As [`Home::command`], under a clock that is off by this many seconds.
    ///
    /// # Panics
    /// When `faketime` is not installed; `scripts/test` installs it.
    #[must_use]
    pub fn command_with_clock(&self, off: i64, program: &str, args: &[&str]) -> Command {
        let mut command = self.command(program, args);
        // Only the library: the program `faketime` would stay as a process between the test and the
        // program.
        command
            .env("LD_PRELOAD", faketime())
            .env("FAKETIME", format!("{off:+}s"));
        // Timers use the monotonic clock, which stays correct.
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    }

    /// Runs `deploytrack` to its end under a clock that is off by this many seconds.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn deploytrack_with_clock(&self, off: i64, args: &[&str]) -> Run {
        run(self.command_with_clock(off, "deploytrack", args), "")
    }

    /// Runs `deploytrack` to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn deploytrack(&self, args: &[&str]) -> Run {
        self.deploytrack_reading(args, "")
    }

    /// Runs `deploytrack` to its end with a text on its standard input.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn deploytrack_reading(&self, args: &[&str], input: &str) -> Run {
        run(self.command("deploytrack", args), input)
    }

    /// Runs `deploytrack-server` to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn deploytrack_server(&self, args: &[&str]) -> Run {
        run(self.command("deploytrack-server", args), "")
    }
}

fn run(mut command: Command, input: &str) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // Fails when the program ended without reading its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Run::of(&child.wait_with_output().unwrap())
}

/// The exit code and the output of a program that has ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// The exit code; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// Takes over the output of a process.
    #[must_use]
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Checks that the exit code is 0.
    ///
    /// # Panics
    /// When it is not, with all output.
    #[track_caller]
    pub fn ok(&self) {
        assert_eq!(self.code, 0, "{self:?}");
    }

    /// Checks that the exit code is 0 and returns standard output.
    ///
    /// # Panics
    /// When it is not, with all output.
    #[track_caller]
    #[must_use]
    pub fn done(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.out
    }

    /// The run as a snapshot: exit code and both streams, with ids and present times replaced.
    #[must_use]
    pub fn whole(&self) -> String {
        let mut text = format!("exit {}\n", self.code);
        for (name, stream) in [("out", &self.out), ("err", &self.err)] {
            if !stream.is_empty() {
                let _ = write!(text, "--- {name}\n{stream}");
            }
        }
        redact(&text)
    }
}

/// Waits until a server can listen at an address: an outgoing connection of another process may use
/// the port for a moment.
fn wait_for_port(address: &str) {
    for _ in 0..100 {
        if std::net::TcpListener::bind(address).is_ok() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// The variables of the rates. The load of a trial or of a benchmark comes from one subject: its
/// requests are counted, and never too many.
pub const RATES: [&str; 4] = [
    "DEPLOYTRACK_RATE_READS",
    "DEPLOYTRACK_RATE_WRITES",
    "DEPLOYTRACK_RATE_ANONYMOUS",
    "DEPLOYTRACK_RATE_REFUSED",
];

/// A real server process. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    url: String,
    out: BufReader<ChildStdout>,
}

impl Process {
    /// Starts `deploytrack-server` on a free port with this database, and waits for its first line.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn server(home: &Home, database: &str) -> Self {
        Self::server_at("127.0.0.1:0", home, database)
    }

    /// As [`Process::server`], at a given address.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn server_at(address: &str, home: &Home, database: &str) -> Self {
        wait_for_port(address);
        let mut command = home.command(
            "deploytrack-server",
            &["--listen", address, "--database-url", database],
        );
        command
            .env("DEPLOYTRACK_JWT_SECRET", caller::SECRET)
            .env("RUST_LOG", "error")
            .envs(RATES.map(|name| (name, "1000000000/s")))
            .stderr(Stdio::inherit());
        Self::started(command)
    }

    /// As [`Process::server_at`], under a clock that is off by this many seconds.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn server_with_clock(off: i64, address: &str, home: &Home, database: &str) -> Self {
        wait_for_port(address);
        let args = ["--listen", address, "--database-url", database];
        let mut command = home.command_with_clock(off, "deploytrack-server", &args);
        command
            .env("DEPLOYTRACK_JWT_SECRET", caller::SECRET)
            .env("RUST_LOG", "error")
            .envs(RATES.map(|name| (name, "1000000000/s")))
            .stderr(Stdio::inherit());
        Self::started(command)
    }

    /// Starts a command whose first line of output is `listening on URL`.
    ///
    /// # Panics
    /// When it does not start, or prints another line first.
    #[must_use]
    pub fn started(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("the first line names the address: {line:?}"))
            .to_owned();
        Self { child, url, out }
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard error, if the command has a pipe for it that was not taken yet.
    pub fn take_stderr(&mut self) -> Option<std::process::ChildStderr> {
        self.child.stderr.take()
    }

    /// Reads output until `done` is true for all text read here.
    ///
    /// # Panics
    /// When the output ends first.
    pub fn read_until(&mut self, done: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        while !done(&text) {
            assert_ne!(
                self.out.read_line(&mut text).unwrap(),
                0,
                "the server ended after {text}"
            );
        }
        text
    }

    /// Kills the process with SIGKILL.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM, waits for the end, and returns the exit code and the rest of the output.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    #[must_use]
    pub fn terminate(self) -> (i32, String) {
        self.signal("TERM");
        self.ended()
    }

    /// Sends a signal, such as `HUP`.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success(), "{name}");
    }

    /// Waits for the end, and returns the exit code and the rest of the output.
    ///
    /// # Panics
    /// When the output is not UTF-8.
    #[must_use]
    pub fn ended(mut self) -> (i32, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
