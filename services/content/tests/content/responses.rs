//! What is particular to responses.

use crate::world::{
    ALL, Desk, SALES, SALES_TEXTS, SUPPORT, SUPPORT_TEXTS, World, response, said, substitution, text, variant, why,
};
use onqueue_model::Reason;
use onqueue_proto::content::v1 as proto;

fn with(change: impl FnOnce(&mut proto::Response)) -> proto::Response {
    let mut response = response("Gruß", "Guten Tag");
    change(&mut response);
    response
}

#[tokio::test]
async fn everything_that_is_set_is_read_again() {
    let world = World::new().await;
    let desk = world.administrator();
    let full = with(|response| {
        response.shortcut = "Hallo".to_owned();
        response.library_ids = vec![text(SALES_TEXTS), text(SUPPORT_TEXTS)];
        response.variants = vec![
            variant("de-at", "Grüß Gott {{CUSTOMER_NAME}}\n{{ORDER}}"),
            variant("en", "Hello"),
        ];
        response.substitutions = vec![substitution("ORDER", "–")];
        response.tags = vec!["Begrüßung".to_owned(), "Kunde".to_owned()];
    });
    let made = desk.make(full.clone()).await;
    let expected = proto::Response {
        response_id: made.response_id.clone(),
        etag: made.etag.clone(),
        created_at: made.created_at,
        ..full
    };
    assert_eq!(made, expected);
    assert_eq!(desk.read(&made.response_id).await.expect("there"), made);
    // Only what the mask names.
    let other = proto::Response {
        name: "Anders".to_owned(),
        tags: vec![],
        ..made.clone()
    };
    let changed = desk.change(&other, &["tags"]).await.expect("changed");
    assert_eq!((changed.name.as_str(), changed.tags.len()), ("Gruß", 0));
}

type Change = fn(&mut proto::Response);
const WRONG: [(Change, &str); 27] = [
    (|r| r.name.clear(), "response.name"),
    (|r| r.name = "ä".repeat(101), "response.name"),
    (|r| r.shortcut = "x".repeat(21), "response.shortcut"),
    (|r| r.shortcut = "a b".to_owned(), "response.shortcut"),
    (|r| r.library_ids.clear(), "response.library_ids"),
    (|r| r.library_ids = vec![text(1); 21], "response.library_ids"),
    (|r| r.library_ids = vec!["x".to_owned()], "response.library_ids"),
    (|r| r.variants.clear(), "response.variants"),
    (|r| r.variants = vec![variant("de", "x"); 51], "response.variants"),
    (|r| r.variants.push(variant("DE", "x")), "response.variants"),
    (|r| r.variants.push(variant("d", "x")), "response.variants"),
    (|r| r.variants.push(variant("en", " ")), "response.variants"),
    (
        |r| r.variants.push(variant("en", &"ä".repeat(4_001))),
        "response.variants",
    ),
    (|r| r.variants.push(variant("en", "a\u{7}")), "response.variants"),
    (|r| r.variants.push(variant("en", "{{ORDER}}")), "response.variants"),
    (
        |r| r.variants.push(variant("en", "{{ AGENT_NAME }}")),
        "response.variants",
    ),
    (|r| r.variants.push(variant("en", "{{AGENT_NAME")), "response.variants"),
    (
        |r| r.variants.push(variant("en", "{{{{AGENT_NAME}}}}")),
        "response.variants",
    ),
    (
        |r| r.substitutions = vec![substitution("A", ""); 51],
        "response.substitutions",
    ),
    (
        |r| r.substitutions = vec![substitution("A", ""); 2],
        "response.substitutions",
    ),
    (
        |r| r.substitutions = vec![substitution("order", "")],
        "response.substitutions",
    ),
    (
        |r| r.substitutions = vec![substitution(&"A".repeat(51), "")],
        "response.substitutions",
    ),
    (
        |r| r.substitutions = vec![substitution("A", &"x".repeat(1_001))],
        "response.substitutions",
    ),
    (|r| r.tags = vec!["x".to_owned(); 21], "response.tags"),
    (|r| r.tags = vec!["Ä".to_owned(), "ä".to_owned()], "response.tags"),
    (|r| r.tags = vec![" ".to_owned()], "response.tags"),
    (|r| r.tags = vec!["x".repeat(51)], "response.tags"),
];

#[tokio::test]
async fn what_is_wrong_is_named() {
    let world = World::new().await;
    let desk = world.administrator();
    for (number, (change, field)) in WRONG.into_iter().enumerate() {
        let refused = desk.try_make(with(change)).await.expect_err("it is wrong");
        assert_eq!(
            said(&refused, "field").as_deref(),
            Some(field),
            "{number}: {}",
            refused.message()
        );
    }
}

