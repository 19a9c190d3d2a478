//! The image, and the files for Compose and Kubernetes. No test needs a container engine: the server runs as the first
//! process of a PID namespace, and the files are compared with the programs and with each other.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::SECRET,
    program::{Home, Process, binary},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::pages::page;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const IMAGE: &str = concat!("deploytrack-server:", env!("CARGO_PKG_VERSION"));
const PAGE: &str = "docs/container.md";
const COMPOSE: &str = "integrations/compose/compose.yaml";
const MANIFEST: &str = "integrations/kubernetes/deploytrack.yaml";

/// The rest of the line of the Dockerfile that begins with a word, with the lines that continue it.
fn instruction(word: &str) -> String {
    let file = page("Dockerfile").replace("\\\n", " ");
    let found = file
        .lines()
        .filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), 1, "{word}");
    found[0].split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The variables of the image.
fn image_variables() -> Vec<(String, String)> {
    let variables = instruction("ENV");
    let pairs = variables
        .split(' ')
        .map(|pair| pair.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn image_variable(name: &str) -> String {
    let found = image_variables()
        .into_iter()
        .find(|(found, _)| found == name);
    found.unwrap_or_else(|| panic!("the image sets {name}")).1
}

fn port(address: &str) -> u64 {
    address.rsplit_once(':').unwrap().1.parse().unwrap()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// A home with these variables. Each is a setting of the server.
fn with_settings<'a>(settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> Home {
    let mut home = Home::new();
    let help = home.deploytrack_server(&["--help"]);
    for (name, value) in settings {
        let is_setting = ["=", "]"]
            .iter()
            .any(|end| help.done().contains(&format!("[env: {name}{end}")));
        assert!(is_setting, "{name}");
        home.set(name, value);
    }
    home
}

#[test]
fn the_image_starts_the_server_with_settings_that_exist() {
    let variables = image_variables();
    let settings = variables
        .iter()
        .filter(|(name, _)| name.starts_with("DEPLOYTRACK_"));
    let home = with_settings(settings.map(|(name, value)| (&**name, &**value)));
    let shown = home.deploytrack_server(&["check-config"]);
    let listen = image_variable("DEPLOYTRACK_LISTEN");
    let data = image_variable("DEPLOYTRACK_DATA_DIR");
    for (name, value) in [("listen", &listen), ("data directory", &data)] {
        assert!(
            shown.done().contains(&format!("{name:<15} {value}\n")),
            "{shown:?}"
        );
    }
    assert_eq!(instruction("EXPOSE"), port(&listen).to_string());
    assert_eq!(
        [instruction("VOLUME"), image_variable("TMPDIR")],
        [&*data, &*data]
    );
    let file = page("Dockerfile");
    assert!(file.contains(&format!("mkdir -p /volume{data}\n")));
    assert!(file.contains(" --chown=65532:0 --chmod=0770 /volume/ /\n"));
    assert_eq!(instruction("USER"), "65532:0");
    assert!(instruction("HEALTHCHECK").ends_with(r#"CMD ["deploytrack-server", "healthcheck"]"#));
    assert_eq!(instruction("ENTRYPOINT"), r#"["deploytrack-server"]"#);
    let label = instruction("LABEL");
    assert!(label.contains(&format!("version=\"{VERSION}\"")), "{label}");
    assert!(
        label.contains(&format!("licenses=\"{}\"", env!("CARGO_PKG_LICENSE"))),
        "{label}"
    );
}

#[test]
fn the_image_is_built_from_the_crates_of_the_workspace() {
    let ignore = page(".dockerignore");
    let sent: Vec<_> = ignore
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();
    let manifest = page("Cargo.toml");
    let members = manifest
        .lines()
        .find_map(|line| line.strip_prefix("members = "));
    let members: Vec<String> = serde_json::from_str(members.unwrap()).unwrap();
    for member in members {
        let is_sent = |name: &str| match name.strip_suffix('*') {
            Some(beginning) => member.starts_with(beginning),
            None => member == name,
        };
        assert!(sent.iter().any(|name| is_sent(name)), "{member}");
    }
    assert!(manifest.contains("\n[profile.dist]\n"));
    for program in ["deploytrack-server", "deploytrack"] {
        assert!(page("Dockerfile").contains(&format!("--bin {program}")));
        assert!(binary(program).exists());
    }
}

#[test]
fn the_page_names_the_image_and_prints_a_token() {
    let page = page(PAGE);
    let images = page.matches("deploytrack-server:").count();
    assert!(
        images > 3 && images == page.matches(IMAGE).count(),
        "{images}"
    );
    let args = page
        .lines()
        .filter_map(|line| line.split_once(" deploytrack-server token "));
    let tokens = args.map(|(_, args)| {
        let args: Vec<_> = ["token"].into_iter().chain(args.split(' ')).collect();
        Home::new().deploytrack_server(&args).done().to_owned()
    });
    let tokens: Vec<_> = tokens.collect();
    assert_eq!(tokens.len(), 3, "Docker, Compose and Kubernetes");
    assert!(
        tokens.iter().all(|token| token.starts_with("eyJ")),
        "{tokens:?}"
    );
}

/// A container without an engine: the root is read-only, the server is process 1, and a user without a name, of group
/// 0, runs it.
struct Container {
    data: TempDir,
}

/// Mounts are private to the namespace. The program is mounted into the data directory, since the user may not be
/// allowed to enter its folder.
const START: &str = r#"
mount --bind "$DATA" "$DATA"
touch "$DATA/program"
mount --bind "$PROGRAM" "$DATA/program"
mount -o remount,bind,ro /
exec setpriv --reuid=12345 --regid=0 --clear-groups --bounding-set=-all --no-new-privs "$DATA/program" "$@"
"#;

impl Container {
    /// `None` without the right to make namespaces and mounts.
    fn new() -> Option<Self> {
        let allowed = Command::new("unshare")
            .args([
                "--mount",
                "--pid",
                "--fork",
                "mount",
                "-o",
                "remount,bind,ro",
                "/",
            ])
            .output();
        // A user other than root leaves these tests out.
        if !allowed.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let data = tempfile::tempdir().unwrap();
        fs::set_permissions(data.path(), fs::Permissions::from_mode(0o770)).unwrap();
        Some(Self { data })
    }

    fn database(&self) -> std::path::PathBuf {
        self.data.path().join("deploytrack.db")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-ec", START, "sh"])
            .args(args)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("PROGRAM", binary("deploytrack-server"))
            .env("DATA", self.data.path())
            .env("TMPDIR", self.data.path())
            .env("DEPLOYTRACK_DATA_DIR", self.data.path())
            .env("DEPLOYTRACK_LISTEN", "127.0.0.1:0")
            .stderr(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }
}

/// Sends a signal to the process that `unshare` started, as soon as that is the program: the shell
/// before it would end at SIGINT by itself.
fn signal_child(unshare: u32, signal: &str) {
    let children = fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children"));
    // There is no child before the start and after the end.
    let child = children.unwrap_or_default().trim().to_owned();
    let name = fs::read_to_string(format!("/proc/{child}/comm"));
    if name.is_ok_and(|name| name == "program\n") {
        let _ = Command::new("kill").args(["-s", signal, &child]).output();
    }
}

#[test]
fn the_server_is_the_first_process_of_a_container_with_a_read_only_root() {
    for signal in ["TERM", "INT"] {
        let Some(container) = Container::new() else {
            return;
        };
        let server = Process::started(container.command(&[]));
        let listen = server.url().trim_start_matches("http://").to_owned();
        let run = |args: &[&str]| {
            let output = container.command(args).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        assert!(run(&["healthcheck", "--listen", &listen]).ends_with("is ready\n"));
        let token = run(&["token", "--subject", "ci-bot", "--role", "admin"]);
        let client = Home::new()
            .with("DEPLOYTRACK_URL", server.url())
            .with("DEPLOYTRACK_TOKEN", token.trim());
        let args = [
            "--component",
            "shop",
            "--environment",
            "production",
            "--version",
            "v1",
        ];
        client.deploytrack(&[&["record"], &args[..]].concat()).ok();
        let begun = Instant::now();
        signal_child(server.id(), signal);
        assert_eq!(server.ended().0, 0, "{signal}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{begun:?}");
        let log = container.database().with_extension("db-wal");
        assert!(
            container.database().exists() && !log.exists(),
            "the file is complete"
        );
    }
}

#[test]
fn the_page_backs_up_a_running_container_and_restores_it() {
    let page = page(PAGE);
    let after = |words: &str| {
        let line = page.lines().find_map(|line| line.split_once(words));
        line.unwrap_or_else(|| panic!("{words}")).1.to_owned()
    };
    assert_eq!(after("docker exec tracker deploytrack-server backup"), "");
    let restore = after(&format!("{IMAGE} restore "));
    let Some(container) = Container::new() else {
        return;
    };
    let folder = format!("{}/", container.data.path().display());
    let run = |args: &[&str]| {
        let output = container.command(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let server = Process::started(container.command(&[]));
    let made = run(&["backup"]);
    let made = made.split(':').next().unwrap();
    let form = |path: &str| path.replace(|c: char| c.is_ascii_digit(), "0");
    assert_eq!(form(made), form(&restore.replace("/data/", &folder)));
    signal_child(server.id(), "TERM");
    assert_eq!(server.ended().0, 0);
    assert!(run(&["restore", made]).contains(&format!("deploytrack.db is {made} now")));
}

#[test]
fn a_signal_ends_a_command_that_waits_as_the_first_process() {
    for (args, code) in [(&[][..], 0), (&["migrate"], 130), (&["verify"], 130)] {
        for signal in ["TERM", "INT"] {
            let Some(container) = Container::new() else {
                return;
            };
            // `verify` creates no database.
            assert!(container.command(&["migrate"]).status().unwrap().success());
            // Another process migrates.
            let lock = File::create(container.database().with_extension("db.lock")).unwrap();
            lock.lock().unwrap();
            let mut waiting = container.command(args).spawn().unwrap();
            let begun = Instant::now();
            let ended = loop {
                if let Some(status) = waiting.try_wait().unwrap() {
                    break status;
                }
                if begun.elapsed() > Duration::from_secs(20) {
                    waiting.kill().unwrap();
                    panic!("{args:?} ignores SIG{signal}");
                }
                signal_child(waiting.id(), signal);
                std::thread::sleep(Duration::from_millis(100));
            };
            assert_eq!(ended.code(), Some(code), "{args:?} SIG{signal}");
        }
    }
}

#[test]
fn the_compose_file_names_settings_secrets_and_services_that_exist() {
    let file = yaml(&page(COMPOSE));
    let [server, database, proxy] =
        ["server", "database", "proxy"].map(|name| &file["services"][name]);
    assert_eq!(server["image"], IMAGE);
    let folder = tempfile::tempdir().unwrap();
    let variables = |service: &Value| {
        let mut read = Vec::new();
        for (name, value) in service["environment"].as_object().unwrap() {
            let mut value = value.as_str().unwrap().to_owned();
            if let Some(secret) = value.strip_prefix("/run/secrets/") {
                assert!(
                    service["secrets"]
                        .as_array()
                        .unwrap()
                        .contains(&secret.into()),
                    "{name}"
                );
                let path = format!("secrets/{secret}");
                assert_eq!(file["secrets"][secret]["file"], path);
                assert!(page(PAGE).contains(&format!(" > {path}\n")), "{path}");
                let path = folder.path().join(secret);
                fs::write(&path, format!("{SECRET}\n")).unwrap();
                value = path.to_str().unwrap().to_owned();
            }
            read.push((name.clone(), value));
        }
        read
    };
    let settings = variables(server);
    let mut home = with_settings(settings.iter().map(|(name, value)| (&**name, &**value)));
    for (name, value) in image_variables() {
        home.set(&name, value);
    }
    let shown = home.deploytrack_server(&["check-config"]);
    assert!(
        shown
            .done()
            .contains("postgres://...@database/deploytrack\n"),
        "{shown:?}"
    );
    assert!(variables(database).contains(&("POSTGRES_USER".to_owned(), "deploytrack".to_owned())));
    assert_eq!(server["tmpfs"][0], image_variable("DEPLOYTRACK_DATA_DIR"));
    let upstream = format!(
        "reverse_proxy server:{}\n",
        port(&image_variable("DEPLOYTRACK_LISTEN"))
    );
    let caddyfile = page("integrations/compose/Caddyfile");
    assert!(
        caddyfile.contains(&upstream) && caddyfile.contains("{$DOMAIN} {"),
        "{caddyfile}"
    );
    assert!(proxy["environment"]["DOMAIN"].is_string());
}

#[test]
fn the_manifest_names_settings_ports_and_paths_that_exist() {
    let manifest = page(MANIFEST);
    let [service, set] = [0, 1].map(|at| yaml(manifest.split("\n---\n").nth(at).unwrap()));
    let pod = &set["spec"]["template"];
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["image"], IMAGE);
    assert_eq!(set["spec"]["replicas"], 1, "SQLite has one server");
    let variables = container["env"].as_array().unwrap().iter();
    let variables: Vec<_> = variables
        .map(|variable| {
            (
                variable["name"].as_str().unwrap(),
                variable["value"].as_str().unwrap(),
            )
        })
        .collect();
    let ports = container["ports"].as_array().unwrap();
    let port_of = |name: &Value| {
        let found = ports.iter().find(|port| port["name"] == *name).unwrap();
        found["containerPort"].as_u64().unwrap()
    };
    assert_eq!(
        port_of(&service["spec"]["ports"][0]["targetPort"]),
        port(&image_variable("DEPLOYTRACK_LISTEN"))
    );
    let [
        ("DEPLOYTRACK_HEALTH_LISTEN", health),
        ("DEPLOYTRACK_TRUSTED_PROXY", _),
    ] = variables[..]
    else {
        panic!("{variables:?}")
    };
    for labels in [
        &service["spec"]["selector"],
        &set["spec"]["selector"]["matchLabels"],
    ] {
        assert_eq!(*labels, pod["metadata"]["labels"]);
    }
    assert_eq!(
        container["volumeMounts"][0]["mountPath"],
        image_variable("DEPLOYTRACK_DATA_DIR")
    );
    assert_eq!(
        container["volumeMounts"][0]["name"],
        set["spec"]["volumeClaimTemplates"][0]["metadata"]["name"]
    );

    let home = with_settings(variables.iter().copied());
    let args = ["--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0"];
    let mut command = home.command("deploytrack-server", &args);
    command.stderr(Stdio::null());
    let mut server = Process::started(command);
    let line = server.read_until(|text| text.ends_with('\n'));
    let address = line.trim().strip_prefix("health checks on ").unwrap();
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let request = &container[probe]["httpGet"];
        assert_eq!(port_of(&request["port"]), port(health), "{probe}");
        let url = format!("{address}{}", request["path"].as_str().unwrap());
        let status = Command::new("curl")
            .args(["-sf", &url])
            .output()
            .unwrap()
            .status;
        assert!(status.success(), "{url}");
    }
}
