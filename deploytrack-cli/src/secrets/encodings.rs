//! Encodings in which a secret may appear in a text.

use std::ops::Range;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Accepts missing padding and any unused bits: part of a longer text has both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Shorter runs of characters are not decoded.
const SHORTEST_RUN: usize = 4;
const SHORTEST_HEX: usize = 8;

/// Decodes the beginning of a text. Returns the decoded bytes, and how many bytes of the text they
/// replace; none if there is nothing to decode.
type Decode = fn(&[u8]) -> Option<(Vec<u8>, usize)>;

/// A decoded text, and the source range of each of its bytes.
pub(super) struct View {
    pub(super) text: Vec<u8>,
    from: Vec<(usize, usize)>,
    /// Whether it joins parts that white space separated.
    pub(super) joins: bool,
}

impl View {
    /// The decoded forms that differ from the text.
    pub(super) fn all(text: &[u8]) -> Vec<Self> {
        let has = |bytes: &[u8]| text.iter().any(|byte| bytes.contains(byte));
        let decoders: [(bool, bool, Decode); 5] = [
            (has(b"%"), false, percent),
            (has(b"\\"), false, backslash),
            (has(b"'\""), false, quotes),
            (has(b"&"), false, entity),
            (has(b" \n\r\t\x1b"), true, separator),
        ];
        decoders
            .into_iter()
            .filter(|(needed, ..)| *needed)
            .map(|(_, joins, decode)| Self::of(text, joins, decode))
            .collect()
    }

    /// Where `decode` returns none, the byte is copied.
    fn of(text: &[u8], joins: bool, decode: impl Fn(&[u8]) -> Option<(Vec<u8>, usize)>) -> Self {
        let (mut view, mut at) = (
            Self {
                text: Vec::with_capacity(text.len()),
                from: Vec::with_capacity(text.len()),
                joins,
            },
            0,
        );
        while at < text.len() {
            let (bytes, length) = decode(&text[at..]).unwrap_or_else(|| (vec![text[at]], 1));
            view.from.extend(bytes.iter().map(|_| (at, at + length)));
            view.text.extend(bytes);
            at += length;
        }
        view
    }

    /// The source range of a part.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        let begin = self.from.get(range.start).map_or(0, |from| from.0);
        begin
            ..self
                .from
                .get(range.end.saturating_sub(1))
                .map_or(begin, |from| from.1)
    }
}

/// `%41` of a URL.
fn percent(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    if text[0] == b'%' {
        Some((vec![hex_byte(text.get(1..3)?)?], 3))
    } else {
        None
    }
}

/// `\n`, `\"`, `\u0041`, `\x41` and `\101` of JSON, programs and shells.
fn backslash(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    if text[0] != b'\\' {
        return None;
    }
    let digits = |from: usize, to: usize, radix| {
        u32::from_str_radix(std::str::from_utf8(text.get(from..to)?).ok()?, radix).ok()
    };
    match *text.get(1)? {
        b'n' => Some((vec![b'\n'], 2)),
        b'r' => Some((vec![b'\r'], 2)),
        b't' => Some((vec![b'\t'], 2)),
        b'u' => char::from_u32(digits(2, 6, 16)?).map(|c| (c.to_string().into_bytes(), 6)),
        b'x' => Some((vec![u8::try_from(digits(2, 4, 16)?).ok()?], 4)),
        b'0'..=b'7' => Some((vec![u8::try_from(digits(1, 4, 8)?).ok()?], 4)),
        other => Some((vec![other], 2)),
    }
}

/// A quote within quotes of a shell, of YAML, SQL or CSV.
fn quotes(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    const QUOTED: [(&[u8], u8); 5] = [
        (b"'\\''", b'\''),
        (b"'\"'\"'", b'\''),
        (b"\"'\"", b'\''),
        (b"''", b'\''),
        (b"\"\"", b'"'),
    ];
    QUOTED
        .iter()
        .find(|(form, _)| text.starts_with(form))
        .map(|(form, byte)| (vec![*byte], form.len()))
}

