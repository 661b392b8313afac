//! Many conversations whose limit comes in the same second.

use crate::support::{self, Chat, Desk, House, SOON, agent, assigned, policy, queue, wish};
use crate::{MINUTE, SECOND, nights};
use futures::future::join_all;
use onqueue_model::{QueueId, Timestamp};
use onqueue_proto::session::v1::{QueuePolicy, StartConversationRequest};
use onqueue_server::ManualClock;
use onqueue_session::Faults;
use onqueue_testkit::until;
use sea_orm::{ConnectionTrait as _, Statement};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How late the last of them may end.
const LATE: Duration = Duration::from_secs(5);

/// How long it may take until all were written to.
const PATIENCE: Duration = Duration::from_secs(300);

/// In what steps the clock moves.
const STEP: Duration = Duration::from_millis(20);

fn count() -> u128 {
    match std::env::var_os("ONQUEUE_LONG") {
        Some(_) => 10_000,
        None => 1_000,
    }
}

/// Chats of that queue in which an agent takes part from now on.
async fn connect(desk: &Desk, queue: QueueId, requests: std::ops::Range<u128>) {
    let requests: Vec<u128> = requests.collect();
    for some in requests.chunks(250) {
        let started = some.iter().map(|request| {
            desk.try_start(StartConversationRequest {
                queue_id: queue.to_string(),
                ..wish(*request)
            })
        });
        let chats: Vec<Chat> = join_all(started)
            .await
            .into_iter()
            .map(|started| support::chat(started.expect("starts")))
            .collect();
        let joined = chats.iter().map(|chat| desk.report(&chat.id, 1, 1, assigned(agent())));
        for recorded in join_all(joined).await {
            assert!(recorded.expect("taken"));
        }
    }
}

async fn number(desk: &Desk, what: &str) -> i64 {
    let reader = desk.store.reader();
    let sql = format!("SELECT {what} AS number FROM session_conversations");
    let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql));
    row.await
        .expect("reads")
        .expect("a row")
        .try_get("", "number")
        .expect("a number")
}

/// A clock that runs as fast as time does, until it is dropped.
struct Running(Arc<AtomicBool>);

impl Running {
    /// On a thread of its own, which what the service does cannot hold up. A machine that gives the process no time gives it
    /// none either, and then the clock waits too: what is measured is the service and not what else runs there.
    fn begin(clock: ManualClock) -> Self {
        let runs = Arc::new(AtomicBool::new(true));
        let goes_on = Arc::clone(&runs);
        tokio::task::spawn_blocking(move || {
            while goes_on.load(Ordering::Relaxed) {
                let began = Instant::now();
                std::thread::sleep(STEP);
                clock.advance(began.elapsed().min(2 * STEP));
            }
        });
        Self(runs)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Of two queues with limits of their own, across a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_silent_conversations_end_within_five_seconds_of_their_limit() {
    let (house, count) = (House::new(21).await, count());
    let desk = &house.desk;
    let shorter = QueuePolicy {
        inactivity_timeout_ms: 10 * 60 * 1_000,
        ..policy(nights(), 1)
    };
    desk.put(shorter).await;
    let began = house.clock.now();
    connect(desk, queue(), 0..count / 2).await;
    house.clock.advance(5 * MINUTE);
    connect(desk, nights(), count / 2..count).await;
    let all = i64::try_from(count).expect("few");

    house.clock.advance(9 * MINUTE);
    until("warnings", PATIENCE, async || {
        number(desk, "COUNT(warned_at)").await == all
    })
    .await;
    house.clock.advance(MINUTE - 2 * SECOND);
    assert!(desk.context.tasks.finish(SOON).await, "every task ends");
    let again = house.replica(22, Faults::default()).await;

    let limit = began + 15 * MINUTE;
    let running = Running::begin(house.clock.clone());
    until("the end of all", PATIENCE, async || {
        number(&again, "COUNT(ended_at)").await == all
    })
    .await;
    drop(running);
    let first = Timestamp(number(&again, "MIN(ended_at)").await);
    let last = Timestamp(number(&again, "MAX(ended_at)").await);
    println!(
        "{count} conversations ended {:?} to {:?} after their limit",
        first.since(limit),
        last.since(limit)
    );
    assert!(first >= limit, "too early: {first:?}");
    assert!(last.since(limit) <= LATE, "too late: {:?}", last.since(limit));
    assert_eq!(number(&again, "COUNT(CASE WHEN end_reason = 3 THEN 1 END)").await, all);
    let audit = onqueue_store::audit::verify(again.store.reader(), "session", support::organisation()).await;
    assert_eq!(i64::try_from(audit.expect("whole").len()).expect("few"), all);
}
