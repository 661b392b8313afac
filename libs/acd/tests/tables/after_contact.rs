//! The work that follows an interaction.

use crate::steps::*;
use onqueue_acd::AfterContactMode::*;
use onqueue_acd::*;

fn queue_followed_by(mode: AfterContactMode, timeout_ms: Option<u64>, holds_slot: bool) -> Command {
    queue_with(1, |queue| {
        queue.after_contact = AfterContact {
            mode,
            timeout_ms,
            holds_slot,
        };
    })
}

fn complete(number: u64) -> Command {
    Command::CompleteAcw {
        agent: agent('a'),
        interaction: chat(number),
    }
}

fn request(number: u64) -> Command {
    Command::RequestAcw {
        agent: agent('a'),
        interaction: chat(number),
    }
}

type Steps = Vec<(i64, Do, &'static str)>;

/// After an agent has had the first chat for three milliseconds, and the second one waits.
fn after(mode: AfterContactMode, timeout_ms: Option<u64>, holds_slot: bool, steps: Steps) {
    let mut all = vec![
        (0, This(queue_followed_by(mode, timeout_ms, holds_slot)), ""),
        (0, This(hire(profile('a', 1))), ""),
        (0, This(on('a')), "a Idle"),
        (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
        (2, Accept('a', 1), "a has 1"),
        (3, This(enqueue(2)), "2 waits"),
    ];
    all.extend(steps);
    check(all);
}

#[test]
fn none_when_it_is_optional() {
    let steps = vec![
        (4, This(request(1)), ""),
        (5, This(ends('a', 1)), "a lost 1, a Idle, 2 to a, a Interacting"),
        (6, This(complete(1)), "! UnknownAcw"),
    ];
    after(Optional, None, true, steps);
}

#[test]
fn mandatory_lasts_until_the_agent_says_so() {
    let steps = vec![
        (5, This(ends('a', 1)), "a wraps up 1"),
        (DAY, This(Command::Tick), ""),
        (DAY, This(complete(2)), "! UnknownAcw"),
        (
            DAY,
            This(complete(1)),
            "a wrapped up 1, a lost 1, a Idle, 2 to a, a Interacting",
        ),
    ];
    after(Mandatory, Some(5_000), true, steps);
    let steps = vec![
        // It does not hold the slot: the next one comes at once.
        (
            5,
            This(cancel(1)),
            "a lost 1, a wraps up 1, a Idle, 2 to a, a Interacting",
        ),
        (6, This(complete(1)), "a wrapped up 1"),
    ];
    after(Mandatory, None, false, steps);
}

#[test]
fn mandatory_with_a_timeout_lasts_until_then_at_most() {
    let steps = vec![
        (5, This(ends('a', 1)), "a wraps up 1 until 10005"),
        (
            10_005,
            This(Command::Tick),
            "a wrapped up 1, a lost 1, a Idle, 2 to a, a Interacting",
        ),
    ];
    after(MandatoryTimeout, Some(10_000), true, steps);
    let steps = vec![
        // A minute, unless something else is said.
        (5, This(ends('a', 1)), "a wraps up 1 until 60005"),
        (
            9,
            This(complete(1)),
            "a wrapped up 1, a lost 1, a Idle, 2 to a, a Interacting",
        ),
        (
            60_005,
            This(Command::Tick),
            "2 not a: TimedOut, 2 waits, a NotResponding",
        ),
    ];
    after(MandatoryTimeout, None, true, steps);
}

#[test]
fn forced_cannot_be_ended_early() {
    let steps = vec![
        (5, This(ends('a', 1)), "a wraps up 1 until 2005"),
        (6, This(complete(1)), "! AcwForced"),
        (
            2_005,
            This(Command::Tick),
            "a wrapped up 1, a lost 1, a Idle, 2 to a, a Interacting",
        ),
    ];
    after(MandatoryForced, Some(2_000), true, steps);
    let steps = vec![
        (5, This(ends('a', 1)), "a wraps up 1 until 2005"),
        // Nobody is at the desk any more.
        (
            6,
            This(Command::AgentGone { agent: agent('a') }),
            "a OffQueue, a wrapped up 1, a lost 1, a OffQueue",
        ),
    ];
    after(MandatoryForced, Some(2_000), true, steps);
}

#[test]
fn requested_only_if_the_agent_asked_for_it() {
    let steps = vec![
        (4, This(request(2)), "! NotHeld"),
        (4, This(request(9)), "! UnknownInteraction"),
        (4, This(request(1)), ""),
        (5, This(ends('a', 1)), "a wraps up 1"),
        (
            6,
            This(complete(1)),
            "a wrapped up 1, a lost 1, a Idle, 2 to a, a Interacting",
        ),
        (7, Accept('a', 2), "a has 2"),
        (8, This(ends('a', 2)), "a lost 2, a Idle"),
        (9, This(ends('a', 2)), "! UnknownInteraction"),
    ];
    after(AgentRequested, None, true, steps);
}

#[test]
fn idle_begins_when_the_slot_is_free() {
    let follow = || queue_followed_by(MandatoryTimeout, Some(5_000), true);
    let mut steps = vec![(0, This(follow()), "")];
    steps.extend([
        (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
        (2, Accept('a', 1), "a has 1"),
        (3, This(enqueue(2)), "2 waits, 2 to b, b Interacting"),
        (4, Accept('b', 2), "b has 2"),
        (10, This(ends('a', 1)), "a wraps up 1 until 5010"),
        (11, This(queue_of(1, None)), ""),
        (20, This(ends('b', 2)), "b lost 2, b Idle"),
        (
            6_000,
            This(enqueue(3)),
            "a wrapped up 1, a lost 1, a Idle, 3 waits, 3 to b, b Interacting",
        ),
    ]);
    with_agents("ab", steps);
}

#[test]
fn it_goes_on_off_queue() {
    let steps = vec![
        (5, This(ends('a', 1)), "a wraps up 1 until 2005"),
        (6, This(off('a')), "a OffQueue"),
        (2_005, This(Command::Tick), "a wrapped up 1, a lost 1, a OffQueue"),
    ];
    after(MandatoryTimeout, Some(2_000), true, steps);
}
