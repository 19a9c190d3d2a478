//! The private PostgreSQL cluster of a test run.
//!
//! It listens on a Unix socket in a temporary folder, is started once per test process and ends with it: its guard
//! reads from a pipe that closes when this process does, however it ends.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::OnceLock,
};

const HOW: &str = "PostgreSQL is not installed. Install its server (Debian, Ubuntu: apt-get install postgresql; or run scripts/test, which does), \
    or give a server of your own in DEPLOYTRACK_TEST_POSTGRES_URL, or leave these tests out on purpose with DEPLOYTRACK_TEST_POSTGRES=skip";

/// Makes, starts and guards a cluster: `$1` is the folder of the binaries, `$2` the cluster's own. Refuses to be
/// quick about commits in one point: `fsync` stays on, so that a test may ask for durable ones.
const GUARD: &str = r#"
set -eu
trap 'rm -rf "$2"' EXIT
trap '' INT TERM HUP
"$1/initdb" --pgdata="$2/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync > "$2/initdb.log" 2>&1 || { cat "$2/initdb.log" >&2; exit 1; }
"$1/postgres" -D "$2/data" -c listen_addresses= -c unix_socket_directories="$2" -c max_connections=500 -c shared_buffers=64MB \
    -c synchronous_commit=off > "$2/postgres.log" 2>&1 &
pid=$!
tries=0
until grep -q "ready to accept connections" "$2/postgres.log"; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] && kill -0 "$pid" || { cat "$2/postgres.log" >&2; exit 1; }
    sleep 0.1
done
echo ready
read -r _ || true
kill -QUIT "$pid"
wait "$pid" || true
"#;

/// The URL of a server where databases may be made, with `{}` in the place of the database's name; `None` when the
/// tests on PostgreSQL are left out on purpose.
///
/// # Panics
/// When there is no PostgreSQL and nobody said that there should be none.
pub fn url() -> Option<&'static str> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    URL.get_or_init(find).as_deref()
}

fn find() -> Option<String> {
    if std::env::var("DEPLOYTRACK_TEST_POSTGRES").is_ok_and(|word| word == "skip") {
        return None;
    }
    if let Ok(url) = std::env::var("DEPLOYTRACK_TEST_POSTGRES_URL") {
        return Some(with_hole(&url));
    }
    Some(start(&binaries().expect(HOW)))
}

/// A URL with its database replaced by `{}`.
fn with_hole(url: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let host = base.find("://").map_or(0, |at| at + 3);
    let end = base[host..].find('/').map_or(base.len(), |at| host + at);
    query.map_or_else(|| format!("{}/{{}}", &base[..end]), |query| format!("{}/{{}}?{query}", &base[..end]))
}

/// The folder of `initdb` and `postgres`: on the path, else the newest where Debian keeps them.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut debian: Vec<_> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
    debian.sort();
    folders.extend(debian.into_iter().rev());
    folders.into_iter().find(|folder| ["initdb", "postgres", "pg_ctl"].iter().all(|program| folder.join(program).exists()))
}

#[expect(clippy::zombie_processes, reason = "the guard ends after this process")]
fn start(binaries: &Path) -> String {
    static PIPE: OnceLock<ChildStdin> = OnceLock::new();
    let folder = tempfile::Builder::new().prefix("deploytrack-postgres-").tempdir().unwrap().keep();
    let mut guard = guard(&folder);
    let mut child = guard
        .args(["sh", "-c", GUARD, "sh"])
        .args([binaries, folder.as_path()])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the guard of PostgreSQL starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "PostgreSQL did not start; its messages are above");
    let _ = PIPE.set(child.stdin.take().unwrap());
    format!("postgres://postgres@localhost/{{}}?host={}", folder.display())
}

/// PostgreSQL refuses to run as root: there it runs as the user its package made.
fn guard(folder: &Path) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if !root {
        return Command::new("env");
    }
    let owned = Command::new("chown").arg("postgres").arg(folder).status().is_ok_and(|status| status.success());
    assert!(owned, "PostgreSQL refuses to run as root, and there is no user named postgres to run it as");
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command
}
