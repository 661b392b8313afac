//! `onqueue check conversation` through a door with TLS, as what stands in front of the gateway speaks it: a guest and an agent talk,
//! and what is wrong with certificates or with what is spoken is told at once, with a word that stays.
#![allow(clippy::disallowed_methods)]

use onqueue_tests::process::{Process, binary};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpStream},
    process::Command,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

/// What is wrong for good is not tried again until the check's patience is over, which is longer than this.
const AT_ONCE: Duration = Duration::from_secs(20);

const PASSWORD: &str = "seven plain words that nobody would guess";

/// An authority that no machine trusts.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut about = CertificateParams::new(Vec::new()).expect("no names");
        about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        about.distinguished_name.push(DnType::CommonName, "Authority of a test");
        let pem = about.self_signed(&key).expect("signed").pem();
        Self {
            pem,
            issuer: Issuer::new(about, key),
        }
    }

    /// For `localhost`, until the end of that year; speaking that over TLS.
    fn server(&self, year: i32, protocols: &[&[u8]]) -> ServerConfig {
        let key = KeyPair::generate().expect("a key");
        let mut about = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        about.not_before = date_time_ymd(2020, 1, 1);
        about.not_after = date_time_ymd(year, 12, 31);
        let certificate = about.signed_by(&key, &self.issuer).expect("signed");
        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("fits");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        config
    }
}

/// Terminates TLS in front of that door; answers its port.
async fn terminator(config: ServerConfig, door: SocketAddr) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not like what it is shown goes away.
                let Ok(mut from) = acceptor.accept(stream).await else {
                    return;
                };
                let Ok(mut to) = TcpStream::connect(door).await else {
                    return;
                };
                let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            });
        }
    });
    port
}

/// An installation with an organisation to check with.
struct Checked {
    process: Process,
    password: PathBuf,
    _folder: tempfile::TempDir,
}

impl Checked {
    async fn new() -> Self {
        let process = Process::demo();
        let folder = tempfile::tempdir().expect("a folder");
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).expect("written");
        let made = Command::new(binary())
            .args([
                "admin",
                "create",
                "--organisation",
                "check",
                "--email",
                "check@acme.example",
            ])
            .arg("--password-file")
            .arg(&password)
            .arg("--data")
            .arg(process.data())
            .output()
            .await
            .expect("runs");
        assert!(made.status.success(), "{}", said(&made));
        Self {
            process,
            password,
            _folder: folder,
        }
    }

    async fn check(&self, address: &str, authority: Option<&Path>) -> Output {
        let mut command = Command::new(binary());
        command
            .args([
                "check",
                "conversation",
                "--organisation",
                "check",
                "--email",
                "check@acme.example",
            ])
            .args(["--address", address, "--patience", "60", "--password-file"])
            .arg(&self.password);
        if let Some(authority) = authority {
            command.arg("--ca").arg(authority);
        }
        command.output().await.expect("runs")
    }

    async fn refused(&self, address: &str, authority: Option<&Path>, word: &str) {
        let began = Instant::now();
        let output = self.check(address, authority).await;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{address}: {said}");
        assert!(said.contains(&format!(": {word}: ")), "{address}: {word}: {said}");
        assert!(began.elapsed() < AT_ONCE, "{word} took {:?}", began.elapsed());
    }
}

fn said(output: &Output) -> String {
    let parts = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    parts.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_checked_through_tls_and_what_is_wrong_with_it_is_told() {
    let (checked, authority) = (Checked::new().await, Authority::new());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &authority.pem).expect("written");
    let (door, trusted) = (checked.process.address, Some(file.as_path()));
    let good = terminator(authority.server(2099, &[b"h2"]), door).await;

    let talked = checked.check(&format!("https://localhost:{good}"), trusted).await;
    let told = said(&talked);
    assert!(talked.status.success() && told.contains("have talked"), "{told}");

    let at = |port: u16| format!("https://localhost:{port}");
    let ended = terminator(authority.server(2021, &[b"h2"]), door).await;
    let old = terminator(authority.server(2099, &[b"http/1.1"]), door).await;
    let silent = terminator(authority.server(2099, &[]), door).await;
    checked.refused(&at(good), None, "CERTIFICATE_UNTRUSTED").await;
    let by_number = format!("https://127.0.0.1:{good}");
    checked.refused(&by_number, trusted, "CERTIFICATE_WRONG_NAME").await;
    checked.refused(&at(ended), trusted, "CERTIFICATE_EXPIRED").await;
    checked.refused(&at(old), trusted, "NOT_HTTP2").await;
    checked.refused(&at(silent), trusted, "NOT_HTTP2").await;
    checked.refused(&at(door.port()), trusted, "NOT_TLS").await;
}
