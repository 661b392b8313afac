//! History by quarters of an hour: written with the inputs, and the same when it is made again from the log.

use crate::observations::{VIEW, observed, patient, seconds, supervisor};
use crate::world::{Desk, SALES, SOON, World, agent, id, organisation, queue, reason, sales, seeded};
use onqueue_acd::metrics::{Interval, Metrics, QueueTally};
use onqueue_acd::waiting::Waiting;
use onqueue_acd::{Command, Engine, Medium};
use onqueue_model::{DivisionId, QueueId, Reason, Timestamp};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::observation_service_client::ObservationServiceClient;
use onqueue_routing::Settings;
use onqueue_testkit::{START, until};
use std::collections::BTreeMap;
use tonic::Status;

/// When the first quarter after the start ends, and how long until then.
const QUARTER: Timestamp = Timestamp(1_790_000_100_000);

async fn query(
    world: &World,
    desk: &Desk,
    request: proto::QueryMetricsRequest,
) -> Result<proto::QueryMetricsResponse, Status> {
    let mut client = ObservationServiceClient::new(world.routing.clone());
    client
        .query_metrics(desk.with(request))
        .await
        .map(tonic::Response::into_inner)
}

fn that_day() -> proto::QueryMetricsRequest {
    proto::QueryMetricsRequest {
        from: Some(onqueue_proto::timestamp(START - seconds(3_600))),
        to: Some(onqueue_proto::timestamp(START + seconds(86_400))),
        ..proto::QueryMetricsRequest::default()
    }
}

/// All quarters that the whole log makes, as their rows are kept.
async fn recomputed(world: &World) -> Vec<String> {
    let commands = world.texts("SELECT command FROM routing_log ORDER BY position").await;
    let times = world
        .texts("SELECT CAST(at AS TEXT) FROM routing_log ORDER BY position")
        .await;
    let (mut engine, mut metrics, mut waiting) = (Engine::new(), Metrics::default(), Waiting::default());
    for (command, at) in commands.iter().zip(times) {
        let command: Command = serde_json::from_str(command).expect("a command");
        let applied = engine.apply(Timestamp(at.parse().expect("a number")), command.clone());
        let happenings = metrics.observe(engine.now(), &command, &applied);
        for (happening, score) in waiting.observe(&engine, engine.now(), &happenings) {
            metrics.score(&happening, &score);
        }
    }
    let closed = metrics.take_closed();
    let queues = closed.iter().flat_map(queue_rows);
    let agents = closed.iter().flat_map(|interval| interval.agents.values());
    let agents = agents.map(|tally| serde_json::to_string(tally).expect("a tally"));
    queues.chain(agents).collect()
}

fn queue_rows(interval: &Interval) -> Vec<String> {
    let mut queues: BTreeMap<QueueId, Vec<(Medium, &QueueTally)>> = BTreeMap::new();
    for ((queue, medium), tally) in &interval.queues {
        queues.entry(*queue).or_default().push((*medium, tally));
    }
    let rows = queues.values();
    rows.map(|media| serde_json::to_string(media).expect("tallies"))
        .collect()
}

async fn kept(world: &World) -> Vec<String> {
    world
        .texts("SELECT tally FROM routing_intervals ORDER BY subject, start_at, subject_id")
        .await
}

/// One chat after another, each taken after a second and over after another three.
async fn chats(world: &World, numbers: std::ops::Range<u128>) {
    for conversation in numbers {
        let mut anna = world.on_queue(1, "Anna").await;
        world.open(conversation, &sales());
        let offer = anna.offer().await;
        world.hand.advance(seconds(1));
        anna.desk.accept(&offer).await.expect("hers");
        world.hand.advance(seconds(3));
        world.end(conversation);
        anna.state(proto::AgentState::Idle).await;
    }
}

#[tokio::test]
async fn taking_over_in_the_middle_of_a_quarter_makes_the_rows_that_the_log_makes() {
    let settings = Settings {
        snapshot_inputs: 7,
        ..patient()
    };
    let mut world = World::with(seeded(vec![agent(1, "Anna"), agent(2, "Ben")]), settings).await;
    let desk = supervisor(&world);
    chats(&world, 100..103).await;
    until("a snapshot", SOON, async || {
        world.number("SELECT COUNT(*) FROM routing_snapshots").await > 0
    })
    .await;
    world.restart().await;
    chats(&world, 103..105).await;
    assert_eq!(kept(&world).await, [""; 0], "the quarter is not over");
    let before = observed(&world, &desk, 0).await.window.expect("a window");
    assert_eq!(
        (before.answered, before.handled),
        (5, 5),
        "nothing is counted twice or lost"
    );

    // It ends although nothing happens.
    world.hand.advance(QUARTER.since(START));
    until("the quarter is over", SOON, async || !kept(&world).await.is_empty()).await;
    chats(&world, 105..107).await;
    world.restart().await;
    world.hand.advance(seconds(900));
    until("the next one is over", SOON, async || kept(&world).await.len() >= 4).await;
    assert_eq!(kept(&world).await, recomputed(&world).await);
}

