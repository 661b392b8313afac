//! What becomes of a conversation, by examples.

mod support;

use onqueue_chat::{
    Body, Changes, ConversationKind, EndReason, Event, Fact, Input, Kind, Part, Place, Refusal, Sender, Silence, State,
    Then, Visibility,
};
use onqueue_model::{Fault, Reason, Timestamp};
use std::time::Duration;
use support::{Driven, assigned, attach, guest, id, key, post, queued, text, transferred, user};

const MINUTE: u64 = 60;

fn kinds(events: &[Event]) -> Vec<(Kind, bool)> {
    let kind = |event: &Event| (event.body.kind(), event.public_sequence.is_some());
    events.iter().map(kind).collect()
}

fn ended(events: &[Event]) -> Option<EndReason> {
    match events.last().map(|event| &event.body) {
        Some(Body::Ended { reason }) => Some(*reason),
        _ => None,
    }
}

#[test]
fn silence_is_warned_of_and_ends_only_while_connected() {
    let mut chat = Driven::start(ConversationKind::Chat);
    chat.after(20 * MINUTE).apply(Input::Sweep).expect("open");
    assert_eq!(chat.head.state, State::Pending, "waiting is not silence");
    chat.fact(assigned(1)).expect("open");
    let joined = chat.now;
    assert_eq!(chat.head.check_at, Some(joined + Duration::from_secs(14 * MINUTE)));
    assert_eq!(chat.after(14 * MINUTE - 1).apply(Input::Sweep), Ok(vec![]));
    let warned = chat.after(1).apply(Input::Sweep).expect("open");
    let ends_at = joined + Duration::from_secs(15 * MINUTE);
    assert_eq!(warned[0].body, Body::InactivityWarned { ends_at });
    assert_eq!(chat.apply(Input::Sweep), Ok(vec![]), "warned once");
    chat.after(30).apply(post(Sender::User(user(1)), "a")).expect("open");
    let again = chat.now + Duration::from_secs(14 * MINUTE);
    assert_eq!(chat.head.check_at, Some(again), "armed anew");
    let warned = chat.after(14 * MINUTE).apply(Input::Sweep).expect("open");
    assert_eq!(warned.len(), 1, "warned again");
    let over = chat.after(MINUTE).apply(Input::Sweep).expect("open");
    assert_eq!(ended(&over), Some(EndReason::Inactivity));
    let refusal = chat.apply(post(guest(), "b")).expect_err("over");
    assert_eq!(Fault::from(refusal).reason, Reason::ConversationIdleTimeout);
}

#[test]
fn only_the_silence_of_whom_the_queue_names_counts() {
    let agent = Sender::User(user(1));
    for (counts, writes, is_over) in [
        (Silence::Both, guest(), false),
        (Silence::Both, agent, false),
        (Silence::Guest, guest(), false),
        (Silence::Guest, agent, true),
        (Silence::Agent, guest(), true),
        (Silence::Agent, agent, false),
    ] {
        let mut chat = Driven::connected(ConversationKind::Chat);
        chat.rules.inactivity.counts = counts;
        chat.after(14 * MINUTE).apply(Input::Sweep).expect("open");
        assert_eq!(chat.kinds().last(), Some(&Kind::InactivityWarned));
        chat.apply(attach(writes, "a")).expect("open");
        assert_eq!(chat.head.warned_at.is_some(), is_over, "{counts:?} {writes:?}");
        chat.after(MINUTE).apply(Input::Sweep).expect("open");
        assert_eq!(chat.head.ended().is_some(), is_over, "{counts:?} {writes:?}");
    }
}

#[test]
fn what_is_said_aside_is_no_activity() {
    let mut chat = Driven::connected(ConversationKind::Chat);
    chat.after(14 * MINUTE).apply(Input::Sweep).expect("open");
    let aside = Input::SideMessage {
        by: support::person(1),
        text: text("where is it?"),
        key: key("a"),
    };
    let said = chat.apply(aside).expect("open");
    assert_eq!(kinds(&said), [(Kind::SideMessage, false)]);
    assert_eq!(said[0].participant, Some(id(101)), "as the participant that they are");
    let over = chat.after(MINUTE).apply(Input::Sweep).expect("open");
    assert_eq!(ended(&over), Some(EndReason::Inactivity));
}

