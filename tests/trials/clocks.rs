//! Runners with clocks that are off by up to a day take turns, alone or as the legs of one job, on
//! servers with different clocks: the matrix follows the order of delivery, and each delivery is a
//! separate deployment.
//!
//! The runners are the real program under `faketime`. A turn is one of: a wrapped command that
//! succeeds or fails, a record by hand with its update, a rollback, or a delivery that waits in the
//! spool while another one is made.

use std::{collections::BTreeMap, time::Duration};

use deploytrack_tests::{
    caller::Caller,
    database::Database,
    fold,
    program::{Home, Process, Run},
};
use serde_json::Value;

use crate::bench::{Bench, Kind};

const RUNNERS: usize = 6;
const DAY: i64 = 24 * 60 * 60;
const ENVIRONMENTS: [&str; 3] = ["development", "staging", "production"];
/// The clocks of the servers: with the usual difference between replicas, and one that is set back.
const SERVERS: [i64; 3] = [0, -10, 25];

pub(crate) async fn run(bench: Bench) -> String {
    let database = bench.kind.database().await;
    let mut trial = Trial::start(bench.kind, &database);
    for turn in 0..bench.rounds {
        trial.turn(turn).await;
        trial.check(turn).await;
    }
    let tracker = database.tracker().await;
    fold::check(&tracker).await;
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    assert_eq!(
        found.deployments, trial.delivered,
        "each delivery is a deployment of its own"
    );
    let Trial {
        delivered,
        legs,
        spooled,
        ..
    } = trial;
    format!(
        "{delivered} deliveries by {RUNNERS} runners, {legs} of them legs of a job, {spooled} spooled; the matrix equals their order; {found}"
    )
}

/// A machine with a clock that is off by this many seconds.
struct Runner {
    home: Home,
    off: i64,
}

impl Runner {
    fn run(&self, server: &str, args: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = self.home.command_with_clock(self.off, "deploytrack", args);
        command
            .env("DEPLOYTRACK_URL", server)
            .env("DEPLOYTRACK_TOKEN", Caller::admin_token());
        command.envs(variables.iter().copied());
        Run::of(&command.output().unwrap())
    }
}

struct Trial {
    database: String,
    servers: Vec<Process>,
    runners: Vec<Runner>,
    /// The versions of each environment in the order of delivery; the last one is current.
    current: BTreeMap<&'static str, Vec<String>>,
    delivered: u64,
    legs: u64,
    spooled: u64,
}

impl Trial {
    fn start(kind: Kind, database: &Database) -> Self {
        let clocks = &SERVERS[..kind.servers()];
        let database = database.url().to_owned();
        let servers = clocks
            .iter()
            .map(|off| Process::server_with_clock(*off, "127.0.0.1:0", &Home::new(), &database))
            .collect();
        let runner = |number| Runner {
            home: Home::new(),
            off: if number == 0 {
                0
            } else {
                fastrand::i64(-DAY..=DAY)
            },
        };
        let runners = (0..RUNNERS).map(runner).collect();
        Self {
            database,
            servers,
            runners,
            current: BTreeMap::new(),
            delivered: 0,
            legs: 0,
            spooled: 0,
        }
    }

    async fn turn(&mut self, turn: u64) {
        let environment = ENVIRONMENTS[fastrand::usize(..ENVIRONMENTS.len())];
        match fastrand::u8(..16) {
            0..6 => self.wrapped(environment, &format!("v{turn}"), &[]),
            6..9 => self.by_hand(environment, &format!("v{turn}")),
            9..11 => self.undeploy(environment),
            11..14 => self.legs(turn),
            // When the clocks of the servers differ by more than an entry has waited, its arrival
            // counts.
            _ if self.servers.len() > 1 => self.wrapped(environment, &format!("v{turn}"), &[]),
            _ => self.spooled(environment, turn).await,
        }
    }

