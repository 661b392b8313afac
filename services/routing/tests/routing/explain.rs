//! Why something waits, why somebody got it, and how long that can be told.

use crate::fake_session::Wish;
use crate::world::{BILLING, DIVISION, Desk, SOON, World, agent, id, organisation, reason, sales, seeded};
use onqueue_acd::text::{Options, parse, run, run_from};
use onqueue_model::Reason;
use onqueue_proto::routing::v1::{self as proto, AgentVerdict, DecisionKind, WaitingPlace};
use onqueue_routing::{Beginning, Export, SeedAgent, Settings};
use onqueue_testkit::until;
use std::{collections::BTreeMap, time::Duration};
use tonic::Status;

const DAY: Duration = Duration::from_secs(86_400);

fn minutes(number: u64) -> Duration {
    Duration::from_secs(number * 60)
}

pub async fn world(agents: Vec<SeedAgent>, settings: Settings) -> (World, Desk) {
    let may = ["routing:decision:view"];
    let grant = |tokens: &onqueue_testkit::Tokens| tokens.grant(organisation(), id(9), id(DIVISION), &may);
    let world = World::granted(seeded(agents), settings, grant).await;
    let supervisor = world.user(9, "Sara");
    (world, supervisor)
}

impl Desk {
    async fn why(&self, conversation: u128, language: &str) -> Result<proto::WaitingExplanation, Status> {
        let asked = proto::ExplainWaitingRequest {
            conversation_id: id::<()>(conversation).to_string(),
            language: language.to_owned(),
        };
        let answer = self.decisions().explain_waiting(self.with(asked)).await?;
        Ok(answer.into_inner().explanation.expect("one"))
    }

    async fn stands(&self, conversation: u128, user: u128) -> Result<proto::AgentExplanation, Status> {
        let asked = proto::ExplainAgentRequest {
            conversation_id: id::<()>(conversation).to_string(),
            user_id: id::<()>(user).to_string(),
            language: "en".to_owned(),
        };
        let answer = self.decisions().explain_agent(self.with(asked)).await?;
        Ok(answer.into_inner().explanation.expect("one"))
    }

    pub async fn list(&self, asked: proto::ListDecisionsRequest) -> proto::ListDecisionsResponse {
        let answer = self.decisions().list_decisions(self.with(asked)).await;
        answer.expect("may").into_inner()
    }

    async fn about(&self, conversation: u128) -> Vec<proto::Decision> {
        let conversation_id = id::<()>(conversation).to_string();
        let asked = proto::ListDecisionsRequest {
            conversation_id,
            ..proto::ListDecisionsRequest::default()
        };
        self.list(asked).await.decisions
    }

    async fn decision(&self, decision: &proto::Decision) -> Result<proto::GetDecisionResponse, Status> {
        let asked = proto::GetDecisionRequest {
            decision_id: decision.decision_id.clone(),
            all_candidates: true,
            language: "de".to_owned(),
        };
        Ok(self.decisions().get_decision(self.with(asked)).await?.into_inner())
    }
}

fn reasons(explained: &[proto::ReasonCount]) -> Vec<(&str, i32)> {
    explained.iter().map(|one| (one.reason.as_str(), one.count)).collect()
}

/// Anna is not joined, Ben is off queue, Carla has as many chats as she may, Dora lacks the skill.
async fn nobody_can() -> (World, Desk) {
    let mut anna = agent(1, "Anna");
    anna.queues[0].joined = false;
    let mut carla = agent(3, "Carla");
    carla.maximum_chats = 1;
    for trained in [&mut anna, &mut carla] {
        trained.skills = BTreeMap::from([(id(BILLING), 300)]);
    }
    let (world, supervisor) = world(
        vec![anna, agent(2, "Ben"), carla, agent(4, "Dora")],
        Settings::default(),
    )
    .await;
    let mut carla = world.on_queue(3, "Carla").await;
    world.open(99, &sales());
    let offer = carla.offer().await;
    carla.desk.accept(&offer).await.expect("hers");
    world.on_queue(4, "Dora").await;
    let skilled = Wish {
        skills: vec![BILLING],
        ..sales()
    };
    world.open(100, &skilled);
    world.reported(100, &["queued"]).await;
    (world, supervisor)
}

