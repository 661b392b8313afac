//! Whatever happens in whatever order: the numberings stay dense, the chain verifies, a viewer sees only its own, what the
//! log tells is what the head says, and what is over stays over unless it only rested.

mod support;

use onqueue_chat::{
    Body, Class, ConversationKind, EndReason, Fact, Input, Kind, Numbers, Part, ParticipantKind, Place, Refusal, Rules,
    Sender, Silence, State, Then, Visibility, Withdrawal, verify,
};
use onqueue_model::Reason;
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::{Driven, Stored, assigned, attach, guest, id, key, person, post, queued, text, told, transferred, user};

/// What guests may see of.
const PUBLIC: [Kind; 11] = [
    Kind::Opened,
    Kind::Queued,
    Kind::ParticipantJoined,
    Kind::ParticipantLeft,
    Kind::Message,
    Kind::InactivityWarned,
    Kind::Ended,
    Kind::Refused,
    Kind::Reopened,
    Kind::Notice,
    Kind::AttachmentAdded,
];

/// A step of a history: an input, or something that the driver makes one of.
#[derive(Clone, Debug)]
enum Step {
    Input(Input),
    /// Of the present opening, so that it counts.
    Fact(Fact),
    /// Of the event at this place, counted from the beginning again and again.
    Redact(usize),
    Erase,
}

fn fact() -> impl Strategy<Value = Fact> {
    let reason = prop_oneof![Just(Withdrawal::Declined), Just(Withdrawal::TimedOut)];
    let name = "A".to_owned();
    prop_oneof![
        4 => Just(queued()),
        4 => (0..3_u8).prop_map(move |n| Fact::Offered { user: user(n), agent_name: name.clone() }),
        4 => (0..3_u8, reason).prop_map(|(n, reason)| Fact::Rescinded { user: user(n), reason }),
        8 => (0..4_u8).prop_map(assigned),
        1 => Just(Fact::Refused { reason: Reason::QueueFull }),
        4 => (prop::option::of(0..3_u8), any::<bool>()).prop_map(|(to, attended)| transferred(to, attended)),
        1 => (0..3_u8).prop_map(|n| Fact::AgentLost { user: user(n) }),
        2 => (0..3_u8, any::<bool>()).prop_map(|(n, coded)| Fact::WrapUpSet {
            user: user(n),
            code: coded.then(|| (id(50), "Solved".to_owned())),
        }),
    ]
}

fn sender() -> impl Strategy<Value = Sender> {
    prop_oneof![
        4 => Just(guest()),
        4 => (0..5_u8).prop_map(|n| Sender::User(user(n))),
        1 => Just(Sender::Guest(id(5)))
    ]
}

fn of_people() -> impl Strategy<Value = Input> {
    prop_oneof![
        12 => (sender(), 0..9_u8).prop_map(|(sender, n)| post(sender, &n.to_string())),
        3 => (sender(), 0..9_u8).prop_map(|(sender, n)| attach(sender, &n.to_string())),
        3 => (0..5_u8, 0..9_u8).prop_map(|(by, n)| Input::SideMessage { by: person(by), text: text("side"), key: key(&n.to_string()) }),
        3 => (0..5_u8, 0..9_u8).prop_map(|(by, n)| Input::CoachMessage { by: person(by), text: text("coach"), key: key(&n.to_string()) }),
        2 => sender().prop_map(|by| Input::End { by }),
        2 => (0..5_u8).prop_map(|n| Input::Leave { user: user(n) }),
        3 => (0..5_u8).prop_map(|n| Input::BargeIn { by: person(n) }),
        4 => (0..4_u8, 0..3_u128).prop_map(|(n, one)| Input::Ask { by: user(n), assistance: id(60 + one), text: text("help") }),
        4 => (0..5_u8, 0..3_u128).prop_map(|(n, one)| Input::Take { by: person(n), assistance: id(60 + one) }),
        3 => (0..5_u8, 0..3_u128).prop_map(|(n, one)| Input::Close { by: user(n), assistance: id(60 + one) }),
    ]
}

