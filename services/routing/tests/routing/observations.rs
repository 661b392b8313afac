//! Observations as they are asked for and followed.

use crate::world::{Desk, Replica, SALES, SOON, SUPPORT, Watching, World, agent, id, organisation, queue};
use crate::world::{reason, sales, seeded};
use onqueue_model::{DivisionId, Reason};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::observation_service_client::ObservationServiceClient;
use onqueue_proto::routing::v1::watch_observations_response::Frame;
use onqueue_routing::Settings;
use onqueue_server::InProcess;
use onqueue_testkit::{START, until};
use std::time::Duration;
use tonic::{Status, Streaming};

pub const VIEW: &str = "routing:observation:view";

pub fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// Nobody goes because they are silent.
pub fn patient() -> Settings {
    Settings {
        gone_after_ms: 86_400_000,
        ..Settings::default()
    }
}

/// Somebody who may see observations of the division.
pub fn supervisor(world: &World) -> Desk {
    world.grant(9, &[VIEW]);
    world.user(9, "Sara")
}

async fn get(
    routing: &InProcess,
    desk: &Desk,
    request: proto::GetObservationsRequest,
) -> Result<proto::GetObservationsResponse, Status> {
    let mut client = ObservationServiceClient::new(routing.clone());
    client
        .get_observations(desk.with(request))
        .await
        .map(tonic::Response::into_inner)
}

/// Sales as it is now.
pub async fn observed(world: &World, desk: &Desk, window_seconds: i32) -> proto::QueueObservation {
    let request = proto::GetObservationsRequest {
        queue_ids: vec![queue(SALES, "").queue_id],
        window_seconds,
        ..proto::GetObservationsRequest::default()
    };
    let answer = get(&world.routing, desk, request).await.expect("may see");
    let [sales] = &answer.queues[..] else {
        panic!("one queue: {answer:?}");
    };
    sales.clone()
}

/// Anna takes a chat after two seconds and has it for eight; another is given up after six; a third after one.
async fn work(world: &World, anna: &mut Watching, desk: &Desk) {
    world.open(100, &sales());
    let offer = anna.offer().await;
    world.open(101, &sales());
    world.reported(101, &["queued"]).await;
    let busy = observed(world, desk, 0).await;
    assert_eq!((busy.waiting, busy.alerting, busy.in_hand), (1, 1, 0));
    assert_eq!(busy.oldest_waiting_since, Some(onqueue_proto::timestamp(START)));
    world.hand.advance(seconds(2));
    anna.desk.accept(&offer).await.expect("hers");
    world.hand.advance(seconds(4));
    world.end(101);
    world.open(102, &sales());
    world.reported(102, &["queued"]).await;
    world.hand.advance(seconds(1));
    world.end(102);
    world.hand.advance(seconds(3));
    world.end(100);
    until("Anna is done", SOON, async || {
        observed(world, desk, 0).await.window.expect("a window").handled == 1
    })
    .await;
}

#[tokio::test]
async fn what_is_observed_is_what_happened_by_hand_count_and_slides_out_of_the_window() {
    let mut anna = agent(1, "Anna");
    anna.maximum_chats = 1;
    let world = World::with(seeded(vec![anna, agent(2, "Ben")]), patient()).await;
    let desk = supervisor(&world);
    let mut anna = world.on_queue(1, "Anna").await;
    work(&world, &mut anna, &desk).await;
    let sales = observed(&world, &desk, 0).await;
    let agents = proto::AgentCounts {
        off_queue: 1,
        idle: 1,
        ..proto::AgentCounts::default()
    };
    let window = proto::WindowMetrics {
        entered: 3,
        offered: 1,
        answered: 1,
        answered_in_time: 1,
        abandoned: 2,
        abandoned_short: 1,
        handled: 1,
        service_level: Some(5_000),
        average_speed_of_answer_ms: Some(2_000),
        handle_time_ms: Some(8_000),
        after_contact_time_ms: None,
        estimates: Some(proto::EstimateAccuracy::default()),
    };
    let expected = proto::QueueObservation {
        queue_id: queue(SALES, "").queue_id,
        queue_name: "Vertrieb".to_owned(),
        agents: Some(agents),
        window: Some(window),
        ..proto::QueueObservation::default()
    };
    assert_eq!(sales, expected);

    world.hand.advance(seconds(880));
    let level = async |window| {
        let desk = world.user(9, "Sara");
        let window = observed(&world, &desk, window).await.window.expect("a window");
        (window.answered, window.abandoned, window.service_level)
    };
    assert_eq!(level(900).await, (1, 2, Some(5_000)), "they are in it still");
    world.hand.advance(seconds(20));
    assert_eq!(level(900).await, (0, 0, None));
    assert_eq!(level(3_600).await, (1, 2, Some(5_000)));
}

