//! How much of what at once: media, interruption, labels, external work.

use crate::steps::*;
use onqueue_acd::*;
use onqueue_model::{LabelId, WorkId};
use std::collections::BTreeSet;

fn call(number: u64) -> Command {
    asking(number, |wish| wish.medium = Medium::Call)
}

fn with(media: &[(Medium, u8, &[Medium])]) -> Command {
    hired('a', |agent| {
        agent.utilization.media = media
            .iter()
            .map(|(medium, maximum, others)| {
                let interruptible_by: BTreeSet<Medium> = others.iter().copied().collect();
                let capacity = Capacity {
                    maximum: *maximum,
                    interruptible_by,
                };
                (*medium, capacity)
            })
            .collect();
    })
}

#[test]
fn a_call_blocks_a_chat_or_lets_it_through() {
    let steps = |lets: &'static [Medium], expected: &'static str| {
        check(vec![
            (0, This(queue_of(1, None)), ""),
            (0, This(with(&[(Medium::Call, 1, lets), (Medium::Chat, 2, &[])])), ""),
            (0, This(on('a')), "a Idle"),
            (1, This(call(1)), "1 waits, 1 to a, a Interacting"),
            (2, Accept('a', 1), "a has 1"),
            (3, This(enqueue(2)), expected),
        ])
    };
    let blocked = steps(&[], "2 waits");
    let explanation = blocked.explain(chat(2), blocked.now()).expect("it waits");
    assert_eq!(explanation.excluded, [(Exclusion::BlockedBy(Medium::Call), 1)]);
    steps(&[Medium::Email], "2 waits");
    steps(&[Medium::Chat], "2 waits, 2 to a, a Interacting");
}

#[test]
fn one_direction_is_not_the_other() {
    // A call may interrupt chats, but no chat a call.
    check(vec![
        (0, This(queue_of(1, None)), ""),
        (0, This(with(&[(Medium::Chat, 2, &[Medium::Call])])), ""),
        (0, This(on('a')), "a Idle"),
        (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
        (2, This(call(2)), "2 waits, 2 to a, a Interacting"),
        (3, This(enqueue(3)), "3 waits"),
        (
            4,
            This(cancel(2)),
            "2 not a: Cancelled, a Interacting, 3 to a, a Interacting",
        ),
    ]);
}

#[test]
fn usual_maxima_are_used_where_nothing_is_said() {
    check(vec![
        (0, This(queue_of(1, None)), ""),
        (0, This(with(&[])), ""),
        (0, This(on('a')), "a Idle"),
        (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
        (1, This(enqueue(2)), "2 waits, 2 to a, a Interacting"),
        (1, This(enqueue(3)), "3 waits, 3 to a, a Interacting"),
        (1, This(enqueue(4)), "4 waits, 4 to a, a Interacting"),
        (1, This(enqueue(5)), "5 waits"),
    ]);
}

#[test]
fn labels_have_maxima_of_their_own() {
    let label: LabelId = id(6, 1);
    let agent = hired('a', |agent| {
        agent.utilization = Utilization::with_chats(3);
        agent.utilization.labels = [(label, 1)].into();
    });
    let labelled = |number| asking(number, |wish| wish.labels = [label].into());
    let engine = check(vec![
        (0, This(queue_of(1, None)), ""),
        (0, This(agent), ""),
        (0, This(on('a')), "a Idle"),
        (1, This(labelled(1)), "1 waits, 1 to a, a Interacting"),
        (2, This(labelled(2)), "2 waits"),
        (3, This(enqueue(3)), "3 waits, 3 to a, a Interacting"),
    ]);
    let explanation = engine.explain(chat(2), engine.now()).expect("it waits");
    assert_eq!(explanation.excluded, [(Exclusion::AtLabel(label), 1)]);
}

#[test]
fn external_work_counts() {
    let work: WorkId = id(7, 1);
    let start = || Command::StartExternalWork {
        agent: agent('a'),
        work,
        medium: Medium::Chat,
        labels: BTreeSet::new(),
    };
    let end = || Command::EndExternalWork {
        agent: agent('a'),
        work,
    };
    let mut unknown = start();
    if let Command::StartExternalWork { agent: who, .. } = &mut unknown {
        *who = agent('z');
    }
    with_agents(
        "a",
        vec![
            (1, This(start()), "a Communicating"),
            (1, This(start()), ""),
            (2, This(enqueue(1)), "1 waits"),
            (3, This(end()), "a Idle, 1 to a, a Interacting"),
            (4, This(end()), ""),
            // It may begin whatever they have in hand, and off queue; then nothing is offered.
            (5, This(start()), "a Interacting"),
            (6, This(cancel(1)), "1 not a: Cancelled, a Communicating"),
            (7, This(off('a')), "a OffQueue"),
            (8, This(end()), "a OffQueue"),
            (9, This(unknown), "! UnknownAgent"),
        ],
    );
}
