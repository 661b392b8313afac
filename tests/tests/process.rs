//! The binary as a process: its lock, its health, its ending.
#![allow(clippy::disallowed_methods)]

use onqueue_proto::{
    gateway::v1::{WatchRequest as DeskRequest, desk_service_client::DeskServiceClient, watch_response as desk},
    session::v1::{Goodbye, WatchRequest, conversation_service_client::ConversationServiceClient, watch_response},
};
use onqueue_tests::{
    people::{Agent, Customer, bearing, channel},
    process::{Process, binary},
};
use std::{
    process::Command,
    time::{Duration, Instant},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_tells_open_streams_their_cursor_and_ends_in_time() {
    let mut process = Process::demo();
    let (address, credentials) = (process.address, process.credentials.clone());
    let customer = Customer::start(address, &credentials, "Billing", "en").await;
    customer.send("1", "hello").await.expect("sends");
    let agent = Agent::login(address, &credentials, "Ben").await;

    let watch = WatchRequest {
        conversation_id: customer.conversation.clone(),
        cursor: String::new(),
    };
    let mut stream = ConversationServiceClient::new(channel(address))
        .watch(bearing(&customer.token, watch))
        .await
        .expect("watches")
        .into_inner();
    let mut page = DeskServiceClient::new(channel(address))
        .watch(bearing(&agent.token, DeskRequest::default()))
        .await
        .expect("watches")
        .into_inner();
    assert!(page.message().await.expect("lives").is_some(), "the agent's state");

    let follow = tokio::spawn(async move {
        let mut last = String::new();
        while let Some(response) = stream.message().await.expect("ends in order") {
            if let Some(watch_response::Frame::Goodbye(Goodbye { reason })) = response.frame {
                return (reason, response.cursor, last);
            }
            last = response.cursor;
        }
        panic!("the stream ended without a goodbye");
    });
    let desk = tokio::spawn(async move {
        while let Some(response) = page.message().await.expect("ends in order") {
            if let Some(desk::Frame::Goodbye(goodbye)) = response.frame {
                return goodbye.reason;
            }
        }
        panic!("the page's stream ended without a goodbye");
    });
    let (took, code) = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let (_, code) = process.terminate();
        (began.elapsed(), code)
    })
    .await
    .expect("runs");
    assert_eq!(code, Some(0), "in order");
    assert!(took < Duration::from_secs(30), "within its limit: {took:?}");
    let (reason, cursor, last) = follow.await.expect("runs");
    assert_eq!(
        (reason.as_str(), cursor.as_str()),
        ("draining", last.as_str()),
        "with the cursor of the last frame"
    );
    assert_eq!(desk.await.expect("runs"), "draining");
}

#[test]
fn the_second_process_on_one_data_folder_ends_at_once_and_says_why() {
    let process = Process::demo();
    let began = Instant::now();
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--health-listen",
        "127.0.0.1:0",
        "--data",
    ];
    let second = Command::new(binary())
        .args(arguments)
        .arg(process.data())
        .output()
        .expect("runs");
    assert_eq!(second.status.code(), Some(1));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another onqueue process uses this data folder"), "{said}");
}

#[test]
fn a_taken_port_is_told_before_anything_else() {
    let process = Process::demo();
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [
        "serve",
        "--listen",
        &process.address.to_string(),
        "--health-listen",
        "127.0.0.1:0",
        "--data",
    ];
    let second = Command::new(binary())
        .args(arguments)
        .arg(folder.path())
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(
        second.status.code() == Some(1) && said.contains(&process.address.to_string()),
        "{said}"
    );
    assert!(!folder.path().join("onqueue.db").exists(), "nothing was begun");
}

#[test]
fn health_is_told_by_the_binary_itself() {
    let process = Process::demo();
    let check = Command::new(binary())
        .args(["healthcheck", "--address", &process.health.to_string()])
        .output()
        .expect("runs");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    assert_eq!(String::from_utf8_lossy(&check.stdout), "ready\n");
}
