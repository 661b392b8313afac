//! Bad input by the public door: each a clear status and a reason.

use onqueue_client::reason;
use onqueue_model::{Id, Reason};
use onqueue_proto::session::v1::{
    GetConversationRequest, SendMessageRequest, StartConversationRequest, WatchRequest,
    conversation_service_client::ConversationServiceClient,
};
use onqueue_tests::{
    cluster::Cluster,
    people::{Customer, bearing},
};
use std::time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;

fn check(what: &str, outcome: Result<(), Status>, code: Code, expected: Reason) {
    let status = outcome.expect_err(what);
    assert_eq!(
        (status.code(), reason(&status)),
        (code, Some(expected)),
        "{what}: {status:?}"
    );
    assert!(status.message().len() > 10, "{what}: a sentence for people: {status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
// A table.
#[allow(clippy::too_many_lines)]
async fn starting_badly() {
    let cluster = Cluster::start_with(|demo| demo.routing.queues.iter_mut().for_each(|queue| queue.limit = 1)).await;
    let good = || Customer::request(&cluster.credentials, "Billing", "de");
    let unknown = Id::<()>::new(Uuid::from_u128(9)).to_string();
    let changed = |change: &dyn Fn(&mut StartConversationRequest)| {
        let mut request = good();
        change(&mut request);
        request
    };
    let cases: [(&str, StartConversationRequest, Code, Reason); 9] = [
        (
            "unknown queue",
            changed(&|r| r.queue_id.clone_from(&unknown)),
            Code::NotFound,
            Reason::QueueNotFound,
        ),
        (
            "unknown deployment",
            changed(&|r| r.deployment_id.clone_from(&unknown)),
            Code::NotFound,
            Reason::DeploymentNotFound,
        ),
        (
            "malformed queue",
            changed(&|r| r.queue_id = "Billing".into()),
            Code::InvalidArgument,
            Reason::IdMalformed,
        ),
        (
            "malformed deployment",
            changed(&|r| r.deployment_id = "../x".into()),
            Code::InvalidArgument,
            Reason::IdMalformed,
        ),
        (
            "malformed request id",
            changed(&|r| r.request_id = "1".into()),
            Code::InvalidArgument,
            Reason::IdMalformed,
        ),
        (
            "malformed language",
            changed(&|r| r.language = "de_DE".into()),
            Code::InvalidArgument,
            Reason::FieldInvalid,
        ),
        (
            "long name",
            changed(&|r| r.guest_name = "ü".repeat(101)),
            Code::InvalidArgument,
            Reason::FieldInvalid,
        ),
        (
            "long first message",
            changed(&|r| r.first_message = "ü".repeat(5_000)),
            Code::InvalidArgument,
            Reason::MessageTooLarge,
        ),
        (
            "blank first message",
            changed(&|r| r.first_message = " \n\u{200b}".into()),
            Code::InvalidArgument,
            Reason::TextEmpty,
        ),
    ];
    let mut client = ConversationServiceClient::new(cluster.door());
    for (what, request, code, expected) in cases {
        check(what, client.start_conversation(request).await.map(drop), code, expected);
    }

    let first = good();
    let started = client
        .start_conversation(first.clone())
        .await
        .expect("there is room for one")
        .into_inner();
    let again = client
        .start_conversation(first.clone())
        .await
        .expect("the same request")
        .into_inner();
    assert_eq!(
        again.conversation.map(|c| c.conversation_id),
        started.conversation.map(|c| c.conversation_id)
    );
    let other = StartConversationRequest {
        topic: "another".into(),
        ..first
    };
    check(
        "the same id, another body",
        client.start_conversation(other).await.map(drop),
        Code::AlreadyExists,
        Reason::RequestIdReused,
    );
    check(
        "a full queue",
        client.start_conversation(good()).await.map(drop),
        Code::ResourceExhausted,
        Reason::QueueFull,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
// A table.
#[allow(clippy::too_many_lines)]
async fn talking_badly() {
    let cluster = Cluster::start().await;
    let customer = Customer::start(cluster.address(), &cluster.credentials, "Billing", "de").await;
    let other = Customer::start(cluster.address(), &cluster.credentials, "Billing", "de").await;
    let send = |token: &str, conversation: &str, key: &str, text: &str| {
        let message = SendMessageRequest {
            conversation_id: conversation.into(),
            client_message_id: key.into(),
            text: text.into(),
        };
        let request = bearing(token, message);
        let mut client = ConversationServiceClient::new(cluster.door());
        async move { client.send_message(request).await.map(drop) }
    };
    let (own, token) = (customer.conversation.as_str(), customer.token.as_str());
    let forged = format!("{}x", &token[..token.len() - 1]);
    for (what, token, conversation, key, text, code, expected) in [
        (
            "empty text",
            token,
            own,
            "a",
            "",
            Code::InvalidArgument,
            Reason::TextEmpty,
        ),
        (
            "only blanks",
            token,
            own,
            "a",
            " \t\n",
            Code::InvalidArgument,
            Reason::TextEmpty,
        ),
        (
            "5,000 characters",
            token,
            own,
            "a",
            &*"x".repeat(5_000),
            Code::InvalidArgument,
            Reason::MessageTooLarge,
        ),
        (
            "no key",
            token,
            own,
            "",
            "x",
            Code::InvalidArgument,
            Reason::FieldInvalid,
        ),
        (
            "malformed id",
            token,
            "1",
            "a",
            "x",
            Code::InvalidArgument,
            Reason::IdMalformed,
        ),
        (
            "a token of another conversation",
            &other.token,
            own,
            "a",
            "x",
            Code::NotFound,
            Reason::ConversationNotFound,
        ),
        (
            "a forged token",
            &forged,
            own,
            "a",
            "x",
            Code::Unauthenticated,
            Reason::TokenInvalid,
        ),
        (
            "no token at all",
            "x",
            own,
            "a",
            "x",
            Code::Unauthenticated,
            Reason::TokenInvalid,
        ),
    ] {
        check(what, send(token, conversation, key, text).await, code, expected);
    }
    send(token, own, "key", "one").await.expect("sends");
    send(token, own, "key", "one").await.expect("the same again");
    check(
        "the same key, another text",
        send(token, own, "key", "two").await,
        Code::AlreadyExists,
        Reason::RequestIdReused,
    );

    let mut client = ConversationServiceClient::new(cluster.door());
    let get = GetConversationRequest {
        conversation_id: other.conversation.clone(),
    };
    check(
        "another's conversation",
        client.get_conversation(bearing(token, get)).await.map(drop),
        Code::NotFound,
        Reason::ConversationNotFound,
    );
    let watch = WatchRequest {
        conversation_id: own.into(),
        cursor: "zz".into(),
    };
    check(
        "a cursor of no one",
        client.watch(bearing(token, watch)).await.map(drop),
        Code::InvalidArgument,
        Reason::CursorMalformed,
    );

    cluster.advance(Duration::from_secs(11 * 60)).await;
    check(
        "an expired token",
        send(token, own, "late", "x").await,
        Code::Unauthenticated,
        Reason::TokenExpired,
    );
}
