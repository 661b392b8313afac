//! Two replicas on one database: one owns the shards, the other sends there what needs the owner.

use crate::world::{Desk, Replica, SALES, SOON, World, agent, id, queue, reason, sales, seeded};
use onqueue_model::Reason;
use onqueue_proto::routing::v1::{self as proto, AgentState};
use onqueue_routing::Settings;
use onqueue_testkit::until;
use std::time::{Duration, Instant};

/// Short leases, and an address.
fn replicated() -> Settings {
    Settings {
        lease_ms: 2_000,
        renew_ms: 400,
        stop_before_ms: 400,
        address: "one".to_owned(),
        ..Settings::default()
    }
}

/// Two replicas of which the first is the owner.
async fn two() -> (World, Replica) {
    let world = World::with(seeded(vec![agent(1, "Anna"), agent(2, "Ben")]), replicated()).await;
    let other = world.beside_at("two").await;
    (world, other)
}

#[tokio::test]
async fn calls_and_streams_reach_the_owner_through_another_replica() {
    let (world, other) = two().await;
    let anna = world.user(1, "Anna").at(&other);
    let mut watching = anna.watch().await;
    assert_eq!(anna.go_on_queue().await.state(), AgentState::Idle);
    watching.state(AgentState::Idle).await;
    world.open(100, &sales());
    let offer = watching.offer().await;
    assert_eq!(anna.accept(&offer).await.expect("hers"), id::<()>(100).to_string());
    assert_eq!(watching.ended().await, "accepted");
    assert_eq!(reason(anna.decline(&offer).await), Some(Reason::OfferAlreadyAccepted));
    world.reported(100, &["queued", "offered 1 Anna", "assigned 1"]).await;
    assert_eq!(world.net.forwarded(), 4);
    let stranger = world.user(7, "Otto").at(&other);
    let on = stranger
        .agents()
        .go_on_queue(stranger.with(proto::GoOnQueueRequest {}))
        .await;
    assert_eq!(reason(on), Some(Reason::PermissionMissing));
    assert_eq!(world.net.forwarded(), 4, "who may not is refused at once");
}

#[tokio::test]
async fn queues_are_read_anywhere_and_changed_in_force_through_any_replica() {
    let (world, other) = two().await;
    world.grant(
        9,
        &["routing:queue:*", "routing:queueMember:manage", "routing:decision:view"],
    );
    let admin = world.user(9, "Adam").at(&other);
    let get = admin.with(proto::GetQueueRequest {
        queue_id: queue(SALES, "").queue_id,
    });
    admin.queues().get_queue(get).await.expect("may");
    let decisions = admin.with(proto::ListDecisionsRequest {
        conversation_id: id::<()>(1).to_string(),
        ..proto::ListDecisionsRequest::default()
    });
    admin.decisions().list_decisions(decisions).await.expect("may");
    assert_eq!(world.net.forwarded(), 0);

    let create = admin.with(proto::CreateQueueRequest {
        request_id: id::<()>(1).to_string(),
        queue: Some(proto::Queue {
            queue_id: String::new(),
            ..queue(0, "Neu")
        }),
    });
    let made = admin.queues().create_queue(create).await.expect("may").into_inner();
    let queue_id = made.queue.expect("a queue").queue_id;
    assert!(
        world
            .session
            .policies()
            .iter()
            .any(|policy| policy.queue_id == queue_id)
    );
    let members = admin.with(proto::SetMembersRequest {
        queue_id: queue_id.clone(),
        user_ids: vec![id::<()>(1).to_string()],
        ..proto::SetMembersRequest::default()
    });
    admin.queues().set_members(members).await.expect("may");
    let anna = world.user(1, "Anna").at(&other);
    let leave = anna.with(proto::LeaveQueueRequest {
        queue_id: queue_id.clone(),
    });
    anna.queues().leave_queue(leave).await.expect("may");
    assert_eq!(world.net.forwarded(), 3);
    let now = world.user(1, "Anna").agents();
    let now = { now }.get_agent(anna.with(proto::GetAgentRequest::default())).await;
    let queues = now.expect("an agent").into_inner().agent.expect("an agent").queues;
    let of_made = queues.iter().find(|queue| queue.queue_id == queue_id);
    assert!(of_made.is_some_and(|queue| !queue.joined));
}

