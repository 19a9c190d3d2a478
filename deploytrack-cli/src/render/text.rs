//! Text that is safe to print, measured and shortened.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text with everything escaped that could steer a terminal: control characters, and the invisible ones that turn
/// the direction of writing.
pub(crate) fn clean(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if steers(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
        out
    })
}

/// The same for JSON, which keeps its meaning: what could steer is written as a JSON escape.
pub(crate) fn clean_json(text: &str) -> String {
    if !text.chars().any(|c| steers(c) && !matches!(c, '\n' | '\r' | '\t')) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if steers(c) && !matches!(c, '\n' | '\r' | '\t') {
            // Writing to a String does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
        out
    })
}

/// Signs that begin a formula; some spreadsheets take the wide ones, too.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Text for a cell of CSV. A spreadsheet carries out what begins like a formula; an apostrophe before it says that it is
/// text. A number stays one.
pub(crate) fn unarmed(text: String) -> String {
    if text.starts_with(FORMULA) && !is_number(&text) { format!("'{text}") } else { text }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_plain && digits.starts_with(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok()
}

/// Whether something is left that could steer a terminal, lines and tabs apart.
pub(crate) fn steers_unseen(text: &str) -> bool {
    text.chars().any(|c| steers(c) && !matches!(c, '\n' | '\t'))
}

fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// How many columns of a terminal the text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text shortened in its middle to at most `most` columns: both ends of a version tell most about it.
pub(crate) fn middle(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let head = prefix(text.chars(), room - room / 2);
    let tail: String = prefix(text.chars().rev(), room / 2).chars().rev().collect();
    if most == 0 { String::new() } else { format!("{head}…{tail}") }
}

fn prefix(chars: impl Iterator<Item = char>, most: usize) -> String {
    let mut taken = 0;
    chars
        .take_while(|c| {
            taken += c.width().unwrap_or(0);
            taken <= most
        })
        .collect()
}

/// The text in lines of at most `most` columns, broken at spaces where there are some. A character that is wider has a line of
/// its own.
pub(crate) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let (mut lines, mut rest) = (Vec::new(), text);
    while width(rest) > most {
        let fitting = prefix(rest.chars(), most).len();
        let least = rest.chars().next().map_or(0, char::len_utf8);
        let end = fitting.max(least);
        // A space right behind what fits is a good place, too.
        let space = rest[..end].rfind(' ').filter(|at| *at > 0);
        let (line, after) = match space {
            _ if rest[end..].starts_with(' ') => (end, end + 1),
            Some(at) => (at, at + 1),
            None => (end, end),
        };
        lines.push(rest[..line].to_owned());
        rest = &rest[after..];
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

/// The text filled with spaces to `columns`.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(clean("a\x1b[31mb\u{9b}c\nd\u{202e}"), "a\\u{1b}[31mb\\u{9b}c\\nd\\u{202e}");
        assert_eq!(clean("naïve ≠ 日本"), "naïve ≠ 日本");
    }

    #[test]
    fn cleaned_json_means_the_same() {
        let json = "{\"a\":\"x\u{9b}y\u{202e}\"}";
        let cleaned = clean_json(json);
        assert_eq!(cleaned, r#"{"a":"x\u009by\u202e"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&cleaned).unwrap(), serde_json::from_str::<serde_json::Value>(json).unwrap());
    }

    #[test]
    fn a_text_is_broken_at_its_spaces_and_else_where_it_must() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 6), ["one", "two", "three"]);
        assert_eq!(wrapped("0123456789", 4), ["0123", "4567", "89"]);
        assert_eq!(wrapped("本番環境", 5), ["本番", "環境"]);
        assert_eq!(wrapped("本番", 1), ["本", "番"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("ab", 0), ["a", "b"]);
    }

    #[test]
    fn a_cell_is_no_formula_and_a_number_stays_one() {
        for text in ["=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "-", "-inf", "-1.2.3", "--1", "\u{ff1d}1+1", "+v1"] {
            assert_eq!(unarmed(text.to_owned()), format!("'{text}"));
        }
        for text in ["-1", "+1.5", "-0.25", "v1", "1-2", "", "a=b", "'=1"] {
            assert_eq!(unarmed(text.to_owned()), text);
        }
    }

    #[test]
    fn long_text_keeps_both_ends() {
        assert_eq!(middle("2026.11.23-1832-ed52224", 11), "2026.…52224");
        assert_eq!(middle("v2.3.1", 6), "v2.3.1");
        assert_eq!(middle("v2.3.1", 1), "…");
        assert_eq!(middle("v2.3.1", 0), "");
        assert!(width(&middle("日本語版本番号", 8)) <= 8);
    }
}
