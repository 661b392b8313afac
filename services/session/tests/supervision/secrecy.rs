//! What guests see of supervisors, and what is on record.

use crate::EVERYTHING;
use crate::support::{Chat, House, agent, any_frame, division, is_dense, organisation, trail, words};
use onqueue_proto::session::v1::{ParticipantKind, WatchResponse, event::Body, watch_response::Frame};

/// A chat that has seen everything that supervisors do: help that the agent asked for, coaching, watching and joining.
struct Supervised {
    house: House,
    chat: Chat,
    sue: String,
    /// The guest's stream from the beginning.
    guest: tonic::Streaming<WatchResponse>,
}

/// What of it a guest may see.
const PUBLIC: [&str; 10] = [
    "opened",
    "Hallo",
    "queued",
    "joined",
    "One moment, please",
    "joined",
    "I am her supervisor",
    "Thank you",
    "left",
    "ended",
];

/// Of what goes on in it without the guest.
const SECRETS: [&str; 7] = [
    "rebate",
    "percent",
    "kindly",
    "from here",
    "I do not know",
    "Sue",
    "Eva",
];

impl Supervised {
    async fn new(seed: u64) -> Self {
        let house = House::new(seed).await;
        let permissions = ["conversation:assistance:request"];
        house.tokens.grant(organisation(), agent(), division(), &permissions);
        let chat = house.connected(1).await;
        let guest = house.desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
        let [sue, tim, eva] =
            [(1, "Sue"), (2, "Tim"), (3, "Eva")].map(|(n, name)| house.supervisor(n, name, &EVERYTHING));
        let going_on = Self {
            house,
            chat,
            sue,
            guest,
        };
        going_on.supervisors_come(&tim, &eva).await;
        going_on.everybody_speaks(&tim, &eva).await;
        going_on.everybody_goes(&tim, &eva).await;
        going_on
    }

    /// Sue helps, Tim watches and Eva coaches.
    async fn supervisors_come(&self, tim: &str, eva: &str) {
        let (desk, chat, ada) = (&self.house.desk, &self.chat, self.house.agent_token());
        let request = desk.asks_for_help(&ada, chat, "I do not know").await;
        desk.helps(&self.sue, request).await;
        desk.monitors(tim, chat).await.expect("watches");
        desk.coaches(eva, chat).await.expect("coaches");
    }

    /// Also Tim, who joins.
    async fn everybody_speaks(&self, tim: &str, eva: &str) {
        let (desk, chat, ada) = (&self.house.desk, &self.chat, self.house.agent_token());
        let says = async |token: &str, text: &str| drop(desk.send(token, &chat.id, "1", text).await.expect("sent"));
        let whispers = async |token: &str, said| drop(desk.whispers(token, chat, said).await.expect("sent"));
        says(&ada, "One moment, please").await;
        whispers(&ada, ("2", "May I give a rebate?")).await;
        whispers(&self.sue, ("1", "Ten percent")).await;
        whispers(eva, ("1", "Say it kindly")).await;
        desk.barges_in(tim, chat).await.expect("joins");
        says(tim, "I am her supervisor").await;
        whispers(tim, ("2", "I take it from here")).await;
        says(&chat.token, "Thank you").await;
    }

    async fn everybody_goes(&self, tim: &str, eva: &str) {
        let (desk, chat) = (&self.house.desk, &self.chat);
        for token in [tim, &self.sue, eva] {
            desk.leaves(token, chat).await.expect("leaves");
        }
        desk.end(&chat.token, &chat.id).await.expect("ends");
    }
}

#[tokio::test]
async fn the_guests_stream_and_log_have_exactly_what_a_guest_may_see() {
    let mut supervised = Supervised::new(51).await;
    let mut frames = Vec::new();
    loop {
        let next = any_frame(&mut supervised.guest).await;
        match next.frame.expect("something") {
            Frame::Event(event) => frames.push(event),
            Frame::Goodbye(bye) => break assert_eq!(bye.reason, "conversation_ended"),
            other => panic!("a guest gets {other:?}"),
        }
    }
    assert_eq!(words(&frames), PUBLIC);
    assert!(is_dense(&frames));
    let joined = frames.iter().filter_map(|event| match event.body.as_ref()? {
        Body::ParticipantJoined(joined) => Some((joined.name.as_str(), joined.kind(), joined.user_id.as_str())),
        _ => None,
    });
    let joined: Vec<_> = joined.collect();
    assert_eq!(
        joined,
        [
            ("Ada", ParticipantKind::Agent, ""),
            ("Tim", ParticipantKind::Supervisor, "")
        ]
    );
    let (desk, chat) = (&supervised.house.desk, &supervised.chat);
    let log = desk.log(&chat.token, &chat.id).await.expect("theirs");
    assert_eq!(words(&log), PUBLIC);
    keeps_secrets(&format!("{frames:?} {log:?}"));
}

#[tokio::test]
async fn the_guest_is_told_of_nobody_who_was_never_heard() {
    let Supervised { house, chat, .. } = Supervised::new(56).await;
    let seen = house.desk.get(&chat.token, &chat.id).await.expect("theirs");
    assert!(seen.supervisors.is_empty());
    let mut names: Vec<_> = seen.participants.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Ada", "Ann", "Tim"]);
    keeps_secrets(&format!("{seen:?}"));
}

fn keeps_secrets(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "a guest reads {secret}");
    }
}

#[tokio::test]
async fn the_log_has_everything_and_the_audit_trail_who_did_it() {
    let Supervised { house, chat, sue, .. } = Supervised::new(57).await;
    let desk = &house.desk;
    assert_eq!(
        words(&desk.log(&sue, &chat.id).await.expect("may"))[5..],
        [
            "asks: I do not know",
            "helped by Sue",
            "One moment, please",
            "side: May I give a rebate?",
            "side: Ten percent",
            "coach: Say it kindly",
            "joined",
            "I am her supervisor",
            "side: I take it from here",
            "Thank you",
            "left",
            "help closed: supervisor",
            "ended"
        ]
    );
    assert_eq!(
        trail(desk).await,
        [
            "assistance.request",
            "assistance.take",
            "conversation.monitor",
            "conversation.coach",
            "conversation.barge_in",
            "assistance.close",
            "conversation.end"
        ]
    );
    onqueue_session::verify(&desk.store, organisation(), chat.id.parse().expect("an id"))
        .await
        .expect("whole");
}
