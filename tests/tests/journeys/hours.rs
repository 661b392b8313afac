//! A queue that keeps to hours, as customers find it: open, closed, a holiday and an emergency, across both changes of the
//! clocks.

use onqueue_client::reason;
use onqueue_model::{Reason, Timestamp};
use onqueue_proto::routing::v1::{
    self as routing, queue_service_client::QueueServiceClient, schedule_service_client::ScheduleServiceClient,
};
use onqueue_proto::{millis, rpc};
use onqueue_tests::{
    cluster::Cluster,
    people::{Customer, bearing, login},
};
use prost::Message as _;
use std::time::Duration;
use tonic::Status;
use uuid::Uuid;

/// The demo with somebody who sets when its queue is open.
struct House {
    cluster: Cluster,
    group: routing::ScheduleGroup,
    /// The queue as it was.
    queue: routing::Queue,
}

const QUEUE: &str = "Billing";

async fn token(cluster: &Cluster) -> String {
    let answer = login(cluster.address(), &cluster.credentials, "Petra").await;
    answer.tokens.expect("tokens").access_token
}

async fn create_schedule(cluster: &Cluster, token: &str, name: &str, [start, end, rrule]: [&str; 3]) -> String {
    let schedule = routing::Schedule {
        name: name.to_owned(),
        start: start.to_owned(),
        end: end.to_owned(),
        rrule: rrule.to_owned(),
        ..routing::Schedule::default()
    };
    let request = routing::CreateScheduleRequest {
        request_id: Uuid::now_v7().to_string(),
        schedule: Some(schedule),
    };
    let mut client = ScheduleServiceClient::new(cluster.door());
    let made = client
        .create_schedule(bearing(token, request))
        .await
        .expect("may")
        .into_inner();
    made.schedule.expect("a schedule").schedule_id
}

impl House {
    /// Its queue is open from 09:00 to 17:00 in Berlin, but not on the day after the clocks go back next.
    async fn new() -> Self {
        let cluster = Cluster::start().await;
        let token = token(&cluster).await;
        let queue_id = cluster.credentials["queues"][QUEUE].as_str().expect("text").to_owned();
        let mut queues = QueueServiceClient::new(cluster.door());
        let got = queues
            .get_queue(bearing(&token, routing::GetQueueRequest { queue_id }))
            .await;
        let queue = got.expect("may").into_inner().queue.expect("a queue");
        let hours = ["2026-01-01T09:00", "2026-01-01T17:00", "FREQ=DAILY"];
        let (year, _, autumn) = next_year(cluster.now());
        let [begin, end] = [autumn + 1, autumn + 2].map(|day| october(year, day, "00:00"));
        let feast = [begin.as_str(), &end, ""];
        let group = routing::ScheduleGroup {
            name: "Berlin".to_owned(),
            division_id: queue.division_id.clone(),
            time_zone: "Europe/Berlin".to_owned(),
            open_schedule_ids: vec![create_schedule(&cluster, &token, "Hours", hours).await],
            holiday_schedule_ids: vec![create_schedule(&cluster, &token, "Feast", feast).await],
            ..routing::ScheduleGroup::default()
        };
        let request = routing::CreateScheduleGroupRequest {
            request_id: Uuid::now_v7().to_string(),
            schedule_group: Some(group),
        };
        let mut schedules = ScheduleServiceClient::new(cluster.door());
        let made = schedules
            .create_schedule_group(bearing(&token, request))
            .await
            .expect("may");
        let group = made.into_inner().schedule_group.expect("a group");
        let house = Self { cluster, group, queue };
        house.keep_to(&token).await;
        house
    }