#[tokio::test]
async fn who_asks_hears_why_a_chat_waits() {
    let (world, supervisor) = nobody_can().await;
    world.hand.advance(Duration::from_secs(30));
    let why = supervisor.why(100, "de-AT").await.expect("may");
    assert_eq!(
        why.summary,
        "Wartet seit 30 Sek.: 1 von 4 Mitgliedern ist der Warteschlange nicht beigetreten, 1 ist nicht im Dienst, \
         1 ist ausgelastet (Chats), 1 hat die Fähigkeit „Rechnungen“ nicht ausreichend."
    );
    assert_eq!(
        reasons(&why.reasons),
        [
            ("not_joined", 1),
            ("off_queue", 1),
            ("at_capacity", 1),
            ("missing_skill", 1)
        ]
    );
    assert_eq!(
        (why.place(), why.position, why.waiting_in_queue),
        (WaitingPlace::Waiting, 1, 1)
    );
    assert_eq!(
        (why.members, why.stage.as_str(), why.language.as_str()),
        (4, "standard", "de")
    );
    assert_eq!(
        (why.required_skills[0].name.as_str(), why.required_skills[0].minimum),
        ("Rechnungen", 100)
    );
    let near: Vec<_> = why.nearest.iter().map(|near| near.name.as_str()).collect();
    assert_eq!(near, ["Carla", "Anna"], "who knows what is needed");
    let room = why.nearest[0].reason.as_ref().expect("one");
    assert_eq!((room.active, room.maximum, room.medium.as_str()), (1, 1, "chat"));
    let next: Vec<_> = why
        .next_changes
        .iter()
        .map(|next| (next.kind.as_str(), next.agents))
        .collect();
    assert_eq!(next, [("room", 1), ("join", 1)]);
    let english = supervisor.why(100, "fr").await.expect("may").summary;
    assert!(
        english.starts_with("Has waited for 30 s: 1 of 4 members has not joined the queue, "),
        "{english}"
    );
    let held = supervisor.why(99, "en").await.expect("may");
    assert_eq!((held.place(), held.user_name.as_str()), (WaitingPlace::InHand, "Carla"));
}

#[tokio::test]
async fn who_may_not_know_of_it_hears_nothing() {
    let (world, supervisor) = nobody_can().await;
    world
        .tokens
        .grant(organisation(), id(8), id(0xd2), &["routing:decision:view"]);
    let elsewhere = world.user(8, "Otto");
    assert_eq!(
        reason(elsewhere.why(100, "en").await),
        Some(Reason::ConversationNotFound)
    );
    assert_eq!(
        reason(elsewhere.stands(100, 1).await),
        Some(Reason::ConversationNotFound)
    );
    assert_eq!(
        reason(supervisor.why(7, "en").await),
        Some(Reason::ConversationNotFound)
    );
    world.on_queue(2, "Ben").await;
    assert_eq!(
        reason(world.user(2, "Ben").why(100, "en").await),
        Some(Reason::PermissionMissing)
    );
}

#[tokio::test]
async fn who_asks_hears_where_an_agent_stands() {
    let (_world, supervisor) = nobody_can().await;
    for (user, told, text) in [
        (1, "not_joined", "Anna is a member of this queue but has not joined it."),
        (2, "off_queue", "Ben is off queue."),
        (3, "at_capacity", "Carla has no room: 1 of at most 1 chat."),
        (
            4,
            "missing_skill",
            "Dora does not have the skill “Rechnungen” well enough.",
        ),
    ] {
        let stands = supervisor.stands(100, user).await.expect("may");
        let why = stands.reason.clone().expect("a reason");
        assert_eq!((stands.verdict(), why.reason.as_str()), (AgentVerdict::Excluded, told));
        assert_eq!((stands.summary.as_str(), why.text.as_str()), (text, text));
    }
    let lacks = supervisor.stands(100, 4).await.expect("may").reason.expect("one");
    assert_eq!((lacks.required_proficiency, lacks.proficiency), (100, 0));
    let has = supervisor.stands(99, 3).await.expect("may");
    assert_eq!(has.verdict(), AgentVerdict::InHand);
    let other = supervisor.stands(99, 1).await.expect("may");
    assert_eq!(
        (other.verdict(), other.other_name.as_str()),
        (AgentVerdict::Elsewhere, "Carla")
    );
    assert_eq!(reason(supervisor.stands(100, 77).await), Some(Reason::AgentNotFound));
}

