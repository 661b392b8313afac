//! What only PostgreSQL can do to us: row locks that meet, connections that are lost, a server that restarts, transactions
//! that stay open. These run on it whatever the others run on.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // says how long things took

#[path = "support/cut.rs"]
mod cut;
mod support;

use cut::{Cut, Way};
use futures::future::join_all;
use onqueue_proto::session::v1::{self as proto, ConversationState};
use onqueue_session::Faults;
use onqueue_store::Settings;
use onqueue_testkit::{Disk, Stop, own_postgres, until};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};
use support::{
    Chat, Desk, House, SOON, agent, assigned, is_dense, offered, organisation, policy, queue, queued, wish, words,
};

const MINUTE: Duration = Duration::from_secs(60);

async fn verify(desk: &Desk, chat: &Chat) {
    let id = chat.id.parse().expect("an id");
    let checked = onqueue_session::verify(&desk.store, organisation(), id).await;
    checked.expect("the chain holds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_looked_up_before_anybody_is_answered() {
    let house = House::on_postgres(1).await;
    let way = Way::to(&house.database).await;
    let replica = house.replica_by(2, &way.database).await;
    let mut request = 100;
    for cut in [Cut::After, Cut::Before, Cut::After, Cut::Before] {
        let chats = join_all((request..request + 10).map(|request| replica.start(request))).await;
        let (reported, ended) = (replica.start(request + 10).await, replica.start(request + 11).await);
        way.cut(cut);
        let sends = join_all(
            chats
                .iter()
                .map(|chat| replica.send(&chat.token, &chat.id, "k", "Hallo?")),
        );
        let begin = replica.try_start(wish(request + 12));
        let report = replica.report(&reported.id, 1, 1, queued());
        let end = replica.end(&ended.token, &ended.id);
        let (sent, begun, recorded, over) = tokio::join!(sends, begin, report, end);
        assert!(way.is_cut());
        recorded.expect("recorded");
        assert_eq!(over.expect("ended").state(), ConversationState::Ended);
        let begun = support::chat(begun.expect("begun"));
        for (chat, sent) in chats.iter().zip(sent) {
            let log = house.desk.log(&chat.token, &chat.id).await.expect("a log");
            assert_eq!(words(&log), ["opened", "Hallo", "Hallo?"], "{cut:?}");
            assert_eq!(sent.expect("sent").event_id, log[2].event_id);
        }
        let expected: [(&Chat, &[&str]); 3] = [
            (&reported, &["opened", "Hallo", "queued"]),
            (&ended, &["opened", "Hallo", "ended"]),
            (&begun, &["opened", "Hallo"]),
        ];
        for (chat, expected) in expected {
            let log = house.desk.log(&chat.token, &chat.id).await.expect("a log");
            assert_eq!(words(&log), expected, "{cut:?}");
            verify(&house.desk, chat).await;
        }
        request += 100;
    }
}

/// Messages alone are one statement without a COMMIT of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_whose_answer_is_lost_are_looked_up_as_well() {
    let house = House::on_postgres(11).await;
    let way = Way::to(&house.database).await;
    let replica = house.replica_by(12, &way.database).await;
    let mut request = 100;
    for (cut, count) in [(Cut::After, 1), (Cut::Before, 1), (Cut::After, 10), (Cut::Before, 10)] {
        let chats = join_all((request..request + count).map(|request| replica.start(request))).await;
        way.cut_at(cut, b"Wirklich?");
        let sends = chats
            .iter()
            .map(|chat| replica.send(&chat.token, &chat.id, "k", "Wirklich?"));
        let sent = join_all(sends).await;
        assert!(way.is_cut());
        for (chat, sent) in chats.iter().zip(sent) {
            let log = house.desk.log(&chat.token, &chat.id).await.expect("a log");
            assert_eq!(words(&log), ["opened", "Hallo", "Wirklich?"], "{cut:?}");
            assert_eq!(sent.expect("sent").event_id, log[2].event_id);
            verify(&house.desk, chat).await;
        }
        request += 100;
    }
}

