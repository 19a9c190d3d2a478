//! The last lines that a command wrote, with what may be a secret masked.

use std::{
    collections::VecDeque,
    io::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Child,
    task::JoinHandle,
    time::timeout,
};

use crate::render::text::clean;

/// The most bytes of one line that are kept, and of the whole: metadata as a whole have 16 KiB.
const MOST_OF_A_LINE: usize = 1024;
const MOST: usize = 8 * 1024;
/// How long to wait for the end of the output once the command has ended: something it started may hold on to it.
const PATIENCE: Duration = Duration::from_secs(1);
/// What a variable's name has in it when its value is nobody's business.
const SECRET_LOOKING: [&str; 10] = ["TOKEN", "SECRET", "PASSW", "PWD", "KEY", "CREDENTIAL", "AUTH", "PRIVATE", "SIGNATURE", "CERT"];
/// A shorter value would mask half of every line.
const SHORTEST_SECRET: usize = 4;

/// The output of a command on its way to where it goes anyway.
pub(super) struct Tail {
    lines: Arc<Mutex<Lines>>,
    copies: Vec<JoinHandle<()>>,
}

impl Tail {
    /// Keeps the last `most` lines of both streams in the order in which they came.
    pub(super) fn of(child: &mut Child, most: usize) -> Self {
        let lines = Arc::new(Mutex::new(Lines { most, ..Lines::default() }));
        let out = child.stdout.take().map(|out| tokio::spawn(copy(out, std::io::stdout, lines.clone())));
        let err = child.stderr.take().map(|err| tokio::spawn(copy(err, std::io::stderr, lines.clone())));
        Self { lines, copies: out.into_iter().chain(err).collect() }
    }

    /// What was kept, once the command has ended.
    pub(super) async fn end(self) -> Option<String> {
        if self.copies.is_empty() {
            return None;
        }
        for copy in self.copies {
            drop(timeout(PATIENCE, copy).await);
        }
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        Some(masked(
            &lines.joined(),
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        ))
    }
}

async fn copy<W: Write>(mut from: impl AsyncRead + Unpin, to: impl Fn() -> W, lines: Arc<Mutex<Lines>>) {
    let (mut chunk, mut rest) = (vec![0; 8 * 1024], Vec::new());
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        let mut to = to();
        // A reader that has gone away must not end the command.
        drop(to.write_all(&chunk[..read]).and_then(|()| to.flush()));
        rest.extend_from_slice(&chunk[..read]);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<_> = rest.drain(..=end).collect();
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(&line[..end]);
        }
        let too_long = rest.len().saturating_sub(64 * MOST_OF_A_LINE);
        rest.drain(..too_long);
    }
    if !rest.is_empty() {
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(&rest);
    }
}

/// The last lines.
#[derive(Debug, Default)]
struct Lines {
    most: usize,
    lines: VecDeque<String>,
}

impl Lines {
    fn push(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        // Longer than what is kept of it, so that a secret is not cut before it is masked.
        let end = text.floor_char_boundary(8 * MOST_OF_A_LINE);
        self.lines.push_back(clean(text[..end].trim_end()));
        if self.lines.len() > self.most {
            self.lines.pop_front();
        }
    }

    fn joined(self) -> String {
        Vec::from(self.lines).join("\n")
    }
}

/// The text without the values of variables that look like secrets, no longer than what is kept.
fn masked(text: &str, variables: impl Iterator<Item = (String, String)>) -> String {
    let looks_secret = |name: &str| SECRET_LOOKING.iter().any(|part| name.to_ascii_uppercase().contains(part));
    let mut secrets: Vec<String> = variables
        .filter(|(name, _)| looks_secret(name) && name != "PWD" && name != "OLDPWD")
        // A secret of several lines shows line by line.
        .flat_map(|(_, value)| value.lines().map(|line| clean(line.trim())).collect::<Vec<_>>())
        .filter(|secret| secret.len() >= SHORTEST_SECRET)
        .collect();
    // The longest first: one may be a part of another.
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    let masked = secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"));
    let cut = |line: &str| line[..line.floor_char_boundary(MOST_OF_A_LINE)].to_owned();
    let short = masked.lines().map(cut).collect::<Vec<_>>().join("\n");
    short[short.ceil_char_boundary(short.len().saturating_sub(MOST))..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(text: &str, variables: &[(&str, &str)]) -> String {
        masked(text, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_values_of_secret_looking_variables_are_masked() {
        let variables = [("API_TOKEN", "s3cr3t"), ("db_password", "s3cr3t-and-more"), ("HOME", "/root"), ("MY_KEY", "abc")];
        assert_eq!(mask("a s3cr3t-and-more, s3cr3t in /root, abc", &variables), "a ***, *** in /root, abc");
        assert_eq!(mask("-----BEGIN\nline-two", &[("SSH_PRIVATE", "-----BEGIN\nline-two\n")]), "***\n***");
    }

    #[test]
    fn the_end_is_kept_of_what_is_too_long() {
        let kept = mask(&"0123456789".repeat(10_000), &[]);
        assert_eq!(kept.len(), MOST_OF_A_LINE);
        let line = "ä".repeat(400) + "\n";
        assert!(mask(&line.repeat(50), &[]).len() <= MOST);
    }
}
