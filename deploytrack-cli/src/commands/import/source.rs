//! The text of a file, decompressed and decoded. Other formats are rejected with the way out.

use std::io::{self, BufReader, Cursor, Read};

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;

use super::read_error::ReadError;

/// The number of bytes that decide the format of a file.
const HEAD: u64 = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A text with its first bytes in memory.
pub(super) struct Source<'a> {
    head: Vec<u8>,
    rest: Box<dyn Read + 'a>,
}

impl<'a> Source<'a> {
    /// The text in `file`: UTF-8 or UTF-16, with or without gzip.
    pub(super) fn of(file: impl Read + 'a) -> Result<Self, ReadError> {
        let packed = Self::begin(Box::new(file))?;
        if !packed.head.starts_with(b"\x1f\x8b") {
            return packed.decoded();
        }
        let unpacked = Self::begin(Box::new(GzipReader(MultiGzDecoder::new(BufReader::new(
            packed.read(),
        )))))?;
        if unpacked.head.starts_with(b"\x1f\x8b") {
            return Err(ReadError::form(
                "is compressed twice with gzip",
                "gzip -dc FILE | deploytrack import -",
            ));
        }
        unpacked.decoded()
    }

    fn begin(mut rest: Box<dyn Read + 'a>) -> Result<Self, ReadError> {
        let mut head = Vec::new();
        rest.by_ref().take(HEAD).read_to_end(&mut head)?;
        Ok(Self { head, rest })
    }

    fn decoded(self) -> Result<Self, ReadError> {
        if let Some(unreadable) = foreign(&self.head) {
            return Err(unreadable);
        }
        match utf_16(&self.head) {
            None => Ok(Self {
                head: self
                    .head
                    .strip_prefix(BYTE_ORDER_MARK)
                    .map_or_else(|| self.head.clone(), <[u8]>::to_vec),
                ..self
            }),
            Some(encoding) => {
                let text = DecodeReaderBytesBuilder::new()
                    .encoding(Some(encoding))
                    .bom_override(true)
                    .strip_bom(true)
                    .build(self.read());
                Self::begin(Box::new(text))
            }
        }
    }

    /// The beginning of the text.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The text from its beginning.
    pub(super) fn read(self) -> Box<dyn Read + 'a> {
        Box::new(Cursor::new(self.head).chain(self.rest))
    }
}

/// The UTF-16 encoding, by its byte order mark or by ASCII characters at the beginning.
fn utf_16(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xff, 0xfe, ..] | [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] | [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// The first bytes of a format, its description, and the command that converts it.
const FORMS: &[(&[u8], &str, &str)] = &[
    (
        b"\xff\xfe\0\0",
        "is UTF-32",
        "iconv -f UTF-32 -t UTF-8 FILE | deploytrack import -",
    ),
    (
        b"\0\0\xfe\xff",
        "is UTF-32",
        "iconv -f UTF-32 -t UTF-8 FILE | deploytrack import -",
    ),
    (
        b"\xfd7zXZ\0",
        "is compressed with xz",
        "xz -dc FILE | deploytrack import -",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "is compressed with zstd",
        "zstd -dc FILE | deploytrack import -",
    ),
    (
        b"BZh",
        "is compressed with bzip2",
        "bzip2 -dc FILE | deploytrack import -",
    ),
    (
        b"\x04\x22\x4d\x18",
        "is compressed with lz4",
        "lz4 -dc FILE | deploytrack import -",
    ),
    (
        b"\x1f\x9d",
        "is compressed with compress",
        "gzip -dc FILE | deploytrack import -",
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        "is a 7-Zip archive",
        "7z x -so FILE | deploytrack import -",
    ),
    (
        b"SQLite format 3\0",
        "is an SQLite database",
        "deploytrack-server --database-url sqlite:FILE, then deploytrack export",
    ),
    (
        b"PAR1",
        "is a Parquet file",
        "duckdb -json -c \"from 'FILE'\" | deploytrack import -",
    ),
    (b"%PDF", "is a PDF file", ""),
];
/// The names of the first file in a workbook.
const WORKBOOK: [&[u8]; 3] = [b"[Content_Types].xml", b"_rels/", b"xl/"];

fn foreign(head: &[u8]) -> Option<ReadError> {
    if let Some((_, what, way_out)) = FORMS.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Some(ReadError::form(*what, *way_out));
    }
    if head.starts_with(b"PK\x03\x04") {
        let name = head.get(30..).unwrap_or_default();
        return Some(if WORKBOOK.iter().any(|first| name.starts_with(first)) {
            ReadError::form(
                "is an Excel workbook",
                "save the sheet as CSV UTF-8, with the names of the fields in its first row",
            )
        } else {
            ReadError::form("is a zip archive", "unzip -p FILE | deploytrack import -")
        });
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(ReadError::form(
            "is a tar archive",
            "tar -xOf FILE | deploytrack import -",
        ));
    }
    let text = head.trim_ascii_start();
    if text.starts_with(b"<") {
        return Some(ReadError::form(
            "is HTML or XML",
            "this may be a login page instead of the download; request JSON from the API, or use a CSV table",
        ));
    }
    None
}