#[tokio::test]
async fn a_decision_can_be_repeated_with_everybody_who_was_eligible() {
    let agents = (1..=12).map(|number| agent(number, &format!("A{number}"))).collect();
    let (world, supervisor) = world(agents, Settings::default()).await;
    for number in 1..=12 {
        world.on_queue(number, &format!("A{number}")).await;
        world.hand.advance(Duration::from_secs(1));
    }
    world.open(100, &sales());
    world.reported(100, &["queued", "offered 1 A1"]).await;
    let [decision] = &supervisor.about(100).await[..] else {
        panic!("one decision")
    };
    assert_eq!((decision.kind(), decision.eligible), (DecisionKind::Offer, 12));
    assert_eq!(decision.candidates.len(), 10);
    assert_eq!(decision.queue_name, "Vertrieb");
    let found = supervisor.decision(decision).await.expect("may");
    assert_eq!((found.unavailable.as_str(), found.all_candidates.len()), ("", 12));
    assert_eq!(found.all_candidates[..10], decision.candidates[..]);
    assert_eq!(found.all_candidates[11].name, "A12");

    world.write("DELETE FROM routing_log").await;
    let gone = supervisor.decision(decision).await.expect("may");
    assert_eq!(
        (gone.unavailable.as_str(), gone.all_candidates.len()),
        ("out_of_retention", 0)
    );
    assert!(gone.unavailable_text.contains("nicht mehr aufbewahrt"));
    world
        .tokens
        .grant(organisation(), id(8), id(0xd2), &["routing:decision:view"]);
    let elsewhere = world.user(8, "Otto");
    assert_eq!(reason(elsewhere.decision(decision).await), Some(Reason::NotFound));
}

/// The log begins with the last snapshot before the decision: there is nothing else to repeat it from.
#[tokio::test]
async fn a_decision_is_repeated_from_the_snapshot_before_it() {
    let agents = (1..=12).map(|number| agent(number, &format!("A{number}"))).collect();
    let settings = Settings {
        snapshot_inputs: 5,
        ..Settings::default()
    };
    let (world, supervisor) = world(agents, settings).await;
    for number in 1..=12 {
        world.on_queue(number, &format!("A{number}")).await;
        world.hand.advance(Duration::from_secs(1));
    }
    until("two snapshots", SOON, async || {
        world.number("SELECT COUNT(*) FROM routing_snapshots").await == 2
    })
    .await;
    let newest = world.number("SELECT MAX(position) FROM routing_snapshots").await;
    world.open(100, &sales());
    world.reported(100, &["queued", "offered 1 A1"]).await;
    world
        .write(&format!("DELETE FROM routing_log WHERE position <= {newest}"))
        .await;
    let [decision] = &supervisor.about(100).await[..] else {
        panic!("one decision")
    };
    let found = supervisor.decision(decision).await.expect("may");
    assert_eq!((found.unavailable.as_str(), found.all_candidates.len()), ("", 12));
    assert_eq!(found.all_candidates[..10], decision.candidates[..]);
}

#[tokio::test]
async fn one_that_waits_is_recorded_when_the_reasons_change_but_once_a_minute() {
    let mut french = agent(1, "Anna");
    french.languages = BTreeMap::from([("fr".to_owned(), 500)]);
    let (world, supervisor) = world(vec![french, agent(2, "Ben")], Settings::default()).await;
    let mut german = sales();
    german.language = "it";
    world.open(100, &german);
    world.reported(100, &["queued"]).await;
    world.hand.advance(Duration::from_secs(5));
    let records = async |number: usize| {
        until("records", SOON, async || supervisor.about(100).await.len() == number).await;
        supervisor.about(100).await
    };
    let first = records(1).await.remove(0);
    assert_eq!(
        (first.kind(), reasons(&first.excluded)),
        (DecisionKind::Waiting, vec![("off_queue", 2)])
    );
    assert_eq!(first.summary, "Waited: 2 are off queue.");
    assert_eq!(first.chosen_user_id, "");

    world.hand.advance(Duration::from_secs(45));
    let _anna = world.on_queue(1, "Anna").await;
    world.hand.advance(Duration::from_secs(10));
    supervisor.why(100, "en").await.expect("after the owner's turn");
    assert_eq!(supervisor.about(100).await.len(), 1, "the minute is not over");
    world.hand.advance(Duration::from_secs(10));
    let all = records(2).await;
    assert_eq!(reasons(&all[1].excluded), [("off_queue", 1), ("language", 1)]);
    let again = supervisor.decision(&all[1]).await.expect("may");
    assert_eq!(again.unavailable, "", "the log leads to the same");
    assert_eq!(
        again.decision.map(|one| one.decision_id),
        Some(all[1].decision_id.clone())
    );
    // Nobody has heard of Anna for too long; after that nothing changes but time.
    for _ in 0..3 {
        world.hand.advance(minutes(2));
        records(3).await;
    }
}

