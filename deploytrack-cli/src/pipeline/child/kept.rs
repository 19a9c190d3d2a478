//! The last part of what a command wrote, as it came.

use std::collections::{BTreeSet, VecDeque};

/// How much is kept. Far more than what is recorded of it, so that a secret is seen whole, or its beginning at least.
const MOST: usize = 64 * 1024;
/// Parts that come in small pieces are kept in larger ones.
const PIECE: usize = 4 * 1024;
/// What is left of a line whose beginning is gone begins with as much that nobody can tell from half of a secret.
const UNSURE: usize = 4 * 1024;

/// Parts of both streams in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Kept {
    parts: VecDeque<(usize, Vec<u8>)>,
    bytes: usize,
    /// Whether what is kept of a stream begins within a line.
    cut: [bool; 2],
    /// What the command told the CI to mask.
    pub(super) secrets: BTreeSet<String>,
}

impl Kept {
    /// Adds what came from a stream.
    pub(super) fn push(&mut self, stream: usize, chunk: &[u8], secrets: Vec<String>) {
        self.secrets.extend(secrets);
        let kept = &chunk[chunk.len().saturating_sub(MOST)..];
        if kept.len() < chunk.len() {
            self.parts.retain(|(of, _)| *of != stream);
            self.bytes = self.parts.iter().map(|(_, part)| part.len()).sum();
            self.cut[stream] = chunk[chunk.len() - kept.len() - 1] != b'\n';
        }
        self.bytes += kept.len();
        match self.parts.back_mut() {
            Some((of, part)) if *of == stream && part.len() + kept.len() <= PIECE => part.extend_from_slice(kept),
            _ => self.parts.push_back((stream, kept.to_owned())),
        }
        while self.parts.front().is_some_and(|(_, part)| self.bytes - part.len() >= MOST) {
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

/// A line as text; none when too little is left of it.
fn line(bytes: &[u8], cut: bool) -> Option<String> {
    let sure = if cut { bytes.get(UNSURE..)? } else { bytes };
    let text = String::from_utf8_lossy(sure);
    Some(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(parts: &[(usize, &str)]) -> Vec<String> {
        let mut kept = Kept::default();
        for (stream, part) in parts {
            kept.push(*stream, part.as_bytes(), Vec::new());
        }
        kept.lines()
    }

    #[test]
    fn lines_of_both_streams_come_in_the_order_in_which_they_ended() {
        assert_eq!(kept(&[(0, "a"), (1, "b\nc"), (0, "d\n"), (1, "e")]), ["b", "ad", "ce"]);
    }

    #[test]
    fn the_beginning_of_a_line_that_is_gone_takes_what_may_be_half_a_secret_with_it() {
        let lines = kept(&[(0, "hunt"), (1, &"x\n".repeat(MOST / 2)), (0, "er2\nnext\n")]);
        assert_eq!(lines.iter().filter(|line| *line != "x").collect::<Vec<_>>(), ["next"]);
        let long = kept(&[(0, &"y".repeat(2 * MOST)), (0, "\n")]);
        assert_eq!(long, ["y".repeat(MOST - UNSURE)]);
    }

    #[test]
    fn many_small_parts_are_bounded() {
        let mut kept = Kept::default();
        for number in 0..100_000 {
            kept.push(number % 2, b"y\n", Vec::new());
        }
        assert!(kept.bytes < 2 * MOST && kept.parts.len() < 100_000, "{} {}", kept.bytes, kept.parts.len());
        assert!(kept.lines().len() > 1000);
    }
}
