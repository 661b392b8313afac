//! What is refused, to whom, and with which reason; and who sees what.

mod support;

use futures::future::join_all;
use onqueue_model::Reason;
use onqueue_proto::session::v1::{self as proto, ConversationState, watch_response::Frame};
use onqueue_testkit::with_token;
use std::time::Duration;
use support::{
    House, agent, assigned, closed_queue, events, frame, id, offered, organisation, queue, queued, reason, wish, word,
    words,
};
use tonic::Code;

#[tokio::test]
async fn what_may_not_start_is_refused_with_its_reason() {
    let house = House::new(5).await;
    let changed = |change: fn(&mut proto::StartConversationRequest)| {
        let mut request = wish(1);
        change(&mut request);
        request
    };
    for (request, code, expected) in [
        (
            changed(|r| r.queue_id = id::<()>(77).to_string()),
            Code::NotFound,
            "QUEUE_NOT_FOUND",
        ),
        (
            changed(|r| r.queue_id = id::<()>(6).to_string()),
            Code::NotFound,
            "QUEUE_NOT_FOUND",
        ),
        (
            changed(|r| r.deployment_id = id::<()>(77).to_string()),
            Code::NotFound,
            "DEPLOYMENT_NOT_FOUND",
        ),
        (
            changed(|r| r.queue_id = closed_queue().to_string()),
            Code::FailedPrecondition,
            "QUEUE_CLOSED",
        ),
        (
            changed(|r| r.queue_id = "7".to_owned()),
            Code::InvalidArgument,
            "ID_MALFORMED",
        ),
        (
            changed(|r| r.request_id = String::new()),
            Code::InvalidArgument,
            "ID_MALFORMED",
        ),
        (
            changed(|r| r.first_message = " ".to_owned()),
            Code::InvalidArgument,
            "TEXT_EMPTY",
        ),
        (
            changed(|r| r.first_message = "x".repeat(5_000)),
            Code::InvalidArgument,
            "MESSAGE_TOO_LARGE",
        ),
        (
            changed(|r| r.guest_name = "x".repeat(101)),
            Code::InvalidArgument,
            "FIELD_INVALID",
        ),
    ] {
        let refused = house.desk.try_start(request).await.expect_err(expected);
        assert_eq!((refused.code(), reason(&refused).as_str()), (code, expected));
    }
}

#[tokio::test]
async fn only_the_deployments_pages_may_start() {
    let house = House::new(14).await;
    for (origin, expected) in [
        ("https://shop.example", None),
        ("https://evil.example", Some("ORIGIN_NOT_ALLOWED")),
    ] {
        let mut request = tonic::Request::new(wish(2));
        request
            .metadata_mut()
            .insert("x-onqueue-origin", origin.parse().expect("ASCII"));
        let answer = house.desk.conversations().start_conversation(request).await;
        assert_eq!(answer.err().map(|status| reason(&status)).as_deref(), expected);
    }
}

