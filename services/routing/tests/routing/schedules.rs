//! When queues are open: schedules, groups of them, and what session is told.

use crate::administrator::{administrator, audited, refusal, text};
use crate::opening::moment;
use crate::world::{DIVISION, Desk, SALES, SOON, SUPPORT, World, id, organisation, reason};
use onqueue_model::{DivisionId, Reason};
use onqueue_proto::routing::v1::{self as proto, ScheduleState};
use onqueue_proto::session::v1::{QueuePolicy, QueueState};
use onqueue_proto::{millis, timestamp};
use std::time::Duration;

/// 21 September 2026, a Monday, 15:33:20 in Berlin: when the clock of these tests begins.
const HOURS: [&str; 3] = [
    "2026-01-01T09:00",
    "2026-01-01T17:00",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
];

fn schedule(name: &str, [start, end, rrule]: [&str; 3]) -> proto::Schedule {
    proto::Schedule {
        name: name.to_owned(),
        start: start.to_owned(),
        end: end.to_owned(),
        rrule: rrule.to_owned(),
        ..proto::Schedule::default()
    }
}

fn berlin(name: &str, open: &[&proto::Schedule]) -> proto::ScheduleGroup {
    proto::ScheduleGroup {
        name: name.to_owned(),
        division_id: text(DIVISION),
        time_zone: "Europe/Berlin".to_owned(),
        open_schedule_ids: open.iter().map(|schedule| schedule.schedule_id.clone()).collect(),
        ..proto::ScheduleGroup::default()
    }
}

/// What session was told of the queue last.
fn told(world: &World, queue: u128) -> QueuePolicy {
    let policies = world.session.policies().into_iter();
    let mut of_it = policies.filter(|policy| policy.queue_id == text(queue));
    of_it.next_back().expect("it was told")
}

/// What session knows of the queue's hours: what holds, the next change with what holds then, and when it opens.
fn hours(policy: &QueuePolicy) -> (QueueState, String, QueueState, String) {
    let shown = |at: &Option<prost_types::Timestamp>| at.as_ref().map(ToString::to_string).unwrap_or_default();
    let (next, opens) = (shown(&policy.next_change_at), shown(&policy.opens_at));
    (policy.state(), next, policy.next_state(), opens)
}

/// Moves the clock there, and waits until session was told what holds since then.
async fn reach(world: &World, at: &str, expected: (QueueState, &str, QueueState, &str)) {
    world.hand.advance(moment(at).since(world.hand.now()));
    let (state, next, then, opens) = expected;
    let expected = (state, next.to_owned(), then, opens.to_owned());
    let is_told = async || hours(&told(world, SALES)) == expected;
    onqueue_testkit::until(&format!("{expected:?} at {at}"), SOON, is_told).await;
    assert_eq!(told(world, SALES).open, state == QueueState::Open);
}