fn of_the_system() -> impl Strategy<Value = Input> {
    let changes = |value: Option<&str>| {
        let set = [("mood".to_owned(), value.map(str::to_owned))];
        onqueue_chat::Changes::parse(set).expect("good")
    };
    prop_oneof![
        6 => Just(Input::Sweep),
        1 => Just(Input::Abandon),
        1 => Just(Input::Say { text: text("soon") }),
        2 => prop::option::of(Just("good")).prop_map(move |value| Input::SetAttributes { by: None, changes: changes(value) }),
        3 => (fact(), 1..3_u32, 0..2_i64, 0..40_i64).prop_map(|(fact, opening, epoch, position)| Input::Report {
            opening,
            place: Place { epoch, position },
            fact,
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => of_people().prop_map(Step::Input),
        4 => of_the_system().prop_map(Step::Input),
        12 => fact().prop_map(Step::Fact),
        2 => (0..60_usize).prop_map(Step::Redact),
        1 => Just(Step::Erase),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let counts = prop_oneof![Just(Silence::Both), Just(Silence::Guest), Just(Silence::Agent)];
    let then = prop_oneof![3 => Just(Then::End), 1 => Just(Then::Transfer(id(6)))];
    (counts, then).prop_map(|(counts, then)| {
        let mut rules = Rules::default();
        (rules.inactivity.counts, rules.inactivity.then) = (counts, then);
        rules
    })
}

fn kind() -> impl Strategy<Value = ConversationKind> {
    prop_oneof![Just(ConversationKind::Chat), Just(ConversationKind::Messaging)]
}

fn take(driven: &mut Driven, step: Step) -> Result<(), Refusal> {
    let answer = match step {
        Step::Input(input) => driven.apply(input),
        Step::Fact(fact) => driven.fact(fact),
        Step::Redact(at) => driven.redact(at % driven.log.len()),
        Step::Erase => {
            let targets = (0..driven.log.len()).map(|at| driven.target(at)).collect();
            driven.apply(Input::Erase {
                targets,
                by: None,
                reason: "forgotten".to_owned(),
            })
        }
    };
    answer.map(drop)
}

/// What holds after every step.
fn is_sound(driven: &Driven) -> Result<(), TestCaseError> {
    let head = &driven.head;
    prop_assert_eq!(head.check_at.is_some(), head.state == State::Connected);
    let active = head.agents.iter().filter(|agent| agent.active);
    let agents = active
        .clone()
        .filter(|agent| agent.kind == ParticipantKind::Agent)
        .count();
    prop_assert!(agents <= 1);
    if head.ended().is_none() {
        prop_assert_eq!(agents == 1, head.state == State::Connected);
        let says = active.map(|agent| (agent.participant.to_string(), format!("{:?}", agent.kind)));
        prop_assert_eq!(told(&driven.log).taking_part, says.collect::<BTreeMap<_, _>>());
    }
    if let Some(open) = head.assistance {
        prop_assert!(head.ended().is_none() && head.active_agent(open.asked_by).is_some());
        prop_assert!(open.taken_by.is_none_or(|by| head.active_agent(by).is_none()));
    }
    Ok(())
}

fn is_dense(numbers: impl Iterator<Item = i64>) -> bool {
    numbers
        .enumerate()
        .all(|(at, number)| number == i64::try_from(at).expect("few") + 1)
}

/// What each class sees is numbered without gaps, and guests see nothing but what is theirs.
fn is_seen_rightly(driven: &Driven) -> Result<(), TestCaseError> {
    for class in Class::ALL {
        let seen: Vec<i64> = driven
            .log
            .iter()
            .filter_map(|stored| class.place(&stored.event))
            .collect();
        prop_assert_eq!(
            seen.len(),
            usize::try_from(driven.head.numbers.last(class)).expect("few")
        );
        prop_assert!(is_dense(seen.into_iter()));
    }
    let visibility: BTreeMap<_, _> = driven
        .log
        .iter()
        .map(|stored| (stored.event.id, stored.event.body.visibility()))
        .collect();
    for Stored { event, .. } in driven
        .log
        .iter()
        .filter(|stored| stored.event.public_sequence.is_some())
    {
        match &event.body {
            Body::MessageRedacted { event: Some(of), .. } => prop_assert_eq!(visibility[of], Visibility::Everyone),
            Body::MessageRedacted { event: None, .. } => {}
            body => prop_assert!(PUBLIC.contains(&body.kind()), "{:?}", body),
        }
    }
    Ok(())
}

/// The log tells how it went, and nothing is said after an end.
fn is_told_rightly(driven: &Driven) -> Result<(), TestCaseError> {
    let kinds = driven.kinds();
    let lifecycle: Vec<Kind> = kinds
        .iter()
        .copied()
        .filter(|kind| *kind != Kind::MessageRedacted)
        .collect();
    for (at, kind) in lifecycle.iter().enumerate() {
        if *kind == Kind::Ended {
            prop_assert!(lifecycle.get(at + 1).is_none_or(|next| *next == Kind::Reopened));
        }
    }
    prop_assert_eq!(lifecycle.last() == Some(&Kind::Ended), driven.head.ended().is_some());
    let reopened = kinds.iter().filter(|kind| **kind == Kind::Reopened).count();
    prop_assert_eq!(usize::try_from(driven.head.opening).expect("few"), 1 + reopened);
    let mut open = None;
    for Stored { event, .. } in &driven.log {
        match &event.body {
            Body::AssistanceRequested { assistance, .. } => prop_assert_eq!(open.replace((*assistance, false)), None),
            Body::AssistanceTaken { assistance, .. } => {
                prop_assert_eq!(open.replace((*assistance, true)), Some((*assistance, false)));
            }
            Body::AssistanceClosed { assistance, .. } => {
                prop_assert_eq!(open.take().map(|(id, _)| id), Some(*assistance));
            }
            _ => {}
        }
    }
    prop_assert_eq!(
        open,
        driven.head.assistance.map(|open| (open.id, open.taken_by.is_some()))
    );
    Ok(())
}

proptest! {
    #[test]
    fn any_history_is_sound(kind in kind(), rules in rules(), steps in prop::collection::vec((step(), 0..600_u64), 0..80)) {
        let mut driven = Driven::start(kind);
        driven.rules = rules;
        for (step, seconds) in steps {
            driven.after(seconds);
            let before = driven.head.clone();
            let answer = take(&mut driven, step.clone());
            if answer.is_err() {
                prop_assert_eq!(&driven.head, &before);
            }
            prop_assert!(driven.head.reported >= before.reported);
            if let (Some(reason), Some(_)) = (before.ended(), driven.head.ended()) {
                let takes_out = matches!(step, Step::Redact(_) | Step::Erase);
                let is_refused = matches!(answer, Err(Refusal::Ended { reason: said, .. }) if said == reason);
                prop_assert!(takes_out || is_refused);
            }
            if before.ended().is_some_and(|reason| reason != EndReason::Rested) {
                prop_assert!(driven.head.ended().is_some());
            }
            is_sound(&driven)?;
        }
        is_seen_rightly(&driven)?;
        is_told_rightly(&driven)?;
        prop_assert_eq!(verify(&driven.links(), driven.head.numbers.sequence, &driven.head.hash), Ok(()));
        for Stored { event, part } in &driven.log {
            if let Part::Present { text, .. } = part {
                prop_assert_eq!(Body::from_part(text), Some(event.body.clone()));
            }
        }
    }

    #[test]
    fn each_numbering_is_dense(events in prop::collection::vec(1..=3_i16, 0..50)) {
        let mut numbers = Numbers::default();
        let given: Vec<_> = events.iter().filter_map(|code| Visibility::of(*code)).map(|visibility| numbers.count(visibility)).collect();
        prop_assert!(is_dense(given.iter().map(|(sequence, ..)| *sequence)));
        prop_assert!(is_dense(given.iter().filter_map(|(_, public, _)| *public)));
        prop_assert!(is_dense(given.iter().filter_map(|(.., agents)| *agents)));
    }
}
