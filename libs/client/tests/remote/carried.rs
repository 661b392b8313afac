//! Calls that share one stream: as good as those that have one each, and nobody notices which it was.

use crate::{
    peer::Manner,
    world::{Answer, PATIENCE, READ, TYPING, WATCH, World, request, send},
};
use bytes::Bytes;
use futures::{
    FutureExt as _,
    future::{BoxFuture, join_all},
};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use onqueue_client::Remote;
use onqueue_proto::carrier;
use onqueue_testkit::{
    server::{InProcess, Tasks, listener},
    until,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{net::TcpListener, sync::watch, time::timeout};
use tokio_rustls::TlsAcceptor;
use tonic::{Code, Status, body::Body};
use tower::{ServiceExt as _, service_fn};

/// One connection at a time: what is carried by it is then all that is carried.
fn one() -> World {
    let mut world = World::new();
    world.settings.connections = 1;
    world
}

/// Counts how many are there.
struct Here(Arc<AtomicUsize>);

impl Here {
    fn enter(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A peer that answers by `answer`.
struct Peer {
    address: SocketAddr,
    tasks: Tasks,
}

impl Peer {
    async fn start<F>(world: &World, answer: F) -> Self
    where
        F: Fn(Request<Body>) -> BoxFuture<'static, Response<Body>> + Clone + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let (address, tasks) = (listener.local_addr().expect("bound"), Tasks::new());
        let service = InProcess::new(service_fn(move |request| answer(request).map(Ok::<_, Status>)));
        let (identity, limits) = (world.identity("session"), listener::Limits::internal());
        listener::serve_peers(listener, service, identity, limits, &tasks, || 0.5);
        Self { address, tasks }
    }
}

fn ok(body: impl Into<Bytes>) -> Response<Body> {
    let trailers = HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let body = Full::new(body.into()).with_trailers(std::future::ready(Some(Ok(trailers))));
    Response::new(Body::new(body))
}

/// Only what has a stream of its own says which host it asks for.
fn is_carried<B>(request: &Request<B>) -> bool {
    request.uri().host().is_none()
}

/// Says how each call came.
fn way(request: Request<Body>) -> BoxFuture<'static, Response<Body>> {
    let carried = is_carried(&request);
    async move {
        let body = request.into_body().collect().await.expect("all of it").to_bytes();
        ok(format!("{} {}", if carried { "carried" } else { "apart" }, body.len()))
    }
    .boxed()
}

/// One that calls are carried to.
async fn carrying(world: &World, peer: &Peer) -> Remote {
    let remote = world.remote([peer.address]);
    until("calls are carried", PATIENCE, async || {
        let answer = send(&remote.upstream(), request("/onqueue.session.v1.New/Way")).await;
        answer.text.starts_with("carried")
    })
    .await;
    remote
}

fn numbered(path: &str, n: usize) -> Request<Body> {
    let mut request = request(path);
    request.headers_mut().insert("x-number", HeaderValue::from(n));
    request
}

fn number(request: &Request<Body>) -> Option<usize> {
    request.headers().get("x-number")?.to_str().ok()?.parse().ok()
}

/// How things are at a peer where calls wait for their turn.
#[derive(Clone)]
struct Turns {
    here: Arc<AtomicUsize>,
    carried: Arc<AtomicUsize>,
    /// Whose it is.
    turn: Arc<watch::Sender<usize>>,
}

impl Turns {
    fn new(first: usize) -> Self {
        Self {
            here: Arc::default(),
            carried: Arc::default(),
            turn: Arc::new(watch::channel(first).0),
        }
    }

    fn here(&self) -> usize {
        self.here.load(Ordering::SeqCst)
    }

    fn answer(self, request: Request<Body>) -> BoxFuture<'static, Response<Body>> {
        let Some(own) = number(&request) else {
            return way(request);
        };
        async move {
            let _here = Here::enter(&self.here);
            self.carried
                .fetch_add(usize::from(is_carried(&request)), Ordering::SeqCst);
            let mut turns = self.turn.subscribe();
            turns.wait_for(|turn| *turn <= own).await.expect("it comes");
            if own > 0 {
                self.turn.send_replace(own);
            }
            ok(own.to_string())
        }
        .boxed()
    }

    async fn peer(&self, world: &World) -> Peer {
        let turns = self.clone();
        Peer::start(world, move |request| turns.clone().answer(request)).await
    }
}

#[tokio::test]
async fn hundreds_of_calls_are_answered_in_any_order() {
    const CALLS: usize = 700;
    let (world, turns) = (one(), Turns::new(CALLS));
    let peer = turns.peer(&world).await;
    let remote = carrying(&world, &peer).await;
    let upstream = remote.upstream();
    let calls = join_all((0..CALLS).map(|n| send(&upstream, numbered(TYPING, n))));
    let backwards = async {
        until("all are there", PATIENCE, async || turns.here() == CALLS).await;
        for n in (0..CALLS).rev() {
            turns.turn.send_replace(n);
            until("it has gone", PATIENCE, async || turns.here() <= n).await;
        }
    };
    let (answers, ()) = tokio::join!(calls, backwards);
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!((answer.code, &*answer.text), (Code::Ok, &*n.to_string()));
    }
    assert_eq!(turns.carried.load(Ordering::SeqCst), CALLS);
}

