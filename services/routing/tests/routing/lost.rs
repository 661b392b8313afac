//! What becomes of chats whose agent, or in which everybody, falls silent.

use crate::fake_session::Wish;
use crate::world::{SUPPORT, Watching, World, agent, id, organisation, sales, seeded};
use onqueue_proto::routing::v1::{self as proto, AgentState};
use onqueue_routing::{Membership, Settings};
use onqueue_testkit::START;
use std::time::Duration;

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

const TAKEN: [&str; 3] = ["queued", "offered 1 Anna", "assigned 1"];

/// What was reported of Anna's chat since she took it.
fn since(more: &[&'static str]) -> Vec<&'static str> {
    TAKEN.iter().chain(more).copied().collect()
}

/// A world in which Anna has chat 100, since its start, and Ben and nobody else is another agent of sales.
async fn annas(rules: proto::ConversationRules, limit: i32) -> (World, Watching) {
    let mut ben = agent(2, "Ben");
    ben.maximum_chats = 1;
    let mut seed = seeded(vec![agent(1, "Anna"), ben]);
    seed.queues[0].conversation_rules = Some(rules);
    seed.queues[0].limit = limit;
    let world = World::with(seed, Settings::default()).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    world.reported(100, &TAKEN).await;
    (world, anna)
}

async fn heartbeat(anna: &Watching) {
    let request = anna.desk.with(proto::HeartbeatRequest {});
    anna.desk.agents().heartbeat(request).await.expect("heard");
}

#[tokio::test]
async fn a_lost_agents_chat_is_kept_for_a_minute_and_then_goes_on_at_its_age() {
    let (world, mut anna) = annas(proto::ConversationRules::default(), 0).await;
    world.hand.advance(seconds(44));
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 1));
    world.hand.advance(seconds(1));
    anna.state(AgentState::OffQueue).await;
    world.open(101, &sales());
    world.reported(101, &["queued"]).await;
    world.hand.advance(seconds(59));
    assert_eq!(anna.desk.state().await, (AgentState::OffQueue, 1));
    world.reported(100, &TAKEN).await;
    world.hand.advance(seconds(1));
    world.reported(100, &since(&["transferred", "queued"])).await;
    assert_eq!(anna.desk.state().await, (AgentState::OffQueue, 0));

    let mut ben = world.on_queue(2, "Ben").await;
    let offer = ben.offer().await;
    assert_eq!(offer.conversation_id, id::<()>(100).to_string(), "the older one");
    assert_eq!(offer.waiting_since, Some(onqueue_proto::timestamp(START)));
}

#[tokio::test]
async fn who_comes_back_in_time_keeps_their_chat_until_they_are_lost_again() {
    let (world, mut anna) = annas(proto::ConversationRules::default(), 0).await;
    world.hand.advance(seconds(45));
    anna.state(AgentState::OffQueue).await;
    world.hand.advance(seconds(59));
    heartbeat(&anna).await;
    world.hand.advance(seconds(44));
    heartbeat(&anna).await;
    world.reported(100, &TAKEN).await;

    world.hand.advance(seconds(45));
    assert_eq!(anna.desk.state().await, (AgentState::OffQueue, 1));
    world.hand.advance(seconds(60));
    world.reported(100, &since(&["transferred", "queued"])).await;
}

#[tokio::test]
async fn whoever_went_off_queue_with_a_chat_in_hand_can_be_lost_too() {
    let (world, anna) = annas(proto::ConversationRules::default(), 0).await;
    let off = anna.desk.with(proto::GoOffQueueRequest {});
    anna.desk.agents().go_off_queue(off).await.expect("may");
    world.hand.advance(seconds(44));
    assert_eq!(anna.desk.state().await, (AgentState::OffQueue, 1));
    world.hand.advance(seconds(1));
    assert_eq!(anna.desk.state().await, (AgentState::OffQueue, 1));
    world.hand.advance(seconds(60));
    world.reported(100, &since(&["transferred", "queued"])).await;
}

#[tokio::test]
async fn a_queue_may_want_a_lost_agents_chats_ended() {
    let rules = proto::ConversationRules {
        agent_lost_action: proto::AgentLostAction::End.into(),
        agent_lost_hold_ms: 5_000,
        ..proto::ConversationRules::default()
    };
    let (world, mut anna) = annas(rules, 0).await;
    world.hand.advance(seconds(45));
    anna.state(AgentState::OffQueue).await;
    world.hand.advance(Duration::from_millis(4_999));
    assert_eq!(anna.desk.state().await, (AgentState::OffQueue, 1));
    world.hand.advance(Duration::from_millis(1));
    world.reported(100, &since(&["lost 1"])).await;
    assert_eq!(anna.desk.state().await, (AgentState::OffQueue, 0));
}

