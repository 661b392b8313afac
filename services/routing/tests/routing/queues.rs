//! Queues and their members.

use crate::administrator::administrator;
use crate::fake_session::Wish;
use crate::world::{
    DIVISION, Desk, SALES, SOON, SUPPORT, World, agent, id, organisation, queue, reason, sales, seeded,
};
use onqueue_model::Reason;
use onqueue_proto::routing::v1 as proto;
use onqueue_testkit::until;
use tonic::Status;

const ADMIN: u128 = 9;

async fn administered(world: &World) -> Desk {
    world.grant(ADMIN, &["routing:queue:*", "routing:queueMember:manage"]);
    world.user(ADMIN, "Adam")
}

async fn create(desk: &Desk, request: u128, queue: proto::Queue) -> Result<proto::Queue, Status> {
    let request = proto::CreateQueueRequest {
        request_id: id::<()>(request).to_string(),
        queue: Some(proto::Queue {
            queue_id: String::new(),
            ..queue
        }),
    };
    let answer = desk.queues().create_queue(desk.with(request)).await?;
    Ok(answer.into_inner().queue.expect("a queue"))
}

#[tokio::test]
async fn a_queue_is_in_force_when_it_answers() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administered(&world).await;
    let made = create(&admin, 1, queue(0, "Störungen")).await.expect("may");
    assert_eq!(
        (made.alerting_timeout_ms, made.inactivity_timeout_ms),
        (30_000, 900_000)
    );
    let policies = world.session.policies();
    let policy = policies.last().expect("pushed");
    assert_eq!(
        (&policy.queue_id, &policy.name, policy.open),
        (&made.queue_id, &made.name, true)
    );

    let anna = id::<()>(1).to_string();
    let members = set_members(&admin, &made.queue_id, vec![anna]).await.expect("may");
    assert_eq!(members.len(), 1);
    assert!(members[0].joined && members[0].name == "Anna");
    let mut anna = world.on_queue(1, "Anna").await;
    let wish = Wish {
        queue: made.queue_id.parse::<uuid::Uuid>().expect("an id").as_u128(),
        ..sales()
    };
    world.open(100, &wish);
    assert_eq!(anna.offer().await.queue_name, "Störungen");
}

#[tokio::test]
async fn a_queue_is_made_once_and_only_as_it_may_be() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administered(&world).await;
    let made = create(&admin, 1, queue(0, "Störungen")).await.expect("may");
    assert_eq!(create(&admin, 1, queue(0, "Störungen")).await.expect("the same"), made);
    let elsewhere = proto::Queue {
        division_id: id::<()>(0xd2).to_string(),
        ..queue(0, "Dort")
    };
    for (request, queue, refused) in [
        (1, queue(0, "Anderes"), Reason::RequestIdReused),
        (2, queue(0, "STÖRUNGEN"), Reason::NameTaken),
        (3, queue(0, " "), Reason::FieldInvalid),
        (4, elsewhere, Reason::PermissionMissing),
    ] {
        assert_eq!(reason(create(&admin, request, queue).await), Some(refused));
    }
    let malformed = set_members(&admin, &made.queue_id, vec!["x".to_owned()]).await;
    assert_eq!(reason(malformed), Some(Reason::IdMalformed));
    set_members(&admin, &made.queue_id, vec![id::<()>(1).to_string()])
        .await
        .expect("may");

    let store = &world.temp.store;
    let audit = onqueue_store::audit::verify(store.reader(), "routing", organisation());
    let of_made = format!("queue:{}", made.queue_id);
    let records = audit.await.expect("the chain holds").into_iter();
    let actions: Vec<_> = records
        .filter(|record| record.object == of_made)
        .map(|record| record.action)
        .collect();
    assert_eq!(actions, ["queue.create", "queue.set_members"]);
}

async fn set_members(desk: &Desk, queue_id: &str, user_ids: Vec<String>) -> Result<Vec<proto::Member>, Status> {
    let queue_id = queue_id.to_owned();
    let request = desk.with(proto::SetMembersRequest {
        queue_id,
        user_ids,
        ..proto::SetMembersRequest::default()
    });
    Ok(desk.queues().set_members(request).await?.into_inner().members)
}

