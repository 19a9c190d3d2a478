//! TLS of the server: versions, renewal of the certificate, slow and wrong clients, limits.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use deploytrack_server::{connections::ConnectionLimits, tls::TlsFiles};
use deploytrack_tests::{caller::Caller, database::Database, raw, server::Server};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, SupportedProtocolVersion,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName},
        version::{TLS12, TLS13},
    },
};

/// A server with the certificate in a folder.
struct Secured {
    server: Server,
    folder: TempDir,
    files: TlsFiles,
    roots: RootCertStore,
    first: CertificateDer<'static>,
    _database: Database,
}

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

/// Writes a pair into a folder, which is made.
fn write(folder: &Path, pair: &CertifiedKey<KeyPair>) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("tls.crt"), pair.cert.pem()).unwrap();
    fs::write(folder.join("tls.key"), pair.signing_key.serialize_pem()).unwrap();
}

/// Points a symbolic link elsewhere at once, as `ln -sfT` does.
fn point(link: &Path, to: &Path) {
    let draft = link.with_extension("draft");
    symlink(to, &draft).unwrap();
    fs::rename(draft, link).unwrap();
}

impl Secured {
    async fn start() -> Self {
        Self::with(ConnectionLimits::of(200)).await
    }

    async fn with(limits: ConnectionLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pair = certificate();
        // Links to a folder of one version, as Kubernetes mounts a secret.
        write(&folder.path().join("1"), &pair);
        symlink("1", folder.path().join("data")).unwrap();
        let files = TlsFiles {
            certificate: folder.path().join("data/tls.crt"),
            key: folder.path().join("data/tls.key"),
        };
        let database = Database::sqlite();
        let tracker = database.tracker().await;
        let server = Server::with_tls(Server::app(&tracker).with_limits(limits), &files);
        let mut roots = RootCertStore::empty();
        roots.add(pair.cert.der().clone()).unwrap();
        Self {
            server,
            folder,
            files,
            roots,
            first: pair.cert.der().clone(),
            _database: database,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new pair that clients trust, in a folder of this name.
    fn add(&mut self, name: &str) -> CertificateDer<'static> {
        let pair = certificate();
        write(&self.path(name), &pair);
        self.roots.add(pair.cert.der().clone()).unwrap();
        pair.cert.der().clone()
    }

    fn connector(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        alpn: &[&str],
    ) -> TlsConnector {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }

    fn usual(&self) -> TlsConnector {
        self.connector(&[&TLS13, &TLS12], &["http/1.1"])
    }

    async fn connect(&self, connector: &TlsConnector) -> io::Result<TlsStream<TcpStream>> {
        connect(self.server.address(), connector).await
    }

    /// The certificate of a new connection.
    async fn presented(&self, connector: &TlsConnector) -> CertificateDer<'static> {
        let mut stream = self.connect(connector).await.unwrap();
        assert!(is_healthy(&mut stream).await);
        peer(&stream)
    }

