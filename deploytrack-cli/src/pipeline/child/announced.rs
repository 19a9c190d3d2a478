//! The secrets that a command itself tells the CI to mask.

use std::sync::LazyLock;

use memchr::{memchr, memmem::Finder, memrchr};

/// What such a line has in it: `::add-mask::` and `##[add-mask]` of GitHub, Gitea and Forgejo; `##vso[task.setvariable ...]`
/// and `##vso[task.setsecret]` of Azure Pipelines.
const WORDS: [&[u8]; 2] = [b"add-mask", b"##vso[task.set"];
/// What all of these have in them: one look at every byte is enough.
static COMMON: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("ask"));
/// The longest line that is looked at.
const MOST: usize = 64 * 1024;

/// What has been seen of a stream.
#[derive(Debug, Default)]
pub(super) struct Announced {
    /// The line that has not ended yet.
    line: Vec<u8>,
}

impl Announced {
    /// The secrets that the next part of the stream announces.
    pub(super) fn look(&mut self, chunk: &[u8]) -> Vec<String> {
        let mut secrets = Vec::new();
        let Some(first) = memchr(b'\n', chunk) else {
            self.go_on(chunk);
            // It may be the last one.
            return of(&self.line);
        };
        if !self.line.is_empty() {
            self.go_on(&chunk[..first]);
            secrets.extend(of(&self.line));
            self.line.clear();
        }
        secrets.extend(of(chunk));
        let last = memrchr(b'\n', chunk).unwrap_or(first);
        self.go_on(&chunk[last + 1..]);
        secrets
    }

    fn go_on(&mut self, part: &[u8]) {
        let room = MOST.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }
}

/// The secrets that whole lines announce.
fn of(text: &[u8]) -> Vec<String> {
    let announces = |at: &usize| WORDS.iter().any(|word| window(text, *at).windows(word.len()).any(|part| part == *word));
    let found = COMMON.find_iter(text).filter(announces);
    found.flat_map(|at| secrets(&String::from_utf8_lossy(line_around(text, at)))).collect()
}

/// What stands around.
fn window(text: &[u8], at: usize) -> &[u8] {
    &text[at.saturating_sub(8)..text.len().min(at + 8)]
}

fn line_around(text: &[u8], at: usize) -> &[u8] {
    let begin = memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
    let end = memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
    &text[begin.max(end.saturating_sub(MOST))..end]
}

fn secrets(line: &str) -> Vec<String> {
    let mask = line.split_once("::add-mask").and_then(|(_, rest)| Some(rest.split_once("::")?.1));
    let old_mask = || Some(line.split_once("##[add-mask]")?.1);
    let variable = || {
        let (properties, value) = line.split_once("##vso[task.set")?.1.split_once(']')?;
        let secret = properties.starts_with("secret") || properties.to_ascii_lowercase().contains("issecret=true");
        secret.then_some(value)
    };
    let Some(value) = mask.or_else(old_mask).or_else(variable) else { return Vec::new() };
    // As the runners read it, the percent sign last.
    let value = value.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%").replace("%AZP25", "%");
    value.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(chunks: &[&str]) -> Vec<String> {
        let mut announced = Announced::default();
        let mut found: Vec<_> = chunks.iter().flat_map(|chunk| announced.look(chunk.as_bytes())).collect();
        found.dedup();
        found
    }

    #[test]
    fn what_the_ci_is_told_to_mask_is_found() {
        assert_eq!(announced(&["a\n::add-mask::one\nb\n  ::add-mask::two%0Athree\n"]), ["one", "two", "three"]);
        assert_eq!(announced(&["##[add-mask]one\n##vso[task.setvariable variable=x;isSecret=true]two\n"]), ["one", "two"]);
        assert_eq!(announced(&["##vso[task.setsecret]one", "\n##vso[task.setvariable variable=x]two\n"]), ["one"]);
    }

    #[test]
    fn where_it_is_cut_makes_no_difference() {
        let text = "first\n::add-mask::hunter2\nlast";
        for cut in 0..text.len() {
            let found = announced(&[&text[..cut], &text[cut..]]);
            assert!(found.contains(&"hunter2".to_owned()), "{cut}: {found:?}");
        }
        let single: Vec<_> = text.split_inclusive(|_| true).collect();
        assert!(announced(&single).contains(&"hunter2".to_owned()));
    }
}