    async fn keep_to(&self, token: &str) {
        let queue = routing::Queue {
            schedule_group_id: self.group.schedule_group_id.clone(),
            ..self.queue.clone()
        };
        let request = routing::UpdateQueueRequest {
            queue: Some(queue),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["schedule_group_id".to_owned()],
            }),
        };
        let mut queues = QueueServiceClient::new(self.cluster.door());
        queues.update_queue(bearing(token, request)).await.expect("may");
    }

    async fn emergency(&self, active: bool) {
        let schedule_group_id = self.group.schedule_group_id.clone();
        let request = routing::SetEmergencyRequest {
            schedule_group_id,
            active,
        };
        let token = token(&self.cluster).await;
        let mut schedules = ScheduleServiceClient::new(self.cluster.door());
        schedules.set_emergency(bearing(&token, request)).await.expect("may");
    }

    async fn reach(&self, at: &str) {
        let at: prost_types::Timestamp = at.parse().expect("a time");
        let ahead = millis(&at).since(self.cluster.now());
        assert!(ahead > Duration::ZERO, "{at} is over");
        self.cluster.advance(ahead).await;
    }

    /// What a customer finds who comes now: nothing, or why it is closed and when it opens.
    async fn found(&self) -> Option<(String, String)> {
        let request = Customer::request(&self.cluster.credentials, QUEUE, "en");
        let mut client = onqueue_proto::session::v1::conversation_service_client::ConversationServiceClient::new(
            self.cluster.door(),
        );
        let refused = client.start_conversation(request).await.err()?;
        assert_eq!(reason(&refused), Some(Reason::QueueClosed), "{refused:?}");
        Some((said(&refused, "schedule_state"), said(&refused, "opens_at")))
    }
}

fn said(refused: &Status, key: &str) -> String {
    let carried = rpc::Status::decode(refused.details()).expect("details");
    let info: Option<rpc::ErrorInfo> = rpc::unpack("google.rpc.ErrorInfo", &carried.details);
    info.and_then(|info| info.metadata.get(key).cloned())
        .unwrap_or_default()
}

fn closed(state: &str, opens_at: &str) -> Option<(String, String)> {
    Some((state.to_owned(), opens_at.to_owned()))
}

/// The year that begins next, with the Sundays in March and October on which Berlin's clocks change.
fn next_year(now: Timestamp) -> (i64, i64, i64) {
    let year = 1_971 + now.millis() / 31_556_952_000;
    let last_sunday = |shift: i64| 31 - (5 * year / 4 + shift) % 7;
    (year, last_sunday(4), last_sunday(1))
}

/// A day of October, which may be one of November's first.
fn october(year: i64, day: i64, time: &str) -> String {
    let (month, day) = if day > 31 { (11, day - 31) } else { (10, day) };
    format!("{year}-{month}-{day:02}T{time}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_find_a_queue_open_closed_on_holiday_and_in_an_emergency() {
    let house = House::new().await;
    let (year, spring, autumn) = next_year(house.cluster.now());
    let march = |day: i64, time: &str| format!("{year}-03-{day:02}T{time}Z");
    let october = |day: i64, time: &str| october(year, day, &format!("{time}Z"));
    let (before, after) = (spring - 1, autumn + 1);
    for (at, expected) in [
        (march(before, "15:59:59"), None),
        (march(before, "16:00:00"), closed("closed", &march(spring, "07:00:00"))),
        (march(spring, "06:59:59"), closed("closed", &march(spring, "07:00:00"))),
        (march(spring, "07:00:00"), None),
        (october(autumn - 1, "14:59:59"), None),
        (
            october(autumn - 1, "15:00:00"),
            closed("closed", &october(autumn, "08:00:00")),
        ),
        (october(autumn, "08:00:00"), None),
        (
            october(autumn, "23:30:00"),
            closed("holiday", &october(after + 1, "08:00:00")),
        ),
        (october(after + 1, "08:00:00"), None),
    ] {
        house.reach(&at).await;
        // Where the clock has jumped over more changes than session knew of, it has to be told first.
        let is_so = async || {
            let found = house.found().await;
            if found != expected {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            found == expected
        };
        onqueue_testkit::until(&format!("{expected:?} at {at}"), Duration::from_secs(20), is_so).await;
    }
    house.emergency(true).await;
    assert_eq!(house.found().await, closed("emergency", ""));
    house.emergency(false).await;
    assert_eq!(house.found().await, None);
}
