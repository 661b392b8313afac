//! Whom a conversation is with by an agent's word, where nothing proves it.

use crate::{
    people::somebody,
    refusal, stranger_token,
    support::{self, Chat, Desk, House, wish},
};
use onqueue_proto::session::v1::{
    ConfirmContactRequest, Contact, ListContactSuggestionsResponse, StartConversationRequest,
};
use onqueue_testkit::with_token;
use tonic::Code;

/// Ann, and Bob who has her address too.
async fn family(desk: &Desk, token: &str) -> (Contact, Contact) {
    let emails = vec!["ann@example.com".to_owned()];
    let ann = Contact {
        emails: emails.clone(),
        phones: vec!["+4930123".to_owned()],
        ..somebody("Ann")
    };
    let bob = Contact {
        emails,
        ..somebody("Bob")
    };
    let ann = desk.make(token, ann).await.expect("made");
    (ann, desk.make(token, bob).await.expect("made"))
}

/// A chat with a guest who has typed Ann's address and number.
async fn typed(desk: &Desk) -> Chat {
    let wish = StartConversationRequest {
        guest_email: " ANN@example.com ".to_owned(),
        guest_phone: "+49 (30) 123".to_owned(),
        ..wish(1)
    };
    support::chat(desk.try_start(wish).await.expect("starts"))
}

/// Who is suggested, and how much of what the guest has given is theirs.
fn found(suggested: &ListContactSuggestionsResponse) -> Vec<(&str, usize)> {
    let each = suggested.suggestions.iter();
    each.map(|one| (&*one.contact.as_ref().expect("one").name, one.matched.len()))
        .collect()
}

#[tokio::test]
async fn whoever_has_what_a_guest_typed_is_suggested() {
    let house = House::new(670).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    family(desk, &token).await;
    let suggested = desk.suggested(&token, &typed(desk).await.id).await;
    let expected = [("Ann", 2), ("Bob", 1)];
    assert_eq!(found(&suggested), expected, "who has more in common first");
    assert_eq!(suggested.given.len(), 2);
    assert!(suggested.given.iter().all(|given| !given.proved));
}

#[tokio::test]
async fn an_agent_confirms_whom_a_conversation_is_with_and_corrects_it() {
    let house = House::new(671).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let (ann, bob) = family(desk, &token).await;
    let chat = typed(desk).await;
    for _ in 0..2 {
        let confirmed = desk.confirm(&token, &chat.id, (&ann.contact_id, "")).await;
        let confirmed = confirmed.expect("confirmed");
        assert_eq!(confirmed.conversation.expect("one").contact_id, ann.contact_id);
        assert_eq!(confirmed.contact.expect("one"), ann, "nothing of it is changed");
    }
    let unaware = desk.confirm(&token, &chat.id, (&bob.contact_id, "")).await;
    assert_eq!(refusal(unaware), "ETAG_MISMATCH");
    let corrected = desk.confirm(&token, &chat.id, (&bob.contact_id, &ann.contact_id)).await;
    assert_eq!(corrected.expect("corrected").contact.expect("one").name, "Bob");
    let suggested = desk.suggested(&token, &chat.id).await;
    assert_eq!(found(&suggested), [("Ann", 2)], "whom it is with is not suggested");
}

#[tokio::test]
async fn somebody_new_is_made_once_for_a_conversation() {
    let house = House::new(672).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    let (ann, _) = family(desk, &token).await;
    let chat = typed(desk).await;
    let make = async || {
        let confirmed = desk.confirm(&token, &chat.id, ("", "")).await.expect("made");
        confirmed.contact.expect("one")
    };
    let new = make().await;
    assert_eq!(make().await, new);
    assert_ne!(new.contact_id, ann.contact_id);
    assert_eq!((&*new.name, new.emails.len(), new.phones.len()), ("Ann", 1, 1));
    assert_eq!(new.proved_emails, [""; 0]);
}

#[tokio::test]
async fn guests_and_strangers_confirm_nobody() {
    let house = House::new(673).await;
    let desk = &house.desk;
    let chat = typed(desk).await;
    let request = with_token(ConfirmContactRequest::default(), &chat.token);
    let guest = desk.contacts().confirm_contact(request).await;
    assert_eq!(guest.expect_err("a guest").code(), Code::PermissionDenied);
    let stranger = desk.confirm(&stranger_token(&house), &chat.id, ("", "")).await;
    assert_eq!(refusal(stranger), "CONVERSATION_NOT_FOUND");
}
