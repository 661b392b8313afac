//! Who may do what.

use crate::fake_session::Wish;
use crate::world::{AGENT, Desk, SALES, SOON, SUPPORT, World, agent, id, organisation, queue, sales, seeded};
use onqueue_model::Reason;
use onqueue_proto::routing::v1::{self as proto, AgentState};
use onqueue_routing::{Membership, Settings};
use onqueue_testkit::until;
use tonic::{Code, Status};

/// The permission that a refusal names, if it is one for a missing permission.
fn missing(answer: Result<(), Status>) -> Option<bool> {
    let status = answer.err()?;
    assert_eq!(
        (status.code(), onqueue_client::reason(&status)),
        (Code::PermissionDenied, Some(Reason::PermissionMissing))
    );
    Some(true)
}

async fn call(desk: &Desk, permission: &str) -> Result<(), Status> {
    let queue_id = queue(SALES, "").queue_id;
    match permission {
        "routing:agent:onqueue" => {
            let on = desk
                .agents()
                .go_on_queue(desk.with(proto::GoOnQueueRequest {}))
                .await
                .map(|_| ());
            let off = desk
                .agents()
                .go_off_queue(desk.with(proto::GoOffQueueRequest {}))
                .await
                .map(|_| ());
            on.and(off)
        }
        "routing:queue:join" => {
            let join = desk.with(proto::JoinQueueRequest { queue_id });
            desk.queues().join_queue(join).await.map(|_| ())
        }
        "routing:queue:search" => {
            let search = desk.with(proto::SearchQueuesRequest::default());
            desk.queues().search_queues(search).await.map(|_| ())
        }
        _ => {
            let get = desk.with(proto::GetQueueRequest { queue_id });
            desk.queues().get_queue(get).await.map(|_| ())
        }
    }
}

#[tokio::test]
async fn each_of_the_four_permissions_is_needed_and_named() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let four = [
        "routing:agent:onqueue",
        "routing:queue:join",
        "routing:queue:search",
        "routing:queue:view",
    ];
    let anna = world.user(1, "Anna");
    for permission in four {
        world.tokens.ungrant(id(1));
        let others: Vec<_> = four.into_iter().filter(|other| *other != permission).collect();
        world.grant(1, &others);
        let refused = call(&anna, permission).await;
        let message = refused.as_ref().map_err(|status| status.message().to_owned());
        assert!(
            message.is_err_and(|message| message.contains(permission)),
            "{permission}"
        );
        assert_eq!(missing(refused), Some(true), "{permission}");
        world.grant(1, &[permission]);
        // The agent who could not join has been sent out of the queue meanwhile; both calls are allowed again.
        assert_eq!(
            call(&anna, permission).await.map_err(|status| status.code()),
            Ok(()),
            "{permission}"
        );
    }
}

#[tokio::test]
async fn who_loses_the_permissions_goes_off_queue_and_leaves_the_queues() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    anna.offer().await;
    let mut ben = world.on_queue(2, "Ben").await;
    world.tokens.ungrant(id(1));
    anna.state(AgentState::OffQueue).await;
    assert_eq!(ben.offer().await.conversation_id, id::<()>(100).to_string());
    world.grant(9, &["routing:queue:view"]);
    let supervisor = world.user(9, "Sara");
    until("Anna leaves", SOON, async || {
        let request = proto::ListMembersRequest {
            queue_id: queue(SALES, "").queue_id,
            ..proto::ListMembersRequest::default()
        };
        let members = supervisor
            .queues()
            .list_members(supervisor.with(request))
            .await
            .expect("may");
        let joined: Vec<_> = members
            .into_inner()
            .members
            .iter()
            .map(|member| member.joined)
            .collect();
        joined == [false, true]
    })
    .await;
}

#[tokio::test]
async fn another_agent_is_seen_by_who_may_see_queues() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    world.tokens.ungrant(id(2));
    world.grant(2, &AGENT[..2]);
    let see = |desk: Desk| async move {
        let user_id = id::<()>(1).to_string();
        let request = desk.with(proto::GetAgentRequest { user_id });
        desk.agents()
            .get_agent(request)
            .await
            .map(|answer| answer.into_inner().agent.expect("an agent").name)
    };
    let (anna, ben) = (world.user(1, "Anna"), world.user(2, "Ben"));
    assert_eq!(see(anna).await.expect("herself"), "Anna");
    assert_eq!(missing(see(ben.clone()).await.map(|_| ())), Some(true));
    world.grant(2, &["routing:queue:view"]);
    assert_eq!(see(ben).await.expect("may"), "Anna");
}

