//! Each way to find an agent, from the chat that comes to the offer, by a clock that is moved.

use crate::administrator::{administrator, text};
use crate::fake_session::Wish;
use crate::queue_settings::group;
use crate::world::{BILLING, Desk, SALES, SUPPORT, Watching, World, agent, id, sales};
use onqueue_proto::routing::v1::{self as proto, AgentState};
use onqueue_routing::{Membership, SeedAgent};
use std::time::Duration;

/// An agent who takes one chat.
fn single(number: u128, name: &str) -> SeedAgent {
    SeedAgent {
        maximum_chats: 1,
        ..agent(number, name)
    }
}

fn knowing(agent: SeedAgent, level: u16) -> SeedAgent {
    SeedAgent {
        skills: [(id(BILLING), level)].into(),
        ..agent
    }
}

fn billing() -> Wish {
    Wish {
        skills: vec![BILLING],
        ..sales()
    }
}

fn millis(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// The decisions about a conversation: at which stage, and which skills were required still.
async fn stages(desk: &Desk, conversation: u128) -> Vec<(String, usize)> {
    let request = desk.with(proto::ListDecisionsRequest {
        conversation_id: text(conversation),
        ..proto::ListDecisionsRequest::default()
    });
    let answer = desk.decisions().list_decisions(request).await.expect("may");
    let decisions = answer.into_inner().decisions.into_iter();
    decisions
        .filter(|decision| decision.kind() == proto::DecisionKind::Offer)
        .map(|decision| (decision.stage, decision.required_skill_ids.len()))
        .collect()
}

/// Accepts the next offer, which has to be of this conversation.
async fn takes(agent: &mut Watching, conversation: u128) {
    let offer = agent.offer().await;
    assert_eq!(offer.conversation_id, text(conversation));
    agent.desk.accept(&offer).await.expect("theirs");
}

#[tokio::test]
async fn bullseye_opens_ring_after_ring_and_drops_a_skill() {
    let world = World::new(vec![
        knowing(single(1, "Anna"), 100),
        knowing(single(2, "Ben"), 100),
        single(3, "Carla"),
    ])
    .await;
    let admin = administrator(&world);
    let ring = |wait_ms, skills_to_remove| proto::Ring {
        wait_ms,
        skills_to_remove,
        group_ids: vec![],
    };
    let rings = vec![ring(10_000, vec![]), ring(20_000, vec![text(BILLING)]), ring(0, vec![])];
    let set = admin.set(SALES, &["routing_method", "rings"], |queue| {
        queue.routing_method = proto::RoutingMethod::Bullseye.into();
        queue.rings = rings;
    });
    set.await.expect("may");
    let places: [(u128, i32, &[String]); 3] = [(1, 1, &[]), (2, 2, &[]), (3, 3, &[])];
    admin.set_places(SALES, &[], &places).await.expect("may");
    let mut anna = world.on_queue(1, "Anna").await;
    let mut ben = world.on_queue(2, "Ben").await;
    let mut carla = world.on_queue(3, "Carla").await;
    for conversation in [100, 101, 102] {
        world.open(conversation, &billing());
        world
            .reported(
                conversation,
                if conversation == 100 {
                    &["queued", "offered 1 Anna"]
                } else {
                    &["queued"]
                },
            )
            .await;
    }
    takes(&mut anna, 100).await;
    world.hand.advance(millis(9_999));
    assert_eq!(ben.desk.state().await, (AgentState::Idle, 0));
    world.hand.advance(millis(1));
    takes(&mut ben, 101).await;
    world.hand.advance(millis(19_999));
    assert_eq!(carla.desk.state().await, (AgentState::Idle, 0));
    world.hand.advance(millis(1));
    // Carla does not have the skill: with the second ring it was left behind.
    takes(&mut carla, 102).await;
    for (conversation, expected) in [(100, ("ring_1", 1)), (101, ("ring_2", 1)), (102, ("ring_3", 0))] {
        let (stage, skills) = expected;
        assert_eq!(stages(&admin, conversation).await, [(stage.to_owned(), skills)]);
    }
}

/// Members of a ring's groups stand in it although their own is further out.
#[tokio::test]
async fn a_group_stands_in_the_ring_that_names_it() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let admin = administrator(&world);
    let made = admin.set(SALES, &["groups"], |queue| queue.groups = vec![group("Kern")]);
    let core = vec![made.await.expect("may").groups[0].group_id.clone()];
    let named = core.clone();
    let set = admin.set(SALES, &["routing_method", "rings"], |queue| {
        queue.routing_method = proto::RoutingMethod::Bullseye.into();
        let inner = proto::Ring {
            wait_ms: 60_000,
            skills_to_remove: vec![],
            group_ids: named,
        };
        queue.rings = vec![inner, proto::Ring::default()];
    });
    set.await.expect("may");
    let places: [(u128, i32, &[String]); 2] = [(1, 2, &[]), (2, 2, &core)];
    admin.set_places(SALES, &[], &places).await.expect("may");
    let anna = world.on_queue(1, "Anna").await;
    let mut ben = world.on_queue(2, "Ben").await;
    world.open(100, &sales());
    takes(&mut ben, 100).await;
    assert_eq!(anna.desk.state().await, (AgentState::Idle, 0));
}

