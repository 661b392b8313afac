//! How queues route, as administrators set it: what comes back, what is refused, and what the engine is told.

use crate::administrator::{administrator, audited, text};
use crate::world::{BILLING, Desk, SALES, SUPPORT, World, agent, reason};
use onqueue_acd::{Command, Medium, Membership, Method, QueueConfig};
use onqueue_model::{QueueId, Reason, UserId};
use onqueue_proto::routing::v1::{self as proto, in_queue_message::When};
use onqueue_proto::rpc;
use prost::Message as _;
use std::collections::BTreeMap;
use tonic::Status;

/// The field that a refusal names.
pub fn field<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Option<Reason>, String) {
    let status = answer.expect_err("a refusal");
    let carried = rpc::Status::decode(status.details()).expect("details");
    let info: Option<rpc::ErrorInfo> = rpc::unpack("google.rpc.ErrorInfo", &carried.details);
    let field = info.and_then(|info| info.metadata.get("field").cloned());
    (onqueue_client::reason(&status), field.unwrap_or_default())
}

async fn commands(world: &World) -> Vec<Command> {
    let log = "SELECT command FROM routing_log ORDER BY position";
    let commands = world.texts(log).await.into_iter();
    commands
        .map(|command| serde_json::from_str(&command).expect("a command"))
        .collect()
}

/// What the engine was told last of each queue.
pub async fn configured(world: &World) -> BTreeMap<QueueId, QueueConfig> {
    let queues = commands(world).await.into_iter().filter_map(|command| match command {
        Command::UpsertQueue { queue } => Some((queue.id, queue)),
        _ => None,
    });
    queues.collect()
}

/// What the engine was told last of each agent's membership of sales.
async fn memberships(world: &World) -> BTreeMap<UserId, Membership> {
    let agents = commands(world).await.into_iter().filter_map(|command| match command {
        Command::UpsertAgent { mut agent } => {
            let sales = agent.queues.remove(&text(SALES).parse().expect("an id"))?;
            Some((agent.id, sales))
        }
        _ => None,
    });
    agents.collect()
}

/// A member with ring and groups.
pub type Place<'a> = (u128, i32, &'a [String]);

pub fn group(name: &str) -> proto::MemberGroup {
    proto::MemberGroup {
        group_id: String::new(),
        name: name.to_owned(),
    }
}

impl Desk {
    /// Changes these fields of a queue.
    pub async fn set(
        &self,
        number: u128,
        fields: &[&str],
        change: impl FnOnce(&mut proto::Queue),
    ) -> Result<proto::Queue, Status> {
        let mut queue = self.queue(number).await.expect("may");
        change(&mut queue);
        self.update_queue(&queue, fields).await
    }

