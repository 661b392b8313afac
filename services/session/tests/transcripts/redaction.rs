//! Redacting single messages, and the legal hold that keeps them.

use crate::find::{NOWHERE, text};
use crate::support::{Chat, House, id, reason, trail, words};
use crate::{ALL, ended};
use onqueue_proto::session::v1::{RemovalCause, TranscriptVerdict, event::Body};
use tonic::Code;

/// A chat that has ended, in which a secret was said.
struct Told {
    house: House,
    arch: String,
    chat: Chat,
    /// The event with the secret.
    secret: String,
    /// The agent's answer.
    answer: String,
}

impl Told {
    async fn new(seed: u64) -> Self {
        let house = House::new(seed).await;
        let arch = house.archivist(300, &ALL);
        let (chat, mut ids) = ended(&house, 1, &["Mein Geheimnis", "Aha"]).await;
        let (answer, secret) = (ids.pop().expect("two"), ids.pop().expect("two"));
        Self {
            house,
            arch,
            chat,
            secret,
            answer,
        }
    }

    async fn finds(&self, word: &str) -> Vec<usize> {
        let chats = std::slice::from_ref(&self.chat);
        self.house.desk.finds(&self.arch, text(word), chats).await
    }
}

#[tokio::test]
async fn what_is_held_stays_and_the_hold_is_on_record_once() {
    let told = Told::new(100).await;
    let (desk, arch, chat) = (&told.house.desk, &told.arch, &told.chat);
    let held = desk.hold(arch, chat, true).await.expect("held");
    assert_eq!(
        (held.reason.as_str(), held.user_id),
        ("court", id::<()>(300).to_string())
    );
    let refused = desk.redact(arch, chat, &told.secret).await.expect_err("held");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "LEGAL_HOLD")
    );
    assert_eq!(desk.hold(arch, chat, true).await.expect("held still").at, held.at);
    assert_eq!(desk.hold(arch, chat, false).await, None);
    let trail = trail(desk).await;
    let holds = trail.iter().filter(|action| action.starts_with("transcript."));
    assert_eq!(holds.count(), 2);
    desk.redact(arch, chat, &told.secret).await.expect("held no more");
}

#[tokio::test]
async fn a_redacted_message_is_gone_and_the_log_says_so() {
    let told = Told::new(92).await;
    let (desk, arch, chat) = (&told.house.desk, &told.arch, &told.chat);
    desk.indexed().await;
    assert_eq!(told.finds("geheimnis").await, [0]);
    let before = trail(desk).await.len();
    let left = desk.redact(arch, chat, &told.secret).await.expect("gone");
    assert!(matches!(left.body, Some(Body::Erased(_))) && left.event_id == told.secret);
    assert_eq!(desk.redact(arch, chat, &told.secret).await.expect("gone already"), left);
    assert_eq!(trail(desk).await[before..], ["message.redact"]);
    assert_eq!(told.finds("geheimnis").await, NOWHERE);
    assert_eq!(told.finds("aha").await, [0]);
    let log = words(&desk.log(&chat.token, &chat.id).await.expect("theirs"));
    assert!(
        log.contains(&"erased message".to_owned()) && log.contains(&"redacted".to_owned()),
        "{log:?}"
    );
    assert_eq!(
        desk.count("SELECT COUNT(*) AS count FROM session_events WHERE part LIKE '%Geheimnis%'")
            .await,
        0
    );
}

#[tokio::test]
async fn the_chain_holds_without_a_redacted_message_and_names_who_took_it() {
    let told = Told::new(101).await;
    let (desk, arch, chat) = (&told.house.desk, &told.arch, &told.chat);
    desk.redact(arch, chat, &told.secret).await.expect("gone");
    let checked = desk.verified(arch, chat).await;
    assert_eq!(checked.verdict(), TranscriptVerdict::Intact);
    let removals = checked.removals.iter().map(|one| (one.cause(), one.by.as_str()));
    let who = format!("user:{}", id::<()>(300));
    assert_eq!(removals.collect::<Vec<_>>(), [(RemovalCause::Redacted, who.as_str())]);
}

#[tokio::test]
async fn who_may_only_look_redacts_nothing_and_nobody_what_is_not_there() {
    let told = Told::new(102).await;
    let desk = &told.house.desk;
    let view = told.house.archivist(301, &["recording:transcript:view"]);
    let refused = desk.redact(&view, &told.chat, &told.answer).await.expect_err("may not");
    assert_eq!(reason(&refused), "PERMISSION_MISSING");
    let nothing = id::<()>(1).to_string();
    let refused = desk.redact(&told.arch, &told.chat, &nothing).await.expect_err("none");
    assert_eq!(refused.code(), Code::NotFound);
}
