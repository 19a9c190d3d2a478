//! The forms in which a text may hide another.

use std::ops::Range;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Without padding, and whatever the bits are that no byte needs: a part of a longer text has both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// A shorter run hides nothing.
const SHORTEST_RUN: usize = 4;
const SHORTEST_HEX: usize = 8;

/// Gives what a text begins with once something is undone, and how much of the text that is.
type Undo = fn(&[u8]) -> Option<(Vec<u8>, usize)>;

/// A text as it reads once something is undone, and where each of its bytes is from.
pub(super) struct View {
    pub(super) text: Vec<u8>,
    from: Vec<(usize, usize)>,
    /// Whether it joins what stood apart.
    pub(super) joins: bool,
}

impl View {
    /// Those in which a text reads otherwise.
    pub(super) fn all(text: &[u8]) -> Vec<Self> {
        let has = |bytes: &[u8]| text.iter().any(|byte| bytes.contains(byte));
        let undo: [(bool, bool, Undo); 5] = [
            (has(b"%"), false, percent),
            (has(b"\\"), false, backslash),
            (has(b"'\""), false, quotes),
            (has(b"&"), false, entity),
            (has(b" \n\r\t\x1b"), true, nothing),
        ];
        undo.into_iter().filter(|(needed, ..)| *needed).map(|(_, joins, undo)| Self::of(text, joins, undo)).collect()
    }

    /// `undo` gives what the text begins with, and how much of it says that; none where that is the byte itself.
    fn of(text: &[u8], joins: bool, undo: impl Fn(&[u8]) -> Option<(Vec<u8>, usize)>) -> Self {
        let (mut view, mut at) = (Self { text: Vec::with_capacity(text.len()), from: Vec::with_capacity(text.len()), joins }, 0);
        while at < text.len() {
            let (bytes, length) = undo(&text[at..]).unwrap_or_else(|| (vec![text[at]], 1));
            view.from.extend(bytes.iter().map(|_| (at, at + length)));
            view.text.extend(bytes);
            at += length;
        }
        view
    }

    /// Where a part of it is from.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        let begin = self.from.get(range.start).map_or(0, |from| from.0);
        begin..self.from.get(range.end.saturating_sub(1)).map_or(begin, |from| from.1)
    }
}

/// `%41` of a URL.
fn percent(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    if text[0] == b'%' { Some((vec![hex_byte(text.get(1..3)?)?], 3)) } else { None }
}

/// `\n`, `\"`, `\u0041`, `\x41` and `\101` of JSON, programs and shells.
fn backslash(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    if text[0] != b'\\' {
        return None;
    }
    let digits = |from: usize, to: usize, radix| u32::from_str_radix(std::str::from_utf8(text.get(from..to)?).ok()?, radix).ok();
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
    const QUOTED: [(&[u8], u8); 5] = [(b"'\\''", b'\''), (b"'\"'\"'", b'\''), (b"\"'\"", b'\''), (b"''", b'\''), (b"\"\"", b'"')];
    QUOTED.iter().find(|(form, _)| text.starts_with(form)).map(|(form, byte)| (vec![*byte], form.len()))
}

/// `&amp;` of XML and HTML.
fn entity(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    const NAMED: [(&[u8], u8); 7] =
        [(b"&amp;", b'&'), (b"&lt;", b'<'), (b"&gt;", b'>'), (b"&quot;", b'"'), (b"&apos;", b'\''), (b"&#39;", b'\''), (b"&#34;", b'"')];
    NAMED.iter().find(|(form, _)| text.starts_with(form)).map(|(form, byte)| (vec![*byte], form.len()))
}

/// White space, and what steers a terminal: a long word may be broken over lines.
fn nothing(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    if text[0].is_ascii_whitespace() {
        return Some((Vec::new(), 1));
    }
    let rest = text.strip_prefix(b"\x1b[")?;
    let end = rest.iter().position(u8::is_ascii_alphabetic)?;
    Some((Vec::new(), end + 3))
}

/// A run of characters that may be another text.
pub(super) struct Run {
    pub(super) decoded: Vec<u8>,
    begin: usize,
    /// How many characters stand for how many bytes.
    ratio: (usize, usize),
}

impl Run {
    fn of(text: &[u8], begin: usize, ratio: (usize, usize), decode: fn(&[u8]) -> Option<Vec<u8>>) -> Option<Self> {
        Some(Self { decoded: decode(text)?, begin, ratio })
    }

    /// Where a part of it is from.
    pub(super) fn source(&self, range: &Range<usize>) -> Range<usize> {
        let (characters, bytes) = self.ratio;
        self.begin + range.start / bytes * characters..self.begin + range.end.div_ceil(bytes) * characters
    }
}

/// The runs that may be base64, in any alphabet and from any of its letters on, or hexadecimal.
pub(super) fn encoded(text: &[u8]) -> Vec<Run> {
    let base64 = runs(text, SHORTEST_RUN, |byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte));
    let hex = runs(text, SHORTEST_HEX, |byte| byte.is_ascii_hexdigit());
    let from = |range: Range<usize>, most| (range.start..range.end.min(range.start + most)).map(move |begin| (begin, range.end));
    let base64 = base64.flat_map(|range| from(range, 4)).filter_map(|(begin, end)| Run::of(&text[begin..end], begin, (4, 3), from_base64));
    let hex = hex.flat_map(|range| from(range, 2)).filter_map(|(begin, end)| Run::of(&text[begin..end], begin, (2, 1), from_hex));
    base64.chain(hex).collect()
}

fn runs(text: &[u8], shortest: usize, is_in: impl Fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
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

/// One that is cut off has a letter too many.
pub(super) fn from_base64(run: &[u8]) -> Option<Vec<u8>> {
    let whole = if run.len() % 4 == 1 { &run[..run.len() - 1] } else { run };
    let standard = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    BASE64.decode(whole.iter().map(standard).collect::<Vec<_>>()).ok()
}

fn from_hex(run: &[u8]) -> Option<Vec<u8>> {
    run.chunks_exact(2).map(hex_byte).collect()
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}
