//! What survives a restart, and what a former owner cannot do.

use crate::world::{AGENT, DIVISION, Desk, World, agent, id, reason, sales, seeded};
use onqueue_model::{OrganisationId, Reason};
use onqueue_proto::routing::v1::{self as proto, AgentState, agent_service_client::AgentServiceClient};
use onqueue_routing::{Seed, Settings};
use onqueue_server::InProcess;
use onqueue_testkit::until;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_restart_goes_on_with_the_same_state_and_delivers_what_was_not() {
    let mut world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    world.reported(100, &["queued", "offered 1 Anna", "assigned 1"]).await;
    world.session.set_down(true);
    world.open(101, &sales());
    let second = anna.offer().await;
    anna.desk.accept(&second).await.expect("hers");
    world.open(102, &sales());
    let third = anna.offer().await;
    assert_eq!(world.session.facts(101), [""; 0]);

    world.session.repeat_itself();
    world.restart().await;
    let mut anna = world.user(1, "Anna").watch().await;
    assert_eq!(anna.offer().await, third);
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 3));
    assert_eq!(
        anna.desk.accept(&offer).await.expect("still hers"),
        id::<()>(100).to_string()
    );
    world.session.set_down(false);
    world.reported(101, &["queued", "offered 1 Anna", "assigned 1"]).await;
    world.reported(102, &["queued", "offered 1 Anna"]).await;
    until("an empty outbox", SOON, async || {
        world.number("SELECT COUNT(*) FROM routing_report_packs").await == 0
    })
    .await;
    let dense = "SELECT MAX(position) - COUNT(*) FROM routing_log";
    assert_eq!(world.number(dense).await, 0);
    let traced = "SELECT COUNT(*) FROM routing_log WHERE traceparent LIKE '00-0af76519%'";
    assert_eq!(world.number(traced).await, 3);

    // The offer lapses although nobody asks, and the silent agent goes 45 seconds after the restart.
    world.hand.advance(Duration::from_secs(30));
    anna.state(AgentState::NotResponding).await;
    world.hand.advance(Duration::from_secs(15));
    anna.state(AgentState::OffQueue).await;
}

#[tokio::test]
async fn what_lapses_while_nothing_runs_is_held_against_nobody() {
    let mut world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    let _ben = world.on_queue(2, "Ben").await;
    world.open(100, &sales());
    let before = anna.offer().await;
    assert!(world.context.tasks.finish(SOON).await, "every task ends");
    world.hand.advance(Duration::from_secs(300));
    world.restart().await;

    let (mut anna, ben) = (world.user(1, "Anna").watch().await, world.user(2, "Ben"));
    let again = anna.offer().await;
    assert_eq!(again.conversation_id, before.conversation_id);
    assert_eq!(again.waiting_since, before.waiting_since);
    assert_eq!(ben.state().await, (AgentState::Idle, 0));
    assert_eq!(reason(anna.desk.accept(&before).await), Some(Reason::OfferRescinded));
    anna.desk.accept(&again).await.expect("she can answer now");
    let facts = [
        "queued",
        "offered 1 Anna",
        "rescinded 1 agent_gone",
        "queued",
        "offered 1 Anna",
        "assigned 1",
    ];
    world.reported(100, &facts).await;
}

#[tokio::test]
async fn a_paused_owner_writes_nothing_after_its_successor_and_its_late_report_changes_nothing() {
    let settings = Settings {
        lease_ms: 2_000,
        renew_ms: 400,
        stop_before_ms: 400,
        ..Settings::default()
    };
    let world = World::with(seeded(vec![agent(1, "Anna"), agent(2, "Ben")]), settings).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.session.hold_up();
    world.open(100, &sales());
    anna.offer().await;
    until("reports are on their way", SOON, async || world.session.held() == 2).await;
    // Paused with these reports on their way and with a decision made but not committed.
    world.gate.close();
    let late_reports = world.session.let_pass();
    let ben = world.user(2, "Ben");
    let late = tokio::spawn({
        let (mut agents, request) = (ben.agents(), ben.with(proto::GoOnQueueRequest {}));
        async move { agents.go_on_queue(request).await }
    });
    let successor = world.beside().await;
    let mut agents = AgentServiceClient::new(successor.routing.clone());
    until("the successor owns the shards", SOON, async || {
        state(&mut agents, &ben).await.is_some()
    })
    .await;
    world.reported(100, &["queued", "offered 1 Anna"]).await;
    assert_eq!(state(&mut agents, &ben).await, Some(AgentState::OffQueue));
    let written = "SELECT COUNT(*) FROM routing_log WHERE epoch = 1";
    let before = world.number(written).await;

    world.gate.open();
    assert_eq!(reason(late.await.expect("answered")), Some(Reason::Unavailable));
    assert_eq!(anna.goodbye().await, "moved");
    let off = anna.desk.with(proto::GoOffQueueRequest {});
    agents.go_off_queue(off).await.expect("the successor decides");
    let facts = ["queued", "offered 1 Anna", "rescinded 1 agent_gone", "queued"];
    world.reported(100, &facts).await;
    for report in late_reports {
        assert_eq!(report.epoch, 1);
        assert!(!world.session.take(report), "the successor's reports stand above it");
    }
    assert_eq!(world.session.facts(100), facts);
    let epochs: Vec<_> = world
        .session
        .reports(100)
        .iter()
        .map(|(report, _)| report.epoch)
        .collect();
    assert!(epochs.contains(&2), "{epochs:?}");
    assert_eq!(
        world.number(written).await,
        before,
        "nothing was written at the old epoch"
    );
    assert_eq!(world.number("SELECT MIN(epoch) FROM routing_leases").await, 2);
    assert!(successor.tasks.finish(SOON).await);
}

