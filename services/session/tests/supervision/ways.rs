//! The ways of supervising: who may which, and what each lets one do.

use crate::support::{Chat, Desk, House, agent, assigned, id, offered, queue, trail, words};
use crate::{EVERYTHING, VIEW, hidden, not_allowed, refusal};
use onqueue_model::UserId;
use onqueue_proto::session::v1::{self as proto, ParticipantKind, report_request::Fact};
use tonic::Code;

/// Who may each one thing of what supervisors do, besides seeing.
fn specialists(house: &House) -> [(String, &'static str); 3] {
    let may = |number, permission| house.supervisor(number, "Max", &[VIEW, permission]);
    [
        (may(2, "conversation:webchat:monitor"), "monitor"),
        (may(3, "conversation:webchat:coach"), "coach"),
        (may(4, "conversation:webchat:barge"), "barge"),
    ]
}

#[tokio::test]
async fn each_way_needs_its_own_permission() {
    let house = House::new(52).await;
    let (desk, chat) = (&house.desk, house.connected(1).await);
    let only = house.supervisor(1, "Vic", &[VIEW]);
    assert_eq!(
        refusal(desk.watch(&only, &chat.id, "").await.map(drop)),
        not_allowed(),
        "seeing is not following"
    );
    assert_eq!(refusal(desk.whispers(&only, &chat, ("1", "x")).await), not_allowed());
    for (token, what) in &specialists(&house) {
        let outcomes = [
            ("monitor", desk.monitors(token, &chat).await),
            ("coach", desk.coaches(token, &chat).await),
            ("barge", desk.barges_in(token, &chat).await),
        ];
        for (tried, outcome) in outcomes {
            if tried == *what {
                outcome.expect(what);
                continue;
            }
            let (code, _) = refusal(outcome);
            assert!(
                matches!(code, Code::PermissionDenied | Code::NotFound),
                "{tried} by {what}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_done_already_is_on_record_once() {
    let house = House::new(58).await;
    let (desk, chat) = (&house.desk, house.connected(1).await);
    let [(monitor, _), (coach, _), (barge, _)] = specialists(&house);
    for _ in 0..3 {
        desk.monitors(&monitor, &chat).await.expect("already");
        desk.coaches(&coach, &chat).await.expect("already");
        desk.barges_in(&barge, &chat).await.expect("already");
    }
    assert_eq!(
        trail(desk).await,
        ["conversation.monitor", "conversation.coach", "conversation.barge_in"]
    );
}

#[tokio::test]
async fn who_watches_is_silent_and_who_coaches_is_heard_by_the_agent_alone() {
    let house = House::new(59).await;
    let (desk, chat) = (&house.desk, house.connected(1).await);
    let [(monitor, _), (coach, _), _] = specialists(&house);
    desk.monitors(&monitor, &chat).await.expect("watches");
    desk.coaches(&coach, &chat).await.expect("coaches");
    assert_eq!(
        refusal(desk.whispers(&monitor, &chat, ("1", "x")).await),
        (Code::FailedPrecondition, "STATE_CONFLICT".to_owned()),
        "who only watches"
    );
    assert_eq!(
        refusal(desk.send(&coach, &chat.id, "1", "x").await),
        not_allowed(),
        "who coaches is not heard"
    );
    let first = desk.whispers(&coach, &chat, ("1", "Well done")).await.expect("sent");
    let again = desk.whispers(&coach, &chat, ("1", "Well done")).await;
    assert_eq!(again.expect("the first answer"), first);
    let reused = refusal(desk.whispers(&coach, &chat, ("1", "Badly done")).await);
    assert_eq!(reused, (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
}

/// Routing gives the chat from the agent to the supervisor of that number.
async fn hand_over(desk: &Desk, chat: &Chat, to: UserId, name: &str) {
    let facts = [
        Fact::Transferred(proto::TransferredFact {
            queue_id: queue().to_string(),
            to_user_id: to.to_string(),
            to_agent_name: name.to_owned(),
            ..proto::TransferredFact::default()
        }),
        offered(to),
        Fact::Assigned(proto::AssignedFact {
            offer_id: id::<()>(500).to_string(),
            user_id: to.to_string(),
            agent_name: name.to_owned(),
            ..proto::AssignedFact::default()
        }),
    ];
    for (position, fact) in (20..).zip(facts) {
        assert!(desk.report(&chat.id, 1, position, fact).await.expect("recorded"));
    }
}

#[tokio::test]
async fn who_joined_stays_beside_the_agent_and_who_takes_over_becomes_one() {
    let house = House::new(55).await;
    let (desk, chat, ada) = (&house.desk, house.connected(1).await, house.agent_token());
    let tim = house.supervisor(1, "Tim", &EVERYTHING);
    assert_eq!(
        refusal(desk.leaves(&ada, &chat).await),
        (Code::FailedPrecondition, "STATE_CONFLICT".to_owned()),
        "who has it passes it on or ends it"
    );
    desk.barges_in(&tim, &chat).await.expect("joins");
    let seen = async || {
        let seen = desk.get(&tim, &chat.id).await.expect("takes part");
        let tim = seen.participants.into_iter().find(|one| one.name == "Tim");
        let tim = tim.expect("Tim");
        (tim.kind(), tim.participant_id)
    };
    let (kind, participant) = seen().await;
    assert_eq!(kind, ParticipantKind::Supervisor);
    hand_over(desk, &chat, id(401), "Tim").await;
    assert_eq!(seen().await, (ParticipantKind::Agent, participant));
    let log = desk.log(&tim, &chat.id).await.expect("theirs");
    assert_eq!(
        words(&log)[5..],
        ["joined", "transferred Tim", "left", "queued", "offered", "joined"]
    );
    assert_eq!(refusal(desk.get(&ada, &chat.id).await), hidden(), "she had it");
    assert!(desk.report(&chat.id, 1, 30, assigned(agent())).await.expect("recorded"));
}

#[tokio::test]
async fn nobody_joins_who_waits_alone_or_watches_what_is_over() {
    let house = House::new(60).await;
    let (desk, waits) = (&house.desk, house.desk.start(2).await);
    let tim = house.supervisor(1, "Tim", &EVERYTHING);
    assert_eq!(
        refusal(desk.barges_in(&tim, &waits).await),
        (Code::FailedPrecondition, "STATE_CONFLICT".to_owned()),
        "there is nobody to join"
    );
    desk.end(&waits.token, &waits.id).await.expect("ends");
    assert_eq!(
        refusal(desk.monitors(&tim, &waits).await),
        (Code::FailedPrecondition, "CONVERSATION_CLOSED".to_owned())
    );
}