#[tokio::test]
async fn what_is_not_declared_is_named_with_its_variant() {
    let world = World::new().await;
    let desk = world.administrator();
    let undeclared = with(|response| response.variants.push(variant("en-gb", "{{ORDER}} {{DATE}}")));
    let undeclared = with_order(undeclared);
    let refused = desk.try_make(undeclared).await.expect_err("DATE is not declared");
    assert_eq!(said(&refused, "language").as_deref(), Some("en-gb"));
    assert_eq!(said(&refused, "substitution").as_deref(), Some("DATE"));
    assert!(
        desk.try_make(with(|r| r.variants = vec![variant("de", &"ä".repeat(4_000))]))
            .await
            .is_ok()
    );
}

fn with_order(mut response: proto::Response) -> proto::Response {
    response.substitutions = vec![substitution("ORDER", "")];
    response
}

#[tokio::test]
async fn a_change_of_one_part_must_fit_the_others() {
    let world = World::new().await;
    let desk = world.administrator();
    let made = desk
        .make(with_order(with(|r| r.variants[0].text = "{{ORDER}}".to_owned())))
        .await;
    let bare = proto::Response {
        substitutions: vec![],
        variants: vec![variant("de", "nichts")],
        ..made
    };
    assert_eq!(why(desk.change(&bare, &["substitutions"]).await), Reason::FieldInvalid);
    let changed = desk
        .change(&bare, &["substitutions", "variants"])
        .await
        .expect("they fit");
    assert_eq!(changed.substitutions, []);
}

#[tokio::test]
async fn shortcuts_are_unique_in_each_library() {
    let world = World::new().await;
    let desk = world.administrator();
    let short = |shortcut: &str, libraries: &[u128]| {
        with(|response| {
            response.shortcut = shortcut.to_owned();
            response.library_ids = libraries.iter().copied().map(text).collect();
        })
    };
    let first = desk.make(short("Grü", &[SALES_TEXTS])).await;
    let refused = desk
        .try_make(short("GRÜ", &[SUPPORT_TEXTS, SALES_TEXTS]))
        .await
        .expect_err("taken in one");
    assert_eq!(said(&refused, "library"), Some(text(SALES_TEXTS)));
    assert_eq!(why::<()>(Err(refused)), Reason::NameTaken);
    let second = desk.make(short("grü", &[SUPPORT_TEXTS])).await;
    // Nothing is not taken.
    desk.make(short("", &[SALES_TEXTS])).await;
    desk.make(short("", &[SALES_TEXTS])).await;
    let both = proto::Response {
        library_ids: vec![text(SALES_TEXTS), text(SUPPORT_TEXTS)],
        ..second.clone()
    };
    assert_eq!(why(desk.change(&both, &["library_ids"]).await), Reason::NameTaken);
    let gone = proto::DeleteResponseRequest {
        response_id: first.response_id,
        etag: first.etag,
    };
    desk.delete_response(gone).await.expect("gone");
    assert_eq!(
        desk.change(&both, &["library_ids"])
            .await
            .expect("free again")
            .library_ids
            .len(),
        2
    );

    let twins = tokio::join!(
        desk.try_make(short("neu", &[SALES_TEXTS])),
        desk.try_make(short("NEU", &[SALES_TEXTS]))
    );
    assert_eq!(usize::from(twins.0.is_ok()) + usize::from(twins.1.is_ok()), 1);
}

#[tokio::test]
async fn lists_are_of_a_library_or_a_tag() {
    let world = World::new().await;
    let desk = world.administrator();
    for (name, library, tag) in [
        ("A", SALES_TEXTS, "Eil"),
        ("B", SUPPORT_TEXTS, "eil"),
        ("C", SALES_TEXTS, "Eilig"),
    ] {
        let mut made = response(name, "x");
        made.library_ids = vec![text(library)];
        made.tags = vec![tag.to_owned()];
        desk.make(made).await;
    }
    let everywhere = world.user(1, &ALL, &[0]);
    let seller = world.user(2, &ALL, &[SALES]);
    for (library, tag, expected, sellers) in [
        ("", "", "A B C", "A C"),
        ("", "EIL", "A B", "A"),
        (&*text(SALES_TEXTS), "", "A C", "A C"),
        (&text(SALES_TEXTS), "eilig", "C", "C"),
        ("", "e", "", ""),
    ] {
        for (desk, expected) in [(&desk, expected), (&everywhere, expected), (&seller, sellers)] {
            assert_eq!(listed(desk, library, tag).await.join(" "), expected, "{library} {tag}");
        }
    }
    let asked = proto::ListResponsesRequest {
        library_id: text(SUPPORT_TEXTS),
        ..proto::ListResponsesRequest::default()
    };
    assert_eq!(why(seller.list_responses(asked).await), Reason::NotFound);
}