/// The wrong rule that the fence is there against: this is what the test above would not have without it.
#[tokio::test]
async fn without_the_fence_a_paused_owner_writes_after_its_successor() {
    let settings = Settings {
        lease_ms: 1_000,
        renew_ms: 200,
        stop_before_ms: 200,
        fence: false,
        ..Settings::default()
    };
    let world = World::with(seeded(vec![agent(1, "Anna"), agent(2, "Ben")]), settings).await;
    let ben = world.user(2, "Ben");
    world.gate.close();
    let late = tokio::spawn({
        let (mut agents, request) = (ben.agents(), ben.with(proto::GoOnQueueRequest {}));
        async move { agents.go_on_queue(request).await }
    });
    let successor = world.beside().await;
    let mut agents = AgentServiceClient::new(successor.routing.clone());
    until("the successor owns the shards", SOON, async || {
        state(&mut agents, &ben).await == Some(AgentState::OffQueue)
    })
    .await;
    let stale = "SELECT COUNT(*) FROM routing_log WHERE epoch = 1";
    let before = world.number(stale).await;
    world.gate.open();
    late.await.expect("answered").expect("it was written");
    assert_eq!(world.number("SELECT MIN(epoch) FROM routing_leases").await, 2);
    assert_eq!(world.number(stale).await, before + 1, "a stale write was accepted");
    assert_eq!(state(&mut agents, &ben).await, Some(AgentState::OffQueue), "two truths");
    assert!(successor.tasks.finish(SOON).await);
}

/// One input may have at most 1,000 effects on one interaction, or their places in line would meet those of the next.
#[tokio::test]
async fn an_input_with_too_many_effects_is_not_committed_and_routing_goes_on() {
    let agents = (1..=300).map(|number| agent(number, &format!("Agent {number}")));
    let world = World::new(agents.collect()).await;
    let desks: Vec<_> = (1..=300)
        .map(|number| world.user(number, &format!("Agent {number}")))
        .collect();
    futures::future::join_all(desks.iter().map(Desk::go_on_queue)).await;
    world.open(100, &sales());
    world.reported(100, &["queued", "offered 1 Agent 1"]).await;
    // Offers to all of them lapse in one step, one after the other.
    world.hand.advance(Duration::from_secs(300 * 30));
    // Had it been committed, the first offer would have timed out.
    let facts = [
        "queued",
        "offered 1 Agent 1",
        "rescinded 1 agent_gone",
        "queued",
        "offered 1 Agent 1",
    ];
    world.reported(100, &facts).await;
    let mut first = world.user(1, "Agent 1").watch().await;
    let offer = first.offer().await;
    first.desk.accept(&offer).await.expect("hers");
    let dense = "SELECT MAX(position) - COUNT(*) FROM routing_log";
    assert_eq!(world.number(dense).await, 0);
}

/// What somebody does, if this process owns their shard.
async fn state(agents: &mut AgentServiceClient<InProcess>, desk: &Desk) -> Option<AgentState> {
    let me = desk.with(proto::GetAgentRequest::default());
    let answer = agents.get_agent(me).await.ok()?;
    answer.into_inner().agent.map(|agent| agent.state())
}

