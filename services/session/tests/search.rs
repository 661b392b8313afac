//! Finding what was said: what is found, by whom, and that nobody finds what is not for them.

#[path = "support/find.rs"]
mod find;
mod support;

use find::{NOWHERE, text};
use futures::future::join_all;
use onqueue_model::{DivisionId, Timestamp, UserId};
use onqueue_proto::session::v1::{self as proto, Event, SearchTranscriptsRequest, event::Body, report_request::Fact};
use onqueue_testkit::with_token;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use support::{
    Chat, Desk, House, agent, assigned, chat, closed_queue, division, id, offered, organisation, policy, queue, queued,
    reason, wish,
};
use tonic::Code;

/// Who sees what is in the other queue.
const ELSEWHERE: u128 = 702;

fn elsewhere() -> DivisionId {
    id(90)
}

impl House {
    /// A token of a user who may read the transcripts of a division.
    fn reader(&self, number: u128, division: DivisionId) -> String {
        let user: UserId = id(number);
        self.tokens
            .grant(organisation(), user, division, &["recording:transcript:view"]);
        self.tokens.user(organisation(), user, "Rea")
    }

    /// The other queue is open, and of another division.
    async fn two_divisions(&self) {
        let other = proto::QueuePolicy {
            division_id: elsewhere().to_string(),
            ..policy(closed_queue(), 2)
        };
        self.desk.put(other).await;
    }
}

impl Desk {
    async fn whispers(&self, token: &str, chat: &Chat, (key, text): (&str, &str)) {
        let request = proto::SendSideMessageRequest {
            conversation_id: chat.id.clone(),
            client_message_id: key.to_owned(),
            text: text.to_owned(),
        };
        let sent = self.supervision().send_side_message(with_token(request, token)).await;
        sent.expect("sent");
    }
}

