//! What streams cost on which nothing happens: statements, counted, because counts do not depend on the machine.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // says how much they take

mod support;

use futures::future::join_all;
use onqueue_proto::session::v1::WatchMineRequest;
use onqueue_session::Faults;
use onqueue_testkit::{until, with_token};
use std::time::{Duration, Instant};
use support::{Chat, Desk, House, SOON, events, organisation, wish};

/// How many streams are open.
const STREAMS: usize = 1_000;

/// How long statements are counted; what looks every ten seconds does so at most once.
const WHILE: Duration = Duration::from_secs(8);

/// After how long without a statement a replica has looked at all that it looks at when it starts.
const BREATH: Duration = Duration::from_secs(1);

async fn statements(desk: &Desk) -> f64 {
    let before = desk.store.statements();
    tokio::time::sleep(WHILE).await;
    let count = u32::try_from(desk.store.statements() - before).expect("few");
    f64::from(count) / WHILE.as_secs_f64()
}

/// What was left before it started is looked for once, and that is not what is counted.
async fn until_started(desk: &Desk) {
    until("a breath without a statement", SOON, async || {
        let before = desk.store.statements();
        tokio::time::sleep(BREATH).await;
        desk.store.statements() == before
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_streams_share_one_statement_a_second() {
    let house = House::new(1).await;
    let desk = &house.desk;
    until_started(desk).await;
    // The clock stands still, so that nobody sweeps: that would be two more.
    let alone = statements(desk).await;
    let chats = start_many(desk, STREAMS).await;
    let mut streams = Vec::new();
    for chat in &chats {
        let mut stream = desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
        events(&mut stream, 2).await;
        streams.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let quiet = statements(desk).await;
    println!("{alone:.2} statements a second alone, {quiet:.2} with {STREAMS} streams");
    assert!(alone <= 0.3, "{alone} statements a second");
    assert!(quiet <= 1.5, "{quiet} statements a second");

    let other = house.replica_apart(2, Faults::default()).await;
    let began = Instant::now();
    let last = chats.last().expect("some");
    other.send(&last.token, &last.id, "k", "found").await.expect("sent");
    let found = tokio::time::timeout(SOON, events(streams.last_mut().expect("some"), 1)).await;
    assert_eq!(support::word(&found.expect("in time")[0].0), "found");
    println!("found after {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_who_wait_for_chats_share_one_statement_every_two_seconds() {
    let house = House::new(3).await;
    let desk = &house.desk;
    let mut streams = Vec::new();
    for number in 0..200 {
        let token = house.tokens.user(organisation(), support::id(10_000 + number), "Ada");
        let request = with_token(WatchMineRequest {}, &token);
        let mut stream = desk
            .conversations()
            .watch_mine(request)
            .await
            .expect("a stream")
            .into_inner();
        stream.message().await.expect("no error").expect("caught up");
        // Their next frames are waited for, as a connection does.
        streams.push(tokio::spawn(async move { stream.message().await }));
    }
    // Each reads its set once more when all are compared for the first time.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let quiet = statements(desk).await;
    println!("{quiet:.2} statements a second with {} agents", streams.len());
    assert!(quiet <= 1.25, "{quiet} statements a second");
}

/// How many chats begin one after the other, or all at once.
const STARTS: usize = 100;

/// How many statements a chat takes that begins alone, and one of many that begin at once.
const ALONE: f64 = 14.0;
const AMONG_MANY: f64 = 4.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_chat_takes_few_statements_and_one_of_many_takes_fewer() {
    let house = House::new(5).await;
    let desk = &house.desk;
    until_started(desk).await;
    // What the index takes meanwhile counts too: it is as much as was written, or a statement in ten seconds.
    let before = desk.store.statements();
    for number in 0..STARTS {
        desk.start(number as u128).await;
    }
    let alone = each(desk, before);
    let before = desk.store.statements();
    let many = (STARTS..2 * STARTS).map(|number| desk.start(number as u128));
    join_all(many).await;
    let among_many = each(desk, before);
    println!("{alone:.2} statements for a chat alone, {among_many:.2} for one of {STARTS} at once");
    assert!(alone <= ALONE, "{alone} statements");
    assert!(among_many <= AMONG_MANY, "{among_many} statements");
}

fn each(desk: &Desk, before: u64) -> f64 {
    let count = u32::try_from(desk.store.statements() - before).expect("few");
    f64::from(count) / STARTS as f64
}

async fn start_many(desk: &Desk, count: usize) -> Vec<Chat> {
    let mut chats = Vec::new();
    while chats.len() < count {
        let some = chats.len()..count.min(chats.len() + 500);
        let started = join_all(some.map(|number| desk.try_start(wish(number as u128)))).await;
        chats.extend(
            started
                .into_iter()
                .map(|started| support::chat(started.expect("starts"))),
        );
    }
    chats
}