#[tokio::test]
async fn queues_come_in_pages_and_all_together_for_who_may_see_all() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    world.tokens.grant(organisation(), id(9), DivisionId::ALL, &[VIEW]);
    let desk = world.user(9, "Sara");
    let mut request = proto::GetObservationsRequest {
        page_size: 1,
        ..proto::GetObservationsRequest::default()
    };
    let first = get(&world.routing, &desk, request.clone()).await.expect("may see");
    assert_eq!(first.queues[0].queue_id, queue(SALES, "").queue_id);
    let all = first.organisation.expect("may see all").agents.expect("counts");
    assert_eq!(all.off_queue, 1);
    request.page_token = first.next_page_token;
    let second = get(&world.routing, &desk, request).await.expect("may see");
    assert_eq!(second.queues[0].queue_id, queue(SUPPORT, "").queue_id);
    assert_eq!((second.organisation, second.next_page_token.as_str()), (None, ""));
}

struct Following(Streaming<proto::WatchObservationsResponse>);

impl Following {
    async fn start(routing: &InProcess, desk: &Desk) -> Self {
        let mut client = ObservationServiceClient::new(routing.clone());
        let request = desk.with(proto::WatchObservationsRequest::default());
        Self(client.watch_observations(request).await.expect("may see").into_inner())
    }

    async fn next(&mut self) -> Frame {
        let next = tokio::time::timeout(SOON, self.0.message()).await.expect("in time");
        next.expect("no error").expect("not over").frame.expect("a frame")
    }

    async fn changes(&mut self) -> proto::ObservationChanges {
        match self.next().await {
            Frame::Changes(changes) => changes,
            other => panic!("changes, not {other:?}"),
        }
    }

    async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(100), self.0.message())
            .await
            .is_err()
    }

    async fn goodbye(&mut self) -> String {
        loop {
            if let Frame::Goodbye(goodbye) = self.next().await {
                return goodbye.reason;
            }
        }
    }
}

#[tokio::test]
async fn a_stream_tells_everything_first_and_then_changes_once_a_second() {
    let world = World::with(seeded(vec![agent(1, "Anna")]), patient()).await;
    let desk = supervisor(&world);
    let mut following = Following::start(&world.routing, &desk).await;
    let first = following.changes().await;
    assert!(first.complete && first.organisation.is_none());
    let ids: Vec<_> = first.queues.iter().map(|queue| queue.queue_id.as_str()).collect();
    assert_eq!(ids, [queue(SALES, "").queue_id, queue(SUPPORT, "").queue_id]);

    for conversation in [100, 101, 102] {
        world.open(conversation, &sales());
        world.reported(conversation, &["queued"]).await;
    }
    assert!(following.is_silent().await, "not within the second");
    world.hand.advance(seconds(1));
    let changes = following.changes().await;
    let [sales_now] = &changes.queues[..] else {
        panic!("only what has changed: {changes:?}")
    };
    assert_eq!((sales_now.queue_name.as_str(), sales_now.waiting), ("Vertrieb", 3));
    // The wait of who waits longest grows, but nothing is told of it.
    for _ in 0..14 {
        world.hand.advance(seconds(1));
        tokio::task::yield_now().await;
    }
    let heartbeat = following.next().await;
    assert!(matches!(heartbeat, Frame::Heartbeat(_)), "{heartbeat:?}");

    world.tokens.ungrant(id(9));
    world.hand.advance(seconds(1));
    assert_eq!(following.goodbye().await, "access_changed");
}

