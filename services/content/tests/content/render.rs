//! Filling in for a conversation that session knows, or does not tell.

use crate::world::{AGENT, Desk, SALES, World, id, response, said, substitution, text, variant, why};
use onqueue_model::Reason;
use onqueue_proto::content::v1 as proto;
use onqueue_proto::session::v1::Conversation;
use std::collections::BTreeMap;
use tonic::Status;

const CHAT: u128 = 0xc1;

struct Asked<'a> {
    language: &'a str,
    conversation: Option<u128>,
    values: &'a [(&'a str, &'a str)],
}

const NOTHING: Asked<'_> = Asked {
    language: "",
    conversation: None,
    values: &[],
};

const HERE: Asked<'_> = Asked {
    conversation: Some(CHAT),
    ..NOTHING
};

async fn render(desk: &Desk, response: &proto::Response, asked: &Asked<'_>) -> Result<String, Status> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let asked = proto::RenderResponseRequest {
        response_id: response.response_id.clone(),
        language: asked.language.to_owned(),
        conversation_id: asked.conversation.map(text).unwrap_or_default(),
        values: asked.values.iter().map(owned).collect::<BTreeMap<_, _>>(),
    };
    desk.render_response(asked).await.map(|rendered| rendered.text)
}

async fn texts(world: &World, words: &str) -> proto::Response {
    let mut made = response("Text", words);
    made.substitutions = vec![
        substitution("ORDER", ""),
        substitution("SHOP", "unser Laden"),
        substitution("TOPIC", "Ihr Anliegen"),
    ];
    world.administrator().make(made).await
}

fn opened(world: &World, topic: &str) {
    let conversation = Conversation {
        conversation_id: text(CHAT),
        guest_name: "Bo {{SHOP}} <b>".to_owned(),
        topic: topic.to_owned(),
        queue_name: "Vertrieb".to_owned(),
        ..Conversation::default()
    };
    world.session.open(conversation, id(1), "Frau Lang");
}

#[tokio::test]
async fn values_come_from_the_caller_then_the_conversation_then_defaults() {
    let world = World::new().await;
    opened(&world, "");
    let agent = world.user(1, &AGENT, &[SALES]);
    let full = texts(
        &world,
        "{{CUSTOMER_NAME}}|{{QUEUE_NAME}}|{{TOPIC}}|{{AGENT_NAME}}|{{AGENT_ALIAS}}|{{SHOP}}",
    )
    .await;
    for (values, expected) in [
        (
            &[][..],
            "Bo {{SHOP}} <b>|Vertrieb|Ihr Anliegen|Ada Lang|Frau Lang|unser Laden",
        ),
        (
            &[("QUEUE_NAME", "{{TOPIC}}"), ("SHOP", " ")],
            "Bo {{SHOP}} <b>|{{TOPIC}}|Ihr Anliegen|Ada Lang|Frau Lang|unser Laden",
        ),
        (
            &[("AGENT_NAME", "A"), ("TOPIC", "Geld"), ("OTHER", "x")],
            "Bo {{SHOP}} <b>|Vertrieb|Geld|A|Frau Lang|unser Laden",
        ),
    ] {
        let rendered = render(&agent, &full, &Asked { values, ..HERE }).await;
        assert_eq!(rendered.expect("everything is known"), expected);
    }
    opened(&world, "Retoure");
    assert!(render(&agent, &full, &HERE).await.expect("known").contains("|Retoure|"));
    let alias = texts(&world, "{{AGENT_ALIAS}}").await;
    assert_eq!(render(&agent, &alias, &NOTHING).await.expect("a preview"), "Ada Lang");
}

#[tokio::test]
async fn nothing_is_answered_with_holes() {
    let world = World::new().await;
    opened(&world, "");
    let agent = world.user(1, &AGENT, &[SALES]);
    let full = texts(&world, "{{ORDER}} {{CUSTOMER_NAME}} {{SHOP}} {{ORDER}}").await;
    for (asked, missing) in [(&NOTHING, "CUSTOMER_NAME,ORDER"), (&HERE, "ORDER")] {
        let refused = render(&agent, &full, asked).await.expect_err("something is missing");
        assert_eq!(said(&refused, "variables").as_deref(), Some(missing));
        assert_eq!(why::<()>(Err(refused)), Reason::VariableMissing);
    }
    let values = &[("ORDER", "42")];
    assert_eq!(
        render(&agent, &full, &Asked { values, ..HERE }).await.expect("known"),
        "42 Bo {{SHOP}} <b> unser Laden 42"
    );
    let long = texts(&world, &"{{ORDER}}".repeat(800)).await;
    let values = &[("ORDER", &*"x".repeat(100))];
    assert_eq!(
        why(render(&agent, &long, &Asked { values, ..NOTHING }).await),
        Reason::MessageTooLarge
    );
}

#[tokio::test]
async fn the_nearest_variant_is_taken() {
    let world = World::new().await;
    let agent = world.user(1, &AGENT, &[SALES]);
    let mut made = response("Text", "Hallo");
    made.variants.extend([variant("en-gb", "Hello"), variant("en", "Hi")]);
    let made = world.administrator().make(made).await;
    for (language, expected) in [
        ("en", "Hi"),
        ("en-GB", "Hello"),
        ("en-us", "Hello"),
        ("de-at", "Hallo"),
        ("fr", "Hallo"),
        ("", "Hallo"),
    ] {
        let rendered = render(&agent, &made, &Asked { language, ..NOTHING }).await;
        assert_eq!(rendered.expect("rendered"), expected, "{language}");
    }
}

#[tokio::test]
async fn conversations_are_told_to_who_may_see_them_only() {
    let world = World::new().await;
    opened(&world, "");
    let asks = texts(&world, "{{CUSTOMER_NAME}}").await;
    let other = world.user(2, &AGENT, &[SALES]);
    assert_eq!(why(render(&other, &asks, &HERE).await), Reason::ConversationNotFound);
    let nobody = Asked {
        conversation: Some(9),
        ..NOTHING
    };
    let agent = world.user(1, &AGENT, &[SALES]);
    assert_eq!(why(render(&agent, &asks, &nobody).await), Reason::ConversationNotFound);
}

#[tokio::test]
async fn without_session_goes_what_needs_no_session() {
    let world = World::new().await;
    opened(&world, "");
    let agent = world.user(1, &AGENT, &[SALES]);
    let (asks, plain) = (
        texts(&world, "{{CUSTOMER_NAME}}").await,
        texts(&world, "{{AGENT_NAME}} {{SHOP}}").await,
    );
    world.session.go_away();
    assert_eq!(
        render(&agent, &plain, &HERE).await.expect("nothing to ask"),
        "Ada Lang unser Laden"
    );
    let values = &[("CUSTOMER_NAME", "Bo")];
    assert_eq!(
        render(&agent, &asks, &Asked { values, ..HERE }).await.expect("given"),
        "Bo"
    );
    assert_eq!(world.session.asked(), 0);
    let refused = render(&agent, &asks, &HERE).await.expect_err("nobody can say");
    assert!(refused.message().contains("conversation"), "{}", refused.message());
    assert_eq!(why::<()>(Err(refused)), Reason::Unavailable);
}
