//! Searching through the rpc: what is found is what may be seen and what is so now, on every replica.

use crate::world::{AGENT, ALL, Desk, SALES, SALES_TEXTS, SUPPORT_TEXTS, World, response, text, variant, why};
use onqueue_model::Reason;
use onqueue_proto::content::v1 as proto;
use std::time::Duration;

fn asked(text: &str, language: &str) -> proto::SearchResponsesRequest {
    proto::SearchResponsesRequest {
        text: text.to_owned(),
        language: language.to_owned(),
        ..proto::SearchResponsesRequest::default()
    }
}

async fn found(desk: &Desk, text: &str) -> Vec<String> {
    let found = desk.search_responses(asked(text, "de")).await.expect("found").responses;
    found
        .into_iter()
        .map(|found| found.response.expect("said").name)
        .collect()
}

#[tokio::test]
async fn two_keystrokes_find_it_in_the_conversations_language() {
    let world = World::new().await;
    let desk = world.administrator();
    let mut refund = response("Rückerstattung", "Wir erstatten {{AGENT_NAME}}\nden Betrag.");
    refund.shortcut = "re".to_owned();
    refund.variants.push(variant("en", "We refund the amount."));
    desk.make(refund).await;
    desk.make(response("Rechnung", "Die Rechnung liegt bei.")).await;
    let agent = world.user(1, &AGENT, &[SALES]);
    for typed in ["re", "RE", "rueck", "rück", "ruck", "betr wir"] {
        assert_eq!(
            found(&agent, typed).await.first().map(String::as_str),
            Some("Rückerstattung"),
            "{typed}"
        );
    }
    for (language, expected, preview) in [
        ("de-ch", "de", "Wir erstatten {{AGENT_NAME}} den Betrag."),
        ("en-us", "en", "We refund the amount."),
        ("", "de", "Wir erstatten {{AGENT_NAME}} den Betrag."),
    ] {
        let found = agent
            .search_responses(asked("re", language))
            .await
            .expect("found")
            .responses;
        assert_eq!(
            (found[0].language.as_str(), found[0].preview.as_str()),
            (expected, preview)
        );
    }
    for wrong in [
        asked(&"x".repeat(201), ""),
        asked("x", "d"),
        proto::SearchResponsesRequest {
            limit: 51,
            ..asked("x", "")
        },
        proto::SearchResponsesRequest {
            limit: -1,
            ..asked("x", "")
        },
    ] {
        assert_eq!(why(agent.search_responses(wrong).await), Reason::FieldInvalid);
    }
}

#[tokio::test]
async fn only_what_may_be_seen_is_found() {
    let world = World::new().await;
    let desk = world.administrator();
    desk.make(response("Preis Vertrieb", "x")).await;
    let mut other = response("Preis Support", "x");
    other.library_ids = vec![text(SUPPORT_TEXTS)];
    desk.make(other).await;
    let (seller, stranger) = (
        world.user(1, &AGENT, &[SALES]),
        world.user_of(crate::world::id(0x0b), 2, (&ALL, &[SALES])),
    );
    assert_eq!(found(&seller, "preis").await, ["Preis Vertrieb"]);
    assert_eq!(found(&stranger, "preis").await, [""; 0]);
    assert_eq!(found(&desk, "preis").await.len(), 2);
    for (libraries, expected) in [
        (&[SALES_TEXTS][..], 1),
        (&[SUPPORT_TEXTS], 1),
        (&[SALES_TEXTS, SUPPORT_TEXTS], 2),
        (&[9], 0),
    ] {
        let asked = proto::SearchResponsesRequest {
            library_ids: libraries.iter().copied().map(text).collect(),
            ..asked("preis", "")
        };
        assert_eq!(
            desk.search_responses(asked).await.expect("found").responses.len(),
            expected,
            "{libraries:?}"
        );
    }
    let limited = proto::SearchResponsesRequest {
        limit: 1,
        ..asked("", "")
    };
    assert_eq!(desk.search_responses(limited).await.expect("found").responses.len(), 1);
}

#[tokio::test]
async fn what_was_changed_is_found_at_once_on_every_replica() {
    let world = World::new().await;
    let desk = world.administrator();
    let beside = Desk {
        content: world.beside().await,
        ..desk.clone()
    };
    assert_eq!(found(&beside, "").await, [""; 0]);
    let made = desk.make(response("Eins", "alpha")).await;
    assert_eq!(
        (found(&desk, "alp").await, found(&beside, "alp").await),
        (vec!["Eins".to_owned()], vec!["Eins".to_owned()])
    );
    let mut other = made.clone();
    other.variants[0].text = "omega".to_owned();
    let other = beside.change(&other, &["variants"]).await.expect("changed");
    assert_eq!(
        (found(&desk, "alp").await, found(&desk, "ome").await),
        (vec![], vec!["Eins".to_owned()])
    );
    let gone = proto::DeleteResponseRequest {
        response_id: other.response_id,
        etag: other.etag,
    };
    desk.delete_response(gone).await.expect("gone");
    assert_eq!(found(&beside, "ome").await, [""; 0]);
}

#[tokio::test]
async fn the_more_used_come_first_and_soon_on_every_replica() {
    let world = World::new().await;
    let desk = world.administrator();
    desk.make(response("Aaa", "wort")).await;
    let used = desk.make(response("Bbb", "wort")).await;
    let beside = Desk {
        content: world.beside().await,
        ..desk.clone()
    };
    assert_eq!(found(&beside, "wort").await, ["Aaa", "Bbb"]);
    assert_eq!(found(&desk, "wort").await, ["Aaa", "Bbb"]);
    let use_of = proto::RecordUseRequest {
        response_id: used.response_id,
        client_message_id: "1".to_owned(),
        conversation_id: String::new(),
    };
    desk.record_use(use_of).await.expect("counted");
    assert_eq!(found(&desk, "wort").await, ["Bbb", "Aaa"]);
    world.hand.advance(Duration::from_secs(10));
    assert_eq!(found(&beside, "").await, ["Bbb", "Aaa"]);
}