#[tokio::test]
async fn another_division_more_or_less_ends_the_stream() {
    let world = World::with(seeded(vec![agent(1, "Anna")]), patient()).await;
    let desk = supervisor(&world);
    let mut following = Following::start(&world.routing, &desk).await;
    following.changes().await;
    world.tokens.grant(organisation(), id(9), id(0xd2), &[VIEW]);
    world.hand.advance(seconds(1));
    assert_eq!(following.goodbye().await, "access_changed");
    let mut following = Following::start(&world.routing, &desk).await;
    following.changes().await;
    world.context.tasks.drain();
    assert_eq!(following.goodbye().await, "draining");
}

#[tokio::test]
async fn nobody_sees_queues_of_other_divisions() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let everything = proto::GetObservationsRequest::default;
    let anna = world.user(1, "Anna");
    let refused = get(&world.routing, &anna, everything()).await;
    assert_eq!(reason(refused), Some(Reason::PermissionMissing));
    world.tokens.grant(organisation(), id(8), id(0xd2), &[VIEW]);
    let elsewhere = world.user(8, "Otto");
    let answer = get(&world.routing, &elsewhere, everything()).await.expect("may ask");
    assert_eq!((answer.queues, answer.organisation), (Vec::new(), None));
    let named = proto::GetObservationsRequest {
        queue_ids: vec![queue(SALES, "").queue_id],
        ..everything()
    };
    let answer = get(&world.routing, &elsewhere, named).await.expect("may ask");
    assert_eq!(answer.queues, []);
    let malformed = proto::GetObservationsRequest {
        queue_ids: vec!["x".to_owned()],
        ..everything()
    };
    let answer = get(&world.routing, &elsewhere, malformed).await;
    assert_eq!(reason(answer), Some(Reason::IdMalformed));
    let too_long = proto::GetObservationsRequest {
        window_seconds: 3_601,
        ..everything()
    };
    let answer = get(&world.routing, &elsewhere, too_long).await;
    assert_eq!(reason(answer), Some(Reason::FieldInvalid));
}

#[tokio::test]
async fn another_replica_asks_the_owner() {
    let settings = Settings {
        address: "one".to_owned(),
        ..patient()
    };
    let world = World::with(seeded(vec![agent(1, "Anna")]), settings).await;
    let other: Replica = world.beside_at("two").await;
    let desk = supervisor(&world);
    let mut following = Following::start(&other.routing, &desk).await;
    assert_eq!(following.changes().await.queues.len(), 2);
    world.open(100, &sales());
    world.reported(100, &["queued"]).await;
    world.hand.advance(seconds(1));
    assert_eq!(following.changes().await.queues[0].waiting, 1);
    let all = get(&other.routing, &desk, proto::GetObservationsRequest::default()).await;
    assert_eq!(all.expect("may see").queues[0].waiting, 1);
    assert_eq!(world.net.forwarded(), 2);
    // A stream that is piped ends as every other.
    other.tasks.drain();
    assert_eq!(following.goodbye().await, "draining");
}

#[tokio::test]
async fn every_metric_is_defined_in_two_languages() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let anna = world.user(1, "Anna");
    let mut client = ObservationServiceClient::new(world.routing.clone());
    let mut found = Vec::new();
    for language in ["de-AT", "en"] {
        let request = proto::ListMetricDefinitionsRequest {
            language: language.to_owned(),
        };
        let answer = client.list_metric_definitions(anna.with(request)).await;
        found.push(answer.expect("anybody may").into_inner().definitions);
    }
    let [german, english] = &found[..] else { panic!("two") };
    let names = |all: &[proto::MetricDefinition]| all.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(german), names(english));
    let of = |all: &[proto::MetricDefinition]| {
        let found = all.iter().find(|one| one.name == "waiting").cloned();
        found.expect("defined")
    };
    assert!(of(german).definition.starts_with("Interaktionen in der Schlange"));
    assert!(of(english).definition.starts_with("Interactions in line"));
    assert_eq!(of(english).measure(), proto::MetricMeasure::Now);
}