    /// A wrapped command, which fails in one of four cases.
    fn wrapped(&mut self, environment: &'static str, version: &str, variables: &[(&str, &str)]) {
        let succeeds = fastrand::u8(..4) > 0;
        let command = if succeeds { "exit 0" } else { "exit 3" };
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            environment,
            "--version",
            version,
            "--quiet",
            "--",
            "sh",
            "-c",
            command,
        ];
        let run = self.runner_with(&args, variables);
        // The runner may send entries of its own spool first, and prints that.
        let is_silent = run.err.is_empty() || run.err.contains("sent from the spool");
        assert!(
            run.code == if succeeds { 0 } else { 3 } && is_silent,
            "{run:?}"
        );
        self.count(environment, version, succeeds);
    }

    /// A record with its updates, each from another runner.
    fn by_hand(&mut self, environment: &'static str, version: &str) {
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            environment,
            "--version",
            version,
            "--no-ci",
            "--status",
            "in_progress",
        ];
        let id = self.runner_with(&args, &[]).done().trim().to_owned();
        let succeeds = fastrand::bool();
        self.runner_with(
            &["update", &id, if succeeds { "succeeded" } else { "failed" }],
            &[],
        )
        .ok();
        self.count(environment, version, succeeds);
    }

    fn undeploy(&mut self, environment: &'static str) {
        if self.current.remove(environment).is_some() {
            self.runner_with(&["undeploy", "-c", "api", "-e", environment], &[])
                .ok();
        }
    }

    /// The legs of one job of GitHub: they share every variable, and each has a runner with its own
    /// clock.
    fn legs(&mut self, turn: u64) {
        let run = turn.to_string();
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "acme/api"),
            ("GITHUB_RUN_ID", run.as_str()),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_JOB", "deploy"),
        ];
        for _ in 0..3 {
            self.wrapped("production", &format!("v{turn}"), &variables);
            self.legs += 1;
        }
    }

    /// A delivery that waits in the spool while another one is made: it counts as the earlier one,
    /// although it arrives later.
    async fn spooled(&mut self, environment: &'static str, turn: u64) {
        let number = fastrand::usize(..RUNNERS);
        let late = format!("v{turn}-late");
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            environment,
            "--version",
            &late,
            "--no-ci",
            "--send-timeout",
            "100ms",
            "--",
            "true",
        ];
        let down = fastrand::usize(..self.servers.len());
        let server = self.servers[down].url().to_owned();
        self.servers[down].kill();
        let spooling = self.runners[number].run(&server, &args, &[]);
        assert_eq!(spooling.code, 0, "{spooling:?}");
        let address = server.trim_start_matches("http://");
        self.servers[down] =
            Process::server_with_clock(SERVERS[down], address, &Home::new(), &self.database);
        // Deliveries less than a second apart are ordered by arrival.
        tokio::time::sleep(Duration::from_millis(1200)).await;
        self.count(environment, &late, true);
        self.wrapped(environment, &format!("v{turn}"), &[]);
        let flushed = self.runners[number].run(&server, &["flush"], &[]);
        assert_eq!(flushed.code, 0, "{flushed:?}");
        self.spooled += 1;
    }

    fn count(&mut self, environment: &'static str, version: &str, succeeded: bool) {
        self.delivered += 1;
        if succeeded {
            self.current
                .entry(environment)
                .or_default()
                .push(version.to_owned());
        }
    }

    fn server(&self) -> String {
        self.servers[fastrand::usize(..self.servers.len())]
            .url()
            .to_owned()
    }

    fn runner_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Run {
        self.runners[fastrand::usize(..RUNNERS)].run(&self.server(), args, variables)
    }

    /// Compares the matrix of every server with the order of delivery.
    async fn check(&self, turn: u64) {
        for server in &self.servers {
            let matrix = Caller::admin(server.url())
                .get("/api/v1/deployments/matrix")
                .await
                .expect(200);
            for environment in ENVIRONMENTS {
                let shown = matrix
                    .as_array()
                    .unwrap()
                    .first()
                    .and_then(|row| row["environments"][environment]["version"].as_str());
                let expected = self
                    .current
                    .get(environment)
                    .and_then(|versions| versions.last())
                    .map(String::as_str);
                assert_eq!(
                    shown,
                    expected,
                    "{environment} after turn {turn}: {}",
                    self.told(server.url()).await
                );
            }
        }
    }

    /// The newest deployments, for the message of a failure.
    async fn told(&self, url: &str) -> Value {
        Caller::admin(url)
            .get("/api/v1/deployments?take=5")
            .await
            .expect(200)
    }
}
