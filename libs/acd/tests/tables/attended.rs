//! What is in hand is offered to others, and stays in hand until somebody accepts it.

use crate::steps::*;
use onqueue_acd::*;

fn attended(number: u64, held: u64, to: Option<char>) -> Command {
    Command::TransferAttended {
        interaction: chat(number),
        held: chat(held),
        queue: queue(1),
        agent: to.map(agent),
        requirements: None,
        priority: None,
    }
}

#[test]
fn it_is_the_keepers_until_whom_it_is_for_accepts_it() {
    let engine = with_agents(
        "ab",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (1, This(attended(2, 1, Some('b'))), "! NotHeld"),
            (1, Accept('a', 1), "a has 1"),
            (2, This(attended(2, 7, Some('b'))), "! UnknownInteraction"),
            (2, This(attended(2, 1, Some('z'))), "! UnknownAgent"),
            (2, This(attended(2, 1, Some('b'))), "2 to b, b Interacting"),
            (2, This(attended(2, 1, Some('b'))), ""),
            // As if nothing had been.
            (3, Decline('b', 2), "2 not b: Declined, b Idle, 2 over"),
            (4, This(attended(3, 1, Some('b'))), "3 to b, b Interacting"),
            (5, Accept('b', 3), "b has 3, a lost 1, a Idle, 1 over"),
            (6, This(ends('a', 1)), "! UnknownInteraction"),
            (7, This(ends('b', 3)), "b lost 3, b Idle"),
        ],
    );
    assert_eq!(engine.interactions().count(), 0);
}

#[test]
fn in_line_it_waits_for_others_than_its_keeper() {
    with_agents(
        "ab",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (1, Accept('a', 1), "a has 1"),
            (2, This(off('b')), "b OffQueue"),
            (3, This(attended(2, 1, None)), "2 waits"),
            (4, This(on('b')), "b Idle, 2 to b, b Interacting"),
            (5, Decline('b', 2), "2 not b: Declined, 2 waits, b Idle"),
            // Another takes the place of the first.
            (6, This(attended(3, 1, None)), "2 over, 3 waits, 3 to b, b Interacting"),
            (7, Accept('b', 3), "b has 3, a lost 1, a Idle, 1 over"),
            (8, This(attended(4, 3, None)), "4 waits, 4 to a, a Interacting"),
            // The customer leaves.
            (
                9,
                This(cancel(3)),
                "4 not a: Cancelled, a Idle, 4 over, b lost 3, b Idle",
            ),
        ],
    );
}

#[test]
fn a_keeper_who_is_no_more_leaves_it_to_the_line() {
    with_agents(
        "ab",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (1, Accept('a', 1), "a has 1"),
            (2, This(attended(2, 1, Some('b'))), "2 to b, b Interacting"),
            (
                3,
                This(Command::RemoveAgent { agent: agent('a') }),
                "2 not b: Cancelled, b Idle, 2 over, a lost 1, 1 waits, 1 to b, b Interacting",
            ),
        ],
    );
}

#[test]
fn whom_it_is_for_is_in_view() {
    let engine = with_agents(
        "ab",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (1, Accept('a', 1), "a has 1"),
            (2, This(attended(2, 1, Some('b'))), "2 to b, b Interacting"),
        ],
    );
    let [kept, offered] = [1, 2].map(|number| engine.interaction(chat(number)).expect("it lives"));
    assert!(matches!(kept.place, InteractionPlace::Held { agent: who, .. } if who == agent('a')));
    assert!(matches!(offered.place, InteractionPlace::Alerting { agent: who, .. } if who == agent('b')));
    assert_eq!((kept.offered_as, kept.stands_for), (Some(chat(2)), None));
    assert_eq!((offered.offered_as, offered.stands_for), (None, Some(chat(1))));
    let text = serde_json::to_string(&engine).expect("a snapshot");
    let again: Engine = serde_json::from_str(&text).expect("the same engine");
    assert_eq!(again.digest(), engine.digest());
    assert_eq!(again.agent(agent('a')).map(|view| view.active), Some(1));
}
