//! Blanks around values: what `$(...)`, a file or a secret store hands over often ends with a line break, and none of it is
//! meant.

use std::path::Path;

/// Characters that show nothing and are no white space to Unicode: the byte order mark, and spaces without a width.
const INVISIBLE: [char; 3] = ['\u{feff}', '\u{200b}', '\u{2060}'];

/// A text without the blanks and invisible characters at both ends.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || INVISIBLE.contains(&c))
}

/// A path without line breaks at its ends. Spaces may be a part of its name, and so may line breaks where a file or a folder
/// has that name.
#[must_use]
pub fn trimmed_path(path: &str) -> &str {
    if Path::new(path).exists() { path } else { path.trim_matches(['\r', '\n', '\u{feff}']) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_loses_its_blanks_and_a_path_its_line_breaks() {
        assert_eq!(trimmed("\u{feff} v1\u{200b}\r\n"), "v1");
        assert_eq!(trimmed_path("\u{feff}a file \r\n"), "a file ");
    }
}
