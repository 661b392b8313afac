//! What session is told, many at a time: whatever goes wrong on the way, each conversation's reports arrive, in order.

use crate::world::{Desk, SOON, World, agent, id, organisation, sales};
use onqueue_proto::session::v1::{self as session, report_request::Fact};
use onqueue_testkit::until;
use prost::Message as _;
use std::time::Duration;
use tokio::time::Instant;

const LEFT: &str = "SELECT COUNT(*) FROM routing_report_packs";

async fn delivered(world: &World) {
    until("an empty outbox", SOON, async || world.number(LEFT).await == 0).await;
}

#[tokio::test]
async fn many_reports_go_with_a_few_calls() {
    const CHATS: u128 = 300;
    let world = World::new(vec![agent(1, "Anna")]).await;
    world.session.set_down(true);
    for conversation in 0..CHATS {
        world.open(1_000 + conversation, &sales());
    }
    let waiting = "SELECT CAST(COALESCE(SUM(reports), 0) AS BIGINT) FROM routing_report_packs";
    let all = i64::try_from(CHATS).expect("few");
    until("all wait", SOON, async || world.number(waiting).await == all).await;
    let packs = world.number(LEFT).await;
    assert!(packs <= all / 4, "{packs} rows");
    world.session.set_down(false);
    for conversation in 0..CHATS {
        world.reported(1_000 + conversation, &["queued"]).await;
    }
    let calls = world.session.calls();
    assert!(calls.len() <= 100, "{calls:?}");
    delivered(&world).await;
}

#[tokio::test]
async fn a_report_that_is_refused_goes_again_and_holds_up_its_own_conversation_only() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let _anna = world.on_queue(1, "Anna").await;
    world.session.refuse_next(100);
    // Waits and alerts at once: two reports in one call.
    world.open(100, &sales());
    world.reported(100, &["queued", "offered 1 Anna"]).await;
    let positions = |conversation| {
        let reports = world.session.reports(conversation).into_iter();
        reports
            .map(|(report, news)| (report.position, news))
            .collect::<Vec<_>>()
    };
    let of_it = positions(100);
    assert!(of_it.len() == 2 && of_it.iter().all(|(_, news)| *news), "{of_it:?}");
    assert!(of_it[0].0 < of_it[1].0);
    delivered(&world).await;

    world.session.hold_up();
    world.open(101, &sales());
    until("it is on its way", SOON, async || world.session.held() > 0).await;
    world.session.let_pass();
    world.open(102, &sales());
    world.reported(102, &["queued", "offered 1 Anna"]).await;
    // Nobody answers for five seconds; then it goes again.
    world.reported(101, &["queued", "offered 1 Anna"]).await;
}

#[tokio::test]
async fn a_session_of_the_version_before_is_told_one_by_one() {
    let mut world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.session.be_former();
    world.session.refuse_next(100);
    for conversation in 100..110 {
        world.open(conversation, &sales());
    }
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    world.reported(100, &["queued", "offered 1 Anna", "assigned 1"]).await;
    for conversation in 103..110 {
        world.reported(conversation, &["queued"]).await;
    }
    assert_eq!(world.session.calls(), [0; 0]);
    delivered(&world).await;
    world.session.close(105);
    world.restart().await;
    assert_eq!(world.number(LEFT).await, 0);
}

/// A report as the version before kept it.
async fn keep_single(world: &World, conversation: u128, (position, fact): (i64, Fact)) {
    let request = session::ReportRequest {
        organisation_id: organisation().to_string(),
        conversation_id: id::<()>(conversation).to_string(),
        opening: 1,
        epoch: 1,
        position,
        fact: Some(fact),
    };
    let (bytes, uuid) = match world.temp.store.takes_alone() {
        true => ("'\\x", "'"),
        false => ("x'", "x'"),
    };
    let payload: String = request
        .encode_to_vec()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let ids = [
        organisation().uuid().simple(),
        uuid::Uuid::from_u128(conversation).simple(),
    ];
    let [organisation, conversation] = ids.map(|id| format!("{uuid}{id}'"));
    world
        .write(&format!(
            "INSERT INTO routing_reports (organisation_id, conversation_id, position, opening, epoch, traceparent, payload) \
             VALUES ({organisation}, {conversation}, {position}, 1, 1, 'trace', {bytes}{payload}')"
        ))
        .await;
}

