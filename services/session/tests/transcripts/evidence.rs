//! Whatever is changed behind the service's back is found.

use crate::support::{Chat, Desk, House, organisation};
use crate::{ALL, ended};
use onqueue_proto::session::v1::TranscriptVerdict::{self, Changed, CutOff};

/// What is done to the log of a chat, whose conversation takes the place of the braces, and what is said of it: the verdict,
/// and the first event that does not fit.
const FORGERIES: [(&str, TranscriptVerdict, i64); 9] = [
    (
        "UPDATE session_events SET part = REPLACE(part, 'eins', 'zwei') WHERE {} AND sequence = 6",
        Changed,
        6,
    ),
    (
        "UPDATE session_events SET at = at + 1 WHERE {} AND sequence = 4",
        Changed,
        4,
    ),
    (
        "UPDATE session_events SET kind = 5 WHERE {} AND sequence = 3",
        Changed,
        3,
    ),
    (
        "UPDATE session_events SET visibility = 2 WHERE {} AND sequence = 6",
        Changed,
        6,
    ),
    (
        "UPDATE session_events SET public_sequence = public_sequence + 1 WHERE {} AND sequence = 6",
        Changed,
        6,
    ),
    ("DELETE FROM session_events WHERE {} AND sequence = 5", Changed, 5),
    ("DELETE FROM session_events WHERE {} AND sequence = 8", CutOff, 8),
    (
        "UPDATE session_events SET part = NULL, salt = NULL WHERE {} AND sequence = 6",
        Changed,
        6,
    ),
    (
        "UPDATE session_events SET salt = hash WHERE {} AND sequence = 7",
        Changed,
        7,
    ),
];

/// The end is cut off, and the conversation's head says that there was never more.
const CUT: [&str; 2] = [
    "UPDATE session_conversations SET last_sequence = 6, state = 4, ended_at = NULL, end_reason = NULL, head_hash = \
     (SELECT hash FROM session_events WHERE {} AND sequence = 6) WHERE id = [id]",
    "DELETE FROM session_events WHERE {} AND sequence > 6",
];

impl Desk {
    async fn forge(&self, change: &str, chat: &Chat) {
        let id = self.literal(&chat.id);
        let of = format!("conversation_id = {id}");
        self.sql(change.replace("{}", &of).replace("[id]", &id)).await;
    }

    async fn verdict(&self, token: &str, chat: &Chat) -> (TranscriptVerdict, i64) {
        let checked = self.verified(token, chat).await;
        (checked.verdict(), checked.first_broken_sequence)
    }
}

#[tokio::test]
async fn whatever_is_changed_is_found_and_named() {
    let house = House::new(93).await;
    let (desk, arch) = (&house.desk, house.archivist(300, &ALL));
    for (number, (change, verdict, first)) in (1..).zip(FORGERIES) {
        let (chat, _) = ended(&house, number, &["eins", "zwei"]).await;
        let whole = desk.verified(&arch, &chat).await;
        assert_eq!(
            (whole.verdict(), whole.events, whole.end_recorded),
            (TranscriptVerdict::Intact, 8, true)
        );
        desk.forge(change, &chat).await;
        assert_eq!(desk.verdict(&arch, &chat).await, (verdict, first), "{change}");
    }
    let checked = onqueue_session::verify_some(&desk.store, organisation(), None).await;
    let checked = checked.expect("checked");
    assert_eq!(checked.len(), FORGERIES.len());
    assert!(checked.iter().all(|one| one.problem.is_some()));
}

#[tokio::test]
async fn the_audit_trail_knows_of_an_end_that_was_cut_off_together_with_the_head() {
    let house = House::new(103).await;
    let (desk, arch) = (&house.desk, house.archivist(300, &ALL));
    let (chat, _) = ended(&house, 20, &["eins", "zwei"]).await;
    for change in CUT {
        desk.forge(change, &chat).await;
    }
    assert_eq!(desk.verdict(&arch, &chat).await, (CutOff, 7));
    let checked = onqueue_session::verify_some(&desk.store, organisation(), None).await;
    let problems = checked.expect("checked").into_iter().map(|one| one.problem.is_some());
    assert_eq!(problems.collect::<Vec<_>>(), [true]);
}