#[test]
fn silence_may_be_for_another_queue_to_answer() {
    let mut chat = Driven::connected(ConversationKind::Chat);
    chat.rules.inactivity.then = Then::Transfer(id(6));
    chat.after(14 * MINUTE).apply(Input::Sweep).expect("open");
    let told = chat.after(MINUTE).apply(Input::Sweep).expect("open");
    assert_eq!(kinds(&told), [(Kind::Notice, true)]);
    assert_eq!(
        (chat.head.state, chat.head.queue),
        (State::Connected, id(3)),
        "routing decides"
    );
    assert_eq!(chat.apply(Input::Sweep), Ok(vec![]), "told once");
    assert_eq!(chat.head.check_at, Some(chat.now + Duration::from_secs(14 * MINUTE)));
    chat.fact(transferred(None, false)).expect("open");
    assert_eq!((chat.head.state, chat.head.queue), (State::Queued, id(6)));
}

#[test]
fn who_waits_and_has_gone_is_given_up() {
    for (kind, fact, is_over) in [
        (ConversationKind::Chat, None, true),
        (ConversationKind::Chat, Some(queued()), true),
        (ConversationKind::Chat, Some(assigned(1)), false),
        (ConversationKind::Messaging, Some(queued()), false),
    ] {
        let mut chat = Driven::start(kind);
        if let Some(fact) = fact.clone() {
            chat.fact(fact).expect("open");
        }
        let events = chat.apply(Input::Abandon).expect("open");
        assert_eq!(
            ended(&events),
            is_over.then_some(EndReason::Abandoned),
            "{kind:?} {fact:?}"
        );
    }
}

#[test]
fn a_lost_agents_chat_ends_where_the_queue_says_so() {
    let lost = |number| Fact::AgentLost { user: user(number) };
    let mut chat = Driven::connected(ConversationKind::Chat);
    assert_eq!(chat.fact(lost(2)), Ok(vec![]), "somebody else");
    assert_eq!(ended(&chat.fact(lost(1)).expect("open")), Some(EndReason::AgentLost));
    let mut chat = Driven::connected(ConversationKind::Chat);
    let moved = chat.fact(queued()).expect("open");
    assert_eq!(kinds(&moved), [(Kind::ParticipantLeft, true), (Kind::Queued, true)]);
}

#[test]
fn reports_that_come_late_change_nothing() {
    let mut chat = Driven::start(ConversationKind::Chat);
    let offered = Fact::Offered {
        user: user(1),
        agent_name: "A".to_owned(),
    };
    assert!(chat.report(5, offered.clone()).is_ok());
    assert_eq!(chat.report(5, offered), Err(Refusal::Older));
    assert_eq!(chat.report(4, assigned(1)), Err(Refusal::Older));
    let (opening, place) = (1, Place { epoch: 2, position: 1 });
    let fact = assigned(2);
    assert!(chat.apply(Input::Report { opening, place, fact }).is_ok());
    assert_eq!(chat.report(9, assigned(1)), Err(Refusal::Older), "a former owner");
    let other = Sender::User(user(1));
    assert_eq!(chat.apply(post(other, "x")), Err(Refusal::NotTakingPart));
    let by = Sender::User(user(2));
    assert!(chat.apply(Input::End { by }).is_ok());
    assert_eq!(chat.head.ended(), Some(EndReason::AgentEnded));
}

#[test]
fn who_had_a_transferred_chat_leaves_and_it_waits() {
    let mut chat = Driven::connected(ConversationKind::Chat);
    let moved = chat.fact(transferred(None, false)).expect("open");
    assert_eq!(moved[0].participant, Some(id(101)));
    assert_eq!(
        kinds(&moved),
        [(Kind::Transferred, false), (Kind::ParticipantLeft, true)]
    );
    assert_eq!((chat.head.state, chat.head.queue), (State::Queued, id(6)));
    let sender = Sender::User(user(1));
    assert_eq!(chat.apply(post(sender, "x")), Err(Refusal::NotTakingPart));
    chat.fact(assigned(2)).expect("open");
    let moved = chat.fact(transferred(Some(1), false)).expect("open");
    let all = [
        (Kind::Transferred, false),
        (Kind::ParticipantLeft, true),
        (Kind::Queued, true),
    ];
    assert_eq!(kinds(&moved), all);
    let said = Fact::WrapUpSet {
        user: user(2),
        code: Some((id(50), "Solved".to_owned())),
    };
    let said = chat.fact(said).expect("open");
    assert_eq!(said[0].participant, Some(id(102)));
    assert_eq!(kinds(&said), [(Kind::WrapUpSet, false)]);
    assert_eq!(chat.head.state, State::Queued);
}

