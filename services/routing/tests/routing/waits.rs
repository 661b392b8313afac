//! Places in line, estimates, and rules that look at them.

use crate::observations::{patient, seconds};
use crate::world::{Desk, SALES, SOON, SUPPORT, World, agent, id, organisation, queue, reason, sales, seeded};
use onqueue_acd::{Command, Comparison, GroupRule, Membership, Method, Metric};
use onqueue_model::{GroupId, Reason};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::wait_service_client::WaitServiceClient;
use onqueue_proto::routing::v1::watch_position_response::Frame;
use onqueue_testkit::until;
use sea_orm::ConnectionTrait as _;
use std::collections::{BTreeMap, BTreeSet};
use tonic::{Status, Streaming};

struct Following(Streaming<proto::WatchPositionResponse>);

impl Following {
    async fn start(world: &World, desk: &Desk, conversation: u128) -> Result<Self, Status> {
        let mut client = WaitServiceClient::new(world.routing.clone());
        let request = proto::WatchPositionRequest {
            conversation_id: id::<()>(conversation).to_string(),
            ..proto::WatchPositionRequest::default()
        };
        let answer = client.watch_position(desk.with(request)).await?;
        Ok(Self(answer.into_inner()))
    }

    async fn next(&mut self) -> Frame {
        let next = tokio::time::timeout(SOON, self.0.message()).await.expect("in time");
        next.expect("no error").expect("not over").frame.expect("a frame")
    }

    async fn standing(&mut self) -> proto::Standing {
        loop {
            match self.next().await {
                Frame::Standing(standing) => return standing,
                Frame::Heartbeat(_) => {}
                other => panic!("a standing, not {other:?}"),
            }
        }
    }

    async fn standing_that(&mut self, is_it: impl Fn(&proto::Standing) -> bool) -> proto::Standing {
        loop {
            let standing = self.standing().await;
            if is_it(&standing) {
                return standing;
            }
        }
    }

    async fn goodbye(&mut self) -> String {
        loop {
            if let Frame::Goodbye(goodbye) = self.next().await {
                return goodbye.reason;
            }
        }
    }
}

fn guest(world: &World, conversation: u128) -> Desk {
    let token = world
        .tokens
        .guest(organisation(), id(conversation), id(conversation + 1_000));
    Desk::new(world.routing.clone(), token)
}

async fn estimate(world: &World, desk: &Desk, of: u128) -> Result<proto::Standing, Status> {
    let mut client = WaitServiceClient::new(world.routing.clone());
    let request = proto::GetEstimatedWaitRequest {
        queue_id: queue(of, "").queue_id,
        language: "de".to_owned(),
        ..proto::GetEstimatedWaitRequest::default()
    };
    let answer = client.get_estimated_wait(desk.with(request)).await?;
    Ok(answer.into_inner().standing.expect("a standing"))
}

#[tokio::test]
async fn two_guests_follow_their_places_and_an_unknown_wait_becomes_known() {
    let mut anna = agent(1, "Anna");
    anna.maximum_chats = 1;
    let world = World::with(seeded(vec![anna]), patient()).await;
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    for conversation in [101, 102] {
        world.hand.advance(seconds(1));
        world.open(conversation, &sales());
        world.reported(conversation, &["queued"]).await;
    }
    let mut first = Following::start(&world, &guest(&world, 101), 101)
        .await
        .expect("their own");
    let mut second = Following::start(&world, &guest(&world, 102), 102)
        .await
        .expect("their own");
    let unknown = |position| proto::Standing {
        position,
        unknown: proto::WaitUnknown::NoExperience.into(),
        ..proto::Standing::default()
    };
    assert_eq!(first.standing().await, unknown(1));
    assert_eq!(second.standing().await, unknown(2));
    let newcomer = estimate(&world, &anna.desk, SALES).await.expect("may see");
    assert_eq!(newcomer, unknown(3));
    let nobody = estimate(&world, &anna.desk, SUPPORT).await.expect("may see");
    assert_eq!((nobody.position, nobody.unknown()), (1, proto::WaitUnknown::NoMember));

    anna.desk.accept(&offer).await.expect("hers");
    world.hand.advance(seconds(28));
    world.end(100);
    let offer = anna.offer().await;
    world.hand.advance(seconds(5));
    // Both may have been looked for between the answer and the end of the one before.
    let alerting = first.standing_that(|standing| standing.alerting).await;
    assert_eq!(alerting.position, 0);
    let known = second.standing_that(|standing| standing.position == 1).await;
    assert_eq!(known.unknown(), proto::WaitUnknown::Unspecified);
    assert!(known.p50_ms > Some(0) && known.p90_ms >= known.p50_ms, "{known:?}");
    assert_ne!(known.method(), proto::WaitMethod::Unspecified);
    anna.desk.accept(&offer).await.expect("hers");
    world.hand.advance(seconds(5));
    assert_eq!(first.goodbye().await, "served");
    world.end(102);
    until("it is over", SOON, async || {
        let again = Following::start(&world, &guest(&world, 102), 102).await;
        reason(again) == Some(Reason::ConversationNotFound)
    })
    .await;
    world.hand.advance(seconds(5));
    assert_eq!(second.goodbye().await, "ended");
}