#[tokio::test]
async fn accepting_needs_its_permission_still() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    world.tokens.ungrant(id(1));
    world.grant(1, &AGENT[..3]);
    assert_eq!(missing(anna.desk.accept(&offer).await.map(|_| ())), Some(true));
    assert_eq!(missing(anna.desk.decline(&offer).await), Some(true));
    world.grant(1, &AGENT[3..]);
    anna.desk.accept(&offer).await.expect("may again");
}

/// The permission goes between the check of the call and the decision: whichever comes first, they end off queue.
#[tokio::test]
async fn a_permission_that_goes_meanwhile_is_noticed() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    world.gate.close();
    // Somebody else's commit is held up, and with it what Anna's call asks before it decides.
    let ben = world.user(2, "Ben");
    let ahead = tokio::spawn({
        let (mut agents, request) = (ben.agents(), ben.with(proto::GoOnQueueRequest {}));
        async move { agents.go_on_queue(request).await }
    });
    let anna = world.user(1, "Anna");
    let call = tokio::spawn({
        let (mut agents, request) = (anna.agents(), anna.with(proto::GoOnQueueRequest {}));
        async move { agents.go_on_queue(request).await }
    });
    // Single-threaded: both have gone as far as they can when this task is back.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    world.tokens.ungrant(id(1));
    world.gate.open();
    ahead.await.expect("answered").expect("may");
    assert_eq!(missing(call.await.expect("answered").map(|_| ())), Some(true));
    until("Anna is off queue", SOON, async || {
        anna.state().await.0 == AgentState::OffQueue
    })
    .await;
}

/// The permission goes between the check of the call and what it writes.
#[tokio::test]
async fn a_permission_to_join_that_goes_meanwhile_is_noticed() {
    let mut left = agent(1, "Anna");
    left.queues[0].joined = false;
    let world = World::new(vec![left]).await;
    let anna = world.user(1, "Anna");
    world.gate.close();
    let call = tokio::spawn({
        let queue_id = queue(SALES, "").queue_id;
        let (mut queues, request) = (anna.queues(), anna.with(proto::JoinQueueRequest { queue_id }));
        async move { queues.join_queue(request).await }
    });
    let joined = "SELECT COUNT(*) FROM routing_members WHERE joined";
    until("she has joined", SOON, async || world.number(joined).await == 1).await;
    world.tokens.ungrant(id(1));
    world.gate.open();
    assert_eq!(missing(call.await.expect("answered").map(|_| ())), Some(true));
    assert_eq!(world.number(joined).await, 0);
}

/// What counts is the division of the queue, not that the permission is held somewhere.
#[tokio::test]
async fn permissions_count_in_the_division_of_the_queue() {
    let elsewhere = 0xd2;
    let mut both = agent(1, "Anna");
    both.queues.push(Membership {
        queue: id(SUPPORT),
        joined: true,
    });
    let mut seed = seeded(vec![both]);
    seed.queues[1].division_id = id::<()>(elsewhere).to_string();
    let granted = |tokens: &onqueue_testkit::Tokens| {
        tokens.grant(organisation(), id(1), id(elsewhere), &AGENT);
    };
    let world = World::granted(seed, Settings::default(), granted).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let here = anna.offer().await;
    let support = Wish {
        queue: SUPPORT,
        ..sales()
    };
    world.open(101, &support);
    let there = anna.offer().await;
    assert_eq!(
        joined(&anna.desk).await,
        [("Support".to_owned(), true), ("Vertrieb".to_owned(), true)]
    );

    world.tokens.ungrant(id(1));
    world.tokens.grant(organisation(), id(1), id(elsewhere), &AGENT);
    assert_eq!(missing(anna.desk.accept(&here).await.map(|_| ())), Some(true));
    assert_eq!(missing(anna.desk.decline(&here).await), Some(true));
    anna.desk.accept(&there).await.expect("may there");
    until("Anna leaves one queue", SOON, async || {
        joined(&anna.desk).await == [("Support".to_owned(), true), ("Vertrieb".to_owned(), false)]
    })
    .await;
}

/// The caller's memberships.
async fn joined(desk: &Desk) -> Vec<(String, bool)> {
    let me = desk.with(proto::GetAgentRequest::default());
    let agent = desk.agents().get_agent(me).await.expect("an agent").into_inner().agent;
    let queues = agent.expect("an agent").queues.into_iter();
    let mut joined: Vec<_> = queues.map(|queue| (queue.name, queue.joined)).collect();
    joined.sort();
    joined
}