#[tokio::test]
async fn an_engine_comes_back_from_a_snapshot_and_two_are_kept() {
    let settings = Settings {
        snapshot_inputs: 3,
        ..Settings::default()
    };
    let mut world = World::with(seeded(vec![agent(1, "Anna")]), settings).await;
    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in 100..103 {
        world.open(conversation, &sales());
        let offer = anna.offer().await;
        anna.desk.accept(&offer).await.expect("hers");
    }
    for conversation in 103..110 {
        world.open(conversation, &sales());
        world.reported(conversation, &["queued"]).await;
    }
    until("two snapshots", SOON, async || {
        world.number("SELECT COUNT(*) FROM routing_snapshots").await == 2
    })
    .await;
    let newest = world.number("SELECT MAX(position) FROM routing_snapshots").await;
    assert!(newest > 6);
    let begins = format!("DELETE FROM routing_log WHERE position <= {newest}");
    world.write(&begins).await;
    world.restart().await;
    let anna = world.user(1, "Anna");
    assert_eq!(anna.state().await, (AgentState::Interacting, 3));
    world.end(100);
    let mut watching = anna.watch().await;
    assert_eq!(watching.offer().await.conversation_id, id::<()>(103).to_string());
}

#[tokio::test]
async fn a_closed_conversation_frees_the_agent() {
    let mut anna = agent(1, "Anna");
    anna.maximum_chats = 1;
    let world = World::new(vec![anna]).await;
    world.session.close(100);
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    anna.offer().await;
    assert_eq!(anna.ended().await, "cancelled");
    world.open(101, &sales());
    assert_eq!(anna.offer().await.conversation_id, id::<()>(101).to_string());
}

#[tokio::test]
async fn chats_end_in_order_with_what_is_known_of_them() {
    let world = World::new(vec![]).await;
    for conversation in 100..120 {
        world.open(conversation, &sales());
    }
    for conversation in 100..120 {
        world.reported(conversation, &["queued"]).await;
        world.end(conversation);
    }
    let left = "SELECT COUNT(*) FROM routing_interactions";
    until("all forgotten", SOON, async || world.number(left).await == 0).await;
}

/// Somebody else's input, that the agent goes off queue, stands where the owner is about to write its next: its transaction
/// fails.
async fn fail_next_commit(world: &World, agent: u128) {
    let off = format!(r#"{{"command":"go_off_queue","agent":"{}"}}"#, id::<()>(agent));
    let copy = "INSERT INTO routing_log (organisation_id, position, at, command, epoch) \
        SELECT organisation_id, MAX(position) + 1, MAX(at), '";
    let rest = "', 1 FROM routing_log GROUP BY organisation_id";
    world.write(&format!("{copy}{off}{rest}")).await;
}

#[tokio::test]
async fn an_agent_is_freed_although_it_fails_at_first() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    let left = "SELECT COUNT(*) FROM routing_report_packs";
    until("nothing to report", SOON, async || world.number(left).await == 0).await;
    world.session.set_down(true);
    anna.desk.accept(&offer).await.expect("hers");
    fail_next_commit(&world, 2).await;
    world.session.close(100);
    world.session.set_down(false);
    assert_eq!(anna.goodbye().await, "moved");
    let free = (AgentState::Idle, 0);
    until("Anna is free", SOON, async || anna.desk.state().await == free).await;
    until("nothing to report", SOON, async || world.number(left).await == 0).await;
}

#[tokio::test]
async fn a_failed_commit_lets_nothing_out_and_the_engine_is_made_again_from_the_log() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    fail_next_commit(&world, 1).await;
    let again = anna.desk.with(proto::GoOnQueueRequest {});
    assert_eq!(
        reason(anna.desk.agents().go_on_queue(again).await),
        Some(Reason::Unavailable)
    );
    assert_eq!(anna.goodbye().await, "moved");
    assert_eq!(anna.desk.state().await, (AgentState::OffQueue, 0));
    assert_eq!(anna.desk.go_on_queue().await.state(), AgentState::Idle);
    world.open(100, &sales());
    world.reported(100, &["queued", "offered 1 Anna"]).await;
}

#[tokio::test]
async fn a_log_that_cannot_be_read_keeps_no_other_organisation_waiting() {
    let mut world = World::new(vec![agent(1, "Anna")]).await;
    let other: OrganisationId = id(0x0b);
    let theirs = Seed {
        organisation: other,
        ..seeded(vec![agent(2, "Ben")])
    };
    world.seed(theirs).await;
    world.tokens.grant(other, id(2), id(DIVISION), &AGENT);
    world.restart().await;
    let of_other = "organisation_id = (SELECT organisation_id FROM routing_heads ORDER BY 1 DESC LIMIT 1)";
    let lose = format!("UPDATE routing_log SET position = -1 WHERE position = 1 AND {of_other}");
    world.write(&lose).await;
    world.restart().await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.session.open(other, 200, &sales());
    world.open(100, &sales());
    anna.offer().await;
    let ben = world.user_of(other, 2, "Ben");
    let refused = ben.agents().go_on_queue(ben.with(proto::GoOnQueueRequest {})).await;
    assert_eq!(reason(refused), Some(Reason::Unavailable));

    // Once it can be read again, nothing has been lost.
    let find = format!("UPDATE routing_log SET position = 1 WHERE position = -1 AND {of_other}");
    world.write(&find).await;
    world.restart().await;
    world.reported(200, &["queued"]).await;
}