/// Of a batch about several conversations of two organisations only those go on that another replica has not moved on; the
/// others are tried again upon what it made of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_messages_those_that_missed_are_tried_again() {
    let house = House::on_postgres(13).await;
    house.open_second_shop().await;
    let faults = Faults::default();
    let (one, other) = (
        house.replica(14, faults.clone()).await,
        house.replica(15, Faults::default()).await,
    );
    let wishes = (0..12).map(|number| support::wish_at(number % 2, number));
    let chats = join_all(wishes.map(|wish| one.try_start(wish))).await;
    let chats: Vec<Chat> = chats
        .into_iter()
        .map(|begun| support::chat(begun.expect("begins")))
        .collect();
    let all = async |desk: &Desk, chats: &[Chat], text: &str| {
        let sent = join_all(chats.iter().map(|chat| desk.send(&chat.token, &chat.id, text, text))).await;
        assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    };
    all(&one, &chats, "a").await;
    all(&other, &chats[..5], "b").await;
    let missed = faults.missed.load(Ordering::Relaxed);
    all(&one, &chats, "c").await;
    assert_eq!(faults.missed.load(Ordering::Relaxed) - missed, 5);
    let before = one.store.statements();
    all(&one, &chats, "d").await;
    let statements = one.store.statements() - before;
    assert!(statements < 12, "{statements} statements for one batch");
    for (at, chat) in chats.iter().enumerate() {
        let log = house.desk.log(&chat.token, &chat.id).await.expect("a log");
        let expected: &[&str] = match at {
            0..5 => &["opened", "Hallo", "a", "b", "c", "d"],
            _ => &["opened", "Hallo", "a", "c", "d"],
        };
        assert_eq!(words(&log), expected);
        assert!(is_dense(&log));
        let (of, id) = (support::shop(at as u128 % 2), chat.id.parse().expect("an id"));
        let checked = onqueue_session::verify(&house.desk.store, of, id).await;
        checked.expect("the chain holds");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_writer_goes_on_when_the_server_was_restarted() {
    let mut server = own_postgres(Disk::Unsynced).await;
    let database = Settings::postgres(&server.url("onqueue"));
    let house = House::on(database, Box::new(()), 3).await;
    let chats = join_all((0..8).map(|number| house.desk.start(number))).await;
    let (stop, counted) = (AtomicBool::new(false), AtomicU32::new(0));
    let senders = join_all(chats.iter().map(|chat| send_until(&house.desk, chat, &stop, &counted)));
    let faults = async {
        for _ in 0..3 {
            let before = counted.load(Ordering::Relaxed);
            until("messages", SOON, async || counted.load(Ordering::Relaxed) > before + 50).await;
            server.stop(Stop::Immediate).expect("stops");
            server.start_again().expect("starts");
            let (began, before) = (Instant::now(), counted.load(Ordering::Relaxed));
            until("the first message after it", SOON, async || {
                counted.load(Ordering::Relaxed) > before
            })
            .await;
            println!("went on {:?} after the server was back", began.elapsed());
            assert!(began.elapsed() < Duration::from_secs(5));
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (sent, ()) = tokio::join!(senders, faults);
    for (chat, sent) in chats.iter().zip(sent) {
        let log = house.desk.log(&chat.token, &chat.id).await.expect("a log");
        assert!(is_dense(&log));
        assert_eq!(words(&log)[2..], sent, "each once, in order");
        verify(&house.desk, chat).await;
    }
}

/// Sends one after the other, each until it is answered, as clients do.
async fn send_until(desk: &Desk, chat: &Chat, stop: &AtomicBool, counted: &AtomicU32) -> Vec<String> {
    let mut sent = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let text = sent.len().to_string();
        until("an answer", SOON, async || {
            desk.send(&chat.token, &chat.id, &text, &text).await.is_ok()
        })
        .await;
        counted.fetch_add(1, Ordering::Relaxed);
        sent.push(text);
    }
    sent
}

/// Everything that writes at once, at two replicas, over the same conversations: messages, reports, ends, beginnings,
/// policies and looks at inactivity, each of which locks other rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_meets_waits_in_turn() {
    const CHATS: usize = 48;
    let server = own_postgres(Disk::Unsynced).await;
    let database = Settings::postgres(&server.url("onqueue"));
    let house = House::on(database, Box::new(()), 4).await;
    let faults = || Faults {
        delay_before_commit_ms: 4,
        ..Faults::default()
    };
    let replicas = [house.replica(5, faults()).await, house.replica_apart(6, faults()).await];
    let chats = join_all((0..CHATS).map(|number| replicas[number % 2].start(number as u128))).await;
    for turn in 0..6_u8 {
        // Looks at inactivity meet what comes in meanwhile.
        house.clock.advance(14 * MINUTE + Duration::from_secs(30));
        everything(&house, &replicas, &chats, turn).await;
    }
    for chat in &chats {
        verify(&house.desk, chat).await;
    }
    let log = server.log();
    println!("deadlocks: {}", log.matches("deadlock detected").count());
    assert!(!log.contains("deadlock detected"), "{log}");
}

async fn everything(house: &House, replicas: &[Desk; 2], chats: &[Chat], turn: u8) {
    let messages = join_all((0..2 * chats.len()).map(|at| {
        let (replica, chat) = (&replicas[at % 2], &chats[at * 7 % chats.len()]);
        let (id, guest) = (chat.id.parse().expect("an id"), chat.guest.parse().expect("an id"));
        let token = house.tokens.guest(organisation(), id, guest);
        async move { replica.send(&token, &chat.id, &format!("{turn}-{at}"), "x").await }
    }));
    let reports = join_all(chats.iter().enumerate().rev().map(|(at, chat)| {
        let fact = match turn {
            0 => queued(),
            1 => offered(agent()),
            _ => assigned(agent()),
        };
        replicas[(at / 2) % 2].report(&chat.id, 1, i64::from(turn) + 1, fact)
    }));
    // The same requests at both.
    let begin = join_all((0..16).flat_map(|number| {
        let request = || wish(1_000 * (1 + u128::from(turn)) + number);
        [replicas[0].try_start(request()), replicas[1].try_start(request())]
    }));
    let policies = join_all([0, 1, 2, 3].map(|at| {
        let revision = 10 * (1 + i64::from(turn)) + at;
        let replica = &replicas[usize::from(at % 2 == 0)];
        replica.put(policy(queue(), revision))
    }));
    let (messages, reports, begun, _) = tokio::join!(messages, reports, begin, policies);
    assert!(messages.iter().all(Result::is_ok), "{messages:?}");
    assert!(reports.iter().all(Result::is_ok), "{reports:?}");
    assert!(begun.iter().all(Result::is_ok), "{begun:?}");
}

/// Requests that came to another replica too, which commits them one after the other while ours waits for each: what is in a
/// batch with them does not pay for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_others_take_one_by_one_do_not_use_up_the_patience_of_the_rest() {
    // In however many batches they come (two under way and one that waits), one has more of them than it may try in vain.
    const TAKEN: u128 = 12;
    let house = House::on_postgres(16).await;
    let replica = house.replica(17, Faults::default()).await;
    let pattern = replica.start(1).await;
    let mut others = Vec::new();
    for number in 0..TAKEN {
        others.push(hold_request(&house, &pattern, number).await);
    }
    let begin = join_all((0..=TAKEN).map(|number| replica.try_start(wish(100 + number))));
    let take = async {
        while !others.is_empty() {
            let mut waited_for = None;
            until("somebody who waits for one of them", SOON, async || {
                let processes = waited_for_processes(&house).await;
                waited_for = others.iter().position(|other| processes.contains(&other.process));
                waited_for.is_some()
            })
            .await;
            others.swap_remove(waited_for.expect("one")).commit().await;
        }
    };
    let (begun, ()) = tokio::join!(begin, take);
    assert!(begun.iter().all(Result::is_ok), "{begun:?}");
}

