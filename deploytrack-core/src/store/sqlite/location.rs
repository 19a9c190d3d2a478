//! The location of an SQLite database: a path, which is taken literally, or a URL, where `?` begins
//! the parameters and `%` an escape.

use std::{
    ffi::OsString,
    path::{Path, PathBuf, absolute},
    str::FromStr as _,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sqlx::sqlite::SqliteConnectOptions;

use crate::error::Error;

/// The characters without a special meaning in the path of a `file:` URI.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// A database in a file, or in memory.
pub(super) struct Location {
    /// `None` for a database in memory.
    pub(super) path: Option<PathBuf>,
    pub(super) options: SqliteConnectOptions,
}

impl Location {
    /// The file at this path, with any characters.
    pub(super) fn of_file(path: &Path) -> Self {
        Self {
            path: Some(path.to_owned()),
            options: SqliteConnectOptions::new().filename(file_name(path)),
        }
    }

    /// Parses a URL: `sqlite:PATH`, `sqlite:PATH?PARAMETERS` or `sqlite::memory:`.
    pub(super) fn of_url(url: &str) -> Result<Self, Error> {
        let location = url
            .trim_start_matches("sqlite://")
            .trim_start_matches("sqlite:");
        let (path, parameters) = location
            .split_once('?')
            .map_or((location, None), |(path, parameters)| {
                (path, Some(parameters))
            });
        let is_memory = path == ":memory:"
            || parameters.is_some_and(|all| all.split('&').any(|one| one == "mode=memory"));
        let options = options(if is_memory { ":memory:" } else { "file" }, parameters)?;
        if is_memory {
            return Ok(Self {
                path: None,
                options,
            });
        }
        let path = decoded(path)?;
        if path.as_os_str().is_empty() {
            return Err(Error::Setup(
                "the database URL names no file; it must look like sqlite:PATH".into(),
            ));
        }
        Ok(Self {
            options: options.filename(file_name(&path)),
            path: Some(path),
        })
    }
}

/// Has sqlx parse the parameters.
fn options(location: &str, parameters: Option<&str>) -> Result<SqliteConnectOptions, Error> {
    let cannot = |why: &str| {
        Error::Setup(format!(
            "the database URL is not valid: {why}; a ? begins parameters such as mode=memory: write %3F for a ? in a file name, \
             and %25 for a %"
        ))
    };
    let Some(parameters) = parameters else {
        return SqliteConnectOptions::from_str(location)
            .map_err(|error| cannot(&error.to_string()));
    };
    if parameters.is_empty() {
        return Err(cannot("no parameters follow its ?"));
    }
    SqliteConnectOptions::from_str(&format!("{location}?{parameters}"))
        .map_err(|error| cannot(&error.to_string()))
}

/// Decodes the escapes of a path.
fn decoded(path: &str) -> Result<PathBuf, Error> {
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    if bytes.contains(&0) {
        return Err(Error::Setup(
            "the database URL has a NUL character (%00) in its path, which no file name can have"
                .into(),
        ));
    }
    Ok(os_string(bytes).into())
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// The name under which SQLite opens a file. SQLite takes a name that begins with `file:` for a
/// URI, so the name is absolute. sqlx accepts only names in UTF-8, so other names are written as a
/// URI.
pub(super) fn file_name(path: &Path) -> PathBuf {
    let path = absolute(path).unwrap_or_else(|_| path.to_owned());
    if path.to_str().is_some() {
        return path;
    }
    format!(
        "file:{}",
        percent_encode(path.as_os_str().as_encoded_bytes(), PLAIN)
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> String {
        Location::of_url(url)
            .unwrap()
            .path
            .unwrap()
            .to_string_lossy()
            .into_owned()
    }

    #[test]
    fn a_url_has_parameters_after_a_question_mark_and_escapes() {
        for (url, path) in [
            ("sqlite:track.db", "track.db"),
            ("sqlite:///var/track.db?mode=rwc", "/var/track.db"),
            ("sqlite:/a%3Fb/100%/c%23d#e.db", "/a?b/100%/c#d#e.db"),
            ("sqlite:/a/:memory:/b.db", "/a/:memory:/b.db"),
            ("sqlite:-x.db", "-x.db"),
        ] {
            assert_eq!(named(url), path, "{url}");
        }
        for url in [
            "sqlite::memory:",
            "sqlite:?mode=memory",
            "sqlite://:memory:",
        ] {
            assert!(Location::of_url(url).unwrap().path.is_none(), "{url}");
        }
        for (url, why) in [
            ("sqlite:/what?/track.db", "write %3F"),
            ("sqlite:/what?", "no parameters follow"),
            ("sqlite:a.db?mode=ro&x=1", "`x`"),
            ("sqlite:", "names no file"),
            ("sqlite:a%00b", "NUL"),
        ] {
            let Err(Error::Setup(message)) = Location::of_url(url) else {
                panic!("{url} was accepted")
            };
            assert!(message.contains(why), "{url}: {message}");
        }
    }
}