#[tokio::test]
async fn a_sole_process_need_not_wait_for_the_leases_of_its_former_run() {
    let settings = Settings {
        take_at_once: true,
        ..Settings::default()
    };
    let world = World::with(seeded(vec![agent(1, "Anna")]), settings).await;
    // The former run is gone without a word.
    world.gate.close();
    let next = world.beside().await;
    let anna = world.user(1, "Anna");
    let me = anna.with(proto::GetAgentRequest::default());
    AgentServiceClient::new(next.routing.clone())
        .get_agent(me)
        .await
        .expect("owned when it was bound");
    assert_eq!(world.number("SELECT MIN(epoch) FROM routing_leases").await, 2);
    world.gate.open();
    assert!(next.tasks.finish(SOON).await);
}

#[tokio::test]
async fn a_feed_that_breaks_is_followed_anew_without_loss() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    until("a feed", SOON, async || world.session.feeds() == 1).await;
    for conversation in 100..105 {
        world.open(conversation, &sales());
        world.session.cut_feed();
        world.reported(conversation, &["queued"]).await;
    }
    let opened = "SELECT COUNT(*) FROM routing_log WHERE command LIKE '%\"enqueue\"%'";
    assert_eq!(world.number(opened).await, 5);
}

/// The stored cursor is moved ahead behind the owner's back: what follows it comes before a row that was not taken.
#[tokio::test]
async fn a_row_that_comes_too_early_is_refused_until_those_before_it_were_taken() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    world.open(100, &sales());
    world.reported(100, &["queued"]).await;
    let (cursor, log) = (
        "SELECT MAX(number) FROM routing_feed_cursors",
        "SELECT COUNT(*) FROM routing_log",
    );
    assert_eq!(world.number(cursor).await, 1);
    world
        .write("UPDATE routing_feed_cursors SET number = 2 WHERE number = 1")
        .await;
    let (asked, inputs) = (world.session.asked(), world.number(log).await);
    world.session.cut_feed();
    until("a feed from there on", SOON, async || {
        world.session.asked() > asked && world.session.feeds() == 1
    })
    .await;
    let asked = world.session.asked();
    world.open(101, &sales());
    world.open(102, &sales());
    // It is followed anew each time, and each time the row is as early as before.
    until("refused again and again", SOON, async || {
        world.session.asked() >= asked + 3
    })
    .await;
    assert_eq!(world.session.facts(102), [""; 0]);
    assert_eq!((world.number(cursor).await, world.number(log).await), (2, inputs));
    world
        .write("UPDATE routing_feed_cursors SET number = 1 WHERE number = 2")
        .await;
    for conversation in [101, 102] {
        world.reported(conversation, &["queued"]).await;
    }
    assert_eq!(world.number(cursor).await, 3);
    let places = "SELECT CAST(position AS TEXT) FROM routing_log WHERE command LIKE '%\"enqueue\"%' ORDER BY position";
    assert_eq!(world.texts(places).await.len(), 3, "each once");
}

#[tokio::test]
async fn a_report_carries_the_trace_of_what_caused_it() {
    let world = World::new(vec![]).await;
    world.open(100, &sales());
    world.reported(100, &["queued"]).await;
    let traces = world.session.traces();
    let is_caller = |trace: &String| trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-");
    assert!(!traces.is_empty() && traces.iter().all(is_caller), "{traces:?}");
}

#[tokio::test]
async fn however_many_agents_changed_they_are_taken_over_in_a_few_statements() {
    const AGENTS: u128 = 300;
    let world = World::new((1..=AGENTS).map(|number| agent(number, "Anna")).collect()).await;
    let pending = "SELECT COUNT(*) FROM routing_agents WHERE revision > applied_revision";
    assert_eq!(world.number(pending).await, 0);
    world.write("UPDATE routing_agents SET applied_revision = 0").await;
    let (before, looks) = (world.temp.store.statements(), AtomicU64::new(0));
    until("everybody is taken over", SOON, async || {
        looks.fetch_add(1, Ordering::Relaxed);
        world.number(pending).await == 0
    })
    .await;
    let statements = world.temp.store.statements() - before - looks.into_inner();
    assert!(statements < u64::try_from(AGENTS / 2).expect("few"), "{statements}");
}
