//! What content asks of conversations, tells of their contacts, and is told to forget.

#[path = "support/people.rs"]
mod people;
mod support;

use onqueue_model::DivisionId;
use onqueue_proto::session::v1::{
    self as proto, AnswerOutcome, ContactField, ContactFieldType, ContactOrigin, ConversationRole, ResponseLibraryUse,
    ScriptOrigin, WriteScriptAnswerRequest, contact_field_value::Value,
    content_facts_service_client::ContentFactsServiceClient,
};
use onqueue_server::{InProcess, as_peer};
use onqueue_testkit::with_token;
use people::{fresh, somebody};
use std::time::Duration;
use support::{Chat, Desk, House, SOON, agent, division, id, organisation, policy, queue, reason};
use tonic::{Code, Status};

fn content(desk: &Desk) -> ContentFactsServiceClient<InProcess> {
    ContentFactsServiceClient::new(as_peer(desk.service.clone(), "content"))
}

async fn facts(house: &House, token: &str, chat: &Chat) -> Result<proto::GetConversationFactsResponse, Status> {
    let asked = proto::GetConversationFactsRequest {
        conversation_id: chat.id.clone(),
    };
    let answer = content(&house.desk)
        .get_conversation_facts(with_token(asked, token))
        .await?;
    Ok(answer.into_inner())
}

/// An answer of the agent's in the first step.
fn answer(chat: &Chat, place: i32, (field, value): (&str, &str)) -> WriteScriptAnswerRequest {
    WriteScriptAnswerRequest {
        organisation_id: organisation().to_string(),
        conversation_id: chat.id.clone(),
        user_id: agent().to_string(),
        script: Some(ScriptOrigin {
            script_id: id::<()>(0x5c).to_string(),
            script_name: "Complaint".to_owned(),
            version: 3,
            run_id: id::<()>(0x5d).to_string(),
        }),
        step: 1,
        place,
        contact_field: field.to_owned(),
        value: value.to_owned(),
    }
}

/// What came of it: the outcome and why.
async fn write(desk: &Desk, answer: WriteScriptAnswerRequest) -> Result<(AnswerOutcome, String), Status> {
    let answer = content(desk).write_script_answer(answer).await?.into_inner();
    Ok((answer.outcome(), answer.reason))
}

/// A chat of the agent's with somebody of whom the name is known; a token of theirs, and the contact's id.
async fn known(house: &House) -> (Chat, String, String) {
    let chat = house.connected(1).await;
    let token = house.keeper_token();
    let contact = house.desk.make(&token, somebody("Ann")).await.expect("made").contact_id;
    house
        .desk
        .confirm(&token, &chat.id, (&contact, ""))
        .await
        .expect("confirmed");
    (chat, token, contact)
}

#[tokio::test]
async fn content_learns_what_the_caller_may_know() {
    let house = House::new(1).await;
    let (script, library) = (id::<()>(0x5c).to_string(), id::<()>(0x11).to_string());
    let named = proto::QueuePolicy {
        script_id: script.clone(),
        library_use: ResponseLibraryUse::Chosen.into(),
        library_ids: vec![library.clone()],
        ..policy(queue(), 2)
    };
    house.desk.put(named).await;
    let (chat, keeper, contact) = known(&house).await;
    let of_agent = facts(&house, &keeper, &chat).await.expect("takes part");
    assert_eq!(of_agent.role(), ConversationRole::Agent);
    assert_eq!(
        (of_agent.script_id, of_agent.library_use),
        (script, ResponseLibraryUse::Chosen.into())
    );
    assert_eq!(
        (of_agent.library_ids, of_agent.division_id),
        (vec![library], division().to_string())
    );
    assert_eq!(of_agent.contact.map(|contact| contact.contact_id), Some(contact));

    let of_supervisor = facts(&house, &house.supervisor_token(), &chat)
        .await
        .expect("may see it");
    assert_eq!(of_supervisor.role(), ConversationRole::Supervisor);
    assert_eq!(of_supervisor.contact, None, "who may not see contacts");
    let guest = facts(&house, &chat.token, &chat).await.expect_err("a guest");
    assert_eq!(reason(&guest), "CONVERSATION_NOT_FOUND");
    let stranger = house.tokens.user(organisation(), id(55), "Eve");
    let stranger = facts(&house, &stranger, &chat).await.expect_err("takes no part");
    assert_eq!(reason(&stranger), "CONVERSATION_NOT_FOUND");
    // Only content may ask.
    let asked = proto::GetConversationFactsRequest {
        conversation_id: chat.id.clone(),
    };
    for peer in [
        house.desk.service.clone(),
        as_peer(house.desk.service.clone(), "routing"),
    ] {
        let asked = with_token(asked.clone(), &keeper);
        let refused = ContentFactsServiceClient::new(peer).get_conversation_facts(asked).await;
        assert_eq!(refused.expect_err("not content").code(), Code::PermissionDenied);
    }
}

