//! Masks secrets in texts that are sent to a server, such as the output of a command.
//!
//! A CI only masks secrets in its own log. Masking too much is better than leaking a secret.

mod encodings;
mod names;
mod shapes;
mod values;

use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
};

use self::encodings::{View, encoded};

/// The replacement of a secret.
const MASK: &str = "***";
/// Every part of this length of a longer secret is masked.
const PART: usize = 12;
/// A shorter secret is masked only as a whole word.
const SHORTEST: usize = 4;
/// A shorter secret is not searched across line breaks.
const LONG: usize = 8;
/// How many layers of encoding are searched.
const DEPTH: usize = 2;

/// Secret values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets {
    parts: HashSet<[u8; PART]>,
    whole: HashSet<Vec<u8>>,
    words: HashSet<Vec<u8>>,
}

impl Secrets {
    /// The secrets that this process can find: in its variables, in the files that they name, and
    /// in its own settings.
    pub(crate) fn of_this_process() -> Self {
        let mut secrets = Self::default();
        for value in values::of_this_process() {
            secrets.add(&value);
        }
        secrets
    }

    /// The secrets in variables that nobody would write by chance: long, and with a digit.
    pub(crate) fn certain(variables: &BTreeMap<String, String>) -> Self {
        let variables: Vec<_> = variables
            .iter()
            .filter(|(name, _)| names::is_secret(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let is_certain = |value: &&String| {
            value.len() >= LONG && value.bytes().any(|byte| byte.is_ascii_digit())
        };
        let mut secrets = Self::default();
        for value in values::of(&variables).iter().filter(is_certain) {
            secrets.add(value);
        }
        secrets
    }

    /// Adds a secret.
    pub(crate) fn add(&mut self, value: &str) {
        let bytes = value.as_bytes();
        match bytes.len() {
            0 => {}
            1..SHORTEST => drop(self.words.insert(bytes.to_owned())),
            SHORTEST..PART => drop(self.whole.insert(bytes.to_owned())),
            _ => self.parts.extend(
                bytes
                    .windows(PART)
                    .filter_map(|part| <[u8; PART]>::try_from(part).ok()),
            ),
        }
    }

    /// Masks secrets in a log, and parts that look like secrets.
    pub(crate) fn mask_log(&self, text: &str) -> String {
        let ranges = self
            .ranges(text)
            .into_iter()
            .chain(shapes::of_a_log(text))
            .collect();
        masked(text, ranges)
    }

    /// Masks secrets in a text that a person chose to record, and parts with the form of a token.
    pub(crate) fn mask_text(&self, text: &str) -> String {
        let ranges = self
            .ranges(text)
            .into_iter()
            .chain(shapes::of_a_text(text))
            .collect();
        masked(text, ranges)
    }

    fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = self.words_in(text);
        found.extend(self.find(text.as_bytes(), DEPTH));
        found
    }

    /// The ranges of secrets in a text, plain or encoded.
    fn find(&self, text: &[u8], depth: usize) -> Vec<Range<usize>> {
        let mut found = self.plain(text, SHORTEST);
        for view in View::all(text) {
            let shortest = if view.joins { LONG } else { SHORTEST };
            found.extend(
                self.plain(&view.text, shortest)
                    .into_iter()
                    .map(|range| view.source(range)),
            );
            if depth > 0 && view.joins {
                found.extend(
                    self.find_encoded(&view.text, depth)
                        .into_iter()
                        .map(|range| view.source(range)),
                );
            }
        }
        if depth > 0 {
            found.extend(self.find_encoded(text, depth));
        }
        found
    }

    fn find_encoded(&self, text: &[u8], depth: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for run in encoded(text) {
            let is_one = self.words.contains(&run.decoded);
            let all = is_one.then_some(0..run.decoded.len());
            found.extend(
                self.find(&run.decoded, depth - 1)
                    .into_iter()
                    .chain(all)
                    .map(|range| run.source(&range)),
            );
        }
        found
    }

    /// The ranges of plain secrets in a text.
    fn plain(&self, text: &[u8], shortest: usize) -> Vec<Range<usize>> {
        let parts = text
            .windows(PART)
            .enumerate()
            .filter(|(_, part)| self.has_part(part))
            .map(|(at, _)| at..at + PART);
        let lengths: HashSet<usize> = self
            .whole
            .iter()
            .map(Vec::len)
            .filter(|length| *length >= shortest)
            .collect();
        let whole = lengths.into_iter().flat_map(|length| {
            text.windows(length)
                .enumerate()
                .filter(|(_, part)| self.whole.contains(*part))
                .map(move |(at, _)| at..at + length)
        });
        parts.chain(whole).collect()
    }

    fn has_part(&self, part: &[u8]) -> bool {
        !self.parts.is_empty()
            && <&[u8; PART]>::try_from(part).is_ok_and(|part| self.parts.contains(part))
    }

    fn words_in(&self, text: &str) -> Vec<Range<usize>> {
        let (mut found, mut begin) = (Vec::new(), 0);
        if self.words.is_empty() {
            return found;
        }
        for word in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
            if self.words.contains(bare.as_bytes()) {
                found.push(begin..begin + bare.len());
            }
            begin += word.len();
        }
        found
    }
}

/// Replaces each range by the mask. A range over several lines gets one mask for each line.
fn masked(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_unstable_by_key(|range| range.start);
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    let mut ranges = ranges
        .into_iter()
        .filter(|range| !range.is_empty())
        .peekable();
    while let Some(mut range) = ranges.next() {
        while let Some(next) = ranges.next_if(|next| next.start <= range.end) {
            range.end = range.end.max(next.end);
        }
        let (start, end) = (
            text.floor_char_boundary(range.start),
            text.ceil_char_boundary(range.end.min(text.len())),
        );
        out.push_str(&text[done..start]);
        out.push_str(
            &text[start..end]
                .split('\n')
                .map(|line| if line.trim().is_empty() { line } else { MASK })
                .collect::<Vec<_>>()
                .join("\n"),
        );
        done = end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests;
