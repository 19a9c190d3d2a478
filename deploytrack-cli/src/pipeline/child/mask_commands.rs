//! Secrets that the command asks the CI to mask, by commands in its output.

use std::sync::LazyLock;

use memchr::{memchr, memmem::Finder, memrchr};

/// The commands: `::add-mask::` and `##[add-mask]` of GitHub, Gitea and Forgejo;
/// `##vso[task.setvariable ...]` and `##vso[task.setsecret]` of Azure Pipelines.
const WORDS: [&[u8]; 2] = [b"add-mask", b"##vso[task.set"];
/// A part of every command, so that one search over the output is enough.
static COMMON: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("ask"));
/// The longest line that is searched.
const MOST: usize = 64 * 1024;

/// The state of the search in one stream.
#[derive(Debug, Default)]
pub(super) struct MaskCommands {
    /// The line that has not ended yet.
    line: Vec<u8>,
}

impl MaskCommands {
    /// The secrets in the next part of the stream.
    pub(super) fn search(&mut self, chunk: &[u8]) -> Vec<String> {
        let mut secrets = Vec::new();
        let Some(first) = memchr(b'\n', chunk) else {
            self.append(chunk);
            // It may be the last line.
            return secrets_in(&self.line);
        };
        if !self.line.is_empty() {
            self.append(&chunk[..first]);
            secrets.extend(secrets_in(&self.line));
            self.line.clear();
        }
        secrets.extend(secrets_in(chunk));
        let last = memrchr(b'\n', chunk).unwrap_or(first);
        self.append(&chunk[last + 1..]);
        secrets
    }

    fn append(&mut self, part: &[u8]) {
        let room = MOST.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }
}

/// The secrets in whole lines.
fn secrets_in(text: &[u8]) -> Vec<String> {
    let is_command = |at: &usize| {
        WORDS.iter().any(|word| {
            window(text, *at)
                .windows(word.len())
                .any(|part| part == *word)
        })
    };
    let found = COMMON.find_iter(text).filter(is_command);
    found
        .flat_map(|at| secrets_of_line(&String::from_utf8_lossy(line_around(text, at))))
        .collect()
}

/// The bytes around a position.
fn window(text: &[u8], at: usize) -> &[u8] {
    &text[at.saturating_sub(8)..text.len().min(at + 8)]
}

fn line_around(text: &[u8], at: usize) -> &[u8] {
    let begin = memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
    let end = memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
    &text[begin.max(end.saturating_sub(MOST))..end]
}

fn secrets_of_line(line: &str) -> Vec<String> {
    let mask = line
        .split_once("::add-mask")
        .and_then(|(_, rest)| Some(rest.split_once("::")?.1));
    let old_mask = || Some(line.split_once("##[add-mask]")?.1);
    let variable = || {
        let (properties, value) = line.split_once("##vso[task.set")?.1.split_once(']')?;
        let secret = properties.starts_with("secret")
            || properties.to_ascii_lowercase().contains("issecret=true");
        secret.then_some(value)
    };
    let Some(value) = mask.or_else(old_mask).or_else(variable) else {
        return Vec::new();
    };
    // Decoded in the order of the runners: the percent sign last.
    let value = value
        .replace("%0D", "\r")
        .replace("%0A", "\n")
        .replace("%25", "%")
        .replace("%AZP25", "%");
    value
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(chunks: &[&str]) -> Vec<String> {
        let mut commands = MaskCommands::default();
        let mut found: Vec<_> = chunks
            .iter()
            .flat_map(|chunk| commands.search(chunk.as_bytes()))
            .collect();
        found.dedup();
        found
    }

    #[test]
    fn secrets_in_mask_commands_are_found() {
        assert_eq!(
            secrets(&["a\n::add-mask::one\nb\n  ::add-mask::two%0Athree\n"]),
            ["one", "two", "three"]
        );
        assert_eq!(
            secrets(&["##[add-mask]one\n##vso[task.setvariable variable=x;isSecret=true]two\n"]),
            ["one", "two"]
        );
        assert_eq!(
            secrets(&[
                "##vso[task.setsecret]one",
                "\n##vso[task.setvariable variable=x]two\n"
            ]),
            ["one"]
        );
    }

    #[test]
    fn a_command_is_found_wherever_the_stream_is_split() {
        let text = "first\n::add-mask::hunter2\nlast";
        for cut in 0..text.len() {
            let found = secrets(&[&text[..cut], &text[cut..]]);
            assert!(found.contains(&"hunter2".to_owned()), "{cut}: {found:?}");
        }
        let single: Vec<_> = text.split_inclusive(|_| true).collect();
        assert!(secrets(&single).contains(&"hunter2".to_owned()));
    }
}