#[tokio::test]
async fn an_answer_is_written_once_and_says_where_it_came_from() {
    let house = House::new(2).await;
    let (chat, keeper, contact) = known(&house).await;
    let first = answer(&chat, 0, ("name", "Ann Lee"));
    let written = (AnswerOutcome::Written, String::new());
    assert_eq!(write(&house.desk, first.clone()).await.expect("answered"), written);
    // Somebody knows better meanwhile; the answer that comes again does not undo that.
    let known = house.desk.contact(&keeper, &contact).await.expect("there");
    let better = proto::Contact {
        name: "Anne Lee".to_owned(),
        ..known
    };
    house.desk.change(&keeper, better, &["name"]).await.expect("changed");
    let both = [write(&house.desk, first.clone()), write(&house.desk, first)];
    for outcome in futures::future::join_all(both).await {
        assert_eq!(outcome.expect("answered"), written);
    }
    for (place, value) in [
        (1, ("email", "ann@example.com")),
        (2, ("email", "lee@example.com")),
        (3, ("email", "ANN@example.com")),
    ] {
        assert_eq!(
            write(&house.desk, answer(&chat, place, value)).await.expect("answered"),
            written
        );
    }
    let after = house.desk.contact(&keeper, &contact).await.expect("there");
    assert_eq!((after.name.as_str(), after.emails.len()), ("Anne Lee", 2));
    let history = house.desk.history(&keeper, &contact).await;
    let by_script: Vec<_> = history
        .iter()
        .filter(|change| change.origin() == ContactOrigin::Script)
        .collect();
    let fields: Vec<_> = by_script.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["name", "emails", "emails"]);
    let origin = by_script[0].script.clone().expect("said");
    assert_eq!((origin.script_name.as_str(), origin.version), ("Complaint", 3));
    assert_eq!(by_script[0].actor, format!("user:{}", agent()));
    let others = history.iter().filter(|change| change.origin() != ContactOrigin::Script);
    assert!(others.into_iter().all(|change| change.script.is_none()));
}

#[tokio::test]
async fn a_field_that_contacts_do_not_have_is_refused_before_there_is_a_contact() {
    let house = House::new(3).await;
    let chat = house.connected(1).await;
    keep_orders(&house).await;
    for (place, (field, value), expected) in [
        (0, ("fields.unknown", "x"), (AnswerOutcome::Refused, "NOT_FOUND")),
        (1, ("fields.orders", "12"), (AnswerOutcome::NoContact, "")),
    ] {
        let (outcome, why) = write(&house.desk, answer(&chat, place, (field, value)))
            .await
            .expect("answered");
        assert_eq!((outcome, why.as_str()), expected, "{field}");
    }
}

#[tokio::test]
async fn what_cannot_be_written_says_why() {
    let house = House::new(3).await;
    let chat = house.connected(1).await;
    let none = write(&house.desk, answer(&chat, 0, ("name", "Ann")))
        .await
        .expect("answered");
    assert_eq!(none.0, AnswerOutcome::NoContact);
    let keeper = house.keeper_token();
    let made = house
        .desk
        .make(&keeper, somebody("Ann"))
        .await
        .expect("made")
        .contact_id;
    house
        .desk
        .confirm(&keeper, &chat.id, (&made, ""))
        .await
        .expect("confirmed");
    let written = write(&house.desk, answer(&chat, 0, ("name", "Ann")))
        .await
        .expect("answered");
    assert_eq!(written.0, AnswerOutcome::Written, "now there is one");
    keep_orders(&house).await;
    for (place, (field, value), why) in [
        (1, ("email", "no address"), "FIELD_INVALID"),
        (2, ("language", "klingon?"), "FIELD_INVALID"),
        (3, ("fields.orders", "many"), "FIELD_INVALID"),
        (4, ("fields.unknown", "x"), "NOT_FOUND"),
        (5, ("division_id", "x"), "FIELD_INVALID"),
    ] {
        let outcome = write(&house.desk, answer(&chat, place, (field, value)))
            .await
            .expect("answered");
        assert_eq!(outcome, (AnswerOutcome::Refused, why.to_owned()), "{field}");
    }
    let good = write(&house.desk, answer(&chat, 6, ("fields.orders", "12")))
        .await
        .expect("answered");
    assert_eq!(good.0, AnswerOutcome::Written);
    let contact = house.desk.contact(&keeper, &made).await.expect("there");
    let kept = contact.fields.get("orders").and_then(|field| field.value.clone());
    assert_eq!(kept, Some(Value::Number(12.0)));
    let stranger = WriteScriptAnswerRequest {
        user_id: id::<()>(55).to_string(),
        ..answer(&chat, 7, ("name", "Eve"))
    };
    let denied = write(&house.desk, stranger).await.expect("answered");
    assert_eq!(denied, (AnswerOutcome::Refused, "PERMISSION_MISSING".to_owned()));
    let nowhere = WriteScriptAnswerRequest {
        conversation_id: id::<()>(77).to_string(),
        ..answer(&chat, 8, ("name", "Eve"))
    };
    let nowhere = write(&house.desk, nowhere).await.expect_err("there is none");
    assert_eq!(reason(&nowhere), "CONVERSATION_NOT_FOUND");
}

