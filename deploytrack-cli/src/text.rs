//! Text of arguments and files: decoded, and cut to a length.

use std::io;

pub(crate) use deploytrack_core::text::trimmed;

/// Decodes a file: UTF-8, or UTF-16 with a byte order mark, which Windows shells write.
pub(crate) fn decode(bytes: Vec<u8>) -> io::Result<String> {
    let units = |unit: fn([u8; 2]) -> u16| {
        bytes[2..]
            .chunks_exact(2)
            .map(|pair| unit([pair[0], pair[1]]))
            .collect::<Vec<_>>()
    };
    let text = match bytes.get(..2) {
        Some([0xff, 0xfe]) => String::from_utf16(&units(u16::from_le_bytes)).ok(),
        Some([0xfe, 0xff]) => String::from_utf16(&units(u16::from_be_bytes)).ok(),
        _ => String::from_utf8(bytes).ok(),
    };
    text.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "it is neither UTF-8 nor UTF-16 text",
        )
    })
}

/// Cuts the text to at most `most` characters; the last is an ellipsis if the text was longer.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

/// Replaces control characters, such as line breaks, by spaces, and trims the text.
pub(crate) fn one_line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    trimmed(&plain).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_from_windows_is_decoded() {
        for bytes in [
            &b"\xff\xfea\0\r\0\n\0"[..],
            b"\xfe\xff\0a\0\n",
            b"\xef\xbb\xbfa\r\n",
            b"a\n",
        ] {
            assert_eq!(trimmed(&decode(bytes.to_vec()).unwrap()), "a", "{bytes:?}");
        }
        assert!(decode(vec![0xff, b'a']).is_err());
    }

    #[test]
    fn a_cut_text_has_the_longest_allowed_length_with_its_ellipsis() {
        assert_eq!([cut("äöü", 3), cut("äöüß", 3)], ["äöü", "äö…"]);
        assert_eq!(one_line("a\r\nb\t"), "a  b");
    }
}
