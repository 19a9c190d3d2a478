//! Certificates as `openssl` makes them, and a front that speaks TLS before a plain server.

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

/// A folder where `openssl` makes certificates; each is `NAME.pem`, with its key in `NAME.key`.
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

    /// What a file in the folder holds.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// Runs `openssl` in the folder.
    ///
    /// # Panics
    /// When it fails; `scripts/test` installs it.
    pub fn openssl(&self, args: &[&str]) {
        let output = Command::new("openssl").args(args).current_dir(self.0.path()).output().expect("openssl runs");
        assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A certificate that signs itself, as `openssl req -x509` makes it, for `localhost` and `127.0.0.1` unless the arguments
    /// say otherwise.
    pub fn self_signed(&self, name: &str, args: &[&str]) {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        let mut all = vec!["req", "-x509", "-nodes", "-out", &certificate, "-keyout", &key, "-days", "30"];
        all.extend(args);
        if !args.contains(&"-newkey") {
            all.extend(["-newkey", "rsa:2048"]);
        }
        if !args.contains(&"-subj") {
            all.extend(["-subj", "/CN=tracker", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
        }
        self.openssl(&all);
    }

    /// A certificate that another one signs; `extensions` are lines such as `basicConstraints=CA:TRUE`.
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

/// What stands before a server and speaks TLS; it is gone with this value.
#[derive(Debug)]
pub struct Front {
    _runtime: Runtime,
    port: u16,
}

/// How a front speaks TLS.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// HTTP/2 alone.
    pub http2_alone: bool,
    /// Only with callers that show a certificate.
    pub wants_certificate: bool,
    /// As PostgreSQL: after a caller has asked whether TLS is spoken.
    pub asked_first: bool,
}

impl Front {
    /// A front that shows the certificates of a PEM text, before the server at this URL.
    ///
    /// # Panics
    /// When the certificates or the key cannot be used.
    #[must_use]
    pub fn new(chain: &str, key: &Path, server: &str, manner: Manner) -> Self {
        let config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider())).with_safe_default_protocol_versions().unwrap();
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
        let config = if manner.wants_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(chain[0].clone()).unwrap();
            let provider = Arc::new(aws_lc_rs::default_provider());
            config.with_client_cert_verifier(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap())
        } else {
            config.with_no_client_auth()
        };
        let mut config = config.with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap()).unwrap();
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
        Self { _runtime: runtime, port }
    }

    /// Its address, with this host in it.
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
            // A caller who does not trust the certificate goes away, and that is what is tested.
            let Ok(mut caller) = acceptor.accept(stream).await else { return };
            let Ok(mut server) = TcpStream::connect(to).await else { return };
            let _ = copy_bidirectional(&mut caller, &mut server).await;
        });
    }
}
