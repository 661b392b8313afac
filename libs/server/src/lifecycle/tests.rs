use super::*;
use futures::FutureExt as _;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

#[tokio::test]
async fn ready_when_the_last_latch_drops_and_not_while_draining() {
    let tasks = Tasks::new();
    let readiness = Readiness::new(&tasks);
    let (store, trust) = (readiness.latch("store"), readiness.latch("trust"));
    assert_eq!(readiness.missing(), ["store", "trust"]);
    drop(store);
    assert_eq!(readiness.missing(), ["trust"]);
    let waits = readiness.clone();
    let (_, ()) = tokio::join!(waits.ready(), async { drop(trust) });
    assert!(readiness.missing().is_empty());
    tasks.drain();
    assert_eq!(readiness.missing(), ["draining"]);
}

#[tokio::test]
async fn ready_while_conditions_hold() {
    let readiness = Readiness::new(&Tasks::new());
    let fresh = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&fresh);
    readiness.watch("trust", move || asked.load(Ordering::Relaxed));
    assert_eq!(readiness.missing(), ["trust"]);
    let latch = readiness.latch("store");
    assert_eq!(readiness.missing(), ["store", "trust"]);
    drop(latch);
    let (ready, ()) = tokio::join!(
        tokio::time::timeout(Duration::from_secs(10), readiness.ready()),
        async { fresh.store(true, Ordering::Relaxed) }
    );
    ready.expect("it is noticed");
    fresh.store(false, Ordering::Relaxed);
    assert_eq!(readiness.missing(), ["trust"]);
}

#[tokio::test]
async fn not_ready_before_the_drain_begins() {
    let tasks = Tasks::new();
    let readiness = Readiness::new(&tasks);
    readiness.drain();
    assert_eq!(readiness.missing(), ["draining"]);
    assert!(!tasks.drain_token().is_cancelled(), "work goes on");
}

async fn asked(address: std::net::SocketAddr, path: &str) -> String {
    let mut io = TcpStream::connect(address).await.expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    io.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.expect("an answer");
    answer
}

/// What a probe of Kubernetes is answered: HTTP/2 without TLS or a certificate.
async fn probed(address: std::net::SocketAddr, name: &str) -> Result<ServingStatus, tonic::Code> {
    let way = tonic::transport::Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let request = HealthCheckRequest {
        service: name.to_owned(),
    };
    let answer = HealthClient::new(way.connect_lazy()).check(request).await;
    answer
        .map(|answer| answer.into_inner().status())
        .map_err(|status| status.code())
}

#[tokio::test]
async fn health_readiness_and_metrics_tell_the_time() {
    let (tasks, (clock, _)) = (Tasks::new(), Clock::manual(Timestamp(1_234)));
    let readiness = Readiness::new(&tasks);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let serves = serve_health(listener, Probes::new(readiness.clone(), ["session"]), clock, || {
        "onqueue_up 1\n".to_owned()
    });
    let asks = async {
        let check = async |path, begins: &str, ends: &str| {
            let answer = asked(address, path).await;
            let told = answer.contains("x-onqueue-time: 1234\r\n");
            assert!(answer.starts_with(begins) && answer.ends_with(ends) && told, "{answer}");
            answer
        };
        check("/healthz", "HTTP/1.1 200", "\r\n\r\nok\n").await;
        check("/readyz", "HTTP/1.1 200", "\r\n\r\nready\n").await;
        for name in ["", crate::READINESS, "session", crate::LIVENESS] {
            assert_eq!(probed(address, name).await, Ok(ServingStatus::Serving), "{name}");
        }
        let latch = readiness.latch("database");
        check("/readyz", "HTTP/1.1 503", "\r\n\r\nnot ready: database\n").await;
        drop(latch);
        readiness.drain();
        check("/readyz", "HTTP/1.1 503", "\r\n\r\nnot ready: draining\n").await;
        assert_eq!(probed(address, crate::READINESS).await, Ok(ServingStatus::NotServing));
        assert_eq!(probed(address, crate::LIVENESS).await, Ok(ServingStatus::Serving));
        assert_eq!(probed(address, "nobody").await, Err(tonic::Code::NotFound));
        let metrics = check("/metrics", "HTTP/1.1 200", "\r\n\r\nonqueue_up 1\n").await;
        assert!(
            metrics.contains("content-type: text/plain; version=0.0.4\r\n"),
            "{metrics}"
        );
    };
    tokio::select! {
        () = asks => {}
        ended = serves => panic!("{ended:?}"),
    }
}

#[tokio::test]
async fn the_clock_follows_what_is_told_and_goes_on_when_nothing_is() {
    let (clock, told) = (Clock::system(), AtomicI64::new(0));
    let tell = || match told.fetch_add(1, Ordering::Relaxed) {
        1 => ready(Ok(Timestamp(5_000))),
        _ => ready(Err("away")),
    };
    let asked = async {
        while told.load(Ordering::Relaxed) < 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = follow(&clock, Duration::from_millis(1), tell) => unreachable!("it never ends"),
        () = asked => {}
    }
    assert!((5_000..60_000).contains(&clock.now().millis()));
}

#[tokio::test]
async fn without_a_database_the_clock_follows_the_machine_s() {
    let (clock, tasks, machine) = (Clock::system(), Tasks::new(), Clock::system());
    clock.set(Timestamp(5_000));
    follow_machine(clock.clone(), &tasks);
    let followed = async {
        while (clock.now().millis() - machine.now().millis()).abs() > 1_000 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), followed)
        .await
        .expect("it is set right");
    assert!(tasks.finish(Duration::from_secs(10)).await, "it ends with the process");
}

#[tokio::test]
async fn a_drain_is_looked_at_once_and_keeps_no_thread() {
    let tasks = Tasks::new();
    let readiness = Readiness::new(&tasks);
    let mut looks = readiness.looks();
    assert!(looks.next().now_or_never().is_none(), "nothing has happened");
    tasks.drain();
    assert!(looks.next().now_or_never().is_some(), "at once");
    assert!(looks.next().now_or_never().is_none(), "and then no more than before");
    drop(readiness);
    assert!(
        looks.next().now_or_never().is_none(),
        "nor once nothing can change any more"
    );
}
