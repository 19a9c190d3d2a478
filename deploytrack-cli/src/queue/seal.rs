//! The seal of a file in the spool: a first line that proves which token, machine or pipeline wrote
//! the file.
//!
//! A seal covers the name of the entry, the name of the file, the server and the content. A file
//! can therefore neither be changed nor moved to another entry, name or server.

use std::{collections::BTreeMap, fmt, io};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac as _;
use serde::{Deserialize, Serialize};

use super::keys::{Keys, mac};

const VERSION: u8 = 1;
const LABEL: &[u8] = b"deploytrack spool file 1";

/// The first line of a sealed file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealLine {
    sealed: u8,
    server: String,
    by: BTreeMap<String, String>,
}

/// The file that a seal belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct SealedFile<'a> {
    pub(super) entry: &'a str,
    pub(super) name: &'a str,
}

/// The content of a file whose seal fits.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) server: String,
    pub(super) content: Vec<u8>,
}

/// Why an entry is not sent until a person trusts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Distrust(pub(crate) String);

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Distrust {}

impl Distrust {
    /// The distrust as an I/O error.
    pub(super) fn error(why: impl Into<String>) -> io::Error {
        io::Error::new(io::ErrorKind::PermissionDenied, Self(why.into()))
    }

    /// The distrust in an I/O error, if there is one.
    pub(crate) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// Adds a seal to a content.
pub(super) fn close(
    file: SealedFile<'_>,
    server: &str,
    content: &[u8],
    keys: &Keys,
) -> io::Result<Vec<u8>> {
    let seal = |key: [u8; 32]| {
        let mac = mac(&key, &fields(file, server, content))?;
        Some(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    };
    let by = keys
        .all()
        .into_iter()
        .filter_map(|(name, key)| Some((name.to_owned(), seal(key)?)))
        .collect();
    let mut bytes = serde_json::to_vec(&SealLine {
        sealed: VERSION,
        server: server.to_owned(),
        by,
    })?;
    bytes.push(b'\n');
    bytes.extend_from_slice(content);
    Ok(bytes)
}

/// Checks and removes the seal.
///
/// # Errors
/// A [`Distrust`] if none of the keys made the seal.
pub(super) fn open(file: SealedFile<'_>, bytes: Vec<u8>, keys: &Keys) -> io::Result<Content> {
    let (line, opened) = split(bytes);
    let Some(line) = line else {
        return Err(Distrust::error(format!(
            "{} has no seal: an earlier version of deploytrack or another program wrote it",
            file.name
        )));
    };
    let is_made_by = |(name, key): (&str, [u8; 32])| {
        let seal = URL_SAFE_NO_PAD.decode(line.by.get(name)?).ok()?;
        mac(&key, &fields(file, &opened.server, &opened.content))?
            .verify_slice(&seal)
            .ok()
    };
    if keys.all().into_iter().any(|key| is_made_by(key).is_some()) {
        return Ok(opened);
    }
    Err(Distrust::error(format!(
        "the seal of {} fits neither {}, nor {}: another token, job or machine wrote it, or it was changed or moved",
        file.name,
        keys.described(),
        super::keys::SHARED
    )))
}

/// Whether each of the keys made a seal of the file, by the names in its first line.
pub(super) fn names_all(bytes: &[u8], keys: &Keys) -> bool {
    seal_line(bytes).is_some_and(|(line, _)| {
        keys.all()
            .iter()
            .all(|(name, _)| line.by.contains_key(*name))
    })
}

/// Removes the seal without checking it.
pub(super) fn open_unverified(bytes: Vec<u8>) -> Vec<u8> {
    split(bytes).1.content
}

fn fields<'a>(file: SealedFile<'a>, server: &'a str, content: &'a [u8]) -> [&'a [u8]; 5] {
    [
        LABEL,
        file.entry.as_bytes(),
        file.name.as_bytes(),
        server.as_bytes(),
        content,
    ]
}

fn split(bytes: Vec<u8>) -> (Option<SealLine>, Content) {
    match seal_line(&bytes) {
        Some((line, end)) => {
            let opened = Content {
                server: line.server.clone(),
                content: bytes[end + 1..].to_vec(),
            };
            (Some(line), opened)
        }
        None => (
            None,
            Content {
                server: String::new(),
                content: bytes,
            },
        ),
    }
}

/// The first line of a file, if it is a seal, and where it ends.
fn seal_line(bytes: &[u8]) -> Option<(SealLine, usize)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line: SealLine = serde_json::from_slice(&bytes[..end]).ok()?;
    (line.sealed == VERSION).then_some((line, end))
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{job_keys, proved_keys},
        *,
    };
    use crate::process_env::ProcessEnv;

    const FILE: SealedFile<'static> = SealedFile {
        entry: "entry",
        name: "0.json",
    };

    fn keys(token: Option<&str>, variables: &[(&str, &str)]) -> Keys {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Keys::without_settings(
            &ProcessEnv {
                variables,
                ..ProcessEnv::default()
            },
            token,
        )
    }

    /// A token with this subject that expires at this second.
    fn token(subject: &str, end: u64) -> String {
        format!(
            "e30.{}.signature",
            URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":"{subject}","exp":{end}}}"#))
        )
    }

    #[test]
    fn a_seal_fits_only_its_own_file_and_content() {
        let keys = keys(Some("token"), &[("HOME", "/nowhere/at/all")]);
        let closed = close(FILE, "http://host", b"content", &keys).unwrap();
        let opened = open(FILE, closed.clone(), &keys).unwrap();
        assert_eq!(
            (opened.server.as_str(), opened.content.as_slice()),
            ("http://host", &b"content"[..])
        );
        assert!(
            open(
                SealedFile {
                    entry: "other",
                    ..FILE
                },
                closed.clone(),
                &keys
            )
            .is_err()
        );
        assert!(
            open(
                SealedFile {
                    name: "1.json",
                    ..FILE
                },
                closed.clone(),
                &keys
            )
            .is_err()
        );
        let text = String::from_utf8(closed).unwrap();
        for (before, after) in [
            ("content", "CONTENT"),
            ("http://host", "http://evil"),
            ("token", "shared"),
        ] {
            assert!(
                open(FILE, text.replacen(before, after, 1).into_bytes(), &keys).is_err(),
                "{before}"
            );
        }
        assert!(!text.contains("\"token\":\"token\"") && text.lines().count() == 2);
        let unsealed = open(FILE, b"{\n}".to_vec(), &keys).unwrap_err();
        assert!(Distrust::of(&unsealed).unwrap().0.contains("has no seal"));
        assert_eq!(open_unverified(text.into_bytes()), b"content");
    }

    #[test]
    fn a_later_token_of_the_same_subject_opens_a_file_only_on_the_same_machine() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |home: &tempfile::TempDir, token: Option<&str>| {
            keys(token, &[("HOME", home.path().to_str().unwrap())])
        };
        let closed = close(FILE, "", b"content", &at(&one, Some(&token("ci", 1)))).unwrap();
        let opens = |keys: Keys| open(FILE, closed.clone(), &keys).is_ok();
        assert!(opens(at(&one, Some(&token("ci", 2)))) && opens(at(&other, Some(&token("ci", 1)))));
        assert!(
            !opens(at(&one, Some(&token("other", 1))))
                && !opens(at(&one, None))
                && !opens(at(&one, Some("opaque")))
        );
        assert!(!opens(at(&other, Some(&token("ci", 2)))));
        let without = close(FILE, "", b"content", &at(&one, None)).unwrap();
        assert!(
            open(FILE, without.clone(), &at(&one, None)).is_ok()
                && open(FILE, without, &at(&one, Some(&token("ci", 1)))).is_err()
        );
    }

    #[test]
    fn calls_of_one_job_trust_each_other_on_the_same_machine() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let closed = close(FILE, "", b"content", &job_keys(one.path(), "1", "{}")).unwrap();
        let opens = |keys: &Keys| open(FILE, closed.clone(), keys).is_ok();
        assert!(opens(&job_keys(one.path(), "1", "{}")));
        assert!(
            !opens(&job_keys(one.path(), "2", "{}")) && !opens(&job_keys(other.path(), "1", "{}"))
        );
        let home = [("HOME", one.path().to_str().unwrap())];
        assert!(!opens(&keys(None, &home)) && !opens(&keys(Some(&token("ci", 1)), &home)));
    }

    #[tokio::test]
    async fn a_later_run_trusts_only_runs_with_the_same_identity_on_the_same_machine() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let main = r#"{"iss":"https://i","repository_id":"74","ref":"refs/heads/main"}"#;
        let pull = r#"{"iss":"https://i","repository_id":"74","ref":"refs/pull/7/merge"}"#;
        let closed = close(
            FILE,
            "",
            b"content",
            &proved_keys(one.path(), "1", main).await,
        )
        .unwrap();
        let opens = |keys: &Keys| open(FILE, closed.clone(), keys).is_ok();
        assert!(opens(&proved_keys(one.path(), "2", main).await));
        assert!(!opens(&proved_keys(one.path(), "2", pull).await));
        assert!(!opens(&proved_keys(other.path(), "2", main).await));
    }

    #[test]
    fn a_process_without_a_machine_trusts_its_own_files() {
        let nowhere = |run| {
            let variables = [
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_RUN_ID", run),
                ("DEPLOYTRACK_ID_TOKEN", "a.b.c"),
                // No secret is stored inside the state folder, which a cache may carry.
                ("XDG_STATE_HOME", "/nowhere"),
                ("XDG_CONFIG_HOME", "/nowhere/config"),
            ];
            keys(None, &variables)
        };
        let own = nowhere("1");
        let closed = close(FILE, "", b"content", &own).unwrap();
        assert!(open(FILE, closed.clone(), &own).is_ok());
        assert!(open(FILE, closed, &nowhere("1")).is_err());
    }

    #[test]
    fn a_shared_secret_opens_a_file_on_any_machine_unless_it_is_too_short() {
        let keys = |token: &str, secret: &str| {
            keys(
                Some(token),
                &[
                    ("HOME", "/nowhere/at/all"),
                    (super::super::keys::SHARED, secret),
                ],
            )
        };
        let closed = close(FILE, "", b"content", &keys("one", "sixteen letters!")).unwrap();
        assert!(open(FILE, closed.clone(), &keys("two", "sixteen letters!")).is_ok());
        assert!(open(FILE, closed, &keys("two", "sixteen letters?")).is_err());
        let closed = close(FILE, "", b"content", &keys("one", "short")).unwrap();
        assert!(open(FILE, closed, &keys("two", "short")).is_err());
    }
}
