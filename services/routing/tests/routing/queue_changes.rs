//! Queues that change and that are removed while chats come.

use crate::administrator::{administrator, audited, refusal, text};
use crate::fake_session::Wish;
use crate::world::{DIVISION, SALES, SOON, SUPPORT, World, agent, id, organisation, queue, reason, sales, seeded};
use onqueue_model::Reason;
use onqueue_proto::routing::v1::{self as proto, AgentState};
use onqueue_routing::Settings;
use onqueue_testkit::until;

const THERE: u128 = 0xd2;

fn support() -> Wish {
    Wish {
        queue: SUPPORT,
        ..sales()
    }
}

#[tokio::test]
async fn a_change_names_its_fields_and_is_in_force_when_it_answers() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administrator(&world);
    world.open(100, &support());
    world.reported(100, &["queued"]).await;
    let before = admin.queue(SUPPORT).await.expect("may");
    let wanted = proto::Queue {
        name: "Störungen".to_owned(),
        description: "not named".to_owned(),
        limit: 1,
        inactivity_timeout_ms: 120_000,
        inactivity_warning_ms: 30_000,
        ..before.clone()
    };
    let fields = ["name", "limit", "inactivity_timeout_ms", "inactivity_warning_ms"];
    let after = admin.update_queue(&wanted, &fields).await.expect("may");
    let expected = proto::Queue {
        etag: after.etag.clone(),
        description: String::new(),
        ..wanted.clone()
    };
    assert_eq!(after, expected);
    assert_ne!(after.etag, before.etag);
    let policies = world.session.policies();
    let policy = policies.last().expect("pushed");
    assert_eq!(
        (policy.name.as_str(), policy.inactivity_timeout_ms),
        ("Störungen", 120_000)
    );
    assert_eq!(policy.revision.to_string(), after.etag);

    // The limit holds for who comes now; who waits goes on waiting.
    world.open(101, &support());
    world.reported(101, &["refused QUEUE_FULL"]).await;
    admin.set_members(SUPPORT, &[1]).await.expect("may");
    let mut anna = world.on_queue(1, "Anna").await;
    let offer = anna.offer().await;
    assert_eq!(
        (offer.conversation_id, offer.queue_name.as_str()),
        (text(100), "Störungen")
    );
    let of_it = format!("queue:{}", after.queue_id);
    let actions = ["queue.seed", "queue.update", "queue.set_members"];
    assert_eq!(audited(&world, &of_it).await, actions);
}

#[tokio::test]
async fn a_repeated_change_answers_as_the_first_and_a_late_one_hears_the_current_etag() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let before = admin.queue(SALES).await.expect("may");
    let wanted = proto::Queue {
        name: "Verkauf".to_owned(),
        ..before.clone()
    };
    let after = admin.update_queue(&wanted, &["name"]).await.expect("may");
    assert_eq!(admin.update_queue(&wanted, &["name"]).await.expect("again"), after);
    let late = proto::Queue {
        name: "Anders".to_owned(),
        ..before.clone()
    };
    let expected = (Some(Reason::EtagMismatch), after.etag.clone());
    assert_eq!(refusal(admin.update_queue(&late, &["name"]).await), expected);
    let change = |change: fn(&mut proto::Queue)| {
        let mut queue = after.clone();
        change(&mut queue);
        queue
    };
    for (queue, fields, refused) in [
        (
            change(|q| q.name = "SUPPORT".to_owned()),
            &["name"][..],
            Reason::NameTaken,
        ),
        (change(|q| q.name = " ".to_owned()), &["name"], Reason::FieldInvalid),
        (change(|q| q.etag = "7".to_owned()), &[], Reason::FieldInvalid),
        (change(|q| q.etag = "7".to_owned()), &["etag"], Reason::FieldInvalid),
        (
            change(|q| (q.limit, q.etag) = (3, String::new())),
            &["limit"],
            Reason::FieldInvalid,
        ),
        (
            change(|q| q.inactivity_timeout_ms = 60_000),
            &["inactivity_timeout_ms"],
            Reason::FieldInvalid,
        ),
        (
            change(|q| q.division_id = text(0)),
            &["division_id"],
            Reason::IdMalformed,
        ),
        (change(|q| q.queue_id = text(0x99)), &["name"], Reason::QueueNotFound),
        (change(|q| q.queue_id = "x".to_owned()), &["name"], Reason::IdMalformed),
    ] {
        assert_eq!(
            reason(admin.update_queue(&queue, fields).await),
            Some(refused),
            "{queue:?}"
        );
    }
    assert_eq!(admin.queue(SALES).await.expect("may"), after);
    let actions = audited(&world, &format!("queue:{}", after.queue_id)).await;
    assert_eq!(actions, ["queue.seed", "queue.update"]);
}

