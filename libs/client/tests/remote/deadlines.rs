//! Deadlines, kept on this side whatever the other does.

use crate::{
    peer::{Manner, Peer},
    world::{PATIENCE, READ, TYPING, WATCH, World, call, chance, request, send},
};
use http::{HeaderValue, Request};
use onqueue_client::{Policy, Remote, connect, reason};
use onqueue_model::Reason;
use onqueue_testkit::until;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tonic::{Code, body::Body};
use tower::ServiceExt as _;

fn within(path: &str, header: &'static str) -> Request<Body> {
    let mut request = request(path);
    let header = HeaderValue::from_static(header);
    request.headers_mut().insert("grpc-timeout", header);
    request
}

/// One peer that does so, and one that answers.
async fn with_one(world: &World, manner: Manner) -> ([Peer; 2], Remote) {
    let peers = world.peers::<2>();
    let remote = world.to(&peers).await;
    peers[0].is_now(manner);
    (peers, remote)
}

#[tokio::test]
async fn who_hangs_is_not_waited_for_beyond_the_deadline() {
    let world = World::new();
    let peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    for (manner, path) in [
        (Manner::Hangs, TYPING),
        (Manner::Hangs, READ),
        (Manner::Stalls, READ),
        (Manner::Stalls, WATCH),
    ] {
        peers[0].is_now(manner);
        let began = Instant::now();
        let answer = send(&remote.upstream(), within(path, "100m")).await;
        let took = began.elapsed();
        assert!(
            took >= Duration::from_millis(99) && took < Duration::from_secs(5),
            "{took:?}"
        );
        let status = answer.status.expect("a status");
        let told = (answer.code, reason(&status));
        assert_eq!(
            told,
            (Code::DeadlineExceeded, Some(Reason::DeadlineExceeded)),
            "{manner:?}"
        );
        until("the peer has heard of it", PATIENCE, async || peers[0].open() == 0).await;
    }
}

#[tokio::test]
async fn the_deadline_holds_while_waiting_for_a_connection() {
    let world = World::new();
    let mut peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    peers[0].kill();
    until("the connection is gone", PATIENCE, async || !remote.is_connected()).await;
    let began = Instant::now();
    let answer = send(&remote.upstream(), within(TYPING, "400m")).await;
    // In time to say why.
    assert_eq!(answer.code, Code::Unavailable);
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(190) && took < Duration::from_secs(5),
        "{took:?}"
    );
}

#[tokio::test]
async fn who_lets_deadlines_pass_is_set_aside() {
    let mut world = World::new();
    world.settings.ejection_ms = 600_000;
    let (peers, remote) = with_one(&world, Manner::Hangs).await;
    for _ in 0..100 {
        send(&remote.upstream(), within(TYPING, "20m")).await;
    }
    assert_eq!(peers[0].calls(), 5);
}

#[tokio::test]
async fn callers_who_give_up_by_themselves_count_too() {
    let mut world = World::new();
    world.settings.ejection_ms = 600_000;
    let (peers, remote) = with_one(&world, Manner::Hangs).await;
    for _ in 0..100 {
        let call = remote.upstream().oneshot(within(TYPING, "21m"));
        let _ = timeout(Duration::from_millis(20), call).await;
    }
    assert_eq!(peers[0].calls(), 5);
}

#[tokio::test]
async fn retries_stay_within_the_deadline_and_tell_what_is_left() {
    let world = World::new();
    let peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    peers[0].is_now(Manner::Refuses(Code::Unavailable, "not now"));
    let policy = Policy {
        attempts: 1_000,
        saved: 1_000,
        first_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(20),
        ..Policy::default()
    };
    let upstream = connect(remote.upstream(), policy, chance());
    let began = Instant::now();
    let code = send(&upstream, within(READ, "300m")).await.code;
    assert!(matches!(code, Code::Unavailable | Code::DeadlineExceeded), "{code}");
    assert!(began.elapsed() < Duration::from_secs(5));
    let told = peers[0].known.timeouts.lock().expect("timeouts").clone();
    let left = |text: &String| text.strip_suffix('u').and_then(|digits| digits.parse::<u64>().ok());
    let left: Vec<u64> = told.iter().skip(1).filter_map(left).collect();
    assert!(
        told[0] == "300m" && left.len() + 1 == told.len() && told.len() > 5,
        "{told:?}"
    );
    assert!(
        left.is_sorted_by(|one, next| one > next) && left[0] < 300_000,
        "{told:?}"
    );
}

#[tokio::test]
async fn without_a_deadline_there_is_none() {
    let world = World::new();
    let peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    assert_eq!(call(&remote.upstream(), TYPING).await.code, Code::Ok);
    assert!(peers[0].known.timeouts.lock().expect("timeouts").is_empty());
}
