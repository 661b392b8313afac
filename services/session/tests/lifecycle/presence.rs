//! Whether guests are there, and what becomes of those who wait and are not.

use crate::support::{self, Chat, House, SOON, agent, any_frame, events, offered, queued, reason};
use crate::{MINUTE, SECOND, ended, feed, fresh, messaging, rule, told};
use onqueue_model::Timestamp;
use onqueue_proto::session::v1::{ConversationState, EndReason, WatchResponse, event, watch_response::Frame};
use onqueue_session::Faults;
use onqueue_testkit::until;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use tonic::Streaming;
use uuid::Uuid;

/// A house whose queue gives up guests who have been away for two minutes.
async fn impatient(seed: u64) -> House {
    let house = House::new(seed).await;
    rule(&house, |rule| rule.abandon_after_ms = 120_000).await;
    house
}

async fn waiting(house: &House, request: u128) -> Chat {
    let chat = house.desk.start(request).await;
    assert!(house.desk.report(&chat.id, 1, 1, queued()).await.expect("recorded"));
    chat
}

async fn state(house: &House, chat: &Chat) -> ConversationState {
    let token = house.supervisor_token();
    house.desk.get(&token, &chat.id).await.expect("seen").state()
}

/// Since when its guest is away, as a supervisor sees it.
async fn away(house: &House, chat: &Chat) -> Option<Timestamp> {
    let token = house.supervisor_token();
    let seen = house.desk.get(&token, &chat.id).await.expect("seen");
    seen.guest_away_since.as_ref().map(onqueue_proto::millis)
}

async fn is_away(house: &House, chat: &Chat, since: Option<Timestamp>) {
    until("who is there to be known", SOON, async || {
        away(house, chat).await == since
    })
    .await;
}

/// The earlier chat goes a second ahead of the other: that it was given up shows that the other one was looked at too.
#[tokio::test]
async fn a_waiting_guest_who_never_comes_is_given_up() {
    let house = impatient(4).await;
    let earlier = waiting(&house, 1).await;
    house.clock.advance(SECOND);
    let chat = waiting(&house, 2).await;
    let started = house.clock.now();
    assert_eq!(away(&house, &chat).await, Some(started));
    house.clock.advance(2 * MINUTE - SECOND);
    assert_eq!(ended(&house, &earlier).await.0, EndReason::Abandoned);
    assert_eq!(state(&house, &chat).await, ConversationState::Queued);
    house.clock.advance(SECOND);
    assert_eq!(ended(&house, &chat).await, (EndReason::Abandoned, started + 2 * MINUTE));
    assert_eq!(away(&house, &chat).await, None, "it is over");
    let told = told(&feed(&house).await);
    assert_eq!(told[2..], ["1 ended abandoned", "1 ended abandoned"]);
    let sent = house
        .desk
        .send(&fresh(&house, &chat).await, &chat.id, "k", "Hallo?")
        .await;
    assert_eq!(reason(&sent.expect_err("over")), "CONVERSATION_CLOSED");
}

#[tokio::test]
async fn a_guest_who_is_there_waits_for_as_long_as_it_takes() {
    let house = impatient(5).await;
    let chat = waiting(&house, 1).await;
    let mut stream = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    events(&mut stream, 3).await;
    is_away(&house, &chat, None).await;
    house.clock.advance(5 * MINUTE);
    let canary = waiting(&house, 2).await;
    house.clock.advance(2 * MINUTE);
    assert_eq!(ended(&house, &canary).await.0, EndReason::Abandoned);
    assert_eq!(state(&house, &chat).await, ConversationState::Queued);

    // Gone for a minute and a half, and back.
    drop(stream);
    is_away(&house, &chat, Some(house.clock.now())).await;
    let canary = waiting(&house, 3).await;
    house.clock.advance(90 * SECOND);
    let token = fresh(&house, &chat).await;
    let stream = house.desk.watch(&token, &chat.id, "").await.expect("a stream");
    is_away(&house, &chat, None).await;
    house.clock.advance(30 * SECOND);
    assert_eq!(ended(&house, &canary).await.0, EndReason::Abandoned);
    assert_eq!(state(&house, &chat).await, ConversationState::Queued);

    // Gone for good, while it alerts an agent.
    assert!(
        house
            .desk
            .report(&chat.id, 1, 2, offered(agent()))
            .await
            .expect("recorded")
    );
    drop(stream);
    let left = house.clock.now();
    is_away(&house, &chat, Some(left)).await;
    house.clock.advance(2 * MINUTE);
    assert_eq!(ended(&house, &chat).await, (EndReason::Abandoned, left + 2 * MINUTE));
}

#[tokio::test]
async fn a_chat_with_an_agent_and_messaging_are_not_given_up() {
    let house = impatient(6).await;
    let served = house.connected(1).await;
    let message = support::chat(house.desk.try_start(messaging(2)).await.expect("starts"));
    assert!(house.desk.report(&message.id, 1, 1, queued()).await.expect("recorded"));
    let canary = waiting(&house, 3).await;
    house.clock.advance(2 * MINUTE);
    assert_eq!(ended(&house, &canary).await.0, EndReason::Abandoned);
    assert_eq!(state(&house, &served).await, ConversationState::Connected);
    assert_eq!(state(&house, &message).await, ConversationState::Queued);
}

