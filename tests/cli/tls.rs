//! A server behind TLS whose certificate only the caller knows.

use std::{fs, sync::Arc};

use rcgen::CertifiedKey;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};

use crate::*;

/// What stands before the server and speaks TLS; it is gone with this value.
struct Front {
    _runtime: Runtime,
    url: String,
    certificate: String,
}

impl Front {
    fn of(bench: &Bench) -> Self {
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![cert.der().clone()], key).unwrap()));
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        runtime.spawn(forward(listener, acceptor, bench.server.url().trim_start_matches("http://").to_owned()));
        Self { _runtime: runtime, url, certificate: cert.pem() }
    }
}

async fn forward(listener: TcpListener, acceptor: TlsAcceptor, to: String) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, to) = (acceptor.clone(), to.clone());
        tokio::spawn(async move {
            // A caller who does not trust the certificate goes away, and that is what is tested.
            let Ok(mut caller) = acceptor.accept(stream).await else { return };
            let mut server = TcpStream::connect(to).await.unwrap();
            let _ = copy_bidirectional(&mut caller, &mut server).await;
        });
    }
}

#[test]
fn a_certificate_is_trusted_when_it_is_named() {
    let bench = Bench::filled();
    let front = Front::of(&bench);
    let mut home = Home::new().with("DEPLOYTRACK_URL", &front.url).with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let run = home.deploytrack(&["matrix"]);
    assert_eq!(run.code, 3, "an unknown certificate is not trusted: {run:?}");
    fs::write(home.path().join("ca.pem"), &front.certificate).unwrap();
    assert!(home.deploytrack(&["matrix", "--cacert", "ca.pem"]).done().contains("production"));
    home.set("DEPLOYTRACK_CACERT", "ca.pem");
    assert!(home.deploytrack(&["matrix"]).done().contains("production"));
    let _ = home.deploytrack_reading(&["login", "--token-stdin"], &Caller::admin_token()).done();
}

#[test]
fn a_file_without_certificates_is_refused() {
    let home = Home::new();
    fs::write(home.path().join("empty.pem"), "").unwrap();
    fs::write(home.path().join("broken.pem"), "-----BEGIN CERTIFICATE-----\n***\n-----END CERTIFICATE-----\n").unwrap();
    fs::write(home.path().join("other.pem"), "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n").unwrap();
    for (file, said) in [
        ("none.pem", "cannot read"),
        ("empty.pem", "holds no certificate"),
        ("broken.pem", "no certificate"),
        ("other.pem", "must all be whole"),
    ] {
        let run = home.deploytrack(&["matrix", "--url", "https://127.0.0.1:1", "--cacert", file]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.err.contains(said), "{run:?}");
    }
}

#[test]
fn the_doctor_tells_a_certificate_that_is_not_trusted_from_a_server_that_is_not_there() {
    let bench = Bench::new();
    let front = Front::of(&bench);
    let home = Home::new().with("DEPLOYTRACK_URL", &front.url).with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let strange = home.deploytrack(&["doctor", "-o", "csv"]);
    assert_eq!(strange.code, 3, "{strange:?}");
    assert!(
        strange.out.contains("connection,ok,") && strange.out.contains("tls,problem,") && strange.out.contains("--cacert"),
        "{strange:?}"
    );
    fs::write(home.path().join("ca.pem"), &front.certificate).unwrap();
    let trusted = home.deploytrack(&["doctor", "-o", "csv", "--cacert", "ca.pem"]);
    assert!(trusted.done().contains("tls,ok,") && trusted.out.contains("token,ok,"), "{trusted:?}");
}
