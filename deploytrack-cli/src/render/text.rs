//! Text that is safe to print, measured and shortened.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Escapes everything that can steer a terminal: control characters, and invisible characters that
/// change the writing direction.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
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

/// As [`clean`], with JSON escapes, so that the JSON value does not change.
pub(crate) fn clean_json(text: &str) -> String {
    if !text
        .chars()
        .any(|c| steers(c) && !matches!(c, '\n' | '\r' | '\t'))
    {
        return text.to_owned();
    }
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            if steers(c) && !matches!(c, '\n' | '\r' | '\t') {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            } else {
                out.push(c);
            }
            out
        })
}

/// The characters that begin a formula; some spreadsheets accept the full-width forms too.
const FORMULA: [char; 11] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// Text for a CSV cell. A spreadsheet would run a text that begins like a formula; an apostrophe
/// marks it as text. Numbers are unchanged.
pub(crate) fn escape_formula(text: String) -> String {
    if text.starts_with(FORMULA) && !is_number(&text) {
        format!("'{text}")
    } else {
        text
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_plain && digits.starts_with(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok()
}

/// Whether the text can steer a terminal by more than line breaks and tabs.
pub(crate) fn has_hidden_control(text: &str) -> bool {
    text.chars().any(|c| steers(c) && !matches!(c, '\n' | '\t'))
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The width of the text in terminal columns.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Shortens the text in the middle to at most `most` columns: both ends of a version are the useful
/// parts.
pub(crate) fn middle(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let head = prefix(text.chars(), room - room / 2);
    let tail: String = prefix(text.chars().rev(), room / 2).chars().rev().collect();
    if most == 0 {
        String::new()
    } else {
        format!("{head}…{tail}")
    }
}

/// The first characters that fit into `most` columns.
pub(crate) fn prefix(chars: impl Iterator<Item = char>, most: usize) -> String {
    let mut taken = 0;
    chars
        .take_while(|c| {
            taken += c.width().unwrap_or(0);
            taken <= most
        })
        .collect()
}

/// Wraps the text to lines of at most `most` columns, at spaces if possible. A wider character gets
/// a separate line.
pub(crate) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let (mut lines, mut rest) = (Vec::new(), text);
    while width(rest) > most {
        let fitting = prefix(rest.chars(), most).len();
        let least = rest.chars().next().map_or(0, char::len_utf8);
        let end = fitting.max(least);
        // A space directly after the last fitting character is a break too.
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

/// Wraps a name to lines of at most `most` columns, behind a separator if possible.
pub(crate) fn wrapped_name(name: &str, most: usize) -> Vec<String> {
    let (mut lines, mut rest) = (Vec::new(), name);
    while width(rest) > most {
        let least = rest.chars().next().map_or(0, char::len_utf8);
        let fitting = prefix(rest.chars(), most).len().max(least);
        let separator = rest[..fitting].rfind(['-', '_', '/', '.', ':', ' ']);
        let (line, after) = rest.split_at(separator.map_or(fitting, |at| at + 1));
        lines.push(line.trim_end().to_owned());
        rest = after;
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

/// Pads the text with spaces to `columns`.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            clean("a\x1b[31mb\u{9b}c\nd\u{202e}"),
            "a\\u{1b}[31mb\\u{9b}c\\nd\\u{202e}"
        );
        assert_eq!(clean("naïve ≠ 日本"), "naïve ≠ 日本");
    }

    #[test]
    fn cleaning_does_not_change_the_json_value() {
        let json = "{\"a\":\"x\u{9b}y\u{202e}\"}";
        let cleaned = clean_json(json);
        assert_eq!(cleaned, r#"{"a":"x\u009by\u202e"}"#);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&cleaned).unwrap(),
            serde_json::from_str::<serde_json::Value>(json).unwrap()
        );
    }

    #[test]
    fn a_text_is_wrapped_at_spaces_if_possible() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 6), ["one", "two", "three"]);
        assert_eq!(wrapped("0123456789", 4), ["0123", "4567", "89"]);
        assert_eq!(wrapped("本番環境", 5), ["本番", "環境"]);
        assert_eq!(wrapped("本番", 1), ["本", "番"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("ab", 0), ["a", "b"]);
    }

    #[test]
    fn a_name_is_wrapped_behind_a_separator_if_possible() {
        assert_eq!(
            wrapped_name("eu-west-production", 11),
            ["eu-west-", "production"]
        );
        assert_eq!(wrapped_name("production", 4), ["prod", "ucti", "on"]);
        assert_eq!(wrapped_name("Production EU", 11), ["Production", "EU"]);
        assert_eq!(wrapped_name("本番", 1), ["本", "番"]);
    }

    #[test]
    fn formulas_are_escaped_and_numbers_are_not() {
        for text in [
            "=1+1",
            "+1+1",
            "-1+cmd|' /C calc'!A0",
            "@SUM(A1)",
            "-",
            "-inf",
            "-1.2.3",
            "--1",
            "\u{ff1d}1+1",
            "+v1",
        ] {
            assert_eq!(escape_formula(text.to_owned()), format!("'{text}"));
        }
        for text in ["-1", "+1.5", "-0.25", "v1", "1-2", "", "a=b", "'=1"] {
            assert_eq!(escape_formula(text.to_owned()), text);
        }
    }

    #[test]
    fn a_long_text_is_shortened_in_the_middle() {
        assert_eq!(middle("2026.11.23-1832-ed52224", 11), "2026.…52224");
        assert_eq!(middle("v2.3.1", 6), "v2.3.1");
        assert_eq!(middle("v2.3.1", 1), "…");
        assert_eq!(middle("v2.3.1", 0), "");
        assert!(width(&middle("日本語版本番号", 8)) <= 8);
    }
}