/// What the next frame says of the guest.
async fn presence(stream: &mut Streaming<WatchResponse>) -> Option<Timestamp> {
    match any_frame(stream).await.frame {
        Some(Frame::GuestPresence(seen)) => seen.away_since.as_ref().map(onqueue_proto::millis),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_agent_sees_the_guest_go_and_come_back_and_the_guest_does_not() {
    let house = House::new(7).await;
    let chat = house.connected(1).await;
    let ada = house.agent_token();
    let started = house.clock.now();
    let mut desk = house.desk.watch(&ada, &chat.id, "").await.expect("a stream");
    assert_eq!(presence(&mut desk).await, Some(started), "never there");
    events(&mut desk, 5).await;
    let mut guest = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    events(&mut guest, 4).await;
    assert_eq!(presence(&mut desk).await, None);
    let second = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    house.clock.advance(SECOND);
    drop(second);
    house.clock.advance(SECOND);
    drop(guest);
    let left = house.clock.now();
    assert_eq!(presence(&mut desk).await, Some(left));
    assert_eq!(away(&house, &chat).await, Some(left));
    let seen = house.desk.get(&chat.token, &chat.id).await.expect("their own");
    assert_eq!(seen.guest_away_since, None);
    let mut back = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    assert_eq!(presence(&mut desk).await, None);
    house.desk.send(&ada, &chat.id, "a1", "Noch da?").await.expect("sent");
    for event in events(&mut back, 5).await {
        assert!(matches!(event.0.body, Some(event::Body::Message(_))) || event.0.sequence < 5);
    }
}

#[tokio::test]
async fn guests_of_a_replica_that_died_count_as_gone() {
    let house = impatient(8).await;
    let chat = waiting(&house, 1).await;
    let stream = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    is_away(&house, &chat, None).await;
    drop(stream);
    is_away(&house, &chat, Some(house.clock.now())).await;
    // As a replica leaves it that was killed while the guest was there.
    let dead = Uuid::from_u128(77);
    let store = &house.desk.store;
    let backend = store.reader().get_database_backend();
    let place = |sqlite: &str, postgres: &str| {
        if backend == DbBackend::Postgres {
            postgres.to_owned()
        } else {
            sqlite.to_owned()
        }
    };
    for (sql, values) in [
        (
            place(
                "INSERT INTO session_replicas (id, seen_at) VALUES (?, ?)",
                "INSERT INTO session_replicas (id, seen_at) VALUES ($1, $2)",
            ),
            vec![dead.into(), house.clock.now().millis().into()],
        ),
        (
            place(
                "UPDATE session_guest_presence SET away_since = NULL, replica_id = ?",
                "UPDATE session_guest_presence SET away_since = NULL, replica_id = $1",
            ),
            vec![dead.into()],
        ),
    ] {
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let written = store.transaction(move |tx| {
            let statement = statement.clone();
            Box::pin(async move {
                tx.execute_raw(statement).await?;
                Ok(())
            })
        });
        written.await.expect("written");
    }
    assert_eq!(away(&house, &chat).await, None);
    house.clock.advance(46 * SECOND);
    let found = house.clock.now();
    is_away(&house, &chat, Some(found)).await;
    house.clock.advance(2 * MINUTE);
    assert_eq!(ended(&house, &chat).await, (EndReason::Abandoned, found + 2 * MINUTE));
}

#[tokio::test]
async fn a_guest_at_two_replicas_is_there_until_the_last_stream_is_gone() {
    let house = House::new(9).await;
    let other = house.replica(10, Faults::default()).await;
    let chat = house.connected(1).await;
    let here = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    is_away(&house, &chat, None).await;
    let there = other.watch(&chat.token, &chat.id, "").await.expect("a stream");
    let at_the_other = async || {
        let reader = house.desk.store.reader();
        let sql = "SELECT COUNT(*) AS known FROM session_replicas";
        let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql));
        row.await
            .expect("reads")
            .expect("a row")
            .try_get::<i64>("", "known")
            .expect("a number")
            == 2
    };
    until("the other to know", SOON, at_the_other).await;
    drop(there);
    is_away(&house, &chat, Some(house.clock.now())).await;
    // Whoever has a stream of theirs looks now and then whether they count as there.
    house.clock.advance(11 * SECOND);
    is_away(&house, &chat, None).await;
    // The last one goes with its replica.
    let left = house.clock.now();
    assert!(house.desk.context.tasks.finish(SOON).await, "every task ends");
    drop(here);
    let sue = house.supervisor_token();
    let seen = other.get(&sue, &chat.id).await.expect("seen").guest_away_since;
    assert_eq!(seen.as_ref().map(onqueue_proto::millis), Some(left));
}
