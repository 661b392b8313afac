//! Two replicas of session, each of which may die at any moment, behind one door.
#![allow(clippy::disallowed_methods)] // What is measured from outside is measured by another clock, and replicas die.

mod world;

use http::Request;
use onqueue_client::{Remote, Settings, Spawn};
use onqueue_credentials::{Identity, authority};
use onqueue_model::Reason;
use onqueue_proto::{
    gateway::v1::{WatchRequest, desk_service_client::DeskServiceClient, watch_response::Frame},
    session::v1::{
        Conversation, Event, MineAdded, WatchMineResponse, WatchRequest as Follow, WatchResponse,
        watch_mine_response::Frame as MineFrame, watch_response::Frame as OfConversation,
    },
};
use onqueue_server::{Tasks, listener};
use onqueue_testkit::{running_context, with_token};
use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, runtime::Runtime, sync::mpsc, time::timeout};
use tonic::{Code, Streaming, body::Body, transport::Endpoint};
use tower::ServiceExt as _;
use world::{CONVERSATION, Call, PATIENCE, Sender, World, id, played, wire::Http2};

const SEEN_AGAIN: Duration = Duration::from_secs(2);

/// A process as far as its sockets tell.
struct Replica {
    address: SocketAddr,
    calls: mpsc::Receiver<Call>,
    process: Option<Runtime>,
}

impl Replica {
    fn start(folder: &Path) -> Self {
        let process = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let identity = Identity::load(folder, "session").expect("an identity");
        let (calls, received) = mpsc::channel(64);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("non-blocking");
        let address = listener.local_addr().expect("bound");
        let _entered = process.enter();
        let listener = TcpListener::from_std(listener).expect("a listener");
        let limits = listener::Limits::internal();
        listener::serve_peers(listener, played(calls), identity, limits, &Tasks::new(), || 0.5);
        Self {
            address,
            calls: received,
            process: Some(process),
        }
    }

    /// All its sockets are closed from one moment to the next.
    fn die(&mut self) {
        self.process.take().expect("alive").shutdown_background();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.shutdown_background();
        }
    }
}

struct Pair {
    world: World,
    replicas: [Replica; 2],
    /// Streams that nobody asked for, on which nothing comes.
    idle: Vec<Sender>,
    remote: Remote,
    _folder: tempfile::TempDir,
}

impl Pair {
    async fn start(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        authority::make(folder.path(), 1).expect("certificates");
        let replicas = [Replica::start(folder.path()), Replica::start(folder.path())];
        let context = running_context(seed);
        let (tasks, ids) = (context.tasks.clone(), context.ids.clone());
        let spawn: Spawn = Arc::new(move |work| tasks.aside("connections", work));
        let endpoints = replicas.each_ref().map(|replica| replica.address.to_string());
        let identity = Identity::load(folder.path(), "gateway").expect("an identity");
        let chance = Arc::new(move || ids.chance());
        let remote = Remote::new("session", &endpoints, identity, &Settings::default(), spawn, chance);
        let remote = remote.expect("a remote");
        timeout(PATIENCE, remote.connected()).await.expect("connects");
        let world = World::with_session(remote.upstream(), context).await;
        let mut pair = Self {
            world,
            replicas,
            idle: Vec::new(),
            remote,
            _folder: folder,
        };
        timeout(PATIENCE, pair.meet()).await.expect("reaches both");
        pair
    }

    /// Calls without an affinity until either has got one: before, calls of one conversation may go now here, now there.
    async fn meet(&mut self) {
        let mut met = [false; 2];
        while met != [true; 2] {
            let path = format!("{CONVERSATION}/ListConversations");
            let request = Request::post(path).body(Body::empty()).expect("a request");
            let upstream = self.remote.upstream();
            let (answer, at) = tokio::join!(upstream.oneshot(request), async {
                let (at, call) = self.call_of("/ListConversations").await;
                call.answer_bytes(b"");
                at
            });
            answer.expect("an answer");
            met[at] = true;
        }
    }

    /// The next call of this rpc at either replica, and at which.
    async fn call_of(&mut self, path: &str) -> (usize, Call) {
        loop {
            let [one, other] = &mut self.replicas;
            let arrived = async {
                tokio::select! {
                    Some(call) = one.calls.recv() => (0, call),
                    Some(call) = other.calls.recv() => (1, call),
                }
            };
            let (at, call) = timeout(PATIENCE, arrived).await.expect("a call arrives");
            if call.path.ends_with(path) {
                return (at, call);
            }
            self.idle.push(call.stream());
        }
    }
}