#[tokio::test]
async fn german_and_english_are_found_where_they_were_said() {
    let house = House::new(80).await;
    let (desk, sue) = (&house.desk, house.supervisor_token());
    let chats = join_all((0..3).map(|request| desk.start(request))).await;
    for (at, said) in [
        "Wo ist meine Rückerstattung? Die Rechnungsnummer ist 4711-22.",
        "I was charged twice, please refund it. <b>Danke</b>",
        "Die Rechnungen kommen nie an!",
    ]
    .iter()
    .enumerate()
    {
        desk.send(&chats[at].token, &chats[at].id, "k", said)
            .await
            .expect("sent");
    }
    desk.indexed().await;
    for (query, expected) in [
        ("rueckerstattung", &[0][..]),
        ("Rechnung", &[0, 2]),
        ("\"rechnungen\"", &[2]),
        ("refunds", &[1]),
        ("charged refund", &[1]),
        ("charged rechnung", &[]),
        ("\"meine Rückerstattung\"", &[0]),
        ("\"Rückerstattung meine\"", &[]),
        ("4711", &[0]),
        ("b danke", &[1]),
        ("Ann bill", &[0, 1, 2]),
        ("hallo", &[0, 1, 2]),
        ("OR AND NOT NEAR", &[]),
        ("words:hallo* ^hallo", &[]),
        ("'; DROP TABLE session_events; --", &[]),
        ("", &[0, 1, 2]),
    ] {
        let mut found = desk.finds(&sue, text(query), &chats).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    let found = desk.find(&sue, text("rechnung")).await;
    let hits: Vec<String> = found.iter().flat_map(|one| one.hits.iter().map(marked)).collect();
    assert_eq!(hits.len(), 2);
    assert!(hits.contains(&"Die [Rechnungen] kommen nie an!".to_owned()), "{hits:?}");
    for bad in ["!", "a b c d e f g h i", &"x".repeat(201)] {
        let refused = desk.search(&sue, text(bad)).await.expect_err("no words");
        assert_eq!(reason(&refused), "FIELD_INVALID");
    }
}

/// An excerpt with what was found in brackets.
fn marked(hit: &proto::TranscriptHit) -> String {
    let mut letters: Vec<String> = hit.excerpt.chars().map(String::from).collect();
    for mark in &hit.marks {
        let at = |number: i32| usize::try_from(number).expect("not negative");
        letters[at(mark.start)].insert(0, '[');
        letters[at(mark.start + mark.length - 1)].push(']');
    }
    letters.concat()
}

/// Twelve chats that began three by three, two hours apart. An agent had the sixth and said twice how it went; the eighth
/// went to the other queue.
async fn filed(house: &House) -> Vec<Chat> {
    let desk = &house.desk;
    let mut chats = Vec::new();
    for round in 0..4 {
        house.clock.advance(Duration::from_secs(7_200));
        let started = join_all((0..3).map(|number| desk.start(round * 3 + number))).await;
        chats.extend(started);
    }
    let taken = [queued(), offered(agent()), assigned(agent())];
    let facts = taken.into_iter().chain([wrapped(id(801)), wrapped(id(802))]);
    for (position, fact) in (1..).zip(facts) {
        assert!(desk.report(&chats[5].id, 1, position, fact).await.expect("recorded"));
    }
    let moved = Fact::Queued(proto::QueuedFact {
        queue_id: closed_queue().to_string(),
    });
    assert!(desk.report(&chats[7].id, 1, 1, moved).await.expect("recorded"));
    desk.indexed().await;
    chats
}

/// What is asked for, and which of the chats are found; the second round began at that moment.
fn filters(began: Timestamp) -> [(&'static str, SearchTranscriptsRequest, Vec<usize>); 7] {
    let all = SearchTranscriptsRequest::default;
    let agents = SearchTranscriptsRequest {
        user_id: agent().to_string(),
        ..all()
    };
    let queues = SearchTranscriptsRequest {
        queue_id: closed_queue().to_string(),
        ..all()
    };
    let wrapped_up = |code| SearchTranscriptsRequest {
        wrap_up_code_id: id::<()>(code).to_string(),
        ..all()
    };
    let from = SearchTranscriptsRequest {
        created_from: Some(onqueue_proto::timestamp(began)),
        ..all()
    };
    let before = SearchTranscriptsRequest {
        created_before: Some(onqueue_proto::timestamp(began)),
        ..all()
    };
    [
        ("all", all(), (0..12).collect()),
        ("agent", agents, vec![5]),
        ("queue", queues, vec![7]),
        ("the last word on it", wrapped_up(802), vec![5]),
        ("what it was before", wrapped_up(801), vec![]),
        ("from", from, (3..12).collect()),
        ("before", before, (0..3).collect()),
    ]
}

#[tokio::test]
async fn filters_narrow_and_pages_join() {
    let house = House::new(81).await;
    house.two_divisions().await;
    let (desk, chats) = (&house.desk, filed(&house).await);
    let sue = house.reader(701, DivisionId::ALL);
    let listed = desk.find(&sue, text("")).await;
    let mut summaries = listed.into_iter().filter_map(|one| one.conversation);
    let fourth = summaries.find(|one| one.conversation_id == chats[3].id);
    let began = fourth.expect("there").created_at.expect("a time");
    let began = onqueue_proto::millis(&began);
    for query in ["", "hallo"] {
        for (what, filter, expected) in filters(began) {
            let request = SearchTranscriptsRequest {
                text: query.to_owned(),
                page_size: 2,
                ..filter
            };
            let mut found = desk.finds(&sue, request, &chats).await;
            // The newest first; those of one moment in any order.
            let rounds: Vec<usize> = found.iter().map(|at| at / 3).collect();
            assert!(rounds.is_sorted_by(|one, next| one >= next), "{what}: {found:?}");
            found.sort_unstable();
            assert_eq!(found, expected, "{what} {query}");
        }
    }
}

#[tokio::test]
async fn the_token_of_another_search_leads_nowhere() {
    let house = House::new(87).await;
    let foreign = SearchTranscriptsRequest {
        page_token: onqueue_store::encode_token(&(id::<()>(1).to_string(), 0)),
        ..text("x")
    };
    let refused = house.desk.search(&house.supervisor_token(), foreign).await;
    assert_eq!(reason(&refused.expect_err("not ours")), "CURSOR_MALFORMED");
}

fn wrapped(code: onqueue_model::Id<()>) -> Fact {
    Fact::WrapUpSet(proto::WrapUpSetFact {
        user_id: agent().to_string(),
        wrap_up_code_id: code.to_string(),
        wrap_up_code_name: "Done".to_owned(),
    })
}

#[tokio::test]
async fn what_is_not_for_guests_is_found_by_agents_alone() {
    let house = House::new(82).await;
    house.two_divisions().await;
    let (desk, ada) = (&house.desk, house.agent_token());
    let chat = house.connected(1).await;
    desk.whispers(&ada, &chat, ("s1", "Vorsicht, Nörgler")).await;
    desk.indexed().await;
    let chats = [chat.clone()];
    let els = house.reader(ELSEWHERE, elsewhere());
    for (token, expected) in [(&ada, &[0][..]), (&house.supervisor_token(), &[0]), (&els, &[])] {
        assert_eq!(desk.finds(token, text("nörgler"), &chats).await, expected);
        assert_eq!(desk.finds(token, text("hallo"), &chats).await, expected);
        assert_eq!(desk.finds(token, text(""), &chats).await, expected);
    }
    let refused = desk.search(&chat.token, text("hallo")).await.expect_err("a guest");
    assert_eq!(refused.code(), Code::PermissionDenied);
    // Who is there no more finds nothing of it, and who has it now everything.
    let moved = Fact::Queued(proto::QueuedFact {
        queue_id: closed_queue().to_string(),
    });
    assert!(desk.report(&chat.id, 1, 9, moved).await.expect("recorded"));
    assert_eq!(desk.finds(&ada, text("hallo"), &chats).await, NOWHERE);
    assert_eq!(
        desk.finds(&house.supervisor_token(), text("hallo"), &chats).await,
        NOWHERE
    );
    assert_eq!(desk.finds(&els, text("nörgler"), &chats).await, [0]);
}

#[tokio::test]
async fn what_comes_after_the_end_of_a_replica_is_found_too() {
    let house = House::new(83).await;
    let sue = house.supervisor_token();
    let other = house.replica_apart(84, onqueue_session::Faults::default()).await;
    let chat = other.start(1).await;
    other
        .send(&chat.token, &chat.id, "k", "Letzte Worte")
        .await
        .expect("sent");
    // It goes before it may have looked.
    other.context.tasks.drain_token().cancel();
    let late = Duration::from_secs(30);
    onqueue_testkit::until("the other replica's words", late, async || {
        !house.desk.find(&sue, text("letzte worte")).await.is_empty()
    })
    .await;
}

/// A look at everything that is open comes every ten seconds: four things that were found by it would have taken thirty.
#[tokio::test]
#[allow(clippy::disallowed_methods)] // looks come in their own time
async fn what_is_said_is_found_before_everything_is_looked_at() {
    const ALL: Duration = Duration::from_secs(20);
    let house = House::new(85).await;
    let (desk, sue) = (&house.desk, house.supervisor_token());
    let chat = desk.start(1).await;
    desk.indexed().await;
    let began = Instant::now();
    for said in ["ahorn", "buche", "eiche", "fichte"] {
        desk.send(&chat.token, &chat.id, said, said).await.expect("sent");
        desk.indexed().await;
        assert_eq!(desk.find(&sue, text(said)).await.len(), 1, "{said}");
    }
    assert!(began.elapsed() < ALL, "{:?}", began.elapsed());
}

/// Beside those who write, little is indexed in one step: of a long talk some is left each time.
#[tokio::test]
async fn long_talks_are_found_from_their_beginning_to_their_end() {
    const SAID: [usize; 2] = [150, 70];
    let house = House::new(86).await;
    let (desk, sue) = (&house.desk, house.supervisor_token());
    let chats = [desk.start(1).await, desk.start(2).await];
    let talks = chats.iter().zip(SAID).map(|(chat, count)| {
        join_all((0..count).map(async move |number| {
            let word = format!("wort{number:03}");
            desk.send(&chat.token, &chat.id, &word, &word).await
        }))
    });
    for sent in join_all(talks).await.into_iter().flatten() {
        sent.expect("sent");
    }
    desk.indexed().await;
    for number in [0, 30, 31, 32, 33, 63, 64, 65, 69, 70, 148, 149, 150] {
        let mut found = desk.finds(&sue, text(&format!("wort{number:03}")), &chats).await;
        found.sort_unstable();
        let expected: Vec<usize> = (0..2).filter(|chat| number < SAID[*chat]).collect();
        assert_eq!(found, expected, "{number}");
    }
}

/// Numbers that look random and come again with the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("fits") % sides
    }

    fn pick<'t>(&mut self, some: &[&'t str]) -> &'t str {
        some[self.roll(some.len())]
    }
}

