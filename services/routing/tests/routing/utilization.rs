//! How many chats agents take at once, as administrators change it.

use crate::administrator::{administrator, audited, refusal, text};
use crate::fake_session::Wish;
use crate::world::{AGENT, DIVISION, SALES, World, agent, id, organisation, reason, sales, seeded};
use onqueue_acd::{Command, Medium as Kind, Utilization};
use onqueue_model::{Reason, UserId};
use onqueue_proto::routing::v1::{self as proto, AgentState, Medium};
use onqueue_routing::SeedAgent;
use std::collections::BTreeMap;

fn any() -> Wish {
    Wish {
        language: "",
        ..sales()
    }
}

fn chats(etag: &str, maximum: i32) -> proto::Utilization {
    let capacity = proto::Capacity {
        medium: Medium::Chat.into(),
        maximum,
        interruptible_by: vec![Medium::Call.into()],
    };
    proto::Utilization {
        etag: etag.to_owned(),
        capacities: vec![capacity],
    }
}

fn maximum(utilization: &proto::Utilization, medium: Medium) -> i32 {
    let mut capacities = utilization.capacities.iter();
    capacities
        .find(|capacity| capacity.medium() == medium)
        .expect("every medium")
        .maximum
}

/// What the engine was told last of each agent.
async fn given(world: &World) -> BTreeMap<UserId, Utilization> {
    let log = "SELECT command FROM routing_log ORDER BY position";
    let commands = world.texts(log).await.into_iter();
    let agents = commands.filter_map(|command| match serde_json::from_str(&command).expect("a command") {
        Command::UpsertAgent { agent } => Some((agent.id, agent.utilization)),
        _ => None,
    });
    agents.collect()
}

/// With two agents who have nothing of their own.
async fn world() -> World {
    let world = World::new(vec![]).await;
    for number in [1, 2] {
        world.tokens.grant(organisation(), id(number), id(DIVISION), &AGENT);
    }
    administrator(&world).set_members(SALES, &[1, 2]).await.expect("may");
    world
}

#[tokio::test]
async fn the_organisations_holds_for_who_has_none_of_their_own_at_once() {
    let mut world = world().await;
    let admin = administrator(&world);
    let usual = admin.usual().await;
    let media = [
        Medium::Call,
        Medium::Chat,
        Medium::Email,
        Medium::Message,
        Medium::Callback,
    ];
    assert_eq!(media.map(|medium| maximum(&usual, medium)), [1, 4, 1, 4, 1]);
    assert_eq!(admin.own(1).await, (usual.clone(), false));
    let one = admin.set_usual(chats(&usual.etag, 1)).await.expect("may");
    assert_eq!(media.map(|medium| maximum(&one, medium)), [1, 1, 1, 4, 1]);
    assert_eq!(one.capacities[1].interruptible_by, [i32::from(Medium::Call)]);

    let mut anna = world.on_queue(1, "Anna").await;
    for conversation in [100, 101, 102] {
        world.open(conversation, &any());
    }
    anna.offer().await;
    world.reported(102, &["queued"]).await;
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 1));
    let two = admin.set_usual(chats(&one.etag, 2)).await.expect("may");
    assert_eq!(admin.set_usual(chats(&one.etag, 2)).await.expect("again"), two);
    anna.offer().await;
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 2));

    // Less than what is in hand takes nothing away, and nothing more comes.
    let none = admin.set_usual(chats(&two.etag, 0)).await.expect("may");
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 2));
    world.end(100);
    anna.state(AgentState::Interacting).await;
    world.restart().await;
    let admin = administrator(&world);
    assert_eq!(admin.usual().await, none);
    let ben = world.user(2, "Ben");
    ben.go_on_queue().await;
    assert_eq!(ben.state().await, (AgentState::Idle, 0));
    assert_eq!(admin.agent(1).await.expect("an agent").maximum_chats, 0);
    let late = admin.set_usual(chats(&two.etag, 5)).await;
    assert_eq!(refusal(late), (Some(Reason::EtagMismatch), none.etag));
    let actions = audited(&world, &format!("organisation:{}", organisation())).await;
    assert_eq!(actions, ["utilization.update"; 3]);
}

#[tokio::test]
async fn what_is_an_agents_own_goes_before_the_organisations_until_it_is_taken_away() {
    let world = world().await;
    let admin = administrator(&world);
    let (shared, _) = admin.own(1).await;
    let (mine, own) = admin.set_own(1, chats(&shared.etag, 1)).await.expect("may");
    assert!(own && maximum(&mine, Medium::Chat) == 1);
    assert_eq!(
        admin.set_own(1, chats(&shared.etag, 1)).await.expect("again"),
        (mine.clone(), true)
    );
    let usual = admin.usual().await;
    admin.set_usual(chats(&usual.etag, 3)).await.expect("may");
    assert_eq!(admin.agent(1).await.expect("an agent").maximum_chats, 1);
    assert_eq!(admin.agent(2).await.expect("an agent").maximum_chats, 3);
    let none = proto::Utilization {
        etag: shared.etag,
        capacities: vec![],
    };
    let late = admin.set_own(1, none.clone()).await;
    assert_eq!(refusal(late), (Some(Reason::EtagMismatch), mine.etag.clone()));

    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &any());
    anna.offer().await;
    world.open(101, &any());
    world.reported(101, &["queued"]).await;
    let none = proto::Utilization {
        etag: mine.etag,
        ..none
    };
    let (shared, own) = admin.set_own(1, none.clone()).await.expect("may");
    assert!(!own && maximum(&shared, Medium::Chat) == 3);
    anna.offer().await;
    assert_eq!(admin.set_own(1, none).await.expect("again"), (shared.clone(), false));
    assert_eq!(admin.own(1).await, (shared, false));
    let actions = audited(&world, &format!("user:{}", text(1))).await;
    assert_eq!(actions, ["user_utilization.update"; 2]);
    // An agent comes about by it too.
    admin.set_own(7, chats("0", 25)).await.expect("may");
    assert_eq!(admin.agent(7).await.expect("an agent").maximum_chats, 25);
}

