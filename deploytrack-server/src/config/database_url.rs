//! The location of the database.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use deploytrack_core::{error::Error, store::Store, text::trimmed, tracker::TransferSource};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

/// The location of the database. It may contain a password, so `Debug` and `Display` hide parts of
/// it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Location);

#[derive(Clone, PartialEq, Eq)]
enum Location {
    Url(String),
    /// An SQLite file. Its path is not a part of a URL and may contain any character.
    File(PathBuf),
}

impl DatabaseUrl {
    /// The URL in an argument, without blanks around it. A space at the end of a file name belongs
    /// to the name.
    pub(super) fn from_argument(text: &str) -> Self {
        let text = text.trim_start();
        Self(Location::Url(
            if text.starts_with("sqlite:") {
                text
            } else {
                trimmed(text)
            }
            .to_owned(),
        ))
    }

    /// The SQLite database in a file.
    #[must_use]
    pub fn file(path: PathBuf) -> Self {
        Self(Location::File(path))
    }

    /// Opens the database and applies the migrations.
    ///
    /// # Errors
    /// The errors of [`Store::open`].
    pub async fn open(&self) -> Result<Store, Error> {
        match &self.0 {
            Location::Url(url) => Store::open(url).await,
            Location::File(path) => Store::open_file(path).await,
        }
    }

    /// Opens the database for a server, and applies the migrations. An SQLite file has one server.
    ///
    /// # Errors
    /// The errors of [`Store::open_to_serve`].
    pub async fn open_to_serve(&self) -> Result<Store, Error> {
        match &self.0 {
            Location::Url(url) => Store::open_to_serve(url).await,
            Location::File(path) => Store::open_file_to_serve(path).await,
        }
    }

    /// Opens the database to copy it.
    ///
    /// # Errors
    /// The errors of [`TransferSource::open`].
    pub async fn open_to_copy(&self) -> Result<TransferSource, Error> {
        match &self.0 {
            Location::Url(url) => TransferSource::open(url).await,
            Location::File(path) => TransferSource::open_file(path).await,
        }
    }

    /// The file of an SQLite database; `None` for PostgreSQL, and for a database in memory.
    ///
    /// # Errors
    /// [`Error::Setup`] if the URL of an SQLite database is invalid.
    pub fn file_path(&self) -> Result<Option<PathBuf>, Error> {
        match &self.0 {
            Location::Url(url) if url.starts_with("sqlite:") => Store::file_of(url),
            Location::Url(_) => Ok(None),
            Location::File(path) => Ok(Some(path.clone())),
        }
    }

    /// Whether the URL has a supported scheme, and a path if it is SQLite's.
    pub(super) fn is_supported(&self) -> bool {
        let Location::Url(url) = &self.0 else {
            return true;
        };
        // With an empty path SQLite would open a temporary database, which is deleted when the
        // server ends.
        let has_path = |scheme| {
            url.strip_prefix(scheme)
                .is_some_and(|path| !path.trim_start_matches('/').is_empty())
        };
        has_path("sqlite:") || url.starts_with("postgres://") || url.starts_with("postgresql://")
    }

    /// Whether this is a URL of PostgreSQL.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(&self.0, Location::Url(url) if url.starts_with("postgres"))
    }

    /// Whether this is a URL of PostgreSQL that contains no password.
    pub(super) fn lacks_password(&self) -> bool {
        let Location::Url(url) = &self.0 else {
            return false;
        };
        let Some((_, rest)) = url
            .split_once("://")
            .filter(|_| url.starts_with("postgres"))
        else {
            return false;
        };
        let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
        !user.contains(':') && !rest.contains("password=")
    }

    /// A URL of PostgreSQL with this password, as its last parameter.
    pub(super) fn with_password(&self, password: &[u8]) -> Self {
        let Location::Url(url) = &self.0 else {
            return self.clone();
        };
        let separator = if url.contains('?') { '&' } else { '?' };
        let password = percent_encode(password, NON_ALPHANUMERIC);
        Self(Location::Url(format!(
            "{url}{separator}password={password}"
        )))
    }

    pub(super) fn file_in(data_dir: &Path) -> Self {
        Self::file(data_dir.join("deploytrack.db"))
    }
}

