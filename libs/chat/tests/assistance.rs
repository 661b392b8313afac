//! An agent asks for a supervisor: exactly one helps, and the customer sees nothing of it but who joins.

mod support;

use onqueue_chat::{Body, Closing, ConversationKind, Event, Input, Kind, ParticipantKind, Refusal, Sender};
use onqueue_model::AssistanceId;
use support::{Driven, assigned, guest, id, person, post, queued, text, user};

fn ask(number: u128) -> Input {
    Input::Ask {
        by: user(1),
        assistance: help(number),
        text: text("They are angry."),
    }
}

fn take(by: u8) -> Input {
    Input::Take {
        by: person(by),
        assistance: help(1),
    }
}

fn close(by: u8) -> Input {
    Input::Close {
        by: user(by),
        assistance: help(1),
    }
}

fn help(number: u128) -> AssistanceId {
    id(60 + number)
}

fn asked() -> Driven {
    let mut chat = Driven::connected(ConversationKind::Chat);
    chat.apply(ask(1)).expect("open");
    chat
}

fn kinds(events: &[Event]) -> Vec<Kind> {
    events.iter().map(|event| event.body.kind()).collect()
}

/// How it was closed, if it was.
fn closed(chat: &Driven) -> Option<Closing> {
    chat.log.iter().find_map(|stored| match stored.event.body {
        Body::AssistanceClosed { how, .. } => Some(how),
        _ => None,
    })
}

#[test]
fn one_request_at_a_time() {
    let mut chat = Driven::start(ConversationKind::Chat);
    assert_eq!(chat.apply(ask(1)), Err(Refusal::NotTakingPart), "nobody has it in hand");
    chat.fact(assigned(1)).expect("open");
    assert_eq!(kinds(&chat.apply(ask(1)).expect("open")), [Kind::AssistanceRequested]);
    assert_eq!(chat.apply(ask(1)), Ok(vec![]), "the same");
    let assistance = help(1);
    assert_eq!(chat.apply(ask(2)), Err(Refusal::AssistanceIsOpen { assistance }));
    chat.apply(close(1)).expect("theirs");
    assert_eq!(closed(&chat), Some(Closing::Agent));
    assert!(chat.apply(ask(2)).is_ok());
    assert_eq!(chat.apply(take(5)), Err(Refusal::NoSuchAssistance), "the one before");
}

#[test]
fn of_twenty_supervisors_one_takes_it() {
    for first in 0..20_u8 {
        let mut chat = asked();
        let answers: Vec<_> = (0..20).map(|turn| chat.apply(take(10 + (first + turn) % 20))).collect();
        assert_eq!(kinds(answers[0].as_ref().expect("the first")), [Kind::AssistanceTaken]);
        let by = user(10 + first);
        assert!(
            answers[1..]
                .iter()
                .all(|answer| *answer == Err(Refusal::AssistanceIsTaken { by }))
        );
        assert_eq!(chat.apply(take(10 + first)), Ok(vec![]), "it is theirs already");
        assert_eq!(chat.head.assistance.and_then(|open| open.taken_by), Some(by));
    }
    assert_eq!(asked().apply(take(1)), Err(Refusal::HasInHand), "not the one who asks");
}

#[test]
fn who_may_close_it_and_what_does() {
    let supervisor = Some(Closing::Supervisor);
    for (by, before, after) in [
        (1, None, Some(Closing::Agent)),
        (5, None, supervisor),
        (5, Some(5), supervisor),
    ] {
        let mut chat = asked();
        if let Some(taker) = before {
            chat.apply(take(taker)).expect("open");
        }
        chat.apply(close(by)).expect("may");
        assert_eq!(closed(&chat), after, "{by} {before:?}");
        assert_eq!(chat.apply(close(by)), Err(Refusal::NoSuchAssistance));
    }
    let mut chat = asked();
    chat.apply(take(5)).expect("open");
    assert_eq!(chat.apply(close(6)), Err(Refusal::NotTakingPart));
    chat.apply(Input::Leave { user: user(5) }).expect("may");
    assert_eq!(closed(&chat), supervisor);
    let mut chat = asked();
    chat.fact(queued()).expect("open");
    assert_eq!(closed(&chat), Some(Closing::Agent), "who asked has left");
    let mut chat = asked();
    let over = chat.apply(Input::End { by: guest() }).expect("open");
    assert_eq!(kinds(&over), [Kind::AssistanceClosed, Kind::Ended]);
    assert_eq!(closed(&chat), Some(Closing::Ended));
}

