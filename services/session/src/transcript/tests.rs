//! What anybody writes stays what they wrote, and nothing more.

use super::*;
use onqueue_chat::{Body, EndReason, Kind, ParticipantKind, Visibility};
use onqueue_model::Id;
use proptest::prelude::*;
use uuid::Uuid;

fn writer(format: Format, language: Language, name: &str) -> Writer {
    Writer {
        format,
        language,
        zone: Zone::parse("Europe/Berlin").expect("a zone"),
        title: Title {
            conversation: Id::new(Uuid::from_u128(1)),
            queue: name.to_owned(),
            guest: name.to_owned(),
            topic: name.to_owned(),
            began: Timestamp(1_761_438_600_000),
            ended: None,
            made: Timestamp(1_761_442_200_000),
        },
        people: vec![Who {
            id: Id::new(Uuid::from_u128(2)),
            kind: ParticipantKind::Guest,
            name: name.to_owned(),
        }],
    }
}

fn event(body: Body) -> Event {
    Event {
        id: Id::new(Uuid::from_u128(3)),
        sequence: 1,
        public_sequence: Some(1),
        agent_sequence: Some(1),
        at: Timestamp(1_761_438_600_000),
        participant: Some(Id::new(Uuid::from_u128(2))),
        body,
        client_message_id: None,
        salt: [0; 16],
        hash: [0; 32],
    }
}

fn message(text: &str) -> Event {
    event(Body::Message { text: text.to_owned() })
}

#[test]
fn events_are_said_in_both_languages() {
    let ended = event(Body::Ended {
        reason: EndReason::Inactivity,
    });
    let erased = event(Body::Erased {
        kind: Kind::Message,
        visibility: Visibility::Everyone,
    });
    let queued = event(Body::Queued {
        queue: Id::new(Uuid::from_u128(4)),
        queue_name: "Billing".to_owned(),
    });
    for (language, event, expected) in [
        (Language::English, &ended, "Ended because nobody wrote.\n"),
        (Language::German, &ended, "Beendet, weil niemand schrieb.\n"),
        (Language::German, &erased, "[entfernt]\n"),
        (Language::English, &queued, "Waits in the queue Billing.\n"),
        (
            Language::English,
            &message("one\ntwo"),
            "Ann (customer):\n    one\n    two\n",
        ),
        (Language::German, &message("eins"), "Ann (Kunde):\n    eins\n"),
    ] {
        let said = writer(Format::Text, language, "Ann").event(event, 1);
        let at = if language == Language::English {
            "2025-10-26 02:30:00 +02:00"
        } else {
            "26.10.2025 02:30:00 +02:00"
        };
        assert_eq!(said, format!("{at}  {expected}"));
    }
}

#[test]
fn zones_and_languages_are_known_or_refused() {
    for (name, known) in [
        ("", true),
        ("Europe/Berlin", true),
        ("Berlin", false),
        ("../etc/passwd", false),
    ] {
        assert_eq!(Zone::parse(name).is_some(), known, "{name}");
    }
    for (tag, known) in [
        ("", true),
        ("de", true),
        ("de-CH", true),
        ("EN-gb", true),
        ("fr", false),
        ("deutsch", false),
    ] {
        assert_eq!(Language::parse(tag).is_some(), known, "{tag}");
    }
}

proptest! {
    #[test]
    fn in_text_only_events_begin_lines(text in "(\\PC|[\n\r\t\u{2028}\u{202e}]){0,60}", name in "\\PC{0,20}") {
        let writer = writer(Format::Text, Language::English, &name);
        let said = writer.event(&message(&text), 1);
        let heads = said.lines().filter(|line| !line.starts_with("    ")).count();
        prop_assert_eq!(heads, 1, "{}", said);
        let turned = said.contains('\u{202e}');
        prop_assert!(!turned);
        prop_assert!(writer.begin().lines().count() <= 11);
    }

    #[test]
    fn a_page_has_only_our_tags(text in "(\\PC|[<>&\"'\n]){0,60}", name in "(\\PC|[<>&\"']){0,20}") {
        let tags = |name: &str, text: &str| {
            let writer = writer(Format::Html, Language::German, name);
            let page = writer.begin() + &writer.event(&message(text), 1) + writer.end();
            let tags: Vec<String> = page.split('<').skip(1).filter_map(|tag| Some(tag.split_once('>')?.0.to_owned())).collect();
            tags
        };
        if !name.is_empty() && !text.is_empty() {
            prop_assert_eq!(tags(&name, &text), tags("a", "b"));
        }
    }

    #[test]
    fn json_gives_back_what_was_said(text in "\\PC{0,60}", name in "\\PC{0,20}") {
        let writer = writer(Format::Json, Language::English, &name);
        let file = writer.begin() + &writer.event(&message(&text), 1) + &writer.event(&message("x"), 2) + writer.end();
        let read: serde_json::Value = serde_json::from_str(&file).expect("JSON");
        prop_assert_eq!(read["events"][0]["text"].as_str(), Some(text.as_str()));
        prop_assert_eq!(read["events"][0]["participant"]["name"].as_str(), Some(name.as_str()));
        prop_assert_eq!(read["events"].as_array().map(Vec::len), Some(2));
    }
}
