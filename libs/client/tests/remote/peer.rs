//! The other side: a service of ours in a thread that stands for its process.

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _, stream};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use onqueue_credentials::Identity;
use onqueue_testkit::server::{InProcess, Tasks, listener};
use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};
use tokio::{net::TcpListener, sync::watch};
use tonic::{Code, Status, body::Body};
use tower::{service_fn, util::BoxCloneSyncService};

/// The bytes of a message of a flood.
pub const FLOOD: usize = 16 * 1024;

/// What a peer does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// One message back, which names the peer.
    Answers,
    /// That status.
    Refuses(Code, &'static str),
    /// The promise of HTTP/2 that nothing has been done.
    Disowns,
    /// Nothing, for ever.
    Hangs,
    /// One message at once, and another each time that something is said, for ever.
    Streams,
    /// As much as is taken.
    Floods,
    /// The message, and then neither more nor an end.
    Stalls,
}

/// What is known of a peer.
pub struct Known {
    pub manner: watch::Sender<Manner>,
    /// What streams say.
    pub said: watch::Sender<u64>,
    /// How often streams have said something, floods among them.
    pub told: AtomicUsize,
    pub calls: AtomicUsize,
    /// Those among them that had no stream of their own.
    pub carried: AtomicUsize,
    pub open: AtomicUsize,
    /// Where calls came from: one for each connection.
    pub sources: Mutex<HashSet<SocketAddr>>,
    pub timeouts: Mutex<Vec<String>>,
}

/// A peer; killed when it is dropped.
pub struct Peer {
    pub address: SocketAddr,
    pub known: Arc<Known>,
    tasks: Tasks,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    pause: tokio::sync::mpsc::Sender<mpsc::Receiver<()>>,
}

impl Peer {
    pub fn calls(&self) -> usize {
        self.known.calls.load(Ordering::SeqCst)
    }

    pub fn open(&self) -> usize {
        self.known.open.load(Ordering::SeqCst)
    }

    pub fn sources(&self) -> usize {
        self.known.sources.lock().expect("sources").len()
    }

    pub fn is_now(&self, manner: Manner) {
        self.known.manner.send_replace(manner);
    }

    /// As SIGTERM does.
    pub fn drain(&self) {
        self.tasks.drain();
    }

    /// As SIGKILL does.
    pub fn kill(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the peer ended");
        }
    }

    /// As SIGSTOP does, until what is given back is dropped.
    pub async fn pause(&self) -> mpsc::SyncSender<()> {
        let (go_on, paused) = mpsc::sync_channel(0);
        self.pause.send(paused).await.expect("the peer is there");
        go_on
    }

    /// At a port of its own, or at that address.
    pub fn start(identity: Identity, at: Option<SocketAddr>, limits: listener::Limits) -> Self {
        let at = at.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let known = Arc::new(Known {
            manner: watch::channel(Manner::Answers).0,
            said: watch::channel(0).0,
            told: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            carried: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            sources: Mutex::default(),
            timeouts: Mutex::default(),
        });
        let (tasks, service) = (Tasks::new(), Arc::clone(&known));
        let (end, ended) = tokio::sync::oneshot::channel();
        let (pause, mut pauses) = tokio::sync::mpsc::channel::<mpsc::Receiver<()>>(1);
        let (bound, address) = mpsc::sync_channel(1);
        let of_thread = tasks.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::bind(at).await.expect("the address is free");
                bound.send(listener.local_addr().expect("bound")).expect("waited for");
                let called = called(service, listener.local_addr().expect("bound"));
                listener::serve_peers(listener, called, identity, limits, &of_thread, || 0.5);
                let ended = ended.fuse();
                tokio::pin!(ended);
                loop {
                    tokio::select! {
                        _ = &mut ended => return,
                        Some(paused) = pauses.recv() => drop(paused.recv()),
                    }
                }
            });
        });
        Self {
            address: address.recv().expect("bound"),
            known,
            tasks,
            end: Some(end),
            thread: Some(thread),
            pause,
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn called(known: Arc<Known>, address: SocketAddr) -> InProcess {
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let known = Arc::clone(&known);
        async move { answer(known, address, request).await }
    }))
}

/// Counts a call as open.
struct Open(Arc<Known>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

// The library gives it by value.
#[allow(clippy::result_large_err)]
async fn answer(known: Arc<Known>, address: SocketAddr, request: Request<Body>) -> Result<Response<Body>, Status> {
    known.calls.fetch_add(1, Ordering::SeqCst);
    // Only what has a stream of its own says which host it asks for.
    let carried = usize::from(request.uri().host().is_none());
    known.carried.fetch_add(carried, Ordering::SeqCst);
    known.open.fetch_add(1, Ordering::SeqCst);
    let open = Open(Arc::clone(&known));
    if let Some(remote) = request.extensions().get::<listener::Remote>() {
        known.sources.lock().expect("sources").insert(remote.0);
    }
    if let Some(timeout) = request.headers().get("grpc-timeout") {
        let timeout = timeout.to_str().expect("text").to_owned();
        known.timeouts.lock().expect("timeouts").push(timeout);
    }
    let manner = *known.manner.borrow();
    let asked = request.into_body().collect().await.map(|body| body.to_bytes());
    assert!(manner == Manner::Streams || asked.is_ok_and(|asked| asked == "asked"));
    let name = message(&address.to_string());
    let body = match manner {
        Manner::Answers => StreamBody::new(stream::iter([name, trailers()]).boxed()),
        Manner::Refuses(code, text) => return Ok(Status::new(code, text).into_http()),
        Manner::Disowns => return Err(disowned()),
        Manner::Hangs => std::future::pending().await,
        Manner::Stalls => StreamBody::new(holding(open, stream::iter([name]).chain(stream::pending())).boxed()),
        Manner::Floods => {
            let much = std::iter::repeat_with(move || {
                known.told.fetch_add(1, Ordering::SeqCst);
                message(&"much".repeat(FLOOD / 4))
            });
            StreamBody::new(holding(open, stream::iter(much)).boxed())
        }
        Manner::Streams => {
            let said = known.said.subscribe();
            let more = stream::unfold((said, known), async |(mut said, known)| {
                said.changed().await.ok()?;
                known.told.fetch_add(1, Ordering::SeqCst);
                let text = said.borrow_and_update().to_string();
                Some((message(&text), (said, known)))
            });
            StreamBody::new(holding(open, stream::iter([name]).chain(more)).boxed())
        }
    };
    let answer = Response::builder().header("content-type", "application/grpc");
    Ok(answer.body(Body::new(body)).expect("a response"))
}

fn disowned() -> Status {
    let mut status = Status::unavailable("");
    status.set_source(Arc::new(h2::Error::from(h2::Reason::REFUSED_STREAM)));
    status
}

/// The same, with something that lives as long.
fn holding<T>(
    held: impl Send + 'static,
    frames: impl futures::Stream<Item = T> + Send + 'static,
) -> impl futures::Stream<Item = T> + Send + 'static {
    frames.map(move |frame| {
        let _ = &held;
        frame
    })
}

fn message(text: &str) -> Result<Frame<Bytes>, Status> {
    Ok(Frame::data(Bytes::from(text.to_owned())))
}

fn trailers() -> Result<Frame<Bytes>, Status> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    Ok(Frame::trailers(trailers))
}
