//! How conversations end, rest and are opened again: silence by the queue's rules, guests and agents who are lost, messaging.
// Some things come in their own time, and a run of the long set is told so by the environment.
#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods, clippy::print_stdout)]

#[path = "../support/mod.rs"]
mod support;

mod due;
mod messaging;
mod presence;
mod silence;

use onqueue_model::{QueueId, Timestamp};
use onqueue_proto::session::v1::{
    ConversationKind, ConversationState, EndReason, FeedRequest, FeedRow, QueuePolicy, ShardCursor,
    StartConversationRequest, feed_row,
};
use onqueue_testkit::until;
use sea_orm::{ConnectionTrait as _, Statement};
use std::time::Duration;
use support::{Chat, House, SOON, agent, assigned, id, offered, policy, queue, queued, wish, words};

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_secs(60);

/// Another queue of the shop.
pub fn nights() -> QueueId {
    id(6)
}

/// The queue's rules from now on.
pub async fn rule(house: &House, change: impl FnOnce(&mut QueuePolicy)) {
    let mut changed = policy(queue(), 2);
    change(&mut changed);
    house.desk.put(changed).await;
}

/// What a supervisor sees of it.
pub async fn log(house: &House, chat: &Chat) -> Vec<String> {
    let token = house.supervisor_token();
    words(&house.desk.log(&token, &chat.id).await.expect("a log"))
}

pub async fn reaches(house: &House, chat: &Chat, last: &str) {
    until(last, SOON, async || {
        log(house, chat).await.last().map(String::as_str) == Some(last)
    })
    .await;
}

/// Waits until everything that is due by now was looked at.
pub async fn settled(house: &House) {
    let now = house.clock.now().millis();
    until("a look at what is due", SOON, async || {
        let sql = format!("SELECT COUNT(*) AS due FROM session_conversations WHERE check_at <= {now}");
        let reader = house.desk.store.reader();
        let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql));
        let due: i64 = row
            .await
            .expect("reads")
            .expect("a row")
            .try_get("", "due")
            .expect("a number");
        due == 0
    })
    .await;
}

pub async fn ended(house: &House, chat: &Chat) -> (EndReason, Timestamp) {
    reaches(house, chat, "ended").await;
    let token = house.supervisor_token();
    let seen = house.desk.get(&token, &chat.id).await.expect("seen");
    assert_eq!(seen.state(), ConversationState::Ended);
    (
        seen.end_reason(),
        onqueue_proto::millis(&seen.ended_at.expect("a time")),
    )
}

/// Everything that routing is told.
pub async fn feed(house: &House) -> Vec<FeedRow> {
    let shards = (0..256).map(|shard| ShardCursor { shard, after: 0 }).collect();
    let answer = house.desk.feed().feed(FeedRequest { shards }).await.expect("a feed");
    let (mut feed, mut rows) = (answer.into_inner(), Vec::new());
    loop {
        let next = tokio::time::timeout(SOON, feed.message()).await.expect("in time");
        match next.expect("no error").expect("an open feed").row {
            Some(row) => rows.push(row),
            None => return rows,
        }
    }
}

pub fn told(rows: &[FeedRow]) -> Vec<String> {
    let tell = |row: &FeedRow| match row.fact.as_ref().expect("a fact") {
        feed_row::Fact::Opened(opened) => format!("{} opened {}", row.opening, opened.medium),
        feed_row::Fact::InactivityTransfer(_) => format!("{} silent", row.opening),
        feed_row::Fact::Ended(ended) => format!("{} ended {}", row.opening, ended.reason),
    };
    rows.iter().map(tell).collect()
}

pub fn messaging(request: u128) -> StartConversationRequest {
    StartConversationRequest {
        kind: ConversationKind::Messaging.into(),
        ..wish(request)
    }
}

/// A messaging conversation in which the agent takes part.
pub async fn connected(house: &House, request: u128) -> Chat {
    let chat = support::chat(house.desk.try_start(messaging(request)).await.expect("starts"));
    take(house, &chat, 1, 1).await;
    chat
}

/// Routing brings that opening to the agent, by reports from that position on.
pub async fn take(house: &House, chat: &Chat, opening: i64, from: i64) {
    for (position, fact) in (from..).zip([queued(), offered(agent()), assigned(agent())]) {
        let recorded = house.desk.report_of((&chat.id, opening), 1, position, fact).await;
        assert!(recorded.expect("taken"), "it is news");
    }
}

/// A token for the guest that holds now.
pub async fn fresh(house: &House, chat: &Chat) -> String {
    house.tokens.guest(
        support::organisation(),
        chat.id.parse().expect("an id"),
        chat.guest.parse().expect("an id"),
    )
}
