//! Transcripts go when their queue's retention has passed, unless they are held.

use crate::find::text;
use crate::support::{Chat, House, SOON, policy, queue, words};
use crate::{ALL, ended};
use onqueue_proto::session::v1::{self as proto, RemovalCause, TranscriptVerdict};
use onqueue_testkit::{until, with_token};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How often it is looked what is due, and more.
const A_LOOK: Duration = Duration::from_secs(120);

/// Three chats of a queue that keeps transcripts for thirty days: an old one, an old one that is held, and a young one.
struct Archive {
    house: House,
    chats: [Chat; 3],
    arch: String,
}

impl Archive {
    /// On the day on which the old ones were due, once they are gone.
    async fn new(seed: u64) -> Self {
        let house = House::new(seed).await;
        let (desk, arch) = (&house.desk, house.archivist(300, &ALL));
        desk.put(proto::QueuePolicy {
            retention_days: 30,
            ..policy(queue(), 2)
        })
        .await;
        let (old, _) = ended(&house, 1, &["uralt"]).await;
        let (kept, _) = ended(&house, 2, &["wertvoll"]).await;
        desk.hold(&arch, &kept, true).await.expect("held");
        house.clock.advance(20 * DAY);
        let (young, _) = ended(&house, 3, &["neulich"]).await;
        desk.indexed().await;
        house.clock.advance(10 * DAY + A_LOOK);
        let arch = house.archivist(300, &ALL);
        let archive = Self {
            house,
            chats: [old, kept, young],
            arch,
        };
        archive.until_gone("uralt").await;
        archive
    }

    async fn finds(&self, word: &str) -> Vec<usize> {
        self.house.desk.finds(&self.arch, text(word), &self.chats).await
    }

    async fn until_gone(&self, word: &str) {
        let is_gone = async || self.finds(word).await.is_empty();
        until(&format!("{word} to go"), SOON, is_gone).await;
    }
}

#[tokio::test]
async fn transcripts_go_when_their_time_has_passed() {
    let archive = Archive::new(94).await;
    assert_eq!(archive.finds("wertvoll").await, [1]);
    assert_eq!(archive.finds("neulich").await, [2]);
    let (desk, old) = (&archive.house.desk, &archive.chats[0]);
    let log = words(&desk.log(&archive.arch, &old.id).await.expect("what is left"));
    assert!(!log.iter().any(|word| word == "uralt" || word == "Hallo"), "{log:?}");
    let checked = desk.verified(&archive.arch, old).await;
    assert_eq!(checked.verdict(), TranscriptVerdict::Intact);
    assert!(!checked.removals.is_empty());
    assert!(
        checked
            .removals
            .iter()
            .all(|one| one.cause() == RemovalCause::Retention)
    );
}

#[tokio::test]
async fn how_far_retention_has_come_is_told() {
    let archive = Archive::new(104).await;
    let mut transcripts = archive.house.desk.transcripts();
    let progress = transcripts
        .get_retention(with_token(proto::GetRetentionRequest {}, &archive.arch))
        .await
        .expect("progress")
        .into_inner();
    let told = progress.queues.iter().map(|one| (one.days, one.erased, one.due));
    assert_eq!(told.collect::<Vec<_>>(), [(30, 1, 0)]);
}

#[tokio::test]
async fn what_was_held_goes_when_it_is_held_no_more() {
    let archive = Archive::new(105).await;
    let (desk, kept) = (&archive.house.desk, &archive.chats[1]);
    let holds = desk
        .transcripts()
        .list_legal_holds(with_token(proto::ListLegalHoldsRequest::default(), &archive.arch))
        .await
        .expect("a list")
        .into_inner()
        .holds;
    let held: Vec<_> = holds.iter().map(|hold| &hold.conversation_id).collect();
    assert_eq!(held, [&kept.id]);
    assert_eq!(desk.hold(&archive.arch, kept, false).await, None);
    archive.house.clock.advance(A_LOOK);
    archive.until_gone("wertvoll").await;
}
