//! What was acknowledged is there once, in order, whatever happens: many senders, several writers, lost hints, silence,
//! a new start in between.

mod support;

use futures::future::join_all;
use onqueue_proto::session::v1::{
    self as proto, ConversationState, EndReason, FeedRequest, FeedRow, ShardCursor, WatchResponse, feed_row,
    watch_response::Frame,
};
use onqueue_session::Faults;
use onqueue_testkit::until;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use std::{collections::BTreeMap, time::Duration};
use support::{Chat, Desk, House, SOON, events, frame, is_dense, organisation, reason, wish, word, words};
use tonic::Streaming;

const MINUTE: Duration = Duration::from_secs(60);

async fn verify(desk: &Desk, chat: &Chat) {
    let id = chat.id.parse().expect("an id");
    onqueue_session::verify(&desk.store, organisation(), id)
        .await
        .expect("the chain holds");
}

async fn start_many(desk: &Desk, count: u128) -> Vec<Chat> {
    join_all((0..count).map(|request| desk.start(request))).await
}

#[tokio::test]
async fn sixty_four_senders_share_their_transactions() {
    const EACH: usize = 20;
    let house = House::new(1).await;
    let desk = &house.desk;
    let chats = start_many(desk, 64).await;
    let before = desk.store.statements();
    // Each a task of its own, as each call is at a server's door.
    let mut senders = tokio::task::JoinSet::new();
    for chat in &chats {
        let (client, chat) = (desk.conversations(), chat.clone());
        senders.spawn(async move {
            for number in 0..EACH {
                send(client.clone(), &chat, number.to_string()).await;
            }
        });
    }
    assert_eq!(senders.join_all().await.len(), 64);
    let statements = u32::try_from(desk.store.statements() - before).expect("few");
    let each = f64::from(statements) / f64::from(u32::try_from(64 * EACH).expect("few"));
    assert!(each <= 0.2, "{each} statements per message");
    for chat in &chats {
        let log = desk.log(&chat.token, &chat.id).await.expect("a log");
        let expected: Vec<String> = (0..EACH).map(|number| number.to_string()).collect();
        assert_eq!(words(&log)[2..], expected);
        assert!(is_dense(&log));
        verify(desk, chat).await;
    }
}

#[tokio::test]
async fn repeats_in_a_batch_cost_the_others_no_transaction_of_their_own() {
    const MANY: usize = 64;
    let house = House::new(1).await;
    let desk = &house.desk;
    let chats = start_many(desk, 64).await;
    let send = async |chat: &Chat, key: &str| {
        let answer = desk.send(&chat.token, &chat.id, key, key).await.expect("sent");
        answer.sequence
    };
    let first = join_all(chats.iter().map(|chat| send(chat, "once"))).await;
    let before = desk.store.statements();
    let (again, new) = tokio::join!(
        join_all(chats.iter().map(|chat| send(chat, "once"))),
        join_all(chats.iter().map(|chat| send(chat, "new"))),
    );
    assert_eq!(again, first, "the first answers");
    assert!(new.iter().zip(&first).all(|(new, first)| *new == first + 1), "{new:?}");
    // Two reads for each that may be one; one by one it would be eight for each and more.
    let statements = usize::try_from(desk.store.statements() - before).expect("few");
    assert!(statements <= 5 * MANY, "{statements} statements");
}

#[tokio::test]
async fn a_lone_message_takes_as_few_round_trips_as_there_are() {
    let house = House::new(2).await;
    let chat = house.desk.start(1).await;
    // What runs in the background reads now and then; the least of several tries is the message alone.
    let mut least = u64::MAX;
    for number in 0..20 {
        let before = house.desk.store.statements();
        house
            .desk
            .send(&chat.token, &chat.id, &number.to_string(), "x")
            .await
            .expect("sent");
        least = least.min(house.desk.store.statements() - before);
    }
    let expected = match house.desk.store.takes_alone() {
        true => 1,
        false => 4, // begin, update, insert, commit
    };
    assert_eq!(least, expected);
}