#[tokio::test]
async fn two_at_once_make_one_change() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let before = admin.queue(SALES).await.expect("may");
    let named = |name: &str| proto::Queue {
        name: name.to_owned(),
        ..before.clone()
    };
    let (one, two) = (named("Eins"), named("Zwei"));
    let both = tokio::join!(admin.update_queue(&one, &["name"]), admin.update_queue(&two, &["name"]));
    let (won, lost): (Vec<_>, Vec<_>) = [both.0, both.1].into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 1));
    let lost = lost.into_iter().next().expect("one");
    let won = won.into_iter().next().expect("one").expect("may");
    assert_eq!(refusal(lost), (Some(Reason::EtagMismatch), won.etag));
    let twins = tokio::join!(
        admin.create_queue(5, queue(0, "Zwilling")),
        admin.create_queue(5, queue(0, "Zwilling"))
    );
    assert_eq!(
        twins.0.expect("one makes it"),
        twins.1.expect("the other answers the same")
    );
}

#[tokio::test]
async fn a_queue_moves_to_a_division_where_the_caller_may_edit_too() {
    let world = World::new(vec![]).await;
    world.grant(8, &["routing:queue:*"]);
    let here = world.user(8, "Otto");
    let moved = proto::Queue {
        division_id: text(THERE),
        ..here.queue(SALES).await.expect("may")
    };
    let refused = here.update_queue(&moved, &["division_id"]).await;
    assert_eq!(reason(refused), Some(Reason::PermissionMissing));
    world
        .tokens
        .grant(organisation(), id(8), id(THERE), &["routing:queue:edit"]);
    let after = here.update_queue(&moved, &["division_id"]).await.expect("may in both");
    assert_eq!(after.division_id, text(THERE));
    let policies = world.session.policies();
    assert_eq!(policies.last().expect("pushed").division_id, text(THERE));
    assert_eq!(reason(here.queue(SALES).await), Some(Reason::QueueNotFound));

    world
        .tokens
        .grant(organisation(), id(7), id(THERE), &["routing:queue:view"]);
    let there = world.user(7, "Tine");
    there.queue(SALES).await.expect("may see it");
    let refused = there.update_queue(&after, &["limit"]).await;
    assert_eq!(reason(refused), Some(Reason::PermissionMissing));
    let refused = there.delete_queue(&after.queue_id, &after.etag).await;
    assert_eq!(reason(refused), Some(Reason::PermissionMissing));
    let admin = administrator(&world);
    for (division, names) in [(THERE, &["Vertrieb"][..]), (DIVISION, &["Support"]), (0xd3, &[])] {
        let request = admin.with(proto::ListQueuesRequest {
            division_id: text(division),
            ..proto::ListQueuesRequest::default()
        });
        let listed = admin.queues().list_queues(request).await.expect("may").into_inner();
        let listed: Vec<_> = listed.queues.iter().map(|queue| queue.name.as_str()).collect();
        assert_eq!(listed, names);
    }
}

#[tokio::test]
async fn a_queue_is_removed_when_nobody_waits_and_then_it_is_no_more() {
    let mut world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administrator(&world);
    admin.set_members(SUPPORT, &[1]).await.expect("may");
    let sales_queue = admin.queue(SALES).await.expect("may");
    let delete = async |etag: &str| admin.delete_queue(&sales_queue.queue_id, etag).await;
    world.open(100, &sales());
    world.reported(100, &["queued"]).await;
    assert_eq!(reason(delete(&sales_queue.etag).await), Some(Reason::StateConflict));
    let mut anna = world.on_queue(1, "Anna").await;
    let offer = anna.offer().await;
    assert_eq!(reason(delete(&sales_queue.etag).await), Some(Reason::StateConflict));
    anna.desk.accept(&offer).await.expect("hers");

    let expected = (Some(Reason::EtagMismatch), sales_queue.etag.clone());
    assert_eq!(refusal(delete("0").await), expected);
    delete(&sales_queue.etag).await.expect("what is in hand does not wait");
    delete(&sales_queue.etag).await.expect("again is the same");
    let policies = world.session.policies();
    let policy = policies.last().expect("pushed");
    assert!(policy.removed && !policy.open && policy.queue_id == sales_queue.queue_id);
    assert_eq!(reason(admin.queue(SALES).await), Some(Reason::QueueNotFound));
    assert_eq!(
        reason(admin.set_members(SALES, &[1]).await),
        Some(Reason::QueueNotFound)
    );
    let left = anna.desk.agent(1).await.expect("an agent").queues;
    assert_eq!(left.len(), 1, "no member any more");
    assert_eq!(left[0].queue_id, text(SUPPORT));
    world.open(101, &sales());
    world.reported(101, &["refused QUEUE_NOT_FOUND"]).await;
    let actions = audited(&world, &format!("queue:{}", sales_queue.queue_id)).await;
    assert_eq!(actions, ["queue.seed", "queue.delete"]);

    let again = admin
        .create_queue(9, queue(0, "Vertrieb"))
        .await
        .expect("the name is free");
    assert_ne!(again.queue_id, sales_queue.queue_id);
    world.restart().await;
    let (admin, anna) = (administrator(&world), world.user(1, "Anna"));
    assert_eq!(reason(admin.queue(SALES).await), Some(Reason::QueueNotFound));
    assert_eq!(anna.accept(&offer).await.expect("still hers"), text(100));
    assert_eq!(anna.state().await, (AgentState::Interacting, 1));
    world.open(102, &sales());
    world.reported(102, &["refused QUEUE_NOT_FOUND"]).await;
    // The seed is as it was, and what was removed stays removed.
    world.seed(seeded(vec![agent(1, "Anna")])).await;
    assert_eq!(reason(admin.queue(SALES).await), Some(Reason::QueueNotFound));
}