#[tokio::test]
async fn what_may_not_be_sent_is_refused_with_its_reason() {
    let house = House::new(6).await;
    let (desk, other) = (&house.desk, house.desk.start(2));
    let (chat, other) = tokio::join!(desk.start(1), other);
    let stranger = house.tokens.user(id(66), id(67), "Eve");
    let colleague = house.tokens.user(organisation(), id(68), "Col");
    let supervisor = house.supervisor_token();
    let (own, id) = (chat.token.as_str(), chat.id.as_str());
    let long = "x".repeat(5_000);
    for (token, id, key, text, code, expected) in [
        (own, id, "k", "", Code::InvalidArgument, "TEXT_EMPTY"),
        (own, id, "k", "\u{200b}", Code::InvalidArgument, "TEXT_EMPTY"),
        (own, id, "k", &long, Code::InvalidArgument, "MESSAGE_TOO_LARGE"),
        (own, id, "", "x", Code::InvalidArgument, "FIELD_INVALID"),
        (own, "nonsense", "k", "x", Code::InvalidArgument, "ID_MALFORMED"),
        (
            other.token.as_str(),
            id,
            "k",
            "x",
            Code::NotFound,
            "CONVERSATION_NOT_FOUND",
        ),
        ("forged", id, "k", "x", Code::Unauthenticated, "TOKEN_INVALID"),
        (&stranger, id, "k", "x", Code::NotFound, "CONVERSATION_NOT_FOUND"),
        (&colleague, id, "k", "x", Code::NotFound, "CONVERSATION_NOT_FOUND"),
        (&supervisor, id, "k", "x", Code::PermissionDenied, "CALLER_NOT_ALLOWED"),
    ] {
        let refused = desk.send(token, id, key, text).await.expect_err(expected);
        assert_eq!((refused.code(), reason(&refused).as_str()), (code, expected));
    }
    let foreign = [&other.token, &stranger, &colleague];
    for token in foreign {
        for refused in [
            desk.get(token, id).await.expect_err("hidden"),
            desk.end(token, id).await.expect_err("hidden"),
            desk.log(token, id).await.expect_err("hidden"),
            desk.watch(token, id, "").await.expect_err("hidden"),
        ] {
            assert_eq!(
                (refused.code(), reason(&refused).as_str()),
                (Code::NotFound, "CONVERSATION_NOT_FOUND")
            );
        }
    }
    let refused = desk.end(&supervisor, id).await.expect_err("does not take part");
    assert_eq!(reason(&refused), "CALLER_NOT_ALLOWED");
    let foreign_cursor = onqueue_store::encode_token(&(2_i64, 1_i16, 1_i64));
    for (cursor, expected) in [("zz", "CURSOR_MALFORMED"), (foreign_cursor.as_str(), "LOG_RESTORED")] {
        let refused = desk.watch(own, id, cursor).await.expect_err(expected);
        assert_eq!(reason(&refused), expected);
    }
    house.clock.advance(Duration::from_secs(601));
    let expired = desk.send(own, id, "k", "x").await.expect_err("expired");
    assert_eq!(
        (expired.code(), reason(&expired).as_str()),
        (Code::Unauthenticated, "TOKEN_EXPIRED")
    );
}

#[tokio::test]
async fn late_reports_change_nothing() {
    let house = House::new(8).await;
    let desk = &house.desk;
    let chat = desk.start(1).await;
    assert!(
        desk.report(&chat.id, 2, 5_000, offered(agent()))
            .await
            .expect("recorded")
    );
    let before = desk.log(&chat.token, &chat.id).await.expect("a log");
    for (epoch, position) in [(2, 5_000), (2, 4_999), (1, 9_000)] {
        assert!(
            !desk
                .report(&chat.id, epoch, position, assigned(agent()))
                .await
                .expect("answered")
        );
    }
    assert_eq!(desk.log(&chat.token, &chat.id).await.expect("a log"), before);
    assert!(
        desk.report(&chat.id, 2, 5_001, assigned(agent()))
            .await
            .expect("recorded")
    );
    desk.end(&chat.token, &chat.id).await.expect("ends");
    let closed = desk.report(&chat.id, 3, 6_000, queued()).await.expect_err("over");
    assert_eq!(
        (closed.code(), reason(&closed).as_str()),
        (Code::FailedPrecondition, "CONVERSATION_CLOSED")
    );
    let unknown = desk
        .report(&id::<()>(7).to_string(), 1, 1, queued())
        .await
        .expect_err("unknown");
    assert_eq!(reason(&unknown), Reason::ConversationNotFound.as_str());
    let outside =
        onqueue_proto::session::v1::routing_facts_service_client::RoutingFactsServiceClient::new(desk.service.clone())
            .report(proto::ReportRequest::default())
            .await
            .expect_err("services only");
    assert_eq!(reason(&outside), "CALLER_NOT_ALLOWED");
}

