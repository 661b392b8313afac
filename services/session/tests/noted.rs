//! What is kept of what people write: never the numbers of their cards; and what is noted of conversations by name.

mod support;

use onqueue_model::UserId;
use onqueue_proto::session::v1::{
    self as proto, Conversation, SetAttributesRequest, StartConversationRequest, report_request::Fact,
};
use onqueue_server::Tasks;
use onqueue_session::{Faults, Settings};
use onqueue_store::Store;
use onqueue_testkit::with_token;
use std::path::Path;
use support::{Chat, Desk, House, agent, assigned, chat, division, events, id, organisation, queue, wish, word, words};
use tonic::{Code, Status};

const CARD: &str = "4111 1111 1111 1111";
const MASKED: &str = "**** **** **** 1111";

impl Desk {
    async fn set(
        &self,
        token: &str,
        chat: &str,
        set: &[(&str, &str)],
        removed: &[&str],
    ) -> Result<Conversation, Status> {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let request = SetAttributesRequest {
            conversation_id: chat.to_owned(),
            attributes: set.iter().map(own).collect(),
            removed: removed.iter().map(|key| (*key).to_owned()).collect(),
        };
        let answer = self.conversations().set_attributes(with_token(request, token)).await?;
        Ok(answer.into_inner().conversation.expect("a conversation"))
    }

    async fn whispers(&self, token: &str, chat: &Chat, text: &str) {
        let request = proto::SendSideMessageRequest {
            conversation_id: chat.id.clone(),
            client_message_id: "side".to_owned(),
            text: text.to_owned(),
        };
        let answer = self.supervision().send_side_message(with_token(request, token)).await;
        answer.expect("sent");
    }
}

/// One in which cards' numbers were written wherever one can write.
async fn careless(house: &House) -> Chat {
    let desk = &house.desk;
    let wish = StartConversationRequest {
        guest_name: format!("Ann {CARD}"),
        topic: format!("Card {CARD}"),
        first_message: format!("It is {CARD}"),
        ..wish(1)
    };
    let chat = chat(desk.try_start(wish.clone()).await.expect("starts"));
    assert_eq!(
        support::chat(desk.try_start(wish).await.expect("the same")).id,
        chat.id,
        "the same request"
    );
    for (position, fact) in [(1, assigned(agent())), (2, noted_transfer())] {
        assert!(desk.report(&chat.id, 1, position, fact).await.expect("recorded"));
    }
    chat
}

fn noted_transfer() -> Fact {
    Fact::Transferred(proto::TransferredFact {
        queue_id: queue().to_string(),
        attended: true,
        note: format!("{CARD} is theirs"),
        ..proto::TransferredFact::default()
    })
}

#[tokio::test]
async fn cards_numbers_are_masked_before_anybody_gets_them() {
    let house = House::new(1).await;
    let (desk, ada) = (&house.desk, house.agent_token());
    let chat = careless(&house).await;
    let mut stream = desk.watch(&ada, &chat.id, "").await.expect("a stream");
    let text = format!("Nein: {CARD}!");
    let sent = desk.send(&chat.token, &chat.id, "g1", &text).await.expect("sent");
    let again = desk.send(&chat.token, &chat.id, "g1", &text).await.expect("the same");
    assert_eq!(sent, again);
    desk.whispers(&ada, &chat, &format!("they wrote {CARD}")).await;
    house
        .tokens
        .grant(organisation(), agent(), division(), &["conversation:attribute:edit"]);
    desk.set(&ada, &chat.id, &[("paid_with", CARD)], &[])
        .await
        .expect("noted");

    let seen = events(&mut stream, 7).await;
    let seen: Vec<_> = seen.into_iter().map(|(event, _)| event).collect();
    let (first, said, aside) = (
        format!("It is {MASKED}"),
        format!("Nein: {MASKED}!"),
        format!("side: they wrote {MASKED}"),
    );
    let expected = [
        "opened",
        &first,
        "joined",
        "transferred ",
        &said,
        &aside,
        "set paid_with",
    ];
    assert_eq!(words(&seen), expected);
    let all = format!("{seen:?} {:?}", desk.get(&ada, &chat.id).await.expect("seen"));
    assert!(all.contains(&format!("Ann {MASKED}")) && all.contains(&format!("Card {MASKED}")));
    assert!(
        all.contains(&format!("{MASKED} is theirs")) && !all.contains("4111"),
        "{all}"
    );
    assert!(!is_stored(&house, "4111 1111"), "not even for a moment");
}

/// Whether the database's file and what is about to be written to it hold the text. On PostgreSQL only the log is looked at,
/// which the caller has done.
fn is_stored(house: &House, text: &str) -> bool {
    let Some(path) = house.database.url.strip_prefix("sqlite://") else {
        return false;
    };
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(text.len()).any(|some| some == text.as_bytes())
    };
    let holds_masked = |path: &Path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(MASKED.len()).any(|some| some == MASKED.as_bytes())
    };
    let files = [path.to_owned(), format!("{path}-wal")];
    assert!(
        files.iter().any(|file| holds_masked(Path::new(file))),
        "it is looked for at the right place"
    );
    files.iter().any(|file| holds(Path::new(file)))
}

