//! The primary: the one server of a PostgreSQL cluster that accepts writes. When it fails, another
//! one takes its place, under the address of another host of the URL, or under the same one.
//!
//! A connection of its own asks the primary each second whether it still is. When there is no such
//! answer, all hosts are asked. If another server is the primary, or the same one was started
//! again, the pools are replaced.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    Connection as _, Row as _,
    postgres::{PgConnectOptions, PgConnection},
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Lending, pools, tenure::PrimaryPool};
use crate::error::Error;

/// The time between two questions.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a server may take to answer, and to accept a connection.
const ANSWER: Duration = Duration::from_secs(2);

/// Null on a standby. Otherwise a text that differs between servers, and between the starts of one
/// server. A primary may be read-only for another reason; it answers reads all the same.
const SERVER: &str = "select case when pg_is_in_recovery() then null
    else concat(inet_server_addr(), ' ', inet_server_port(), ' ', pg_postmaster_start_time()) end";

/// The cluster of a primary, and its timeline.
const TIMELINE: &str = "select system_identifier::text, pg_walfile_name(pg_current_wal_insert_lsn()) from pg_control_system()";

/// The refusals of a database that has no timelines for this program: there is no such function, the
/// user may not call it, or it is not supported. After any other error the timeline is unknown, and
/// the server may be a former primary.
const NO_TIMELINES: [&str; 3] = ["42883", "42501", "0A000"];

/// Tells one primary from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    server: String,
    /// `None` for a database that is compatible with PostgreSQL and has no timelines.
    timeline: Option<Timeline>,
}

/// A number that each change of the primary raises, as eight hexadecimal digits, and the cluster to
/// which it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Timeline {
    cluster: String,
    number: String,
}

/// The newest timeline that this program has seen. A primary that was paused or cut off while
/// another one took its place is on an older timeline, and does not know it for a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Newest(Arc<Mutex<Option<Timeline>>>);

impl Newest {
    /// Whether a server is the primary as far as this program knows. It then stays the newest.
    fn admits(&self, identity: &Identity) -> bool {
        let Some(timeline) = &identity.timeline else {
            return true;
        };
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_older = newest.as_ref().is_some_and(|newest| {
            newest.cluster == timeline.cluster && newest.number > timeline.number
        });
        if !is_older {
            *newest = Some(timeline.clone());
        }
        !is_older
    }

    /// A statement that fails on a server of an older timeline, and on a standby.
    pub(super) fn check(&self) -> Option<String> {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.as_ref().map(|newest| {
            format!(
                "select 1 / (case when pg_walfile_name(pg_current_wal_insert_lsn()) collate \"C\" >= '{}' then 1 else 0 end)",
                newest.number
            )
        })
    }
}

/// The primary, and a connection to it.
struct Primary {
    options: PgConnectOptions,
    connection: PgConnection,
    identity: Identity,
}

/// The identity of a server, if it is the primary.
pub(super) async fn identity(
    connection: &mut PgConnection,
    newest: &Newest,
) -> sqlx::Result<Option<Identity>> {
    let row = sqlx::raw_sql(SERVER).fetch_one(&mut *connection).await?;
    let Some(server) = row.try_get(0)? else {
        return Ok(None);
    };
    let timeline = match sqlx::raw_sql(TIMELINE).fetch_one(connection).await {
        Ok(row) => Some(Timeline {
            cluster: row.try_get(0)?,
            number: row.try_get::<String, _>(1)?.chars().take(8).collect(),
        }),
        Err(sqlx::Error::Database(refusal))
            if refusal
                .code()
                .is_some_and(|code| NO_TIMELINES.contains(&&*code)) =>
        {
            None
        }
        Err(error) => return Err(error),
    };
    let identity = Identity { server, timeline };
    Ok(newest.admits(&identity).then_some(identity))
}

/// The options of the host that is the primary.
///
/// # Errors
/// [`Error::Unavailable`] if no host is; the message says of each host what it answered.
pub(super) async fn find(
    hosts: &[PgConnectOptions],
    newest: &Newest,
) -> Result<PgConnectOptions, Error> {
    if let [one] = hosts {
        return Ok(one.clone());
    }
    let found = first(hosts, newest).await;
    found
        .map(|primary| primary.options)
        .map_err(|answers| Error::Unavailable(format!("no host is the primary: {answers}").into()))
}