/// Whoever came while it was being removed hears that it is no more.
#[tokio::test]
async fn who_comes_while_a_queue_is_removed_does_not_wait_for_ever() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let sales_queue = admin.queue(SALES).await.expect("may");
    world.session.set_down(true);
    let refused = admin.delete_queue(&sales_queue.queue_id, &sales_queue.etag).await;
    assert_eq!(reason(refused), Some(Reason::Unavailable));
    world.open(100, &sales());
    until("it waits", SOON, async || {
        world.number("SELECT COUNT(*) FROM routing_interactions").await == 1
    })
    .await;
    world.session.set_down(false);
    let again = admin.delete_queue(&sales_queue.queue_id, &sales_queue.etag);
    again.await.expect("goes on where it was");
    world.reported(100, &["queued", "refused QUEUE_NOT_FOUND"]).await;
    assert_eq!(world.number("SELECT COUNT(*) FROM routing_interactions").await, 0);
}

#[tokio::test]
async fn changes_through_another_replica_are_in_force_at_the_owner() {
    let settings = Settings {
        address: "one".to_owned(),
        ..Settings::default()
    };
    let world = World::with(seeded(vec![agent(1, "Anna")]), settings).await;
    let other = world.beside_at("two").await;
    let admin = administrator(&world).at(&other);
    let wanted = proto::Queue {
        limit: 1,
        ..admin.queue(SUPPORT).await.expect("may")
    };
    admin.update_queue(&wanted, &["limit"]).await.expect("may");
    world.open(100, &support());
    world.open(101, &support());
    world.reported(101, &["refused QUEUE_FULL"]).await;
    let sales_queue = admin.queue(SALES).await.expect("may");
    let removed = admin.delete_queue(&sales_queue.queue_id, &sales_queue.etag);
    removed.await.expect("may");
    world.open(102, &sales());
    world.reported(102, &["refused QUEUE_NOT_FOUND"]).await;
    assert_eq!(world.net.forwarded(), 2);
    assert!(other.tasks.finish(SOON).await);
}

#[tokio::test]
async fn a_member_becomes_an_agent_whose_name_is_known_when_they_come() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let agent = [
        "routing:agent:onqueue",
        "routing:queue:join",
        "conversation:webchat:accept",
    ];
    world.grant(5, &agent);
    let eva = world.user(5, "Eva");
    let on = eva.agents().go_on_queue(eva.with(proto::GoOnQueueRequest {})).await;
    assert_eq!(reason(on), Some(Reason::AgentNotFound));
    let members = admin.set_members(SALES, &[5]).await.expect("may");
    let expected = proto::Member {
        user_id: text(5),
        name: String::new(),
        joined: true,
        ring: 1,
        group_ids: vec![],
    };
    assert_eq!(members, [expected]);
    let unmet = admin.agent(5).await.expect("an agent now");
    assert_eq!((unmet.name.as_str(), unmet.maximum_chats), ("", 4));
    let mut eva = world.on_queue(5, "Eva").await;
    assert_eq!(admin.agent(5).await.expect("an agent").name, "Eva");
    world.open(
        100,
        &Wish {
            queue: SALES,
            ..Wish::default()
        },
    );
    eva.offer().await;
    world.reported(100, &["queued", "offered 5 Eva"]).await;
    world.user(5, "Eva Maria").watch().await;
    assert_eq!(admin.agent(5).await.expect("an agent").name, "Eva Maria");
}
