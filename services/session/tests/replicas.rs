//! Two replicas on one database: what one commits the other shows, with the bus at once and without it within the second
//! in which it compares; work is shared; nobody waits for ever.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // says how long things took

mod support;

use futures::future::join_all;
use onqueue_proto::session::v1::{
    self as proto, ConversationState, ResumeConversationRequest, WatchMineRequest, watch_mine_response,
    watch_response::Frame,
};
use onqueue_session::Faults;
use onqueue_testkit::with_token;
use std::{
    ops::Range,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use support::{
    Chat, Desk, House, SOON, agent, assigned, chat, events, frame, is_dense, offered, organisation, queued, word, words,
};
use tonic::Streaming;

/// Sends messages here, watches there; how long each took to be seen, the longest last.
async fn delays(
    here: &Desk,
    chat: &Chat,
    there: &mut Streaming<proto::WatchResponse>,
    texts: Range<u32>,
) -> Vec<Duration> {
    let mut delays = Vec::new();
    for number in texts {
        let text = number.to_string();
        let sent = here.send(&chat.token, &chat.id, &text, &text).await.expect("sent");
        let began = Instant::now();
        let (event, _) = events(there, 1).await.remove(0);
        assert_eq!((word(&event), event.sequence), (text, sent.sequence));
        delays.push(began.elapsed());
    }
    delays.sort();
    delays
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_replica_commits_the_other_shows_with_and_without_hints() {
    let house = House::new(1).await;
    let (near, far) = (
        house.replica(2, Faults::default()).await,
        house.replica_apart(3, Faults::default()).await,
    );
    let chat = house.desk.start(1).await;
    let mut with_hints = near.watch(&chat.token, &chat.id, "").await.expect("a stream");
    let mut without = far.watch(&chat.token, &chat.id, "").await.expect("a stream");
    events(&mut with_hints, 2).await;
    events(&mut without, 2).await;
    let near = delays(&house.desk, &chat, &mut with_hints, 0..20).await;
    println!("with hints: median {:?}, longest {:?}", near[10], near[19]);
    events(&mut without, 20).await;
    let far = delays(&house.desk, &chat, &mut without, 20..26).await;
    println!("without hints: median {:?}, longest {:?}", far[3], far[5]);
    assert!(near[10] < far[3], "hints make it faster");
    assert!(far[5] < Duration::from_secs(2), "{far:?}");
}

#[tokio::test]
async fn typing_crosses_replicas_and_verdicts_do_too() {
    let house = House::new(4).await;
    let other = house.replica_that_waits(5).await;
    let mut wanted = support::wish(1);
    wanted.first_message.clear();
    // Routing follows the feed at one replica and reports to the other.
    let (started, ()) = tokio::join!(other.try_start(wanted), async {
        let mut feed = house.desk.feed();
        let shards = (0..256).map(|shard| proto::ShardCursor { shard, after: 0 }).collect();
        let feed = feed.feed(proto::FeedRequest { shards }).await.expect("a feed");
        let opened = row(&mut feed.into_inner()).await;
        let recorded = house.desk.report(&opened.conversation_id, 1, 1, queued()).await;
        assert!(recorded.expect("recorded"));
    });
    let started = started.expect("starts");
    let state = started.conversation.as_ref().expect("a conversation").state();
    assert_eq!(state, ConversationState::Queued, "the verdict came within the call");

    let chat = chat(started);
    for (at, fact) in [(2, offered(agent())), (3, assigned(agent()))] {
        assert!(other.report(&chat.id, 1, at, fact).await.expect("recorded"));
    }
    let mut stream = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    events(&mut stream, 3).await;
    let typing = proto::SendTypingRequest {
        conversation_id: chat.id.clone(),
        typing: true,
    };
    let typing = with_token(typing, &house.agent_token());
    other.conversations().send_typing(typing).await.expect("told");
    assert!(matches!(frame(&mut stream).await.frame, Some(Frame::Typing(typing)) if typing.typing));
}

async fn row(feed: &mut Streaming<proto::FeedResponse>) -> proto::FeedRow {
    loop {
        let next = tokio::time::timeout(SOON, feed.message()).await;
        let frame = next.expect("in time").expect("no error").expect("open");
        if let Some(row) = frame.row {
            return row;
        }
    }
}

#[tokio::test]
async fn an_agent_sees_their_chats_come_and_go_wherever_they_are_connected() {
    for hints in [true, false] {
        let house = House::new(6).await;
        let other = match hints {
            true => house.replica(7, Faults::default()).await,
            false => house.replica_apart(7, Faults::default()).await,
        };
        let request = with_token(WatchMineRequest {}, &house.agent_token());
        let mine = other.conversations().watch_mine(request).await.expect("a stream");
        let mut mine = mine.into_inner();
        assert!(matches!(
            next_of_mine(&mut mine).await,
            watch_mine_response::Frame::CaughtUp(_)
        ));
        let chat = house.connected(1).await;
        let watch_mine_response::Frame::Added(added) = next_of_mine(&mut mine).await else {
            panic!("it was added")
        };
        assert_eq!(added.conversation.expect("a conversation").conversation_id, chat.id);
        house.desk.end(&chat.token, &chat.id).await.expect("ends");
        let removed = next_of_mine(&mut mine).await;
        assert!(matches!(removed, watch_mine_response::Frame::Removed(one) if one.conversation_id == chat.id));
    }
}

async fn next_of_mine(mine: &mut Streaming<proto::WatchMineResponse>) -> watch_mine_response::Frame {
    loop {
        let next = tokio::time::timeout(SOON, mine.message()).await;
        let frame = next.expect("in time").expect("no error").expect("open");
        match frame.frame.expect("a frame") {
            watch_mine_response::Frame::Heartbeat(_) => {}
            frame => return frame,
        }
    }
}

#[tokio::test]
async fn a_drained_replica_says_where_to_go_on_and_serves_whom_it_still_has() {
    let house = House::new(8).await;
    let other = house.replica(9, Faults::default()).await;
    let chat = house.desk.start(1).await;
    let mut stream = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    let (event, cursor) = events(&mut stream, 2).await.remove(1);
    let sends = join_all((0..20).map(|number| {
        let (desk, chat) = (&house.desk, chat.clone());
        async move { desk.send(&chat.token, &chat.id, &number.to_string(), "x").await }
    }));
    let drain = async { house.desk.context.tasks.drain() };
    let (sent, ()) = tokio::join!(sends, drain);
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    let (mut last, mut seen) = (cursor, event.sequence);
    let goodbye = loop {
        let next = frame(&mut stream).await;
        match next.frame.expect("a frame") {
            Frame::Goodbye(goodbye) => break (goodbye.reason, next.cursor),
            Frame::Event(event) => (last, seen) = (next.cursor, event.sequence),
            _ => {}
        }
    };
    assert_eq!(goodbye, ("draining".to_owned(), last.clone()));
    let mut resumed = other.watch(&chat.token, &chat.id, &last).await.expect("a stream");
    house
        .desk
        .send(&chat.token, &chat.id, "late", "late")
        .await
        .expect("sent");
    assert!(house.desk.context.tasks.finish(SOON).await, "every task ends");
    house
        .desk
        .send(&chat.token, &chat.id, "last", "last")
        .await
        .expect("sent without a writer");
    let log = other.log(&chat.token, &chat.id).await.expect("a log");
    let seen = usize::try_from(seen).expect("few");
    let rest: Vec<_> = events(&mut resumed, log.len() - seen).await;
    assert_eq!(
        rest.into_iter().map(|(event, _)| event).collect::<Vec<_>>(),
        log[seen..]
    );
    assert_eq!(words(&log[log.len() - 2..]), ["late", "last"]);
}

#[tokio::test]
async fn a_resume_token_may_be_used_at_two_replicas_at_once() {
    let house = House::new(10).await;
    let other = house.replica(11, Faults::default()).await;
    let chat = house.desk.start(1).await;
    let mut token = chat.resume.clone();
    for _ in 0..10 {
        let (one, two) = tokio::join!(resume(&house.desk, &token), resume(&other, &token));
        assert_ne!(one, two);
        house.clock.advance(Duration::from_millis(1));
        // Either holds, at the replica that did not make it.
        let (three, four) = tokio::join!(resume(&house.desk, &two), resume(&other, &one));
        assert_ne!(three, four);
        token = three;
        // Of those that nobody has used only the newest hold.
        house.clock.advance(Duration::from_millis(1));
    }
}

async fn resume(desk: &Desk, token: &str) -> String {
    let request = ResumeConversationRequest {
        resume_token: token.to_owned(),
    };
    let answer = desk.conversations().resume_conversation(request).await;
    answer
        .expect("resumed")
        .into_inner()
        .tokens
        .expect("tokens")
        .resume_token
}

/// How many conversations all writers write to, how many senders each writer has for each, and how much each sends.
const CONVERSATIONS: usize = 64;
const SENDERS: usize = 2;
const EACH: usize = 8;

/// Each replica has two writers' worth of senders, all on the same conversations, so that its batches hold up to 64 and
/// more, in whatever order they came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_writers_on_two_replicas_are_in_each_others_way_and_lose_nothing() {
    let house = House::new(12).await;
    let faults = [Faults::default(), Faults::default()];
    let replicas = [
        house.replica(13, faults[0].clone()).await,
        house.replica_apart(14, faults[1].clone()).await,
    ];
    let chats = join_all((0..CONVERSATIONS).map(|number| replicas[number % 2].start(number as u128))).await;
    let before = [&replicas[0], &replicas[1]].map(|replica| replica.store.statements());
    let began = Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for (at, replica) in replicas.iter().enumerate() {
        for sender in 0..SENDERS {
            // Each in its own order.
            for step in 0..CONVERSATIONS {
                let chat = chats[(step * (2 * sender + 1) + at * 31) % CONVERSATIONS].clone();
                let service = replica.service.clone();
                senders.spawn(async move { send_each(service, &chat, &format!("{at}-{sender}")).await });
            }
        }
    }
    senders.join_all().await;
    let took = began.elapsed();
    let sent = 2 * SENDERS * CONVERSATIONS * EACH;
    let statements: u64 = [0, 1]
        .map(|at| replicas[at].store.statements() - before[at])
        .iter()
        .sum();
    println!(
        "{sent} messages in {took:?}: {:.0}/s, {:.2} statements each, guesses missed {:?}",
        sent as f64 / took.as_secs_f64(),
        statements as f64 / sent as f64,
        faults.each_ref().map(|faults| faults.missed.load(Ordering::Relaxed)),
    );
    for chat in &chats {
        let log = replicas[0].log(&chat.token, &chat.id).await.expect("a log");
        assert!(is_dense(&log));
        assert_eq!(log.len(), 2 + 2 * SENDERS * EACH, "each once");
        let id = chat.id.parse().expect("an id");
        onqueue_session::verify(&replicas[1].store, organisation(), id)
            .await
            .expect("the chain holds");
    }
}

async fn send_each(service: onqueue_server::InProcess, chat: &Chat, name: &str) {
    let mut client = proto::conversation_service_client::ConversationServiceClient::new(service);
    for number in 0..EACH {
        let key = format!("{name}-{number}");
        let message = proto::SendMessageRequest {
            conversation_id: chat.id.clone(),
            client_message_id: key.clone(),
            text: key,
        };
        client
            .send_message(with_token(message, &chat.token))
            .await
            .expect("nobody hears of deadlocks");
    }
}