/// The first of the hosts that answers as the primary; otherwise what each of them answered.
async fn first(hosts: &[PgConnectOptions], newest: &Newest) -> Result<Primary, String> {
    let asked = hosts.iter().cloned();
    let mut asked: JoinSet<_> = asked.map(|host| ask(host, newest.clone())).collect();
    let mut answers = Vec::new();
    while let Some(answer) = asked.join_next().await {
        match answer {
            Ok(Ok(primary)) => return Ok(primary),
            Ok(Err(answer)) => answers.push(answer),
            Err(ended) => answers.push(ended.to_string()),
        }
    }
    Err(answers.join("; "))
}

/// Asks a host whether it is the primary. Returns what is wrong if it is not.
async fn ask(options: PgConnectOptions, newest: Newest) -> Result<Primary, String> {
    let name = format!("{}:{}", options.get_host(), options.get_port());
    let connected = async {
        let mut connection = PgConnection::connect_with(&options).await?;
        let identity = identity(&mut connection, &newest).await?;
        Ok::<_, sqlx::Error>((connection, identity))
    };
    match timeout(ANSWER, connected).await {
        Ok(Ok((connection, Some(identity)))) => Ok(Primary {
            options,
            connection,
            identity,
        }),
        Ok(Ok((_, None))) => Err(format!("{name} is a standby, or a former primary")),
        Ok(Err(error)) => Err(format!("{name}: {error}")),
        Err(_) => Err(format!("{name} does not answer within {ANSWER:?}")),
    }
}

/// The pools of the primary, and what is needed to replace them.
pub(super) struct Watch {
    pub(super) hosts: Vec<PgConnectOptions>,
    pub(super) lending: Lending,
    pub(super) identity: Option<Identity>,
    pub(super) newest: Newest,
    pub(super) reads: PrimaryPool,
    pub(super) writes: PrimaryPool,
}

impl Watch {
    /// Follows the primary, until the task is aborted.
    pub(super) async fn run(mut self) {
        let mut connection = None;
        loop {
            sleep(INTERVAL).await;
            connection = match connection {
                Some(connection) => self.confirmed(connection).await,
                None => self.found().await,
            };
        }
    }

    /// The connection, if its server still is the primary.
    async fn confirmed(&self, mut connection: PgConnection) -> Option<PgConnection> {
        let answer = timeout(ANSWER, identity(&mut connection, &self.newest)).await;
        match answer {
            Ok(Ok(Some(identity))) if Some(&identity) == self.identity.as_ref() => Some(connection),
            _ => None,
        }
    }

    /// A connection to the primary. Replaces the pools if it is another one than before.
    async fn found(&mut self) -> Option<PgConnection> {
        let Primary {
            options,
            connection,
            identity,
        } = match first(&self.hosts, &self.newest).await {
            Ok(primary) => primary,
            Err(answers) => {
                tracing::warn!(answers, "no host of the database is the primary");
                return None;
            }
        };
        if self.identity.as_ref() != Some(&identity) {
            tracing::warn!(
                host = options.get_host(),
                port = options.get_port(),
                "another server is the primary of the database; what waits for the former one fails"
            );
            let (reads, writes) = pools(&options, self.lending, &self.newest);
            self.reads.replace(reads);
            self.writes.replace(writes);
            self.identity = Some(identity);
        }
        Some(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(cluster: &str, number: &str) -> Identity {
        Identity {
            server: "10.0.0.1 5432".into(),
            timeline: Some(Timeline {
                cluster: cluster.into(),
                number: number.into(),
            }),
        }
    }

    #[test]
    fn a_primary_on_an_older_timeline_of_the_same_cluster_is_none() {
        let newest = Newest::default();
        assert!(newest.check().is_none());
        assert!(newest.admits(&on("1", "00000009")));
        assert!(newest.admits(&on("1", "0000000A")));
        assert!(!newest.admits(&on("1", "00000009")), "hexadecimal digits");
        assert!(newest.admits(&on("1", "0000000A")));
        assert!(newest.check().unwrap().contains(">= '0000000A'"));
        assert!(newest.admits(&on("2", "00000001")), "another cluster");
        assert!(newest.check().unwrap().contains(">= '00000001'"));
    }

    #[test]
    fn a_database_without_timelines_is_admitted() {
        let newest = Newest::default();
        let identity = Identity {
            server: String::new(),
            timeline: None,
        };
        assert!(newest.admits(&identity));
        assert!(newest.check().is_none());
    }
}
