//! Decisions listed by time: those of a queue, and the offers to an agent.

use crate::explain::world;
use crate::fake_session::Wish;
use crate::world::{BILLING, Desk, SALES, SUPPORT, World, agent, id, organisation, reason, sales};
use onqueue_model::Reason;
use onqueue_proto::routing::v1::{self as proto, DecisionKind};
use onqueue_proto::timestamp;
use onqueue_routing::{Membership, Settings};
use onqueue_testkit::START;
use std::time::Duration;

/// That many seconds after the beginning.
fn second(number: u64) -> Option<prost_types::Timestamp> {
    Some(timestamp(START + Duration::from_secs(number)))
}

impl Desk {
    /// The conversations of all pages.
    async fn offered(&self, mut asked: proto::ListDecisionsRequest) -> Vec<u128> {
        let mut found = Vec::new();
        loop {
            let page = self.list(asked.clone()).await;
            let of_page = page
                .decisions
                .iter()
                .map(|one| one.conversation_id.parse::<uuid::Uuid>());
            found.extend(of_page.map(|id| id.expect("an id").as_u128()));
            if page.next_page_token.is_empty() {
                return found;
            }
            asked.page_token = page.next_page_token;
        }
    }

    async fn why_not(&self, asked: &proto::ListDecisionsRequest) -> Option<Reason> {
        reason(self.decisions().list_decisions(self.with(asked.clone())).await)
    }
}

#[tokio::test]
async fn decisions_of_a_queue_are_listed_by_time() {
    let mut anna = agent(1, "Anna");
    anna.maximum_chats = 9;
    let (world, supervisor) = world(vec![anna], Settings::default()).await;
    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in 100..104 {
        world.open(conversation, &sales());
        let offer = anna.offer().await;
        anna.desk.accept(&offer).await.expect("hers");
        world.hand.advance(Duration::from_secs(1));
    }
    let asked = proto::ListDecisionsRequest {
        queue_id: id::<()>(SALES).to_string(),
        since: second(1),
        until: second(3),
        page_size: 1,
        ..proto::ListDecisionsRequest::default()
    };
    assert_eq!(supervisor.offered(asked.clone()).await, [102, 101]);
    world
        .tokens
        .grant(organisation(), id(8), id(0xd2), &["routing:decision:view"]);
    let elsewhere = world.user(8, "Otto");
    assert_eq!(elsewhere.why_not(&asked).await, Some(Reason::QueueNotFound));
}

/// Anna is offered chats 100, 102 and 104 in sales and 101 and 103 in support, a second apart; 105 waits for somebody who
/// knows billing, and Ben is offered 106.
async fn offers_in_two_queues() -> (World, Desk) {
    let mut anna = agent(1, "Anna");
    anna.maximum_chats = 5;
    anna.queues.push(Membership {
        queue: id(SUPPORT),
        joined: true,
    });
    let (world, supervisor) = world(vec![anna, agent(2, "Ben")], Settings::default()).await;
    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in 100..105 {
        let queue = [SALES, SUPPORT][usize::from(conversation % 2 == 1)];
        world.open(conversation, &Wish { queue, ..sales() });
        let offer = anna.offer().await;
        anna.desk.accept(&offer).await.expect("hers");
        world.hand.advance(Duration::from_secs(1));
    }
    let skilled = Wish {
        skills: vec![BILLING],
        ..sales()
    };
    world.open(105, &skilled);
    world.reported(105, &["queued"]).await;
    let mut ben = world.on_queue(2, "Ben").await;
    world.open(106, &sales());
    ben.offer().await;
    (world, supervisor)
}

#[tokio::test]
async fn decisions_are_listed_by_whom_they_offered_a_chat() {
    let (_world, supervisor) = offers_in_two_queues().await;
    let of = |user: u128| proto::ListDecisionsRequest {
        user_id: id::<()>(user).to_string(),
        page_size: 2,
        ..proto::ListDecisionsRequest::default()
    };
    assert_eq!(supervisor.offered(of(1)).await, [104, 103, 102, 101, 100]);
    assert_eq!(supervisor.offered(of(2)).await, [106]);
    assert_eq!(supervisor.offered(of(3)).await, [0; 0], "nobody");
    for (queue, expected) in [(SALES, &[104, 102, 100][..]), (SUPPORT, &[103, 101])] {
        let in_queue = proto::ListDecisionsRequest {
            queue_id: id::<()>(queue).to_string(),
            ..of(1)
        };
        assert_eq!(supervisor.offered(in_queue).await, expected);
    }
    let some = proto::ListDecisionsRequest {
        since: second(1),
        until: second(4),
        ..of(1)
    };
    assert_eq!(supervisor.offered(some).await, [103, 102, 101]);
    let decision = &supervisor.list(of(1)).await.decisions[0];
    assert_eq!(
        (decision.chosen_user_id.as_str(), decision.kind()),
        (of(1).user_id.as_str(), DecisionKind::Offer)
    );
}

#[tokio::test]
async fn offers_to_an_agent_are_shown_to_who_may_see_them_and_asked_for_as_it_makes_sense() {
    let (world, supervisor) = offers_in_two_queues().await;
    let of_anna = proto::ListDecisionsRequest {
        user_id: id::<()>(1).to_string(),
        ..proto::ListDecisionsRequest::default()
    };
    world
        .tokens
        .grant(organisation(), id(8), id(0xd2), &["routing:decision:view"]);
    let elsewhere = world.user(8, "Otto");
    assert_eq!(elsewhere.offered(of_anna.clone()).await, [0; 0]);
    let in_queue = proto::ListDecisionsRequest {
        queue_id: id::<()>(SALES).to_string(),
        ..of_anna.clone()
    };
    assert_eq!(elsewhere.why_not(&in_queue).await, Some(Reason::QueueNotFound));
    let about = proto::ListDecisionsRequest {
        conversation_id: id::<()>(100).to_string(),
        ..of_anna.clone()
    };
    assert_eq!(supervisor.why_not(&about).await, Some(Reason::FieldInvalid));
    let no_id = proto::ListDecisionsRequest {
        user_id: "Anna".to_owned(),
        ..of_anna
    };
    assert_eq!(supervisor.why_not(&no_id).await, Some(Reason::IdMalformed));
}