#[tokio::test]
async fn a_queue_without_room_takes_a_lost_agents_chat_back_when_it_has_some() {
    let (world, mut anna) = annas(proto::ConversationRules::default(), 1).await;
    world.hand.advance(seconds(45));
    anna.state(AgentState::OffQueue).await;
    world.open(101, &sales());
    world.reported(101, &["queued"]).await;
    for _ in 0..5 {
        world.hand.advance(seconds(30));
        assert_eq!(anna.desk.state().await, (AgentState::OffQueue, 1));
    }
    world.end(101);
    let inside = "SELECT COUNT(*) FROM routing_interactions";
    let is_out = async || world.number(inside).await == 1;
    onqueue_testkit::until("the other has left", seconds(10), is_out).await;
    world.hand.advance(seconds(1));
    world.reported(100, &since(&["transferred", "queued"])).await;
}

#[tokio::test]
async fn after_a_restart_the_count_starts_anew() {
    let (mut world, mut anna) = annas(proto::ConversationRules::default(), 0).await;
    world.hand.advance(seconds(45));
    anna.state(AgentState::OffQueue).await;
    world.hand.advance(seconds(59));
    world.restart().await;
    world.hand.advance(seconds(44));
    let anna = world.user(1, "Anna");
    assert_eq!(anna.state().await, (AgentState::OffQueue, 1));
    world.hand.advance(seconds(1));
    assert_eq!(anna.state().await, (AgentState::OffQueue, 1));
    world.hand.advance(seconds(59));
    assert_eq!(anna.state().await, (AgentState::OffQueue, 1));
    world.hand.advance(seconds(1));
    world.reported(100, &since(&["transferred", "queued"])).await;
    assert_eq!(anna.state().await, (AgentState::OffQueue, 0));
}

#[tokio::test]
async fn a_silent_chat_goes_where_session_says_unless_nobody_has_it() {
    let mut ben = agent(2, "Ben");
    ben.queues = vec![Membership {
        queue: id(SUPPORT),
        joined: true,
    }];
    let world = World::new(vec![agent(1, "Anna"), ben]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    let mut ben = world.on_queue(2, "Ben").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    world.session.silent(organisation(), 100, SUPPORT);
    world.open(101, &sales());
    anna.offer().await;
    // It alerted her when it was to go: she has it from now on.
    anna.desk.accept(&offer).await.expect("hers");
    world.reported(100, &TAKEN).await;
    world.hand.advance(seconds(1));
    world.session.silent(organisation(), 100, SUPPORT);
    let offer = ben.offer().await;
    assert_eq!(offer.queue_name, "Support");
    assert_eq!(offer.waiting_since, Some(onqueue_proto::timestamp(START + seconds(1))));
    world
        .reported(100, &since(&["transferred", "queued", "offered 2 Ben"]))
        .await;
}

#[tokio::test]
async fn a_queue_may_keep_the_age_of_what_is_transferred_to_it() {
    let mut ben = agent(2, "Ben");
    ben.queues = vec![Membership {
        queue: id(SUPPORT),
        joined: true,
    }];
    let mut seed = seeded(vec![agent(1, "Anna"), ben]);
    seed.queues[1].conversation_rules = Some(proto::ConversationRules {
        transfer_keeps_age: true,
        ..proto::ConversationRules::default()
    });
    let world = World::with(seed, Settings::default()).await;
    let mut anna = world.on_queue(1, "Anna").await;
    let mut ben = world.on_queue(2, "Ben").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    world.hand.advance(seconds(10));
    world.session.silent(organisation(), 100, SUPPORT);
    let offer = ben.offer().await;
    assert_eq!(offer.waiting_since, Some(onqueue_proto::timestamp(START)));
}

#[tokio::test]
async fn a_conversation_that_is_opened_again_goes_to_its_last_agent_first() {
    opened_again_with(20_000).await;
}

#[tokio::test]
async fn it_goes_to_its_last_agent_first_where_no_time_is_set_too() {
    opened_again_with(0).await;
}

async fn opened_again_with(hold_ms: i64) {
    let mut seed = seeded(vec![agent(1, "Anna"), agent(2, "Ben")]);
    seed.queues[0].last_agent = Some(proto::LastAgent {
        mode: proto::LastAgentMode::QueueMembersOnly.into(),
        hold_ms,
    });
    let world = World::with(seed, Settings::default()).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.hand.advance(seconds(1));
    let mut ben = world.on_queue(2, "Ben").await;
    let opened = |opening, last_agent| Wish {
        medium: "message",
        opening,
        last_agent,
        ..sales()
    };
    world.open(100, &opened(1, None));
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    world.end(100);
    anna.state(AgentState::Idle).await;
    world.hand.advance(seconds(1));
    // Ben has been idle for longer, and yet it is hers; when she does not want it, it is anybody's.
    world.open(100, &opened(2, Some(1)));
    let offer = anna.offer().await;
    anna.desk.decline(&offer).await.expect("may");
    assert_eq!(ben.offer().await.conversation_id, id::<()>(100).to_string());
}
