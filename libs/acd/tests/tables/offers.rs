//! Who is offered a chat, and how offers end.

use crate::steps::*;
use onqueue_acd::*;
use onqueue_model::Timestamp;

#[test]
fn a_chat_is_offered_accepted_and_ends() {
    with_agents(
        "a",
        vec![
            (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (2, This(enqueue(1)), ""),
            (3, Accept('a', 1), "a has 1"),
            (4, Accept('a', 1), "! OfferAlreadyAccepted"),
            (5, Decline('a', 1), "! OfferAlreadyAccepted"),
            (6, Accept('b', 1), "! UnknownAgent"),
            (7, Accept('a', 7), "! UnknownOffer"),
            (8, This(cancel(1)), "a lost 1, a Idle"),
            (9, This(cancel(1)), ""),
            (9, This(enqueue(1)), ""),
        ],
    );
}

#[test]
fn nobody_is_blamed_for_what_lapsed_while_nobody_could_answer() {
    let engine = with_agents(
        "ab",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (SECOND, This(enqueue(2)), "2 waits, 2 to b, b Interacting"),
            (2 * SECOND, This(enqueue(3)), "3 waits"),
            (
                3 * SECOND,
                Decline('b', 2),
                "2 not b: Declined, 2 waits, b Idle, 3 to b, b Interacting",
            ),
            // Without it, 1 and 2 would have been offered to and missed by both in the past.
            (
                2 * MINUTE,
                This(Command::Resume),
                "1 not a: Interrupted, 1 waits, a Idle, 3 not b: Interrupted, 3 waits, b Idle, 1 to a, a Interacting, \
                 3 to b, b Interacting",
            ),
            (2 * MINUTE + 30 * SECOND - 1, This(Command::Tick), ""),
            (2 * MINUTE + 30 * SECOND - 1, Accept('a', 1), "a has 1"),
            // What has not lapsed stands.
            (2 * MINUTE + 30 * SECOND - 1, This(Command::Resume), ""),
            (
                2 * MINUTE + 30 * SECOND,
                This(Command::Resume),
                "3 not b: Interrupted, 3 waits, b Idle, 3 to b, b Interacting",
            ),
        ],
    );
    assert_eq!(engine.now(), Timestamp(START + 2 * MINUTE + 30 * SECOND));
}

