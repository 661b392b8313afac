//! Whatever happens in whatever order: the numberings stay dense, the chain verifies, a viewer sees only its own, and
//! what is over stays over.

use onqueue_chat::{
    Applied, Body, Class, ClientMessageId, EndReason, Event, Fact, Head, Inactivity, Input, Kind, Link, Numbers,
    Opening, Part, Place, Refusal, Seed, Sender, State, Text, Visibility, Withdrawal, apply, open, verify,
};
use onqueue_model::{Id, Reason, Timestamp, UserId};
use proptest::prelude::*;
use std::time::Duration;

fn id<T>(number: u128) -> Id<T> {
    Id::new(
        format!("00000000-0000-7000-8000-{number:012x}")
            .parse::<Id<T>>()
            .expect("an id")
            .uuid(),
    )
}

fn user(number: u8) -> UserId {
    id(1_000 + u128::from(number))
}

/// A conversation with its log, driven as the shell drives it.
struct Driven {
    head: Head,
    log: Vec<Event>,
    now: Timestamp,
    drawn: u128,
}

impl Driven {
    fn start() -> Self {
        let mut drawn = 0;
        let opening = Opening {
            organisation: id(1),
            conversation: id(2),
            queue: id(3),
            language: None,
            guest: id(4),
            guest_name: "Ann".to_owned(),
            topic: String::new(),
            first_message: Some(Text::parse("Hello").expect("text")),
        };
        let Applied { head, events } = open(opening, &mut || seed(&mut drawn), Timestamp(0));
        Self {
            head,
            log: events,
            now: Timestamp(0),
            drawn,
        }
    }

    fn apply(&mut self, input: Input) -> Result<Vec<Event>, Refusal> {
        let drawn = &mut self.drawn;
        let applied = apply(&self.head, input, Inactivity::default(), &mut || seed(drawn), self.now)?;
        self.head = applied.head;
        self.log.extend(applied.events.clone());
        Ok(applied.events)
    }

    fn after(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now + Duration::from_secs(seconds);
        self
    }

    fn report(&mut self, position: i64, fact: Fact) -> Result<Vec<Event>, Refusal> {
        let place = Place { epoch: 1, position };
        self.apply(Input::Report {
            opening: 1,
            place,
            fact,
        })
    }

    fn links(&self) -> Vec<Link> {
        self.log.iter().map(as_link).collect()
    }
}

fn as_link(event: &Event) -> Link {
    Link {
        sequence: event.sequence,
        kind: event.body.kind().code(),
        at: event.at,
        participant: event.participant,
        part: Part::Present {
            salt: event.salt,
            text: event.body.to_part(),
        },
        hash: event.hash,
    }
}

fn seed(drawn: &mut u128) -> Seed {
    *drawn += 1;
    Seed {
        id: id(10_000 + *drawn),
        salt: drawn.to_be_bytes(),
    }
}

fn post(sender: Sender, key: &str) -> Input {
    Input::Post {
        sender,
        text: Text::parse("text").expect("text"),
        key: ClientMessageId::parse(key).expect("key"),
    }
}

fn assigned(number: u8) -> Fact {
    Fact::Assigned {
        user: user(number),
        agent_name: format!("Agent {number}"),
        participant: id(100 + u128::from(number)),
    }
}

fn transferred(to: Option<u8>) -> Fact {
    Fact::Transferred {
        queue: id(6),
        queue_name: "Support".to_owned(),
        to: to.map(|number| (user(number), format!("Agent {number}"))),
    }
}

