//! What people decide themselves: transfer, assignment, pulling, taking over, priority and requirements.

use crate::administrator::{audited, text};
use crate::deeds::{SUPERVISOR, supervisor};
use crate::world::{BILLING, SALES, SUPPORT, World, agent, id, organisation, reason, sales, seeded};
use onqueue_model::Reason;
use onqueue_proto::routing::v1::{self as proto, AgentState, InteractionOrder, InteractionState};
use onqueue_routing::{Membership, SeedAgent, Settings};
use std::time::Duration;

/// A member of support alone.
fn in_support(number: u128, name: &str) -> SeedAgent {
    let mut agent = agent(number, name);
    agent.queues = vec![Membership {
        queue: id(SUPPORT),
        joined: true,
    }];
    agent
}

fn to_support(request: &mut proto::TransferRequest) {
    request.queue_id = text(SUPPORT);
}

fn waiting_in(queue: u128) -> proto::ListInteractionsRequest {
    proto::ListInteractionsRequest {
        page_size: 1,
        queue_id: text(queue),
        state: InteractionState::Waiting.into(),
        order: InteractionOrder::Rank.into(),
        ..proto::ListInteractionsRequest::default()
    }
}

#[tokio::test]
async fn a_transferred_chat_waits_in_the_other_queue_with_its_age_or_without() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    world.let_them(&[1]);
    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in [100, 101] {
        world.open(conversation, &sales());
        let offer = anna.offer().await;
        anna.desk.accept(&offer).await.expect("hers");
    }
    world.hand.advance(Duration::from_secs(10));
    world.open(
        102,
        &crate::fake_session::Wish {
            queue: SUPPORT,
            ..sales()
        },
    );
    world.reported(102, &["queued"]).await;
    world.hand.advance(Duration::from_secs(1));
    let with_age = |request: &mut proto::TransferRequest| {
        to_support(request);
        request.keep_age = true;
    };
    let moved = anna.desk.transfer(100, with_age).await.expect("hers");
    assert_eq!(
        (moved.queue_name.as_str(), moved.state()),
        ("Support", InteractionState::Waiting)
    );
    anna.desk.transfer(101, to_support).await.expect("hers");
    assert_eq!(anna.desk.listed(&waiting_in(SUPPORT)).await, [100, 102, 101]);
    assert_eq!(anna.desk.state().await, (AgentState::Idle, 0));
    let facts = ["queued", "offered 1 Anna", "assigned 1", "transferred", "queued"];
    world.reported(100, &facts).await;
    // Who passed it on has it no more.
    let again = anna.desk.transfer(100, to_support).await;
    assert_eq!(reason(again), Some(Reason::PermissionMissing));
}

#[tokio::test]
async fn a_transfer_is_done_once_for_its_request() {
    let mut world = World::new(vec![agent(1, "Anna")]).await;
    world.let_them(&[1]);
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    let request = |request: &mut proto::TransferRequest| {
        to_support(request);
        request.request_id = text(7);
    };
    let first = anna.desk.transfer(100, request).await.expect("hers");
    assert_eq!(anna.desk.transfer(100, request).await.expect("again"), first);
    drop(anna);
    world.restart().await;
    let anna = world.user(1, "Anna");
    assert_eq!(anna.transfer(100, request).await.expect("remembered"), first);
    let other = |asked: &mut proto::TransferRequest| {
        request(asked);
        asked.keep_age = true;
    };
    assert_eq!(reason(anna.transfer(100, other).await), Some(Reason::RequestIdReused));
    let facts = ["queued", "offered 1 Anna", "assigned 1", "transferred", "queued"];
    world.reported(100, &facts).await;
}