    pub async fn set_places(
        &self,
        queue: u128,
        users: &[u128],
        places: &[Place<'_>],
    ) -> Result<Vec<proto::Member>, Status> {
        let members = places.iter().map(|(user, ring, groups)| proto::MemberSetting {
            user_id: text(*user),
            ring: *ring,
            group_ids: groups.to_vec(),
        });
        let request = self.with(proto::SetMembersRequest {
            queue_id: text(queue),
            user_ids: users.iter().copied().map(text).collect(),
            members: members.collect(),
        });
        Ok(self.queues().set_members(request).await?.into_inner().members)
    }
}

/// Everything that can be set.
fn everything(queue: &mut proto::Queue) {
    let groups: Vec<String> = queue.groups.iter().map(|group| group.group_id.clone()).collect();
    queue.evaluation = proto::Evaluation::BestSkills.into();
    queue.routing_method = proto::RoutingMethod::Conditional.into();
    queue.scoring = proto::Scoring::PriorityOnly.into();
    queue.rings = vec![
        proto::Ring {
            wait_ms: 10_000,
            skills_to_remove: vec![text(BILLING)],
            group_ids: groups.clone(),
        },
        proto::Ring::default(),
    ];
    queue.preferred = Some(proto::PreferredAgents {
        rules: vec![proto::PreferredRule {
            threshold: 80,
            wait_ms: 15_000,
        }],
        then_all_preferred: true,
    });
    let rule = proto::GroupRule {
        queue_id: String::new(),
        metric: proto::RuleMetric::EstimatedWait.into(),
        comparison: proto::RuleComparison::Greater.into(),
        value: 60_000,
        group_ids: groups,
        wait_ms: 5_000,
    };
    let elsewhere = proto::GroupRule {
        queue_id: text(SUPPORT),
        ..rule.clone()
    };
    queue.group_rules = vec![rule, elsewhere];
    afterwards(queue);
}

/// What can be set of alerting and of what follows.
fn afterwards(queue: &mut proto::Queue) {
    queue.last_agent = Some(proto::LastAgent {
        mode: proto::LastAgentMode::AnyAgent.into(),
        hold_ms: 20_000,
    });
    queue.alerting_by_medium = vec![proto::MediumAlerting {
        medium: proto::Medium::Call.into(),
        timeout_ms: 15_000,
    }];
    queue.auto_answer = true;
    queue.after_contact = Some(proto::AfterContact {
        mode: proto::AfterContactMode::MandatoryTimeout.into(),
        timeout_ms: 30_000,
        holds_slot: true,
    });
    queue.service_target = Some(proto::ServiceTarget {
        within_ms: 30_000,
        short_abandon_ms: 0,
    });
    queue.messages = vec![proto::InQueueMessage {
        when: Some(When::EveryMs(60_000)),
        texts: vec![proto::MessageText {
            language: "de".to_owned(),
            text: "Gleich geht es weiter.".to_owned(),
        }],
    }];
    queue.conversation_rules = Some(every_conversation_rule());
}

fn every_conversation_rule() -> proto::ConversationRules {
    proto::ConversationRules {
        inactivity_counts: proto::InactivityCounts::Guest.into(),
        inactivity_action: proto::InactivityAction::Transfer.into(),
        inactivity_transfer_queue_id: text(SUPPORT),
        abandon_after_ms: 30_000,
        agent_lost_hold_ms: 20_000,
        agent_lost_action: proto::AgentLostAction::End.into(),
        messaging_window_ms: 3_600_000,
        retention_days: 365,
        attachments: Some(proto::AttachmentRules {
            enabled: true,
            max_bytes: 1_000,
            max_total_bytes: 2_000,
            media_types: vec!["image/png".to_owned()],
        }),
        monitor_visible: true,
        transfer_keeps_age: true,
        script_id: text(0x5c),
        library_use: proto::ResponseLibraryUse::Chosen.into(),
        library_ids: vec![text(0x11), text(0x12)],
    }
}

const FIELDS: [&str; 13] = [
    "evaluation",
    "routing_method",
    "scoring",
    "rings",
    "preferred",
    "group_rules",
    "last_agent",
    "alerting_by_medium",
    "auto_answer",
    "after_contact",
    "service_target",
    "messages",
    "conversation_rules",
];

#[tokio::test]
async fn everything_that_is_set_comes_back_and_is_in_force_after_a_restart_too() {
    let mut world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administrator(&world);
    let before = admin
        .set(SALES, &["groups"], |queue| queue.groups = vec![group("Früh")])
        .await
        .expect("may");
    let mut wanted = before.clone();
    everything(&mut wanted);
    let after = admin.update_queue(&wanted, &FIELDS).await.expect("may");
    let expected = proto::Queue {
        etag: after.etag.clone(),
        ..wanted.clone()
    };
    assert_eq!(after, expected);
    assert_eq!(admin.update_queue(&wanted, &FIELDS).await.expect("again"), after);

    let sales: QueueId = text(SALES).parse().expect("an id");
    let told = configured(&world).await.remove(&sales).expect("told");
    let Method::Conditional { rules } = &told.method else {
        panic!("{:?}", told.method)
    };
    let looks_at: Vec<QueueId> = rules.iter().map(|rule| rule.queue).collect();
    assert_eq!(looks_at, [sales, text(SUPPORT).parse().expect("an id")]);
    assert_eq!(told.alerting_by_medium, BTreeMap::from([(Medium::Call, 15_000)]));
    assert_eq!(
        (told.after_contact.timeout_ms, told.last_agent.hold_ms),
        (Some(30_000), 20_000)
    );
    assert_eq!(
        (told.service_target.within_ms, told.service_target.short_abandon_ms),
        (30_000, 0)
    );

    // What another method goes by is kept while this one is set; only what is named changes.
    let bullseye = admin.set(SALES, &["routing_method"], |queue| {
        queue.routing_method = proto::RoutingMethod::Bullseye.into();
        queue.auto_answer = false;
    });
    let bullseye = bullseye.await.expect("may");
    assert_eq!((bullseye.auto_answer, bullseye.rings), (true, wanted.rings));
    world.restart().await;
    let told = configured(&world).await.remove(&sales).expect("told");
    assert!(matches!(told.method, Method::Bullseye { rings } if rings.len() == 2));
    assert_eq!(
        administrator(&world).queue(SALES).await.expect("may").etag,
        bullseye.etag
    );
}

type Change = fn(&mut proto::Queue);

/// Changes that name what is not there, each with the field that does.
const UNKNOWN: &[(Change, &str)] = &[
    (
        |q| {
            let rings = [vec![], vec![], vec![text(0x99)]];
            let ring = |skills_to_remove| proto::Ring {
                skills_to_remove,
                ..proto::Ring::default()
            };
            q.rings = rings.map(ring).into();
        },
        "queue.rings[2].skills_to_remove",
    ),
    (
        |q| {
            everything(q);
            q.group_rules[1].queue_id = text(0x99);
        },
        "queue.group_rules[1].queue_id",
    ),
    (
        |q| {
            let rules = q.conversation_rules.get_or_insert_default();
            rules.inactivity_action = proto::InactivityAction::Transfer.into();
            rules.inactivity_transfer_queue_id = text(0x99);
        },
        "queue.conversation_rules.inactivity_transfer_queue_id",
    ),
    (
        |q| {
            everything(q);
            q.group_rules[1].group_ids = vec![text(0x99)];
        },
        "queue.group_rules[1].group_ids",
    ),
    (
        |q| q.routing_method = proto::RoutingMethod::Bullseye.into(),
        "queue.rings",
    ),
    (
        |q| {
            everything(q);
            q.rings[1].wait_ms = -1;
        },
        "queue.rings[1].wait_ms",
    ),
    (|q| q.groups[0].group_id = text(0x99), "queue.groups[0].group_id"),
];

#[tokio::test]
async fn what_names_something_that_is_not_there_is_refused_by_its_path() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let before = admin
        .set(SALES, &["groups"], |queue| queue.groups = vec![group("Früh")])
        .await
        .expect("may");
    let fields: Vec<_> = FIELDS.iter().copied().chain(["groups"]).collect();
    for (change, path) in UNKNOWN {
        let answer = admin.set(SALES, &fields, *change).await;
        assert_eq!(field(answer), (Some(Reason::FieldInvalid), (*path).to_owned()));
    }
    let ring = proto::Ring {
        skills_to_remove: vec![text(0x99)],
        ..proto::Ring::default()
    };
    let made = proto::Queue {
        rings: vec![ring],
        ..crate::world::queue(0, "Neu")
    };
    let answer = admin.create_queue(5, made).await;
    assert_eq!(
        field(answer),
        (Some(Reason::FieldInvalid), "queue.rings[0].skills_to_remove".to_owned())
    );
    assert_eq!(admin.queue(SALES).await.expect("may"), before);
}

