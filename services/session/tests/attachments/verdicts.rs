//! What becomes of files: nothing is had of one before it was looked at, and nothing at all of one that was refused.

use crate::{
    files::{Mood, Office, eicar, png, rules, ticket, zip},
    support::{SOON, reason},
    told,
};
use onqueue_proto::session::v1::{Attachment, AttachmentState};
use onqueue_testkit::until;
use std::{sync::atomic::Ordering, time::Duration};
use tonic::Code;

/// What it is, its name, its bytes, and what it is refused for.
type Trick = (&'static str, &'static str, Vec<u8>, &'static str);

/// Files that are not what they say.
fn disguises() -> Vec<Trick> {
    let polyglot = [png(), zip("evil.class", b"\xca\xfe\xba\xbe", 4)].concat();
    vec![
        ("a program", "photo.png", b"MZ\x90\0\x03\0\0\0".to_vec(), "type_unknown"),
        (
            "a page as text",
            "a.txt",
            b"<html><script>alert(1)</script>".to_vec(),
            "type_unknown",
        ),
        ("a picture in a document's name", "a.pdf", png(), "name_differs"),
        ("a document in a program's name", "bill.png.exe", png(), "name_differs"),
        (
            "an end hidden by a turn of direction",
            "ann\u{202e}gnp.exe",
            png(),
            "name_differs",
        ),
        ("two kinds at once", "a.png", polyglot, "more_than_one_type"),
        (
            "a page behind a picture",
            "a.png",
            [png(), b"<script>".to_vec()].concat(),
            "more_than_one_type",
        ),
    ]
}

/// Files that are what they say, and no good.
fn troubles() -> Vec<Trick> {
    vec![
        (
            "a kind that the queue does not take",
            "a.gif",
            b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(),
            "type_not_allowed",
        ),
        ("an archive that grows", "a.zip", zip("a", b"xx", 1 << 30), "too_dense"),
        (
            "an archive that writes elsewhere",
            "a.zip",
            zip("../../a", b"xx", 2),
            "malformed",
        ),
        ("an archive in an archive", "a.zip", zip("a.zip", b"PK", 2), "too_dense"),
        ("half a picture", "a.png", png()[..30].to_vec(), "malformed"),
        ("what every scanner finds", "a.txt", eicar(), "infected"),
    ]
}

/// The sender alone learns of it, and nobody gets it.
async fn fails(office: &Office, (what, name, file, why): Trick) {
    let (desk, chat) = (&office.desk, &office.chat);
    let judged = desk.attached(&chat.token, &chat.id, name, &file).await.expect("judged");
    assert_eq!(
        (judged.state(), judged.refusal.as_str()),
        (AttachmentState::Refused, why),
        "{what}"
    );
    let own = desk
        .ticket_for(&chat.token, &chat.id, &judged.attachment_id)
        .await
        .expect_err(what);
    assert_eq!(reason(&own), "ATTACHMENT_REFUSED", "{what}");
    for token in [office.agent(), office.house.supervisor_token()] {
        let theirs = desk
            .ticket_for(&token, &chat.id, &judged.attachment_id)
            .await
            .expect_err(what);
        assert_eq!(theirs.code(), Code::NotFound, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tricks_fail() {
    let office = Office::open(3).await;
    let (desk, chat) = (&office.desk, &office.chat);
    for trick in disguises().into_iter().chain(troubles()) {
        fails(&office, trick).await;
    }
    assert_eq!(told(&desk.log(&chat.token, &chat.id).await.expect("a log")), [""; 0]);
    assert_eq!(
        desk.list(&office.agent(), &chat.id).await.expect("listed").attachments,
        []
    );
    assert!(office.kept().is_empty(), "nothing is kept of what was refused");
    // What was refused takes no room.
    let limits = desk
        .list(&chat.token, &chat.id)
        .await
        .expect("listed")
        .limits
        .expect("limits");
    assert_eq!(limits.left_bytes, 3 * 1024 * 1024);
}

/// A file for which the scanner has no verdict.
async fn held(office: &Office) -> Attachment {
    let (desk, chat, agent) = (&office.desk, &office.chat, office.agent());
    let held = desk
        .attach(&chat.token, &chat.id, "a.txt", b"hello")
        .await
        .expect("held");
    assert_eq!(held.state(), AttachmentState::Quarantined);
    assert_eq!(office.scanner.asked.load(Ordering::SeqCst), 1);
    let own = desk
        .ticket_for(&chat.token, &chat.id, &held.attachment_id)
        .await
        .expect_err("not yet");
    assert_eq!(reason(&own), "ATTACHMENT_NOT_READY");
    let theirs = desk
        .ticket_for(&agent, &chat.id, &held.attachment_id)
        .await
        .expect_err("not yet");
    assert_eq!(theirs.code(), Code::NotFound);
    assert_eq!(told(&desk.log(&agent, &chat.id).await.expect("a log")), [""; 0]);
    held
}

/// The agent gets it once the log tells of it.
async fn is_had_in_the_end(office: &Office, held: &Attachment) {
    let (desk, chat, agent) = (&office.desk, &office.chat, office.agent());
    until("the log to tell", SOON, async || {
        told(&desk.log(&agent, &chat.id).await.expect("a log")) == ["a.txt"]
    })
    .await;
    let own = desk.own(chat, &held.attachment_id).await;
    assert_eq!(own.state(), AttachmentState::Clean);
    let served = desk.fetch(&agent, &chat.id, &held.attachment_id).await.expect("served");
    assert_eq!(served.1, b"hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_had_before_its_verdict_also_across_a_restart() {
    for (seed, mood) in [(40, Mood::Broken), (41, Mood::Confused), (42, Mood::Silent)] {
        let mut office = Office::open(seed).await;
        office.scanner.becomes(mood);
        let held = held(&office).await;
        office.restart().await;
        office.scanner.becomes(Mood::Awake);
        office.advance(Duration::from_secs(6));
        is_had_in_the_end(&office, &held).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_word_for_too_long_it_is_refused() {
    let office = Office::open(14).await;
    let (desk, chat) = (&office.desk, &office.chat);
    office.scanner.becomes(Mood::Broken);
    let held = desk
        .attach(&chat.token, &chat.id, "a.txt", b"hello")
        .await
        .expect("held");
    assert_eq!(held.state(), AttachmentState::Quarantined);
    office.advance(Duration::from_secs(301));
    until("it to be given up", SOON, async || {
        desk.own(chat, &held.attachment_id).await.refusal == "not_scanned"
    })
    .await;
    until("its bytes to go", SOON, async || office.kept().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_decides_until_the_verdict() {
    let office = Office::open(12).await;
    let (desk, chat) = (&office.desk, &office.chat);
    let announced = desk
        .announce(&chat.token, &chat.id, "a.txt", 5)
        .await
        .expect("announced");
    let mut stricter = rules(4);
    stricter.attachments.as_mut().expect("rules").media_types = vec!["image/png".to_owned()];
    office.house.desk.put(stricter).await;
    until("the policy to be noticed", SOON, async || {
        let limits = desk.list(&chat.token, &chat.id).await.expect("listed").limits;
        limits.expect("limits").media_types == ["image/png"]
    })
    .await;
    let judged = desk.bring(&ticket(&announced), b"hello").await.expect("judged");
    assert_eq!(judged.refusal, "type_not_allowed");
}