#[tokio::test]
async fn an_attended_transfer_that_is_cancelled_is_withdrawn_and_the_chat_stays() {
    let world = World::new(vec![agent(1, "Anna"), in_support(2, "Ben")]).await;
    world.let_them(&[1]);
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    let mut ben = world.on_queue(2, "Ben").await;
    let attended = |request: &mut proto::TransferRequest| {
        to_support(request);
        request.attended = true;
    };
    let offered = anna.desk.transfer(100, attended).await.expect("hers");
    assert_eq!(offered.kept_by_user_id, text(1));
    let offer = ben.offer().await;
    for _ in 0..2 {
        let kept = anna.desk.cancel_transfer(100).await.expect("once or again");
        assert_eq!((kept.user_id, kept.kept_by_user_id), (text(1), String::new()));
    }
    let late = ben.desk.accept(&offer).await;
    assert_eq!(reason(late), Some(Reason::OfferRescinded));
    let facts = [
        "queued",
        "offered 1 Anna",
        "assigned 1",
        "transferred",
        "offered 2 Ben",
        "rescinded 2 agent_gone",
    ];
    world.reported(100, &facts).await;
}

#[tokio::test]
async fn a_chat_is_transferred_to_an_agent_unless_they_cannot_or_the_queue_is_full() {
    let mut seed = seeded(vec![agent(1, "Anna"), in_support(2, "Ben")]);
    seed.queues[1].limit = 1;
    let world = World::with(seed, Settings::default()).await;
    world.let_them(&[1, 2]);
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    let to = |agent: u128| {
        move |request: &mut proto::TransferRequest| {
            to_support(request);
            request.user_id = text(agent);
        }
    };
    assert_eq!(
        reason(anna.desk.transfer(100, to(2)).await),
        Some(Reason::AgentNotOnQueue)
    );
    assert_eq!(
        reason(anna.desk.transfer(100, to(9)).await),
        Some(Reason::AgentNotFound)
    );
    let nowhere = |request: &mut proto::TransferRequest| request.queue_id = text(0x99);
    assert_eq!(
        reason(anna.desk.transfer(100, nowhere).await),
        Some(Reason::QueueNotFound)
    );
    let mut ben = world.on_queue(2, "Ben").await;
    anna.desk.transfer(100, to(2)).await.expect("he may");
    let offered = ben.offer().await;
    assert_eq!(offered.conversation_id, text(100));
    // What alerts counts: the queue is full.
    world.open(101, &sales());
    let second = anna.offer().await;
    anna.desk.accept(&second).await.expect("hers");
    assert_eq!(
        reason(anna.desk.transfer(101, to_support).await),
        Some(Reason::QueueFull)
    );
    assert_eq!(anna.desk.me().await.conversation_ids, [text(101)]);
    ben.desk.accept(&offered).await.expect("his");
    let facts = [
        "queued",
        "offered 1 Anna",
        "assigned 1",
        "transferred to 2 Ben",
        "offered 2 Ben",
        "assigned 2",
    ];
    world.reported(100, &facts).await;
}

#[tokio::test]
async fn a_supervisor_assigns_within_capacity_and_beyond_it_by_force() {
    let mut anna = agent(1, "Anna");
    anna.maximum_chats = 1;
    let world = World::new(vec![anna, agent(2, "Ben")]).await;
    let (sara, mut anna) = (supervisor(&world), world.on_queue(1, "Anna").await);
    world.open(100, &sales());
    let first = anna.offer().await;
    world.open(101, &sales());
    world.reported(101, &["queued"]).await;
    assert_eq!(reason(sara.assign(101, 1, false).await), Some(Reason::StateConflict));
    assert_eq!(reason(sara.assign(101, 2, false).await), Some(Reason::AgentNotOnQueue));
    assert_eq!(reason(sara.assign(101, 9, false).await), Some(Reason::AgentNotFound));
    assert_eq!(
        reason(anna.desk.assign(101, 1, true).await),
        Some(Reason::PermissionMissing)
    );
    let forced = sara.assign(101, 1, true).await.expect("may");
    assert_eq!(
        (forced.state(), forced.agent_name.as_str()),
        (InteractionState::Alerting, "Anna")
    );
    assert_eq!(sara.assign(101, 1, true).await.expect("again"), forced);
    let second = anna.offer().await;
    anna.desk.accept(&second).await.expect("hers");
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 2));
    // What alerts somebody goes to whom it is assigned.
    let mut ben = world.on_queue(2, "Ben").await;
    sara.assign(100, 2, false).await.expect("may");
    assert_eq!(anna.ended().await, "accepted");
    assert_eq!(anna.ended().await, "reassigned");
    assert_eq!(ben.offer().await.conversation_id, first.conversation_id);
    assert_eq!(reason(sara.assign(101, 2, true).await), Some(Reason::StateConflict));
    assert_eq!(
        audited(&world, &format!("conversation:{}", text(101))).await,
        ["interaction.assign"]
    );
}