#[tokio::test]
async fn what_queues_name_stays_while_they_name_it() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let groups = admin.set(SALES, &["groups"], |queue| queue.groups = vec![group("Früh")]);
    groups.await.expect("may");
    admin.set(SALES, &FIELDS, everything).await.expect("may");
    let skill = admin.skill(&text(BILLING)).await.expect("may");
    assert_eq!(reason(admin.delete_skill(&skill).await), Some(Reason::StateConflict));
    let support = admin.queue(SUPPORT).await.expect("may");
    let refused = admin.delete_queue(&support.queue_id, &support.etag).await;
    assert_eq!(reason(refused), Some(Reason::StateConflict));
    let removed = admin.set(SALES, &["groups"], |queue| queue.groups.clear()).await;
    assert_eq!(
        field(removed),
        (Some(Reason::FieldInvalid), "queue.rings[0].group_ids".to_owned())
    );

    let bare = admin.set(SALES, &["routing_method", "rings", "group_rules"], |queue| {
        queue.routing_method = proto::RoutingMethod::Standard.into();
        queue.rings.clear();
        queue.group_rules.clear();
    });
    bare.await.expect("may");
    let refused = admin.delete_queue(&support.queue_id, &support.etag).await;
    assert_eq!(reason(refused), Some(Reason::StateConflict), "silent chats go there");
    let bare = admin.set(SALES, &["conversation_rules"], |queue| queue.conversation_rules = None);
    bare.await.expect("may");
    admin.delete_skill(&skill).await.expect("nobody names it");
    admin
        .delete_queue(&support.queue_id, &support.etag)
        .await
        .expect("nobody names it");
}

