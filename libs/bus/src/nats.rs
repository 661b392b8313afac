//! Hints to and from other processes, over core NATS.
//!
//! The library reconnects and subscribes again by itself. Ours is that nobody ever waits for it, that nothing is saved up
//! while the server is away, and that everybody looks once it is back.

use crate::{
    Here, Settings, Subject, place,
    settings::{Credentials, Servers},
    subjects,
};
use async_nats::{Client, ConnectOptions, Event, Request, ServerAddr, Subject as Name, Subscriber};
use bytes::Bytes;
use futures::StreamExt as _;
use onqueue_model::Fault;
use onqueue_telemetry::metrics;
use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};

/// How many hints may wait to be handed to the library.
const WAITING: usize = 1_024;

/// How many the library may hold. It keeps them over a lost connection, so that at most so many come late.
const HANDED_OVER: usize = 16;

/// How many received hints may wait to be told; then the library drops them, and says so.
const RECEIVED: usize = 16_384;

/// How long connecting to one address may take.
pub const CONNECT: Duration = Duration::from_secs(2);

/// How often the server is asked whether it is there; it is given up when two questions are open.
const PING: Duration = Duration::from_secs(2);

/// How long the server may take to show that it knows our subscription.
const PROOF: Duration = Duration::from_secs(2);

/// The longest wait between two attempts to connect.
const LONGEST_WAIT: Duration = Duration::from_millis(1_600);

/// Where hints for other processes are put.
pub struct Sender {
    queue: mpsc::Sender<(Subject, Bytes)>,
    state: watch::Receiver<State>,
    here: Here,
}

/// The connection, as the library tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    is_up: bool,
    /// How often it was made, and how often received hints were dropped.
    news: u64,
}

impl Sender {
    /// Drops the hint if the server is away or slow.
    pub fn send(&self, subject: Subject, hint: Bytes) {
        if !self.is_up() || self.queue.try_send((subject, hint)).is_err() {
            self.here.lose();
        }
    }

    pub fn is_up(&self) -> bool {
        self.state.borrow().is_up
    }
}

/// The way out, and what drives both ways until it is dropped.
pub fn open(settings: &Settings, here: Here) -> Result<(Sender, impl Future<Output = ()> + Send + 'static), Fault> {
    let servers = Servers::of(settings)?;
    metrics::BUS_CONNECTED.set(0.0, &[]);
    let (queue, waiting) = mpsc::channel(WAITING);
    let (state, seen) = watch::channel(State::default());
    let options = options(&settings.prefix, servers.credentials, state);
    let sender = Sender {
        queue,
        state: seen.clone(),
        here: here.clone(),
    };
    let link = Link {
        here,
        names: Names::new(&settings.prefix),
        seen,
    };
    Ok((sender, drive(options, servers.addresses, link, waiting)))
}

fn options(prefix: &str, credentials: Credentials, state: watch::Sender<State>) -> ConnectOptions {
    let state = Arc::new(state);
    let options = ConnectOptions::new()
        .name("onqueue")
        .no_echo()
        .retry_on_initial_connect()
        .ignore_discovered_servers()
        .connection_timeout(CONNECT)
        .ping_interval(PING)
        .client_capacity(HANDED_OVER)
        .subscription_capacity(RECEIVED)
        .custom_inbox_prefix(format!("{prefix}.inbox"))
        .reconnect_delay_callback(wait)
        .event_callback(move |event| {
            note(&event, &state);
            std::future::ready(())
        });
    identified(options, credentials)
}

/// With who we say we are.
pub fn identified(options: ConnectOptions, credentials: Credentials) -> ConnectOptions {
    match credentials {
        Credentials::None => options,
        Credentials::Token(token) => options.token(token),
        Credentials::User(user, password) => options.user_and_password(user, password),
    }
}

/// How long to wait before the n-th attempt in a row.
fn wait(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(2)).unwrap_or(u32::MAX).min(10);
    match attempt {
        0 | 1 => Duration::ZERO,
        _ => (Duration::from_millis(50) * 2_u32.pow(doublings)).min(LONGEST_WAIT),
    }
}

fn note(event: &Event, state: &watch::Sender<State>) {
    state.send_if_modified(|state| {
        match event {
            Event::Connected => {
                state.is_up = true;
                state.news += 1;
            }
            Event::Disconnected | Event::Closed => state.is_up = false,
            Event::SlowConsumer(_) => state.news += 1,
            _ => return false,
        }
        true
    });
}

/// What both ways share.
struct Link {
    here: Here,
    names: Names,
    seen: watch::Receiver<State>,
}

async fn drive(
    options: ConnectOptions,
    addresses: Vec<ServerAddr>,
    link: Link,
    waiting: mpsc::Receiver<(Subject, Bytes)>,
) {
    // Neither waits for the server: what is ordered here is done as soon as one is connected.
    let opened = async {
        let client = options.connect(addresses).await.map_err(|error| error.to_string())?;
        let subscribed = client.subscribe(link.names.all.clone()).await;
        Ok::<_, String>((client, subscribed.map_err(|error| error.to_string())?))
    };
    let (client, received) = match opened.await {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(error, "the bus cannot be used; hints stay in this process");
            return;
        }
    };
    futures::join!(
        send(&client, &link, waiting),
        receive(received, &link),
        announce(&client, &link)
    );
}