#[tokio::test]
async fn who_leaves_is_noticed_and_the_others_stay() {
    let (world, turns) = (one(), Turns::new(usize::MAX));
    let peer = turns.peer(&world).await;
    let remote = carrying(&world, &peer).await;
    let upstream = remote.upstream();
    let staying = tokio::spawn({
        let upstream = upstream.clone();
        async move { send(&upstream, numbered(TYPING, 1)).await.code }
    });
    let leaving = join_all((0..200).map(|_| upstream.clone().oneshot(numbered(READ, 2))));
    tokio::select! {
        _ = leaving => unreachable!("nothing answers"),
        () = until("all are there", PATIENCE, async || turns.here() == 201) => {}
    }
    until("they have gone", PATIENCE, async || turns.here() == 1).await;
    turns.turn.send_replace(0);
    assert_eq!(staying.await.expect("no panic"), Code::Ok);
}

#[tokio::test]
async fn what_is_on_its_way_is_lost_with_the_connection() {
    let world = one();
    let mut peers = world.peers::<1>();
    let remote = world.to(&peers).await;
    let known = Arc::clone(&peers[0].known);
    until("calls are carried", PATIENCE, async || {
        send(&remote.upstream(), request(TYPING)).await;
        known.carried.load(Ordering::SeqCst) > 0
    })
    .await;
    peers[0].is_now(Manner::Hangs);
    let upstream = remote.upstream();
    let calls = join_all((0..200).map(|_| send(&upstream, request(TYPING))));
    let killed = async {
        until("all are there", PATIENCE, async || peers[0].open() == 200).await;
        peers[0].kill();
    };
    let (answers, ()) = timeout(PATIENCE, async { tokio::join!(calls, killed) })
        .await
        .expect("nobody waits");
    assert!(answers.iter().all(|answer| answer.code == Code::Unavailable));
    assert!(known.carried.load(Ordering::SeqCst) >= 200);
}

#[tokio::test]
async fn what_is_on_its_way_is_finished_in_a_drain() {
    let (world, turns) = (one(), Turns::new(usize::MAX));
    let peer = turns.peer(&world).await;
    let remote = carrying(&world, &peer).await;
    let upstream = remote.upstream();
    let calls = join_all((0..200).map(|_| send(&upstream, numbered(TYPING, 1))));
    let drained = async {
        until("all are there", PATIENCE, async || turns.here() == 200).await;
        peer.tasks.drain();
        until("it takes no more", PATIENCE, async || !remote.is_connected()).await;
        turns.turn.send_replace(0);
        assert!(peer.tasks.finish(PATIENCE).await, "its connections end by themselves");
    };
    let (answers, ()) = tokio::join!(calls, drained);
    assert!(answers.iter().all(|answer| answer.code == Code::Ok));
}

#[tokio::test]
async fn what_is_large_or_a_stream_goes_another_way() {
    let world = one();
    let peer = Peer::start(&world, way).await;
    let remote = carrying(&world, &peer).await;
    for (path, size, expected) in [
        (TYPING, 0, "carried 0"),
        (TYPING, 100_000, "carried 100000"),
        (TYPING, 200_000, "apart 200000"),
        (WATCH, 5, "apart 5"),
        ("/grpc.health.v1.Health/Check", 5, "apart 5"),
        ("/onqueue.session.v9.Unheard/Of", 5, "carried 5"),
    ] {
        let body = Body::new(Full::new(Bytes::from(vec![1; size])));
        let asked = Request::post(path).body(body).expect("a request");
        assert_eq!(send(&remote.upstream(), asked).await.text, expected, "{path}");
    }
    let mut long = request(TYPING);
    let name = "x-long".repeat(50).parse::<http::HeaderName>().expect("a name");
    long.headers_mut().insert(name, HeaderValue::from_static("x"));
    assert_eq!(send(&remote.upstream(), long).await.text, "apart 5");
}

#[tokio::test]
async fn large_answers_come_whole_and_hold_up_nobody() {
    let world = one();
    let peer = Peer::start(&world, |request| match number(&request) {
        Some(size) => async move { ok("x".repeat(size)) }.boxed(),
        None => way(request),
    })
    .await;
    let remote = carrying(&world, &peer).await;
    let upstream = remote.upstream();
    let sizes = || (0..60).map(|n| if n % 10 == 0 { 2_000_000 } else { n });
    let answers = join_all(sizes().map(|size| send(&upstream, numbered(READ, size)))).await;
    for (answer, size) in answers.iter().zip(sizes()) {
        assert_eq!((answer.code, answer.text.len()), (Code::Ok, size));
    }
    let more_than_one_may_be = send(&upstream, numbered(READ, carrier::LARGEST_ANSWER)).await;
    assert_eq!(more_than_one_may_be.code, Code::Unavailable);
    assert_eq!(send(&upstream, numbered(READ, 1)).await.code, Code::Ok);
}

