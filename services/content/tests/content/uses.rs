//! Who uses what where: it is found sooner by them and there, for as long as it is remembered.

use crate::world::{AGENT, Desk, SALES, SALES_TEXTS, SUPPORT, SUPPORT_TEXTS, World, id, response, text, why};
use onqueue_model::Reason;
use onqueue_proto::content::v1 as proto;
use onqueue_proto::session::v1::Conversation;
use onqueue_testkit::until;
use proptest::prelude::*;
use std::{collections::BTreeSet, time::Duration};

const CHAT: u128 = 0xc1;
const OTHER_CHAT: u128 = 0xc2;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A conversation in that queue in which that user takes part.
fn open(world: &World, chat: u128, queue: u128, user: u128) {
    let conversation = Conversation {
        conversation_id: text(chat),
        queue_id: text(queue),
        ..Conversation::default()
    };
    world.session.open(conversation, id(user), "Frau Lang");
}

fn used(response: &proto::Response, message: &str, chat: Option<u128>) -> proto::RecordUseRequest {
    proto::RecordUseRequest {
        response_id: response.response_id.clone(),
        client_message_id: message.to_owned(),
        conversation_id: chat.map(text).unwrap_or_default(),
    }
}

/// How often each response was used.
async fn in_all(world: &World) -> Vec<i64> {
    let asked = proto::ListResponsesRequest::default();
    let page = world.administrator().list_responses(asked).await.expect("a page");
    page.responses.into_iter().map(|one| one.uses).collect()
}

async fn found(desk: &Desk, typed: &str, chat: Option<u128>) -> Vec<String> {
    let asked = proto::SearchResponsesRequest {
        text: typed.to_owned(),
        language: "de".to_owned(),
        limit: 50,
        conversation_id: chat.map(text).unwrap_or_default(),
        ..proto::SearchResponsesRequest::default()
    };
    let found = desk.search_responses(asked).await.expect("found").responses;
    found
        .into_iter()
        .map(|found| found.response.expect("said").name)
        .collect()
}

#[tokio::test]
async fn own_habits_and_the_queues_come_first_until_they_are_forgotten() {
    let world = World::new().await;
    let desk = world.administrator();
    let mut made = Vec::new();
    for name in ["A", "B", "C"] {
        made.push(desk.make(response(name, "wort")).await);
    }
    let (ada, bo) = (world.user(1, &AGENT, &[SALES]), world.user(2, &AGENT, &[SALES]));
    open(&world, CHAT, 0x51, 1);
    open(&world, OTHER_CHAT, 0x52, 2);
    let beside = Desk {
        content: world.beside().await,
        ..ada.clone()
    };
    assert_eq!(found(&beside, "wort", Some(CHAT)).await, ["A", "B", "C"]);
    for message in ["1", "2", "3"] {
        ada.record_use(used(&made[2], message, Some(CHAT)))
            .await
            .expect("counted");
        bo.record_use(used(&made[1], message, Some(OTHER_CHAT)))
            .await
            .expect("counted");
    }
    bo.record_use(used(&made[1], "4", None)).await.expect("counted");
    // Everybody has used B most, Ada and her queue C.
    assert_eq!(found(&desk, "wort", None).await, ["B", "C", "A"]);
    assert_eq!(found(&ada, "wort", None).await, ["C", "B", "A"]);
    assert_eq!(found(&ada, "wort", Some(CHAT)).await, ["C", "B", "A"]);
    assert_eq!(found(&bo, "wort", Some(OTHER_CHAT)).await, ["B", "C", "A"]);
    world.hand.advance(Duration::from_secs(10));
    assert_eq!(found(&beside, "wort", Some(CHAT)).await, ["C", "B", "A"]);

    // Who used what is forgotten after the days that are set; how often it was used in all is not.
    world.hand.advance(31 * DAY);
    // Tokens end, and another look at the counts is taken every ten seconds.
    let later = || {
        world.hand.advance(Duration::from_secs(11));
        world.user(1, &AGENT, &[SALES])
    };
    until("it is forgotten", Duration::from_secs(30), async || {
        found(&later(), "wort", Some(CHAT)).await == ["B", "C", "A"]
    })
    .await;
    let ada = later();
    let beside = Desk {
        content: beside.content,
        ..ada.clone()
    };
    assert_eq!(found(&beside, "wort", Some(CHAT)).await, ["B", "C", "A"]);
    assert_eq!(in_all(&world).await, [0, 4, 3]);
    // Later uses count again.
    for message in ["5", "6"] {
        ada.record_use(used(&made[0], message, Some(CHAT)))
            .await
            .expect("counted");
    }
    assert_eq!(found(&ada, "wort", Some(CHAT)).await, ["A", "B", "C"]);
}

