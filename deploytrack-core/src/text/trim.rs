//! Trimming of values. A value from `$(...)`, a file or a secret store often ends with a line break
//! that is not part of it.

use std::path::Path;

/// Invisible characters that are not white space in Unicode: the byte order mark and zero-width
/// spaces.
const INVISIBLE: [char; 3] = ['\u{feff}', '\u{200b}', '\u{2060}'];

/// Removes white space and invisible characters at both ends of a text.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || INVISIBLE.contains(&c))
}

/// Removes line breaks at both ends of a path. Spaces stay, since they may be part of the name.
/// Line breaks stay too if a file or folder with that exact name exists.
#[must_use]
pub fn trimmed_path(path: &str) -> &str {
    if Path::new(path).exists() {
        path
    } else {
        path.trim_matches(['\r', '\n', '\u{feff}'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_of_white_space_and_paths_of_line_breaks() {
        assert_eq!(trimmed("\u{feff} v1\u{200b}\r\n"), "v1");
        assert_eq!(trimmed_path("\u{feff}a file \r\n"), "a file ");
    }
}
