//! Streams: many at once, dropped early, cut off.

use crate::{
    peer::{FLOOD, Manner, Peer},
    world::{PATIENCE, READ, WATCH, World, call, read, request},
};
use futures::future::join_all;
use http_body_util::BodyExt as _;
use onqueue_client::{Upstream, reason};
use onqueue_model::Reason;
use onqueue_testkit::until;
use std::sync::atomic::Ordering;
use tokio::time::timeout;
use tonic::{Code, body::Body};
use tower::ServiceExt as _;

/// What a stream brings that nobody reads, in bytes.
const BROUGHT: usize = 128 * 1024;

/// What the other side of such a stream has ready to be sent, in bytes: its buffer, and a message that is one too many.
const GATHERED: usize = 64 * 1024 + 2 * FLOOD;

async fn open(upstream: &Upstream) -> Body {
    let answer = upstream.clone().oneshot(request(WATCH)).await.expect("a response");
    let mut body = answer.into_body();
    next(&mut body).await;
    body
}

async fn next(body: &mut Body) -> String {
    let frame = timeout(PATIENCE, body.frame()).await.expect("in time");
    let data = frame.expect("a frame").expect("not an error").into_data();
    String::from_utf8(data.expect("a message").to_vec()).expect("text")
}

async fn none_open(peer: &Peer) {
    until("the peer has heard of it", PATIENCE, async || peer.open() == 0).await;
}

#[tokio::test]
async fn twelve_thousand_streams_share_several_connections() {
    let mut world = World::new();
    world.settings.streams = 4_000;
    // What is measured is not how fast this machine is.
    (world.settings.wait_ms, world.settings.keepalive_timeout_ms) = (20_000, 20_000);
    let peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    let upstream = remote.upstream();
    peers[0].is_now(Manner::Streams);
    let mut bodies = join_all((0..12_000).map(|_| open(&upstream))).await;
    assert_eq!(peers[0].open(), 12_000);
    assert!(peers[0].sources() >= 3, "{}", peers[0].sources());
    for said in 1..=2 {
        peers[0].known.said.send_replace(said);
        let heard = join_all(bodies.iter_mut().map(next)).await;
        assert!(heard.iter().all(|heard| *heard == said.to_string()));
    }
    // Most give up while more is on its way to them; the others go on where they are.
    let sources = peers[0].sources();
    peers[0].known.said.send_replace(3);
    while peers[0].known.told.load(Ordering::SeqCst) < 3 * 12_000 {
        // Nothing is read meanwhile.
        std::thread::yield_now();
    }
    bodies.truncate(500);
    let heard = join_all(bodies.iter_mut().map(next)).await;
    assert!(heard.iter().all(|heard| *heard == "3"));
    until("the peer has heard of it", PATIENCE, async || peers[0].open() == 500).await;
    drop(bodies);
    none_open(&peers[0]).await;
    assert_eq!(peers[0].sources(), sources);
}

#[tokio::test]
async fn slow_readers_hold_up_nobody_else() {
    let mut world = World::new();
    // A ping has to get through the flood.
    (world.settings.connections, world.settings.keepalive_timeout_ms) = (1, 20_000);
    let peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    peers[0].is_now(Manner::Floods);
    let upstream = remote.upstream();
    let slow = join_all((0..100).map(|_| open(&upstream))).await;
    peers[0].is_now(Manner::Answers);
    for n in 0..200 {
        let answer = timeout(PATIENCE, call(&upstream, READ)).await;
        assert_eq!(answer.expect("in time").code, Code::Ok, "{n}");
    }
    assert_eq!((peers[0].open(), peers[0].sources()), (100, 1));
    // What nobody reads stays within what each stream may bring, and what the peer gathers for each meanwhile.
    let told = || peers[0].known.told.load(Ordering::SeqCst) * FLOOD;
    until("the floods have come to a stop", PATIENCE, async || {
        told() >= 100 * BROUGHT
    })
    .await;
    assert!(told() <= 100 * (BROUGHT + GATHERED), "{}", told());
    drop(slow);
    none_open(&peers[0]).await;
}

#[tokio::test]
async fn streams_dropped_early_give_back_their_places() {
    let mut world = World::new();
    (world.settings.connections, world.settings.streams) = (1, 10);
    let peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    let upstream = remote.upstream();
    peers[0].is_now(Manner::Streams);
    for _ in 0..20 {
        let bodies = join_all((0..5).map(|_| open(&upstream))).await;
        drop(bodies);
        none_open(&peers[0]).await;
    }
    // Ten places, five taken at a time: if any were lost, there would be another connection by now.
    assert_eq!((peers[0].calls(), peers[0].sources()), (100, 1));
}

#[tokio::test]
async fn calls_given_up_give_back_their_places() {
    let mut world = World::new();
    (world.settings.connections, world.settings.streams) = (1, 10);
    let peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    let upstream = remote.upstream();
    peers[0].is_now(Manner::Hangs);
    for round in 1..=20 {
        let calls = join_all((0..5).map(|_| upstream.clone().oneshot(request(WATCH))));
        tokio::select! {
            _ = calls => unreachable!("nothing answers"),
            () = until("all have arrived", PATIENCE, async || peers[0].calls() == round * 5) => {}
        }
        none_open(&peers[0]).await;
    }
    assert_eq!(peers[0].sources(), 1);
}

#[tokio::test]
async fn another_connection_is_made_before_one_is_full_and_fewer_streams_are_believed() {
    let mut world = World::new();
    world.settings.connections = 1;
    let limits = onqueue_testkit::server::listener::Limits {
        streams: 10,
        ..onqueue_testkit::server::listener::Limits::internal()
    };
    let peers = [Peer::start(world.identity("session"), None, limits)];
    let remote = world.to(&peers).await;
    peers[0].is_now(Manner::Streams);
    let mut bodies = Vec::new();
    for _ in 0..100 {
        bodies.push(open(&remote.upstream()).await);
    }
    assert!(peers[0].sources() >= 10, "{}", peers[0].sources());
    peers[0].known.said.send_replace(1);
    let heard = join_all(bodies.iter_mut().map(next)).await;
    assert!(heard.iter().all(|heard| heard == "1"));
}

#[tokio::test]
async fn a_stream_that_is_cut_off_ends_with_a_status() {
    let world = World::new();
    let mut peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    peers[0].is_now(Manner::Streams);
    let answer = remote.upstream().oneshot(request(WATCH)).await.expect("a response");
    peers[0].kill();
    let answer = timeout(PATIENCE, read(answer)).await.expect("it ends");
    let status = answer.status.expect("a status");
    assert_eq!(
        (answer.code, reason(&status)),
        (Code::Unavailable, Some(Reason::Unavailable))
    );
}