/// `&amp;` of XML and HTML.
fn entity(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    const NAMED: [(&[u8], u8); 7] = [
        (b"&amp;", b'&'),
        (b"&lt;", b'<'),
        (b"&gt;", b'>'),
        (b"&quot;", b'"'),
        (b"&apos;", b'\''),
        (b"&#39;", b'\''),
        (b"&#34;", b'"'),
    ];
    NAMED
        .iter()
        .find(|(form, _)| text.starts_with(form))
        .map(|(form, byte)| (vec![*byte], form.len()))
}

/// White space and terminal control sequences, which are removed: a long word may be broken over
/// lines.
fn separator(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    if text[0].is_ascii_whitespace() {
        return Some((Vec::new(), 1));
    }
    let rest = text.strip_prefix(b"\x1b[")?;
    let end = rest.iter().position(u8::is_ascii_alphabetic)?;
    Some((Vec::new(), end + 3))
}

/// A run of characters that may be an encoded text.
pub(super) struct Run {
    pub(super) decoded: Vec<u8>,
    begin: usize,
    /// So many characters encode so many bytes.
    ratio: (usize, usize),
}

impl Run {
    fn of(
        text: &[u8],
        begin: usize,
        ratio: (usize, usize),
        decode: fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<Self> {
        Some(Self {
            decoded: decode(text)?,
            begin,
            ratio,
        })
    }

    /// The source range of a part.
    pub(super) fn source(&self, range: &Range<usize>) -> Range<usize> {
        let (characters, bytes) = self.ratio;
        self.begin + range.start / bytes * characters
            ..self.begin + range.end.div_ceil(bytes) * characters
    }
}

/// The runs that may be base64, in any alphabet and starting at any of its characters, or
/// hexadecimal.
pub(super) fn encoded(text: &[u8]) -> Vec<Run> {
    let base64 = runs(text, SHORTEST_RUN, |byte| {
        byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
    });
    let hex = runs(text, SHORTEST_HEX, |byte| byte.is_ascii_hexdigit());
    let from = |range: Range<usize>, most| {
        (range.start..range.end.min(range.start + most)).map(move |begin| (begin, range.end))
    };
    let base64 = base64
        .flat_map(|range| from(range, 4))
        .filter_map(|(begin, end)| Run::of(&text[begin..end], begin, (4, 3), from_base64));
    let hex = hex
        .flat_map(|range| from(range, 2))
        .filter_map(|(begin, end)| Run::of(&text[begin..end], begin, (2, 1), from_hex));
    base64.chain(hex).collect()
}

fn runs(
    text: &[u8],
    shortest: usize,
    is_in: impl Fn(u8) -> bool,
) -> impl Iterator<Item = Range<usize>> {
    let (mut found, mut begin) = (Vec::new(), 0);
    for part in text.split_inclusive(|byte| !is_in(*byte)) {
        let length = part.len() - usize::from(part.last().is_some_and(|last| !is_in(*last)));
        if length >= shortest {
            found.push(begin..begin + length);
        }
        begin += part.len();
    }
    found.into_iter()
}

/// Decodes base64. A truncated run may have one character too many, which is dropped.
pub(super) fn from_base64(run: &[u8]) -> Option<Vec<u8>> {
    let whole = if run.len() % 4 == 1 {
        &run[..run.len() - 1]
    } else {
        run
    };
    let standard = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    BASE64
        .decode(whole.iter().map(standard).collect::<Vec<_>>())
        .ok()
}

fn from_hex(run: &[u8]) -> Option<Vec<u8>> {
    run.chunks_exact(2).map(hex_byte).collect()
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    u8::from_str_radix(digits, 16)
        .ok()
        .filter(|_| !digits.starts_with('+'))
}
