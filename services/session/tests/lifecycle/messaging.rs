//! Messaging: at rest, opened again, by whom and until when.

use crate::support::{
    self, Chat, House, agent, assigned, events, frame, is_dense, offered, queued, reason, word, words,
};
use crate::{MINUTE, SECOND, connected, ended, feed, fresh, log, rule, take, told};
use futures::future::join_all;
use onqueue_proto::session::v1::{
    self as proto, ConversationKind, ConversationState, EndReason, FeedRow, SendMessageResponse, feed_row,
    watch_response::Frame,
};
use onqueue_session::Faults;
use tonic::Code;

/// A messaging conversation that has been at rest for an hour less than it may.
async fn at_rest(house: &House) -> Chat {
    let (chat, ada) = (connected(house, 1).await, house.agent_token());
    house.desk.send(&ada, &chat.id, "a1", "Bis bald").await.expect("sent");
    house.desk.end(&ada, &chat.id).await.expect("may");
    house.clock.advance(71 * 60 * MINUTE);
    chat
}

/// The guest's next message.
async fn write_again(house: &House, chat: &Chat, guest: &str) -> SendMessageResponse {
    let sent = house.desk.send(guest, &chat.id, "g1", "Da bin ich wieder").await;
    sent.expect("sent")
}

#[tokio::test]
async fn messaging_rests_when_the_agent_ends_it() {
    let house = House::new(11).await;
    let (chat, ada) = (connected(&house, 1).await, house.agent_token());
    let desk = &house.desk;
    let rested = desk.end(&ada, &chat.id).await.expect("may");
    let now = house.clock.now();
    let until = rested.reopen_until.as_ref().map(onqueue_proto::millis);
    assert_eq!(
        (
            rested.state(),
            rested.end_reason(),
            rested.kind(),
            rested.opening,
            until
        ),
        (
            ConversationState::Ended,
            EndReason::Rested,
            ConversationKind::Messaging,
            1,
            Some(now + 72 * 60 * MINUTE)
        )
    );
    let refused = desk.send(&ada, &chat.id, "a2", "Noch was").await;
    assert_eq!(reason(&refused.expect_err("rests")), "CONVERSATION_CLOSED");
}

#[tokio::test]
async fn the_guests_next_message_opens_it_again() {
    let house = House::new(16).await;
    let chat = at_rest(&house).await;
    let guest = fresh(&house, &chat).await;
    let sent = write_again(&house, &chat, &guest).await;
    assert_eq!(write_again(&house, &chat, &guest).await, sent);
    let sue = house.supervisor_token();
    let seen = house.desk.get(&sue, &chat.id).await.expect("seen");
    assert_eq!(
        (seen.state(), seen.opening, seen.reopen_until, seen.ended_at),
        (ConversationState::Pending, 2, None, None)
    );
    let events = house.desk.log(&guest, &chat.id).await.expect("a log");
    assert!(is_dense(&events));
    let said = [
        "opened",
        "Hallo",
        "queued",
        "joined",
        "Bis bald",
        "ended",
        "reopened 2",
        "Da bin ich wieder",
    ];
    assert_eq!(words(&events), said);
    assert_eq!(sent.sequence, events.last().expect("some").sequence);
}

#[tokio::test]
async fn routing_is_told_of_each_opening_and_who_had_it_last() {
    let house = House::new(17).await;
    let chat = at_rest(&house).await;
    let guest = fresh(&house, &chat).await;
    write_again(&house, &chat, &guest).await;
    let rows = feed(&house).await;
    assert_eq!(told(&rows), ["1 opened message", "1 ended rested", "2 opened message"]);
    let opened = |row: &FeedRow| match &row.fact {
        Some(feed_row::Fact::Opened(opened)) => opened.clone(),
        other => panic!("{other:?}"),
    };
    let (first, again) = (opened(&rows[0]), opened(&rows[2]));
    assert_eq!(again.last_agent_user_id, agent().to_string());
    assert_eq!(
        proto::ConversationOpened {
            last_agent_user_id: String::new(),
            ..again
        },
        first
    );
}

/// Whoever had it does not take part, until it is theirs again; then they see all of it.
#[tokio::test]
async fn who_had_it_takes_part_when_it_is_theirs_again() {
    let house = House::new(18).await;
    let chat = at_rest(&house).await;
    let (guest, ada) = (fresh(&house, &chat).await, house.agent_token());
    write_again(&house, &chat, &guest).await;
    let desk = &house.desk;
    assert!(desk.send(&ada, &chat.id, "a3", "Ja?").await.is_err());
    let late = desk.report_of((&chat.id, 1), 1, 99, queued()).await;
    assert!(!late.expect("answered"), "the first opening is over");
    take(&house, &chat, 2, 100).await;
    let seen = words(&desk.log(&ada, &chat.id).await.expect("theirs"));
    assert_eq!(seen[..3], ["opened", "Hallo", "queued"]);
    assert_eq!(seen.last().map(String::as_str), Some("joined"));
    desk.send(&ada, &chat.id, "a3", "Hallo!").await.expect("sent");
    onqueue_session::verify(&desk.store, support::organisation(), chat.id.parse().expect("an id"))
        .await
        .expect("the chain holds");
}