fn added() -> WatchMineResponse {
    let conversation = Conversation {
        conversation_id: id(10).to_string(),
        ..Conversation::default()
    };
    let added = MineAdded {
        conversation: Some(conversation),
        cursor: "c0".to_owned(),
    };
    WatchMineResponse {
        frame: Some(MineFrame::Added(added)),
    }
}

fn event(sequence: i64) -> WatchResponse {
    WatchResponse {
        frame: Some(OfConversation::Event(Event {
            sequence,
            ..Event::default()
        })),
        cursor: format!("c{sequence}"),
    }
}

/// The number of the next event on a desk.
async fn next_event(frames: &mut Streaming<onqueue_proto::gateway::v1::WatchResponse>) -> i64 {
    loop {
        let message = timeout(PATIENCE, frames.message()).await.expect("a frame comes");
        let frame = message.expect("no error").expect("not the end").frame;
        if let Some(Frame::Conversation(of)) = frame
            && let Some(OfConversation::Event(event)) = of.frame.and_then(|frame| frame.frame)
        {
            return event.sequence;
        }
    }
}

#[tokio::test]
async fn a_desk_does_not_notice_that_a_replica_dies() {
    for seed in 40..44 {
        let mut pair = Pair::start(seed).await;
        let token = pair.world.user(&[]);
        let channel = Endpoint::from_shared(format!("http://{}", pair.world.address)).expect("an address");
        let mut client = DeskServiceClient::new(channel.connect_lazy());
        let opened = client.watch(with_token(WatchRequest::default(), &token)).await;
        let mut frames = opened.expect("opens").into_inner();
        let mine = pair.call_of("/WatchMine").await.1.stream();
        mine.send(&added()).await;
        let (at, watch) = pair.call_of("/Watch").await;
        let watch = watch.stream();
        watch.send(&event(1)).await;
        assert_eq!(next_event(&mut frames).await, 1);

        pair.replicas[at].die();
        let died = Instant::now();
        let (other, again) = pair.call_of("/Watch").await;
        assert_ne!(other, at);
        assert_eq!(again.message::<Follow>().cursor, "c1");
        let again = again.stream();
        again.send(&event(2)).await;
        assert_eq!(next_event(&mut frames).await, 2);
        assert!(died.elapsed() < SEEN_AGAIN, "{:?}", died.elapsed());
    }
}

#[tokio::test]
async fn a_stream_says_at_once_that_its_replica_died_and_no_call_fails() {
    let mut pair = Pair::start(50).await;
    let (client, token) = (
        Http2::connect(pair.world.address).await,
        format!("Bearer {}", pair.world.guest()),
    );
    let authorized = [("authorization", token.as_str())];
    let (watch, send) = (format!("{CONVERSATION}/Watch"), format!("{CONVERSATION}/SendMessage"));
    let (mut answer, (at, stream)) = tokio::join!(client.call(&watch, &authorized, b""), async {
        let (at, call) = pair.call_of("/Watch").await;
        let stream = call.stream();
        stream.send(&event(1)).await;
        (at, stream)
    });
    assert!(answer.data().await.is_some());

    let died = Instant::now();
    // Fewer than a guest may send at once.
    for number in 0..9 {
        let (answer, ()) = tokio::join!(client.call(&send, &authorized, b""), async {
            let (here, call) = pair.call_of("/SendMessage").await;
            if number > 0 {
                assert_ne!(here, at);
                return call.answer_bytes(b"");
            }
            assert_eq!(here, at, "where the stream is");
            pair.replicas[at].die();
            pair.call_of("/SendMessage").await.1.answer_bytes(b"");
        });
        assert_eq!(answer.rest().await.1.code, Code::Ok, "call {number}");
    }
    let told = answer.rest().await.1;
    assert_eq!((told.code, told.reason), (Code::Unavailable, Some(Reason::Unavailable)));
    let (mut resumed, _stream) = tokio::join!(client.call(&watch, &authorized, b""), async {
        let (other, call) = pair.call_of("/Watch").await;
        assert_ne!(other, at);
        let stream = call.stream();
        stream.send(&event(2)).await;
        stream
    });
    assert!(resumed.data().await.is_some());
    assert!(died.elapsed() < SEEN_AGAIN, "{:?}", died.elapsed());
    drop(stream);
}