async fn keep_orders(house: &House) {
    let all = ["externalContacts:*:*"];
    house.tokens.grant(organisation(), id(77), DivisionId::ALL, &all);
    let root = house.tokens.user(organisation(), id(77), "Root");
    let request = proto::CreateContactFieldRequest {
        request_id: fresh(),
        contact_field: Some(ContactField {
            key: "orders".to_owned(),
            name: "Orders".to_owned(),
            r#type: ContactFieldType::Number.into(),
            ..ContactField::default()
        }),
    };
    let made = house
        .desk
        .fields()
        .create_contact_field(with_token(request, &root))
        .await;
    made.expect("made");
}

#[tokio::test]
async fn content_is_told_to_forget_until_it_says_that_it_has() {
    let house = House::new(4).await;
    let (chat, keeper, contact) = known(&house).await;
    house.desk.end(&chat.token, &chat.id).await.expect("ended");
    let etag = house.desk.contact(&keeper, &contact).await.expect("there").etag;
    let receipt = house.desk.erase(&keeper, &contact, &etag).await.expect("erased");
    assert_eq!((receipt.remaining, receipt.remaining_in_content), (0, 1));
    let list = async || {
        let listed = content(&house.desk)
            .list_forgotten(proto::ListForgottenRequest {})
            .await;
        listed.expect("listed").into_inner().conversations
    };
    let forgotten = list().await;
    assert_eq!(forgotten.len(), 1);
    assert_eq!(forgotten[0].conversation_id, chat.id);
    let late = write(&house.desk, answer(&chat, 0, ("name", "Ann")))
        .await
        .expect_err("it is gone");
    assert_eq!(reason(&late), "CONVERSATION_NOT_FOUND");
    for _ in 0..2 {
        let done = proto::ConfirmForgottenRequest {
            conversations: vec![proto::ForgottenAnswers {
                organisation_id: organisation().to_string(),
                conversation_id: chat.id.clone(),
                script_answers: 4,
            }],
        };
        content(&house.desk).confirm_forgotten(done).await.expect("noted");
    }
    assert_eq!(list().await, []);
    let receipt = house
        .desk
        .erase(&keeper, &contact, &etag)
        .await
        .expect("the first receipt");
    assert_eq!(receipt.remaining_in_content, 0);
    let counted: Vec<_> = receipt
        .erased
        .iter()
        .filter(|one| one.what == "script_answers")
        .collect();
    assert_eq!(
        counted.iter().map(|one| one.count).collect::<Vec<_>>(),
        [4],
        "counted once"
    );
}

#[tokio::test]
async fn what_retention_erases_content_is_told_to_forget() {
    let house = House::new(5).await;
    house
        .desk
        .put(proto::QueuePolicy {
            retention_days: 1,
            ..policy(queue(), 2)
        })
        .await;
    let chat = house.connected(1).await;
    house.desk.end(&chat.token, &chat.id).await.expect("ended");
    house.clock.advance(Duration::from_secs(2 * 24 * 3_600));
    let mut forgotten = Vec::new();
    onqueue_testkit::until("retention to have come", SOON, async || {
        let listed = content(&house.desk)
            .list_forgotten(proto::ListForgottenRequest {})
            .await;
        forgotten = listed.expect("listed").into_inner().conversations;
        !forgotten.is_empty()
    })
    .await;
    assert_eq!(forgotten[0].conversation_id, chat.id);
}