#[tokio::test]
async fn members_stand_in_rings_and_groups_until_the_queue_has_them_no_more() {
    let world = World::new(vec![agent(1, "Anna"), agent(2, "Ben")]).await;
    let admin = administrator(&world);
    let named = admin.set(SALES, &["groups"], |queue| {
        queue.groups = vec![group("Früh"), group("Spät")];
    });
    let made = named.await.expect("may").groups;
    let ids: Vec<String> = made.iter().map(|group| group.group_id.clone()).collect();
    // By their names they are the same groups, however often they are sent.
    let again = admin.set(SALES, &["groups"], |queue| {
        queue.groups = vec![group("FRÜH"), group("Spät")];
    });
    let again = again.await.expect("may").groups;
    assert_eq!((&again[0].group_id, again[0].name.as_str()), (&ids[0], "FRÜH"));

    let placed = admin
        .set_places(SALES, &[1], &[(2, 3, &ids), (3, 0, &ids[..1])])
        .await
        .expect("may");
    let stands = |members: &[proto::Member]| -> Vec<(i32, usize)> {
        let stands = members.iter().map(|member| (member.ring, member.group_ids.len()));
        stands.collect()
    };
    assert_eq!(stands(&placed), [(1, 0), (3, 2), (1, 1)]);
    // Who is named by id alone stays where they stand.
    let kept = admin.set_members(SALES, &[1, 2]).await.expect("may");
    assert_eq!(stands(&kept), [(1, 0), (3, 2)]);
    let ben = memberships(&world).await.remove(&text(2).parse().expect("an id"));
    let ben = ben.expect("told");
    assert_eq!((ben.ring, ben.groups.len(), ben.joined), (3, 2, true));
    let leaving = admin.set(SALES, &["groups"], |queue| drop(queue.groups.remove(0)));
    leaving.await.expect("may");
    let ben = memberships(&world).await.remove(&text(2).parse().expect("an id"));
    assert_eq!(ben.expect("told").groups.len(), 1);

    let gone = ids[..1].to_vec();
    let malformed = vec!["x".to_owned()];
    let refused: [(&[Place<'_>], Reason, &str); 5] = [
        (&[(1, 7, &[])], Reason::FieldInvalid, "members[0].ring"),
        (&[(1, -1, &[])], Reason::FieldInvalid, "members[0].ring"),
        (
            &[(1, 1, &[]), (2, 1, &gone)],
            Reason::FieldInvalid,
            "members[1].group_ids",
        ),
        (&[(1, 1, &malformed)], Reason::IdMalformed, "members[0].group_ids"),
        (&[(1, 1, &[]), (1, 2, &[])], Reason::FieldInvalid, "members"),
    ];
    for (places, why, path) in refused {
        let answer = admin.set_places(SALES, &[], places).await;
        assert_eq!(field(answer), (Some(why), path.to_owned()));
    }
    let actions = audited(&world, &format!("queue:{}", text(SALES))).await;
    let expected = [
        "queue.seed",
        "queue.update",
        "queue.update",
        "queue.set_members",
        "queue.set_members",
        "queue.update",
    ];
    assert_eq!(actions, expected);
}
