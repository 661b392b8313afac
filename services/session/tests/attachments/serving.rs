//! Who gets a file, and how it is when they get it.

use crate::{
    files::{Office, PART, png, text, ticket},
    support::{House, is_dense, reason},
    told,
};
use onqueue_proto::session::v1::{
    Attachment, AttachmentState, OpenUploadRequest, attachment_bytes_service_client::AttachmentBytesServiceClient,
};
use onqueue_testkit::with_token;
use std::{sync::atomic::Ordering, time::Duration};
use tonic::Code;

/// With this token both files are seen, and the first is had as it was sent.
async fn sees_both(office: &Office, token: &str, sent: &Attachment, report: &[u8]) {
    let (desk, chat) = (&office.desk, &office.chat);
    let (file, bytes) = desk.fetch(token, &chat.id, &sent.attachment_id).await.expect("served");
    assert_eq!((&file, bytes.len()), (sent, report.len()));
    assert!(bytes == report, "the same bytes");
    let log = desk.log(token, &chat.id).await.expect("a log");
    assert!(is_dense(&log));
    assert_eq!(told(&log), ["bill.txt", "Größe.png"]);
    let list = desk.list(token, &chat.id).await.expect("listed");
    let listed: Vec<_> = list.attachments.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(listed, ["bill.txt", "Größe.png"]);
    let limits = list.limits.expect("limits");
    let left = 3 * 1024 * 1024 - report.len() - png().len();
    assert_eq!(
        (limits.enabled, limits.left_bytes),
        (true, i64::try_from(left).expect("short"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_comes_and_goes_as_it_was() {
    let office = Office::open(1).await;
    let (desk, chat, agent) = (&office.desk, &office.chat, office.agent());
    let report = text(PART + 1_234);
    let sent = desk
        .attached(&chat.token, &chat.id, "C:\\bills\\bill.txt", &report)
        .await
        .expect("comes");
    assert_eq!(
        (sent.state(), sent.name.as_str(), sent.media_type.as_str()),
        (AttachmentState::Clean, "bill.txt", "text/plain")
    );
    // Lists go by the millisecond.
    office.advance(Duration::from_millis(1));
    let picture = desk.attached(&agent, &chat.id, "Größe", &png()).await.expect("comes");
    assert_eq!(picture.name, "Größe.png");

    for token in [&chat.token, &agent, &office.house.supervisor_token()] {
        sees_both(&office, token, &sent, &report).await;
    }
    assert_eq!(office.scanner.asked.load(Ordering::SeqCst), 2);
    assert_eq!(office.kept().len(), 3, "two parts and one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_right_ticket_opens() {
    let office = Office::open(8).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let announced = desk
        .announce(&chat.token, &chat.id, "a.txt", 5)
        .await
        .expect("announced");
    let up = ticket(&announced);
    let sent = desk.bring(&up, b"hello").await.expect("comes");
    let down = desk
        .ticket_for(&chat.token, &chat.id, &sent.attachment_id)
        .await
        .expect("a ticket");
    let forged = format!("{}AAAA", &down[..down.len() - 4]);
    for bad in [
        "",
        "x",
        &up,
        &forged,
        &chat.token,
        &office.agent(),
        &down[..down.len() - 1],
    ] {
        let refused = desk.read(bad).await.expect_err("refused");
        assert_eq!(reason(&refused), "TOKEN_INVALID", "{bad}");
    }
    for bad in [&down, &chat.token, &forged] {
        assert_eq!(reason(&desk.open(bad).await.expect_err("refused")), "TOKEN_INVALID");
    }
    assert_eq!(desk.read(&down).await.expect("served").1, b"hello");
    office.advance(Duration::from_secs(61));
    assert_eq!(reason(&desk.read(&down).await.expect_err("over")), "TOKEN_EXPIRED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_nothing_to_go_anywhere_else_with() {
    let office = Office::open(15).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let sent = desk
        .attached(&chat.token, &chat.id, "a.txt", b"hello")
        .await
        .expect("comes");
    let down = desk
        .ticket_for(&chat.token, &chat.id, &sent.attachment_id)
        .await
        .expect("a ticket");
    let other = desk.list(&down, &chat.id).await.expect_err("no access token");
    assert_eq!(reason(&other), "TOKEN_INVALID");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_but_the_gateway_brings_a_ticket() {
    let office = Office::open(16).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let announced = desk
        .announce(&chat.token, &chat.id, "a.txt", 5)
        .await
        .expect("announced");
    let request = OpenUploadRequest {
        upload_token: ticket(&announced),
    };
    let mut outside = AttachmentBytesServiceClient::new(desk.service.clone());
    let refused = outside.open_upload(with_token(request, &chat.token)).await;
    assert_eq!(reason(&refused.expect_err("not the gateway")), "CALLER_NOT_ALLOWED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_watchers_attach_nothing() {
    let office = Office::open(9).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let other = office.house.desk.start(2).await;
    let stranger = desk
        .announce(&other.token, &chat.id, "a.txt", 5)
        .await
        .expect_err("not theirs");
    assert_eq!(stranger.code(), Code::NotFound);
    let watching = office.house.supervisor_token();
    let watcher = desk
        .announce(&watching, &chat.id, "a.txt", 5)
        .await
        .expect_err("takes no part");
    assert_eq!(reason(&watcher), "CALLER_NOT_ALLOWED");
    let sent = desk
        .attached(&chat.token, &chat.id, "a.txt", b"hello")
        .await
        .expect("comes");
    for attempt in [
        desk.fetch(&other.token, &chat.id, &sent.attachment_id).await,
        desk.fetch(&other.token, &other.id, &sent.attachment_id).await,
    ] {
        assert_eq!(attempt.expect_err("not theirs").code(), Code::NotFound);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_in_the_depot_is_not_served() {
    let office = Office::open(11).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let sent = desk
        .attached(&chat.token, &chat.id, "a.txt", b"hello")
        .await
        .expect("comes");
    let [path] = office.kept().try_into().expect("one part");
    std::fs::write(path, b"jello").expect("written");
    let refused = desk
        .fetch(&chat.token, &chat.id, &sent.attachment_id)
        .await
        .expect_err("changed");
    assert_eq!(refused.code(), Code::Internal);
}

#[tokio::test]
async fn without_a_folder_nothing_is_touched() {
    // Most installations take no files: nothing is made for them before one comes.
    let house = House::new(13).await;
    let folder = onqueue_session::Settings::default().attachments.folder;
    house.connected(1).await;
    assert!(!std::path::Path::new(&folder).exists(), "{folder}");
}