/// What is senseless or taken.
async fn refuse(admin: &Desk) {
    for (request, name, span, refused) in [
        (1, "Anders", HOURS, Reason::RequestIdReused),
        (2, "WERKTAGS", HOURS, Reason::NameTaken),
        (3, "", HOURS, Reason::FieldInvalid),
        (4, "a", [HOURS[1], HOURS[0], ""], Reason::FieldInvalid),
        (5, "b", [HOURS[0], HOURS[1], "FREQ=SECONDLY"], Reason::FieldInvalid),
        (
            6,
            "c",
            [HOURS[0], HOURS[1], "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"],
            Reason::FieldInvalid,
        ),
        (
            7,
            "d",
            ["2026-02-30T09:00", "2026-03-01T09:00", ""],
            Reason::FieldInvalid,
        ),
    ] {
        assert_eq!(
            reason(admin.create_schedule(request, schedule(name, span)).await),
            Some(refused),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_schedule_is_made_once_changed_by_who_read_it_last_and_removed() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let made = admin
        .create_schedule(1, schedule("Werktags", HOURS))
        .await
        .expect("may");
    assert_eq!(
        (made.start.as_str(), made.rrule.as_str()),
        ("2026-01-01T09:00:00", HOURS[2])
    );
    assert_eq!(
        admin
            .create_schedule(1, schedule("Werktags", HOURS))
            .await
            .expect("once"),
        made
    );
    refuse(&admin).await;
    let wanted = proto::Schedule {
        end: "2026-01-01T18:00".to_owned(),
        time_zone: "America/New_York".to_owned(),
        name: "not named".to_owned(),
        ..made.clone()
    };
    let changed = admin
        .update_schedule(&wanted, &["end", "time_zone"])
        .await
        .expect("may");
    assert_eq!(
        (changed.name.as_str(), changed.end.as_str()),
        ("Werktags", "2026-01-01T18:00:00")
    );
    assert_eq!(admin.update_schedule(&wanted, &["end"]).await.expect("again"), changed);
    let late = admin.update_schedule(&wanted, &["name"]).await;
    assert_eq!(refusal(late), (Some(Reason::EtagMismatch), changed.etag.clone()));
    let nowhere = proto::Schedule {
        time_zone: "Mars/Olympus".to_owned(),
        ..changed.clone()
    };
    assert_eq!(
        reason(admin.update_schedule(&nowhere, &["time_zone"]).await),
        Some(Reason::FieldInvalid)
    );
    admin.delete_schedule(&changed).await.expect("may");
    admin.delete_schedule(&changed).await.expect("again is the same");
    assert_eq!(
        reason(admin.update_schedule(&changed, &["name"]).await),
        Some(Reason::NotFound)
    );
    let actions = audited(&world, &format!("schedule:{}", made.schedule_id)).await;
    assert_eq!(actions, ["schedule.create", "schedule.update", "schedule.delete"]);
}

#[tokio::test]
async fn what_is_being_edited_can_be_looked_at() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let preview = async |zone: &str| {
        let request = admin.with(proto::PreviewScheduleRequest {
            schedule: Some(schedule("", HOURS)),
            time_zone: zone.to_owned(),
            from: Some(timestamp(moment("2026-10-24T00:00:00Z"))),
            limit: 2,
        });
        let answer = admin
            .schedules()
            .preview_schedule(request)
            .await
            .expect("may")
            .into_inner();
        let starts = answer
            .occurrences
            .into_iter()
            .map(|one| one.start_at.expect("a time").to_string());
        starts.collect::<Vec<_>>()
    };
    assert_eq!(
        preview("Europe/Berlin").await,
        ["2026-10-26T08:00:00Z", "2026-10-27T08:00:00Z"]
    );
    assert_eq!(preview("").await, ["2026-10-26T09:00:00Z", "2026-10-27T09:00:00Z"]);
}

#[tokio::test]
async fn what_is_in_use_stays_and_names_are_taken_once() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let open = admin
        .create_schedule(1, schedule("Werktags", HOURS))
        .await
        .expect("may");
    let group = admin.create_group(2, berlin("Berlin", &[&open])).await.expect("may");
    assert_eq!(
        admin.create_group(2, berlin("Berlin", &[&open])).await.expect("once"),
        group
    );
    assert_eq!(admin.group(&group.schedule_group_id).await.expect("may"), group);
    assert_eq!(
        reason(admin.create_group(3, berlin("BERLIN", &[])).await),
        Some(Reason::NameTaken)
    );
    let unknown = proto::Schedule {
        schedule_id: text(77),
        ..open.clone()
    };
    assert_eq!(
        reason(admin.create_group(4, berlin("a", &[&unknown])).await),
        Some(Reason::FieldInvalid)
    );
    assert_eq!(
        reason(admin.create_group(5, berlin("b", &[&open, &open])).await),
        Some(Reason::FieldInvalid)
    );
    assert_eq!(reason(admin.delete_schedule(&open).await), Some(Reason::StateConflict));

    admin.keep_to(SALES, &group.schedule_group_id).await;
    assert_eq!(reason(admin.delete_group(&group).await), Some(Reason::StateConflict));
    let nowhere = proto::Queue {
        schedule_group_id: text(78),
        ..admin.queue(SUPPORT).await.expect("there")
    };
    assert_eq!(
        reason(admin.update_queue(&nowhere, &["schedule_group_id"]).await),
        Some(Reason::FieldInvalid)
    );
    assert_eq!(told(&world, SALES).state(), QueueState::Open);
    let free = admin.keep_to(SALES, "").await;
    assert_eq!(free.schedule_group_id, "");
    assert_eq!(told(&world, SALES).state(), QueueState::Unspecified);
    admin.delete_group(&group).await.expect("nobody keeps to it");
    admin.delete_group(&group).await.expect("again is the same");
    admin.delete_schedule(&open).await.expect("nobody names it");
    let actions = audited(&world, &format!("scheduleGroup:{}", group.schedule_group_id)).await;
    assert_eq!(actions, ["scheduleGroup.create", "scheduleGroup.delete"]);
}