#[tokio::test]
async fn an_agent_pulls_what_waits_in_a_queue_of_theirs() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    world.let_them(&[1]);
    let skilled = crate::fake_session::Wish {
        skills: vec![BILLING],
        guest: "Gast",
        ..sales()
    };
    world.open(100, &skilled);
    world.open(
        101,
        &crate::fake_session::Wish {
            queue: SUPPORT,
            ..sales()
        },
    );
    world.reported(101, &["queued"]).await;
    let (anna, ben) = (world.user(1, "Anna"), world.user(2, "Ben"));
    assert_eq!(reason(anna.pull(100).await), Some(Reason::AgentNotOnQueue));
    let anna = world.on_queue(1, "Anna").await.desk;
    let pulled = anna.pull(100).await.expect("she may");
    assert_eq!(
        (pulled.state(), pulled.guest_name.as_str()),
        (InteractionState::Held, "Gast")
    );
    assert_eq!(anna.pull(100).await.expect("again"), pulled);
    world.reported(100, &["queued", "offered 1 Anna", "assigned 1"]).await;
    assert_eq!(reason(anna.pull(101).await), Some(Reason::StateConflict));
    assert_eq!(reason(anna.pull(102).await), Some(Reason::ConversationNotFound));
    assert_eq!(reason(ben.pull(100).await), Some(Reason::PermissionMissing));
    // Who may not pull sees that it is there, but not whose it is.
    assert_eq!(ben.interaction(100).await.expect("may see").guest_name, "");
}