#[tokio::test]
async fn the_engine_learns_all_media_of_those_for_whom_they_hold() {
    let world = world().await;
    let admin = administrator(&world);
    let (shared, _) = admin.own(2).await;
    admin.set_own(2, chats(&shared.etag, 2)).await.expect("may");
    let others = admin.usual().await;
    let mut emails = chats(&others.etag, 4);
    emails.capacities[0].interruptible_by.clear();
    emails.capacities.push(proto::Capacity {
        medium: Medium::Email.into(),
        maximum: 7,
        interruptible_by: vec![Medium::Chat.into(), Medium::Callback.into()],
    });
    let before = world.number("SELECT COUNT(*) FROM routing_log").await;
    admin.set_usual(emails).await.expect("may");
    let after = world.number("SELECT COUNT(*) FROM routing_log").await;
    assert_eq!(after - before, 1, "who has their own is left alone");

    let given = given(&world).await;
    let of = |number: u128| &given[&id(number)];
    assert_eq!(Kind::ALL.map(|medium| of(1).maximum(medium)), [1, 4, 7, 4, 1]);
    assert_eq!(Kind::ALL.map(|medium| of(2).maximum(medium)), [1, 2, 1, 4, 1]);
    let lets = |number, active, arriving| of(number).lets_through(active, arriving);
    assert!(lets(1, Kind::Email, Kind::Chat) && lets(1, Kind::Email, Kind::Callback));
    assert!(!lets(1, Kind::Email, Kind::Call) && !lets(1, Kind::Chat, Kind::Call));
    assert!(lets(2, Kind::Chat, Kind::Call) && !lets(2, Kind::Email, Kind::Chat));
}

#[tokio::test]
async fn seeding_again_changes_nothing_but_chats() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administrator(&world);
    let (mine, _) = admin.own(1).await;
    let mut wanted = chats(&mine.etag, 3);
    wanted.capacities.push(proto::Capacity {
        medium: Medium::Message.into(),
        maximum: 9,
        interruptible_by: vec![],
    });
    let (mine, _) = admin.set_own(1, wanted).await.expect("may");
    seed(&world, 3).await;
    assert_eq!(admin.own(1).await, (mine.clone(), true));
    seed(&world, 5).await;
    let (fewer, _) = admin.own(1).await;
    assert_eq!(maximum(&fewer, Medium::Chat), 5);
    assert_eq!(maximum(&fewer, Medium::Message), 9);
    assert_eq!(fewer.capacities[1].interruptible_by, [i32::from(Medium::Call)]);
}

async fn seed(world: &World, maximum_chats: u8) {
    let agent = SeedAgent {
        maximum_chats,
        ..agent(1, "Anna")
    };
    let seeded = onqueue_routing::seed(&world.temp.store, &world.context, seeded(vec![agent]));
    seeded.await.expect("the seed is good");
}

#[tokio::test]
async fn a_seeded_agent_has_their_own() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administrator(&world);
    let (mine, own) = admin.own(1).await;
    assert!(own && maximum(&mine, Medium::Chat) == 3);
    let usual = admin.usual().await;
    admin.set_usual(chats(&usual.etag, 9)).await.expect("may");
    assert_eq!(admin.agent(1).await.expect("an agent").maximum_chats, 3);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_the_organisations_needs_all_divisions() {
    let world = world().await;
    let admin = administrator(&world);
    let usual = admin.usual().await;
    let capacity = |medium: i32, maximum, others: &[i32]| proto::Utilization {
        etag: usual.etag.clone(),
        capacities: vec![proto::Capacity {
            medium,
            maximum,
            interruptible_by: others.to_vec(),
        }],
    };
    let mut twice = capacity(2, 1, &[]);
    twice.capacities.push(twice.capacities[0].clone());
    for wrong in [
        capacity(0, 1, &[]),
        capacity(9, 1, &[]),
        capacity(2, 26, &[]),
        capacity(2, -1, &[]),
        capacity(2, 1, &[0]),
        capacity(2, 1, &[1; 6]),
        twice,
        chats("", 1),
    ] {
        assert_eq!(
            reason(admin.set_usual(wrong.clone()).await),
            Some(Reason::FieldInvalid),
            "{wrong:?}"
        );
        assert_eq!(
            reason(admin.set_own(1, wrong.clone()).await),
            Some(Reason::FieldInvalid),
            "{wrong:?}"
        );
    }
    world.grant(8, &["routing:utilization:*"]);
    let here = world.user(8, "Otto");
    assert_eq!(here.usual().await, usual);
    let refused = here.set_usual(chats(&usual.etag, 1)).await;
    assert_eq!(reason(refused), Some(Reason::PermissionMissing));
    let (shared, _) = here.own(1).await;
    here.set_own(1, chats(&shared.etag, 1)).await.expect("may");
}
