//! Which endpoint: by affinity, and as the list of endpoints changes.

use crate::{
    peer::{Manner, Peer},
    world::{PATIENCE, READ, TYPING, WATCH, World, call, chance, reach, request, retrying, send},
};
use http_body_util::BodyExt as _;
use onqueue_client::{Lookup, Remote, Upstream, affinity};
use onqueue_testkit::until;
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tonic::Code;
use tower::ServiceExt as _;

async fn asked_for(upstream: &Upstream, key: usize) -> String {
    let mut request = request(READ);
    request
        .extensions_mut()
        .insert(affinity(&format!("conversation {key}")));
    let answer = send(upstream, request).await;
    assert_eq!(answer.code, Code::Ok);
    answer.text
}

/// Where the calls of forty keys go.
async fn places(upstream: &Upstream) -> HashMap<usize, String> {
    let mut places = HashMap::new();
    for round in 0..3 {
        for key in 0..40 {
            let at = asked_for(upstream, key).await;
            let before = places.insert(key, at.clone());
            assert!(round == 0 || before == Some(at), "key {key} moved");
        }
    }
    places
}

#[tokio::test]
async fn a_key_stays_where_it_is_and_moves_when_that_goes() {
    let world = World::new();
    let mut peers = world.peers::<3>();
    let remote = world.to(&peers).await;
    let upstream = retrying(&remote);
    let before = places(&upstream).await;
    let gone = peers[0].address.to_string();
    assert!(
        peers
            .iter()
            .all(|peer| before.values().any(|at| *at == peer.address.to_string()))
    );
    peers[0].kill();
    let after = places(&upstream).await;
    for key in 0..40 {
        let stays = before[&key] == after[&key];
        assert_eq!(stays, before[&key] != gone, "key {key}");
    }
    peers[0] = world.peer_at(Some(peers[0].address));
    reach(&remote, &peers).await;
    assert_eq!(places(&upstream).await, before);
}

#[tokio::test]
async fn a_key_whose_endpoint_refuses_goes_to_the_next() {
    let world = World::new();
    let peers = world.peers::<2>();
    let remote = world.to(&peers).await;
    let upstream = retrying(&remote);
    for peer in &peers {
        peer.is_now(Manner::Refuses(Code::Unavailable, "not here"));
        let other = peers.iter().find(|other| other.address != peer.address).expect("two");
        for key in 0..3 {
            assert_eq!(asked_for(&upstream, key).await, other.address.to_string());
        }
        peer.is_now(Manner::Answers);
        assert_eq!(call(&upstream, READ).await.code, Code::Ok);
    }
}

/// A name whose addresses are set by hand.
fn named(world: &World, addresses: &Arc<Mutex<Option<Vec<SocketAddr>>>>) -> Remote {
    let addresses = Arc::clone(addresses);
    let lookup: Lookup = Arc::new(move |name| {
        assert_eq!(name, "session.example:7003");
        let found = addresses.lock().expect("addresses").clone();
        let found = found.ok_or_else(|| io::Error::other("the name server is away"));
        Box::pin(async move { found })
    });
    let (identity, endpoints) = (world.identity("gateway"), ["session.example:7003".to_owned()]);
    let spawn = world.spawn();
    Remote::with_lookup(
        "session",
        &endpoints,
        identity,
        &world.settings,
        spawn,
        chance(),
        lookup,
    )
    .expect("a remote")
}

#[tokio::test]
async fn addresses_come_and_go_with_their_name() {
    let mut world = World::new();
    world.settings.resolve_ms = 10;
    let peers: [Peer; 2] = world.peers();
    let addresses = Arc::new(Mutex::new(Some(vec![peers[0].address])));
    let remote = named(&world, &addresses);
    let upstream = remote.upstream();
    peers[0].is_now(Manner::Streams);
    let stream = upstream.clone().oneshot(request(WATCH)).await.expect("a response");
    let mut body = stream.into_body();
    peers[0].is_now(Manner::Answers);

    *addresses.lock().expect("addresses") = None;
    assert_eq!(call(&upstream, TYPING).await.text, peers[0].address.to_string());
    *addresses.lock().expect("addresses") = Some(vec![peers[1].address]);
    until("the new address is called", PATIENCE, async || {
        call(&upstream, TYPING).await.text == peers[1].address.to_string()
    })
    .await;
    let before = peers[0].calls();
    for _ in 0..100 {
        assert_eq!(call(&upstream, TYPING).await.text, peers[1].address.to_string());
    }
    assert_eq!(peers[0].calls(), before);

    // What was open at the old address goes on.
    peers[0].known.said.send_replace(5);
    body.frame().await.expect("the first").expect("a message");
    let frame = body.frame().await.expect("another").expect("a message");
    assert_eq!(frame.into_data().expect("data"), "5");
    drop(body);
    until("it has ended there", PATIENCE, async || peers[0].open() == 0).await;
}

#[tokio::test]
async fn connections_end_with_the_last_who_may_use_them() {
    let world = World::new();
    let peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    let upstream = remote.upstream();
    drop(remote);
    assert_eq!(call(&upstream, TYPING).await.code, Code::Ok);
    drop(upstream);
    assert!(world.tasks.finish(PATIENCE).await, "nothing runs any more");
}
