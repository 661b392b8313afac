//! Who is let in between the processes of an installation: by mutual TLS, by the name in the certificate, and by nothing
//! that a guest has.
#![allow(clippy::disallowed_methods)]

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use onqueue::demo;
use onqueue_credentials::{Identity, server_name};
use onqueue_proto::{Access, methods};
use onqueue_server::Ids;
use onqueue_tests::{
    installation::{Disks, Installation, Plan},
    people::{Customer, channel},
    raw,
};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, date_time_ymd};
use std::{error::Error, fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, ConfigBuilder, RootCertStore,
        client::WantsClientCert,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
        version::TLS13,
    },
};
use tonic::Code;

const PATIENCE: Duration = Duration::from_secs(10);
const REPORT: &str = "/onqueue.session.v1.RoutingFactsService/Report";
const INTERNAL: [&str; 4] = ["auth", "session", "routing", "content"];

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

async fn installation() -> (Installation, serde_json::Value) {
    let demo = demo::load(&Ids::system()).expect("a good demo");
    let credentials = serde_json::to_value(&demo.credentials).expect("JSON");
    let mut plan = Plan::usual(Disks::Shared);
    plan.replicas = [
        ("gateway", 1),
        ("auth", 1),
        ("session", 1),
        ("routing", 1),
        ("content", 1),
    ]
    .into();
    (Installation::start(&plan, demo).await, credentials)
}

/// Calls an rpc with an empty message over a connection that is open; answers its status.
async fn call(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, path: &str) -> Outcome<Code> {
    let (sender, connection) = h2::client::handshake(io).await?;
    let driving = tokio::spawn(connection);
    let code = timeout(PATIENCE, ask(sender, path)).await?;
    driving.abort();
    code
}

async fn ask(sender: SendRequest<Bytes>, path: &str) -> Outcome<Code> {
    let mut sender = sender.ready().await?;
    let request = Request::post(format!("https://x{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())?;
    let (answer, mut message) = sender.send_request(request, false)?;
    message.send_data(Bytes::from_static(&[0; 5]), true)?;
    let answer = answer.await?;
    let mut headers = answer.headers().clone();
    let mut body = answer.into_body();
    while let Some(piece) = body.data().await {
        piece?;
    }
    headers.extend(body.trailers().await?.unwrap_or_default());
    let status = headers.get("grpc-status").ok_or("no status")?;
    Ok(Code::from_bytes(status.as_bytes()))
}

/// Calls as whoever has these credentials, expecting to find that service.
async fn call_as(config: Arc<ClientConfig>, service: &str, at: SocketAddr, path: &str) -> Outcome<Code> {
    let io = TcpStream::connect(at).await?;
    let io = TlsConnector::from(config).connect(server_name(service), io).await?;
    call(io, path).await
}

/// Somebody who signs certificates in the authority's name, with its key or another.
struct Signer(Issuer<'static, KeyPair>);

impl Signer {
    fn with(key: KeyPair) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "Onqueue development authority");
        Self(Issuer::new(params, key))
    }

    /// A client with that name, good until the end of that year.
    fn client(&self, folder: &Path, name: &str, year: i32) -> Arc<ClientConfig> {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_after = date_time_ymd(year, 12, 31);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let signed = params.signed_by(&key, &self.0).expect("signed");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = trusting(folder).with_client_auth_cert(vec![signed.der().clone()], key);
        Arc::new(config.expect("a pair"))
    }
}

/// A client that trusts the authority in `folder`.
fn trusting(folder: &Path) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(folder.join("ca/ca.crt")).expect("there");
    roots.add(authority).expect("an authority");
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .expect("versions")
        .with_root_certificates(roots)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_certified_services_are_let_in_and_each_to_its_own() {
    let (mut installation, credentials) = installation().await;
    let folder = installation.certificates();
    let key = fs::read_to_string(folder.join("ca/ca.key")).expect("the authority's key");
    let own = Signer::with(KeyPair::from_pem(&key).expect("a key"));
    let foreign = Signer::with(KeyPair::generate().expect("a key"));
    let routing = "routing.onqueue.internal";
    for service in INTERNAL {
        let at = installation.member(&format!("{service}-1")).address;
        let plaintext = call(TcpStream::connect(at).await.expect("connects"), REPORT).await;
        assert!(plaintext.is_err(), "plaintext to {service}: {plaintext:?}");
        let nameless = Arc::new(trusting(&folder).with_no_client_auth());
        for (what, config) in [
            ("no certificate", nameless),
            ("a foreign authority", foreign.client(&folder, routing, 2999)),
            ("a wrong name", own.client(&folder, "guest.onqueue.internal", 2999)),
            ("an expired certificate", own.client(&folder, routing, 2020)),
        ] {
            let outcome = call_as(config, service, at, REPORT).await;
            assert!(outcome.is_err(), "{what} at {service}: {outcome:?}");
        }
        let mistaken = call_as(own.client(&folder, routing, 2999), "gateway", at, REPORT).await;
        assert!(mistaken.is_err(), "{service} is not the gateway: {mistaken:?}");
    }

    let session = installation.member("session-1").address;
    let by_name = |service: &'static str| Identity::load(&folder, service).expect("usable").client();
    for (service, expected) in [
        ("routing", Code::InvalidArgument),
        ("gateway", Code::PermissionDenied),
        ("content", Code::PermissionDenied),
    ] {
        let code = call_as(by_name(service), "session", session, REPORT)
            .await
            .expect("let in");
        assert_eq!(code, expected, "{service} reports to session");
    }
    guests_are_refused(&installation, &credentials).await;
}

/// What services tell each other, no guest may, at the public door.
async fn guests_are_refused(installation: &Installation, credentials: &serde_json::Value) {
    let door = installation.doors()[0];
    let guest = Customer::start(door, credentials, "Billing", "en").await;
    let internal = methods()
        .iter()
        .filter(|method| matches!(method.access, Some(Access::Services(_))));
    let mut tried = 0;
    for method in internal {
        let outcome = raw::call(&channel(door), method.path, Some(&guest.token), Vec::new()).await;
        let status = outcome.expect_err(method.path);
        let is_refused = matches!(status.code(), Code::PermissionDenied | Code::Unimplemented);
        assert!(is_refused, "{}: {status:?}", method.path);
        tried += 1;
    }
    assert!(tried >= 3, "there are internal rpcs");
}
