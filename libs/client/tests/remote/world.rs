//! Certificates, peers and a client of them.

use crate::peer::Peer;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use onqueue_client::{Chance, Policy, Remote, Settings, Spawn, Upstream, connect};
use onqueue_credentials::{Identity, authority};
use onqueue_testkit::server::{Ids, Tasks, listener};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tempfile::TempDir;
use tonic::{Code, Status, body::Body};
use tower::ServiceExt as _;

pub const PATIENCE: Duration = Duration::from_secs(20);

/// May be repeated.
pub const READ: &str = "/onqueue.session.v1.ConversationService/GetConversation";
/// May not.
pub const TYPING: &str = "/onqueue.session.v1.ConversationService/SendTyping";
/// Answers with a stream.
pub const WATCH: &str = "/onqueue.session.v1.ConversationService/Watch";

/// Everything that one test has.
pub struct World {
    pub folder: TempDir,
    pub settings: Settings,
    pub tasks: Tasks,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        authority::make(folder.path(), 1).expect("certificates");
        let settings = Settings {
            keepalive_ms: 200,
            keepalive_timeout_ms: 2_000,
            connect_timeout_ms: 2_000,
            ..Settings::default()
        };
        Self {
            folder,
            settings,
            tasks: Tasks::new(),
        }
    }

    pub fn identity(&self, service: &'static str) -> Identity {
        Identity::load(self.folder.path(), service).expect("certificates")
    }

    pub fn peer(&self) -> Peer {
        self.peer_at(None)
    }

    pub fn peer_at(&self, at: Option<SocketAddr>) -> Peer {
        Peer::start(self.identity("session"), at, listener::Limits::internal())
    }

    pub fn peers<const N: usize>(&self) -> [Peer; N] {
        std::array::from_fn(|_| self.peer())
    }

    pub fn spawn(&self) -> Spawn {
        let tasks = self.tasks.clone();
        Arc::new(move |work| tasks.spawn("connection", work))
    }

    /// A client of these addresses.
    pub fn remote(&self, addresses: impl IntoIterator<Item = SocketAddr>) -> Remote {
        let endpoints: Vec<String> = addresses.into_iter().map(|address| address.to_string()).collect();
        let identity = self.identity("gateway");
        Remote::new("session", &endpoints, identity, &self.settings, self.spawn(), chance()).expect("endpoints")
    }

    /// The same, connected to all of them.
    pub async fn to(&self, peers: &[Peer]) -> Remote {
        let remote = self.remote(peers.iter().map(|peer| peer.address));
        reach(&remote, peers).await;
        remote
    }
}

/// Calls until each of the peers has been called, and forgets how often.
pub async fn reach(remote: &Remote, peers: &[Peer]) {
    let before: Vec<usize> = peers.iter().map(Peer::calls).collect();
    onqueue_testkit::until("every peer is reached", PATIENCE, async || {
        call(&remote.upstream(), TYPING).await;
        peers.iter().zip(&before).all(|(peer, before)| peer.calls() > *before)
    })
    .await;
    for peer in peers {
        peer.known.calls.store(0, std::sync::atomic::Ordering::SeqCst);
    }
}

pub fn chance() -> Chance {
    let ids = Ids::seeded(7);
    Arc::new(move || ids.chance())
}

/// As services call: with retries.
pub fn retrying(remote: &Remote) -> Upstream {
    let policy = Policy {
        saved: 1_000,
        ..Policy::default()
    };
    connect(remote.upstream(), policy, chance())
}

pub fn request(path: &str) -> Request<Body> {
    let body = Body::new(Full::new(Bytes::from_static(b"asked")));
    Request::post(path).body(body).expect("a request")
}

/// The answer with all of its body.
pub struct Answer {
    pub code: Code,
    pub text: String,
    pub status: Option<Status>,
}

pub async fn send(upstream: &Upstream, request: Request<Body>) -> Answer {
    let answer = upstream.clone().oneshot(request).await.expect("a response");
    read(answer).await
}

pub async fn read(answer: Response<Body>) -> Answer {
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.expect("the body ends well");
    let status = Status::from_header_map(&parts.headers);
    let status = status.or_else(|| Status::from_header_map(body.trailers()?));
    Answer {
        code: status.as_ref().map_or(Code::Unknown, Status::code),
        text: String::from_utf8(body.to_bytes().into()).expect("text"),
        status,
    }
}

pub async fn call(upstream: &Upstream, path: &str) -> Answer {
    send(upstream, request(path)).await
}