#[tokio::test]
async fn an_outbox_of_the_version_before_is_delivered() {
    let mut world = World::new(vec![agent(1, "Anna")]).await;
    let queue_id = id::<()>(crate::world::SALES).to_string();
    let queued = || {
        Fact::Queued(session::QueuedFact {
            queue_id: queue_id.clone(),
        })
    };
    let lost = || {
        Fact::AgentLost(session::AgentLostFact {
            user_id: id::<()>(1).to_string(),
        })
    };
    for conversation in 500..520 {
        keep_single(&world, conversation, (2, lost())).await;
        keep_single(&world, conversation, (1, queued())).await;
    }
    world.session.close(510);
    world.restart().await;
    for conversation in (500..510).chain(511..520) {
        world.reported(conversation, &["queued", "lost 1"]).await;
    }
    assert!(world.session.traces().contains("trace"));
    let singles = "SELECT COUNT(*) FROM routing_reports";
    until("they are taken out", SOON, async || world.number(singles).await == 0).await;
    world.open(100, &sales());
    world.reported(100, &["queued"]).await;
    assert_eq!(world.number(singles).await, 0, "no more are kept in that way");
}

#[tokio::test]
async fn who_has_accepted_is_in_the_log_when_that_is_answered() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in 100..103 {
        world.open(conversation, &sales());
        let offer = anna.offer().await;
        anna.desk.accept(&offer).await.expect("hers");
        let facts = ["queued", "offered 1 Anna", "assigned 1"];
        assert_eq!(world.session.facts(conversation), facts);
        anna.desk.accept(&offer).await.expect("hers still");
    }
}

#[tokio::test]
async fn who_accepts_waits_a_second_at_most_for_session() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    delivered(&world).await;
    world.session.set_down(true);
    let began = Instant::now();
    anna.desk.accept(&offer).await.expect("hers all the same");
    let waited = began.elapsed();
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    assert_eq!(world.session.facts(100), ["queued", "offered 1 Anna"]);
    world.session.set_down(false);
    world.reported(100, &["queued", "offered 1 Anna", "assigned 1"]).await;
}

/// Whoever is told that the conversation is over need not wait either.
#[tokio::test]
async fn who_accepts_what_is_over_by_then_is_answered() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    delivered(&world).await;
    world.session.close(100);
    let began = Instant::now();
    anna.desk.accept(&offer).await.expect("hers, for a moment");
    assert!(began.elapsed() < SOON);
    until("Anna is free", SOON, async || active(&anna.desk).await == 0).await;
    delivered(&world).await;
}

async fn active(desk: &Desk) -> i32 {
    desk.state().await.1
}

/// The transaction that decided is committed, and whoever was to report it is gone without a word.
#[tokio::test]
async fn what_was_committed_before_a_crash_is_reported_by_the_successor() {
    let settings = onqueue_routing::Settings {
        lease_ms: 1_000,
        renew_ms: 200,
        stop_before_ms: 200,
        ..onqueue_routing::Settings::default()
    };
    let world = World::with(crate::world::seeded(vec![agent(1, "Anna")]), settings).await;
    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in 100..103 {
        world.open(conversation, &sales());
    }
    let offer = anna.offer().await;
    delivered(&world).await;
    // What is on its way from now on never arrives.
    world.session.hold_up();
    anna.desk.accept(&offer).await.expect("hers");
    until("the report is on its way", SOON, async || world.session.held() > 0).await;
    world.gate.close();
    let successor = world.beside().await;
    let late = world.session.let_pass();
    world.reported(100, &["queued", "offered 1 Anna", "assigned 1"]).await;
    delivered(&world).await;
    for report in late {
        let of_it = report.conversation_id.clone();
        assert!(!world.session.take(report), "{of_it} was reported by the successor");
    }
    world.gate.open();
    assert!(successor.tasks.finish(SOON).await);
}
