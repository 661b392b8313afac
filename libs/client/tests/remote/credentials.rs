//! Who answers must be who was called.

use crate::{
    peer::Peer,
    world::{PATIENCE, TYPING, World, call, reach},
};
use onqueue_testkit::server::listener;
use std::{
    fmt, fs,
    sync::{Arc, Mutex},
    time::Duration,
};
use tonic::Code;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Keeps what is logged as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn says(&self, text: &str) -> bool {
        self.0.lock().expect("log").contains(text)
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("onqueue_client")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Text(&mut self.0.lock().expect("log")));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{}={value:?} ", field.name()));
    }
}

/// Calls a peer that is not to be trusted; the log must say why.
async fn refused(world: &World, peer: &Peer, why: &str) {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.clone());
    let remote = world.remote([peer.address]);
    let answer = call(&remote.upstream(), TYPING).await;
    let status = answer.status.expect("a status");
    assert_eq!(
        (answer.code, status.message()),
        (Code::Unavailable, "session cannot be reached right now; try again")
    );
    assert!(log.says(why), "{}", log.0.lock().expect("log"));
    assert!(!status.message().contains(why));
    assert_eq!(peer.calls(), 0);
}

#[tokio::test]
async fn another_authority_is_refused() {
    let (mut world, other) = (World::new(), World::new());
    world.settings.wait_ms = 300;
    let peer = Peer::start(other.identity("session"), None, listener::Limits::internal());
    refused(&world, &peer, "invalid peer certificate: BadSignature").await;
}

#[tokio::test]
async fn another_service_is_refused() {
    let mut world = World::new();
    world.settings.wait_ms = 300;
    let peer = Peer::start(world.identity("auth"), None, listener::Limits::internal());
    refused(&world, &peer, "not valid for name").await;
}

#[tokio::test]
async fn new_connections_use_the_renewed_certificate() {
    let (world, other) = (World::new(), World::new());
    let peers = [
        world.peer(),
        Peer::start(other.identity("session"), None, listener::Limits::internal()),
    ];
    let identity = world.identity("gateway");
    let endpoints = peers.each_ref().map(|peer| peer.address.to_string());
    let (settings, chance) = (&world.settings, crate::world::chance());
    let remote = onqueue_client::Remote::new("session", &endpoints, identity.clone(), settings, world.spawn(), chance);
    let remote = remote.expect("a remote");
    reach(&remote, &peers[..1]).await;
    assert_eq!(peers[1].calls(), 0);

    let mut renewed = identity.changed();
    let follow = tokio::spawn(identity.follow(Duration::from_millis(10)));
    for file in ["ca.crt", "tls.crt", "tls.key"] {
        let path = |world: &World| world.folder.path().join("gateway").join(file);
        fs::copy(path(&other), path(&world)).expect("copied");
    }
    let renewal = tokio::time::timeout(PATIENCE, renewed.changed());
    renewal.await.expect("in time").expect("renewed");
    // The new authority's peer is connected to; connections to the old one's stay as long as they hold.
    reach(&remote, &peers).await;
    follow.abort();
}