#[test]
fn an_attended_chat_stays_until_somebody_accepts_it() {
    let mut chat = Driven::connected(ConversationKind::Chat);
    let moved = chat.fact(transferred(Some(2), true)).expect("open");
    assert_eq!(kinds(&moved), [(Kind::Transferred, false)]);
    let offered = Fact::Offered {
        user: user(2),
        agent_name: "B".to_owned(),
    };
    chat.fact(offered).expect("open");
    assert_eq!((chat.head.state, chat.head.queue), (State::Connected, id(3)));
    chat.apply(post(Sender::User(user(1)), "a")).expect("still there");
    let Fact::Assigned {
        user,
        agent_name,
        participant,
        ..
    } = assigned(2)
    else {
        panic!("assigned")
    };
    let accepted = Fact::Assigned {
        user,
        agent_name,
        participant,
        queue: Some(id(6)),
    };
    let moved = chat.fact(accepted).expect("open");
    assert_eq!(
        kinds(&moved),
        [(Kind::ParticipantLeft, true), (Kind::ParticipantJoined, true)]
    );
    assert_eq!((chat.head.state, chat.head.queue), (State::Connected, id(6)));
}

#[test]
fn messaging_rests_and_the_guests_next_message_opens_it_again() {
    let mut chat = Driven::connected(ConversationKind::Messaging);
    let by = Sender::User(user(1));
    assert_eq!(
        ended(&chat.apply(Input::End { by }).expect("open")),
        Some(EndReason::Rested)
    );
    let until = chat.now + chat.rules.messaging_window;
    assert_eq!(chat.head.reopens_until(chat.rules.messaging_window), Some(until));
    let refusal = chat.apply(post(by, "a")).expect_err("at rest");
    assert!(matches!(refusal, Refusal::Ended { .. }) && !refusal.is_final());
    let again = chat.after(2 * 24 * 3_600).apply(post(guest(), "a")).expect("in time");
    assert_eq!(kinds(&again), [(Kind::Reopened, true), (Kind::Message, true)]);
    let last_agent = Some(user(1));
    assert_eq!(again[0].body, Body::Reopened { opening: 2, last_agent });
    assert_eq!((chat.head.state, chat.head.opening), (State::Pending, 2));
    assert_eq!(
        chat.apply(post(by, "b")),
        Err(Refusal::NotTakingPart),
        "not without being asked"
    );
    let of = |opening| Input::Report {
        opening,
        place: Place { epoch: 9, position: 1 },
        fact: queued(),
    };
    assert_eq!(chat.apply(of(1)), Err(Refusal::Older), "of the opening before");
    assert_eq!(chat.apply(of(3)), Err(Refusal::Early), "of one to come");
    assert!(Refusal::Older.is_final() && !Refusal::Early.is_final());
    chat.fact(assigned(2)).expect("open");
    chat.apply(Input::End { by: guest() }).expect("open");
    assert_eq!(chat.head.ended(), Some(EndReason::GuestLeft));
    assert!(chat.apply(post(guest(), "c")).is_err(), "they wanted it to be over");
}