/// Hands over what waits; drops it while the server is away.
async fn send(client: &Client, link: &Link, mut waiting: mpsc::Receiver<(Subject, Bytes)>) {
    let mut seen = link.seen.clone();
    while let Some((subject, hint)) = waiting.recv().await {
        let name = link.names.of[place(subject)].clone();
        let is_sent = tokio::select! {
            biased;
            _ = seen.wait_for(|state| !state.is_up) => false,
            sent = client.publish(name, hint) => sent.is_ok(),
        };
        if !is_sent {
            link.here.lose();
        }
    }
}

/// Tells this process what others published.
async fn receive(mut received: Subscriber, link: &Link) {
    while let Some(message) = received.next().await {
        if let Some(subject) = link.names.subject(&message.subject) {
            // A copy: the payload is a piece of the connection's whole buffer, and hints lie around.
            link.here.tell(subject, Some(Bytes::copy_from_slice(&message.payload)));
        }
    }
}

/// Whenever hints may have been lost, tells everybody to look: after a new connection not before the server knows our
/// subscription, or a hint in between would be missed.
async fn announce(client: &Client, link: &Link) {
    let mut seen = link.seen.clone();
    let mut told = 0;
    let mut was_up = false;
    while seen.changed().await.is_ok() {
        let state = *seen.borrow_and_update();
        if state.is_up != was_up {
            was_up = state.is_up;
            log(state);
        }
        if state.is_up && state.news > told {
            told = state.news;
            prove(client, link).await;
            link.here.tell_all();
        }
    }
}

fn log(state: State) {
    metrics::BUS_CONNECTED.set(f64::from(u8::from(state.is_up)), &[]);
    if state.is_up {
        tracing::info!("the bus is connected");
    } else {
        tracing::warn!("the bus is away; hints reach this process only until it is back");
    }
}

/// Asks something that nobody answers: the server says so itself, after it has read our subscription. One that does not
/// say so in time will have read it by then.
async fn prove(client: &Client, link: &Link) {
    let request = Request::new().timeout(Some(PROOF));
    let _ = client.send_request(link.names.nobody.clone(), request).await;
}

/// How subjects are called on the servers.
struct Names {
    of: Vec<Name>,
    subjects: HashMap<String, Subject>,
    all: Name,
    nobody: Name,
}

impl Names {
    fn new(prefix: &str) -> Self {
        let name = |subject| {
            let last = match subject {
                Subject::Conversations(number) => format!("conversations-{number}"),
                Subject::Feed => "feed".to_owned(),
                Subject::Trust => "trust".to_owned(),
            };
            Name::from(format!("{prefix}.hint.{last}"))
        };
        let of: Vec<_> = subjects().map(name).collect();
        Self {
            subjects: of.iter().map(ToString::to_string).zip(subjects()).collect(),
            of,
            all: Name::from(format!("{prefix}.hint.*")),
            nobody: Name::from(format!("{prefix}.nobody")),
        }
    }

    fn subject(&self, name: &Name) -> Option<Subject> {
        self.subjects.get(name.as_str()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        let names = Names::new("shop");
        for subject in subjects() {
            assert_eq!(names.subject(&names.of[place(subject)]), Some(subject));
        }
        assert_eq!(names.of[5].as_str(), "shop.hint.conversations-5");
        assert_eq!(names.subject(&Name::from("shop.hint.other")), None);
    }

    #[test]
    fn attempts_come_less_and_less_often() {
        let waits: Vec<_> = (0..9).map(|attempt| wait(attempt).as_millis()).collect();
        assert_eq!(waits, [0, 0, 50, 100, 200, 400, 800, 1_600, 1_600]);
        assert_eq!(wait(usize::MAX), LONGEST_WAIT);
    }

    #[tokio::test]
    async fn what_comes_while_the_server_is_away_or_slow_is_dropped_and_counted() {
        let here = Here::new();
        let (queue, mut waiting) = mpsc::channel(1);
        let (state, seen) = watch::channel(State::default());
        let sender = Sender {
            queue,
            state: seen,
            here: here.clone(),
        };
        let lost = || here.0.lost.load(std::sync::atomic::Ordering::Relaxed);
        sender.send(Subject::Feed, "away".into());
        assert_eq!((lost(), waiting.try_recv().is_err()), (1, true));
        note(&Event::Connected, &state);
        sender.send(Subject::Feed, "first".into());
        sender.send(Subject::Feed, "too many".into());
        assert_eq!(waiting.try_recv(), Ok((Subject::Feed, "first".into())));
        assert_eq!((lost(), sender.is_up()), (2, true));
        note(&Event::Disconnected, &state);
        assert!(!sender.is_up());
    }
}
