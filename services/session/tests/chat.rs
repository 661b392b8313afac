//! A chat from beginning to end through real gRPC: what each side sees, resuming, repeating, and everything that is
//! refused.

mod support;

use onqueue_proto::session::v1::{
    self as proto, ConversationState, ResumeConversationRequest, WatchMineRequest, event, watch_mine_response,
    watch_response::Frame,
};
use onqueue_testkit::{until, with_token};
use std::time::Duration;
use support::{
    Chat, Desk, House, SOON, agent, chat, events, frame, is_dense, organisation, queued, reason, refused, wish, word,
    words,
};
use tonic::Code;

#[tokio::test]
async fn both_sides_talk_and_resume_anywhere() {
    let house = House::new(1).await;
    let (desk, ada) = (&house.desk, house.agent_token());
    let chat = house.connected(1).await;
    let sent = desk.send(&chat.token, &chat.id, "g1", "Frage").await.expect("sent");
    let answer = desk.send(&ada, &chat.id, "a1", "Antwort").await.expect("sent");
    assert_eq!(
        (sent.sequence, answer.sequence),
        (5, 7),
        "each in the sender's own numbering"
    );

    let supervisor = house.supervisor_token();
    let everyone = ["opened", "Hallo", "queued", "joined", "Frage", "Antwort"];
    let agents = ["opened", "Hallo", "queued", "offered", "joined", "Frage", "Antwort"];
    for (token, expected) in [(&chat.token, &everyone[..]), (&ada, &agents), (&supervisor, &agents)] {
        let stream = match token == &supervisor {
            true => desk.monitor(token, &chat.id, "").await,
            false => desk.watch(token, &chat.id, "").await,
        };
        let mut stream = stream.expect("a stream");
        let seen = events(&mut stream, expected.len()).await;
        let log: Vec<_> = seen.iter().map(|(event, _)| event.clone()).collect();
        assert_eq!(words(&log), expected);
        assert!(is_dense(&log));
        assert_eq!(desk.log(token, &chat.id).await.expect("a log"), log);
        for (at, (_, cursor)) in seen.iter().enumerate().take(expected.len() - 1) {
            let mut stream = desk.watch(token, &chat.id, cursor).await.expect("a stream");
            let rest: Vec<_> = events(&mut stream, expected.len() - 1 - at).await;
            assert_eq!(rest, seen[at + 1..]);
        }
    }
    let conversation = desk.get(&chat.token, &chat.id).await.expect("seen");
    assert_eq!(conversation.state(), ConversationState::Connected);
    assert_eq!(conversation.queue_name, "Sales");
    assert!(
        conversation.participants.iter().all(|one| one.user_id.is_empty()),
        "not for guests"
    );
}

#[tokio::test]
async fn live_frames_reach_the_other_side_and_an_ended_chat_says_goodbye() {
    let house = House::new(2).await;
    let (desk, ada) = (&house.desk, house.agent_token());
    let chat = house.connected(1).await;
    let mut guest = desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    events(&mut guest, 4).await;
    desk.send(&ada, &chat.id, "a1", "Guten Tag").await.expect("sent");
    let (event, _) = events(&mut guest, 1).await.remove(0);
    let Some(event::Body::Message(message)) = &event.body else {
        panic!("{event:?}")
    };
    assert_eq!(
        (message.text.as_str(), message.client_message_id.as_str()),
        ("Guten Tag", "")
    );

    let ended = desk.end(&ada, &chat.id).await.expect("ends");
    assert_eq!(
        (ended.state(), ended.end_reason()),
        (ConversationState::Ended, proto::EndReason::AgentEnded)
    );
    assert_eq!(
        desk.end(&chat.token, &chat.id).await.expect("the same").end_reason(),
        proto::EndReason::AgentEnded
    );
    let (last, _) = events(&mut guest, 1).await.remove(0);
    assert_eq!(word(&last), "ended");
    let bye = frame(&mut guest).await;
    assert!(matches!(bye.frame, Some(Frame::Goodbye(bye)) if bye.reason == "conversation_ended"));
    assert!(guest.message().await.expect("no error").is_none());

    let over = desk
        .send(&chat.token, &chat.id, "g9", "zu spät")
        .await
        .expect_err("over");
    assert_eq!(
        (over.code(), reason(&over).as_str()),
        (Code::FailedPrecondition, "CONVERSATION_CLOSED")
    );
    let again = desk
        .send(&ada, &chat.id, "a1", "Guten Tag")
        .await
        .expect("the first answer");
    assert_eq!(again.event_id, event.event_id);
    onqueue_session::verify(&desk.store, organisation(), chat.id.parse().expect("an id"))
        .await
        .expect("whole");
    let audit = onqueue_store::audit::verify(desk.store.reader(), "session", organisation())
        .await
        .expect("whole");
    assert_eq!(audit[0].action, "conversation.end");
    assert!(
        audit[0].actor == format!("user:{}", agent()) && audit[0].object.ends_with("events:7"),
        "{audit:?}"
    );
}

