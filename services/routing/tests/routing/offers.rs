//! Who is alerted, and what becomes of it.

use crate::fake_session::Wish;
use crate::world::{AGENT, BILLING, SALES, SUPPORT, World, agent, id, organisation, queue, reason, sales, seeded};
use onqueue_model::Reason;
use onqueue_proto::routing::v1::{self as proto, AgentState, watch_me_response::Frame};
use onqueue_routing::Settings;
use onqueue_telemetry::metrics;
use onqueue_testkit::START;
use std::{collections::BTreeMap, time::Duration};

fn second() -> Duration {
    Duration::from_secs(1)
}

#[tokio::test]
async fn the_longest_idle_with_the_language_is_alerted_and_nobody_else() {
    let mut english = agent(1, "Ben");
    english.languages = BTreeMap::from([("en".to_owned(), 500)]);
    let world = World::new(vec![english, agent(2, "Carla"), agent(3, "Dora")]).await;
    let mut all = Vec::new();
    for (number, name) in [(1, "Ben"), (2, "Carla"), (3, "Dora")] {
        all.push(world.on_queue(number, name).await);
    }
    // Carla has the smaller id, takes one chat, and is idle for a shorter time than Dora from then on.
    world.open(100, &sales());
    let first = all[1].offer().await;
    all[1].desk.accept(&first).await.expect("hers");
    world.reported(100, &["queued", "offered 2 Carla", "assigned 2"]).await;
    world.hand.advance(second());
    world.end(100);
    all[1].state(AgentState::Idle).await;
    world.hand.advance(second());

    world.open(
        101,
        &Wish {
            guest: "Gast",
            ..sales()
        },
    );
    let offer = all[2].offer().await;
    assert_eq!((offer.guest_name.as_str(), offer.topic.as_str()), ("Gast", "Frage"));
    assert_eq!((offer.queue_name.as_str(), offer.language.as_str()), ("Vertrieb", "de"));
    world.reported(101, &["queued", "offered 3 Dora"]).await;
    assert_eq!(all[0].desk.state().await, (AgentState::Idle, 0));
    assert_eq!(all[1].desk.state().await, (AgentState::Idle, 0));
    assert_eq!(all[2].desk.state().await, (AgentState::Interacting, 1));
}

#[tokio::test]
async fn an_accepted_offer_is_one_agents_and_accepting_it_again_answers_the_same() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    let ben = world.on_queue(2, "Ben").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    assert_eq!(reason(ben.desk.accept(&offer).await), Some(Reason::OfferNotFound));
    for _ in 0..2 {
        assert_eq!(anna.desk.accept(&offer).await.expect("hers"), id::<()>(100).to_string());
    }
    assert_eq!(anna.ended().await, "accepted");
    assert_eq!(
        reason(anna.desk.decline(&offer).await),
        Some(Reason::OfferAlreadyAccepted)
    );
    world.reported(100, &["queued", "offered 1 Anna", "assigned 1"]).await;
    let unknown = proto::Offer {
        offer_id: id::<()>(9).to_string(),
        ..proto::Offer::default()
    };
    assert_eq!(reason(anna.desk.accept(&unknown).await), Some(Reason::OfferNotFound));
    let malformed = proto::Offer::default();
    assert_eq!(reason(anna.desk.accept(&malformed).await), Some(Reason::IdMalformed));
}

#[tokio::test]
async fn a_declined_chat_goes_to_another_agent_at_its_old_place() {
    let mut anna = agent(1, "Anna");
    anna.maximum_chats = 1;
    let world = World::new(vec![anna, agent(2, "Ben")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let first = anna.offer().await;
    world.hand.advance(second());
    world.open(101, &sales());
    world.reported(101, &["queued"]).await;
    anna.desk.decline(&first).await.expect("she may");
    anna.desk.decline(&first).await.expect("again is the same");
    assert_eq!(anna.ended().await, "declined");
    // Whom the first was declined by, it is not offered again: the second comes.
    assert_eq!(anna.offer().await.conversation_id, id::<()>(101).to_string());
    world.open(102, &sales());
    world.reported(102, &["queued"]).await;

    let mut ben = world.on_queue(2, "Ben").await;
    let again = ben.offer().await;
    assert_eq!(again.conversation_id, id::<()>(100).to_string());
    assert_eq!(again.waiting_since, Some(onqueue_proto::timestamp(START)));
    let facts = [
        "queued",
        "offered 1 Anna",
        "rescinded 1 declined",
        "queued",
        "offered 2 Ben",
    ];
    world.reported(100, &facts).await;
}

#[tokio::test]
async fn declining_twice_at_once_is_declining_once() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    let (first, second) = tokio::join!(anna.desk.decline(&offer), anna.desk.decline(&offer));
    first.and(second).expect("both are answered alike");
    world
        .reported(100, &["queued", "offered 1 Anna", "rescinded 1 declined", "queued"])
        .await;
}

#[tokio::test]
async fn who_does_not_answer_is_not_responding_and_the_chat_goes_on() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    assert_eq!(
        offer.expires_at,
        Some(onqueue_proto::timestamp(START + Duration::from_secs(30)))
    );
    world.hand.advance(Duration::from_secs(29));
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 1));
    let mut ben = world.on_queue(2, "Ben").await;
    world.hand.advance(second());
    assert_eq!(anna.ended().await, "timed_out");
    anna.state(AgentState::NotResponding).await;
    assert_eq!(reason(anna.desk.accept(&offer).await), Some(Reason::OfferExpired));
    let again = ben.offer().await;
    assert_eq!(again.waiting_since, Some(onqueue_proto::timestamp(START)));
    assert_eq!(anna.desk.go_on_queue().await.state(), AgentState::Idle);
}