/// What came of an exported log: who got what, in order.
fn assignments(text: &str, snapshot: Option<&[u8]>) -> Vec<String> {
    let log = parse(text).expect("a log");
    let mut lines = Vec::new();
    let mut sink = |line: &str| {
        let said: serde_json::Value = serde_json::from_str(line).expect("JSON");
        lines.push(format!("{} {}", said["interaction"], said["agent"]));
        Ok::<_, ()>(())
    };
    match snapshot {
        Some(bytes) => {
            let engine = serde_json::from_slice(bytes).expect("an engine");
            run_from(engine, &log, Options::default(), &mut sink).expect("runs");
        }
        None => drop(run(&log, Options::default(), &mut sink).expect("runs")),
    }
    lines
}

async fn exported(world: &World, beginning: Beginning) -> (String, Option<Vec<u8>>) {
    let mut export = Export::begin(&world.temp.store, organisation(), beginning)
        .await
        .expect("begins");
    let mut text = export.first_line() + "\n";
    loop {
        let page = export.next().await.expect("is there");
        if page.is_empty() {
            return (text, export.snapshot().map(<[u8]>::to_vec));
        }
        page.iter().for_each(|line| text.extend([line.as_str(), "\n"]));
    }
}

fn taken(conversations: impl IntoIterator<Item = u128>) -> Vec<String> {
    let line = |number| format!("\"{}/1\" \"{}\"", id::<()>(number), id::<()>(1));
    conversations.into_iter().map(line).collect()
}

#[tokio::test]
async fn what_is_too_old_goes_and_the_rest_is_exported_and_repeated() {
    let mut anna = agent(1, "Anna");
    anna.maximum_chats = 25;
    let settings = Settings {
        snapshot_inputs: 4,
        ..Settings::default()
    };
    let (mut world, _) = world(vec![anna], settings).await;
    let mut all = Vec::new();
    for day in 0..3 {
        let mut anna = world.on_queue(1, "Anna").await;
        for conversation in 100 + day * 10..103 + day * 10 {
            world.open(conversation, &sales());
            let offer = anna.offer().await;
            anna.desk.accept(&offer).await.expect("hers");
            all.push(conversation);
        }
        if day == 0 {
            let (text, _) = exported(&world, Beginning::First).await;
            assert_eq!(assignments(&text, None), taken(all.iter().copied()));
        }
        let snapshots = "SELECT COUNT(*) FROM routing_snapshots";
        until("a snapshot", SOON, async || world.number(snapshots).await > 0).await;
        drop(anna);
        world.hand.advance(DAY * 5);
        until("gone", SOON, async || {
            world.user(1, "Anna").state().await.0 == proto::AgentState::OffQueue
        })
        .await;
    }
    // On the 15th day: the first snapshots are older than the log is kept.
    world.restart().await;
    until("pruned", SOON, async || {
        world.number("SELECT MIN(position) FROM routing_log").await > 1
    })
    .await;
    let refused = Export::begin(&world.temp.store, organisation(), Beginning::First).await;
    let refused = refused.expect_err("its beginning is gone").context.expect("says why");
    assert!(refused.contains("--from-snapshot"), "{refused}");
    repeat_from_snapshot(&world, &all).await;

    let supervisor = world.user(9, "Sara");
    let last = supervisor.about(122).await.remove(0);
    assert_eq!(supervisor.decision(&last).await.expect("may").unavailable, "");
    let first = supervisor.about(100).await.remove(0);
    assert_eq!(
        supervisor.decision(&first).await.expect("may").unavailable,
        "out_of_retention"
    );
    world.hand.advance(DAY * 80);
    until("decisions of the first day gone", SOON, async || {
        world.user(9, "Sara").about(100).await.is_empty()
    })
    .await;
    assert_eq!(world.user(9, "Sara").about(122).await.len(), 1);
}

async fn repeat_from_snapshot(world: &World, all: &[u128]) {
    let (text, snapshot) = exported(world, Beginning::Snapshot).await;
    let repeated = assignments(&text, snapshot.as_deref());
    let known = taken(all.iter().copied());
    assert!(
        !repeated.is_empty() && known.ends_with(&repeated),
        "{repeated:?} of {known:?}"
    );
}