impl From<&str> for DatabaseUrl {
    /// Accepts any text: an error of the argument parser would print the text with its password.
    fn from(text: &str) -> Self {
        Self(Location::Url(text.to_owned()))
    }
}

impl fmt::Display for DatabaseUrl {
    /// Writes the URL without user, password and parameters. A password may contain `@`, `?` and
    /// `/` that should have been encoded, so ambiguous parts are omitted too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match &self.0 {
            Location::Url(url) => url,
            Location::File(path) => return write!(f, "sqlite:{}", path.display()),
        };
        if url.starts_with("sqlite:") {
            return f.write_str(url.split('?').next().unwrap_or_default());
        }
        let Some((scheme, rest)) = url.split_once("://").filter(|_| self.is_supported()) else {
            return f.write_str("...");
        };
        match rest.rsplit_once('@') {
            Some((user, _)) if user.contains('?') => write!(f, "{scheme}://..."),
            Some((_, host)) => write!(
                f,
                "{scheme}://...@{}",
                host.split('?').next().unwrap_or_default()
            ),
            None => write!(
                f,
                "{scheme}://{}",
                rest.split('?').next().unwrap_or_default()
            ),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            (
                "postgres://me:hunter2@db.example:5432/track?sslmode=require",
                "postgres://...@db.example:5432/track",
            ),
            (
                "postgres://me:hunter2/x@db/track",
                "postgres://...@db/track",
            ),
            ("postgres://me:hun@ter2@db/track", "postgres://...@db/track"),
            ("postgres://me:hun?ter2@db/track", "postgres://..."),
            (
                "postgres://db/track?password=hunter2",
                "postgres://db/track",
            ),
            ("postgres://db/track?password=h@unter2", "postgres://..."),
            ("postgresql:///track?host=/run", "postgresql:///track"),
            (
                "sqlite:/var/lib/track.db?mode=rwc",
                "sqlite:/var/lib/track.db",
            ),
            ("sqlite::memory:", "sqlite::memory:"),
            ("mysql://me:hunter2@db/track", "..."),
            ("hunter2", "..."),
            ("", "..."),
        ] {
            let url = DatabaseUrl::from(url);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("{shown:?}"));
        }
    }

    #[test]
    fn a_password_is_added_to_a_url_that_has_none() {
        for (url, with_password) in [
            (
                "postgres://me@db/track",
                "postgres://me@db/track?password=a%2Fb%3F%26%20c",
            ),
            (
                "postgresql://me@[::1]:5432/track?sslmode=require",
                "postgresql://me@[::1]:5432/track?sslmode=require&password=a%2Fb%3F%26%20c",
            ),
        ] {
            let url = DatabaseUrl::from(url);
            assert!(url.lacks_password(), "{url}");
            let with = url.with_password(b"a/b?& c");
            assert!(with == DatabaseUrl::from(with_password), "{url}");
            assert_eq!(with.to_string(), url.to_string(), "it is not shown");
        }
        for url in [
            "postgres://me:hunter2@db/track",
            "postgres://me:@db/track",
            "postgres://db/track?user=me&password=hunter2",
            "sqlite:/var/lib/track.db",
            "sqlite::memory:",
        ] {
            assert!(!DatabaseUrl::from(url).lacks_password(), "{url}");
        }
        assert!(!DatabaseUrl::file("track.db".into()).lacks_password());
    }

    #[test]
    fn a_database_url_has_a_supported_scheme_and_a_path() {
        for supported in [
            "sqlite:track.db",
            "sqlite:/var/track.db",
            "sqlite:///var/track.db",
            "sqlite::memory:",
            "postgres://db/track",
            "postgresql:///track",
        ] {
            assert!(DatabaseUrl::from(supported).is_supported(), "{supported}");
        }
        for unsupported in [
            "",
            "sqlite:",
            "sqlite://",
            "track.db",
            "mysql://db/track",
            "Postgres:db",
        ] {
            assert!(
                !DatabaseUrl::from(unsupported).is_supported(),
                "{unsupported}"
            );
        }
    }
}
