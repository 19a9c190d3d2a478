//! Runs git in the repository of the current directory: only if there is one, with a time limit,
//! and without side effects.

use std::{
    fmt,
    io::{self, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

/// How long all calls together may take. A repository on a network drive must not delay a
/// deployment.
const PATIENCE: Duration = Duration::from_secs(3);
/// The largest number of bytes that are read of an answer.
const MOST_BYTES: u64 = 256 * 1024;
/// Variables that select another repository than that of the current directory. Git sets them for
/// hooks.
const REPOSITORY_VARIABLES: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
];
/// Starts no pager, no hook and no file system monitor.
const WITHOUT_SIDE_EFFECTS: [&str; 5] = [
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
];

/// Why git gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GitError {
    /// Neither the current directory nor a folder above it is a repository.
    NoRepository,
    /// The program is not installed.
    NoProgram,
    /// The repository belongs to another user, and git only trusts it if it is configured as a safe
    /// directory.
    Untrusted(String),
    /// The repository has no commits yet.
    NoCommits,
    /// The commit at HEAD is missing or cannot be read.
    Damaged,
    /// The time for all calls is over.
    Slow,
    /// Any other failure, with the output of git.
    Failed(String),
}

impl GitError {
    /// The error for the English text that git printed to standard error.
    fn of(text: &str) -> Self {
        if let Some((_, rest)) = text.split_once("detected dubious ownership in repository at '") {
            return Self::Untrusted(rest.split('\'').next().unwrap_or_default().to_owned());
        }
        let fatal = text
            .lines()
            .find_map(|line| line.strip_prefix("fatal: "))
            .or_else(|| text.lines().next());
        Self::Failed(fatal.unwrap_or_default().to_owned())
    }

    /// Whether there is a repository that git could not read, so that HEAD may be another commit
    /// than the CI's.
    pub(super) const fn hides_a_repository(&self) -> bool {
        matches!(
            self,
            Self::Untrusted(_) | Self::Damaged | Self::Slow | Self::Failed(_)
        )
    }
}

impl fmt::Display for GitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRepository => f.write_str("there is no git repository here"),
            Self::NoProgram => f.write_str("git is not installed"),
            Self::Untrusted(path) => {
                write!(
                    f,
                    "git refuses the repository {path} (dubious ownership: another user owns it); \
                     `git config --global --add safe.directory {path}` allows it"
                )
            }
            Self::NoCommits => f.write_str("the git repository has no commits yet"),
            Self::Damaged => {
                f.write_str("the git repository is damaged: the commit at HEAD cannot be read; `git fsck` shows what is missing")
            }
            Self::Slow => write!(f, "git did not answer within {}", humantime::format_duration(PATIENCE)),
            Self::Failed(text) => write!(f, "git failed: {text}"),
        }
    }
}

/// The git program in the repository of the current directory.
pub(super) struct Git {
    until: Instant,
}

impl Git {
    /// The repository of the current directory. Git is not started if neither this folder nor a
    /// parent is a repository.
    pub(super) fn here() -> Result<Self, GitError> {
        let here = std::env::current_dir().map_err(|_| GitError::NoRepository)?;
        let found = here.ancestors().any(|folder| folder.join(".git").exists());
        if found {
            Ok(Self {
                until: Instant::now() + PATIENCE,
            })
        } else {
            Err(GitError::NoRepository)
        }
    }

    /// The output of git for these arguments.
    pub(super) fn ask(&self, question: &[&str]) -> Result<String, GitError> {
        let mut child = command(question)
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => GitError::NoProgram,
                _ => GitError::Failed(error.to_string()),
            })?;
        let (answer, reason) = (text_of(child.stdout.take()), text_of(child.stderr.take()));
        let status = self.wait(child)?;
        // A process that git has started may keep the pipe open.
        let text =
            |from: Receiver<String>| from.recv_timeout(self.left()).map_err(|_| GitError::Slow);
        if status.success() {
            text(answer)
        } else {
            Err(GitError::of(&text(reason)?))
        }
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    fn wait(&self, mut child: Child) -> Result<ExitStatus, GitError> {
        while !self.left().is_zero() {
            if let Some(status) = child
                .try_wait()
                .map_err(|error| GitError::Failed(error.to_string()))?
            {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(2));
        }
        drop(child.kill());
        // A process that hangs in the kernel does not end when it is killed, so only this thread
        // waits for it.
        thread::spawn(move || child.wait());
        Err(GitError::Slow)
    }
}

fn command(question: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(WITHOUT_SIDE_EFFECTS).args(question);
    for variable in REPOSITORY_VARIABLES {
        command.env_remove(variable);
    }
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        // Errors are recognised by their English text.
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Reads a pipe in a new thread: git blocks if a pipe is full, and the pipe may never end.
fn text_of(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        drop(pipe.map(|pipe| pipe.take(MOST_BYTES).read_to_end(&mut bytes)));
        sender.send(String::from_utf8_lossy(&bytes).into_owned())
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_recognised_by_the_output_of_git() {
        let dubious = "fatal: detected dubious ownership in repository at '/srv/a b'\nTo add an exception for this directory, call:\n";
        let error = GitError::of(dubious);
        assert_eq!(error, GitError::Untrusted("/srv/a b".to_owned()));
        assert!(
            error.hides_a_repository() && error.to_string().contains("safe.directory"),
            "{error}"
        );
        let other = GitError::of("warning: x\nfatal: not a git repository: /nowhere\n");
        assert_eq!(
            other.to_string(),
            "git failed: not a git repository: /nowhere"
        );
    }
}
