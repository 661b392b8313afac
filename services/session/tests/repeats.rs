//! A message that is sent several times at once is stored once, and everybody who sent it gets the one answer.
#![allow(clippy::disallowed_methods)] // the environment says which set of tests this is

mod support;

use futures::future::join_all;
use onqueue_proto::session::v1::{
    SendMessageRequest, SendMessageResponse, conversation_service_client::ConversationServiceClient,
};
use onqueue_server::InProcess;
use onqueue_session::Faults;
use onqueue_testkit::with_token;
use sea_orm::{ConnectionTrait as _, Statement};
use std::sync::Arc;
use support::{Chat, Desk, House, is_dense, organisation, reason, words};
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::{Code, Status};

/// How many conversations the messages are for.
const CHATS: usize = 20;

/// How many messages are under way at once, each of them up to [`COPIES`] times.
const AT_ONCE: usize = 32;

/// How often a message is sent at the most.
const COPIES: usize = 5;

/// How many different messages there are.
fn keys() -> usize {
    match std::env::var_os("ONQUEUE_LONG") {
        Some(_) => 10_000,
        None => 500,
    }
}

async fn send(service: InProcess, chat: Chat, key: String, text: String) -> Result<SendMessageResponse, Status> {
    let message = SendMessageRequest {
        conversation_id: chat.id,
        client_message_id: key,
        text,
    };
    let mut client = ConversationServiceClient::new(service);
    let answer = client.send_message(with_token(message, &chat.token)).await?;
    Ok(answer.into_inner())
}

/// The same message as often as that, each time through the next replica.
async fn send_copies(replicas: [InProcess; 2], chat: Chat, number: usize) -> Vec<SendMessageResponse> {
    let (key, text) = (format!("k-{number}"), format!("Nummer {number}"));
    let copies = (0..=number % COPIES).map(|copy| {
        let service = replicas[(number + copy) % replicas.len()].clone();
        // A task of its own for each, as each call has at a server's door.
        tokio::spawn(send(service, chat.clone(), key.clone(), text.clone()))
    });
    let answers = join_all(copies).await.into_iter();
    answers
        .map(|answer| answer.expect("no panic").expect("taken"))
        .collect()
}

async fn count(desk: &Desk, sql: &str) -> i64 {
    let reader = desk.store.reader();
    let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql));
    let row = row.await.expect("reads").expect("a row");
    row.try_get("", "number").expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_sent_many_times_at_once_is_there_once() {
    let (house, keys) = (House::new(31).await, keys());
    let other = house.replica(32, Faults::default()).await;
    let replicas = [house.desk.service.clone(), other.service.clone()];
    let chats = join_all((0..CHATS).map(|number| house.desk.start(number as u128))).await;
    let (room, mut sending) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for number in 0..keys {
        let room = Arc::clone(&room).acquire_owned().await.expect("open");
        let (replicas, chat) = (replicas.clone(), chats[number % CHATS].clone());
        sending.spawn(async move {
            let answers = send_copies(replicas, chat, number).await;
            drop(room);
            assert!(answers.windows(2).all(|two| two[0] == two[1]), "{number}: {answers:?}");
            (number, answers[0].clone())
        });
    }
    let first = sending.join_all().await;
    assert_eq!(first.len(), keys);
    let rows = "SELECT COUNT(*) AS number FROM session_events WHERE client_message_id LIKE 'k-%'";
    assert_eq!(usize::try_from(count(&other, rows).await).expect("few"), keys);
    check_logs(&house.desk, &chats, keys).await;

    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut again = JoinSet::new();
    for (number, answer) in first {
        let room = Arc::clone(&room).acquire_owned().await.expect("open");
        let (service, chat) = (replicas[number % 2].clone(), chats[number % CHATS].clone());
        again.spawn(async move {
            let key = format!("k-{number}");
            let differs = send(service.clone(), chat.clone(), key.clone(), "anders".to_owned()).await;
            let status = differs.expect_err("another text under a key that was used");
            assert_eq!(status.code(), Code::AlreadyExists, "{status:?}");
            let same = send(service, chat, key, format!("Nummer {number}")).await;
            assert_eq!(same.expect("the first answer"), answer);
            drop(room);
        });
    }
    again.join_all().await;
    assert_eq!(usize::try_from(count(&other, rows).await).expect("few"), keys);
}

/// Each message is in its log once, and the log is whole.
async fn check_logs(desk: &Desk, chats: &[Chat], keys: usize) {
    let transcripts = desk.transcripts();
    for (at, chat) in chats.iter().enumerate() {
        let mut transcripts = transcripts.clone();
        let (mut log, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = onqueue_proto::session::v1::ListEventsRequest {
                conversation_id: chat.id.clone(),
                page_size: 500,
                page_token,
            };
            let page = transcripts.list_events(with_token(request, &chat.token)).await;
            let page = page.expect("a page").into_inner();
            log.extend(page.events);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert!(is_dense(&log));
        let mut said = words(&log)[2..].to_vec();
        said.sort_unstable();
        let mut expected: Vec<String> = (at..keys)
            .step_by(CHATS)
            .map(|number| format!("Nummer {number}"))
            .collect();
        expected.sort_unstable();
        assert_eq!(said, expected);
        let id = chat.id.parse().expect("an id");
        let verified = onqueue_session::verify(&desk.store, organisation(), id).await;
        verified.expect("the chain holds");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_different_texts_under_one_key_one_is_taken() {
    let house = House::new(33).await;
    let other = house.replica(34, Faults::default()).await;
    let replicas = [house.desk.service.clone(), other.service.clone()];
    let chat = house.desk.start(1).await;
    for number in 0..100 {
        let copies = (0..COPIES).map(|copy| {
            let (service, text) = (replicas[copy % 2].clone(), format!("{number} auf Art {copy}"));
            tokio::spawn(send(service, chat.clone(), format!("k-{number}"), text))
        });
        let answers: Vec<_> = join_all(copies).await;
        let (taken, refused): (Vec<_>, Vec<_>) = answers
            .into_iter()
            .map(|answer| answer.expect("no panic"))
            .partition(Result::is_ok);
        assert_eq!(taken.len(), 1, "{taken:?}");
        for status in refused.into_iter().filter_map(Result::err) {
            assert_eq!(
                (status.code(), reason(&status).as_str()),
                (Code::AlreadyExists, "REQUEST_ID_REUSED")
            );
        }
    }
    let rows = "SELECT COUNT(*) AS number FROM session_events WHERE client_message_id LIKE 'k-%'";
    assert_eq!(count(&other, rows).await, 100);
}