/// A transaction of another replica that has begun a conversation and not committed yet.
struct Held {
    process: i32,
    commit: tokio::sync::oneshot::Sender<()>,
    done: tokio::task::JoinHandle<()>,
}

impl Held {
    async fn commit(self) {
        self.commit.send(()).expect("waits for it");
        self.done.await.expect("committed");
    }
}

/// The processes of the server that hold what others wait for.
async fn waited_for_processes(house: &House) -> Vec<i32> {
    let sql = "SELECT unnest(pg_blocking_pids(pid)) AS process FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let rows = house.desk.store.reader();
    let rows = rows
        .query_all_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await;
    let process = |row: &sea_orm::QueryResult| row.try_get("", "process").expect("a number");
    rows.expect("reads").iter().map(process).collect()
}

/// Begins the same conversation once more, by another request.
async fn hold_request(house: &House, pattern: &Chat, number: u128) -> Held {
    let insert = format!(
        "INSERT INTO session_conversations SELECT (jsonb_populate_record(one, jsonb_build_object('id', \
         gen_random_uuid(), 'request_id', '{}'))).* FROM session_conversations one WHERE id = '{}'",
        wish(100 + number).request_id,
        pattern.id
    );
    let store = house.desk.store.clone();
    let (commit, told) = tokio::sync::oneshot::channel();
    let (say, said) = tokio::sync::oneshot::channel();
    let once = std::sync::Mutex::new(Some((say, told)));
    let done = tokio::spawn(async move {
        let held = store.transaction(|tx| {
            let (say, told) = once.lock().expect("alone").take().expect("one attempt");
            let insert = insert.clone();
            Box::pin(async move {
                tx.execute_unprepared(&insert).await?;
                let process = Statement::from_string(DbBackend::Postgres, "SELECT pg_backend_pid() AS process");
                let row = tx.query_one_raw(process).await?.expect("a row");
                say.send(row.try_get("", "process")?).expect("is heard");
                told.await.expect("is told");
                Ok(())
            })
        });
        held.await.expect("commits");
    });
    Held {
        process: said.await.expect("begun"),
        commit,
        done,
    }
}