    /// Waits until new connections get this certificate.
    async fn wait_for(&self, certificate: &CertificateDer<'static>) {
        let begun = Instant::now();
        while self.presented(&self.usual()).await != *certificate {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "the certificate is not renewed"
            );
            sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn connect(
    address: std::net::SocketAddr,
    connector: &TlsConnector,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    connector
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
}

fn peer(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

/// Sends a request on an open connection, and returns whether the answer has arrived.
async fn is_healthy(stream: &mut TlsStream<TcpStream>) -> bool {
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return false;
    }
    let mut answer = [0; 4096];
    matches!(stream.read(&mut answer).await, Ok(read) if answer[..read].starts_with(b"HTTP/1.1 200 OK"))
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_http_1_1_alone() {
    let secured = Secured::start().await;
    for versions in [&[&TLS12][..], &[&TLS13], &[&TLS13, &TLS12]] {
        for alpn in [&[][..], &["http/1.1"], &["h2", "http/1.1"]] {
            let mut stream = secured
                .connect(&secured.connector(versions, alpn))
                .await
                .unwrap();
            assert!(is_healthy(&mut stream).await && is_healthy(&mut stream).await);
            let (_, connection) = stream.get_ref();
            assert_eq!(connection.protocol_version(), Some(versions[0].version));
            let agreed = connection.alpn_protocol().map(<[u8]>::to_vec);
            assert_eq!(agreed.is_some(), !alpn.is_empty(), "{agreed:?}");
            assert!(agreed.is_none_or(|name| name == b"http/1.1"));
        }
    }
    let http2 = secured
        .connect(&secured.connector(&[&TLS13], &["h2"]))
        .await;
    assert!(
        http2
            .unwrap_err()
            .to_string()
            .contains("NoApplicationProtocol")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_fails_while_the_certificate_is_renewed_again_and_again() {
    let mut secured = Secured::start().await;
    let new: Vec<_> = ["2", "3", "4"].map(|name| secured.add(name)).into();
    let mut open = secured.connect(&secured.usual()).await.unwrap();
    assert!(is_healthy(&mut open).await);
    let (ended, answered) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let clients: Vec<_> = (0..8)
        .map(|_| {
            // A connector of its own: its sessions are resumed, also across a renewal.
            let (connector, address) = (secured.usual(), secured.server.address());
            let (ended, answered) = (Arc::clone(&ended), Arc::clone(&answered));
            tokio::spawn(async move {
                while !ended.load(Ordering::Relaxed) {
                    let mut stream = connect(address, &connector).await.unwrap();
                    for _ in 0..3 {
                        assert!(is_healthy(&mut stream).await);
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    // A link to a folder, as in Kubernetes.
    point(&secured.path("data"), Path::new("2"));
    secured.wait_for(&new[0]).await;
    // Two links one after the other, as by certbot.
    let (certificate, key) = (secured.path("2/tls.crt"), secured.path("2/tls.key"));
    point(&certificate, &secured.path("3/tls.crt"));
    sleep(Duration::from_secs(1)).await;
    point(&key, &secured.path("3/tls.key"));
    secured.wait_for(&new[1]).await;
    // The contents of the files, with the times of former ones.
    for file in ["tls.crt", "tls.key"] {
        let path = secured.path("3").join(file);
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        fs::copy(secured.path("4").join(file), &path).unwrap();
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    secured.wait_for(&new[2]).await;
    ended.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert!(answered.load(Ordering::Relaxed) > 100, "{answered:?}");
    assert!(is_healthy(&mut open).await, "an open connection goes on");
    assert_eq!(peer(&open), secured.first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resumed_session_does_not_keep_a_former_certificate() {
    let mut secured = Secured::start().await;
    let new = secured.add("2");
    let connector = secured.usual();
    assert_eq!(secured.presented(&connector).await, secured.first);
    point(&secured.path("data"), Path::new("2"));
    secured.wait_for(&new).await;
    assert_eq!(secured.presented(&connector).await, new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_pair_leaves_the_former_certificate_in_use() {
    let mut secured = Secured::start().await;
    let new = secured.add("2");
    for content in [
        fs::read_to_string(secured.path("2/tls.key")).unwrap(),
        String::new(),
        "-----BEGIN PRIVATE KEY-----\n".to_owned(),
    ] {
        fs::write(&secured.files.key, content).unwrap();
        sleep(Duration::from_millis(2500)).await;
        assert_eq!(secured.presented(&secured.usual()).await, secured.first);
    }
    fs::remove_file(&secured.files.key).unwrap();
    sleep(Duration::from_millis(2500)).await;
    assert_eq!(secured.presented(&secured.usual()).await, secured.first);
    point(&secured.path("data"), Path::new("2"));
    secured.wait_for(&new).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_handshakes_delay_nobody_and_end_after_ten_seconds() {
    let secured = Secured::start().await;
    let address = secured.server.address();
    // The beginning of a handshake: a record of 512 bytes, of which a part arrives.
    let part = [&[22, 3, 1, 2, 0, 1, 0, 1, 252][..], &[3; 40]].concat();
    let slow: Vec<_> = [Vec::new(), vec![22], part]
        .into_iter()
        .cycle()
        .take(30)
        .map(|bytes| {
            tokio::spawn(async move {
                raw::closes_within(address, &bytes, Duration::from_secs(20)).await
            })
        })
        .collect();
    sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    for _ in 0..5 {
        assert_eq!(secured.presented(&secured.usual()).await, secured.first);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    for slow in slow {
        let closed = slow
            .await
            .unwrap()
            .expect("the server ends a slow handshake");
        let seconds = closed.as_secs_f64();
        assert!((9.0..14.0).contains(&seconds), "{seconds}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_count_for_the_limits_and_give_way_to_requests() {
    let limits = ConnectionLimits {
        connections: 8,
        per_address: 4,
    };
    let secured = Secured::with(limits).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(secured.server.address()).await.unwrap();
        stream.write_all(&[22, 3, 1]).await.unwrap();
        silent.push(stream);
        sleep(Duration::from_millis(60)).await;
    }
    let mut open = 0;
    for stream in &mut silent {
        let ended = timeout(Duration::from_millis(20), stream.read(&mut [0])).await;
        open += usize::from(ended.is_err());
    }
    assert!(
        open <= limits.per_address,
        "{open} handshakes are in progress"
    );
    let answered = timeout(Duration::from_secs(2), secured.presented(&secured.usual())).await;
    assert_eq!(answered.unwrap(), secured.first);
}

#[tokio::test]
async fn a_request_by_http_gets_an_answer_and_other_bytes_an_end() {
    let secured = Secured::start().await;
    let (address, patience) = (secured.server.address(), Duration::from_secs(5));
    for request in [
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        format!(
            "POST /api/v1/deployments HTTP/1.1\r\nContent-Length: 900000\r\n\r\n{}",
            "x".repeat(900_000)
        ),
    ] {
        let answer = raw::send(address, request.as_bytes(), patience).await;
        assert_eq!(raw::status(&answer), 400, "{answer}");
        assert!(
            answer.contains("\"code\":\"plain_http\"") && answer.contains("https://"),
            "{answer}"
        );
    }
    for bytes in [
        &b"\x00\x01\x02"[..],
        b"\x16\x03\x01\x00\x04\xff\x00\x00\x00",
        b"ssh-2.0",
    ] {
        let begun = Instant::now();
        let answer = raw::send(address, bytes, patience).await;
        assert!(!answer.contains("HTTP"), "{answer}");
        assert!(begun.elapsed() < patience, "{bytes:?}");
    }
    let database = Database::sqlite();
    let plain = Server::start(&database).await;
    let begun = Instant::now();
    assert!(connect(plain.address(), &secured.usual()).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_and_early_answers_arrive_over_tls() {
    let secured = Secured::start().await;
    let mut stream = secured.connect(&secured.usual()).await.unwrap();
    let head = format!(
        "POST /api/v1/deployments HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 20000000\r\n\r\n",
        Caller::admin_token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The answer comes before the body has been sent, and the server reads on for a moment.
    let _ = stream.write_all(&vec![b' '; 20_000_000]).await;
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert_eq!(raw::status(&answer), 413, "{answer}");
    let mut stream = secured.connect(&secured.usual()).await.unwrap();
    let request =
        b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut document = String::new();
    stream.read_to_string(&mut document).await.unwrap();
    assert!(
        document.len() > 100_000 && document.ends_with('}'),
        "{}",
        document.len()
    );
}