#[tokio::test]
async fn only_its_guest_and_who_sees_its_queue_follow_a_conversation() {
    let world = World::with(seeded(vec![agent(1, "Anna")]), patient()).await;
    for conversation in [100, 101] {
        world.open(conversation, &sales());
        world.reported(conversation, &["queued"]).await;
    }
    let hidden = async |desk: &Desk, conversation| {
        reason(Following::start(&world, desk, conversation).await) == Some(Reason::ConversationNotFound)
    };
    let own = guest(&world, 100);
    assert!(hidden(&own, 101).await, "of another guest");
    assert!(hidden(&world.user(7, "Otto"), 100).await, "without the permission");
    world
        .tokens
        .grant(organisation(), id(8), id(0xd2), &["routing:queue:view"]);
    let elsewhere = world.user(8, "Otto");
    assert!(hidden(&elsewhere, 100).await, "in another division");
    let refused = estimate(&world, &elsewhere, SALES).await;
    assert_eq!(reason(refused), Some(Reason::QueueNotFound));
    assert_eq!(
        reason(estimate(&world, &own, SALES).await),
        Some(Reason::PermissionMissing)
    );
    world.grant(9, &["routing:queue:view"]);
    let supervisor = world.user(9, "Sara");
    assert!(hidden(&supervisor, 999).await, "what is not there");
    let mut following = Following::start(&world, &supervisor, 101).await.expect("may");
    assert_eq!(following.standing().await.position, 2);
    assert_eq!(estimate(&world, &supervisor, SALES).await.expect("may").position, 3);
    let mut own = Following::start(&world, &own, 100).await.expect("their own");
    assert_eq!(own.standing().await.unknown(), proto::WaitUnknown::NobodyServing);
    world.tokens.ungrant(id(9));
    world.hand.advance(seconds(1));
    assert_eq!(following.goodbye().await, "access_changed");
    world.hand.advance(seconds(599));
    assert_eq!(own.goodbye().await, "token_expired");
}

