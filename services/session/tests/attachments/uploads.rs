//! How files are announced and brought, and how much fits.

use crate::{
    files::{Mood, Office, PART, text, ticket},
    support::{self, SOON, reason},
    told,
};
use onqueue_proto::session::v1::{AttachmentState, CreateUploadRequest, CreateUploadResponse};
use onqueue_testkit::{until, with_token};
use std::time::Duration;
use tonic::Code;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_may_be_attached_unless_the_queue_says_so() {
    let office = Office::open(2).await;
    office.house.desk.put(support::policy(support::queue(), 3)).await;
    let (desk, chat) = (&office.desk, &office.chat);
    until("the policy to be noticed", SOON, async || {
        let limits = desk.list(&chat.token, &chat.id).await.expect("listed").limits;
        !limits.expect("limits").enabled
    })
    .await;
    let refused = desk.announce(&chat.token, &chat.id, "a.txt", 5).await.expect_err("off");
    assert_eq!(
        (reason(&refused), refused.code()),
        ("ATTACHMENT_REFUSED".to_owned(), Code::FailedPrecondition)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_announced_has_a_size_and_a_name() {
    let office = Office::open(5).await;
    let (desk, chat) = (&office.desk, &office.chat);
    for bytes in [0, 2 * 1024 * 1024 + 1] {
        let refused = desk
            .announce(&chat.token, &chat.id, "a.txt", bytes)
            .await
            .expect_err("refused");
        assert_eq!(reason(&refused), "FIELD_INVALID", "{bytes}");
    }
    for name in ["", "..", "a/..", "\u{202e}", &"x".repeat(256)] {
        let refused = desk
            .announce(&chat.token, &chat.id, name, 1)
            .await
            .expect_err("refused");
        assert_eq!(reason(&refused), "FIELD_INVALID", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_has_room_for_so_much() {
    let office = Office::open(17).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let two = 2 * 1024 * 1024;
    let (one, other) = tokio::join!(
        desk.announce(&chat.token, &chat.id, "a.txt", two),
        desk.announce(&chat.token, &chat.id, "b.txt", two),
    );
    let refused = [one, other].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(
        refused.iter().map(reason).collect::<Vec<_>>(),
        ["ATTACHMENT_QUOTA"],
        "two do not fit"
    );
    desk.announce(&chat.token, &chat.id, "c.txt", two / 2)
        .await
        .expect("this fits");
    let refused = desk
        .announce(&chat.token, &chat.id, "d.txt", 1)
        .await
        .expect_err("full");
    assert_eq!(
        (reason(&refused), refused.code()),
        ("ATTACHMENT_QUOTA".to_owned(), Code::ResourceExhausted)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn announcing_again_is_the_same() {
    let office = Office::open(6).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let request = CreateUploadRequest {
        conversation_id: chat.id.clone(),
        request_id: Uuid::now_v7().to_string(),
        name: "a.txt".to_owned(),
        bytes: 5,
    };
    let create = async |request: CreateUploadRequest| {
        let answer = desk.attachments().create_upload(with_token(request, &chat.token)).await;
        answer.map(tonic::Response::into_inner)
    };
    let first = create(request.clone()).await.expect("announced");
    let again = create(request.clone()).await.expect("announced");
    let id = |answer: &CreateUploadResponse| answer.attachment.as_ref().expect("an attachment").attachment_id.clone();
    assert_eq!(id(&first), id(&again));
    let other = CreateUploadRequest {
        bytes: 6,
        ..request.clone()
    };
    assert_eq!(reason(&create(other).await.expect_err("reused")), "REQUEST_ID_REUSED");
    desk.bring(&ticket(&again), b"hello").await.expect("comes");
    let done = create(request).await.expect("announced");
    assert_eq!(
        (id(&done), done.upload_path.as_str()),
        (id(&first), ""),
        "there is nothing to bring any more"
    );
    let late = desk.open(&ticket(&first)).await.expect_err("all there");
    assert_eq!(reason(&late), "STATE_CONFLICT");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_upload_can_begin_anew() {
    let office = Office::open(7).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let file = text(PART + 5);
    let announced = desk
        .announce(&chat.token, &chat.id, "a.txt", file.len())
        .await
        .expect("announced");
    let (ticket, id) = (
        ticket(&announced),
        announced.attachment.expect("an attachment").attachment_id,
    );
    let cut = desk.open(&ticket).await.expect("opened").attempt;
    desk.part(&ticket, &cut, 1, &file[..PART]).await.expect("kept");
    let anew = desk.open(&ticket).await.expect("opened again").attempt;
    for late in [
        desk.part(&ticket, &cut, 2, &file[PART..]).await,
        desk.close(&ticket, &cut).await.map(drop),
    ] {
        assert_eq!(reason(&late.expect_err("overtaken")), "STATE_CONFLICT");
    }
    // Closed before all of it is there, it is nothing.
    desk.part(&ticket, &anew, 2, &file[PART..]).await.expect("kept");
    let half = desk.close(&ticket, &anew).await.expect("closed");
    assert_eq!(
        (half.state(), half.refusal.as_str()),
        (AttachmentState::Refused, "not_uploaded")
    );
    assert_eq!(desk.own(chat, &id).await.refusal, "not_uploaded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_are_numbered_and_of_their_length() {
    let office = Office::open(18).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let file = text(PART + 5);
    let announced = desk
        .announce(&chat.token, &chat.id, "a.txt", file.len())
        .await
        .expect("announced");
    let ticket = ticket(&announced);
    let attempt = desk.open(&ticket).await.expect("opened").attempt;
    desk.part(&ticket, &attempt, 1, &file[..PART]).await.expect("kept");
    for (number, part) in [
        (0, &file[..PART]),
        (1, &file[..5]),
        (2, &file[..PART]),
        (3, &file[..5]),
        (2, &[][..]),
        (-1, &file[..5]),
    ] {
        let refused = desk
            .part(&ticket, &attempt, number, part)
            .await
            .expect_err("no part of it");
        assert_eq!(reason(&refused), "FIELD_INVALID", "{number} of {}", part.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_brought_in_time_is_given_up() {
    let office = Office::open(19).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let announced = desk
        .announce(&chat.token, &chat.id, "a.txt", 5)
        .await
        .expect("announced");
    let (ticket, id) = (
        ticket(&announced),
        announced.attachment.expect("an attachment").attachment_id,
    );
    let attempt = desk.open(&ticket).await.expect("opened").attempt;
    desk.part(&ticket, &attempt, 1, b"hello").await.expect("kept");
    assert_eq!(office.kept().len(), 1);
    office.advance(Duration::from_secs(61));
    let late = desk.close(&ticket, &attempt).await.expect_err("too late");
    assert_eq!(reason(&late), "TOKEN_EXPIRED");
    until("it to be given up", SOON, async || {
        desk.own(chat, &id).await.refusal == "not_uploaded"
    })
    .await;
    until("its bytes to go", SOON, async || office.kept().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_chat_takes_no_more() {
    let office = Office::open(10).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let sent = desk
        .attached(&chat.token, &chat.id, "a.txt", b"hello")
        .await
        .expect("comes");
    let announced = desk
        .announce(&chat.token, &chat.id, "b.txt", 5)
        .await
        .expect("announced");
    office.scanner.becomes(Mood::Broken);
    let held = desk
        .attach(&chat.token, &chat.id, "c.txt", b"hello")
        .await
        .expect("held");
    desk.end(&chat.token, &chat.id).await.expect("ends");

    let late = desk.bring(&ticket(&announced), b"hello").await.expect_err("over");
    assert_eq!(reason(&late), "CONVERSATION_CLOSED");
    let late = desk
        .announce(&chat.token, &chat.id, "d.txt", 5)
        .await
        .expect_err("over");
    assert_eq!(reason(&late), "CONVERSATION_CLOSED");
    office.scanner.becomes(Mood::Awake);
    office.advance(Duration::from_secs(6));
    until("the verdict", SOON, async || {
        desk.own(chat, &held.attachment_id).await.refusal == "conversation_closed"
    })
    .await;
    assert_eq!(told(&desk.log(&chat.token, &chat.id).await.expect("a log")), ["a.txt"]);
    // What came before can be had still.
    assert_eq!(
        desk.fetch(&chat.token, &chat.id, &sent.attachment_id)
            .await
            .expect("served")
            .1,
        b"hello"
    );
}