fn fact() -> impl Strategy<Value = Fact> {
    let reason = prop_oneof![Just(Withdrawal::Declined), Just(Withdrawal::TimedOut)];
    prop_oneof![
        4 => Just(Fact::Queued { queue: id(3), queue_name: "Sales".to_owned() }),
        4 => (0..3_u8).prop_map(|n| Fact::Offered { user: user(n), agent_name: "A".to_owned() }),
        4 => (0..3_u8, reason).prop_map(|(n, reason)| Fact::Rescinded { user: user(n), reason }),
        6 => (0..3_u8).prop_map(assigned),
        1 => Just(Fact::Refused { reason: Reason::QueueFull }),
        3 => prop::option::of(0..3_u8).prop_map(transferred),
        2 => (0..3_u8, any::<bool>()).prop_map(|(n, coded)| Fact::WrapUpSet {
            user: user(n),
            code: coded.then(|| (id(50), "Solved".to_owned())),
        }),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    let sender = || {
        prop_oneof![
            Just(Sender::Guest(id(4))),
            (0..3_u8).prop_map(|n| Sender::User(user(n))),
            Just(Sender::Guest(id(5)))
        ]
    };
    prop_oneof![
        12 => (sender(), 0..9_u8).prop_map(|(sender, key)| post(sender, &key.to_string())),
        12 => (fact(), 1..3_i64, 0..40_i64).prop_map(|(fact, epoch, position)| Input::Report { opening: 1, place: Place { epoch, position }, fact }),
        1 => sender().prop_map(|by| Input::End { by }),
        6 => Just(Input::Sweep),
    ]
}

fn is_dense(numbers: impl Iterator<Item = i64>) -> bool {
    numbers
        .enumerate()
        .all(|(at, number)| number == i64::try_from(at).expect("few") + 1)
}

proptest! {
    #[test]
    fn any_history_is_sound(steps in prop::collection::vec((input(), 0..600_u64), 0..60)) {
        let mut driven = Driven::start();
        for (input, seconds) in steps {
            driven.after(seconds);
            let (before, was_ended) = (driven.head.clone(), driven.head.ended());
            let answer = driven.apply(input);
            if let Some(reason) = was_ended {
                let said = answer.clone().err().and_then(|refusal| match refusal { Refusal::Ended { reason, .. } => Some(reason), _ => None });
                prop_assert_eq!(said, Some(reason));
            }
            if answer.is_err() {
                prop_assert_eq!(&driven.head, &before);
            }
            prop_assert!(driven.head.reported >= before.reported);
            prop_assert_eq!(driven.head.check_at.is_some(), driven.head.state == State::Connected);
        }
        for class in Class::ALL {
            let seen: Vec<i64> = driven.log.iter().filter_map(|event| class.place(event)).collect();
            prop_assert_eq!(seen.len(), usize::try_from(driven.head.numbers.last(class)).expect("few"));
            prop_assert!(is_dense(seen.into_iter()));
        }
        let for_guests = driven.log.iter().filter(|event| event.public_sequence.is_some());
        prop_assert!(for_guests.into_iter().all(|event| !matches!(
            event.body.kind(),
            Kind::Offered | Kind::OfferWithdrawn | Kind::Transferred | Kind::WrapUpSet
        )));
        prop_assert_eq!(verify(&driven.links(), driven.head.numbers.sequence, &driven.head.hash), Ok(()));
        let ends = driven.log.iter().filter(|event| event.body.kind() == Kind::Ended).count();
        prop_assert_eq!(ends, usize::from(driven.head.ended().is_some()));
        prop_assert!(ends == 0 || driven.log.last().is_some_and(|event| event.body.kind() == Kind::Ended));
        prop_assert!(driven.log.iter().all(|event| Body::from_part(&event.body.to_part()).as_ref() == Some(&event.body)));
    }

    #[test]
    fn each_numbering_is_dense(events in prop::collection::vec(1..=3_i16, 0..50)) {
        let mut numbers = Numbers::default();
        let given: Vec<_> = events.iter().filter_map(|code| Visibility::of(*code)).map(|visibility| numbers.count(visibility)).collect();
        prop_assert!(is_dense(given.iter().map(|(sequence, ..)| *sequence)));
        prop_assert!(is_dense(given.iter().filter_map(|(_, public, _)| *public)));
        prop_assert!(is_dense(given.iter().filter_map(|(.., agents)| *agents)));
    }

    #[test]
    fn any_change_of_the_log_is_found_where_it_is(at in 0..5_usize, how in 0..7_u8) {
        let mut driven = Driven::start();
        for key in ["1", "2", "3"] {
            driven.apply(post(Sender::Guest(id(4)), key)).expect("open");
        }
        let (count, head) = (driven.head.numbers.sequence, driven.head.hash);
        let mut links = driven.links();
        let place = i64::try_from(at).expect("few") + 1;
        match how {
            0 => links[at].at = Timestamp(7),
            1 => links[at].participant = Some(id(9)),
            2 => links[at].kind = Kind::Queued.code(),
            3 => links[at].part = Part::Present { salt: [7; 16], text: "other".to_owned() },
            4 => links[at].hash = [7; 32],
            5 => { links.remove(at); }
            _ => links.truncate(at),
        }
        prop_assert_eq!(verify(&links, count, &head).map_err(|broken| broken.sequence), Err(place));
    }
}

#[test]
fn an_erased_part_leaves_the_chain_whole() {
    let driven = Driven::start();
    let mut links = driven.links();
    let Part::Present { salt, text } = links[1].part.clone() else {
        panic!("present")
    };
    links[1].part = Part::Erased(onqueue_chat::part_hash(&salt, &text));
    assert_eq!(verify(&links, 2, &driven.head.hash), Ok(()));
}

#[test]
fn silence_is_warned_of_and_ends_only_while_connected() {
    let mut chat = Driven::start();
    chat.after(20 * 60).apply(Input::Sweep).expect("open");
    assert_eq!(chat.head.state, State::Pending, "waiting is not silence");
    chat.report(1, assigned(1)).expect("open");
    let joined = chat.now;
    assert_eq!(chat.head.check_at, Some(joined + Duration::from_secs(14 * 60)));
    assert_eq!(chat.after(14 * 60 - 1).apply(Input::Sweep), Ok(vec![]));
    let warned = chat.after(1).apply(Input::Sweep).expect("open");
    assert_eq!(
        warned[0].body,
        Body::InactivityWarned {
            ends_at: joined + Duration::from_secs(15 * 60)
        }
    );
    assert_eq!(chat.apply(Input::Sweep), Ok(vec![]), "warned once");
    chat.after(30).apply(post(Sender::User(user(1)), "a")).expect("open");
    assert_eq!(
        chat.head.check_at,
        Some(chat.now + Duration::from_secs(14 * 60)),
        "armed anew"
    );
    assert_eq!(
        chat.after(14 * 60).apply(Input::Sweep).expect("open").len(),
        1,
        "warned again"
    );
    let ended = chat.after(60).apply(Input::Sweep).expect("open");
    assert_eq!(
        ended[0].body,
        Body::Ended {
            reason: EndReason::Inactivity
        }
    );
    let refusal = chat.apply(post(Sender::Guest(id(4)), "b")).expect_err("over");
    assert_eq!(
        onqueue_model::Fault::from(refusal).reason,
        Reason::ConversationIdleTimeout
    );
}

#[test]
fn reports_that_come_late_change_nothing() {
    let mut chat = Driven::start();
    let offered = Fact::Offered {
        user: user(1),
        agent_name: "A".to_owned(),
    };
    assert!(chat.report(5, offered.clone()).is_ok());
    assert_eq!(chat.report(5, offered), Err(Refusal::Older));
    assert_eq!(chat.report(4, assigned(1)), Err(Refusal::Older));
    let place = Place { epoch: 2, position: 1 };
    assert!(
        chat.apply(Input::Report {
            opening: 1,
            place,
            fact: assigned(2)
        })
        .is_ok()
    );
    assert_eq!(chat.report(9, assigned(1)), Err(Refusal::Older), "a former owner");
    assert_eq!(
        chat.apply(post(Sender::User(user(1)), "x")),
        Err(Refusal::NotTakingPart)
    );
    assert!(
        chat.apply(Input::End {
            by: Sender::User(user(2))
        })
        .is_ok()
    );
    assert_eq!(chat.head.ended(), Some(EndReason::AgentEnded));
}

#[test]
fn who_had_a_transferred_chat_leaves_and_it_waits() {
    let mut chat = Driven::start();
    chat.report(1, assigned(1)).expect("open");
    let kinds = |events: Vec<Event>| -> Vec<(Kind, bool)> {
        let kind = |event: &Event| (event.body.kind(), event.public_sequence.is_some());
        events.iter().map(kind).collect()
    };
    let moved = chat.report(2, transferred(None)).expect("open");
    assert_eq!(moved[0].participant, Some(id(101)));
    assert_eq!(
        kinds(moved),
        [(Kind::Transferred, false), (Kind::ParticipantLeft, true)]
    );
    assert_eq!((chat.head.state, chat.head.queue), (State::Queued, id(6)));
    assert_eq!(
        chat.apply(post(Sender::User(user(1)), "x")),
        Err(Refusal::NotTakingPart)
    );
    chat.report(3, assigned(2)).expect("open");
    let moved = chat.report(4, transferred(Some(1))).expect("open");
    let all = [
        (Kind::Transferred, false),
        (Kind::ParticipantLeft, true),
        (Kind::Queued, true),
    ];
    assert_eq!(kinds(moved), all);
    let said = Fact::WrapUpSet {
        user: user(2),
        code: Some((id(50), "Solved".to_owned())),
    };
    let said = chat.report(5, said).expect("open");
    assert_eq!(said[0].participant, Some(id(102)));
    assert_eq!(kinds(said), [(Kind::WrapUpSet, false)]);
    assert_eq!(chat.head.state, State::Queued);
}
