//! A server that trusts an issuer, and jobs that the issuer knows.

use std::{
    fs,
    path::{Path, PathBuf},
};

use deploytrack_tests::{
    caller::Caller,
    database::Database,
    issuer::{
        Issuer,
        claims::{self, AUDIENCE},
    },
    program::{Home, Process},
};
use serde_json::{Value, json};

use crate::readme::with_script;

/// A rule for `main` of one repository, which lets a job record into its own environment.
pub(super) const RULE: &str = r#"
[[oidc.rule]]
name = "web deploys"
issuer = "{issuer}"
match = [{claim = "repository_id", equals = "74"}, {claim = "ref", equals = "refs/heads/main"}]
role = "writer"
environments = ["{environment}"]
"#;

/// A running server with its issuer.
pub(super) struct Tracker {
    pub(super) issuer: Issuer,
    settings: PathBuf,
    server: Option<Process>,
    pub(super) url: String,
    database: Database,
}

impl Tracker {
    /// A server with these rules, which trusts the issuer for [`AUDIENCE`].
    pub(super) fn with(rules: &str) -> Self {
        let issuer = Issuer::start();
        let settings = issuer.settings(AUDIENCE, rules);
        let mut tracker = Self {
            issuer,
            settings,
            server: None,
            url: String::new(),
            database: Database::sqlite(),
        };
        tracker.start_at("127.0.0.1:0");
        tracker
    }

    pub(super) fn new() -> Self {
        Self::with(RULE)
    }

    fn start_at(&mut self, address: &str) {
        let home = Home::new()
            .with("DEPLOYTRACK_OIDC_FILE", self.settings.to_str().unwrap())
            .with(
                "DEPLOYTRACK_OIDC_CA_FILE",
                self.issuer.certificate().to_str().unwrap(),
            );
        let server = Process::server_at(address, &home, self.database.url());
        server.url().clone_into(&mut self.url);
        self.server = Some(server);
    }

    pub(super) fn stop(&mut self) {
        drop(self.server.take());
    }

    /// Starts the server again at its address.
    pub(super) fn start(&mut self) {
        let address = self.url.trim_start_matches("http://").to_owned();
        self.start_at(&address);
    }

    /// The path of the SQLite file.
    pub(super) fn database_file(&self) -> &str {
        self.database.url().trim_start_matches("sqlite:")
    }

    /// A machine that reaches the server and trusts the certificate of the issuer.
    fn machine(&self) -> Home {
        Home::new()
            .with("PATH", "/usr/bin:/bin")
            .with("DEPLOYTRACK_URL", self.url.as_str())
            .with("DEPLOYTRACK_OIDC_AUDIENCE", AUDIENCE)
            .with(
                "DEPLOYTRACK_CACERT",
                self.issuer.certificate().to_str().unwrap(),
            )
    }

    /// A job of GitHub Actions with these claims, in this run.
    pub(super) fn github_job(&self, claims: Value, run: &str) -> Home {
        let mut home = self.machine();
        self.set_github_job(&mut home, claims, run);
        home
    }

    /// Makes a machine the runner of another job of GitHub Actions.
    pub(super) fn set_github_job(&self, home: &mut Home, claims: Value, run: &str) {
        let claims = claims::with(claims, &json!({"run_id": run, "jti": run}));
        self.issuer.serve_job(claims);
        let request_url = self.issuer.mint_url();
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "octo-org/octo-repo"),
            ("GITHUB_RUN_ID", run),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_JOB", "deploy"),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", request_url.as_str()),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", Issuer::JOB_SECRET),
        ] {
            home.set(name, value);
        }
    }

    /// A job of GitLab with these claims.
    pub(super) fn gitlab_job(&self, claims: &Value) -> Home {
        self.machine()
            .with("GITLAB_CI", "true")
            .with("CI_PIPELINE_ID", "574")
            .with("CI_JOB_ID", "302")
            .with("DEPLOYTRACK_ID_TOKEN", self.issuer.sign(claims))
    }

    /// A job whose provider has a program that prints a token with these claims, and writes its
    /// arguments to the file `arguments`.
    pub(super) fn program_job(
        &self,
        program: &str,
        marks: &[(&str, &str)],
        claims: &Value,
    ) -> Home {
        let mut home = self.machine();
        let token = self.issuer.sign(claims);
        let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >arguments\necho {token}\n");
        with_script(&home, program, &script);
        home.set("PATH", format!("{}:/usr/bin:/bin", home.path().display()));
        for (name, value) in marks {
            home.set(name, *value);
        }
        home
    }

    /// A person with a token, for questions about what was recorded.
    pub(super) fn admin(&self) -> Home {
        Home::new()
            .with("DEPLOYTRACK_URL", self.url.as_str())
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token())
    }

    /// Version and status of each deployment, the one recorded first first.
    pub(super) fn recorded(&self) -> Vec<(String, String)> {
        let list = ["list", "--all", "--order", "created", "-o", "json"];
        let page: Value = serde_json::from_str(self.admin().deploytrack(&list).done()).unwrap();
        let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
        let mut all: Vec<_> = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (text(one, "version"), text(one, "status")))
            .collect();
        all.reverse();
        all
    }
}

/// The arguments that record this version around a command.
pub(super) fn record<'a>(version: &'a str, command: &[&'a str]) -> Vec<&'a str> {
    let record = [
        "record",
        "-c",
        "web",
        "-e",
        "production",
        "--version",
        version,
    ];
    let limit = ["--send-timeout", "5s", "--"];
    [&record[..], &limit, command].concat()
}

/// Copies the spool of a machine to another one, as a cache of a CI does.
pub(super) fn carry_spool(from: &Home, to: &Home) {
    let folder = |home: &Home| home.path().join(".local/state/deploytrack");
    copy(&folder(from), &folder(to));
}

fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
