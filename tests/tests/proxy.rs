//! The fault proxy does what the scenarios rely on.
#![allow(clippy::disallowed_methods)]

use onqueue_testkit::until;
use onqueue_tests::proxy::{Proxy, Way, Weather};
use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const SOON: Duration = Duration::from_secs(5);

/// Says back what it hears, one write for each read.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn connected() -> (Proxy, TcpStream) {
    let proxy = Proxy::start(echo().await).await.expect("starts");
    let mut stream = TcpStream::connect(proxy.address).await.expect("connects");
    stream.set_nodelay(true).expect("no delay");
    assert_eq!(round(&mut stream, b"hello").await, b"hello");
    (proxy, stream)
}

/// Sends bytes and waits for as many.
async fn round(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.write_all(bytes).await.expect("writes");
    let mut back = vec![0; bytes.len()];
    timeout(SOON, stream.read_exact(&mut back))
        .await
        .expect("in time")
        .expect("reads");
    back
}

#[tokio::test]
async fn delay_holds_for_each_direction() {
    let (proxy, mut stream) = connected().await;
    let slow = Way {
        delay: Duration::from_millis(100),
        ..Way::default()
    };
    for (weather, least) in [
        (
            Weather {
                to_server: slow,
                ..Weather::default()
            },
            100,
        ),
        (
            Weather {
                to_client: slow,
                ..Weather::default()
            },
            100,
        ),
        (Weather::both(slow), 200),
    ] {
        proxy.set(weather);
        let began = Instant::now();
        round(&mut stream, b"later").await;
        assert!(
            began.elapsed() >= Duration::from_millis(least),
            "{weather:?}: {:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn slices_arrive_whole_and_in_order() {
    let (proxy, mut stream) = connected().await;
    proxy.set(Weather::both(Way {
        slice: Some(3),
        ..Way::default()
    }));
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    assert_eq!(round(&mut stream, &bytes).await, bytes);
}

#[tokio::test]
async fn a_narrow_way_takes_its_time() {
    let (proxy, mut stream) = connected().await;
    let narrow = Way {
        bandwidth: Some(10_000),
        slice: Some(500),
        ..Way::default()
    };
    proxy.set(Weather {
        to_server: narrow,
        ..Weather::default()
    });
    let began = Instant::now();
    round(&mut stream, &[7; 2_000]).await;
    assert!(began.elapsed() >= Duration::from_millis(150), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_half_open_connection_is_silent_until_it_is_not() {
    let (proxy, mut stream) = connected().await;
    proxy.set(Weather::silent());
    stream.write_all(b"into the hole").await.expect("nobody is told");
    let mut back = [0; 13];
    let silence = timeout(Duration::from_millis(200), stream.read_exact(&mut back)).await;
    assert!(silence.is_err(), "nothing arrives and nothing ends");
    proxy.set(Weather::default());
    timeout(SOON, stream.read_exact(&mut back))
        .await
        .expect("in time")
        .expect("what was held arrives");
    assert_eq!(&back, b"into the hole");
}

#[tokio::test]
async fn reset_cuts_both_sides_and_new_connections_work() {
    let (proxy, mut stream) = connected().await;
    proxy.reset();
    let cut = timeout(SOON, stream.read(&mut [0; 1])).await.expect("in time");
    assert_eq!(
        cut.expect_err("reset, not closed in order").kind(),
        ErrorKind::ConnectionReset
    );
    until("the connection to be gone", SOON, async || proxy.connections() == 0).await;
    let mut stream = TcpStream::connect(proxy.address).await.expect("connects");
    assert_eq!(round(&mut stream, b"again").await, b"again");
}

#[tokio::test]
async fn an_orderly_end_goes_through() {
    let (_proxy, mut stream) = connected().await;
    stream.shutdown().await.expect("ends");
    let count = timeout(SOON, stream.read(&mut [0; 1]))
        .await
        .expect("in time")
        .expect("no reset");
    assert_eq!(count, 0);
}