/// Only Ben is in the group that is opened where newcomers would wait.
#[tokio::test]
async fn a_rule_on_the_wait_decides_by_what_was_observed() {
    let mut world = World::with(seeded(vec![agent(1, "Anna"), agent(2, "Ben")]), patient()).await;
    let mut anna = world.on_queue(1, "Anna").await;
    let _ben = world.on_queue(2, "Ben").await;
    // Nothing is known of any wait, so all members are open, and Anna has the smaller id.
    world.open(100, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    world.hand.advance(seconds(60));
    world.end(100);
    anna.state(proto::AgentState::Idle).await;
    world.hand.advance(seconds(600));
    assert!(world.context.tasks.finish(SOON).await, "every task ends");
    let position = world.number("SELECT MAX(position) FROM routing_log").await;
    for (number, command) in (1..).zip(configured(&world).await) {
        write_down(&world, position + number, &command).await;
    }
    world.restart().await;
    anna = world.user(1, "Anna").watch().await;
    let mut ben = world.user(2, "Ben").watch().await;
    let noted = "SELECT COUNT(*) FROM routing_log WHERE command LIKE '%observe_metric%'";
    until("what rules look at is noted", SOON, async || {
        world.number(noted).await == 1
    })
    .await;
    world.open(101, &sales());
    assert_eq!(ben.offer().await.conversation_id, id::<()>(101).to_string());
    world.hand.advance(seconds(4));
    assert_eq!(anna.desk.state().await.0, proto::AgentState::Idle);
}

/// The queue with a rule, and its members with their groups: as the log has them.
async fn configured(world: &World) -> Vec<Command> {
    let group: GroupId = id(0x91);
    let commands = world.texts("SELECT command FROM routing_log ORDER BY position").await;
    let commands = commands
        .iter()
        .map(|text| serde_json::from_str(text).expect("a command"));
    let (mut sales, mut ben) = (None, None);
    for command in commands {
        match command {
            Command::UpsertQueue { queue } if queue.id == id(SALES) => sales = Some(queue),
            Command::UpsertAgent { agent } if agent.id == id(2) => ben = Some(agent),
            _ => {}
        }
    }
    let (mut queue, mut agent) = (sales.expect("sales"), ben.expect("Ben"));
    queue.method = Method::Conditional {
        rules: vec![GroupRule {
            queue: queue.id,
            metric: Metric::EstimatedWait,
            comparison: Comparison::Greater,
            value: 1_000,
            groups: BTreeSet::from([group]),
            wait_ms: 60_000,
        }],
    };
    let membership = Membership {
        groups: BTreeSet::from([group]),
        ..Membership::new(true)
    };
    agent.queues = BTreeMap::from([(queue.id, membership)]);
    vec![Command::UpsertAgent { agent }, Command::UpsertQueue { queue }]
}

async fn write_down(world: &World, position: i64, command: &Command) {
    let command = serde_json::to_string(command).expect("a command");
    let (of, at) = (organisation().uuid(), world.context.clock.now().millis());
    let of = match world.temp.store.reader().get_database_backend() {
        sea_orm::DbBackend::Postgres => format!("'{of}'::uuid"),
        _ => format!("x'{}'", of.simple()),
    };
    world
        .write(&format!(
            "INSERT INTO routing_log (organisation_id, position, at, command, epoch) VALUES ({of}, {position}, {at}, \
            '{command}', 1)"
        ))
        .await;
}

#[tokio::test]
async fn a_queue_says_its_messages_when_they_are_due() {
    use proto::in_queue_message::When;
    let message = |when, texts: &[(&str, &str)]| proto::InQueueMessage {
        when: Some(when),
        texts: texts
            .iter()
            .map(|(language, text)| proto::MessageText {
                language: (*language).to_owned(),
                text: (*text).to_owned(),
            })
            .collect(),
    };
    let mut seed = seeded(vec![agent(1, "Anna")]);
    seed.queues[0].messages = vec![
        message(When::AfterMs(0), &[("en", "Welcome"), ("de", "Willkommen")]),
        message(When::EveryMs(60_000), &[("de", "Noch etwas Geduld")]),
        message(When::PositionAtMost(1), &[("de", "Gleich sind Sie dran")]),
    ];
    let world = World::with(seed, patient()).await;
    for conversation in [100, 101] {
        world.open(conversation, &sales());
        world.reported(conversation, &["queued"]).await;
    }
    let mut following = Following::start(&world, &guest(&world, 101), 101)
        .await
        .expect("their own");
    assert_eq!(following.standing().await.position, 2);
    let Frame::Notice(welcome) = following.next().await else {
        panic!("what is due at once")
    };
    assert_eq!((welcome.text.as_str(), welcome.language.as_str()), ("Willkommen", "de"));
    world.end(100);
    until("the first is gone", SOON, async || {
        estimate(&world, &world.user(1, "Anna"), SALES)
            .await
            .expect("may")
            .position
            == 2
    })
    .await;
    world.hand.advance(seconds(5));
    assert_eq!(following.standing().await.position, 1);
    let Frame::Notice(soon) = following.next().await else {
        panic!("what is due there")
    };
    assert_eq!(soon.text, "Gleich sind Sie dran");
    world.hand.advance(seconds(55));
    let patience = loop {
        match following.next().await {
            Frame::Notice(notice) => break notice.text,
            Frame::Heartbeat(_) => {}
            other => panic!("a message, not {other:?}"),
        }
    };
    assert_eq!(patience, "Noch etwas Geduld");
}
