//! docs/proxies.md: real Caddy and nginx, with the configurations of the page, in front of a real
//! server.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    program::{Home, Process, Run},
    proxy::Proxy,
};
use serde_json::Value;

use crate::pages::{blocks, page, section};

const PAGE: &str = "docs/proxies.md";
/// The address of the server in the configurations.
const SERVER: &str = "127.0.0.1:3000";
/// The address of a client that is not the proxy.
const CLIENT: &str = "127.0.0.9";

/// A server whose log is a file, started as the page shows.
struct Behind {
    server: Process,
    log: PathBuf,
    _home: Home,
    _database: Database,
}

impl Behind {
    /// Types the command that the page shows for this proxy.
    fn typed(heading: &str) -> Self {
        let page = page(PAGE);
        let flags = section(&page, heading)
            .lines()
            .find_map(|line| line.strip_prefix("    deploytrack-server "));
        let flags: Vec<_> = flags.unwrap().split(' ').collect();
        assert_eq!(flags, ["--trusted-proxy", "127.0.0.1"], "{heading}");
        Self::start(&flags)
    }

    fn start(flags: &[&str]) -> Self {
        let (home, database) = (Home::new(), Database::sqlite());
        let log = home.path().join("log");
        let args = ["--listen", "127.0.0.1:0", "--database-url", database.url()];
        let mut command = home.command("deploytrack-server", &[&args, flags].concat());
        command
            .env("DEPLOYTRACK_JWT_SECRET", SECRET)
            .env("DEPLOYTRACK_LOG_FORMAT", "json")
            // Reads have a line too.
            .env(
                "DEPLOYTRACK_LOG_LEVEL",
                "info,deploytrack_server::request_log=debug",
            )
            .stderr(fs::File::create(&log).unwrap());
        let server = Process::started(command);
        Self {
            server,
            log,
            _home: home,
            _database: database,
        }
    }

    /// A configuration with the address of this server.
    fn configured(&self, configuration: &str, address: &str) -> String {
        assert!(configuration.contains(address), "{configuration}");
        configuration.replace(address, self.server.url().trim_start_matches("http://"))
    }

    /// The line of the log about the request with this id.
    fn logged(&self, id: &str) -> Value {
        let begun = Instant::now();
        loop {
            let log = fs::read_to_string(&self.log).unwrap();
            let mut lines = log
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap());
            if let Some(line) = lines.find(|line| line["request_id"] == id) {
                return line;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A proxy in front of a server, and the path below which it serves the server.
struct Site<'a> {
    behind: &'a Behind,
    proxy: &'a Proxy,
    path: &'a str,
}

impl<'a> Site<'a> {
    const fn new(behind: &'a Behind, proxy: &'a Proxy, path: &'a str) -> Self {
        Self {
            behind,
            proxy,
            path,
        }
    }

    fn url(&self) -> String {
        format!("{}{}", self.proxy.url(), self.path)
    }

    fn home(&self) -> Home {
        Home::new()
            .with("DEPLOYTRACK_URL", self.url())
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token())
            .with("DEPLOYTRACK_CACERT", self.proxy.cacert().to_str().unwrap())
    }

    /// Runs curl with the token of an admin, from the address of a client.
    fn curl(&self, path: &str, args: &[&str]) -> Run {
        let output = self.curl_command(path, args).output().unwrap();
        Run::of(&output)
    }

    fn curl_command(&self, path: &str, args: &[&str]) -> Command {
        let mut command = Command::new("curl");
        command
            .args([
                "--silent",
                "--show-error",
                "--max-time",
                "60",
                "--noproxy",
                "*",
            ])
            .args(["--interface", CLIENT, "--cacert"])
            .arg(self.proxy.cacert())
            .arg("--header")
            .arg(format!("Authorization: Bearer {}", Caller::admin_token()))
            .args(args)
            .arg(format!("{}{path}", self.url()));
        command
    }

    /// Checks everything that the page promises.
    fn works(&self) {
        self.records_and_shows();
        self.streams_events();
        self.names_the_client();
        self.passes_large_bodies();
        self.has_secure_cookies();
        self.shows_the_pages();
    }

    fn record(&self, version: &str) {
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            version,
            "--status",
            "succeeded",
        ];
        let _ = self.home().deploytrack(&args).done();
    }

