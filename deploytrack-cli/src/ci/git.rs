//! How git is asked: only where there is a repository, briefly, and never so that it asks back.

use std::{
    io::Read as _,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long all questions together may take; a repository on a network drive must not hold up a deployment.
const PATIENCE: Duration = Duration::from_secs(3);

/// A repository that the current directory is in.
pub(super) struct Git {
    until: Instant,
}

impl Git {
    /// `None` where no repository is found on the way up: then nothing is started at all.
    pub(super) fn here() -> Option<Self> {
        let here = std::env::current_dir().ok()?;
        here.ancestors().any(|folder| folder.join(".git").exists()).then(|| Self { until: Instant::now() + PATIENCE })
    }

    /// The answer; none where git is absent, fails, is too slow or says what is no text.
    pub(super) fn ask(&self, question: &[&str]) -> Option<String> {
        let mut child = Command::new("git")
            .args(question)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let succeeded = self.ended(&mut child)?;
        let mut answer = String::new();
        child.stdout.take()?.read_to_string(&mut answer).ok()?;
        succeeded.then_some(answer)
    }

    /// Whether it ended well. The answers are far too short to fill the pipe, so nothing need be read meanwhile.
    fn ended(&self, child: &mut Child) -> Option<bool> {
        while Instant::now() < self.until {
            if let Some(status) = child.try_wait().ok()? {
                return Some(status.success());
            }
            thread::sleep(Duration::from_millis(2));
        }
        // When it cannot be killed it is left to itself: its answer is not waited for.
        drop(child.kill().and_then(|()| child.wait()));
        None
    }
}
