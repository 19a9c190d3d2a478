//! Helpers that the tests of the programs share.

use deploytrack_tests::{
    caller::Caller,
    database::Database,
    program::{Home, Process},
};

/// A server of its own, and a home configured with its address and the token of an admin.
pub(crate) struct Bench {
    pub(crate) home: Home,
    pub(crate) server: Process,
    pub(crate) database: Database,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::on(Database::sqlite())
    }

    pub(crate) fn on(database: Database) -> Self {
        let server = Process::server(&Home::new(), database.url());
        let home = Home::new()
            .with("DEPLOYTRACK_URL", server.url())
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        Self {
            home,
            server,
            database,
        }
    }

    /// A bench with four deployments, three of them succeeded.
    pub(crate) fn filled() -> Self {
        let bench = Self::new();
        for (component, environment, version, status) in [
            ("api", "staging", "v2", "succeeded"),
            ("api", "production", "v1", "succeeded"),
            ("web", "production", "v7", "succeeded"),
            ("web", "staging", "v8", "in_progress"),
        ] {
            bench.record(component, environment, version, status);
        }
        bench
    }

    /// Restarts the server at the same address.
    pub(crate) fn restart(&mut self, url: &str) {
        self.server = Process::server_at(
            url.trim_start_matches("http://"),
            &Home::new(),
            self.database.url(),
        );
    }

    /// Records a deployment and returns its id.
    pub(crate) fn record(
        &self,
        component: &str,
        environment: &str,
        version: &str,
        status: &str,
    ) -> String {
        let args = [
            "record",
            "--component",
            component,
            "--environment",
            environment,
            "--version",
            version,
            "--status",
            status,
        ];
        self.home.deploytrack(&args).done().trim().to_owned()
    }

    /// Records a deployment that reached its status at a time, and returns its id.
    pub(crate) fn record_at(
        &self,
        component: &str,
        environment: &str,
        version: &str,
        status: &str,
        time: &str,
    ) -> String {
        let args = [
            "record",
            "-c",
            component,
            "-e",
            environment,
            "--version",
            version,
            "--status",
            status,
            "--occurred-at",
            time,
        ];
        self.home.deploytrack(&args).done().trim().to_owned()
    }
}
