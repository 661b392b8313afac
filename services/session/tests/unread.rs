//! Streams that nobody reads any further hold up nobody else.

mod support;

use futures::future::join_all;
use std::time::Duration;
use support::House;
use tokio::time::timeout;

/// More than a store has connections.
const STREAMS: usize = 40;

/// What is read of each stream before it is left alone: it ends within the first page that was read from the log, so that what
/// has been encoded then reaches into the next one.
const READ: usize = 150;

/// More than two pages of the log.
const SAID: usize = 450;

/// How long a call may take when nothing holds it up.
const PATIENCE: Duration = Duration::from_secs(20);

async fn unread_streams_hold_up_nobody(house: House) {
    let chat = house.connected(1).await;
    let text = "Ja ".repeat(60);
    for number in 0..SAID {
        let sent = house.desk.send(&chat.token, &chat.id, &number.to_string(), &text).await;
        sent.expect("is taken");
    }
    let opened = join_all((0..STREAMS).map(async |_| {
        let mut stream = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
        for _ in 0..READ {
            stream.message().await.expect("goes on").expect("a frame");
        }
        stream
    }));
    let unread = timeout(PATIENCE, opened).await.expect("all are open");
    let answered = timeout(PATIENCE, house.desk.get(&chat.token, &chat.id)).await;
    answered.expect("in time").expect("is answered");
    let sent = timeout(PATIENCE, house.desk.send(&chat.token, &chat.id, "last", "Ja")).await;
    sent.expect("in time").expect("is taken");
    drop(unread);
}

#[tokio::test]
async fn unread_streams_hold_up_nobody_on_sqlite() {
    unread_streams_hold_up_nobody(House::new(71).await).await;
}

#[tokio::test]
async fn unread_streams_hold_up_nobody_on_postgres() {
    unread_streams_hold_up_nobody(House::on_postgres(72).await).await;
}