#[tokio::test]
async fn a_snapshot_of_the_version_before_goes_on_with_what_is_there() {
    let settings = Settings {
        snapshot_inputs: 7,
        ..patient()
    };
    let mut world = World::with(seeded(vec![agent(1, "Anna"), agent(2, "Ben")]), settings).await;
    let desk = supervisor(&world);
    chats(&world, 100..103).await;
    until("a snapshot", SOON, async || {
        world.number("SELECT COUNT(*) FROM routing_snapshots").await > 0
    })
    .await;
    assert!(world.context.tasks.finish(SOON).await, "every task ends");
    world.write("UPDATE routing_snapshots SET history = NULL").await;
    world.restart().await;
    let now = observed(&world, &desk, 0).await;
    let agents = now.agents.expect("counts");
    assert_eq!((agents.idle, agents.off_queue), (1, 1));
    let before = now.window.expect("a window").answered;
    assert!(before < 3, "what came before the snapshot is not known");
    chats(&world, 103..105).await;
    let now = observed(&world, &desk, 0).await.window.expect("a window");
    assert_eq!(now.answered, before + 2);
}

#[tokio::test]
async fn history_is_asked_for_by_queue_and_by_agent() {
    let world = World::with(seeded(vec![agent(1, "Anna"), agent(2, "Ben")]), patient()).await;
    let desk = supervisor(&world);
    chats(&world, 100..103).await;
    world.hand.advance(QUARTER.since(START));
    until("the quarter is over", SOON, async || kept(&world).await.len() == 2).await;
    let answer = query(&world, &desk, that_day()).await.expect("may see");
    let [interval] = &answer.intervals[..] else {
        panic!("one: {answer:?}")
    };
    assert_eq!(interval.start, Some(onqueue_proto::timestamp(QUARTER - seconds(900))));
    assert_eq!(
        (interval.queue_id.as_str(), interval.name.as_str()),
        (&*queue(SALES, "").queue_id, "Vertrieb")
    );
    let sales = interval.queue.as_ref().expect("of a queue");
    assert_eq!((sales.entered, sales.answered, sales.handled), (3, 3, 3));
    assert_eq!((sales.wait_ms, sales.talk_ms), (3_000, 9_000));
    assert_eq!(sales.service_level, Some(10_000));
    assert_eq!(sales.average_speed_of_answer_ms, Some(1_000));

    let of_agents = |users: &[u128]| proto::QueryMetricsRequest {
        group_by: proto::MetricGroup::Agent.into(),
        user_ids: users.iter().map(|user| id::<()>(*user).to_string()).collect(),
        ..that_day()
    };
    let answer = query(&world, &desk, of_agents(&[1])).await.expect("may see");
    let anna = answer.intervals[0].agent.as_ref().expect("of an agent");
    assert_eq!(answer.intervals[0].name, "Anna");
    assert_eq!((anna.answered, anna.talk_ms, anna.interacting_ms), (3, 9_000, 12_000));
    assert_eq!(
        anna.idle_ms, 88_000,
        "on queue from the start to the end of the quarter"
    );

    // Who holds it in some divisions sees agents of their queues by name only, and strangers not at all.
    assert_eq!(
        reason(query(&world, &desk, of_agents(&[])).await),
        Some(Reason::PermissionMissing)
    );
    assert_eq!(
        reason(query(&world, &desk, of_agents(&[77])).await),
        Some(Reason::AgentNotFound)
    );
    world.tokens.grant(organisation(), id(8), id(0xd2), &[VIEW]);
    let elsewhere = world.user(8, "Otto");
    assert_eq!(
        query(&world, &elsewhere, that_day()).await.expect("may ask").intervals,
        []
    );
    assert_eq!(
        reason(query(&world, &elsewhere, of_agents(&[1])).await),
        Some(Reason::AgentNotFound)
    );
    let too_long = proto::QueryMetricsRequest {
        to: Some(onqueue_proto::timestamp(START + seconds(32 * 86_400))),
        ..that_day()
    };
    assert_eq!(reason(query(&world, &desk, too_long).await), Some(Reason::FieldInvalid));
}

#[tokio::test]
async fn history_comes_in_pages() {
    let world = World::with(seeded(vec![agent(1, "Anna"), agent(2, "Ben")]), patient()).await;
    world.tokens.grant(organisation(), id(9), DivisionId::ALL, &[VIEW]);
    let _anna = world.on_queue(1, "Anna").await;
    let _ben = world.on_queue(2, "Ben").await;
    world.hand.advance(seconds(3 * 900));
    until("three quarters are over", SOON, async || kept(&world).await.len() == 6).await;
    let desk = world.user(9, "Sara");
    let mut request = proto::QueryMetricsRequest {
        group_by: proto::MetricGroup::Agent.into(),
        page_size: 4,
        ..that_day()
    };
    let first = query(&world, &desk, request.clone()).await.expect("may see");
    request.page_token.clone_from(&first.next_page_token);
    let second = query(&world, &desk, request).await.expect("may see");
    assert_eq!((first.intervals.len(), second.intervals.len()), (4, 2));
    assert_eq!(second.next_page_token, "");
    let both = first.intervals.iter().chain(&second.intervals);
    let names: Vec<_> = both.clone().map(|interval| interval.name.as_str()).collect();
    assert_eq!(names, ["Anna", "Ben"].repeat(3));
    let idle: Vec<_> = both
        .map(|interval| interval.agent.as_ref().expect("of an agent").idle_ms)
        .collect();
    assert_eq!(idle, [100_000, 100_000, 900_000, 900_000, 900_000, 900_000]);
}
