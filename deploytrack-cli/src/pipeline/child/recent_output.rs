//! The last part of the output of a command, in the order in which it arrived.

use std::collections::{BTreeSet, VecDeque};

/// How many bytes are stored: far more than are recorded, so that a secret is stored whole, or at
/// least its beginning.
const MOST: usize = 64 * 1024;
/// Small parts are joined up to this size.
const PIECE: usize = 4 * 1024;
/// The first bytes of a line whose beginning is gone may be half of a secret. This many are
/// dropped.
const UNSURE: usize = 4 * 1024;

/// Parts of both streams, in the order in which they arrived.
#[derive(Debug, Default)]
pub(super) struct RecentOutput {
    parts: VecDeque<(usize, Vec<u8>)>,
    bytes: usize,
    /// Whether the stored part of a stream begins within a line.
    cut: [bool; 2],
    /// Secrets that the command asked the CI to mask.
    pub(super) secrets: BTreeSet<String>,
}

impl RecentOutput {
    /// Adds output of a stream.
    pub(super) fn push(&mut self, stream: usize, chunk: &[u8], secrets: Vec<String>) {
        self.secrets.extend(secrets);
        let stored = &chunk[chunk.len().saturating_sub(MOST)..];
        if stored.len() < chunk.len() {
            self.parts.retain(|(of, _)| *of != stream);
            self.bytes = self.parts.iter().map(|(_, part)| part.len()).sum();
            self.cut[stream] = chunk[chunk.len() - stored.len() - 1] != b'\n';
        }
        self.bytes += stored.len();
        match self.parts.back_mut() {
            Some((of, part)) if *of == stream && part.len() + stored.len() <= PIECE => {
                part.extend_from_slice(stored);
            }
            _ => self.parts.push_back((stream, stored.to_owned())),
        }
        while self
            .parts
            .front()
            .is_some_and(|(_, part)| self.bytes - part.len() >= MOST)
        {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((stream, part)) = self.parts.pop_front() {
            self.bytes -= part.len();
            self.cut[stream] = part.last() != Some(&b'\n');
        }
    }

    /// The lines in the order in which they ended.
    pub(super) fn lines(&self) -> Vec<String> {
        let (mut lines, mut open, mut cut) = (Vec::new(), [Vec::new(), Vec::new()], self.cut);
        for (stream, part) in &self.parts {
            for piece in part.split_inclusive(|byte| *byte == b'\n') {
                open[*stream].extend_from_slice(piece);
                if piece.ends_with(b"\n") {
                    lines.extend(line(&open[*stream], std::mem::take(&mut cut[*stream])));
                    open[*stream].clear();
                }
            }
        }
        for (open, cut) in open.iter().zip(cut).filter(|(open, _)| !open.is_empty()) {
            lines.extend(line(open, cut));
        }
        lines
    }
}

/// A line as text; none if too little of it is left.
fn line(bytes: &[u8], cut: bool) -> Option<String> {
    let certain = if cut { bytes.get(UNSURE..)? } else { bytes };
    let text = String::from_utf8_lossy(certain);
    Some(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[(usize, &str)]) -> Vec<String> {
        let mut output = RecentOutput::default();
        for (stream, part) in parts {
            output.push(*stream, part.as_bytes(), Vec::new());
        }
        output.lines()
    }

    #[test]
    fn lines_of_both_streams_are_ordered_by_their_ends() {
        assert_eq!(
            lines(&[(0, "a"), (1, "b\nc"), (0, "d\n"), (1, "e")]),
            ["b", "ad", "ce"]
        );
    }

    #[test]
    fn the_rest_of_a_line_without_its_beginning_loses_what_may_be_half_a_secret() {
        let found = lines(&[
            (0, "hunt"),
            (1, &"x\n".repeat(MOST / 2)),
            (0, "er2\nnext\n"),
        ]);
        assert_eq!(
            found.iter().filter(|line| *line != "x").collect::<Vec<_>>(),
            ["next"]
        );
        let long = lines(&[(0, &"y".repeat(2 * MOST)), (0, "\n")]);
        assert_eq!(long, ["y".repeat(MOST - UNSURE)]);
    }

    #[test]
    fn many_small_parts_are_bounded() {
        let mut output = RecentOutput::default();
        for number in 0..100_000 {
            output.push(number % 2, b"y\n", Vec::new());
        }
        assert!(
            output.bytes < 2 * MOST && output.parts.len() < 100_000,
            "{} {}",
            output.bytes,
            output.parts.len()
        );
        assert!(output.lines().len() > 1000);
    }
}
