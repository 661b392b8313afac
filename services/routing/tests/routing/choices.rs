//! How a queue widens its search, end to end; and what stays in hand off queue.

use crate::fake_session::Wish;
use crate::world::{SALES, World, agent, id, sales};
use onqueue_acd::{LastAgentMode, LastAgentRule, Method, PreferredRule, QueueConfig};
use onqueue_proto::routing::v1::{self as proto, AgentState};
use std::time::Duration;

fn preferring(seconds: u64) -> QueueConfig {
    let rule = PreferredRule {
        threshold: 50,
        wait_ms: seconds * 1_000,
    };
    QueueConfig {
        method: Method::Preferred {
            rules: vec![rule],
            then_all_preferred: false,
        },
        ..QueueConfig::new(id(SALES))
    }
}

#[tokio::test]
async fn a_preferred_agent_has_15_seconds_then_everybody_is_asked() {
    let mut world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    world.set_queue(preferring(15)).await;
    let mut anna = world.on_queue(1, "Anna").await;
    let for_ben = Wish {
        preferred: vec![(2, 80)],
        ..sales()
    };
    world.open(100, &for_ben);
    world.reported(100, &["queued"]).await;
    assert_eq!(anna.desk.interaction(100).await.expect("may").stage, "preferred_1");
    world.hand.advance(Duration::from_millis(14_999));
    assert_eq!(anna.desk.state().await, (AgentState::Idle, 0));
    world.hand.advance(Duration::from_millis(1));
    assert_eq!(anna.offer().await.conversation_id, id::<()>(100).to_string());

    // There, he is asked before who is idle for longer.
    let mut ben = world.on_queue(2, "Ben").await;
    world.open(101, &for_ben);
    assert_eq!(ben.offer().await.conversation_id, id::<()>(101).to_string());
}

#[tokio::test]
async fn whom_the_customer_had_last_is_asked_first_and_alone_for_a_while() {
    let mut world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let last_agent = LastAgentRule {
        mode: LastAgentMode::QueueMembersOnly,
        hold_ms: 20_000,
    };
    let queue = QueueConfig {
        last_agent,
        alerting_timeout_ms: 10_000,
        ..QueueConfig::new(id(SALES))
    };
    world.set_queue(queue).await;
    let mut anna = world.on_queue(1, "Anna").await;
    let mut ben = world.on_queue(2, "Ben").await;
    let back = Wish {
        last_agent: Some(2),
        ..sales()
    };
    world.open(100, &back);
    let offer = ben.offer().await;
    let known = ben.desk.interaction(100).await.expect("may");
    assert_eq!(
        (known.stage.as_str(), known.last_agent_user_id),
        ("last_agent", id::<()>(2).to_string())
    );
    ben.desk.decline(&offer).await.expect("may");
    assert_eq!(anna.offer().await.conversation_id, offer.conversation_id);
}

#[tokio::test]
async fn who_goes_off_queue_keeps_what_is_in_hand_and_gets_no_more() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in [100, 101] {
        world.open(conversation, &sales());
        let offer = anna.offer().await;
        anna.desk.accept(&offer).await.expect("hers");
    }
    let mut agents = anna.desk.agents();
    let off = agents.go_off_queue(anna.desk.with(proto::GoOffQueueRequest {})).await;
    let off = off.expect("may").into_inner().agent.expect("an agent");
    assert_eq!(
        (off.state(), off.active_chats, off.conversation_ids.len()),
        (AgentState::OffQueue, 2, 2)
    );
    world.open(102, &sales());
    world.reported(102, &["queued"]).await;
    world.end(100);
    let left = |agent: &proto::Agent| agent.active_chats == 1;
    loop {
        if left(&anna.state(AgentState::OffQueue).await) {
            break;
        }
    }
    world.reported(102, &["queued"]).await;
    assert_eq!(anna.desk.go_on_queue().await.state(), AgentState::Interacting);
    assert_eq!(anna.offer().await.conversation_id, id::<()>(102).to_string());
}