#[tokio::test]
async fn a_queue_that_session_does_not_know_is_not_in_force_until_it_does() {
    let world = World::new(vec![]).await;
    let admin = administered(&world).await;
    world.session.set_down(true);
    assert_eq!(
        reason(create(&admin, 1, queue(0, "Neu")).await),
        Some(Reason::Unavailable)
    );
    world.session.set_down(false);
    let made = create(&admin, 1, queue(0, "Neu")).await.expect("the same request");
    assert!(
        world
            .session
            .policies()
            .iter()
            .any(|policy| policy.queue_id == made.queue_id)
    );
}

/// Whoever commits something may be gone before the engine has it.
#[tokio::test]
async fn what_was_committed_is_taken_over_although_nobody_says_so() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(
        100,
        &Wish {
            queue: SUPPORT,
            ..sales()
        },
    );
    world.reported(100, &["queued"]).await;
    let mut changed = agent(1, "Anna");
    changed.queues[0].queue = id(SUPPORT);
    world.seed(seeded(vec![changed])).await;
    assert_eq!(anna.offer().await.queue_name, "Support");

    let mut more = seeded(vec![]);
    more.queues.push(queue(0x53, "Neu"));
    world.seed(more).await;
    world.open(101, &Wish { queue: 0x53, ..sales() });
    world.reported(101, &["queued"]).await;
    until("session knows it", SOON, async || {
        world.session.policies().iter().any(|policy| policy.name == "Neu")
    })
    .await;
}

/// Every page of the list, or of a search.
async fn all(desk: &Desk, text: Option<&str>, page_size: i32) -> Vec<String> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let page_token_now = std::mem::take(&mut page_token);
        let (queues, next) = match text {
            None => {
                let request = proto::ListQueuesRequest {
                    page_size,
                    page_token: page_token_now,
                    division_id: String::new(),
                };
                let answer = desk
                    .queues()
                    .list_queues(desk.with(request))
                    .await
                    .expect("may")
                    .into_inner();
                (answer.queues, answer.next_page_token)
            }
            Some(text) => {
                let request = proto::SearchQueuesRequest {
                    text: text.to_owned(),
                    page_size,
                    page_token: page_token_now,
                };
                let answer = desk
                    .queues()
                    .search_queues(desk.with(request))
                    .await
                    .expect("may")
                    .into_inner();
                (answer.queues, answer.next_page_token)
            }
        };
        names.extend(queues.into_iter().map(|queue| queue.name));
        if next.is_empty() {
            return names;
        }
        page_token = next;
    }
}

/// 250 queues with ten kinds of names, and one in another division.
fn many() -> onqueue_routing::Seed {
    let words = [
        "Ärger",
        "Öffnung",
        "übrig",
        "ЗАКАЗ",
        "注文",
        "Zebra",
        "alpha",
        "Ähre 100%",
        "a_b",
        "x\\y",
    ];
    let mut seed = seeded(vec![]);
    let names = words.iter().cycle().zip(0..250_u128);
    seed.queues = names
        .map(|(word, number)| queue(0x1000 + number, &format!("{word} {number}")))
        .collect();
    seed.queues.push(proto::Queue {
        division_id: id::<()>(0xd2).to_string(),
        ..queue(0x2000, "Ärger anderswo")
    });
    seed
}