#[tokio::test]
async fn routing_reports_the_new_opening_to_a_replica_that_has_not_heard_of_it() {
    let house = House::new(23).await;
    let other = house.replica_apart(24, Faults::default()).await;
    let chat = connected(&house, 1).await;
    // What it remembers from now on is the rest.
    other.end(&house.agent_token(), &chat.id).await.expect("may");
    write_again(&house, &chat, &chat.token).await;
    for (position, fact) in (4..).zip([queued(), offered(agent()), assigned(agent())]) {
        let recorded = other.report_of((&chat.id, 2), 1, position, fact).await;
        assert!(recorded.expect("taken"), "it is news");
    }
    let late = other.report_of((&chat.id, 1), 1, 9, queued()).await;
    assert!(!late.expect("taken"), "of the opening before");
}

#[tokio::test]
async fn what_the_guest_ends_is_over_for_good() {
    let house = House::new(19).await;
    let chat = at_rest(&house).await;
    let guest = fresh(&house, &chat).await;
    write_again(&house, &chat, &guest).await;
    take(&house, &chat, 2, 100).await;
    let over = house.desk.end(&guest, &chat.id).await.expect("their own");
    assert_eq!((over.end_reason(), over.reopen_until), (EndReason::GuestLeft, None));
    let refused = house.desk.send(&guest, &chat.id, "g2", "Doch noch").await;
    let refused = refused.expect_err("over");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "CONVERSATION_CLOSED")
    );
}

#[tokio::test]
async fn what_rests_for_too_long_stays_over_and_silence_puts_to_rest() {
    let house = House::new(12).await;
    rule(&house, |rule| rule.messaging_window_ms = 3_600_000).await;
    let chat = connected(&house, 1).await;
    house.clock.advance(15 * MINUTE);
    let (why, at) = ended(&house, &chat).await;
    assert_eq!(why, EndReason::Rested);
    house.clock.advance(60 * MINUTE - SECOND);
    let guest = fresh(&house, &chat).await;
    house
        .desk
        .send(&guest, &chat.id, "g1", "Noch jemand da?")
        .await
        .expect("in time");
    take(&house, &chat, 2, 4).await;
    let ada = house.agent_token();
    house.desk.end(&ada, &chat.id).await.expect("may");
    house.clock.advance(60 * MINUTE);
    let guest = fresh(&house, &chat).await;
    let refused = house
        .desk
        .send(&guest, &chat.id, "g2", "Und jetzt?")
        .await
        .expect_err("too late");
    assert_eq!(reason(&refused), "CONVERSATION_CLOSED");
    assert!(at < house.clock.now());
}

#[tokio::test]
async fn many_messages_at_once_open_it_once() {
    let house = House::new(13).await;
    let other = house.replica(14, Faults::default()).await;
    let chat = connected(&house, 1).await;
    house.desk.end(&house.agent_token(), &chat.id).await.expect("may");
    let sends = (0..20).map(|number| {
        let desk = if number % 2 == 0 { &house.desk } else { &other };
        let (token, id, key) = (chat.token.clone(), chat.id.clone(), format!("g{number}"));
        async move { desk.send(&token, &id, &key, "Hallo?").await }
    });
    for sent in join_all(sends).await {
        sent.expect("sent");
    }
    let log = log(&house, &chat).await;
    let count = |what: &str| log.iter().filter(|said| *said == what).count();
    assert_eq!((count("reopened 2"), count("Hallo?")), (1, 20));
    assert_eq!(
        told(&feed(&house).await),
        ["1 opened message", "1 ended rested", "2 opened message"]
    );
}

#[tokio::test]
async fn the_guests_stream_goes_on_over_a_rest() {
    let house = House::new(15).await;
    let chat = connected(&house, 1).await;
    let ada = house.agent_token();
    let mut guest = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    events(&mut guest, 4).await;
    let mut agents = house.desk.watch(&ada, &chat.id, "").await.expect("a stream");
    events(&mut agents, 5).await;
    house.desk.end(&ada, &chat.id).await.expect("may");
    assert_eq!(word(&events(&mut guest, 1).await[0].0), "ended");
    assert_eq!(word(&events(&mut agents, 1).await[0].0), "ended");
    house
        .desk
        .send(&chat.token, &chat.id, "g1", "Noch was")
        .await
        .expect("sent");
    let seen: Vec<_> = events(&mut guest, 2)
        .await
        .into_iter()
        .map(|(event, _)| event)
        .collect();
    assert_eq!(words(&seen), ["reopened 2", "Noch was"]);
    // Whoever had it sees no more of it.
    assert_eq!(word(&events(&mut agents, 1).await[0].0), "reopened 2");
    let bye = frame(&mut agents).await.frame;
    assert!(matches!(bye, Some(Frame::Goodbye(bye)) if bye.reason == "access_changed"));
}
