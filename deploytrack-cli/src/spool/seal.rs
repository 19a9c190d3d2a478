//! The seal of a file in the spool: one line before the content that proves which token, machine or pipeline wrote it.
//!
//! A seal covers the name of the run, the name of the file, the server and the content, so that a file can neither be
//! changed nor moved to another run, place or server.

use std::{collections::BTreeMap, fmt, io};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac as _;
use serde::{Deserialize, Serialize};

use super::keys::{Keys, mac};

const VERSION: u8 = 1;
const LABEL: &[u8] = b"deploytrack spool file 1";

/// The line before the content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sealed: u8,
    server: String,
    by: BTreeMap<String, String>,
}

/// The file that a seal is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) run: &'a str,
    pub(super) file: &'a str,
}

/// A file without its seal.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) server: String,
    pub(super) content: Vec<u8>,
}

/// Why an entry is not sent without a person's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Distrust(pub(crate) String);

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Distrust {}

impl Distrust {
    /// As an error of a file.
    pub(super) fn error(why: impl Into<String>) -> io::Error {
        io::Error::new(io::ErrorKind::PermissionDenied, Self(why.into()))
    }

    /// The distrust that an error is.
    pub(crate) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// Puts the seal before a content.
pub(super) fn close(place: Place<'_>, server: &str, content: &[u8], keys: &Keys) -> io::Result<Vec<u8>> {
    let seal = |key: Option<_>| {
        let key: [u8; 32] = key?;
        Some(URL_SAFE_NO_PAD.encode(mac(&key, &fields(place, server, content))?.finalize().into_bytes()))
    };
    let by = keys.all().into_iter().filter_map(|(name, key)| Some((name.to_owned(), seal(key)?))).collect();
    let mut bytes = serde_json::to_vec(&Line { sealed: VERSION, server: server.to_owned(), by })?;
    bytes.push(b'\n');
    bytes.extend_from_slice(content);
    Ok(bytes)
}

/// Takes the seal off, when one of the keys made it.
pub(super) fn open(place: Place<'_>, bytes: Vec<u8>, keys: &Keys) -> io::Result<Opened> {
    let (line, opened) = split(bytes);
    let Some(line) = line else {
        return Err(Distrust::error(format!("{} has no seal: an earlier version of deploytrack wrote it, or another program", place.file)));
    };
    let is_made_by = |(name, key): (&str, Option<[u8; 32]>)| {
        let seal = URL_SAFE_NO_PAD.decode(line.by.get(name)?).ok()?;
        mac(&key?, &fields(place, &opened.server, &opened.content))?.verify_slice(&seal).ok()
    };
    if keys.all().into_iter().any(|key| is_made_by(key).is_some()) {
        return Ok(opened);
    }
    Err(Distrust::error(format!(
        "the seal of {} fits neither this token, nor this machine with this token's subject, nor {}: another token or machine \
         wrote it, or it was changed or moved",
        place.file,
        super::keys::SHARED
    )))
}

/// Takes the seal off unseen.
pub(super) fn open_unseen(bytes: Vec<u8>) -> Vec<u8> {
    split(bytes).1.content
}

fn fields<'a>(place: Place<'a>, server: &'a str, content: &'a [u8]) -> [&'a [u8]; 5] {
    [LABEL, place.run.as_bytes(), place.file.as_bytes(), server.as_bytes(), content]
}

fn split(bytes: Vec<u8>) -> (Option<Line>, Opened) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let line = end.and_then(|end| serde_json::from_slice::<Line>(&bytes[..end]).ok()).filter(|line| line.sealed == VERSION);
    match (line, end) {
        (Some(line), Some(end)) => {
            let opened = Opened { server: line.server.clone(), content: bytes[end + 1..].to_vec() };
            (Some(line), opened)
        }
        _ => (None, Opened { server: String::new(), content: bytes }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process_env::ProcessEnv as Surroundings;

    const PLACE: Place<'static> = Place { run: "run", file: "0.json" };

    fn keys(token: Option<&str>, variables: &[(&str, &str)]) -> Keys {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Keys::of(&Surroundings { variables, ..Surroundings::default() }, token)
    }

    /// A token with this subject that ends at this second.
    fn token(subject: &str, end: u64) -> String {
        format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":"{subject}","exp":{end}}}"#)))
    }

    #[test]
    fn a_file_fits_its_own_place_and_content_alone() {
        let keys = keys(Some("token"), &[("HOME", "/nowhere/at/all")]);
        let closed = close(PLACE, "http://host", b"content", &keys).unwrap();
        let opened = open(PLACE, closed.clone(), &keys).unwrap();
        assert_eq!((opened.server.as_str(), opened.content.as_slice()), ("http://host", &b"content"[..]));
        assert!(open(Place { run: "other", ..PLACE }, closed.clone(), &keys).is_err());
        assert!(open(Place { file: "1.json", ..PLACE }, closed.clone(), &keys).is_err());
        let text = String::from_utf8(closed).unwrap();
        for (before, after) in [("content", "CONTENT"), ("http://host", "http://evil"), ("token", "shared")] {
            assert!(open(PLACE, text.replacen(before, after, 1).into_bytes(), &keys).is_err(), "{before}");
        }
        assert!(!text.contains("\"token\":\"token\"") && text.lines().count() == 2);
        let unsealed = open(PLACE, b"{\n}".to_vec(), &keys).unwrap_err();
        assert!(Distrust::of(&unsealed).unwrap().0.contains("has no seal"));
        assert_eq!(open_unseen(text.into_bytes()), b"content");
    }

    #[test]
    fn a_later_token_of_the_same_subject_opens_it_on_the_same_machine_alone() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |home: &tempfile::TempDir, token: Option<&str>| keys(token, &[("HOME", home.path().to_str().unwrap())]);
        let closed = close(PLACE, "", b"content", &at(&one, Some(&token("ci", 1)))).unwrap();
        let opens = |keys: Keys| open(PLACE, closed.clone(), &keys).is_ok();
        assert!(opens(at(&one, Some(&token("ci", 2)))) && opens(at(&other, Some(&token("ci", 1)))));
        assert!(!opens(at(&one, Some(&token("other", 1)))) && !opens(at(&one, None)) && !opens(at(&one, Some("opaque"))));
        assert!(!opens(at(&other, Some(&token("ci", 2)))));
        let without = close(PLACE, "", b"content", &at(&one, None)).unwrap();
        assert!(open(PLACE, without.clone(), &at(&one, None)).is_ok() && open(PLACE, without, &at(&one, Some(&token("ci", 1)))).is_err());
    }

    #[test]
    fn a_secret_of_the_pipeline_opens_it_everywhere_and_a_short_one_does_not() {
        let keys = |token: &str, secret: &str| keys(Some(token), &[("HOME", "/nowhere/at/all"), (super::super::keys::SHARED, secret)]);
        let closed = close(PLACE, "", b"content", &keys("one", "sixteen letters!")).unwrap();
        assert!(open(PLACE, closed.clone(), &keys("two", "sixteen letters!")).is_ok());
        assert!(open(PLACE, closed, &keys("two", "sixteen letters?")).is_err());
        let closed = close(PLACE, "", b"content", &keys("one", "short")).unwrap();
        assert!(open(PLACE, closed, &keys("two", "short")).is_err());
    }
}