#[test]
fn what_has_rested_for_too_long_stays_so() {
    let mut chat = Driven::connected(ConversationKind::Messaging);
    chat.after(14 * MINUTE).apply(Input::Sweep).expect("open");
    let over = chat.after(MINUTE).apply(Input::Sweep).expect("open");
    assert_eq!(ended(&over), Some(EndReason::Rested), "silence puts it to rest too");
    let window = chat.rules.messaging_window.as_secs();
    let refusal = chat.after(window).apply(post(guest(), "a")).expect_err("too late");
    assert_eq!(Fault::from(refusal).reason, Reason::ConversationClosed);
    let refused = Fact::Refused {
        reason: Reason::QueueFull,
    };
    let mut chat = Driven::start(ConversationKind::Messaging);
    assert_eq!(
        ended(&chat.fact(refused.clone()).expect("open")),
        Some(EndReason::Refused)
    );
    let mut chat = Driven::connected(ConversationKind::Messaging);
    let by = Sender::User(user(1));
    chat.apply(Input::End { by }).expect("open");
    chat.apply(post(guest(), "a")).expect("in time");
    assert_eq!(
        ended(&chat.fact(refused).expect("open")),
        Some(EndReason::Rested),
        "to be tried again"
    );
}

#[test]
fn what_was_said_can_be_taken_out_even_when_it_is_over() {
    let mut chat = Driven::connected(ConversationKind::Chat);
    let aside = Input::CoachMessage {
        by: support::person(8),
        text: text("he lies"),
        key: key("a"),
    };
    chat.apply(aside).expect("open");
    chat.apply(Input::End { by: guest() }).expect("open");
    for (at, is_public) in [(1, true), (3, false)] {
        let removed = chat.redact(at).expect("said");
        assert_eq!(
            kinds(&removed),
            [(Kind::MessageRedacted, is_public)],
            "as visible as it was"
        );
        assert!(matches!(chat.log[at].part, Part::Erased(_)));
    }
    assert_eq!(chat.redact(0), Err(Refusal::NotRedactable));
    assert_eq!(chat.head.ended(), Some(EndReason::GuestLeft));
    let targets = (0..chat.log.len()).map(|at| chat.target(at)).collect();
    let erase = Input::Erase {
        targets,
        by: None,
        reason: "forgotten".to_owned(),
    };
    let erased = chat.apply(erase).expect("always");
    assert_eq!(erased[0].body.visibility(), Visibility::Everyone);
    let present = chat
        .log
        .iter()
        .filter(|stored| matches!(stored.part, Part::Present { .. }));
    let present: Vec<Kind> = present.map(|stored| stored.event.body.kind()).collect();
    let redacted = [Kind::MessageRedacted; 3];
    assert_eq!(
        present,
        [&[Kind::ParticipantJoined, Kind::Ended][..], &redacted].concat()
    );
}

#[test]
fn a_message_is_known_by_its_key_also_when_it_was_taken_out() {
    let (message, other) = (
        post(guest(), "a"),
        Body::Message {
            text: "other".to_owned(),
        },
    );
    let gone = |kind| Body::Erased {
        kind,
        visibility: Visibility::Everyone,
    };
    assert!(message.is(&Body::Message {
        text: "text".to_owned()
    }));
    assert!(message.is(&gone(Kind::Message)));
    assert!(!message.is(&other) && !message.is(&gone(Kind::SideMessage)));
    let chat = Driven::connected(ConversationKind::Chat);
    assert_eq!(message.author(&chat.head), Some(id(support::GUEST)));
    assert_eq!((Input::Sweep.key(), Input::Sweep.author(&chat.head)), (None, None));
}

#[test]
fn attributes_are_noted_by_name() {
    let set = |value: Option<&str>| {
        let changes = [("mood".to_owned(), value.map(str::to_owned))];
        Input::SetAttributes {
            by: Some(Sender::User(user(1))),
            changes: Changes::parse(changes).expect("good"),
        }
    };
    let mut chat = Driven::connected(ConversationKind::Chat);
    let noted = chat.apply(set(Some("good"))).expect("open");
    assert_eq!(kinds(&noted), [(Kind::AttributesSet, false)]);
    assert_eq!(noted[0].participant, Some(id(101)));
    assert_eq!(chat.head.attributes.get("mood").map(String::as_str), Some("good"));
    assert_eq!(chat.apply(set(Some("good"))), Ok(vec![]), "it is so already");
    chat.apply(set(None)).expect("open");
    assert!(chat.head.attributes.is_empty());
    assert_eq!(chat.now, Timestamp(0));
}