#[test]
fn a_supervisor_joins_beside_the_agent_and_leaves() {
    let barge = |number| Input::BargeIn { by: person(number) };
    let mut chat = Driven::start(ConversationKind::Chat);
    assert_eq!(chat.apply(barge(5)), Err(Refusal::NotConnected));
    chat.fact(assigned(1)).expect("open");
    assert_eq!(chat.apply(barge(1)), Err(Refusal::HasInHand));
    let joined = chat.apply(barge(5)).expect("open");
    let kind = ParticipantKind::Supervisor;
    assert!(
        matches!(&joined[..], [Event { body: Body::ParticipantJoined { kind: as_what, .. }, .. }] if *as_what == kind)
    );
    assert_eq!(chat.apply(barge(5)), Ok(vec![]));
    chat.apply(post(Sender::User(user(5)), "a")).expect("takes part");
    assert_eq!(chat.apply(Input::Leave { user: user(1) }), Err(Refusal::HasInHand));
    let left = chat.apply(Input::Leave { user: user(5) }).expect("may");
    assert_eq!(kinds(&left), [Kind::ParticipantLeft]);
    assert_eq!(chat.apply(Input::Leave { user: user(5) }), Ok(vec![]));
    assert_eq!(
        chat.apply(post(Sender::User(user(5)), "b")),
        Err(Refusal::NotTakingPart)
    );
}

#[test]
fn who_helps_may_take_over() {
    let mut chat = asked();
    chat.apply(take(5)).expect("open");
    chat.apply(Input::BargeIn { by: person(5) }).expect("open");
    let over = chat.fact(assigned(5)).expect("open");
    let order = [Kind::AssistanceClosed, Kind::ParticipantLeft, Kind::ParticipantJoined];
    assert_eq!(kinds(&over), order);
    assert_eq!(closed(&chat), Some(Closing::Supervisor));
    assert!(chat.head.active_agent(user(5)).is_some() && chat.head.active(user(1)).is_none());
    assert_eq!(chat.apply(Input::Leave { user: user(5) }), Err(Refusal::HasInHand));
}

#[test]
fn a_supervisor_who_joined_stays_when_the_agent_goes() {
    let mut chat = Driven::connected(ConversationKind::Chat);
    chat.apply(Input::BargeIn { by: person(5) }).expect("open");
    chat.fact(queued()).expect("open");
    chat.apply(post(Sender::User(user(5)), "a")).expect("still there");
    assert!(chat.head.active(user(1)).is_none());
}

#[test]
fn guests_see_who_joins_and_nothing_else_of_it() {
    let mut chat = asked();
    chat.apply(take(5)).expect("open");
    for (by, is_coach) in [(1, false), (5, false), (6, true)] {
        let (by, text, key) = (person(by), text("aside"), support::key(&by.to_string()));
        let aside = match is_coach {
            true => Input::CoachMessage { by, text, key },
            false => Input::SideMessage { by, text, key },
        };
        let said = chat.apply(aside).expect("open");
        assert!(
            said.iter()
                .all(|event| event.public_sequence.is_none() && event.participant.is_some())
        );
    }
    chat.apply(Input::BargeIn { by: person(5) }).expect("open");
    chat.apply(close(5)).expect("theirs");
    let seen = chat.log.iter().filter(|stored| stored.event.public_sequence.is_some());
    let seen: Vec<Kind> = seen.map(|stored| stored.event.body.kind()).collect();
    let all = [
        Kind::Opened,
        Kind::Message,
        Kind::ParticipantJoined,
        Kind::ParticipantJoined,
    ];
    assert_eq!(seen, all);
}