#[tokio::test]
async fn an_agent_who_left_sees_no_more() {
    let house = House::new(11).await;
    let (desk, ada) = (&house.desk, house.agent_token());
    let chat = house.connected(1).await;
    let mut watched = desk.watch(&ada, &chat.id, "").await.expect("a stream");
    events(&mut watched, 5).await;
    assert!(desk.report(&chat.id, 1, 9, queued()).await.expect("recorded"));
    assert_eq!(word(&events(&mut watched, 1).await[0].0), "left");
    let bye = frame(&mut watched).await;
    assert!(matches!(bye.frame, Some(Frame::Goodbye(bye)) if bye.reason == "access_changed"));
    for refused in [
        desk.send(&ada, &chat.id, "k", "x").await.expect_err("left"),
        desk.get(&ada, &chat.id).await.expect_err("left"),
    ] {
        assert_eq!(reason(&refused), "CONVERSATION_NOT_FOUND");
    }
    assert!(desk.report(&chat.id, 1, 10, assigned(agent())).await.expect("recorded"));
    let log = desk.log(&ada, &chat.id).await.expect("back again");
    assert_eq!(words(&log)[5..], ["left", "queued", "joined"]);
    let seen = desk.get(&ada, &chat.id).await.expect("back again");
    assert_eq!(seen.participants.len(), 2, "the same participant");
    assert!(seen.participants.iter().all(|one| one.left_at.is_none()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_took_part_to_the_end_sees_the_chat_at_every_moment() {
    let house = House::new(19).await;
    let (desk, ada) = (&house.desk, &house.agent_token());
    let chats = join_all((0..30).map(|request| house.connected(request))).await;
    for chat in &chats {
        let watch = async {
            let state = async || desk.get(ada, &chat.id).await.expect("theirs").state();
            while state().await != ConversationState::Ended {}
        };
        let (ended, ()) = tokio::join!(desk.end(&chat.token, &chat.id), watch);
        ended.expect("ends");
    }
}

#[tokio::test]
async fn the_newest_policy_holds() {
    let house = House::new(12).await;
    let desk = &house.desk;
    desk.put_policy(queue(), 3, false).await;
    desk.put_policy(queue(), 2, true).await;
    let closed = desk.try_start(wish(1)).await.expect_err("closed");
    assert_eq!(reason(&closed), "QUEUE_CLOSED");
    desk.put_policy(queue(), 4, true).await;
    let begun = desk.start(1).await;
    // Who asks again after the answer was lost has begun their chat, whatever holds since.
    desk.put_policy(queue(), 5, false).await;
    assert_eq!(desk.start(1).await.id, begun.id);
    let closed = desk.try_start(wish(2)).await.expect_err("closed");
    assert_eq!(reason(&closed), "QUEUE_CLOSED");
}

#[tokio::test]
async fn a_removed_queue_takes_nobody_and_its_chats_go_on() {
    let house = House::new(13).await;
    let (desk, ada) = (&house.desk, &house.agent_token());
    let chat = house.connected(1).await;
    let removed = proto::QueuePolicy {
        removed: true,
        ..support::policy(queue(), 2)
    };
    desk.put(removed).await;
    let refused = desk.try_start(wish(2)).await.expect_err("there is no such queue");
    assert_eq!(reason(&refused), "QUEUE_NOT_FOUND");
    desk.send(ada, &chat.id, "a1", "Ja?").await.expect("it goes on");
    let supervisor = house.supervisor_token();
    desk.get(&supervisor, &chat.id)
        .await
        .expect("the division is known still");
    // An earlier revision that comes late does not bring it back.
    desk.put_policy(queue(), 1, true).await;
    assert!(desk.try_start(wish(3)).await.is_err());
}

#[tokio::test]
async fn an_agent_ends_a_chat_only_with_the_permission() {
    let house = House::new(12).await;
    let chat = house.connected(1).await;
    let ada = house.agent_token();
    house.tokens.ungrant(support::agent());
    let refused = house.desk.end(&ada, &chat.id).await.expect_err("taken away");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::PermissionDenied, "PERMISSION_MISSING")
    );
    house
        .desk
        .send(&ada, &chat.id, "a1", "Still here")
        .await
        .expect("the chat goes on");
    house
        .desk
        .end(&house.agent_token(), &chat.id)
        .await
        .expect("given back");
}

#[tokio::test]
async fn streams_end_with_the_right_to_them() {
    let house = House::new(10).await;
    let desk = &house.desk;
    let chat = desk.start(1).await;
    let supervisor = house.supervisor_token();
    let mut watched = desk.monitor(&supervisor, &chat.id, "").await.expect("a stream");
    let mut guest = desk.watch(&chat.token, &chat.id, "").await.expect("a stream");
    events(&mut watched, 2).await;
    let (_, cursor) = events(&mut guest, 2).await.remove(1);
    house.tokens.ungrant(id(99));
    let bye = frame(&mut watched).await;
    assert!(matches!(bye.frame, Some(Frame::Goodbye(bye)) if bye.reason == "access_changed"));
    house.clock.advance(Duration::from_secs(15));
    assert!(matches!(frame(&mut guest).await.frame, Some(Frame::Heartbeat(_))));
    house.clock.advance(Duration::from_secs(600));
    let bye = frame(&mut guest).await;
    assert_eq!(bye.cursor, cursor);
    assert!(matches!(bye.frame, Some(Frame::Goodbye(bye)) if bye.reason == "token_expired"));
}

#[tokio::test]
async fn a_withdrawn_right_ends_a_stream_that_is_still_catching_up() {
    let house = House::new(15).await;
    let desk = &house.desk;
    let chat = &desk.start(1).await;
    let text = "x".repeat(1_000);
    let sent = (0..300).map(|number| (number.to_string(), &text));
    let sent = sent.map(|(key, text)| async move { desk.send(&chat.token, &chat.id, &key, text).await });
    assert!(join_all(sent).await.iter().all(Result::is_ok));
    let mut watched = desk
        .monitor(&house.supervisor_token(), &chat.id, "")
        .await
        .expect("a stream");
    events(&mut watched, 1).await;
    house.tokens.ungrant(id(99));
    let mut more = 0;
    let bye = loop {
        match frame(&mut watched).await.frame {
            Some(Frame::Event(_)) => more += 1,
            other => break other,
        }
    };
    assert!(matches!(bye, Some(Frame::Goodbye(bye)) if bye.reason == "access_changed"));
    assert!(more < 100, "{more} events were on their way already");
}

#[tokio::test]
async fn guests_learn_nothing_of_offers() {
    let house = House::new(16).await;
    let desk = &house.desk;
    let chat = desk.start(1).await;
    for (position, fact) in [(1, queued()), (2, offered(agent()))] {
        assert!(desk.report(&chat.id, 1, position, fact).await.expect("recorded"));
    }
    let supervisor = house.supervisor_token();
    let seen = desk.get(&supervisor, &chat.id).await.expect("seen").state();
    assert_eq!(seen, ConversationState::Alerting);
    let seen = desk.get(&chat.token, &chat.id).await.expect("seen").state();
    assert_eq!(seen, ConversationState::Queued);
    let mut watched = desk.monitor(&supervisor, &chat.id, "").await.expect("a stream");
    for (_, cursor) in events(&mut watched, 4).await {
        let refused = desk
            .watch(&chat.token, &chat.id, &cursor)
            .await
            .expect_err("not theirs");
        assert_eq!(reason(&refused), "CURSOR_MALFORMED");
    }
}

#[tokio::test]
async fn supervisors_list_the_chats_of_their_divisions_newest_first() {
    let house = House::new(13).await;
    let desk = &house.desk;
    let mut started = Vec::new();
    for request in 0..3 {
        house.clock.advance(Duration::from_secs(1));
        started.push(desk.start(request).await.id);
    }
    desk.report(&started[1], 1, 1, queued()).await.expect("recorded");
    let list = |token: String, request: proto::ListConversationsRequest| {
        let mut client = desk.conversations();
        async move {
            client
                .list_conversations(with_token(request, &token))
                .await
                .map(tonic::Response::into_inner)
        }
    };
    let (mut seen, mut request) = (
        Vec::new(),
        proto::ListConversationsRequest {
            page_size: 2,
            ..Default::default()
        },
    );
    loop {
        let page = list(house.supervisor_token(), request.clone()).await.expect("a list");
        seen.extend(page.conversations.into_iter().map(|one| one.conversation_id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    started.reverse();
    assert_eq!(seen, started);
    let request = proto::ListConversationsRequest {
        state: ConversationState::Queued.into(),
        ..Default::default()
    };
    let waiting = list(house.supervisor_token(), request).await.expect("a list");
    assert_eq!(waiting.conversations.len(), 1);
    house
        .tokens
        .grant(organisation(), id(70), id(71), &["conversation:communication:view"]);
    let elsewhere = house.tokens.user(organisation(), id(70), "Els");
    let none = list(elsewhere, proto::ListConversationsRequest::default())
        .await
        .expect("an empty list");
    assert!(none.conversations.is_empty());
    let missing = list(house.agent_token(), proto::ListConversationsRequest::default())
        .await
        .expect_err("missing");
    assert_eq!(reason(&missing), "PERMISSION_MISSING");
}