    fn records_and_shows(&self) {
        self.record("v1");
        let matrix = self.home().deploytrack(&["matrix"]);
        assert!(
            matrix.done().contains("v1") && matrix.err.is_empty(),
            "{matrix:?}"
        );
        self.home().deploytrack(&["doctor"]).ok();
    }

    /// An event arrives within a second after its record, also when the stream was silent for
    /// longer than the proxy might wait for more to send.
    fn streams_events(&self) {
        let mut curl = self.curl_command("/api/v1/events", &["--no-buffer"]);
        let mut curl = curl.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(curl.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if line.starts_with("data:") && sender.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        // The beginning of the stream may still be under way.
        std::thread::sleep(Duration::from_secs(1));
        for version in ["v2", "v3"] {
            self.record(version);
            let recorded = Instant::now();
            loop {
                let (arrived, line) = receiver.recv_timeout(Duration::from_secs(5)).unwrap();
                if line.contains(&format!("\"{version}\"")) {
                    let late = arrived.saturating_duration_since(recorded);
                    assert!(late < Duration::from_secs(1), "{version}: {late:?}");
                    break;
                }
            }
            std::thread::sleep(Duration::from_secs(2));
        }
        assert!(curl.try_wait().unwrap().is_none(), "the stream stays open");
        curl.kill().unwrap();
        curl.wait().unwrap();
        drop(receiver);
        reader.join().unwrap();
    }

    /// The log has the address of the client and the id that it gave, also with forged headers.
    fn names_the_client(&self) {
        for (id, forged) in [
            ("plain", &[][..]),
            ("forged", &["X-Forwarded-For: 203.0.113.9"]),
            (
                "twice",
                &[
                    "X-Forwarded-For: 203.0.113.9, 127.0.0.1",
                    "X-Forwarded-For: x",
                ],
            ),
            ("other", &["Forwarded: for=203.0.113.9;proto=http"]),
        ] {
            let id = format!("{id}{}", self.path.replace('/', "-"));
            let given = format!("X-Request-ID: {id}");
            let headers = forged.iter().copied().chain([&*given]);
            let args: Vec<_> = headers.flat_map(|header| ["--header", header]).collect();
            let answer = self.curl("/api/v1/deployments", &[&args[..], &["--include"]].concat());
            let sent_back = format!("x-request-id: {id}");
            assert!(
                answer.done().to_lowercase().contains(&sent_back),
                "{answer:?}"
            );
            assert_eq!(self.behind.logged(&id)["address"], CLIENT, "{id}");
        }
    }

    /// An import that is larger than the usual limit of a proxy, and one that is too large for the
    /// server, whose answer arrives as it is.
    fn passes_large_bodies(&self) {
        let folder = tempfile::tempdir().unwrap();
        let (fits, too_large) = (folder.path().join("fits"), folder.path().join("too-large"));
        let mut file = fs::File::create(&fits).unwrap();
        for number in 0..1000 {
            let line = format!(
                "{{\"component\":\"c{}\",\"environment\":\"production\",\"version\":\"v{number}\",\"status\":\"succeeded\",\
                 \"occurredAt\":\"2026-08-01T12:00:00Z\",\"metadata\":{{\"padding\":\"{number:0>5000}\"}}}}\n",
                number % 50
            );
            file.write_all(line.as_bytes()).unwrap();
        }
        let bytes = fs::metadata(&fits).unwrap().len();
        assert!((4 << 20..8 << 20).contains(&bytes), "{bytes}");
        fs::write(&too_large, vec![b' '; 20 << 20]).unwrap();
        let import = |file: &PathBuf| {
            let (body, form) = (
                format!("@{}", file.display()),
                "Content-Type: application/x-ndjson",
            );
            let args = [
                "--data-binary",
                &body,
                "--header",
                form,
                "--write-out",
                "\n%{http_code}",
            ];
            self.curl("/api/v1/deployments/import", &args)
        };
        let imported = import(&fits);
        assert!(imported.done().ends_with("\n200"), "{:.2000}", imported.out);
        // The server reads on for two seconds after its answer; a busy proxy may need longer.
        let refused = (0..5)
            .map(|_| import(&too_large))
            .find(|run| run.code == 0)
            .unwrap();
        assert!(
            refused.done().ends_with("\n413")
                && refused.out.contains("\"code\":\"body_too_large\""),
            "{refused:?}"
        );
    }

    /// The server knows that the client uses https, although nothing in the request itself says so.
    fn has_secure_cookies(&self) {
        let login = self.curl("/api/v1/session", &["--request", "POST", "--include"]);
        let cookie = login
            .done()
            .lines()
            .find(|line| line.to_lowercase().starts_with("set-cookie:"));
        let cookie = cookie.unwrap_or_else(|| panic!("{login:?}"));
        assert!(
            cookie.contains("__Host-") && cookie.contains("; Secure"),
            "{cookie}"
        );
        let page = format!("Origin: {}", self.proxy.url());
        let (from, other) = ("--header", "Origin: https://other.example");
        for (origin, status) in [(&*page, "200"), (other, "403")] {
            let args = [
                "--request",
                "POST",
                from,
                origin,
                "--write-out",
                "\n%{http_code}",
            ];
            let login = self.curl("/api/v1/session", &args);
            assert!(login.done().ends_with(&format!("\n{status}")), "{login:?}");
        }
    }

    fn shows_the_pages(&self) {
        for (path, content) in [
            ("/", "<title>"),
            ("/assets/style.css", "{"),
            ("/api/docs/", "swagger"),
            ("/api/v1/openapi.json", "\"openapi\""),
        ] {
            let page = self.curl(path, &["--fail", "--location"]);
            assert!(page.done().contains(content), "{path}: {:.500}", page.out);
        }
        let moved = self.curl(
            "/api/docs",
            &["--location", "--write-out", "%{url_effective}"],
        );
        let end = format!("{}/api/docs/", self.url());
        assert!(moved.done().ends_with(&end), "{end}: {:.500}", moved.err);
    }
}

#[test]
fn everything_works_behind_caddy() {
    let behind = Behind::typed("## Caddy");
    let page = page(PAGE);
    let shown = blocks(section(&page, "## Caddy"), "caddyfile")[0];
    let Some(proxy) = Proxy::caddy(&behind.configured(shown, SERVER), "deploytrack.example.com")
    else {
        return;
    };
    Site::new(&behind, &proxy, "").works();
}

#[test]
fn everything_works_behind_caddy_below_another_path() {
    let behind = Behind::typed("## Caddy");
    let page = page(PAGE);
    let shown = blocks(section(&page, "## Below another path"), "caddyfile")[0];
    let Some(proxy) = Proxy::caddy(&behind.configured(shown, SERVER), "example.com") else {
        return;
    };
    Site::new(&behind, &proxy, "/deploytrack").works();
}

/// The configuration of Compose, and the setting of the server there.
#[test]
fn everything_works_behind_the_proxy_of_compose() {
    let compose: Value =
        serde_saphyr::from_str(&page("integrations/compose/compose.yaml")).unwrap();
    let trusted = &compose["services"]["server"]["environment"]["DEPLOYTRACK_TRUSTED_PROXY"];
    let trusted = format!("{},127.0.0.1", trusted.as_str().unwrap());
    let behind = Behind::start(&["--trusted-proxy", &trusted]);
    let caddyfile = page("integrations/compose/Caddyfile");
    let configuration = behind.configured(&caddyfile, "server:3000");
    let Some(proxy) = Proxy::caddy(&configuration, "{$DOMAIN}") else {
        return;
    };
    Site::new(&behind, &proxy, "").works();
}

#[test]
fn everything_works_behind_nginx() {
    let behind = Behind::typed("## nginx");
    let page = page(PAGE);
    let shown = blocks(section(&page, "## nginx"), "nginx")[0];
    let Some(proxy) = Proxy::nginx(&behind.configured(shown, SERVER)) else {
        return;
    };
    Site::new(&behind, &proxy, "").works();
}

#[test]
fn everything_works_behind_nginx_below_another_path() {
    let behind = Behind::typed("## nginx");
    let page = page(PAGE);
    let shown = blocks(section(&page, "## nginx"), "nginx")[0];
    let below = section(&page, "## Below another path");
    let (location, target) = (
        "location /deploytrack/",
        "proxy_pass http://127.0.0.1:3000/;",
    );
    assert!(
        below.contains(location) && below.contains(target),
        "{below}"
    );
    let shown = shown
        .replace("location /", location)
        .replace("proxy_pass http://127.0.0.1:3000;", target);
    let Some(proxy) = Proxy::nginx(&behind.configured(&shown, SERVER)) else {
        return;
    };
    Site::new(&behind, &proxy, "/deploytrack").works();
}

/// The examples of the setting, and what is not believed without it.
#[test]
fn the_networks_of_the_page_are_settings_and_nothing_is_believed_without_one() {
    let page = page(PAGE);
    let shown = section(&page, "## The address of the client");
    let typed: Vec<_> = shown
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .collect();
    assert_eq!(typed.len(), 3, "{typed:?}");
    for line in typed {
        let mut home = Home::new();
        let (variables, flags) = line.split_once("deploytrack-server").unwrap();
        if let Some((name, value)) = variables.trim().split_once('=') {
            home.set(name, value);
        }
        let flags: Vec<_> = flags.split_whitespace().chain(["check-config"]).collect();
        let listed = home.deploytrack_server(&flags);
        let trusted = listed
            .done()
            .lines()
            .find(|line| line.starts_with("trusted proxies"));
        let expected = if flags.contains(&"127.0.0.1") {
            "127.0.0.1"
        } else {
            "10.0.7.0/24, fd00:7::/64"
        };
        assert_eq!(
            trusted.unwrap(),
            format!("trusted proxies {expected}"),
            "{line}"
        );
    }
    let refused = Home::new().deploytrack_server(&["--trusted-proxy", "0.0.0.0/0"]);
    assert!(
        refused.code == 2 && refused.err.contains("must not contain all addresses"),
        "{refused:?}"
    );
    for flags in [&[][..], &["--trusted-proxy", "127.0.0.2"]] {
        let behind = Behind::start(flags);
        let url = format!("{}/api/v1/deployments", behind.server.url());
        let output = Command::new("curl")
            .args([
                "--silent",
                "--noproxy",
                "*",
                "--header",
                "X-Forwarded-For: 203.0.113.9",
            ])
            .args([
                "--header",
                "Forwarded: for=203.0.113.9",
                "--header",
                "X-Request-ID: forged",
                &url,
            ])
            .output()
            .unwrap();
        assert!(output.status.success());
        assert_eq!(behind.logged("forged")["address"], "127.0.0.1", "{flags:?}");
    }
}

/// Traefik is no package here, so only the form of its configuration is checked.
#[test]
fn the_configuration_of_traefik_is_complete_and_the_page_says_that_it_was_not_run() {
    let page = page(PAGE);
    let shown = section(&page, "## Traefik");
    assert!(
        shown.contains("This page was not run with Traefik"),
        "{shown}"
    );
    let files: Vec<Value> = blocks(shown, "yaml")
        .into_iter()
        .map(|text| serde_saphyr::from_str(text).unwrap())
        .collect();
    let [fixed, dynamic] = &files[..] else {
        panic!("{files:?}")
    };
    let router = &dynamic["http"]["routers"]["deploytrack"];
    let (entry, resolver) = (&router["entryPoints"][0], &router["tls"]["certResolver"]);
    assert!(fixed["entryPoints"][entry.as_str().unwrap()].is_object());
    assert!(fixed["certificatesResolvers"][resolver.as_str().unwrap()].is_object());
    let service = &dynamic["http"]["services"][router["service"].as_str().unwrap()];
    let url = &service["loadBalancer"]["servers"][0]["url"];
    assert_eq!(*url, format!("http://{SERVER}"));
}