#[tokio::test]
async fn a_supervisor_on_queue_takes_over_what_another_has() {
    let world = World::new(vec![agent(1, "Anna"), agent(SUPERVISOR, "Sara")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    let sara = supervisor(&world);
    assert_eq!(reason(sara.take_over(100).await), Some(Reason::AgentNotOnQueue));
    let _watching = world.on_queue(SUPERVISOR, "Sara").await;
    let taken = sara.take_over(100).await.expect("she may");
    assert_eq!(
        (taken.state(), taken.agent_name.as_str()),
        (InteractionState::Held, "Sara")
    );
    assert_eq!(sara.take_over(100).await.expect("again"), taken);
    assert_eq!(anna.desk.state().await, (AgentState::Idle, 0));
    let facts = [
        "queued",
        "offered 1 Anna",
        "assigned 1",
        "transferred to 90 Sara",
        "offered 90 Sara",
        "assigned 90",
    ];
    world.reported(100, &facts).await;
    assert_eq!(
        audited(&world, &format!("conversation:{}", text(100))).await,
        ["interaction.take_over"]
    );
}

#[tokio::test]
async fn priority_and_requirements_change_who_comes_next() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let sara = supervisor(&world);
    for conversation in [100, 101, 102] {
        world.open(conversation, &sales());
        world.reported(conversation, &["queued"]).await;
        world.hand.advance(Duration::from_secs(30));
    }
    // A point of priority is a minute, so that exactly.
    sara.set_priority(102, 1).await.expect("may");
    assert_eq!(sara.listed(&waiting_in(SALES)).await, [100, 102, 101]);
    assert_eq!(
        reason(sara.set_priority(102, 25_000_001).await),
        Some(Reason::FieldInvalid)
    );
    let skill = |skill_id: String| proto::InteractionRequirements {
        skills: vec![proto::RequiredSkill {
            skill_id,
            minimum: Some(2.5),
            name: String::new(),
        }],
        language: "de".to_owned(),
        ..proto::InteractionRequirements::default()
    };
    assert_eq!(
        reason(sara.require(100, skill(text(0x99))).await),
        Some(Reason::FieldInvalid)
    );
    let asked = sara.require(100, skill(text(BILLING))).await.expect("may");
    assert_eq!(
        (asked.skills[0].minimum, asked.skills[0].name.as_str()),
        (Some(2.5), "Rechnungen")
    );
    let mut anna = world.on_queue(1, "Anna").await;
    let next = [anna.offer().await, anna.offer().await].map(|offer| offer.conversation_id);
    assert_eq!(next, [text(102), text(101)]);
    assert_eq!(
        audited(&world, &format!("conversation:{}", text(100))).await,
        ["interaction.set_requirements"]
    );
}

#[tokio::test]
async fn what_is_listed_is_of_queues_that_the_caller_may_see() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let (sara, mut anna) = (supervisor(&world), world.on_queue(1, "Anna").await);
    for conversation in 100..105 {
        world.open(conversation, &sales());
    }
    world.open(
        105,
        &crate::fake_session::Wish {
            queue: SUPPORT,
            ..sales()
        },
    );
    world.reported(105, &["queued"]).await;
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    let all = proto::ListInteractionsRequest {
        page_size: 2,
        ..proto::ListInteractionsRequest::default()
    };
    assert_eq!(sara.listed(&all).await, [100, 101, 102, 103, 104, 105]);
    for (state, listed) in [
        (InteractionState::Held, vec![100]),
        (InteractionState::Alerting, vec![101, 102]),
        (InteractionState::Waiting, vec![103, 104, 105]),
    ] {
        for order in [InteractionOrder::Id, InteractionOrder::Rank] {
            let some = proto::ListInteractionsRequest {
                state: state.into(),
                order: order.into(),
                ..all.clone()
            };
            assert_eq!(sara.listed(&some).await, listed);
        }
    }
    world
        .tokens
        .grant(organisation(), id(8), id(0xd2), &["routing:queue:view"]);
    let otto = world.user(8, "Otto");
    assert_eq!(otto.listed(&all).await, [0_u128; 0]);
    assert_eq!(reason(otto.interaction(100).await), Some(Reason::ConversationNotFound));
    let none = otto.agents().list_agents(otto.with(one_agent(""))).await.expect("may");
    assert_eq!(none.into_inner().agents, []);
}

fn one_agent(page_token: &str) -> proto::ListAgentsRequest {
    proto::ListAgentsRequest {
        page_size: 1,
        page_token: page_token.to_owned(),
        ..proto::ListAgentsRequest::default()
    }
}

#[tokio::test]
async fn agents_are_listed_with_what_they_have() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let (sara, mut anna) = (supervisor(&world), world.on_queue(1, "Anna").await);
    for conversation in 100..104 {
        world.open(conversation, &sales());
    }
    world.reported(103, &["queued"]).await;
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    let page = sara.agents().list_agents(sara.with(one_agent(""))).await;
    let page = page.expect("may").into_inner();
    assert_eq!(page.agents[0].name, "Anna");
    assert_eq!(
        (page.agents[0].conversation_ids.len(), page.agents[0].media[1].active),
        (1, 3)
    );
    let rest = sara.with(one_agent(&page.next_page_token));
    let rest = sara.agents().list_agents(rest).await.expect("may").into_inner();
    assert_eq!(
        (rest.agents[0].name.as_str(), rest.next_page_token.as_str()),
        ("Ben", "")
    );
}