#[tokio::test]
async fn where_it_was_used_only_who_takes_part_says() {
    let world = World::new().await;
    let made = world.administrator().make(response("A", "wort")).await;
    let (ada, bo) = (world.user(1, &AGENT, &[SALES]), world.user(2, &AGENT, &[SALES]));
    open(&world, CHAT, 0x51, 1);
    assert_eq!(
        why(bo.record_use(used(&made, "1", Some(CHAT))).await),
        Reason::ConversationNotFound
    );
    let asked = proto::SearchResponsesRequest {
        conversation_id: text(CHAT),
        ..proto::SearchResponsesRequest::default()
    };
    assert_eq!(
        why(bo.search_responses(asked.clone()).await),
        Reason::ConversationNotFound
    );
    world.session.go_away();
    // A use is not lost since nobody says where it was; what is allowed there, nobody knows.
    assert_eq!(
        ada.record_use(used(&made, "1", Some(CHAT)))
            .await
            .expect("counted")
            .uses,
        1
    );
    assert_eq!(why(ada.search_responses(asked).await), Reason::Unavailable);
}

#[tokio::test]
async fn what_a_queue_does_not_allow_is_not_found_there() {
    let world = World::new().await;
    let desk = world.administrator();
    let mut made = Vec::new();
    for (number, libraries) in [&[SALES_TEXTS][..], &[SUPPORT_TEXTS], &[SALES_TEXTS, SUPPORT_TEXTS]]
        .into_iter()
        .enumerate()
    {
        let mut one = response(&format!("Preis {number}"), "kostet etwas");
        one.shortcut = format!("p{number}");
        one.library_ids = libraries.iter().copied().map(text).collect();
        made.push(desk.make(one).await);
    }
    let agent = world.user(1, &AGENT, &[SALES, SUPPORT]);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let allowed = prop::collection::btree_set(prop::sample::select(vec![SALES_TEXTS, SUPPORT_TEXTS, 0x99]), 0..3);
    let typed = prop::sample::select(vec!["", "p", "p1", "preis", "pries", "kostet", "kotset etwas", "x"]);
    for number in 0..40_u128 {
        use proptest::strategy::ValueTree as _;
        let allowed: BTreeSet<u128> = allowed.new_tree(&mut runner).expect("drawn").current();
        let typed = typed.new_tree(&mut runner).expect("drawn").current();
        // What was heard of a conversation is remembered for a moment: a new one each time.
        open(&world, 0x1000 + number, 0x51, 1);
        world
            .session
            .allow(&allowed.iter().copied().map(text).collect::<Vec<_>>());
        let within = found(&agent, typed, Some(0x1000 + number)).await;
        let everywhere = found(&agent, typed, None).await;
        let is_allowed = |name: &&String| {
            let one = made.iter().find(|one| one.name == **name).expect("made");
            one.library_ids
                .iter()
                .any(|library| allowed.iter().any(|id| text(*id) == *library))
        };
        let expected: Vec<&String> = everywhere.iter().filter(is_allowed).collect();
        assert_eq!(
            within.iter().collect::<Vec<_>>(),
            expected,
            "“{typed}” with {allowed:x?}"
        );
    }
}

#[tokio::test]
async fn a_change_of_what_is_allowed_is_heard_of_within_seconds() {
    let world = World::new().await;
    world.administrator().make(response("A", "wort")).await;
    let agent = world.user(1, &AGENT, &[SALES]);
    open(&world, CHAT, 0x51, 1);
    assert_eq!(found(&agent, "wort", Some(CHAT)).await, ["A"]);
    world.session.allow(&[]);
    world.hand.advance(Duration::from_secs(5));
    assert_eq!(found(&agent, "wort", Some(CHAT)).await, [""; 0]);
    // Whatever else fits is not found either.
    let asked = proto::SearchResponsesRequest {
        library_ids: vec![text(SALES_TEXTS)],
        conversation_id: text(CHAT),
        ..proto::SearchResponsesRequest::default()
    };
    assert!(agent.search_responses(asked).await.expect("found").responses.is_empty());
    let support = world.user(2, &AGENT, &[SUPPORT]);
    assert_eq!(found(&support, "wort", None).await, [""; 0]);
}