#[tokio::test]
async fn many_queues_are_paged_by_name_and_found_in_any_case() {
    let seed = many();
    let world = World::with(seed, onqueue_routing::Settings::default()).await;
    let admin = administered(&world).await;

    let listed = all(&admin, None, 37).await;
    assert_eq!(listed.len(), 250);
    let folded: Vec<String> = listed.iter().map(|name| name.to_lowercase()).collect();
    assert!(folded.is_sorted(), "by name without regard to case");
    let distinct: std::collections::BTreeSet<_> = listed.iter().collect();
    assert_eq!(distinct.len(), 250);
    for text in ["ÄR", "ärger", "заказ", "注", "ÜBRIG", "100%", "%", "a_b", "\\", "_"] {
        assert_eq!(all(&admin, Some(text), 10).await.len(), 25, "{text}");
    }
    for (text, found) in [("", 250), ("nichts", 0), ("anderswo", 0)] {
        assert_eq!(all(&admin, Some(text), 10).await.len(), found, "{text}");
    }
    let bad = proto::ListQueuesRequest {
        page_token: "x".to_owned(),
        ..proto::ListQueuesRequest::default()
    };
    assert_eq!(
        reason(admin.queues().list_queues(admin.with(bad)).await),
        Some(Reason::CursorMalformed)
    );
    let big = proto::ListQueuesRequest {
        page_size: 201,
        ..proto::ListQueuesRequest::default()
    };
    assert_eq!(
        reason(admin.queues().list_queues(admin.with(big)).await),
        Some(Reason::FieldInvalid)
    );
}

/// Each once, however many of its words fit and however long the pages are.
#[tokio::test]
async fn queues_are_found_by_the_beginning_of_any_word() {
    let mut seed = seeded(vec![]);
    let names = [
        "Tee Team Te",
        "Team Süd",
        "IT-Team",
        "Tea",
        "te",
        "Steam",
        "Süd-Ost",
        "Team  Nord",
    ];
    seed.queues = names
        .iter()
        .zip(0x1000..)
        .map(|(name, number)| queue(number, name))
        .collect();
    let world = World::with(seed, onqueue_routing::Settings::default()).await;
    let admin = administered(&world).await;
    for (text, expected) in [
        (
            "TE",
            vec!["te", "Tea", "IT-Team", "Team  Nord", "Team Süd", "Tee Team Te"],
        ),
        (" team", vec!["IT-Team", "Team  Nord", "Team Süd", "Tee Team Te"]),
        ("team ", vec!["Team  Nord", "Team Süd", "Tee Team Te"]),
        ("tee t", vec!["Tee Team Te"]),
        ("sü", vec!["Team Süd", "Süd-Ost"]),
        ("-", vec!["Süd-Ost", "IT-Team"]),
        ("eam", vec![]),
        ("sud", vec![]),
        (&"te".repeat(101), vec![]),
    ] {
        for size in [1, 2, 3, 200] {
            assert_eq!(all(&admin, Some(text), size).await, expected, "{text} by {size}");
        }
    }
}

#[tokio::test]
async fn a_queue_is_found_by_the_name_and_in_the_division_that_it_has_now() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let elsewhere = id::<()>(0xd2);
    world
        .tokens
        .grant(organisation(), id(8), id(0xd2), &["routing:queue:search"]);
    let otto = world.user(8, "Otto");
    let found = async |desk: &Desk| [all(desk, Some("vert"), 10).await, all(desk, Some("ärg"), 10).await];
    assert_eq!(found(&admin).await, [vec!["Vertrieb"], vec![]]);

    let renamed = proto::Queue {
        name: "Viel Ärger".to_owned(),
        ..admin.queue(SALES).await.expect("may")
    };
    let renamed = admin.update_queue(&renamed, &["name"]).await.expect("may");
    assert_eq!(found(&admin).await, [vec![], vec!["Viel Ärger"]]);
    assert_eq!(found(&otto).await, [[""; 0]; 2]);

    let moved = proto::Queue {
        division_id: elsewhere.to_string(),
        ..renamed
    };
    let moved = admin.update_queue(&moved, &["division_id"]).await.expect("may");
    assert_eq!(found(&otto).await, [vec![], vec!["Viel Ärger"]]);

    world.seed(seeded(vec![])).await;
    assert_eq!(found(&admin).await, [vec!["Vertrieb"], vec![]]);
    assert_eq!(found(&otto).await, [[""; 0]; 2]);

    let now = admin.queue(SALES).await.expect("may");
    assert_ne!(now.etag, moved.etag);
    admin
        .delete_queue(&now.queue_id, &now.etag)
        .await
        .expect("nobody waits");
    assert_eq!(found(&admin).await, [[""; 0]; 2]);
}