#[tokio::test]
async fn groups_belong_to_divisions_and_lists_have_pages() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    for (number, name) in ["Zürich", "Aachen", "Berlin"].iter().enumerate() {
        admin
            .create_group(10 + number as u128, berlin(name, &[]))
            .await
            .expect("may");
    }
    let listed = async |desk: &Desk| {
        let (mut names, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = desk.with(proto::ListScheduleGroupsRequest {
                page_size: 2,
                page_token,
                division_id: String::new(),
            });
            let page = desk
                .schedules()
                .list_schedule_groups(request)
                .await
                .expect("may")
                .into_inner();
            names.extend(page.schedule_groups.into_iter().map(|group| group.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return names;
            }
        }
    };
    assert_eq!(listed(&admin).await, ["Aachen", "Berlin", "Zürich"]);
    let elsewhere: DivisionId = id(0xd2);
    world.tokens.grant(organisation(), id(5), elsewhere, &["routing:*:*"]);
    let stranger = world.user(5, "Else");
    assert!(listed(&stranger).await.is_empty());
    let group = admin.create_group(20, berlin("Köln", &[])).await.expect("may");
    assert_eq!(
        reason(stranger.group(&group.schedule_group_id).await),
        Some(Reason::NotFound)
    );
    assert_eq!(reason(stranger.emergency(&group, true).await), Some(Reason::NotFound));
    assert_eq!(
        reason(stranger.create_schedule(21, schedule("x", HOURS)).await),
        Some(Reason::PermissionMissing)
    );
    world.grant(6, &["routing:scheduleGroup:view"]);
    let viewer = world.user(6, "Vera");
    assert_eq!(viewer.group(&group.schedule_group_id).await.expect("may"), group);
    assert_eq!(
        reason(viewer.emergency(&group, true).await),
        Some(Reason::PermissionMissing)
    );
    assert_eq!(
        reason(viewer.update_group(&group, &["name"]).await),
        Some(Reason::PermissionMissing)
    );
}

#[tokio::test]
async fn an_emergency_is_in_force_when_it_is_answered() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let open = admin
        .create_schedule(1, schedule("Werktags", HOURS))
        .await
        .expect("may");
    let group = admin.create_group(2, berlin("Berlin", &[&open])).await.expect("may");
    for queue in [SALES, SUPPORT] {
        admin.keep_to(queue, &group.schedule_group_id).await;
    }
    let before = told(&world, SALES);
    assert_eq!(hours(&before).0, QueueState::Open);

    let closed = admin.emergency(&group, true).await.expect("may");
    let emergency = closed.emergency.clone().expect("there is one");
    assert_eq!(emergency.since.as_ref().map(millis), Some(world.hand.now()));
    for queue in [SALES, SUPPORT] {
        let told = told(&world, queue);
        assert_eq!(
            hours(&told),
            (
                QueueState::Emergency,
                String::new(),
                QueueState::Emergency,
                String::new()
            )
        );
        assert!(!told.open && told.revision > before.revision);
    }
    world.hand.advance(Duration::from_secs(60));
    assert_eq!(admin.emergency(&group, true).await.expect("again is the same"), closed);
    assert_eq!(
        admin.says(&group, None).await,
        (ScheduleState::Emergency, String::new(), String::new())
    );

    let ended = admin.emergency(&group, false).await.expect("may");
    assert_eq!(ended.emergency, None);
    assert_eq!(hours(&told(&world, SALES)).0, QueueState::Open);
    let actions = audited(&world, &format!("scheduleGroup:{}", group.schedule_group_id)).await;
    assert_eq!(
        actions,
        [
            "scheduleGroup.create",
            "scheduleGroup.beginEmergency",
            "scheduleGroup.endEmergency"
        ]
    );
}