#[tokio::test]
async fn a_message_that_cannot_be_written_does_not_cost_the_others_theirs() {
    let house = House::new(18).await;
    let desk = &house.desk;
    let chats = start_many(desk, 10).await;
    // Stands for whatever of one item the database may not take.
    let refusing = match desk.store.reader().get_database_backend() {
        DbBackend::Postgres => "ALTER TABLE session_events ADD CHECK (part NOT LIKE '%poison%')",
        _ => {
            "CREATE TRIGGER poison BEFORE INSERT ON session_events WHEN NEW.part LIKE '%poison%' \
                BEGIN SELECT RAISE(ABORT, 'poison'); END"
        }
    };
    let made = desk
        .store
        .transaction(move |tx| Box::pin(async move { Ok(tx.execute_unprepared(refusing).await?) }));
    made.await.expect("a rule");
    let sent = chats.iter().enumerate().map(|(at, chat)| {
        let text = if at == 4 { "poison" } else { "Hallo" };
        desk.send(&chat.token, &chat.id, "k", text)
    });
    for (at, sent) in join_all(sent).await.into_iter().enumerate() {
        match sent {
            Ok(_) => assert_ne!(at, 4),
            Err(status) => assert_eq!((at, reason(&status).as_str()), (4, "INTERNAL")),
        }
    }
}

/// How many messages each writer sends to each chat.
const EACH: usize = 12;

/// Four writers decide upon heads that the others have moved on meanwhile: what is shown is that guesses are compared, that
/// keys hold across writers, and that feed and live views follow the commits. On SQLite their transactions come one after
/// the other whole; how row locks meet is seen on PostgreSQL only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_writers_lose_double_and_skip_nothing() {
    let house = House::new(3).await;
    let faults = Faults {
        delay_before_commit_ms: 15,
        ..Faults::default()
    };
    let mut writers = Vec::new();
    for seed in 10..14 {
        writers.push(house.replica(seed, faults.clone()).await);
    }
    let mut feed = follow(&writers[0]).await;
    let chats = join_all((0..8).map(|number| writers[number % 4].start(number as u128))).await;
    let mut live = Vec::new();
    for (number, chat) in chats.iter().enumerate() {
        let watch = writers[(number + 1) % 4].watch(&chat.token, &chat.id, "");
        live.push(watch.await.expect("a stream"));
    }
    let senders = chats.iter().flat_map(|chat| (0..4).map(move |at| (chat, at)));
    join_all(senders.map(|(chat, at)| send_twice(&writers, at, chat))).await;
    for (chat, live) in chats.iter().zip(&mut live) {
        check_log(&writers[0], chat, live).await;
    }
    let ends = chats.iter().enumerate();
    join_all(ends.map(|(at, chat)| writers[(at + 2) % 4].end(&chat.token, &chat.id))).await;
    let rows = rows(&mut feed, 16).await;
    let mut facts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row.number, i64::try_from(at).expect("few") + 1, "dense");
        facts.entry(&row.conversation_id).or_default().push(fact(row));
    }
    assert!(
        facts.len() == 8 && facts.values().all(|facts| facts == &["opened", "ended"]),
        "{facts:?}"
    );
}

/// Sends to a chat through this writer, each message through the next one too.
async fn send_twice(writers: &[Desk], at: usize, chat: &Chat) {
    for number in 0..EACH {
        let key = format!("{at}-{number}");
        let (first, second) = tokio::join!(
            send(writers[at].conversations(), chat, key.clone()),
            send(writers[(at + 1) % 4].conversations(), chat, key.clone())
        );
        assert_eq!(first.event_id, second.event_id);
    }
}

/// Each message is there once, in its sender's order, and the live view is the transcript.
async fn check_log(desk: &Desk, chat: &Chat, live: &mut Streaming<WatchResponse>) {
    let log = desk.log(&chat.token, &chat.id).await.expect("a log");
    assert!(is_dense(&log));
    assert_eq!(log.len(), 2 + 4 * EACH, "each once");
    for at in 0..4 {
        let mine = format!("{at}-");
        let own: Vec<_> = words(&log).into_iter().filter(|text| text.starts_with(&mine)).collect();
        let expected: Vec<_> = (0..EACH).map(|number| format!("{mine}{number}")).collect();
        assert_eq!(own, expected, "each sender's own order");
    }
    let seen: Vec<_> = events(live, log.len())
        .await
        .into_iter()
        .map(|(event, _)| event)
        .collect();
    assert_eq!(words(&seen), words(&log));
    verify(desk, chat).await;
}

