//! Peers that die, drain, keep silent or refuse.

use crate::{
    peer::Manner,
    world::{PATIENCE, READ, TYPING, World, call, reach, request, retrying, send},
};
use futures::future::join_all;
use onqueue_client::{Policy, Upstream, connect, reason};
use onqueue_model::Reason;
use onqueue_testkit::until;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tokio::net::TcpListener;
use tonic::Code;

/// Calls in turn by so many, until told to stop. Answers how many calls there were and how many failed.
async fn load(upstream: &Upstream, path: &str, callers: usize, stop: &AtomicBool, made: &AtomicUsize) -> Vec<Code> {
    let caller = async || {
        let mut failed = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            let code = call(upstream, path).await.code;
            made.fetch_add(1, Ordering::SeqCst);
            failed.extend((code != Code::Ok).then_some(code));
        }
        failed
    };
    join_all((0..callers).map(|_| caller())).await.concat()
}

/// The codes of the calls that failed while something happened under load.
async fn under_load(upstream: &Upstream, path: &str, happens: impl AsyncFnOnce(&AtomicUsize)) -> Vec<Code> {
    let (stop, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (failed, ()) = tokio::join!(load(upstream, path, 64, &stop, &made), async {
        happens(&made).await;
        stop.store(true, Ordering::SeqCst);
    });
    failed
}

async fn more(made: &AtomicUsize, calls: usize) {
    let enough = made.load(Ordering::SeqCst) + calls;
    until("calls go on", PATIENCE, async || made.load(Ordering::SeqCst) >= enough).await;
}

async fn dead_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("bound")
}

#[tokio::test]
async fn a_dead_address_gets_no_call() {
    let world = World::new();
    let peers = world.peers::<2>();
    let dead = dead_address().await;
    let remote = world.remote([peers[0].address, dead, peers[1].address]);
    reach(&remote, &peers).await;
    let upstream = remote.upstream();
    for n in 0..1_000 {
        assert_eq!(call(&upstream, TYPING).await.code, Code::Ok, "{n}");
    }
    let calls = peers.each_ref().map(super::peer::Peer::calls);
    assert_eq!(calls.iter().sum::<usize>(), 1_000);
    assert!(calls.iter().all(|calls| *calls > 300), "{calls:?}");
}

#[tokio::test]
async fn nobody_there_is_waited_for_and_then_said() {
    let mut world = World::new();
    world.settings.wait_ms = 200;
    let remote = world.remote([dead_address().await]);
    assert!(!remote.is_connected());
    let began = Instant::now();
    let answer = call(&remote.upstream(), TYPING).await;
    assert!(began.elapsed() >= Duration::from_millis(200));
    let status = answer.status.expect("a status");
    assert_eq!(
        (answer.code, reason(&status)),
        (Code::Unavailable, Some(Reason::Unavailable))
    );
    assert_eq!(status.message(), "session cannot be reached right now; try again");
}

#[tokio::test]
async fn a_call_waits_for_who_comes_soon() {
    let world = World::new();
    let address = dead_address().await;
    let remote = world.remote([address]);
    let upstream = remote.upstream();
    let (answer, _peer) = tokio::join!(call(&upstream, TYPING), async { world.peer_at(Some(address)) });
    assert_eq!(answer.code, Code::Ok);
    remote.connected().await;
}

#[tokio::test]
async fn a_killed_replica_fails_no_call_that_may_be_repeated() {
    let world = World::new();
    let mut peers = world.peers::<2>();
    let remote = world.to(&peers).await;
    for _ in 0..5 {
        let failed = under_load(&retrying(&remote), READ, async |made| {
            more(made, 500).await;
            peers[0].kill();
            more(made, 500).await;
        })
        .await;
        assert_eq!(failed, []);
        peers[0] = world.peer_at(Some(peers[0].address));
        reach(&remote, &peers).await;
    }
}

#[tokio::test]
async fn a_drained_replica_fails_no_call_at_all() {
    let world = World::new();
    let mut peers = world.peers::<2>();
    let remote = world.to(&peers).await;
    for _ in 0..5 {
        let failed = under_load(&remote.upstream(), TYPING, async |made| {
            more(made, 500).await;
            peers[0].drain();
            more(made, 1_000).await;
        })
        .await;
        assert_eq!(failed, []);
        let called = peers[0].calls();
        assert_eq!(call(&remote.upstream(), TYPING).await.code, Code::Ok);
        assert_eq!(peers[0].calls(), called, "a drained replica is not called");
        peers[0].kill();
        peers[0] = world.peer_at(Some(peers[0].address));
        reach(&remote, &peers).await;
    }
}