#[tokio::test]
async fn what_is_not_the_callers_does_not_exist() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let stranger_of = onqueue_model::OrganisationId::new(uuid::Uuid::from_u128(0x0b));
    world.tokens.grant(stranger_of, id(1), id(DIVISION), &["*:*:*"]);
    let stranger = world.user_of(stranger_of, 1, "Anna");
    world.tokens.grant(organisation(), id(8), id(0xd2), &["*:*:*"]);
    let elsewhere = world.user(8, "Otto");
    for desk in [stranger, elsewhere] {
        let queue_id = queue(SALES, "").queue_id;
        let mut queues = desk.queues();
        let members = proto::ListMembersRequest {
            queue_id: queue_id.clone(),
            ..proto::ListMembersRequest::default()
        };
        let set = proto::SetMembersRequest {
            queue_id: queue_id.clone(),
            ..proto::SetMembersRequest::default()
        };
        let refused = [
            reason(
                queues
                    .get_queue(desk.with(proto::GetQueueRequest {
                        queue_id: queue_id.clone(),
                    }))
                    .await,
            ),
            reason(queues.list_members(desk.with(members)).await),
            reason(queues.set_members(desk.with(set)).await),
            reason(
                queues
                    .join_queue(desk.with(proto::JoinQueueRequest {
                        queue_id: queue_id.clone(),
                    }))
                    .await,
            ),
            reason(
                queues
                    .leave_queue(desk.with(proto::LeaveQueueRequest { queue_id }))
                    .await,
            ),
        ];
        assert_eq!(refused, [Some(Reason::QueueNotFound); 5]);
        assert_eq!(all(&desk, None, 10).await, [""; 0]);
    }
}

#[tokio::test]
async fn members_are_listed_in_pages_and_replaced() {
    let agents = (1..=5)
        .map(|number| agent(number, &format!("Agent {number}")))
        .collect();
    let world = World::new(agents).await;
    let admin = administered(&world).await;
    let queue_id = queue(SALES, "").queue_id;
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = proto::ListMembersRequest {
            queue_id: queue_id.clone(),
            page_size: 2,
            page_token,
        };
        let answer = admin
            .queues()
            .list_members(admin.with(request))
            .await
            .expect("may")
            .into_inner();
        seen.extend(answer.members.into_iter().map(|member| member.name));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["Agent 1", "Agent 2", "Agent 3", "Agent 4", "Agent 5"]);
    let set = proto::SetMembersRequest {
        queue_id: queue_id.clone(),
        user_ids: vec![id::<()>(2).to_string(), id::<()>(2).to_string()],
        ..proto::SetMembersRequest::default()
    };
    let members = admin
        .queues()
        .set_members(admin.with(set))
        .await
        .expect("may")
        .into_inner()
        .members;
    assert_eq!(members.len(), 1);
    let one = world.user(1, "Agent 1");
    let join = one.with(proto::JoinQueueRequest { queue_id });
    assert_eq!(reason(one.queues().join_queue(join).await), Some(Reason::StateConflict));
}

#[tokio::test]
async fn a_seed_is_made_once_and_keeps_what_agents_joined_and_left() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let anna = world.user(1, "Anna");
    let queue_id = queue(SALES, "").queue_id;
    anna.queues()
        .leave_queue(anna.with(proto::LeaveQueueRequest { queue_id }))
        .await
        .expect("a member");
    let records = async || {
        let store = &world.temp.store;
        onqueue_store::audit::verify(store.reader(), "routing", organisation())
            .await
            .expect("the chain holds")
            .len()
    };
    let before = records().await;
    world.seed(seeded(vec![agent(1, "Anna")])).await;
    assert_eq!(records().await, before);
    let mut changed = seeded(vec![agent(1, "Anna")]);
    changed.queues[0].limit = 5;
    world.seed(changed).await;
    assert_eq!(records().await, before + 1);
}