#[tokio::test]
async fn a_rule_on_what_nobody_knows_opens_the_queue_to_everybody() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let admin = administrator(&world);
    let made = admin.set(SALES, &["groups"], |queue| queue.groups = vec![group("Kern")]);
    let core = vec![made.await.expect("may").groups[0].group_id.clone()];
    let named = core.clone();
    let set = admin.set(SALES, &["routing_method", "group_rules"], |queue| {
        queue.routing_method = proto::RoutingMethod::Conditional.into();
        queue.group_rules = vec![proto::GroupRule {
            queue_id: String::new(),
            metric: proto::RuleMetric::ServiceLevel.into(),
            comparison: proto::RuleComparison::Less.into(),
            value: 8_000,
            group_ids: named,
            wait_ms: 60_000,
        }];
    });
    set.await.expect("may");
    admin.set_places(SALES, &[1], &[(2, 1, &core)]).await.expect("may");
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    takes(&mut anna, 100).await;
    assert_eq!(stages(&admin, 100).await, [("standard".to_owned(), 0)]);
}

#[tokio::test]
async fn who_prefers_nobody_goes_to_everybody_at_once() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administrator(&world);
    let set = admin.set(SALES, &["routing_method", "preferred"], |queue| {
        queue.routing_method = proto::RoutingMethod::Preferred.into();
        queue.preferred = Some(proto::PreferredAgents {
            rules: vec![proto::PreferredRule {
                threshold: 50,
                wait_ms: 15_000,
            }],
            then_all_preferred: false,
        });
    });
    set.await.expect("may");
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    takes(&mut anna, 100).await;
}

/// A later chat with one point of priority overtakes who came less than a minute before it, and nobody else.
#[tokio::test]
async fn priority_overtakes_by_exactly_its_head_start() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let urgent = Wish { priority: 1, ..sales() };
    for (wait, conversation, wish) in [(0, 100, &sales()), (59_999, 101, &urgent), (1, 102, &urgent)] {
        world.hand.advance(millis(wait));
        world.open(conversation, wish);
        world.reported(conversation, &["queued"]).await;
    }
    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in [101, 100, 102] {
        takes(&mut anna, conversation).await;
    }
}

#[tokio::test]
async fn priority_alone_comes_before_everything_else() {
    let both = [SALES, SUPPORT].map(|queue| Membership {
        queue: id(queue),
        joined: true,
    });
    let world = World::new(vec![SeedAgent {
        queues: both.into(),
        ..agent(1, "Anna")
    }])
    .await;
    let admin = administrator(&world);
    let set = admin.set(SUPPORT, &["scoring"], |queue| {
        queue.scoring = proto::Scoring::PriorityOnly.into();
    });
    set.await.expect("may");
    let of = |queue, priority| Wish {
        queue,
        priority,
        ..sales()
    };
    for (conversation, wish) in [(100, of(SALES, 1_000)), (101, of(SUPPORT, 0)), (102, of(SUPPORT, 5))] {
        world.open(conversation, &wish);
        world.reported(conversation, &["queued"]).await;
        world.hand.advance(millis(1_000));
    }
    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in [102, 101, 100] {
        takes(&mut anna, conversation).await;
    }
}

#[tokio::test]
async fn the_best_skilled_is_chosen_where_the_queue_says_so_and_where_not_anybody() {
    let mut french = agent(3, "Carla");
    french.languages = [("fr".to_owned(), 500)].into();
    let world = World::new(vec![
        knowing(single(1, "Anna"), 300),
        knowing(single(2, "Ben"), 450),
        SeedAgent {
            maximum_chats: 1,
            ..french
        },
    ])
    .await;
    let admin = administrator(&world);
    let set = async |evaluation: proto::Evaluation| {
        let set = admin.set(SALES, &["evaluation"], |queue| queue.evaluation = evaluation.into());
        set.await.expect("may");
    };
    set(proto::Evaluation::BestSkills).await;
    let anna = world.on_queue(1, "Anna").await;
    let mut ben = world.on_queue(2, "Ben").await;
    world.open(100, &billing());
    takes(&mut ben, 100).await;
    assert_eq!(anna.desk.state().await, (AgentState::Idle, 0));
    world.open(101, &billing());
    world.reported(101, &["queued", "offered 1 Anna"]).await;

    let mut carla = world.on_queue(3, "Carla").await;
    world.open(102, &billing());
    world.reported(102, &["queued"]).await;
    assert_eq!(carla.desk.state().await, (AgentState::Idle, 0));
    set(proto::Evaluation::Disregard).await;
    takes(&mut carla, 102).await;
}

#[tokio::test]
async fn offers_of_a_medium_alert_as_long_as_it_says_or_are_accepted_at_once() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administrator(&world);
    let set = admin.set(SALES, &["alerting_by_medium"], |queue| {
        queue.alerting_by_medium = vec![proto::MediumAlerting {
            medium: proto::Medium::Chat.into(),
            timeout_ms: 7_000,
        }];
    });
    set.await.expect("may");
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    let expected = onqueue_testkit::START + Duration::from_secs(7);
    assert_eq!(offer.expires_at, Some(onqueue_proto::timestamp(expected)));
    anna.desk.accept(&offer).await.expect("hers");
    let set = admin.set(SALES, &["auto_answer"], |queue| queue.auto_answer = true);
    set.await.expect("may");
    world.open(101, &sales());
    world.reported(101, &["queued", "offered 1 Anna", "assigned 1"]).await;
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 2));
}
