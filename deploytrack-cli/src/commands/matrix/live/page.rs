//! One screen of a text: a position in its lines, and the lines of that position.

use std::fmt::Write as _;

use super::keys::Key;
use crate::render::text::{clean, prefix};

/// The least width of the screen for a status line that lists all keys.
const ROOMY: usize = 70;

/// The lines of a text on a screen of some size.
#[derive(Debug)]
pub(super) struct Page<'a> {
    lines: Vec<&'a str>,
    width: usize,
    height: usize,
}

impl<'a> Page<'a> {
    pub(super) fn new(text: &'a str, (width, height): (u16, u16)) -> Self {
        Self {
            lines: text.lines().collect(),
            width: usize::from(width),
            height: usize::from(height),
        }
    }

    /// The number of lines above the status line.
    fn room(&self) -> usize {
        self.height.saturating_sub(1).max(1)
    }

    /// The greatest first line: the last line is then at the bottom.
    pub(super) fn last(&self) -> usize {
        self.lines.len().saturating_sub(self.room())
    }

    /// The first line after a key.
    pub(super) fn moved(&self, top: usize, key: Key) -> usize {
        let screen = self.room().saturating_sub(self.highest_header()).max(1);
        let top = match key {
            Key::Up => top.saturating_sub(1),
            Key::Down => top + 1,
            Key::PageUp => top.saturating_sub(screen),
            Key::PageDown => top + screen,
            Key::Home => 0,
            Key::End => usize::MAX,
            Key::Quit => top,
        };
        top.min(self.last())
    }

    /// The height of the highest header: a page below it skips no line.
    fn highest_header(&self) -> usize {
        let tables = self.lines.split(|line| line.is_empty());
        let rules = tables.filter_map(|table| table.iter().position(|line| is_rule(line)));
        rules.max().map_or(0, |rule| rule + 1).min(self.room() / 2)
    }

    /// The lines of the header of the table at this line: they stay at the top of the screen.
    fn header(&self, top: usize) -> &[&'a str] {
        let above = self.lines.get(..=top).unwrap_or_default();
        let Some(rule) = above.iter().rposition(|line| is_rule(line)) else {
            return &[];
        };
        let is_blank = |line: &&str| line.is_empty();
        if above[rule..].iter().any(is_blank) {
            return &[];
        }
        let start = above[..rule].iter().rposition(is_blank);
        let header = &above[start.map_or(0, |blank| blank + 1)..=rule];
        let rest = self.lines[top..].iter().position(|line| line.is_empty());
        let most = rest.unwrap_or(usize::MAX).min(self.room() / 2);
        header.get(..most).unwrap_or(header)
    }

    /// The screen from a line on, drawn over the old content so that it does not flicker. `status`
    /// is shown behind the position.
    pub(super) fn drawn(&self, top: usize, status: &str) -> String {
        let top = top.min(self.last());
        let header = self.header(top);
        let end = (top + self.room()).min(self.lines.len());
        let body = &self.lines[(top + header.len()).min(end)..end];
        let mut page = String::from("\x1b[H");
        // Writing to a String does not fail. A line is erased before it is written: behind a line
        // of the full width, some terminals would erase its last character.
        for line in header.iter().chain(body) {
            let _ = write!(page, "\x1b[K{line}\r\n");
        }
        let status = format!("{} · {status}", self.position(top, end));
        let status = prefix(clean(&status).chars(), self.width);
        let _ = write!(page, "\x1b[J\x1b[{};1H{status}", self.height);
        page
    }

    /// The lines on the screen, and the keys.
    fn position(&self, top: usize, end: usize) -> String {
        let (first, all) = (top + 1, self.lines.len());
        match (all <= self.room(), self.width < ROOMY) {
            (true, _) => "q quits".to_owned(),
            (false, true) => format!("{first}-{end}/{all} ↑↓ q"),
            (false, false) => format!("{first}-{end} of {all} · ↑↓ PgUp PgDn g G · q quits"),
        }
    }
}

/// Whether this is the line under the header of a table.
fn is_rule(line: &str) -> bool {
    line.starts_with('─')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> String {
        let rows: Vec<_> = (1..=count).map(|n| format!("row {n}")).collect();
        format!(
            "component  staging\n──────────────────\n{}\n\n- empty\n",
            rows.join("\n")
        )
    }

    fn shown(drawn: &str) -> Vec<&str> {
        drawn
            .trim_start_matches("\x1b[H")
            .split("\r\n")
            .map(|line| line.trim_start_matches("\x1b[K"))
            .collect()
    }

    #[test]
    fn a_short_text_is_drawn_as_a_whole() {
        let page = Page::new("a\nb\n", (80, 24));
        assert_eq!(
            page.drawn(7, "live"),
            "\x1b[H\x1b[Ka\r\n\x1b[Kb\r\n\x1b[J\x1b[24;1Hq quits · live"
        );
        assert_eq!(page.moved(0, Key::Down), 0);
    }

    #[test]
    fn a_long_text_scrolls_below_its_header() {
        let text = rows(50);
        let page = Page::new(&text, (80, 10));
        let drawn = page.drawn(20, "live");
        let lines = shown(&drawn);
        assert_eq!(lines[..2], ["component  staging", "──────────────────"]);
        assert_eq!((lines[2], lines[8]), ("row 21", "row 27"));
        assert!(lines[9].ends_with("21-29 of 54 · ↑↓ PgUp PgDn g G · q quits · live"));
        let drawn = page.drawn(usize::MAX, "live");
        let lines = shown(&drawn);
        assert_eq!(lines[6..9], ["row 50", "", "- empty"]);
        assert!(lines[9].contains("46-54 of 54"), "{lines:?}");
    }

    #[test]
    fn every_key_stays_within_the_text_and_no_page_skips_a_line() {
        let text = rows(50);
        let page = Page::new(&text, (80, 10));
        assert_eq!(page.moved(0, Key::Up), 0);
        assert_eq!(page.moved(0, Key::End), 45);
        assert_eq!(page.moved(45, Key::Down), 45);
        assert_eq!(page.moved(45, Key::Home), 0);
        let (mut top, mut seen) = (0, String::new());
        for _ in 0..20 {
            seen += &page.drawn(top, "live");
            top = page.moved(top, Key::PageDown);
        }
        for row in 1..=50 {
            assert!(seen.contains(&format!("row {row}\r")), "{row}");
        }
        assert_eq!(page.moved(20, Key::PageUp), 20 - 7);
    }

    #[test]
    fn a_page_fits_the_smallest_screen() {
        let text = rows(50);
        for height in 1..6 {
            let drawn = Page::new(&text, (3, height)).drawn(9, "日本");
            let lines = shown(&drawn);
            assert!(
                lines.len() <= usize::from(height).max(2),
                "{height}: {lines:?}"
            );
            assert!(
                drawn.ends_with(&format!("\x1b[{height};1H10-")),
                "{drawn:?}"
            );
        }
    }
}
