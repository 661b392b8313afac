//! Filling in for a conversation that session knows, or does not tell.

use crate::world::{
    AGENT, Desk, SALES, SALES_TEXTS, SUPPORT_TEXTS, World, id, response, said, substitution, text, variant, why,
};
use onqueue_model::Reason;
use onqueue_proto::content::v1 as proto;
use onqueue_proto::session::v1::{Contact, ContactFieldValue, Conversation, contact_field_value::Value};
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
    opened_with(world, topic, &[]);
}

fn opened_with(world: &World, topic: &str, attributes: &[(&str, &str)]) {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let conversation = Conversation {
        attributes: attributes.iter().map(owned).collect(),
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
    // As long as a message can be, and one character more.
    let long = texts(&world, &"{{ORDER}}".repeat(400)).await;
    let values = &[("ORDER", &*"ä".repeat(10))];
    let filled = render(&agent, &long, &Asked { values, ..NOTHING }).await;
    assert_eq!(filled.expect("it fits").chars().count(), 4_000);
    let long = texts(&world, &format!("{}.", "{{ORDER}}".repeat(400))).await;
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
    let refused = render(&agent, &asks, &HERE).await.expect_err("nobody can say");
    assert!(refused.message().contains("conversation"), "{}", refused.message());
    assert_eq!(why::<()>(Err(refused)), Reason::Unavailable);
}

#[tokio::test]
async fn attributes_and_fields_of_the_customer_are_values_too() {
    let world = World::new().await;
    opened_with(
        &world,
        "",
        &[
            ("order", "42"),
            ("parcel-id", "P.7"),
            ("agent_name", "Mallory"),
            ("shop", " "),
        ],
    );
    let field = |value| ContactFieldValue { value: Some(value) };
    world.session.know(Contact {
        name: "Berta Bo".to_owned(),
        fields: [
            ("order".to_owned(), field(Value::Text("7".to_owned()))),
            ("tier".to_owned(), field(Value::Choice("Gold".to_owned()))),
            ("points".to_owned(), field(Value::Number(12.5))),
            ("since".to_owned(), field(Value::Date("2024-02-29".to_owned()))),
            ("member".to_owned(), field(Value::Boolean(true))),
        ]
        .into(),
        ..Contact::default()
    });
    let mut made = response(
        "Text",
        "{{ORDER}}|{{PARCEL_ID}}|{{TIER}}|{{POINTS}}|{{SINCE}}|{{AGENT_NAME}}|{{SHOP}}|{{CUSTOMER_NAME}}",
    );
    let declared = ["ORDER", "PARCEL_ID", "TIER", "POINTS", "SINCE", "MEMBER"];
    made.substitutions = declared.iter().map(|name| substitution(name, "")).collect();
    made.substitutions.push(substitution("SHOP", "unser Laden"));
    let made = world.administrator().make(made).await;
    let agent = world.user(1, &AGENT, &[SALES]);
    let rendered = render(&agent, &made, &HERE).await.expect("all is known");
    assert_eq!(
        rendered,
        "42|P.7|Gold|12.5|2024-02-29|Ada Lang|unser Laden|Bo {{SHOP}} <b>"
    );
    let values = &[("ORDER", "43")];
    let own = render(&agent, &made, &Asked { values, ..HERE }).await.expect("known");
    assert!(own.starts_with("43|"), "{own}");
    let mut asks = response("Yes or no", "{{MEMBER}}");
    asks.substitutions = vec![substitution("MEMBER", "")];
    let asks = world.administrator().make(asks).await;
    assert_eq!(why(render(&agent, &asks, &HERE).await), Reason::VariableMissing);
}

/// What people put into names and attributes who mean no good; the pages' tests go through the same.
const HOSTILE: &str = include_str!("../../../../tests/hostile.json");

/// All of them, and one that only agents can give, since names and attributes have no second line.
fn hostile() -> Vec<String> {
    let all: serde_json::Value = serde_json::from_str(HOSTILE).expect("JSON");
    let values = all["values"].as_array().expect("a list").iter();
    let values: Vec<String> = values.map(|one| one.as_str().expect("a text").to_owned()).collect();
    assert_eq!(values.len(), 50);
    values.into_iter().chain(["# heading\n- list".to_owned()]).collect()
}

#[tokio::test]
async fn hostile_values_come_out_as_the_text_that_they_are() {
    let world = World::new().await;
    let agent = world.user(1, &AGENT, &[SALES]);
    let mut made = response("Text", "Hallo {{CUSTOMER_NAME}}: {{ORDER}}/{{TIER}}/{{GIVEN}}!");
    made.substitutions = ["ORDER", "TIER", "GIVEN"].map(|name| substitution(name, "")).to_vec();
    let made = world.administrator().make(made).await;
    for hostile in hostile() {
        let conversation = Conversation {
            conversation_id: text(CHAT),
            guest_name: hostile.clone(),
            attributes: [("order".to_owned(), hostile.clone())].into(),
            ..Conversation::default()
        };
        world.session.open(conversation, id(1), "Frau Lang");
        let tier = ContactFieldValue {
            value: Some(Value::Text(hostile.clone())),
        };
        world.session.know(Contact {
            fields: [("tier".to_owned(), tier)].into(),
            ..Contact::default()
        });
        let values = &[("GIVEN", hostile.as_str())];
        let rendered = render(&agent, &made, &Asked { values, ..HERE }).await;
        assert_eq!(
            rendered.expect("all is known"),
            format!("Hallo {hostile}: {hostile}/{hostile}/{hostile}!")
        );
    }
}

#[tokio::test]
async fn what_the_queue_does_not_allow_is_not_there() {
    let world = World::new().await;
    opened(&world, "");
    let agent = world.user(1, &AGENT, &[SALES]);
    let plain = texts(&world, "{{AGENT_NAME}}").await;
    for (allowed, is_there) in [
        (vec![text(SALES_TEXTS)], true),
        (vec![text(SUPPORT_TEXTS)], false),
        (vec![], false),
        (vec![text(SUPPORT_TEXTS), text(SALES_TEXTS)], true),
    ] {
        world.session.allow(&allowed);
        let rendered = render(&agent, &plain, &HERE).await;
        assert_eq!(rendered.is_ok(), is_there, "{allowed:?}");
        if !is_there {
            assert_eq!(why(rendered), Reason::NotFound);
        }
        assert!(render(&agent, &plain, &NOTHING).await.is_ok(), "for a preview it is");
    }
}
