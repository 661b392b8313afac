//! Each violation of I5 to I7 is found.

use super::super::{
    Fault, judge,
    sample::{
        AGENT, AGENT_THERE, CHAT, NOW, QUEUE, beginning, enqueue, good, interaction, joined, log, opened, transcript,
    },
};
use super::*;
use onqueue_chat::EndReason;
use onqueue_model::Id;

const OTHER: Uuid = Uuid::from_u128(101);

fn finds(records: &Records, facts: &Facts, invariant: u8, kind: &str) -> bool {
    let found = judge(records, facts);
    found.iter().any(|one| (one.invariant, one.kind) == (invariant, kind))
}

/// A chat that waits from 10,000 on, in routing since then too.
fn waiting(facts: &mut Facts) {
    facts
        .transcripts
        .insert(OTHER, transcript(vec![(10_000, None, opened())]));
    let one = Conversation {
        id: OTHER,
        state: QUEUED,
        last_sequence: 1,
        ..facts.conversations[0]
    };
    facts.conversations.push(one);
    let position = i64::try_from(facts.log.len()).expect("few") + 1;
    let row = Logged {
        position,
        at: 10_000,
        command: enqueue(OTHER),
        ..facts.log[0].clone()
    };
    facts.log.push(row);
}

#[test]
fn two_agents_at_once_are_found() {
    let (records, mut facts) = good();
    let entries = facts.transcripts.get_mut(&CHAT).expect("the chat");
    entries[3].body = joined(Uuid::from_u128(77));
    assert!(finds(&records, &facts, 5, "two agents at once"));
    let left = Body::ParticipantLeft {
        participant: Id::new(AGENT_THERE),
    };
    facts.transcripts = [(
        CHAT,
        transcript(vec![
            (1, None, opened()),
            (2, None, joined(AGENT_THERE)),
            (3, None, left),
            (4, None, joined(Uuid::from_u128(77))),
        ]),
    )]
    .into();
    assert!(!finds(&records, &facts, 5, "two agents at once"), "one after the other");
}

#[test]
fn a_decision_above_capacity_is_found() {
    let step = |conversation: Uuid, number: u128| Step {
        at: 2_000,
        command: Command::Tick,
        effects: vec![Effect::Offered {
            interaction: interaction(conversation),
            agent: AGENT,
            offer: Id::new(Uuid::from_u128(number)),
            queue: QUEUE,
            expires: Timestamp(30_000),
            entered: Timestamp(1_000),
        }],
    };
    let profile = Step {
        at: 1_000,
        command: beginning()[1].1.clone(),
        effects: Vec::new(),
    };
    let one = Outlook::of(&[profile.clone(), step(CHAT, 1)]);
    assert_eq!(one.overfilled, []);
    let two = Outlook::of(&[profile.clone(), step(CHAT, 1), step(OTHER, 2)]);
    assert_eq!(two.overfilled[0].kind, "an agent was taken above capacity");
    let freed = Step {
        at: 2_000,
        command: Command::Tick,
        effects: vec![Effect::SlotFreed {
            agent: AGENT,
            interaction: interaction(CHAT),
        }],
    };
    assert_eq!(
        Outlook::of(&[profile, step(CHAT, 1), freed, step(OTHER, 2)]).overfilled,
        []
    );
}

#[test]
fn talking_above_capacity_is_found() {
    let (records, mut facts) = good();
    let ended = Body::Ended {
        reason: EndReason::GuestLeft,
    };
    for (until, expected) in [(9_000, true), (3_200, false)] {
        let other = vec![
            (1_000, None, opened()),
            (2_000, None, joined(AGENT_THERE)),
            (until, None, ended.clone()),
        ];
        facts.transcripts.insert(OTHER, transcript(other));
        assert_eq!(
            finds(&records, &facts, 5, "an agent talked above capacity"),
            expected,
            "until {until}"
        );
    }
}