async fn send(
    mut client: onqueue_proto::session::v1::conversation_service_client::ConversationServiceClient<
        onqueue_server::InProcess,
    >,
    chat: &Chat,
    key: String,
) -> onqueue_proto::session::v1::SendMessageResponse {
    let message = onqueue_proto::session::v1::SendMessageRequest {
        conversation_id: chat.id.clone(),
        client_message_id: key.clone(),
        text: key,
    };
    let request = onqueue_testkit::with_token(message, &chat.token);
    client.send_message(request).await.expect("sent").into_inner()
}

async fn follow(desk: &Desk) -> Streaming<onqueue_proto::session::v1::FeedResponse> {
    let shards = (0..256).map(|shard| ShardCursor { shard, after: 0 }).collect();
    desk.feed()
        .feed(FeedRequest { shards })
        .await
        .expect("a feed")
        .into_inner()
}

async fn rows(feed: &mut Streaming<onqueue_proto::session::v1::FeedResponse>, count: usize) -> Vec<FeedRow> {
    let mut rows = Vec::new();
    while rows.len() < count {
        let frame = tokio::time::timeout(SOON, feed.message())
            .await
            .expect("in time")
            .expect("no error");
        rows.extend(frame.expect("an open feed").row);
    }
    rows
}

fn fact(row: &FeedRow) -> &'static str {
    match row.fact.as_ref().expect("a fact") {
        feed_row::Fact::Opened(_) => "opened",
        feed_row::Fact::Ended(_) => "ended",
        feed_row::Fact::InactivityTransfer(_) => "silent",
    }
}