#[tokio::test]
async fn repeating_gives_the_first_answer() {
    let house = House::new(3).await;
    let desk = &house.desk;
    let first = chat(desk.try_start(wish(1)).await.expect("starts"));
    let again = chat(desk.try_start(wish(1)).await.expect("starts"));
    assert_eq!((&first.id, &first.guest), (&again.id, &again.guest));
    let other = proto::StartConversationRequest {
        topic: "Other".to_owned(),
        ..wish(1)
    };
    let reused = desk.try_start(other).await.expect_err("another body");
    assert_eq!(
        (reused.code(), reason(&reused).as_str()),
        (Code::AlreadyExists, "REQUEST_ID_REUSED")
    );

    let sent = desk.send(&first.token, &first.id, "k", "Text").await.expect("sent");
    let repeats = (0..20).map(|_| desk.send(&first.token, &first.id, "k", "Text"));
    for repeated in futures::future::join_all(repeats).await {
        assert_eq!(repeated.expect("the first answer"), sent);
    }
    let reused = desk
        .send(&first.token, &first.id, "k", "Anders")
        .await
        .expect_err("another text");
    assert_eq!(
        (reused.code(), reason(&reused).as_str()),
        (Code::AlreadyExists, "REQUEST_ID_REUSED")
    );
    let parallel = (0..20).map(|_| desk.send(&again.token, &first.id, "p", "x"));
    let answers = futures::future::join_all(parallel).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().ok() == answers[0].as_ref().ok() && answer.is_ok())
    );
    assert_eq!(
        words(&desk.log(&first.token, &first.id).await.expect("a log")),
        ["opened", "Hallo", "Text", "x"]
    );
}

#[tokio::test]
async fn a_start_waits_for_routings_word() {
    let house = House::new(4).await;
    let desk = &house.replica_that_waits(5).await;
    let supervisor = house.supervisor_token();
    let word_for = |fact: fn() -> proto::report_request::Fact| {
        let supervisor = supervisor.clone();
        async move {
            let mut known = String::new();
            until("the new chat", SOON, async || {
                let request = with_token(proto::ListConversationsRequest::default(), &supervisor);
                let list = desk
                    .conversations()
                    .list_conversations(request)
                    .await
                    .expect("a list")
                    .into_inner();
                let pending = |one: &&proto::Conversation| one.state() == ConversationState::Pending;
                known = list
                    .conversations
                    .iter()
                    .find(pending)
                    .map(|one| one.conversation_id.clone())
                    .unwrap_or_default();
                !known.is_empty()
            })
            .await;
            desk.report(&known, 1, 1, fact()).await.expect("recorded");
        }
    };
    let (started, ()) = tokio::join!(desk.try_start(wish(1)), word_for(queued));
    assert_eq!(
        started.expect("starts").conversation.expect("one").state(),
        ConversationState::Queued
    );
    let (full, ()) = tokio::join!(desk.try_start(wish(2)), word_for(|| refused("QUEUE_FULL")));
    let full = full.expect_err("refused");
    assert_eq!(
        (full.code(), reason(&full).as_str()),
        (Code::ResourceExhausted, "QUEUE_FULL")
    );
    let again = desk.try_start(wish(2)).await.expect_err("refused again");
    assert_eq!(reason(&again), "QUEUE_FULL");
    let silent = desk
        .try_start(wish(3))
        .await
        .expect("starts")
        .conversation
        .expect("one");
    assert_eq!(silent.state(), ConversationState::Pending);
}