#[test]
fn an_orphan_is_found_in_every_state() {
    for (state, expected) in [
        (1, true),
        (QUEUED, true),
        (ALERTING, true),
        (CONNECTED, false),
        (ENDED, true),
    ] {
        let (records, mut facts) = good();
        facts.conversations[0].state = state;
        assert_eq!(finds(&records, &facts, 6, "an orphan"), expected, "{state}");
        assert_eq!(is_settled(&facts), !expected);
    }
    let (records, mut facts) = good();
    facts.log.truncate(3);
    assert!(finds(&records, &facts, 6, "an orphan"), "routing never heard of it");
}

#[test]
fn an_offer_past_its_deadline_is_found_unless_something_was_broken() {
    let (mut records, mut facts) = good();
    facts.log.truncate(4);
    assert!(finds(&records, &facts, 6, "an offer outlived its deadline"));
    records.faults.push(Fault {
        from: 33_000,
        until: NOW,
    });
    assert!(!finds(&records, &facts, 6, "an offer outlived its deadline"));
}

#[test]
fn waiting_beside_a_busy_agent_is_no_violation() {
    let (records, mut facts) = good();
    waiting(&mut facts);
    assert_eq!(judge(&records, &facts), []);
}

#[test]
fn waiting_beside_a_free_agent_is_found() {
    let kind = "a chat waited beside a free agent";
    let (mut records, mut facts) = good();
    waiting(&mut facts);
    // Session has the agent free since 6,500; routing was not told.
    let entries = facts.transcripts.get_mut(&CHAT).expect("the chat");
    let ended = Body::Ended {
        reason: EndReason::GuestLeft,
    };
    entries.push(Entry {
        id: Uuid::from_u128(55),
        sequence: 7,
        public: Some(6),
        agent: Some(7),
        at: 6_500,
        participant: None,
        key: None,
        body: ended,
    });
    assert!(finds(&records, &facts, 6, kind));
    records.faults.push(Fault {
        from: 9_000,
        until: NOW - 1_000,
    });
    assert!(!finds(&records, &facts, 6, kind), "something was broken");
    records.faults.clear();

    let mut unsuitable = facts.clone();
    for row in &mut unsuitable.log {
        if let Command::UpsertAgent { agent } = &mut row.command {
            agent.queues.clear();
        }
    }
    assert!(!finds(&records, &unsuitable, 6, kind), "the agent serves another queue");
    facts.log[2].command = Command::GoOffQueue { agent: AGENT };
    assert!(!finds(&records, &facts, 6, kind), "the agent is off queue");
}

#[test]
fn an_offer_that_nobody_answers_is_a_miss() {
    let mut inputs = beginning();
    inputs.push((2_000, enqueue(CHAT)));
    inputs.push((32_000, Command::Tick));
    let (steps, _) = replay(&log(inputs));
    let outlook = Outlook::of(&steps);
    assert!(outlook.missed.contains(&(AGENT, CHAT)));
    assert_eq!(outlook.on_queue(AGENT, (0, 50_000)), [(1_000, 2_000), (2_000, 32_000)]);
}

#[test]
fn epochs_and_positions_only_grow() {
    let (records, mut facts) = good();
    facts.log[3].epoch = 2;
    assert!(finds(&records, &facts, 7, "an epoch decreased"));
    facts.log[4].epoch = 2;
    assert!(!finds(&records, &facts, 7, "an epoch decreased"));
    facts.log.remove(1);
    assert!(finds(&records, &facts, 7, "routing's log has a gap"));
}

#[test]
fn a_stale_write_is_found() {
    let (records, mut facts) = good();
    facts.writes[0].owner = "routing-2".into();
    assert!(finds(&records, &facts, 7, "a stale write was accepted"));
}

#[test]
fn spans_are_counted_where_they_overlap() {
    for (spans, expected) in [
        (&[][..], 0),
        (&[(1, 5), (5, 9)], 1),
        (&[(1, 6), (5, 9), (2, 3)], 2),
        (&[(1, 9), (2, 8), (3, 7)], 3),
    ] {
        assert_eq!(most_at_once(spans), expected, "{spans:?}");
    }
}