async fn listed(desk: &Desk, library: &str, tag: &str) -> Vec<String> {
    let asked = proto::ListResponsesRequest {
        library_id: library.to_owned(),
        tag: tag.to_owned(),
        ..proto::ListResponsesRequest::default()
    };
    let page = desk.list_responses(asked).await.expect("a page");
    page.responses.into_iter().map(|response| response.name).collect()
}

#[tokio::test]
async fn uses_are_counted_once_for_each_message() {
    let world = World::new().await;
    let desk = world.administrator();
    let made = desk.make(response("Gruß", "x")).await;
    let used = |message: &str| proto::RecordUseRequest {
        response_id: made.response_id.clone(),
        client_message_id: message.to_owned(),
        conversation_id: String::new(),
    };
    let agent = world.user(1, &["responses:response:view"], &[SALES]);
    for (message, uses) in [("a", 1), ("b", 2), ("a", 2), ("c", 3)] {
        assert_eq!(
            agent.record_use(used(message)).await.expect("counted").uses,
            uses,
            "{message}"
        );
    }
    let twins = tokio::join!(
        agent.record_use(used("d")),
        agent.record_use(used("d")),
        agent.record_use(used("e"))
    );
    assert!(twins.0.is_ok() && twins.1.is_ok() && twins.2.is_ok());
    let read = desk.read(&made.response_id).await.expect("there");
    assert_eq!((read.uses, read.etag), (5, made.etag.clone()));
    assert!(read.last_used_at.is_some());
    for message in ["", "a\n", &"x".repeat(65)] {
        assert_eq!(why(agent.record_use(used(message)).await), Reason::FieldInvalid);
    }
    let elsewhere = world.user(2, &ALL, &[SUPPORT]);
    assert_eq!(why(elsewhere.record_use(used("f")).await), Reason::NotFound);
}

#[tokio::test]
async fn a_text_too_long_for_a_message_says_so() {
    let world = World::new().await;
    let long = with(|r| r.variants.push(variant("en", &"x".repeat(4_001))));
    let refused = world.administrator().try_make(long).await.expect_err("too long");
    assert_eq!(said(&refused, "maximum_characters").as_deref(), Some("4000"));
    assert_eq!(said(&refused, "language").as_deref(), Some("en"));
    assert_eq!(why::<()>(Err(refused)), Reason::MessageTooLarge);
}

#[tokio::test]
async fn what_nobody_ever_used_is_listed() {
    let world = World::new().await;
    let desk = world.administrator();
    let seller = world.user(2, &ALL, &[SALES]);
    let mut made = Vec::new();
    for (name, library) in [("A", SALES_TEXTS), ("B", SALES_TEXTS), ("C", SUPPORT_TEXTS)] {
        let mut one = response(name, "x");
        one.library_ids = vec![text(library)];
        one.tags = vec!["Eil".to_owned()];
        made.push(desk.make(one).await);
    }
    let everywhere = world.user(1, &ALL, &[0]);
    let used = proto::RecordUseRequest {
        response_id: made[0].response_id.clone(),
        client_message_id: "1".to_owned(),
        conversation_id: String::new(),
    };
    desk.record_use(used).await.expect("counted");
    for (desk, library, tag, expected) in [
        (&everywhere, "", "", "B C"),
        (&everywhere, "", "eil", "B C"),
        (&desk, "", "", "B C"),
        (&seller, "", "", "B"),
        (&seller, "", "eil", "B"),
        (&desk, &*text(SALES_TEXTS), "", "B"),
        (&desk, &*text(SUPPORT_TEXTS), "eil", "C"),
    ] {
        let asked = proto::ListResponsesRequest {
            library_id: library.to_owned(),
            tag: tag.to_owned(),
            never_used: true,
            page_size: 1,
            ..proto::ListResponsesRequest::default()
        };
        assert_eq!(all_pages(desk, asked).await.join(" "), expected, "{library} {tag}");
    }
}

async fn all_pages(desk: &Desk, mut asked: proto::ListResponsesRequest) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let page = desk.list_responses(asked.clone()).await.expect("a page");
        names.extend(page.responses.into_iter().map(|response| response.name));
        asked.page_token = page.next_page_token;
        if asked.page_token.is_empty() {
            return names;
        }
    }
}