#[tokio::test]
async fn who_never_says_a_word_is_not_connected_to() {
    let world = World::new();
    let peers = world.peers::<1>();
    // Connections are accepted by the machine; nobody reads what they say.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let remote = world.remote([silent.local_addr().expect("bound"), peers[0].address]);
    reach(&remote, &peers).await;
    for n in 0..100 {
        assert_eq!(call(&remote.upstream(), TYPING).await.code, Code::Ok, "{n}");
    }
}

#[tokio::test]
async fn a_paused_replica_loses_its_connections() {
    let world = World::new();
    let peers = world.peers::<2>();
    let remote = world.to(&peers).await;
    let upstream = retrying(&remote);
    let mut go_on = None;
    let failed = under_load(&upstream, READ, async |made| {
        more(made, 500).await;
        go_on = Some(peers[0].pause().await);
        let began = Instant::now();
        // All 64 hang sooner or later, until the connections to the paused one are given up.
        more(made, 2_000).await;
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    })
    .await;
    assert_eq!(failed, []);
    let before = peers[1].calls();
    for n in 0..100 {
        assert_eq!(call(&remote.upstream(), TYPING).await.code, Code::Ok, "{n}");
    }
    assert_eq!(peers[1].calls(), before + 100);
    drop(go_on);
    reach(&remote, &peers).await;
}

#[tokio::test]
async fn who_only_refuses_is_set_aside_unless_there_is_nobody_else() {
    let mut world = World::new();
    world.settings.ejection_ms = 600_000;
    let peers = world.peers::<2>();
    let remote = world.to(&peers).await;
    let upstream = remote.upstream();
    peers[0].is_now(Manner::Refuses(Code::Unavailable, "too much to do"));
    let mut refused = 0;
    for _ in 0..200 {
        refused += usize::from(call(&upstream, TYPING).await.code != Code::Ok);
    }
    assert_eq!((refused, peers[0].calls()), (5, 5));
    peers[1].is_now(Manner::Refuses(Code::Unavailable, "too much to do"));
    for _ in 0..20 {
        assert_eq!(call(&upstream, TYPING).await.code, Code::Unavailable);
    }
    assert!(peers[0].calls() > 5, "with nobody else left, the first is asked again");
}

#[tokio::test]
async fn a_retry_goes_elsewhere() {
    let mut world = World::new();
    world.settings.ejection_failures = u32::MAX;
    let peers = world.peers::<2>();
    let remote = world.to(&peers).await;
    let policy = Policy {
        attempts: 2,
        saved: 1_000,
        first_pause: Duration::from_millis(1),
        ..Policy::default()
    };
    let upstream = connect(remote.upstream(), policy, super::world::chance());
    for code in [Code::Aborted, Code::Unavailable] {
        peers[0].is_now(Manner::Refuses(code, "not here"));
        for n in 0..50 {
            assert_eq!(call(&upstream, READ).await.code, Code::Ok, "{n}");
        }
    }
    assert!(peers[0].calls() > 20, "{}", peers[0].calls());
}

#[tokio::test]
async fn a_request_that_was_not_carried_out_goes_elsewhere_at_once() {
    let mut world = World::new();
    world.settings.wait_ms = 200;
    let peers = world.peers::<2>();
    let remote = world.to(&peers).await;
    peers[0].is_now(Manner::Disowns);
    for n in 0..100 {
        assert_eq!(call(&remote.upstream(), TYPING).await.code, Code::Ok, "{n}");
    }
    assert!(peers[0].calls() > 20, "{}", peers[0].calls());
    peers[1].is_now(Manner::Disowns);
    assert_eq!(call(&remote.upstream(), TYPING).await.code, Code::Unavailable);
}

#[tokio::test]
async fn headers_of_the_connection_that_a_call_came_by_do_not_stop_it() {
    let world = World::new();
    let peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    let mut request = request(TYPING);
    for (name, value) in [
        ("connection", "keep-alive"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("transfer-encoding", "chunked"),
    ] {
        request.headers_mut().insert(name, value.parse().expect("a value"));
    }
    assert_eq!(send(&remote.upstream(), request).await.code, Code::Ok);
}

#[tokio::test]
async fn settings_and_endpoints_are_checked() {
    let world = World::new();
    let refused = |endpoints: &[&str]| {
        let endpoints: Vec<String> = endpoints.iter().map(|text| (*text).to_owned()).collect();
        let (identity, spawn) = (world.identity("gateway"), world.spawn());
        let chance = super::world::chance();
        let made = onqueue_client::Remote::new("session", &endpoints, identity, &world.settings, spawn, chance);
        made.err().map(|fault| fault.metadata)
    };
    let named = Some(vec![("field", "clients.session".to_owned())]);
    assert_eq!(refused(&[]), named);
    assert_eq!(refused(&["session"]), named);
    assert_eq!(refused(&["127.0.0.1:1"]), None);
}