#[tokio::test]
async fn a_resume_token_goes_on_for_a_minute_after_its_successor_was_used() {
    let house = House::new(7).await;
    let desk = &house.desk;
    let chat = desk.start(1).await;
    let resume = |token: &str| {
        let request = ResumeConversationRequest {
            resume_token: token.to_owned(),
        };
        let (mut client, guest) = (desk.conversations(), chat.guest.clone());
        async move {
            let answer = client.resume_conversation(request).await?.into_inner();
            assert_eq!(answer.participant_id, guest);
            Ok::<_, tonic::Status>(answer.tokens.expect("tokens"))
        }
    };
    let lost = resume(&chat.resume).await.expect("resumes");
    house.clock.advance(Duration::from_secs(3_600));
    let second = resume(&chat.resume).await.expect("its answer was lost");
    assert_ne!(lost.resume_token, second.resume_token);
    let third = resume(&second.resume_token).await.expect("first use of the new one");
    house.clock.advance(Duration::from_secs(59));
    assert!(resume(&chat.resume).await.is_ok());
    house.clock.advance(Duration::from_secs(1));
    let ended = resume(&chat.resume).await.expect_err("over");
    assert_eq!(
        (ended.code(), reason(&ended).as_str()),
        (Code::Unauthenticated, "TOKEN_EXPIRED")
    );
    let unknown = resume("nonsense").await.expect_err("unknown");
    assert_eq!(
        (unknown.code(), reason(&unknown).as_str()),
        (Code::Unauthenticated, "TOKEN_INVALID")
    );
    assert!(resume(&third.resume_token).await.is_ok());
    desk.send(
        &resume(&third.resume_token).await.expect("resumes").access_token,
        &chat.id,
        "k",
        "Da bin ich",
    )
    .await
    .expect("sent");
}

#[tokio::test]
async fn of_many_unused_resume_tokens_the_newest_hold() {
    let house = House::new(17).await;
    let desk = &house.desk;
    let chat = desk.start(1).await;
    let resume = async |token: &str| {
        house.clock.advance(Duration::from_secs(1));
        let request = ResumeConversationRequest {
            resume_token: token.to_owned(),
        };
        let answer = desk.conversations().resume_conversation(request).await;
        answer.map(|answer| answer.into_inner().tokens.expect("tokens").resume_token)
    };
    let mut lost = Vec::new();
    for _ in 0..6 {
        lost.push(resume(&chat.resume).await.expect("its answers get lost"));
    }
    for dropped in &lost[..2] {
        assert_eq!(
            reason(&resume(dropped).await.expect_err("too many since")),
            "TOKEN_INVALID"
        );
    }
    for held in &lost[2..] {
        assert!(resume(held).await.is_ok());
    }
}

#[tokio::test]
async fn an_agent_follows_the_set_of_their_chats() {
    use watch_mine_response::Frame as Mine;
    let house = House::new(9).await;
    let (desk, ada) = (&house.desk, house.agent_token());
    let first = house.connected(1).await;
    let mut stream = desk
        .conversations()
        .watch_mine(with_token(WatchMineRequest {}, &ada))
        .await
        .expect("a stream")
        .into_inner();
    let mut next = async || {
        let frame = tokio::time::timeout(SOON, stream.message())
            .await
            .expect("in time")
            .expect("no error");
        frame.and_then(|frame| frame.frame).expect("a frame")
    };
    let Mine::Added(added) = next().await else {
        panic!("added")
    };
    assert_eq!(added.conversation.expect("one").conversation_id, first.id);
    assert!(matches!(next().await, Mine::CaughtUp(_)));
    let mut watch = desk.watch(&ada, &first.id, &added.cursor).await.expect("a stream");
    assert_eq!(word(&events(&mut watch, 1).await[0].0), "opened");
    let second = house.connected(2).await;
    assert!(
        matches!(next().await, Mine::Added(added) if added.conversation.as_ref().is_some_and(|one| one.conversation_id == second.id))
    );
    desk.end(&first.token, &first.id).await.expect("ends");
    assert!(matches!(next().await, Mine::Removed(gone) if gone.conversation_id == first.id));
    house.desk.context.tasks.drain();
    assert!(matches!(next().await, Mine::Goodbye(bye) if bye.reason == "draining"));
}

