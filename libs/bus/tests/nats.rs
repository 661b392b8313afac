//! Two processes' buses over a real NATS server that is killed and comes back.
#![allow(clippy::disallowed_methods)] // A test has no Tasks, and measures real time.

use bytes::Bytes;
use onqueue_bus::{Bus, Hints, Settings, Subject};
use onqueue_testkit::{NatsServer, nats, own_nats, until};
use std::time::Duration;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    task::JoinHandle,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);
const CONVERSATION: Subject = Subject::Conversations(63);
const MANY: Subject = Subject::Conversations(0);

fn of(server: &NatsServer) -> Settings {
    at(server.url(), "onqueue")
}

fn at(url: String, prefix: &str) -> Settings {
    Settings {
        url,
        prefix: prefix.to_owned(),
    }
}

/// One process's bus, driven until it is dropped.
struct Process {
    name: &'static str,
    bus: Bus,
    driver: JoinHandle<()>,
}

impl Process {
    fn start(name: &'static str, settings: &Settings) -> Self {
        let (bus, drive) = Bus::connect(settings).expect("fits");
        Self {
            name,
            bus,
            driver: tokio::spawn(drive),
        }
    }

    /// Until a subscriber, there from the start, was told to look and then hears from the other: both ways stand.
    async fn hears(&self, hints: &mut Hints, other: &Self) {
        until("the bus is connected", PATIENCE, async || {
            self.bus.is_connected() && other.bus.is_connected()
        })
        .await;
        let told = async { while hints.next().await.is_some() {} };
        timeout(PATIENCE, told).await.expect("told to look");
        until("hints flow", PATIENCE, async || {
            let hint = Bytes::from(format!("from {}", other.name));
            other.bus.publish(CONVERSATION, hint.clone());
            let flows = async { while hints.next().await.as_ref() != Some(&hint) {} };
            timeout(Duration::from_millis(50), flows).await.is_ok()
        })
        .await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn next(hints: &mut Hints) -> Option<Bytes> {
    timeout(PATIENCE, hints.next()).await.expect("in time")
}

/// The next hint that is none of those that opened the way.
async fn news(hints: &mut Hints) -> Option<Bytes> {
    loop {
        let hint = next(hints).await;
        if !hint.as_ref().is_some_and(|hint| hint.starts_with(b"from ")) {
            return hint;
        }
    }
}

/// Publishes many; it must not take longer than doing so.
fn publish_many(bus: &Bus, count: usize) -> Duration {
    let begun = std::time::Instant::now();
    (0..count).for_each(|_| bus.publish(MANY, "x"));
    begun.elapsed()
}

#[tokio::test]
async fn hints_reach_the_other_process_and_come_once_to_the_own() {
    let settings = at(nats().await, "once");
    let [here, there] = ["here", "there"].map(|name| Process::start(name, &settings));
    let (mut own, mut others) = (here.bus.subscribe(CONVERSATION), there.bus.subscribe(CONVERSATION));
    here.hears(&mut own, &there).await;
    there.hears(&mut others, &here).await;
    let mut feed = there.bus.subscribe(Subject::Feed);
    here.bus.publish(CONVERSATION, "one");
    here.bus.publish(CONVERSATION, Bytes::new());
    here.bus.publish(CONVERSATION, "two");
    here.bus.publish(Subject::Feed, "row");
    for hints in [&mut own, &mut others] {
        let came = [news(hints).await, news(hints).await, news(hints).await];
        assert_eq!(came, ["one", "", "two"].map(|hint| Some(Bytes::from(hint))));
    }
    assert_eq!(next(&mut feed).await, Some("row".into()));
    // What the server would have echoed came before the answer to this.
    there.bus.publish(CONVERSATION, "last");
    assert_eq!(news(&mut own).await, Some("last".into()), "own hints come once");
    assert_eq!(news(&mut others).await, Some("last".into()));

    here.bus.lose(100);
    here.bus.publish(CONVERSATION, "lost");
    here.bus.lose(0);
    here.bus.publish(CONVERSATION, "kept");
    assert_eq!(news(&mut others).await, Some("kept".into()));
}

#[tokio::test]
async fn installations_share_a_server_without_hearing_each_other() {
    let settings = at(nats().await, "ours");
    let [here, there] = ["here", "there"].map(|name| Process::start(name, &settings));
    let stranger = Process::start("stranger", &at(settings.url, "theirs"));
    let mut hints = here.bus.subscribe(CONVERSATION);
    here.hears(&mut hints, &there).await;
    until("the stranger is connected", PATIENCE, async || {
        stranger.bus.is_connected()
    })
    .await;
    stranger.bus.publish(CONVERSATION, "secret");
    there.bus.publish(CONVERSATION, "ours");
    assert_eq!(news(&mut hints).await, Some("ours".into()));
}

#[tokio::test]
async fn a_killed_server_holds_nobody_up_and_everybody_looks_when_it_is_back() {
    let mut server = own_nats().await;
    let [here, there] = ["here", "there"].map(|name| Process::start(name, &of(&server)));
    let mut hints = there.bus.subscribe(CONVERSATION);
    there.hears(&mut hints, &here).await;
    let (mut feed, mut trust) = (there.bus.subscribe(Subject::Feed), there.bus.subscribe(Subject::Trust));

    server.kill().expect("killed");
    assert!(
        publish_many(&here.bus, 100_000) < Duration::from_secs(2),
        "it never waits"
    );
    until("the loss is noticed", PATIENCE, async || {
        !here.bus.is_connected() && !there.bus.is_connected()
    })
    .await;
    let mut own = here.bus.subscribe(CONVERSATION);
    here.bus.publish(CONVERSATION, "while away");
    assert_eq!(
        next(&mut own).await,
        Some("while away".into()),
        "it stays in the process"
    );
    assert!(here.bus.lost() > 0);

    let mut late = there.bus.subscribe(MANY);
    server.start_again().expect("started");
    for listener in [&mut hints, &mut feed, &mut trust] {
        assert_eq!(news(listener).await, None, "told to look at everything");
    }
    until("both are back", PATIENCE, async || here.bus.is_connected()).await;
    here.bus.publish(CONVERSATION, "again");
    assert_eq!(news(&mut hints).await, Some("again".into()));
    here.bus.publish(MANY, "end");
    let mut saved_up = 0;
    while let hint = next(&mut late).await
        && hint != Some("end".into())
    {
        saved_up += usize::from(hint.is_some());
    }
    assert!(
        saved_up < 20,
        "of 100,000 while the server was away, {saved_up} came late"
    );
}

#[tokio::test]
async fn a_server_that_comes_later_is_found() {
    let mut server = own_nats().await;
    server.kill().expect("killed");
    let [here, there] = ["here", "there"].map(|name| Process::start(name, &of(&server)));
    let mut hints = there.bus.subscribe(CONVERSATION);
    assert!(publish_many(&here.bus, 10_000) < Duration::from_secs(1));
    assert!(!here.bus.is_connected());
    server.start_again().expect("started");
    there.hears(&mut hints, &here).await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_and_holds_nobody_up() {
    let server = own_nats().await;
    let [here, there] = ["here", "there"].map(|name| Process::start(name, &of(&server)));
    let mut hints = there.bus.subscribe(CONVERSATION);
    there.hears(&mut hints, &here).await;
    server.pause();
    assert!(
        publish_many(&here.bus, 100_000) < Duration::from_secs(2),
        "it never waits"
    );
    until("the silence is noticed", PATIENCE, async || {
        !here.bus.is_connected() && !there.bus.is_connected()
    })
    .await;
    server.resume();
    assert_eq!(news(&mut hints).await, None, "told to look at everything");
    until("hints flow again", PATIENCE, async || {
        here.bus.publish(CONVERSATION, "again");
        let flows = async { while hints.next().await != Some("again".into()) {} };
        timeout(Duration::from_millis(50), flows).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn the_next_address_takes_over() {
    let (mut gone, server) = (own_nats().await, own_nats().await);
    gone.kill().expect("killed");
    let settings = at(format!("{},{}", gone.url(), server.url()), "onqueue");
    let [here, there] = ["here", "there"].map(|name| Process::start(name, &settings));
    let mut hints = there.bus.subscribe(CONVERSATION);
    there.hears(&mut hints, &here).await;
}

/// Plays a server that lets nobody in: answers what was said to it.
async fn refuse(listener: &TcpListener) -> String {
    let (stream, _) = listener.accept().await.expect("a connection");
    let mut stream = BufReader::new(stream);
    let info = r#"INFO {"server_id":"x","server_name":"x","version":"2.10.0","go":"x","host":"x","port":1,"headers":true,"max_payload":1048576,"proto":1,"client_id":1,"auth_required":true}"#;
    stream
        .write_all(format!("{info}\r\n").as_bytes())
        .await
        .expect("written");
    let mut said = String::new();
    stream.read_line(&mut said).await.expect("read");
    stream
        .write_all(b"-ERR 'Authorization Violation'\r\n")
        .await
        .expect("written");
    said
}

#[tokio::test]
async fn who_is_refused_says_who_they_are_and_goes_on_trying() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    for (credentials, expected) in [
        ("onqueue:p%40ss@", [r#""user":"onqueue""#, r#""pass":"p@ss""#]),
        ("t0ken@", [r#""auth_token":"t0ken""#, r#""echo":false"#]),
    ] {
        let refused = Process::start("refused", &at(format!("nats://{credentials}{address}"), "onqueue"));
        for _ in 0..3 {
            let said = timeout(PATIENCE, refuse(&listener)).await.expect("another attempt");
            assert!(expected.iter().all(|part| said.contains(part)), "{said}");
        }
        assert!(!refused.bus.is_connected() && !refused.driver.is_finished());
    }
}