#[test]
fn the_longest_idle_gets_it() {
    with_agents(
        "abc",
        vec![
            // Never used: all the same, so the smallest id.
            (SECOND, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (2 * SECOND, Accept('a', 1), "a has 1"),
            (3 * SECOND, This(cancel(1)), "a lost 1, a Idle"),
            (4 * SECOND, This(enqueue(2)), "2 waits, 2 to b, b Interacting"),
            (4 * SECOND, Accept('b', 2), "b has 2"),
            // b was assigned before c, but ended later.
            (5 * SECOND, This(enqueue(3)), "3 waits, 3 to c, c Interacting"),
            (5 * SECOND, Accept('c', 3), "c has 3"),
            (6 * SECOND, This(cancel(3)), "c lost 3, c Idle"),
            (7 * SECOND, This(cancel(2)), "b lost 2, b Idle"),
            (8 * SECOND, This(enqueue(4)), "4 waits, 4 to a, a Interacting"),
            (8 * SECOND, This(enqueue(5)), "5 waits, 5 to c, c Interacting"),
            (8 * SECOND, This(enqueue(6)), "6 waits, 6 to b, b Interacting"),
        ],
    );
}

#[test]
fn after_seven_days_idle_is_idle() {
    // b ended before a. Just below the cap b is preferred; once both are at it, the smaller id.
    let used = |then: i64, expected| {
        with_agents(
            "ab",
            vec![
                (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
                (0, Accept('a', 1), "a has 1"),
                (0, This(enqueue(2)), "2 waits, 2 to b, b Interacting"),
                (0, Accept('b', 2), "b has 2"),
                (SECOND, This(cancel(2)), "b lost 2, b Idle"),
                (2 * SECOND, This(cancel(1)), "a lost 1, a Idle"),
                (2 * SECOND + then, This(enqueue(3)), expected),
            ],
        );
    };
    used(7 * DAY - 1, "3 waits, 3 to b, b Interacting");
    used(7 * DAY, "3 waits, 3 to a, a Interacting");
}

#[test]
fn a_declined_offer_goes_to_the_next_and_not_back() {
    let engine = with_agents(
        "ab",
        vec![
            (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (
                2,
                Decline('a', 1),
                "1 not a: Declined, 1 waits, a Idle, 1 to b, b Interacting",
            ),
            (3, Accept('a', 1), "! OfferRescinded"),
            (4, Decline('b', 1), "1 not b: Declined, 1 waits, b Idle"),
            // Being on queue already is not coming back.
            (5, This(on('a')), ""),
            (6, This(off('a')), "a OffQueue"),
            (7, This(on('a')), "a Idle, 1 to a, a Interacting"),
        ],
    );
    let entered = engine.interaction(chat(1)).map(|interaction| interaction.entered);
    assert_eq!(entered, Some(Timestamp(START + 1)), "the old place in line");
}

#[test]
fn silence_ends_the_offer_and_the_agent_is_not_responding() {
    let engine = with_agents(
        "ab",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (30 * SECOND - 1, This(Command::Tick), ""),
            (
                30 * SECOND,
                This(Command::Tick),
                "1 not a: TimedOut, 1 waits, a NotResponding, 1 to b, b Interacting",
            ),
            (31 * SECOND, Accept('a', 1), "! OfferExpired"),
            // In the very millisecond in which it lapses it is in time.
            (60 * SECOND, Accept('b', 1), "b has 1"),
            (61 * SECOND, This(enqueue(2)), "2 waits"),
            (62 * SECOND, This(on('a')), "a Idle, 2 to a, a Interacting"),
        ],
    );
    assert_eq!(engine.next_deadline(), Some(Timestamp(START + 92 * SECOND)));
    let since = engine.agent(agent('a')).map(|agent| agent.since);
    assert_eq!(since, Some(Timestamp(START + 62 * SECOND)));
}

#[test]
fn timers_fire_at_their_own_time_before_a_later_command() {
    let engine = with_agents(
        "ab",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (
                2 * MINUTE,
                This(Command::Tick),
                "1 not a: TimedOut, 1 waits, a NotResponding, 1 to b, b Interacting, \
             1 not b: TimedOut, 1 waits, b NotResponding",
            ),
            // Time does not go back.
            (MINUTE, This(on('b')), "b Idle, 1 to b, b Interacting"),
        ],
    );
    assert_eq!(engine.now(), Timestamp(START + 2 * MINUTE));
    let since = engine.agent(agent('a')).map(|agent| agent.since);
    assert_eq!(since, Some(Timestamp(START + 30 * SECOND)));
}

#[test]
fn a_refusal_keeps_what_timers_did() {
    with_agents(
        "a",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (
                31 * SECOND,
                Accept('a', 1),
                "1 not a: TimedOut, 1 waits, a NotResponding, ! OfferExpired",
            ),
        ],
    );
}

#[test]
fn going_off_queue_keeps_what_is_in_hand() {
    check(vec![
        (0, This(queue_of(1, None)), ""),
        (0, This(hire(profile('a', 2))), ""),
        (0, This(on('a')), "a Idle"),
        (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
        (2, Accept('a', 1), "a has 1"),
        (3, This(enqueue(2)), "2 waits, 2 to a, a Interacting"),
        (4, This(off('a')), "a OffQueue, 2 not a: AgentGone, 2 waits, a OffQueue"),
        (5, This(enqueue(3)), "3 waits"),
        // What is in hand counts: one of two is free, and the older is offered.
        (6, This(on('a')), "a Interacting, 2 to a, a Interacting"),
        (
            7,
            This(Command::AgentGone { agent: agent('a') }),
            "a OffQueue, 2 not a: AgentGone, 2 waits, a OffQueue",
        ),
        (8, This(cancel(1)), "a lost 1, a OffQueue"),
        (9, This(on('a')), "a Idle, 2 to a, a Interacting, 3 to a, a Interacting"),
        (9, This(off('z')), "! UnknownAgent"),
    ]);
}

#[test]
fn an_alerting_chat_may_end() {
    let engine = with_agents(
        "a",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (1, This(enqueue(2)), "2 waits"),
            (2, This(cancel(1)), "1 not a: Cancelled, a Idle, 2 to a, a Interacting"),
            (3, Accept('a', 1), "! OfferRescinded"),
            (4, This(cancel(2)), "2 not a: Cancelled, a Idle"),
        ],
    );
    assert_eq!((engine.next_deadline(), engine.interactions().count()), (None, 0));
}