#[tokio::test]
async fn nobody_is_offered_more_than_they_may_have() {
    let mut anna = agent(1, "Anna");
    anna.maximum_chats = 2;
    let world = World::new(vec![anna]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in [100, 101, 102] {
        world.open(conversation, &sales());
    }
    world.reported(102, &["queued"]).await;
    let (first, second) = (anna.offer().await, anna.offer().await);
    anna.desk.accept(&first).await.expect("hers");
    anna.desk.accept(&second).await.expect("hers");
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 2));
    world.end(100);
    assert_eq!(anna.offer().await.conversation_id, id::<()>(102).to_string());
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_its_reason() {
    let mut seed = seeded(vec![agent(1, "Anna")]);
    seed.queues[0].limit = 2;
    let world = World::with(seed, Settings::default()).await;
    for conversation in [100, 101, 102] {
        world.open(conversation, &sales());
    }
    world.reported(101, &["queued"]).await;
    world.reported(102, &["refused QUEUE_FULL"]).await;
    world.open(103, &Wish { queue: 0x99, ..sales() });
    world.reported(103, &["refused QUEUE_NOT_FOUND"]).await;
    world.end(102);
    world.end(100);
    world.open(104, &sales());
    world.reported(104, &["queued"]).await;
}

#[tokio::test]
async fn every_offer_has_a_decision_that_says_why() {
    let mut trained = agent(2, "Carla");
    trained.skills = BTreeMap::from([(id(BILLING), 300)]);
    let world = World::new(vec![agent(1, "Ben"), trained, agent(3, "Dora")]).await;
    world.grant(9, &["routing:decision:view"]);
    let mut carla = world.on_queue(2, "Carla").await;
    let _ben = world.on_queue(1, "Ben").await;
    world.open(
        100,
        &Wish {
            skills: vec![BILLING],
            ..sales()
        },
    );
    let offer = carla.offer().await;
    let supervisor = world.user(9, "Sara");
    let asked = proto::ListDecisionsRequest {
        conversation_id: offer.conversation_id.clone(),
        ..proto::ListDecisionsRequest::default()
    };
    let answer = supervisor
        .decisions()
        .list_decisions(supervisor.with(asked.clone()))
        .await;
    let decisions = answer.expect("may").into_inner().decisions;
    let [decision] = &decisions[..] else {
        panic!("one decision: {decisions:?}")
    };
    assert_eq!(decision.chosen_user_id, id::<()>(2).to_string());
    assert_eq!(
        (decision.offer_id.as_str(), decision.decided_by.as_str()),
        (offer.offer_id.as_str(), "only_candidate")
    );
    assert_eq!(decision.candidates[0].name, "Carla");
    assert_eq!(decision.required_skill_ids, [id::<()>(BILLING).to_string()]);
    let excluded: Vec<_> = decision
        .excluded
        .iter()
        .map(|one| (one.reason.as_str(), one.count))
        .collect();
    assert_eq!(excluded, [("off_queue", 1), ("missing_skill", 1)]);
    assert!(decision.revision > 0 && decision.log_position > 0);

    world
        .tokens
        .grant(organisation(), id(8), id(0xd2), &["routing:decision:view"]);
    let elsewhere = world.user(8, "Otto");
    let answer = elsewhere.decisions().list_decisions(elsewhere.with(asked)).await;
    assert_eq!(answer.expect("may ask").into_inner().decisions, []);
}

#[tokio::test]
async fn an_offer_of_an_ended_chat_is_taken_back() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    world.end(100);
    assert_eq!(anna.ended().await, "cancelled");
    assert_eq!(reason(anna.desk.accept(&offer).await), Some(Reason::OfferRescinded));
    anna.state(AgentState::Idle).await;
}

