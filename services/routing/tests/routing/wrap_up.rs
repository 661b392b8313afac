//! After-contact work in all its modes, and what is said of conversations.

use crate::administrator::{administrator, audited, mask, refusal, text};
use crate::deeds::supervisor;
use crate::world::{Desk, SALES, SUPPORT, Watching, World, agent, id, reason, sales};
use onqueue_acd::{AfterContact, AfterContactMode, QueueConfig};
use onqueue_model::Reason;
use onqueue_proto::routing::v1::{self as proto, AgentState};
use onqueue_testkit::START;
use std::time::Duration;
use tonic::Status;

async fn world(mode: AfterContactMode, timeout_ms: Option<u64>) -> World {
    let mut world = World::new(vec![agent(1, "Anna")]).await;
    world.let_them(&[1]);
    let after_contact = AfterContact {
        mode,
        timeout_ms,
        holds_slot: true,
    };
    let queue = QueueConfig {
        after_contact,
        ..QueueConfig::new(id(SALES))
    };
    world.set_queue(queue).await;
    world
}

/// Takes a chat.
async fn busy(world: &World, conversation: u128) -> Watching {
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(conversation, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    anna
}

/// Until the agent is shown with so much after-contact work.
async fn shown(anna: &mut Watching, works: usize) -> proto::Agent {
    let is_it = |frame| match frame {
        proto::watch_me_response::Frame::Agent(agent)
            if agent.after_contact_work.len() == works && agent.conversation_ids.is_empty() =>
        {
            Some(agent)
        }
        _ => None,
    };
    anna.skip_to("after-contact work", is_it).await
}

async fn code(world: &World, request: u128, name: &str) -> proto::WrapUpCode {
    let adam = administrator(world);
    create(&adam, request, name).await.expect("may")
}

async fn create(adam: &Desk, request: u128, name: &str) -> Result<proto::WrapUpCode, Status> {
    let request = proto::CreateWrapUpCodeRequest {
        request_id: text(request),
        wrap_up_code: Some(proto::WrapUpCode {
            name: name.to_owned(),
            queue_ids: vec![text(SALES)],
            ..proto::WrapUpCode::default()
        }),
    };
    let answer = adam.wrap_up_codes().create_wrap_up_code(adam.with(request)).await?;
    Ok(answer.into_inner().wrap_up_code.expect("a code"))
}

#[tokio::test]
async fn mandatory_work_lasts_until_its_agent_says_how_it_went() {
    let world = world(AfterContactMode::Mandatory, None).await;
    let mut anna = busy(&world, 100).await;
    let solved = code(&world, 1, "Gelöst").await;
    world.end(100);
    let after = shown(&mut anna, 1).await;
    let work = &after.after_contact_work[0];
    assert_eq!(
        (work.mode.as_str(), work.queue_name.as_str()),
        ("mandatory", "Vertrieb")
    );
    assert_eq!((work.ends_at, work.may_end_early, work.holds_slot), (None, true, true));
    assert_eq!((after.state(), after.active_chats), (AgentState::Interacting, 1));
    // It is there after a reload.
    assert_eq!(shown(&mut anna.desk.watch().await, 1).await, after);

    assert_eq!(reason(anna.desk.wrap_up(100, "", "").await), Some(Reason::FieldInvalid));
    assert_eq!(
        reason(anna.desk.wrap_up(100, &text(9), "").await),
        Some(Reason::FieldInvalid)
    );
    let long = "x".repeat(2_001);
    let long = anna.desk.wrap_up(100, &solved.wrap_up_code_id, &long).await;
    assert_eq!(reason(long), Some(Reason::FieldInvalid));
    assert_eq!(
        reason(anna.desk.wrap_up(101, "", "").await),
        Some(Reason::ConversationNotFound)
    );
    for _ in 0..2 {
        let done = anna
            .desk
            .wrap_up(100, &solved.wrap_up_code_id, "Rückruf\nam Montag")
            .await;
        let done = done.expect("hers");
        assert_eq!((done.state(), done.after_contact_work.len()), (AgentState::Idle, 0));
    }
    let sara = supervisor(&world);
    let asked = proto::ListWrapUpsRequest {
        conversation_id: text(100),
        ..proto::ListWrapUpsRequest::default()
    };
    let said = sara.interactions().list_wrap_ups(sara.with(asked)).await;
    let said = said.expect("may").into_inner().wrap_ups;
    assert_eq!(said.len(), 1);
    assert_eq!(
        (
            said[0].agent_name.as_str(),
            said[0].wrap_up_code_name.as_str(),
            said[0].notes.as_str()
        ),
        ("Anna", "Gelöst", "Rückruf\nam Montag")
    );
}

#[tokio::test]
async fn work_with_a_time_ends_by_itself_or_before() {
    let world = world(AfterContactMode::MandatoryTimeout, Some(20_000)).await;
    let mut anna = busy(&world, 100).await;
    world.end(100);
    let after = shown(&mut anna, 1).await;
    let work = &after.after_contact_work[0];
    let ends = Some(onqueue_proto::timestamp(START + Duration::from_secs(20)));
    assert_eq!(
        (work.mode.as_str(), work.ends_at, work.may_end_early),
        ("mandatory_timeout", ends, true)
    );
    world.hand.advance(Duration::from_secs(20));
    assert_eq!(anna.state(AgentState::Idle).await.after_contact_work, []);
    // Also then it can be said how it went.
    anna.desk.wrap_up(100, "", "spät").await.expect("hers");
    world.open(101, &sales());
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");
    world.end(101);
    shown(&mut anna, 1).await;
    let done = anna.desk.wrap_up(101, "", "").await.expect("before its time");
    assert_eq!(done.after_contact_work, []);
}

#[tokio::test]
async fn forced_work_is_not_ended_by_what_is_said() {
    let world = world(AfterContactMode::MandatoryForced, Some(20_000)).await;
    let mut anna = busy(&world, 100).await;
    world.end(100);
    let after = shown(&mut anna, 1).await;
    let work = &after.after_contact_work[0];
    assert_eq!((work.mode.as_str(), work.may_end_early), ("mandatory_forced", false));
    let said = anna.desk.wrap_up(100, "", "fertig").await.expect("kept");
    assert_eq!(said.after_contact_work.len(), 1);
    let kept = "SELECT COUNT(*) FROM routing_wrap_ups WHERE notes = 'fertig'";
    assert_eq!(world.number(kept).await, 1);
    world.hand.advance(Duration::from_secs(20));
    assert_eq!(anna.state(AgentState::Idle).await.after_contact_work, []);
}

#[tokio::test]
async fn work_is_asked_for_where_the_queue_leaves_it_to_the_agent() {
    let world = world(AfterContactMode::AgentRequested, None).await;
    let mut anna = busy(&world, 100).await;
    world.end(100);
    assert_eq!(anna.state(AgentState::Idle).await.after_contact_work, []);
    world.open(101, &sales());
    let offer = anna.offer().await;
    let request = || {
        let conversation_id = text(101);
        anna.desk.with(proto::RequestWrapUpRequest { conversation_id })
    };
    let early = anna.desk.agents().request_wrap_up(request()).await;
    assert_eq!(reason(early), Some(Reason::StateConflict));
    anna.desk.accept(&offer).await.expect("hers");
    anna.desk.agents().request_wrap_up(request()).await.expect("hers");
    world.end(101);
    let after = shown(&mut anna, 1).await;
    assert_eq!(after.after_contact_work[0].mode, "agent_requested");
    let done = anna.desk.wrap_up(101, "", "").await.expect("hers");
    assert_eq!(done.state(), AgentState::Idle);
}

#[tokio::test]
async fn optional_work_keeps_nobody_and_what_is_said_while_it_goes_on_is_in_the_log() {
    let world = world(AfterContactMode::Optional, None).await;
    let mut anna = busy(&world, 100).await;
    let solved = code(&world, 1, "Gelöst").await;
    for _ in 0..2 {
        let said = anna.desk.wrap_up(100, &solved.wrap_up_code_id, "").await;
        assert_eq!(said.expect("hers").conversation_ids, [text(100)]);
    }
    let facts = ["queued", "offered 1 Anna", "assigned 1", "wrapped up 1 Gelöst"];
    world.reported(100, &facts).await;
    world.end(100);
    assert_eq!(anna.state(AgentState::Idle).await.after_contact_work, []);
    anna.desk.wrap_up(100, "", "doch nicht").await.expect("hers");
    world.reported(100, &facts).await;
}

#[tokio::test]
async fn a_code_is_made_once_changed_by_who_read_it_last_listed_by_queue_and_removed() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    world.let_them(&[1]);
    let adam = administrator(&world);
    let made = create(&adam, 1, "Gelöst").await.expect("may");
    assert_eq!(create(&adam, 1, "Gelöst").await.expect("again"), made);
    assert_eq!(reason(create(&adam, 1, "Offen").await), Some(Reason::RequestIdReused));
    assert_eq!(reason(create(&adam, 2, "GELÖST").await), Some(Reason::NameTaken));
    create(&adam, 3, "Abgebrochen").await.expect("may");

    let update = |code: &proto::WrapUpCode| {
        adam.with(proto::UpdateWrapUpCodeRequest {
            wrap_up_code: Some(code.clone()),
            update_mask: mask(&["queue_ids"]),
        })
    };
    let wanted = proto::WrapUpCode {
        queue_ids: vec![text(SALES), text(SUPPORT)],
        ..made.clone()
    };
    let changed = adam.wrap_up_codes().update_wrap_up_code(update(&wanted)).await;
    let changed = changed.expect("may").into_inner().wrap_up_code.expect("a code");
    let unknown = proto::WrapUpCode {
        queue_ids: vec![text(0x99)],
        ..changed.clone()
    };
    let refused = adam.wrap_up_codes().update_wrap_up_code(update(&unknown)).await;
    assert_eq!(reason(refused), Some(Reason::FieldInvalid));
    let late = adam.wrap_up_codes().update_wrap_up_code(update(&made)).await;
    assert_eq!(refusal(late), (Some(Reason::EtagMismatch), changed.etag.clone()));

    let anna = world.user(1, "Anna");
    assert_eq!(listed(&anna, "").await, ["Abgebrochen", "Gelöst"]);
    assert_eq!(listed(&anna, &text(SUPPORT)).await, ["Gelöst"]);
    assert_eq!(reason(create(&anna, 9, "Ihrer").await), Some(Reason::PermissionMissing));
    for _ in 0..2 {
        let delete = adam.with(proto::DeleteWrapUpCodeRequest {
            wrap_up_code_id: made.wrap_up_code_id.clone(),
            etag: changed.etag.clone(),
        });
        adam.wrap_up_codes().delete_wrap_up_code(delete).await.expect("may");
    }
    assert_eq!(listed(&anna, "").await, ["Abgebrochen"]);
    let actions = audited(&world, &format!("wrap_up_code:{}", made.wrap_up_code_id)).await;
    assert_eq!(
        actions,
        ["wrap_up_code.create", "wrap_up_code.update", "wrap_up_code.delete"]
    );
}

async fn listed(desk: &Desk, queue_id: &str) -> Vec<String> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = desk.with(proto::ListWrapUpCodesRequest {
            page_size: 1,
            page_token,
            queue_id: queue_id.to_owned(),
        });
        let page = desk.wrap_up_codes().list_wrap_up_codes(request).await.expect("may");
        let page = page.into_inner();
        names.extend(page.wrap_up_codes.into_iter().map(|code| code.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}
