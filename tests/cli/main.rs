//! The real binaries, as people and pipelines run them.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod addresses;
mod again;
mod archive;
mod called_off;
mod cancelled;
mod ci;
mod clean_end;
mod clocks;
mod commands;
mod descriptors;
mod docs;
mod doctor;
mod exit_codes;
mod hostile_machine;
mod id_file;
mod import;
mod integrations;
mod killed;
mod legs;
mod like_timeout;
mod list;
mod login;
mod manual;
mod masked;
mod mended;
mod names;
mod obstacles;
mod output;
mod pages;
mod pipeline_pages;
mod pooler;
mod profile;
mod readme;
mod refused;
mod repeats;
mod revision;
mod rollback;
mod serve;
mod server_program;
mod settings;
mod show;
mod spoken;
mod spool_bounds;
mod time_travel;
mod timeouts;
mod tls;
mod trimmed;
mod trust;
mod undeploy;
mod verify;
mod version;
mod wait;
mod watch;
mod wrapped;

pub use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    program::{Home, Process},
    snapshot,
};

/// A server of one's own, and a home where the CLI finds it and its admin's token.
struct Bench {
    home: Home,
    server: Process,
    database: Database,
}

impl Bench {
    fn new() -> Self {
        Self::on(Database::sqlite())
    }

    fn on(database: Database) -> Self {
        let server = Process::server(&Home::new(), database.url());
        let home = Home::new().with("DEPLOYTRACK_URL", server.url()).with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        Self { home, server, database }
    }

    /// With four deployments in it, three of them successes.
    fn filled() -> Self {
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

    /// Starts the server again, where it was.
    fn restart(&mut self, url: &str) {
        self.server = Process::server_at(url.trim_start_matches("http://"), &Home::new(), self.database.url());
    }

    /// Records a deployment and gives its id.
    fn record(&self, component: &str, environment: &str, version: &str, status: &str) -> String {
        let args = ["record", "--component", component, "--environment", environment, "--version", version, "--status", status];
        self.home.deploytrack(&args).done().trim().to_owned()
    }

    /// Records a deployment that reached its status at a time, and gives its id.
    fn record_at(&self, component: &str, environment: &str, version: &str, status: &str, time: &str) -> String {
        let args = ["record", "-c", component, "-e", environment, "--version", version, "--status", status, "--occurred-at", time];
        self.home.deploytrack(&args).done().trim().to_owned()
    }
}
