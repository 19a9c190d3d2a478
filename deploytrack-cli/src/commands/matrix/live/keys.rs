//! Keys, read from the bytes that a terminal sends.

/// A key that has a meaning in a full-screen view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Quit,
}

const ESCAPE: u8 = 0x1b;
/// The longest sequence that is waited for.
const LONGEST: usize = 16;

/// Turns bytes into keys. A sequence may arrive in pieces.
#[derive(Debug, Default)]
pub(super) struct KeyReader(Vec<u8>);

impl KeyReader {
    /// The keys that these bytes complete.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.0.extend(bytes);
        let mut keys = Vec::new();
        while let Some((key, length)) = first(&self.0) {
            keys.extend(key);
            self.0.drain(..length);
        }
        if self.0.len() > LONGEST {
            self.0.clear();
        }
        keys
    }
}

/// The first key and its number of bytes; `None` if the rest of a sequence is missing.
fn first(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let after = match bytes {
        [] | [ESCAPE] => return None,
        [ESCAPE, b'[' | b'O', after @ ..] => after,
        [ESCAPE, ..] => return Some((None, 1)),
        [byte, ..] => return Some((plain(*byte), 1)),
    };
    let end = after.iter().position(|byte| (b'@'..=b'~').contains(byte))?;
    let number = after[..end].split(|byte| *byte == b';').next();
    Some((sequence(after[end], number.unwrap_or_default()), end + 3))
}

const fn plain(byte: u8) -> Option<Key> {
    match byte {
        b'k' => Some(Key::Up),
        b'j' | b'\r' | b'\n' => Some(Key::Down),
        b'b' => Some(Key::PageUp),
        b' ' | b'f' => Some(Key::PageDown),
        b'g' => Some(Key::Home),
        b'G' => Some(Key::End),
        b'q' | b'Q' => Some(Key::Quit),
        _ => None,
    }
}

/// The key of `ESC [ number end`, in the forms of xterm, VT220 and rxvt.
const fn sequence(end: u8, number: &[u8]) -> Option<Key> {
    match (end, number) {
        (b'A', _) => Some(Key::Up),
        (b'B', _) => Some(Key::Down),
        (b'~', b"5") => Some(Key::PageUp),
        (b'~', b"6") => Some(Key::PageDown),
        (b'H', _) | (b'~', b"1" | b"7") => Some(Key::Home),
        (b'F', _) | (b'~', b"4" | b"8") => Some(Key::End),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_sequences_are_keys_also_in_pieces() {
        let mut reader = KeyReader::default();
        assert_eq!(
            reader.read(b"jk\x1b[A\x1bOB\x1b[1;5A"),
            [Key::Down, Key::Up, Key::Up, Key::Down, Key::Up]
        );
        assert_eq!(
            reader.read(b"\x1b[5~ \x1b[H\x1b[4~gG"),
            [
                Key::PageUp,
                Key::PageDown,
                Key::Home,
                Key::End,
                Key::Home,
                Key::End
            ]
        );
        assert_eq!(reader.read(b"\x1b"), []);
        assert_eq!(reader.read(b"["), []);
        assert_eq!(reader.read(b"6~q"), [Key::PageDown, Key::Quit]);
    }

    #[test]
    fn other_input_is_ignored() {
        let mut reader = KeyReader::default();
        assert_eq!(reader.read("日x\x1b\x1b[Z\x1b[200~".as_bytes()), []);
        assert_eq!(reader.read(b"\x1bq"), [Key::Quit]);
        assert_eq!(reader.read(&[b"\x1b[", &[b'1'; 40][..]].concat()), []);
        assert_eq!(reader.read(b"q"), [Key::Quit]);
    }
}
