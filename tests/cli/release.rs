//! A release that is served on this machine, and machines that lack deploytrack.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use deploytrack_tests::program::{Home, Run, binary, on_path};
use tempfile::TempDir;

/// The programs that `deploytrack.sh` needs beside a downloader.
pub(crate) const TOOLS: [&str; 14] = [
    "cat",
    "chmod",
    "gzip",
    "head",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "sed",
    "sha256sum",
    "sh",
    "tail",
    "tar",
    "uname",
];

/// The files of a release, and a server for them.
pub(crate) struct Release {
    folder: TempDir,
    address: String,
    is_stopped: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
}

impl Release {
    /// A release whose program runs the real one, which is too large to be unpacked for each call.
    pub(crate) fn new() -> Self {
        let program = binary("deploytrack").display();
        Self::of(&format!("#!/bin/sh\nexec {program} \"$@\"\n"), "127.0.0.1")
    }

    /// A release with this program, served at this address of the machine.
    pub(crate) fn of(program: &str, host: &str) -> Self {
        let release = Self::empty(host);
        fs::write(release.folder.path().join("deploytrack"), program).unwrap();
        release.pack();
        release
    }

    /// A release with the binary itself.
    pub(crate) fn of_binary() -> Self {
        let release = Self::empty("127.0.0.1");
        fs::copy(binary("deploytrack"), release.file("deploytrack")).unwrap();
        release.pack();
        release
    }

    fn empty(host: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((host, 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (is_stopped, requests) = (Arc::default(), Arc::default());
        let (path, stopped, counted) = (
            folder.path().to_owned(),
            Arc::clone(&is_stopped),
            Arc::clone(&requests),
        );
        thread::spawn(move || serve(&listener, &path, &stopped, &counted));
        Self {
            folder,
            address,
            is_stopped,
            requests,
        }
    }

    fn pack(&self) {
        let name = Self::name();
        let script = format!(
            "mkdir {name} && chmod 755 deploytrack && mv deploytrack {name} && tar -c {name} | gzip -1 >{name}.tar.gz && (echo '0  other.tar.gz' && sha256sum {name}.tar.gz && echo '0  deploytrack.sh') >SHA256SUMS"
        );
        let packed = Command::new("sh")
            .args(["-c", &script])
            .current_dir(self.folder.path())
            .status();
        assert!(packed.unwrap().success());
    }

    /// The name of the folder in the archive for this machine.
    fn name() -> String {
        format!(
            "deploytrack-client-{}-unknown-linux-musl",
            std::env::consts::ARCH
        )
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn archive(&self) -> PathBuf {
        self.file(&format!("{}.tar.gz", Self::name()))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The number of files that were asked for.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// From now on connections are refused.
    pub(crate) fn stop(&self) {
        if !self.is_stopped.swap(true, Ordering::SeqCst) {
            drop(TcpStream::connect(
                self.address.trim_start_matches("http://"),
            ));
        }
    }

    /// The copy of `deploytrack.sh` in this release, which has its address and its checksums.
    pub(crate) fn script(&self) -> String {
        let sums = fs::read_to_string(self.file("SHA256SUMS")).unwrap();
        let text = script();
        let lines = text.lines().map(|line| match line.split_once('=') {
            Some(("address", _)) => {
                format!("address=${{DEPLOYTRACK_DOWNLOAD_URL:-{}}}\n", self.address)
            }
            Some((name @ ("sha256_x86_64" | "sha256_aarch64"), _)) => {
                format!("{name}={}\n", sums.split_whitespace().nth(2).unwrap())
            }
            _ => format!("{line}\n"),
        });
        lines.collect()
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(listener: &TcpListener, folder: &Path, stopped: &AtomicBool, requests: &AtomicUsize) {
    for connection in listener.incoming() {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        requests.fetch_add(1, Ordering::SeqCst);
        // A client may end without reading the answer.
        drop(connection.and_then(|connection| answer(&connection, folder)));
    }
}

fn answer(mut connection: &TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let name = request
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .trim_start_matches('/');
    let (status, body) =
        fs::read(folder.join(name)).map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    connection.write_all(&body)
}

/// The file `deploytrack.sh` as it is in the repository, without an address and checksums.
pub(crate) fn script() -> String {
    fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../integrations/deploytrack.sh"
    ))
    .unwrap()
}

/// A machine whose `PATH` has the tools and a few programs more, and no deploytrack.
pub(crate) fn machine(more: &[&str]) -> Home {
    let home = Home::new();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for name in TOOLS.iter().chain(more) {
        let program = on_path(name).unwrap_or_else(|| panic!("this test needs {name}"));
        symlink(program, bin.join(name)).unwrap();
    }
    let path = bin.to_str().unwrap().to_owned();
    home.with("PATH", path)
}

/// Whether a program that not every machine has is installed; if not, prints that a test is left out.
#[expect(
    clippy::print_stderr,
    reason = "a test that is left out without words looks as if it had passed"
)]
pub(crate) fn is_installed(program: &str) -> bool {
    let found = on_path(program).is_some();
    if !found {
        eprintln!("{program} is not installed, so a test of deploytrack.sh is left out");
    }
    found
}

/// A machine that has busybox alone, as a small container image has.
pub(crate) fn busybox() -> Home {
    let busybox = on_path("busybox").unwrap();
    let home = Home::new();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let list = Command::new(&busybox).arg("--list").output().unwrap();
    for name in String::from_utf8(list.stdout).unwrap().lines() {
        symlink(&busybox, bin.join(name)).unwrap();
    }
    let path = bin.to_str().unwrap().to_owned();
    home.with("PATH", path)
}

/// A program with the variables and in the folder of a machine.
pub(crate) fn on(home: &Home, program: &[&str]) -> Command {
    let settings = home.command("deploytrack", &[]);
    let mut command = Command::new(program[0]);
    command
        .args(&program[1..])
        .env_clear()
        .current_dir(home.path())
        .stdin(Stdio::null());
    command.envs(
        settings
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command
}

/// Runs a `deploytrack.sh` with a shell.
pub(crate) fn run(home: &Home, script: &str, shell: &[&str], args: &[&str]) -> Run {
    fs::write(home.path().join("deploytrack.sh"), script).unwrap();
    let mut command = on(home, &[shell, &["deploytrack.sh"], args].concat());
    Run::of(&command.output().unwrap())
}
