//! The hosts of a database URL. `postgres://USER@HOST1:PORT1,HOST2:PORT2/DATABASE` names several, as
//! in libpq (PostgreSQL 18, section 32.1.1.2).

use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

use crate::error::Error;

/// The parameter with which other programs choose a host. This program always needs the primary.
const WANTED: &str = "target_session_attrs=";

/// The connection options of each host of a URL, in its order.
///
/// # Errors
/// [`Error::Setup`] if the URL cannot be read, or asks for a host that is not the primary. The
/// message contains no part of the URL, which may contain a password.
pub(super) fn hosts(url: &str) -> Result<Vec<PgConnectOptions>, Error> {
    let url = without_wanted(url)?;
    let unreadable = || {
        Error::Setup(
            "the database URL cannot be read; it must look like postgres://USER:PASSWORD@HOST/DATABASE, with one or more HOST or HOST:PORT, \
             separated by commas"
                .into(),
        )
    };
    each(&url)
        .iter()
        // Not the text of the error: it could quote the URL, and with it the password.
        .map(|url| PgConnectOptions::from_str(url).map_err(|_| unreadable()))
        .map(|options| {
            Ok(options?
                .application_name("deploytrack")
                // A pooler rejects parameters that it cannot set for each client. No column is a
                // floating-point number.
                .extra_float_digits(None))
        })
        .collect()
}

/// A URL for each host of a URL.
fn each(url: &str) -> Vec<String> {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..]
        .find(['/', '?'])
        .map_or(url.len(), |at| start + at);
    let start = url[start..end]
        .rfind('@')
        .map_or(start, |at| start + at + 1);
    url[start..end]
        .split(',')
        .map(|host| format!("{}{host}{}", &url[..start], &url[end..]))
        .collect()
}

/// The URL without the parameter that asks for the primary.
fn without_wanted(url: &str) -> Result<String, Error> {
    let Some((before, parameters)) = url.split_once('?') else {
        return Ok(url.to_owned());
    };
    let mut kept = Vec::new();
    for parameter in parameters.split('&') {
        match parameter.strip_prefix(WANTED) {
            None => kept.push(parameter),
            Some("any" | "read-write" | "primary") => {}
            Some(_) => {
                return Err(Error::Setup(
                    "target_session_attrs of the database URL must be read-write or primary, or be omitted: the server writes".into(),
                ));
            }
        }
    }
    Ok(format!("{before}?{}", kept.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Vec<(String, u16)> {
        let hosts = hosts(url).unwrap();
        hosts
            .iter()
            .map(|options| (options.get_host().to_owned(), options.get_port()))
            .collect()
    }

    #[test]
    fn every_host_of_a_url_is_found() {
        let host = |name: &str, port| (name.to_owned(), port);
        for (url, found) in [
            ("postgres://me:a,b@db/track", vec![host("db", 5432)]),
            (
                "postgres://me:secret@a:5433,b,[::1]:5434/track?sslmode=require",
                vec![host("a", 5433), host("b", 5432), host("[::1]", 5434)],
            ),
            (
                "postgresql://a,b?dbname=track&target_session_attrs=read-write",
                vec![host("a", 5432), host("b", 5432)],
            ),
        ] {
            assert_eq!(of(url), found, "{url}");
        }
    }

    #[test]
    fn a_standby_is_not_asked_for() {
        let refusal = hosts("postgres://me:hunter2@a,b/track?target_session_attrs=standby")
            .unwrap_err()
            .to_string();
        assert!(
            refusal.contains("target_session_attrs") && !refusal.contains("hunter2"),
            "{refusal}"
        );
        assert_eq!(
            of("postgres://a,b/track?target_session_attrs=primary&sslmode=disable").len(),
            2
        );
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_shown() {
        for url in [
            "postgres://me:hunter2@a:x,b/track",
            "postgres://me:hunter2@a,:5432/track",
        ] {
            let refusal = hosts(url).unwrap_err().to_string();
            assert!(
                refusal.contains("HOST:PORT") && !refusal.contains("hunter2"),
                "{refusal}"
            );
        }
    }
}