/// Decompresses gzip. Its errors name the compression.
struct GzipReader<R>(R);

impl<R: Read> Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let named = |error: io::Error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            kind => io::Error::new(
                kind,
                format!("the gzip file is truncated or damaged ({error}); copy it again"),
            ),
        };
        self.0.read(buffer).map_err(named)
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const TEXT: &str = "{\"component\":\"naïve 日本\"}\n";

    fn text(file: &[u8]) -> Result<String, String> {
        let source = Source::of(file).map_err(|unreadable| unreadable.to_string())?;
        let mut text = String::new();
        source
            .read()
            .read_to_string(&mut text)
            .map_err(|error| error.to_string())?;
        Ok(text)
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::default());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn byte_order_marks_encodings_and_gzip_are_decoded() {
        let marked = format!("\u{feff}{TEXT}");
        for file in [
            TEXT.as_bytes().to_vec(),
            marked.as_bytes().to_vec(),
            utf_16(&marked, u16::to_le_bytes),
            utf_16(&marked, u16::to_be_bytes),
            utf_16(TEXT, u16::to_le_bytes),
            utf_16(TEXT, u16::to_be_bytes),
            packed(TEXT.as_bytes()),
            packed(marked.as_bytes()),
            packed(&utf_16(&marked, u16::to_le_bytes)),
        ] {
            assert_eq!(text(&file).as_deref(), Ok(TEXT), "{file:?}");
        }
        let two = [packed(TEXT.as_bytes()), packed(TEXT.as_bytes())].concat();
        assert_eq!(
            text(&two).unwrap(),
            TEXT.repeat(2),
            "two gzip files, concatenated"
        );
        assert_eq!(text(b"").unwrap(), "");
    }

    #[test]
    fn other_formats_are_rejected_with_the_way_out() {
        for (file, way_out) in [
            (&b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a.json"[..], "unzip -p"),
            (b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0[Content_Types].xml", "save the sheet as CSV"),
            (b"\xfd7zXZ\0\0", "xz -dc"),
            (b"\x28\xb5\x2f\xfd\0", "zstd -dc"),
            (b"BZh91AY", "bzip2 -dc"),
            (b"\xff\xfe\0\0a\0\0\0", "iconv -f UTF-32"),
            (b"SQLite format 3\0", "deploytrack export"),
            (b" \n<!DOCTYPE html>", "request JSON from the API"),
            (&packed(&packed(TEXT.as_bytes())), "gzip -dc"),
        ] {
            let message = text(file).unwrap_err();
            assert!(message.contains(way_out), "{message}");
        }
    }

    #[test]
    fn a_truncated_gzip_file_is_reported() {
        let mut whole = packed(TEXT.repeat(10_000).as_bytes());
        whole.truncate(whole.len() - 9);
        let message = text(&whole).unwrap_err();
        assert!(message.contains("truncated or damaged"), "{message}");
    }
}
