//! Certificates made by `openssl`, and a TLS proxy in front of a plain server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
        server::WebPkiClientVerifier,
    },
};

/// A folder in which `openssl` creates certificates: `NAME.pem` with the key `NAME.key`.
#[derive(Debug)]
pub struct Authority(TempDir);

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// An empty folder.
    ///
    /// # Panics
    /// When the temporary folder cannot be made.
    #[must_use]
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The path of a file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The content of a file in the folder.
    ///
    /// # Panics
    /// When the file cannot be read.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// Runs `openssl` in the folder.
    ///
    /// # Panics
    /// When `openssl` fails or is not installed; `scripts/test` installs it.
    pub fn openssl(&self, args: &[&str]) {
        let output = Command::new("openssl")
            .args(args)
            .current_dir(self.0.path())
            .output()
            .expect("openssl runs");
        assert!(
            output.status.success(),
            "openssl {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Creates a self-signed certificate with `openssl req -x509`, for `localhost` and `127.0.0.1`
    /// unless the arguments name another subject.
    pub fn self_signed(&self, name: &str, args: &[&str]) {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        let mut all = vec![
            "req",
            "-x509",
            "-nodes",
            "-out",
            &certificate,
            "-keyout",
            &key,
            "-days",
            "30",
        ];
        all.extend(args);
        if !args.contains(&"-newkey") {
            all.extend(["-newkey", "rsa:2048"]);
        }
        if !args.contains(&"-subj") {
            all.extend([
                "-subj",
                "/CN=tracker",
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ]);
        }
        self.openssl(&all);
    }

    /// Creates a certificate signed by another one; `extensions` are lines such as
    /// `basicConstraints=CA:TRUE`.
    ///
    /// # Panics
    /// When a file cannot be written.
    pub fn signed(&self, name: &str, by: &str, extensions: &str) {
        let file = |end: &str| format!("{name}.{end}");
        self.openssl(&[
            "req",
            "-new",
            "-nodes",
            "-newkey",
            "rsa:2048",
            "-subj",
            &format!("/CN={name}"),
            "-out",
            &file("csr"),
            "-keyout",
            &file("key"),
        ]);
        fs::write(self.file(&file("ext")), extensions).unwrap();
        let (signer, key) = (format!("{by}.pem"), format!("{by}.key"));
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &file("csr"),
            "-CA",
            &signer,
            "-CAkey",
            &key,
            "-CAcreateserial",
            "-days",
            "30",
            "-out",
            &file("pem"),
            "-extfile",
            &file("ext"),
        ]);
    }
}

/// A TLS proxy in front of a server. It stops when this value is dropped.
#[derive(Debug)]
pub struct TlsProxy {
    _runtime: Runtime,
    port: u16,
}

/// The variant of TLS that a proxy speaks.
#[derive(Clone, Copy, Debug, Default)]
pub struct TlsOptions {
    /// Offers only HTTP/2.
    pub http2_alone: bool,
    /// Requires a client certificate.
    pub wants_certificate: bool,
    /// Waits for the request for TLS of PostgreSQL's protocol first.
    pub asked_first: bool,
}

impl TlsProxy {
    /// Starts a proxy with the certificate chain of a PEM text, in front of the server at this URL.
    ///
    /// # Panics
    /// When the certificates or the key cannot be used.
    #[must_use]
    pub fn new(chain: &str, key: &Path, server: &str, manner: TlsOptions) -> Self {
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap();
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes())
            .map(Result::unwrap)
            .collect();
        let config = if manner.wants_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(chain[0].clone()).unwrap();
            let provider = Arc::new(aws_lc_rs::default_provider());
            config.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .build()
                    .unwrap(),
            )
        } else {
            config.with_no_client_auth()
        };
        let mut config = config
            .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
            .unwrap();
        if manner.http2_alone {
            config.alpn_protocols = vec![b"h2".to_vec()];
        }
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(forward(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            server.trim_start_matches("http://").to_owned(),
            manner.asked_first,
        ));
        Self {
            _runtime: runtime,
            port,
        }
    }

    /// The URL of the proxy, with this host name.
    #[must_use]
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.port)
    }
}

async fn forward(listener: TcpListener, acceptor: TlsAcceptor, to: String, asked_first: bool) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let (acceptor, to) = (acceptor.clone(), to.clone());
        tokio::spawn(async move {
            if asked_first {
                stream.read_exact(&mut [0; 8]).await.unwrap();
                stream.write_all(b"S").await.unwrap();
            }
            // A client that does not trust the certificate disconnects; tests expect that.
            let Ok(mut caller) = acceptor.accept(stream).await else {
                return;
            };
            let Ok(mut server) = TcpStream::connect(to).await else {
                return;
            };
            let _ = copy_bidirectional(&mut caller, &mut server).await;
        });
    }
}
