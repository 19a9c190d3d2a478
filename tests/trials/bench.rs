//! The database and the servers of a trial.

use std::path::Path;

use deploytrack_tests::{
    caller::Caller,
    database::Database,
    program::{Home, Process},
};

/// The database of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, String> {
        match name {
            "sqlite" => Ok(Self::Sqlite),
            "postgres" => Ok(Self::Postgres),
            other => Err(format!("{other} is none of sqlite and postgres")),
        }
    }

    /// A fresh database.
    pub(crate) async fn database(self) -> Database {
        match self {
            Self::Sqlite => Database::sqlite(),
            Self::Postgres => Database::postgres()
                .await
                .expect("the main program looked for PostgreSQL"),
        }
    }

    /// How many server processes share a database: on SQLite one, on PostgreSQL three.
    pub(crate) const fn servers(self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 3,
        }
    }
}

/// The settings of a trial.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bench {
    pub(crate) kind: Kind,
    pub(crate) rounds: u64,
    /// Another server program than the one of this workspace.
    pub(crate) server: Option<&'static Path>,
    /// A part of the names of the attacks to run.
    pub(crate) only: Option<&'static str>,
}

/// Real server processes over one database.
pub(crate) struct Servers {
    processes: Vec<Process>,
    database: String,
}

impl Servers {
    pub(crate) fn start(kind: Kind, database: &Database) -> Self {
        let database = database.url().to_owned();
        Self {
            processes: (0..kind.servers())
                .map(|_| Process::server(&Home::new(), &database))
                .collect(),
            database,
        }
    }

    /// A caller who may write, for each server.
    pub(crate) fn admins(&self) -> Vec<Caller> {
        self.processes
            .iter()
            .map(|process| Caller::admin(process.url()))
            .collect()
    }

    /// Kills one of the servers with SIGKILL and starts another one in its place.
    pub(crate) fn kill_one(&mut self, which: usize) {
        let which = which % self.processes.len();
        self.processes[which].kill();
        self.processes[which] = Process::server(&Home::new(), &self.database);
    }
}