#[tokio::test]
async fn settings_say_what_else_is_masked() {
    let house = House::new(2).await;
    let settings = Settings {
        mask_patterns: vec!["K-[0-9]{6}".to_owned()],
        ..support::settings()
    };
    let store = Store::open(&house.database).await.expect("opens again");
    let context = onqueue_server::Context {
        ids: onqueue_server::Ids::seeded(7),
        tasks: Tasks::new(),
        ..house.desk.context.clone()
    };
    let desk = Desk::bind(store, context, Faults::default(), &settings).await;
    let chat = house.connected(1).await;
    desk.send(&chat.token, &chat.id, "g1", "Kunde K-123456")
        .await
        .expect("sent");
    let log = desk.log(&chat.token, &chat.id).await.expect("a log");
    assert_eq!(log.last().map(word).as_deref(), Some("Kunde *-******"));
    let bad = Settings {
        mask_patterns: vec!["(".to_owned()],
        ..Settings::default()
    };
    let refused = bad.check().expect_err("no expression");
    assert!(
        refused
            .metadata
            .contains(&("field", "session.mask_patterns".to_owned()))
    );
}

/// A chat with the agent, who may note things of it.
async fn noting(house: &House) -> (Chat, String) {
    let chat = house.connected(1).await;
    house.agent_token();
    (chat, editor_token(house, agent(), "Ada"))
}

fn editor_token(house: &House, user: UserId, name: &str) -> String {
    let may = ["conversation:attribute:edit"];
    house.tokens.grant(organisation(), user, division(), &may);
    house.tokens.user(organisation(), user, name)
}

/// What is noted now.
fn noted(conversation: &Conversation) -> Vec<(&str, &str)> {
    let each = conversation.attributes.iter();
    each.map(|(key, value)| (&**key, &**value)).collect()
}

#[tokio::test]
async fn attributes_are_set_changed_and_removed() {
    let house = House::new(3).await;
    let desk = &house.desk;
    let (chat, ada) = noting(&house).await;
    for (set, removed, after) in [
        (
            &[("mood", "good"), ("order", "17")][..],
            &[][..],
            &[("mood", "good"), ("order", "17")][..],
        ),
        (&[("order", "18")], &["mood", "colour"], &[("order", "18")]),
        (&[("order", "18")], &[], &[("order", "18")]),
    ] {
        let now = desk.set(&ada, &chat.id, set, removed).await.expect("noted");
        assert_eq!(noted(&now), after);
    }
    let log = desk.log(&ada, &chat.id).await.expect("a log");
    assert_eq!(
        words(&log)[5..],
        ["set mood, order", "set mood, order"],
        "what was so already is no event"
    );
}

#[tokio::test]
async fn attributes_are_for_those_who_serve() {
    let house = House::new(4).await;
    let desk = &house.desk;
    let (chat, ada) = noting(&house).await;
    let good = [("mood", "good")];
    desk.set(&ada, &chat.id, &good, &[]).await.expect("noted");

    let seen = desk.get(&chat.token, &chat.id).await.expect("seen");
    assert_eq!(noted(&seen), [], "not the guest's to know");
    let log = desk.log(&chat.token, &chat.id).await.expect("a log");
    assert!(log.iter().all(|event| !word(event).starts_with("set")));
    let guest = desk.set(&chat.token, &chat.id, &good, &[]).await;
    assert_eq!(guest.expect_err("a guest").code(), Code::PermissionDenied);

    let other = editor_token(&house, id(77), "Somebody");
    let other = desk.set(&other, &chat.id, &good, &[]).await;
    assert_eq!(other.expect_err("not seen").code(), Code::NotFound);
}

#[tokio::test]
async fn attributes_need_a_permission_a_name_and_an_open_chat() {
    let house = House::new(5).await;
    let desk = &house.desk;
    let chat = house.connected(1).await;
    let good = [("mood", "good")];
    let refused = desk.set(&house.agent_token(), &chat.id, &good, &[]).await;
    assert_eq!(refused.expect_err("not theirs to").code(), Code::PermissionDenied);

    let ada = editor_token(&house, agent(), "Ada");
    let wrong = desk.set(&ada, &chat.id, &[("two words", "x")], &[]).await;
    assert_eq!(wrong.expect_err("a bad name").code(), Code::InvalidArgument);
    desk.set(&ada, &chat.id, &good, &[]).await.expect("noted");
    desk.end(&chat.token, &chat.id).await.expect("ends");
    let over = desk.set(&ada, &chat.id, &[("mood", "bad")], &[]).await;
    assert_eq!(over.expect_err("over").code(), Code::FailedPrecondition);
}
