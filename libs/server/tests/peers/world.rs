//! A service behind mutual TLS, and those who call it.

use axum::{Router, routing::any};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use onqueue_credentials::{Identity, authority, server_name};
use onqueue_server::{Bound, Context, InProcess, Peer, layered, listener};
use onqueue_testkit::still_context;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use std::{
    convert::Infallible,
    error::Error,
    fs,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, ConfigBuilder, RootCertStore, SupportedProtocolVersion,
        client::WantsClientCert,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
        version::TLS13,
    },
};
use tonic::{Status, body::Body};

pub const PATIENCE: Duration = Duration::from_secs(10);

/// Unary and streaming rpcs that are for routing alone, and one that is for users and guests.
pub const REPORT: &str = "/onqueue.session.v1.RoutingFactsService/Report";
pub const FEED: &str = "/onqueue.session.v1.FeedService/Feed";
pub const SEND: &str = "/onqueue.session.v1.ConversationService/SendMessage";

pub type Failure = Box<dyn Error + Send + Sync>;

/// Who reached a handler, by which certificate.
pub type Reached = Arc<Mutex<Vec<&'static str>>>;

/// The service `session`, with a folder of certificates for it and its peers.
pub struct World {
    pub folder: tempfile::TempDir,
    pub address: SocketAddr,
    pub context: Context,
    pub identity: Identity,
    pub reached: Reached,
    /// Lets calls of [`SEND`] be answered.
    pub answer: Arc<Notify>,
}

impl World {
    pub async fn new(limits: listener::Limits) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        authority::make(folder.path(), 1).expect("certificates");
        let identity = Identity::load(folder.path(), "session").expect("usable");
        let (context, _) = still_context(21);
        let (reached, answer) = (Reached::default(), Arc::new(Notify::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let service = service(&context, &reached, &answer);
        listener::serve_peers(listener, service, identity.clone(), limits, &context.tasks, || 0.5);
        Self {
            folder,
            address,
            context,
            identity,
            reached,
            answer,
        }
    }

    pub fn of(&self, service: &'static str) -> Arc<ClientConfig> {
        Identity::load(self.folder.path(), service).expect("usable").client()
    }

    pub async fn connect(&self, config: Arc<ClientConfig>) -> Result<Connection, Failure> {
        self.connect_to(config, "session").await
    }

    pub async fn connect_to(&self, config: Arc<ClientConfig>, service: &str) -> Result<Connection, Failure> {
        let io = TcpStream::connect(self.address).await?;
        let io = TlsConnector::from(config).connect(server_name(service), io).await?;
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(io)).await?;
        let ended = tokio::spawn(connection);
        Ok(Connection { sender, ended })
    }

    pub fn reached(&self) -> Vec<&'static str> {
        self.reached.lock().expect("who reached it").clone()
    }
}

fn service(context: &Context, reached: &Reached, answer: &Arc<Notify>) -> InProcess {
    let (reached, answer) = (Arc::clone(reached), Arc::clone(answer));
    let note = move |request: &Request<axum::body::Body>| {
        let name = request.extensions().get().map_or("nobody", |Peer(name)| *name);
        reached.lock().expect("who reached it").push(name);
    };
    let (of_report, of_send) = (note.clone(), note.clone());
    let ok = || Status::ok("").into_http::<Body>();
    let report = move |request: Request<axum::body::Body>| {
        of_report(&request);
        async move { ok() }
    };
    let send = move |request: Request<axum::body::Body>| {
        of_send(&request);
        async move {
            answer.notified().await;
            ok()
        }
    };
    let feed = move |request: Request<axum::body::Body>| {
        note(&request);
        let first = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[0; 5])))]);
        let body = Body::new(StreamBody::new(first.chain(stream::pending())));
        async move { Response::new(body) }
    };
    let router = Router::new()
        .route(REPORT, any(report))
        .route(SEND, any(send))
        .route(FEED, any(feed));
    let bound = Bound {
        name: "session",
        routes: router.into(),
    };
    layered(bound, context)
}

/// An open connection of a client.
pub struct Connection {
    pub sender: SendRequest<Body>,
    pub ended: JoinHandle<hyper::Result<()>>,
}

impl Connection {
    pub async fn call(&mut self, path: &str, headers: &[(&'static str, &str)]) -> Result<Response<Body>, Failure> {
        let mut request = Request::post(format!("https://session{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty())?;
        timeout(PATIENCE, self.sender.ready()).await??;
        let response = timeout(PATIENCE, self.sender.send_request(request)).await??;
        Ok(response.map(Body::new))
    }
}

/// Somebody who may sign, with the authority's own key or another.
pub struct Signer(Issuer<'static, KeyPair>);

impl Signer {
    /// Who has got hold of the authority's key.
    pub fn of(folder: &Path) -> Self {
        let key = fs::read_to_string(folder.join("ca/ca.key")).expect("there");
        Self::with(KeyPair::from_pem(&key).expect("a key"))
    }

    /// Somebody else of the same name.
    pub fn foreign() -> Self {
        Self::with(KeyPair::generate().expect("a key"))
    }

    fn with(key: KeyPair) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let name = "Onqueue development authority";
        params.distinguished_name.push(DnType::CommonName, name);
        Self(Issuer::new(params, key))
    }

    /// A client that trusts the authority in `folder` and shows a certificate with that name, valid until then.
    pub fn client(&self, folder: &Path, name: &str, until: OffsetDateTime) -> Arc<ClientConfig> {
        self.client_of(&TLS13, folder, name, until)
    }

    /// The same with another version of TLS.
    pub fn client_of(
        &self,
        version: &'static SupportedProtocolVersion,
        folder: &Path,
        name: &str,
        until: OffsetDateTime,
    ) -> Arc<ClientConfig> {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_after = until;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let signed = params.signed_by(&key, &self.0).expect("signed");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = trusting(folder, version).with_client_auth_cert(vec![signed.der().clone()], key);
        Arc::new(config.expect("a pair"))
    }
}

/// A client that trusts the authority in `folder` and shows no certificate.
pub fn nameless(folder: &Path) -> Arc<ClientConfig> {
    Arc::new(trusting(folder, &TLS13).with_no_client_auth())
}

fn trusting(folder: &Path, version: &'static SupportedProtocolVersion) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(folder.join("ca/ca.crt")).expect("there");
    roots.add(authority).expect("an authority");
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .expect("versions")
        .with_root_certificates(roots)
}