const WORDS: [&str; 12] = [
    "apfel", "birne", "citron", "dattel", "erdbeere", "feige", "gurke", "hafer", "ingwer", "joghurt", "kohl", "linse",
];

/// Chats in two divisions with agents who come and go, in which everybody says something.
async fn bazaar(house: &House, dice: &mut Dice) -> Vec<Chat> {
    let desk = &house.desk;
    let begun = join_all((0..16_u128).map(|number| async move {
        let queue = if number % 3 == 0 { closed_queue() } else { queue() };
        let wish = proto::StartConversationRequest {
            queue_id: queue.to_string(),
            topic: WORDS[usize::try_from(number % 5).expect("few")].to_owned(),
            ..wish(number)
        };
        chat(desk.try_start(wish).await.expect("starts"))
    }));
    let chats = begun.await;
    for chat in &chats {
        let mut position = 0;
        for round in 0..dice.roll(4) {
            let who: UserId = id(600 + u128::try_from(dice.roll(3)).expect("few"));
            for fact in [queued(), offered(who), assigned(who)] {
                position += 1;
                desk.report(&chat.id, 1, position, fact).await.expect("recorded");
            }
            let token = house.tokens.user(organisation(), who, "Ada");
            for turn in 0..dice.roll(5) {
                let key = format!("{round}-{turn}");
                let said = format!("{} und {}", dice.pick(&WORDS), dice.pick(&WORDS));
                match dice.roll(3) {
                    0 => drop(desk.send(&chat.token, &chat.id, &key, &said).await.expect("sent")),
                    1 => drop(desk.send(&token, &chat.id, &key, &said).await.expect("sent")),
                    _ => desk.whispers(&token, chat, (&key, &said)).await,
                }
            }
        }
        match dice.roll(4) {
            0 => drop(desk.end(&chat.token, &chat.id).await.expect("ends")),
            1 => {
                let moved = Fact::Queued(proto::QueuedFact {
                    queue_id: [queue(), closed_queue()][dice.roll(2)].to_string(),
                });
                desk.report(&chat.id, 1, position + 1, moved).await.expect("recorded");
            }
            _ => {}
        }
    }
    chats
}