#[tokio::test]
async fn a_silent_agent_is_gone_after_45_seconds_and_the_chat_goes_on() {
    let mut seed = seeded(vec![agent(1, "Anna"), agent(2, "Ben")]);
    seed.queues[0].alerting_timeout_ms = 300_000;
    let world = World::with(seed, Settings::default()).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    anna.offer().await;
    world.hand.advance(Duration::from_secs(15));
    let heartbeat = |frame| matches!(frame, Frame::Heartbeat(_)).then_some(());
    anna.skip_to("a heartbeat", heartbeat).await;
    let mut agents = anna.desk.agents();
    agents
        .heartbeat(anna.desk.with(proto::HeartbeatRequest {}))
        .await
        .expect("heard");
    world.hand.advance(Duration::from_secs(44));
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 1));
    let mut ben = world.on_queue(2, "Ben").await;
    world.hand.advance(second());
    assert_eq!(anna.ended().await, "agent_gone");
    anna.state(AgentState::OffQueue).await;
    assert_eq!(ben.offer().await.conversation_id, id::<()>(100).to_string());
    let facts = [
        "queued",
        "offered 1 Anna",
        "rescinded 1 agent_gone",
        "queued",
        "offered 2 Ben",
    ];
    world.reported(100, &facts).await;
}

#[tokio::test]
async fn a_stream_begins_with_everything_that_holds_and_says_goodbye() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna Neu").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    let mut again = anna.desk.watch().await;
    let Some(Frame::Agent(state)) = again.next().await else {
        panic!("the state comes first")
    };
    assert_eq!(
        (state.name.as_str(), state.state(), state.active_chats),
        ("Anna Neu", AgentState::Interacting, 1)
    );
    assert_eq!(state.queues[0].name, "Vertrieb");
    assert_eq!(again.offer().await, offer);

    world.hand.advance(Duration::from_secs(600));
    assert_eq!(again.goodbye().await, "token_expired");
    assert_eq!(again.next().await, None);
    let mut last = world.user(1, "Anna Neu").watch().await;
    world.context.tasks.drain();
    assert_eq!(last.goodbye().await, "draining");
}

#[tokio::test]
async fn going_off_queue_passes_on_what_alerts_and_a_stranger_has_no_profile() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    anna.offer().await;
    let mut ben = world.on_queue(2, "Ben").await;
    let mut agents = anna.desk.agents();
    let off = agents
        .go_off_queue(anna.desk.with(proto::GoOffQueueRequest {}))
        .await
        .expect("may");
    assert_eq!(off.into_inner().agent.expect("an agent").state(), AgentState::OffQueue);
    assert_eq!(anna.ended().await, "agent_gone");
    ben.offer().await;

    world.grant(7, &AGENT);
    let stranger = world.user(7, "Fremd");
    let mut agents = stranger.agents();
    let refused = [
        reason(agents.go_on_queue(stranger.with(proto::GoOnQueueRequest {})).await),
        reason(agents.get_agent(stranger.with(proto::GetAgentRequest::default())).await),
        reason(agents.watch_me(stranger.with(proto::WatchMeRequest {})).await),
        reason(agents.heartbeat(stranger.with(proto::HeartbeatRequest {})).await),
    ];
    assert_eq!(refused, [Some(Reason::AgentNotFound); 4]);
}

#[tokio::test]
async fn only_joined_members_of_the_queue_are_alerted() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    let mut queues = anna.desk.queues();
    let queue_id = queue(SALES, "").queue_id;
    let leave = proto::LeaveQueueRequest {
        queue_id: queue_id.clone(),
    };
    let left = queues.leave_queue(anna.desk.with(leave)).await.expect("a member");
    assert!(!left.into_inner().member.expect("a member").joined);
    world.open(100, &sales());
    world.open(
        101,
        &Wish {
            queue: SUPPORT,
            ..sales()
        },
    );
    world.reported(101, &["queued"]).await;
    world.reported(100, &["queued"]).await;
    let join = proto::JoinQueueRequest { queue_id };
    queues.join_queue(anna.desk.with(join)).await.expect("a member");
    assert_eq!(anna.offer().await.conversation_id, id::<()>(100).to_string());
    world.reported(101, &["queued"]).await;
}

/// The figures are of the whole process, in which other tests run too.
#[tokio::test]
async fn what_happens_is_counted() {
    let made = || metrics::OFFERS.get(&["made"]);
    let accepted = || metrics::OFFERS.get(&["accepted"]);
    let measured = || [metrics::FEED_LAG.count(&[]), metrics::ROUTE_DECISION.count(&[])];
    let before = (made(), accepted(), measured());
    let answers = (metrics::SPEED_OF_ANSWER.count(&[]), metrics::ANSWERED.get(&["met"]));
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    assert!(made() > before.0 && accepted() > before.1);
    let [lag, decision] = measured();
    assert!(lag > before.2[0] && decision > before.2[1]);
    assert!(metrics::SHARDS_OWNED.get(&[]) >= 256);
    assert!(metrics::SPEED_OF_ANSWER.count(&[]) > answers.0);
    assert!(metrics::ANSWERED.get(&["met"]) > answers.1, "within the target");
    onqueue_testkit::until("Anna is counted", Duration::from_secs(10), async || {
        metrics::AGENTS.get(&["interacting"]) > 0
    })
    .await;
}
