//! The listener as raw sockets see it.
#![allow(clippy::disallowed_methods)] // What is measured from outside is measured by another clock.

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use futures::stream;
use onqueue_server::{Tasks, in_process, listener};
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

const PATIENCE: Duration = Duration::from_secs(10);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

async fn serving(limits: listener::Limits) -> (SocketAddr, Tasks) {
    serving_app(limits, Router::new().route("/", get(|| async { "answered" }))).await
}

async fn serving_app(limits: listener::Limits, app: Router) -> (SocketAddr, Tasks) {
    let tasks = Tasks::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    listener::serve(listener, in_process(app), limits, &tasks, || 0.5);
    (address, tasks)
}

async fn connected(address: SocketAddr, said: &[u8]) -> TcpStream {
    let mut io = TcpStream::connect(address).await.expect("connected");
    io.write_all(said).await.expect("written");
    io
}

/// Everything up to the end of the connection.
async fn rest(mut io: TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    let end = timeout(PATIENCE, io.read_to_end(&mut read)).await;
    // A reset is an end too.
    let _ = end.expect("the connection ends");
    read
}

#[tokio::test]
async fn whoever_the_machine_let_in_before_the_door_closed_is_served() {
    let (address, tasks) = serving(listener::Limits::default()).await;
    // The listener is not asked in between: all of these wait with the machine.
    let waiting: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut io = std::net::TcpStream::connect(address).expect("connected");
            std::io::Write::write_all(&mut io, REQUEST).expect("written");
            io.set_nonblocking(true).expect("a socket");
            TcpStream::from_std(io).expect("a socket")
        })
        .collect();
    tasks.drain();
    for io in waiting {
        let said = String::from_utf8(rest(io).await).expect("text");
        assert!(said.ends_with("answered"), "{said:?}");
    }
    assert!(tasks.finish(PATIENCE).await);
    assert!(TcpStream::connect(address).await.is_err(), "then it is closed");
}

#[tokio::test]
async fn who_does_not_say_which_http_is_not_waited_for() {
    let limits = listener::Limits {
        first_words_ms: 100,
        ..listener::Limits::default()
    };
    let (address, _) = serving(limits).await;
    for said in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r"] {
        let read = rest(connected(address, said).await).await;
        assert_eq!(read, b"", "{said:?}");
    }
}

#[tokio::test]
async fn first_words_may_come_in_pieces() {
    let (address, _) = serving(listener::Limits::default()).await;
    for (words, expected) in [(REQUEST, &b"HTTP/1.1 200"[..]), (PREFACE, b"\0\0")] {
        let mut io = connected(address, b"").await;
        io.set_nodelay(true).expect("set");
        for byte in words {
            io.write_all(&[*byte]).await.expect("written");
            tokio::task::yield_now().await;
        }
        let mut answer = vec![0; expected.len()];
        timeout(PATIENCE, io.read_exact(&mut answer))
            .await
            .expect("answered")
            .expect("read");
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn a_silent_connection_does_not_hold_up_the_end() {
    let (address, tasks) = serving(listener::Limits::default()).await;
    let mut answered = connected(address, REQUEST).await;
    let mut byte = [0];
    // Whoever connected before is accepted by now.
    let (silent, unsure) = (connected(address, b"").await, connected(address, b"P").await);
    answered.read_exact(&mut byte).await.expect("an answer");
    let mut last = connected(address, REQUEST).await;
    last.read_exact(&mut byte).await.expect("an answer");
    let began = Instant::now();
    assert!(tasks.finish(PATIENCE).await, "every connection has ended");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!((rest(silent).await, rest(unsure).await), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_reader_who_takes_nothing_holds_little() {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let endless = move || {
        let made = Arc::clone(&counted);
        let kibibytes = stream::repeat_with(move || {
            made.fetch_add(1024, Ordering::Relaxed);
            Ok::<_, Infallible>(Bytes::from_static(&[0; 1024]))
        });
        async { Body::from_stream(kibibytes) }
    };
    let (address, _tasks) = serving_app(listener::Limits::default(), Router::new().route("/", get(endless))).await;
    // A stream that gets no more room than HTTP/2 gives at first: 65,535 bytes.
    let get = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x";
    let mut io = connected(address, &[PREFACE, get].concat()).await;
    let mut window = vec![0; 65_535];
    io.read_exact(&mut window).await.expect("as much as it may send");
    let mut before = 0;
    while before != made.load(Ordering::Relaxed) {
        before = made.load(Ordering::Relaxed);
        sleep(Duration::from_millis(200)).await;
    }
    assert!(
        (65_535..200_000).contains(&before),
        "{before} bytes were made for nobody"
    );
}