#[tokio::test]
async fn what_a_schedule_says_anew_is_in_force_when_it_is_answered() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let open = admin
        .create_schedule(1, schedule("Werktags", HOURS))
        .await
        .expect("may");
    let today = ["2026-09-21T00:00", "2026-09-22T00:00", ""];
    let feast = admin
        .create_schedule(2, schedule("Feiertag", today))
        .await
        .expect("may");
    let group = admin.create_group(3, berlin("Berlin", &[&open])).await.expect("may");
    admin.keep_to(SALES, &group.schedule_group_id).await;

    let wanted = proto::ScheduleGroup {
        holiday_schedule_ids: vec![feast.schedule_id.clone()],
        ..group.clone()
    };
    let holiday = admin
        .update_group(&wanted, &["holiday_schedule_ids"])
        .await
        .expect("may");
    assert_eq!(
        (holiday.open_schedule_ids.len(), holiday.holiday_schedule_ids.len()),
        (1, 1)
    );
    let told_now = hours(&told(&world, SALES));
    assert_eq!(told_now.0, QueueState::Holiday);
    assert_eq!(
        (told_now.1.as_str(), told_now.3.as_str()),
        ("2026-09-21T22:00:00Z", "2026-09-22T07:00:00Z")
    );
    assert_eq!(admin.says(&group, None).await.0, ScheduleState::Holiday);

    let over = proto::Schedule {
        end: "2026-09-21T15:00".to_owned(),
        ..feast
    };
    admin.update_schedule(&over, &["end"]).await.expect("may");
    assert_eq!(hours(&told(&world, SALES)).0, QueueState::Open);

    world.session.set_down(true);
    let lunch = proto::Schedule {
        end: "2026-01-01T12:00".to_owned(),
        ..open
    };
    assert_eq!(
        reason(admin.update_schedule(&lunch, &["end"]).await),
        Some(Reason::Unavailable)
    );
    world.session.set_down(false);
    let is_closed = async || hours(&told(&world, SALES)).0 == QueueState::Closed;
    onqueue_testkit::until("session is told when it is back", SOON, is_closed).await;
}

/// Nobody changes anything: time passes, and the clocks change in autumn and in spring.
#[tokio::test]
async fn queues_open_and_close_on_time_across_changes_of_the_clocks() {
    use QueueState::{Closed, Open};
    let mut world = World::new(vec![]).await;
    let admin = administrator(&world);
    let open = admin
        .create_schedule(1, schedule("Werktags", HOURS))
        .await
        .expect("may");
    let group = admin.create_group(2, berlin("Berlin", &[&open])).await.expect("may");
    admin.keep_to(SALES, &group.schedule_group_id).await;
    assert_eq!(
        hours(&told(&world, SALES)),
        (
            Open,
            "2026-09-21T15:00:00Z".into(),
            Closed,
            "2026-09-22T07:00:00Z".into()
        )
    );

    let weekend = "2026-10-26T08:00:00Z";
    reach(&world, "2026-10-23T15:00:00Z", (Closed, weekend, Open, weekend)).await;
    let admin = administrator(&world);
    for (at, state) in [
        ("2026-10-23T14:59:59Z", ScheduleState::Open),
        ("2026-10-23T15:00:00Z", ScheduleState::Closed),
        ("2026-10-26T07:59:59Z", ScheduleState::Closed),
        ("2026-10-26T08:00:00Z", ScheduleState::Open),
    ] {
        assert_eq!(admin.says(&group, Some(at)).await.0, state, "{at}");
    }
    reach(
        &world,
        weekend,
        (Open, "2026-10-26T16:00:00Z", Closed, "2026-10-27T08:00:00Z"),
    )
    .await;

    let weekend = "2027-03-29T07:00:00Z";
    reach(&world, "2027-03-26T16:00:00Z", (Closed, weekend, Open, weekend)).await;
    // Whoever comes after knows as much.
    world.restart().await;
    reach(
        &world,
        weekend,
        (Open, "2027-03-29T15:00:00Z", Closed, "2027-03-30T07:00:00Z"),
    )
    .await;
    let admin = administrator(&world);
    let (state, until, opens) = admin.says(&group, None).await;
    assert_eq!(
        (state, until.as_str(), opens.as_str()),
        (ScheduleState::Open, "2027-03-29T15:00:00Z", "")
    );
}