/// The lease may name the wrong address: what was forwarded is answered, not sent on.
#[tokio::test]
async fn a_call_is_not_forwarded_twice() {
    let (world, other) = two().await;
    world.write("UPDATE routing_leases SET address = 'two'").await;
    let anna = world.user(1, "Anna").at(&other);
    until("it is sent to itself", SOON, async || {
        let me = anna.with(proto::GetAgentRequest::default());
        let before = world.net.forwarded();
        let refused = reason(anna.agents().get_agent(me).await);
        if refused.is_some() {
            assert_eq!(refused, Some(Reason::Unavailable));
            assert_eq!(world.net.forwarded() - before, 1);
        }
        refused.is_some()
    })
    .await;
}

/// Calls again and again until told to stop; answers how many there were.
fn calls(desk: &Desk) -> (tokio::task::JoinHandle<u32>, tokio::sync::oneshot::Sender<()>) {
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let desk = desk.clone();
    let calling = tokio::spawn(async move {
        let mut calls = 0;
        while stopped.try_recv().is_err() {
            desk.go_on_queue().await;
            calls += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        calls
    });
    (calling, stop)
}

#[tokio::test]
async fn an_owner_that_ends_hands_over_and_no_call_fails() {
    let (world, other) = two().await;
    let (here, there) = (world.user(1, "Anna"), world.user(2, "Ben").at(&other));
    let mut through_other = there.watch().await;
    let mut at_owner = here.watch().await;
    let (mine, theirs) = (calls(&here), calls(&there));
    until("calls are made", SOON, async || world.net.forwarded() > 20).await;
    let began = Instant::now();
    world.context.tasks.drain();
    assert_eq!(at_owner.goodbye().await, "draining");
    assert_eq!(through_other.goodbye().await, "draining");
    let mut again = here.at(&other).watch().await;
    let paused = began.elapsed();
    world.open(100, &sales());
    again.offer().await;
    mine.1.send(()).expect("it calls");
    theirs.1.send(()).expect("it calls");
    assert!(mine.0.await.expect("every call was answered") > 0);
    assert!(theirs.0.await.expect("every call was answered") > 0);
    assert!(paused < Duration::from_millis(1_000), "{paused:?}");
    assert!(world.context.tasks.finish(SOON).await, "every task ends");
    assert!(other.tasks.finish(SOON).await, "every task ends");
}

#[tokio::test]
async fn an_owner_that_is_gone_without_a_word_is_followed_when_its_lease_has_run_out() {
    let (world, other) = two().await;
    let anna = world.user(1, "Anna").at(&other);
    let mut watching = anna.watch().await;
    anna.go_on_queue().await;
    let began = Instant::now();
    world.gate.close();
    world.net.cut("one");
    assert_eq!(watching.goodbye().await, "moved");
    let me = anna.with(proto::GetAgentRequest::default());
    anna.agents().get_agent(me).await.expect("the other has taken over");
    let paused = began.elapsed();
    assert!(paused < Duration::from_millis(3_000), "{paused:?}");
    let mut watching = anna.watch().await;
    world.open(100, &sales());
    watching.offer().await;
    world.gate.open();
    assert!(other.tasks.finish(SOON).await);
}

#[tokio::test]
async fn while_nobody_owns_the_shards_callers_hear_when_to_try_again() {
    let (world, other) = two().await;
    world.gate.close();
    world.net.cut("one");
    let anna = world.user(1, "Anna").at(&other);
    let began = Instant::now();
    let me = anna.with(proto::GetAgentRequest::default());
    let refused = anna.agents().get_agent(me).await.expect_err("nobody is there");
    assert_eq!(onqueue_client::reason(&refused), Some(Reason::Unavailable));
    assert_eq!(onqueue_client::retry_after(&refused), Some(Duration::from_secs(1)));
    assert!(began.elapsed() < Duration::from_millis(1_500));
    world.gate.open();
}

/// Statements a second of both replicas while nobody calls.
#[tokio::test]
async fn idle_replicas_leave_the_database_alone() {
    let world = World::with(
        seeded(vec![agent(1, "Anna")]),
        Settings {
            address: "one".to_owned(),
            ..Settings::default()
        },
    )
    .await;
    let other = world.beside_at("two").await;
    let stores = [&world.temp.store, &other.store];
    let before = stores.map(onqueue_store::Store::statements);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let [owner, standby] = [0, 1].map(|index| stores[index].statements() - before[index]);
    assert!(owner > 0 && owner < 30, "{owner} statements of the owner in 3 seconds");
    assert!(
        standby > 0 && standby < 30,
        "{standby} statements of the standby in 3 seconds"
    );
}
