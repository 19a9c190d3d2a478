//! Reverse proxies in front of a server: Caddy and nginx, with the configurations of the pages.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{program::on_path, tls::Authority};

/// Starts a program, and kills it when standard input closes. Passed to the shell as text, like that
/// of PostgreSQL.
const SUPERVISOR: &str = include_str!("../harness/proxy.sh");

/// A reverse proxy with TLS. It ends when this value is dropped or this process ends.
#[derive(Debug)]
pub struct Proxy {
    files: Authority,
    supervisor: Child,
    port: u16,
    cacert: PathBuf,
}

/// The program with this name; `None` when its tests are skipped on purpose.
///
/// # Panics
/// When the program is not installed and its tests are not skipped on purpose.
fn program(name: &str) -> Option<PathBuf> {
    if std::env::var("DEPLOYTRACK_TEST_PROXIES").is_ok_and(|word| word == "skip") {
        return None;
    }
    let elsewhere = || Some(Path::new("/usr/sbin").join(name)).filter(|path| path.exists());
    let found = on_path(name).or_else(elsewhere);
    Some(found.unwrap_or_else(|| {
        panic!(
            "{name} is not installed. Install it (Debian, Ubuntu: apt-get install {name}; or run scripts/test, which does), or leave the \
             tests of the proxies out on purpose with DEPLOYTRACK_TEST_PROXIES=skip"
        )
    }))
}

/// A free port. Another process may take it before the proxy does; that is rare.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Proxy {
    /// Starts Caddy with this configuration, whose site has the given name, and whose certificate
    /// is one of Caddy's own authority for `localhost`. `None` when its tests are skipped on
    /// purpose.
    ///
    /// # Panics
    /// When Caddy does not start, or the configuration does not contain the name.
    #[must_use]
    pub fn caddy(configuration: &str, name: &str) -> Option<Self> {
        let caddy = program("caddy")?;
        let (files, port) = (Authority::new(), free_port());
        let site = format!("{name} {{");
        assert!(configuration.contains(&site), "{configuration}");
        let text = configuration.replace(&site, &format!("https://localhost:{port} {{"));
        let global = "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n";
        let file = files.file("Caddyfile");
        fs::write(&file, format!("{global}{text}")).unwrap();
        let mut command = Command::new("sh");
        let data = files.file("data");
        command
            .args(["-c", SUPERVISOR, "proxy.sh"])
            .arg(files.file("log"))
            .arg(caddy)
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(file)
            .env("HOME", files.file(""))
            .env("XDG_DATA_HOME", &data)
            .env("XDG_CONFIG_HOME", &data);
        let cacert = data.join("caddy/pki/authorities/local/root.crt");
        Some(Self::started(command, files, port, cacert))
    }

    /// Starts nginx with this configuration of a server, and a certificate for `localhost` in place
    /// of the files in `/etc/nginx`. `None` when its tests are skipped on purpose.
    ///
    /// # Panics
    /// When nginx does not start, or the configuration has other ports or files.
    #[must_use]
    pub fn nginx(configuration: &str) -> Option<Self> {
        let nginx = program("nginx")?;
        let (files, port) = (Authority::new(), free_port());
        files.self_signed("deploytrack", &[]);
        let folder = files.file("");
        let folder = folder.display();
        let mut server = configuration.to_owned();
        for (of_page, of_test) in [
            ("listen 443 ssl;", format!("listen {port} ssl;")),
            ("/etc/nginx/deploytrack.", format!("{folder}/deploytrack.")),
        ] {
            assert!(server.contains(of_page), "{of_page}: {configuration}");
            server = server.replace(of_page, &of_test);
        }
        let own: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
            .concat();
        let text = format!(
            "worker_processes 1;\nmaster_process off;\ndaemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\n{own}{server}}}\n"
        );
        fs::write(files.file("nginx.conf"), text).unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", SUPERVISOR, "proxy.sh"])
            .arg(files.file("log"))
            .arg(nginx)
            .arg("-p")
            .arg(files.file(""))
            .arg("-c")
            .arg(files.file("nginx.conf"));
        let cacert = files.file("deploytrack.pem");
        Some(Self::started(command, files, port, cacert))
    }

    fn started(mut command: Command, files: Authority, port: u16, cacert: PathBuf) -> Self {
        let supervisor = command.stdin(Stdio::piped()).spawn();
        let proxy = Self {
            files,
            supervisor: supervisor.expect("the supervisor of the proxy starts"),
            port,
            cacert,
        };
        let begun = Instant::now();
        let is_ready = || TcpStream::connect(("127.0.0.1", port)).is_ok() && proxy.cacert.exists();
        while !is_ready() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "the proxy does not listen: {}",
                proxy.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        proxy
    }

    /// The URL of the proxy.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The file with the certificate of its authority.
    #[must_use]
    pub fn cacert(&self) -> &Path {
        &self.cacert
    }

    /// The text of its log.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.files.file("log")).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}