#[tokio::test]
async fn more_than_one_stream_carries_find_another_way() {
    const CALLS: usize = carrier::MOST_CALLS + 500;
    // Fewer than would fill the queue while nothing is written.
    const AT_ONCE: usize = 2_000;
    let (world, turns) = (one(), Turns::new(usize::MAX));
    let peer = turns.peer(&world).await;
    let remote = carrying(&world, &peer).await;
    let upstream = remote.upstream();
    let in_turn = (0..CALLS).map(|n| {
        let (turns, upstream) = (&turns, &upstream);
        async move {
            let before = n / AT_ONCE * AT_ONCE;
            until("those before are there", PATIENCE, async || turns.here() >= before).await;
            send(upstream, numbered(TYPING, 1)).await
        }
    });
    let calls = join_all(in_turn);
    let all = async {
        until("all are there", PATIENCE, async || turns.here() == CALLS).await;
        turns.turn.send_replace(0);
    };
    let (answers, ()) = tokio::join!(calls, all);
    assert!(answers.iter().all(|answer| answer.code == Code::Ok));
    assert_eq!(turns.carried.load(Ordering::SeqCst), carrier::MOST_CALLS);
}

#[tokio::test]
async fn a_panic_is_its_own_calls_matter() {
    let world = one();
    let peer = Peer::start(&world, |request| match number(&request) {
        Some(_) => async { panic!("expected by a test") }.boxed(),
        None => way(request),
    })
    .await;
    let remote = carrying(&world, &peer).await;
    let upstream = remote.upstream();
    let (panics, answered) = tokio::join!(send(&upstream, numbered(TYPING, 1)), send(&upstream, request(TYPING)));
    assert_eq!((panics.code, answered.code), (Code::Unavailable, Code::Ok));
    assert_eq!(send(&upstream, request(TYPING)).await.text, "carried 5");
}

/// What a bare peer says when it is asked to carry calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// That it has never heard of that.
    Unheard,
    /// Nothing.
    Nothing,
    /// Something that is no frame.
    Nonsense,
    /// That it does, and then the end.
    Goodbye,
}

/// A peer of another release: HTTP/2 without anything around it.
async fn bare(world: &World, says: Says) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (address, identity) = (listener.local_addr().expect("bound"), world.identity("session"));
    tokio::spawn(async move {
        while let Ok((io, _)) = listener.accept().await {
            let io = TlsAcceptor::from(identity.server()).accept(io).await.expect("shaken");
            tokio::spawn(async move {
                let handshake = h2::server::Builder::new().max_concurrent_streams(16_384).handshake(io);
                let mut connection = handshake.await.expect("HTTP/2");
                let mut kept = Vec::new();
                while let Some(Ok((request, mut answer))) = connection.accept().await {
                    if request.uri().path() == carrier::PATH {
                        answer_carrier(&mut answer, says);
                        kept.push((request, answer));
                    } else {
                        let told = Response::builder().header("grpc-status", "0");
                        let _ = answer.send_response(told.body(()).expect("a response"), true);
                    }
                }
            });
        }
    });
    address
}

fn answer_carrier(answer: &mut h2::server::SendResponse<Bytes>, says: Says) {
    let told = match says {
        Says::Nothing => return,
        Says::Unheard => Response::builder().header("grpc-status", "12"),
        Says::Nonsense | Says::Goodbye => Response::builder().header("content-type", carrier::CONTENT_TYPE),
    };
    let is_all = matches!(says, Says::Unheard | Says::Goodbye);
    let stream = answer.send_response(told.body(()).expect("a response"), is_all);
    if says == Says::Nonsense {
        let nonsense = Bytes::from_static(b"\0\0\0\x05what?");
        stream.expect("begun").send_data(nonsense, false).expect("sent");
    }
}

#[tokio::test]
async fn peers_that_do_not_carry_are_called_as_ever() {
    let world = one();
    for says in [Says::Unheard, Says::Nothing, Says::Nonsense, Says::Goodbye] {
        let remote = world.remote([bare(&world, says).await]);
        let upstream = remote.upstream();
        let mut failed = 0;
        for _ in 0..100 {
            let answer: Answer = timeout(PATIENCE, send(&upstream, request(TYPING)))
                .await
                .expect("answered");
            failed += usize::from(answer.code != Code::Ok);
        }
        // A call that was under way when the nonsense came is lost.
        assert!(
            failed == 0 || matches!(says, Says::Nonsense | Says::Goodbye) && failed <= 4,
            "{says:?} {failed}"
        );
    }
}