/// A transaction that is open in another database of the cluster, as a backup's may be, and writers whose commits come in
/// another order than they began: the feed neither waits nor skips.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_stays_open_stops_the_feed() {
    let house = House::on_postgres(7).await;
    let elsewhere = onqueue_testkit::postgres().await;
    let opened = onqueue_store::Store::open(&elsewhere.settings()).await.expect("opens");
    let open = opened.transaction(|tx| {
        Box::pin(async move {
            tx.execute_unprepared("CREATE TABLE held (n INT)").await?;
            std::future::pending::<()>().await;
            Ok(())
        })
    });
    let faults = || Faults {
        delay_before_commit_ms: 30,
        ..Faults::default()
    };
    let replicas = [house.replica(8, faults()).await, house.replica(9, faults()).await];
    let follow = async {
        let shards = (0..256).map(|shard| proto::ShardCursor { shard, after: 0 }).collect();
        let feed = replicas[1].feed().feed(proto::FeedRequest { shards }).await;
        let mut feed = feed.expect("a feed").into_inner();
        let mut numbers = Vec::new();
        while numbers.len() < 80 {
            let next = tokio::time::timeout(SOON, feed.message()).await.expect("in time");
            numbers.extend(next.expect("no error").expect("open").row.map(|row| row.number));
        }
        numbers
    };
    let write = join_all((0..40).map(|number| {
        let (one, other) = (&replicas[number % 2], &replicas[(number + 1) % 2]);
        async move {
            let chat = one.start(number as u128).await;
            other.end(&chat.token, &chat.id).await.expect("ends");
        }
    }));
    tokio::select! {
        outcome = open => panic!("it stays open: {outcome:?}"),
        (numbers, _) = async { tokio::join!(follow, write) } => {
            assert_eq!(numbers, (1..=80).collect::<Vec<i64>>(), "none skipped, each once");
        }
    }
}

/// What one replica has in hand another leaves alone instead of waiting for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_in_hand_does_not_hold_up_the_others_that_are_due() {
    let house = House::on_postgres(10).await;
    let chats = join_all((0..5).map(|number| house.connected(number))).await;
    let held: uuid::Uuid = chats[2].id.parse().expect("an id");
    let (taken, has_taken) = tokio::sync::oneshot::channel();
    let taken = std::sync::Mutex::new(Some(taken));
    let (release, released) = tokio::sync::watch::channel(false);
    let holding = house.desk.store.transaction(|tx| {
        let mut released = released.clone();
        let taken = taken.lock().expect("alone").take();
        Box::pin(async move {
            let hold = format!("SELECT id FROM session_conversations WHERE id = '{held}' FOR UPDATE");
            tx.execute_unprepared(&hold).await?;
            let _ = taken.expect("once").send(());
            let _ = released.wait_for(|released| *released).await;
            Ok(())
        })
    });
    let sweeping = async {
        has_taken.await.expect("held");
        house.clock.advance(16 * MINUTE);
        let sue = house.supervisor_token();
        let ended = async |at: usize| {
            let seen = house.desk.get(&sue, &chats[at].id).await.expect("seen");
            seen.state() == ConversationState::Ended
        };
        for at in [0, 1, 3, 4] {
            until("the end of what is free", SOON, async || ended(at).await).await;
        }
        assert!(!ended(2).await);
        release.send(true).expect("held until now");
        house.clock.advance(Duration::from_secs(1));
        until("the end of the last", SOON, async || ended(2).await).await;
    };
    let (held, ()) = tokio::join!(holding, sweeping);
    held.expect("held");
}