#[tokio::test]
async fn the_feed_tells_what_began_and_ended_and_goes_on_from_any_row() {
    onqueue_testkit::traced();
    let house = House::new(4).await;
    let mut feed = follow(&house.desk).await;
    let quiet = tokio::time::timeout(SOON, feed.message())
        .await
        .expect("a heartbeat")
        .expect("no error");
    assert_eq!(quiet.expect("open").row, None);
    let chat = house.desk.start(1).await;
    house.desk.end(&chat.token, &chat.id).await.expect("ends");
    let rows = rows(&mut feed, 2).await;
    let Some(feed_row::Fact::Opened(opened)) = &rows[0].fact else {
        panic!("{rows:?}")
    };
    assert_eq!(
        (
            opened.language.as_str(),
            opened.guest_name.as_str(),
            opened.topic.as_str()
        ),
        ("de", "Ann", "Bill")
    );
    assert_eq!(opened.skill_ids, [support::id::<()>(20).to_string()]);
    let Some(feed_row::Fact::Ended(ended)) = &rows[1].fact else {
        panic!("{rows:?}")
    };
    assert_eq!(ended.reason, "guest_left");
    for row in &rows {
        assert_eq!((row.conversation_id.as_str(), row.opening), (chat.id.as_str(), 1));
        assert!(row.traceparent.starts_with("00-"), "{row:?}");
    }
    let request = FeedRequest {
        shards: vec![ShardCursor {
            shard: rows[0].shard,
            after: 1,
        }],
    };
    let mut later = house.desk.feed().feed(request).await.expect("a feed").into_inner();
    assert_eq!(self::rows(&mut later, 1).await, rows[1..]);
    house.desk.context.tasks.drain();
    assert!(later.message().await.expect("no error").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_hints_every_message_is_seen_within_two_seconds() {
    let house = House::new(5).await;
    let other = house.replica(6, Faults::default()).await;
    let chat = house.desk.start(1).await;
    let mut stream = other.watch(&chat.token, &chat.id, "").await.expect("a stream");
    events(&mut stream, 2).await;
    let mut feed = follow(&other).await;
    rows(&mut feed, 1).await;
    let mut sent = 0;
    for percent in [50, 90, 100] {
        house.desk.context.bus.lose(percent);
        for _ in 0..5 {
            let key = sent.to_string();
            house.desk.send(&chat.token, &chat.id, &key, &key).await.expect("sent");
            let seen = tokio::time::timeout(Duration::from_secs(2), events(&mut stream, 1)).await;
            assert_eq!(word(&seen.expect("within two seconds")[0].0), key);
            sent += 1;
        }
    }
    let begun = house.desk.try_start(wish(2)).await.expect("starts");
    let row = tokio::time::timeout(Duration::from_secs(2), rows(&mut feed, 1))
        .await
        .expect("within two seconds");
    assert_eq!(row[0].conversation_id, begun.conversation.expect("one").conversation_id);
}

#[tokio::test]
async fn a_busy_shard_does_not_hide_what_a_lost_hint_of_another_was_about() {
    let house = House::new(12).await;
    let bus = &house.desk.context.bus;
    let mut feed = follow(&house.desk).await;
    assert!(feed.message().await.expect("no error").expect("open").row.is_none());
    bus.lose(100);
    let quiet = house.desk.start(1).await;
    bus.lose(0);
    let own = rows(&mut follow(&house.desk).await, 1).await[0].shard;
    let busy = u8::try_from((own + 1) % 256).expect("a shard");
    // The busy organisation's hints come much more often than the comparison.
    let hints = async {
        loop {
            bus.publish(onqueue_bus::Subject::Feed, vec![busy]);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let row = async { tokio::time::timeout(Duration::from_secs(2), rows(&mut feed, 1)).await };
    tokio::select! {
        () = hints => {}
        row = row => assert_eq!(row.expect("within two seconds")[0].conversation_id, quiet.id),
    }
}

#[tokio::test]
async fn a_slow_reader_is_told_where_to_go_on() {
    let house = House::new(7).await;
    let desk = &house.desk;
    let chat = desk.start(1).await;
    let mut slow = desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    let (_, cursor) = events(&mut slow, 2).await.remove(1);
    join_all((0..300).map(|number| send(desk.conversations(), &chat, number.to_string()))).await;
    let bye = frame(&mut slow).await;
    assert!(
        matches!(&bye.frame, Some(Frame::Goodbye(bye)) if bye.reason == "too_slow"),
        "{bye:?}"
    );
    assert_eq!(bye.cursor, cursor);
    let mut resumed = desk.watch(&chat.token, &chat.id, &bye.cursor).await.expect("a stream");
    let rest: Vec<_> = events(&mut resumed, 300)
        .await
        .into_iter()
        .map(|(event, _)| event.sequence)
        .collect();
    assert_eq!(rest, (3..=302).collect::<Vec<i64>>());
}

async fn sees(desk: &Desk, token: &str, chat: &Chat, last: &str) {
    until(last, SOON, async || {
        let log = desk.log(token, &chat.id).await.expect("a log");
        log.last().map(word).as_deref() == Some(last)
    })
    .await;
}

/// The earlier chat goes a second ahead of the other: what became of it shows that a whole sweep was committed a second
/// before the other one's time, and left that one alone.
#[tokio::test]
async fn silence_is_warned_of_and_ends_the_chat_also_over_a_restart() {
    let house = House::new(8).await;
    let second = Duration::from_secs(1);
    let earlier = house.connected(1).await;
    house.clock.advance(second);
    let chat = house.connected(2).await;
    let joined = house.clock.now();
    house.clock.advance(14 * MINUTE - second);
    let (ada, sue) = (house.agent_token(), house.supervisor_token());
    sees(&house.desk, &sue, &earlier, "warned").await;
    let log = house.desk.log(&sue, &chat.id).await.expect("a log");
    assert_eq!(words(&log).last().map(String::as_str), Some("joined"));
    house
        .desk
        .send(&ada, &earlier.id, "a0", "Noch da?")
        .await
        .expect("sent");
    house.clock.advance(second);
    sees(&house.desk, &sue, &chat, "warned").await;

    house.desk.send(&ada, &chat.id, "a1", "Noch da?").await.expect("sent");
    let written = house.clock.now();
    assert_eq!(written, joined + 14 * MINUTE);
    house.clock.advance(14 * MINUTE);
    let (ada, sue) = (house.agent_token(), house.supervisor_token());
    sees(&house.desk, &sue, &chat, "warned").await;
    assert!(house.desk.context.tasks.finish(SOON).await, "every task ends");

    let again = house.replica(9, Faults::default()).await;
    house.clock.advance(MINUTE - second);
    sees(&again, &sue, &earlier, "ended").await;
    assert_eq!(
        again.get(&ada, &chat.id).await.expect("seen").state(),
        ConversationState::Connected
    );
    house.clock.advance(second);
    sees(&again, &sue, &chat, "ended").await;
    let ended = again.get(&ada, &chat.id).await.expect("seen");
    let at = onqueue_proto::millis(&ended.ended_at.expect("a time"));
    assert_eq!((ended.end_reason(), at), (EndReason::Inactivity, written + 15 * MINUTE));
    let refused = again.send(&ada, &chat.id, "a2", "Hallo?").await.expect_err("over");
    assert_eq!(reason(&refused), "CONVERSATION_IDLE_TIMEOUT");
    verify(&again, &chat).await;
}

#[tokio::test]
async fn a_shortened_timeout_holds_for_open_chats_even_where_the_old_one_is_remembered() {
    let house = House::new(13).await;
    let other = house.replica(14, Faults::default()).await;
    let chat = house.connected(1).await;
    // Only the other one is left to look at inactivity, and it has just gone by the old rule.
    assert!(house.desk.context.tasks.finish(SOON).await, "every task ends");
    let ada = house.agent_token();
    other.send(&ada, &chat.id, "a1", "Ja?").await.expect("sent");
    let shorter = proto::QueuePolicy {
        inactivity_timeout_ms: 5 * 60 * 1_000,
        ..support::policy(support::queue(), 2)
    };
    house.desk.put(shorter).await;
    house.clock.advance(Duration::from_secs(1));
    until("a look", SOON, async || {
        check_at(&other).await > Some(house.clock.now().millis())
    })
    .await;
    house.clock.advance(5 * MINUTE);
    let sue = house.supervisor_token();
    until("the end", SOON, async || {
        other.get(&sue, &chat.id).await.expect("seen").state() == ConversationState::Ended
    })
    .await;
}

/// When the only conversation is to be looked at.
async fn check_at(desk: &Desk) -> Option<i64> {
    let reader = desk.store.reader();
    let sql = "SELECT check_at FROM session_conversations";
    let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql));
    row.await
        .expect("reads")
        .expect("a row")
        .try_get("", "check_at")
        .expect("a time")
}

#[tokio::test]
async fn six_hundred_silent_chats_end_at_once() {
    let house = House::new(10).await;
    let chats = start_many(&house.desk, 600).await;
    let joins = chats
        .iter()
        .map(|chat| house.desk.report(&chat.id, 1, 1, support::assigned(support::agent())));
    assert!(
        join_all(joins)
            .await
            .into_iter()
            .all(|recorded| recorded.is_ok_and(|recorded| recorded))
    );
    house.clock.advance(16 * MINUTE);
    let supervisor = house.supervisor_token();
    let last = chats.last().expect("some");
    until("the end of all", SOON, async || {
        let ended = |chat: &Chat| {
            let id = chat.id.clone();
            let (desk, token) = (&house.desk, supervisor.clone());
            async move { desk.get(&token, &id).await.expect("seen").state() == ConversationState::Ended }
        };
        ended(last).await && join_all(chats.iter().map(ended)).await.into_iter().all(|ended| ended)
    })
    .await;
    let audit = onqueue_store::audit::verify(house.desk.store.reader(), "session", organisation()).await;
    assert_eq!(audit.expect("whole").len(), 600);
}