/// What of an event is found.
fn said(event: &Event) -> String {
    match event.body.as_ref().expect("a body") {
        Body::Opened(opened) => format!("{} {}", opened.guest_name, opened.topic),
        Body::Message(message) => message.text.clone(),
        Body::SideMessage(message) => message.text.clone(),
        Body::CoachMessage(message) => message.text.clone(),
        _ => String::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_finds_exactly_what_they_may_see() {
    for seed in [85, 86] {
        let house = House::new(seed).await;
        house.two_divisions().await;
        let desk = &house.desk;
        let mut dice = Dice(seed);
        let chats = bazaar(&house, &mut dice).await;
        desk.indexed().await;
        let mut callers: Vec<String> = (0..3)
            .map(|number| house.tokens.user(organisation(), id(600 + number), "Ada"))
            .collect();
        // One takes part and may look as well; others may look here, there, everywhere, or nowhere.
        house
            .tokens
            .grant(organisation(), id(602), division(), &["recording:transcript:view"]);
        callers.push(house.reader(701, division()));
        callers.push(house.reader(ELSEWHERE, elsewhere()));
        callers.push(house.reader(703, DivisionId::ALL));
        callers.push(house.tokens.user(organisation(), id(704), "Nob"));
        callers.push(house.tokens.user(id(66), id(67), "Eve"));
        for token in &callers {
            let mut logs = Vec::new();
            for chat in &chats {
                logs.push(desk.log(token, &chat.id).await.unwrap_or_default());
            }
            for round in 0..12 {
                let wanted: BTreeSet<&str> = (0..=round % 3).map(|_| dice.pick(&WORDS)).collect();
                let query = wanted.iter().copied().collect::<Vec<_>>().join(" ");
                let request = SearchTranscriptsRequest {
                    page_size: i32::try_from(1 + dice.roll(5)).expect("few"),
                    ..text(&query)
                };
                compare(desk, token, request, (&chats, &logs), &wanted).await;
            }
        }
    }
}

/// What is found is what the caller's own logs have, and nothing else.
async fn compare(
    desk: &Desk,
    token: &str,
    request: SearchTranscriptsRequest,
    (chats, logs): (&[Chat], &[Vec<Event>]),
    wanted: &BTreeSet<&str>,
) {
    let has = |event: &&Event| {
        let said = said(event).to_lowercase();
        let words: BTreeSet<&str> = said.split_whitespace().collect();
        wanted.iter().all(|word| words.contains(word))
    };
    let found = desk.find(token, request.clone()).await;
    for one in &found {
        let id = &one.conversation.as_ref().expect("a conversation").conversation_id;
        let at = chats.iter().position(|chat| chat.id == *id).expect("one of the chats");
        let expected: Vec<(&str, i64)> = logs[at]
            .iter()
            .filter(has)
            .map(|event| (event.event_id.as_str(), event.sequence))
            .collect();
        let last = &expected[expected.len().saturating_sub(3)..];
        let hits: Vec<(&str, i64)> = one
            .hits
            .iter()
            .map(|hit| (hit.event_id.as_str(), hit.sequence))
            .collect();
        assert_eq!(hits, last, "{request:?}");
    }
    let found: BTreeSet<&str> = found
        .iter()
        .map(|one| {
            one.conversation
                .as_ref()
                .expect("a conversation")
                .conversation_id
                .as_str()
        })
        .collect();
    let expected: BTreeSet<&str> = chats
        .iter()
        .zip(logs)
        .filter(|(_, log)| log.iter().any(|event| has(&event)))
        .map(|(chat, _)| chat.id.as_str())
        .collect();
    assert_eq!(found, expected, "{request:?}");
}