async fn typing(desk: &Desk, token: &str, chat: &Chat) -> Result<(), tonic::Status> {
    let message = proto::SendTypingRequest {
        conversation_id: chat.id.clone(),
        typing: true,
    };
    desk.conversations()
        .send_typing(with_token(message, token))
        .await
        .map(drop)
}

#[tokio::test]
async fn typing_shows_to_the_others_four_times_a_second() {
    let house = House::new(15).await;
    let (desk, ada) = (&house.desk, house.agent_token());
    let chat = house.connected(1).await;
    let mut guest = desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    events(&mut guest, 4).await;
    typing(desk, &chat.token, &chat).await.expect("told");
    for _ in 0..4 {
        typing(desk, &ada, &chat).await.expect("told");
    }
    let Some(Frame::Typing(seen)) = frame(&mut guest).await.frame else {
        panic!("typing")
    };
    assert!(seen.typing && seen.participant_id != chat.guest, "not one's own");
    let limited = typing(desk, &ada, &chat).await.expect_err("too often");
    let limited = (limited.code(), reason(&limited));
    assert_eq!(limited, (Code::ResourceExhausted, "RATE_LIMITED".to_owned()));
    desk.end(&chat.token, &chat.id).await.expect("ends");
    let over = typing(desk, &ada, &chat).await.expect_err("over");
    assert_eq!(reason(&over), "CONVERSATION_CLOSED");
}

#[tokio::test]
async fn who_passed_a_chat_on_is_out_of_it_and_the_guest_hears_only_that_it_waits() {
    let house = House::new(9).await;
    let (desk, ada) = (&house.desk, house.agent_token());
    let chat = house.connected(1).await;
    let said = proto::report_request::Fact::WrapUpSet(proto::WrapUpSetFact {
        user_id: agent().to_string(),
        wrap_up_code_id: chat.id.clone(),
        wrap_up_code_name: "Gelöst".to_owned(),
    });
    let moved = |to: &str, name: &str| {
        proto::report_request::Fact::Transferred(proto::TransferredFact {
            queue_id: support::queue().to_string(),
            from_user_id: agent().to_string(),
            to_user_id: to.to_owned(),
            to_agent_name: name.to_owned(),
            ..proto::TransferredFact::default()
        })
    };
    let facts = [
        said.clone(),
        moved("", ""),
        queued(),
        moved(&agent().to_string(), "Ada"),
    ];
    for (fact, position) in facts.into_iter().zip(4..) {
        assert!(desk.report(&chat.id, 1, position, fact).await.expect("recorded"));
    }
    let guest = desk.log(&chat.token, &chat.id).await.expect("a log");
    let waits = ["opened", "Hallo", "queued", "joined", "left", "queued", "queued"];
    assert_eq!(words(&guest), waits);
    let supervisor = desk.log(&house.supervisor_token(), &chat.id).await.expect("a log");
    let more = [
        "wrapped up Gelöst",
        "transferred ",
        "left",
        "queued",
        "transferred Ada",
        "queued",
    ];
    assert_eq!(words(&supervisor)[5..], more);
    let refused = desk.send(&ada, &chat.id, "a1", "noch etwas").await;
    assert_eq!(reason(&refused.expect_err("gone")), "CONVERSATION_NOT_FOUND");
    let now = desk.get(&chat.token, &chat.id).await.expect("seen");
    assert_eq!(now.state(), ConversationState::Queued);
    desk.end(&chat.token, &chat.id).await.expect("theirs");
    let late = desk.report(&chat.id, 1, 9, said).await;
    assert_eq!(late.expect_err("over").code(), Code::FailedPrecondition);
}
