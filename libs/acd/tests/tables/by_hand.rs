//! What people decide: assigned by hand, pulled, transferred; and who leaves.

use crate::steps::*;
use onqueue_acd::*;

fn assign(number: u64, name: char, forced: bool) -> Command {
    Command::AssignByHand {
        interaction: chat(number),
        agent: agent(name),
        forced,
    }
}

fn pull(name: char, number: u64) -> Command {
    Command::Pull {
        agent: agent(name),
        interaction: chat(number),
    }
}

fn transfer(number: u64, to: u64) -> Command {
    Command::Transfer {
        interaction: chat(number),
        queue: queue(to),
        keep_age: false,
        agent: None,
        requirements: None,
    }
}

fn transfer_to(name: char, number: u64, to: u64) -> Command {
    Command::Transfer {
        interaction: chat(number),
        queue: queue(to),
        keep_age: false,
        agent: Some(agent(name)),
        requirements: None,
    }
}

fn decision(applied: &Applied) -> Decision {
    let found = applied.effects.iter().find_map(|effect| match effect {
        Effect::DecisionRecorded { decision } => Some(decision.clone()),
        _ => None,
    });
    found.expect("something was decided")
}

/// Nobody has the skill.
fn unserved(number: u64) -> Command {
    asking(number, |wish| wish.skills = [(skill(9), 100)].into())
}

#[test]
fn a_supervisor_assigns_by_hand() {
    let mut engine = with_agents(
        "ab",
        vec![
            (0, This(unserved(1)), "1 waits"),
            // Skills do not count, room does.
            (1, This(assign(1, 'a', false)), "1 to a, a Interacting"),
            (2, This(assign(1, 'a', false)), ""),
            (
                3,
                This(assign(1, 'b', false)),
                "1 not a: Reassigned, a Idle, 1 to b, b Interacting",
            ),
            (4, Accept('a', 1), "! OfferRescinded"),
            (5, Decline('b', 1), "1 not b: Declined, 1 waits, b Idle"),
            // Whoever declined may be asked again by a person.
            (6, This(assign(1, 'b', false)), "1 to b, b Interacting"),
            (7, Accept('b', 1), "b has 1"),
            (8, This(assign(1, 'a', false)), "! AlreadyAssigned"),
            (8, This(assign(7, 'a', false)), "! UnknownInteraction"),
            (8, This(assign(1, 'z', false)), "! UnknownAgent"),
            (9, This(unserved(2)), "2 waits"),
            (9, This(assign(2, 'b', false)), "! AtCapacity"),
            (9, This(off('a')), "a OffQueue"),
            (9, This(assign(2, 'a', false)), "! OffQueue"),
        ],
    );
    let now = engine.now();
    let forced = engine.apply(now, assign(2, 'b', true));
    let forced = decision(&forced);
    assert_eq!((forced.decided, forced.stage), (Decided::ByForce, Stage::ByHand));
    assert_eq!(
        (forced.eligible, forced.candidates[0].active),
        (1, 1),
        "above capacity, and it is said"
    );
}

#[test]
fn force_is_recorded_only_where_it_was_needed() {
    let mut engine = with_agents("a", vec![(0, This(unserved(1)), "1 waits")]);
    let applied = engine.apply(engine.now(), assign(1, 'a', true));
    assert_eq!(decision(&applied).decided, Decided::ByHand);
}

#[test]
fn who_is_off_queue_stays_so_when_they_miss_what_was_forced_on_them() {
    with_agents(
        "a",
        vec![
            (0, This(off('a')), "a OffQueue"),
            (0, This(enqueue(1)), "1 waits"),
            (1, This(assign(1, 'a', true)), "1 to a, a OffQueue"),
            (30_001, This(Command::Tick), "1 not a: TimedOut, 1 waits, a OffQueue"),
        ],
    );
}

#[test]
fn an_agent_pulls_from_the_line() {
    let stranger = hired('x', |agent| agent.queues.clear());
    let passive = hired('y', |agent| {
        agent.queues.insert(queue(1), Membership::new(false));
    });
    let mut engine = with_agents(
        "a",
        vec![
            (0, This(stranger), ""),
            (0, This(passive), ""),
            (0, This(on('x')), "x Idle"),
            (0, This(on('y')), "y Idle"),
            (0, This(unserved(1)), "1 waits"),
            (0, This(unserved(2)), "2 waits"),
            (1, This(pull('x', 2)), "! NotMember"),
            (1, This(pull('y', 2)), "! NotJoined"),
            // Whatever ranks before it.
            (1, This(pull('a', 2)), "2 to a, a Interacting, a has 2"),
            (2, This(pull('a', 2)), "! NotWaiting"),
            (2, This(pull('a', 1)), "! AtCapacity"),
            (2, This(pull('a', 7)), "! UnknownInteraction"),
            (2, This(pull('z', 1)), "! UnknownAgent"),
            (3, This(ends('a', 2)), "a lost 2, a Idle"),
            (3, This(off('a')), "a OffQueue"),
            (3, This(pull('a', 1)), "! OffQueue"),
            (4, This(on('a')), "a Idle"),
        ],
    );
    let applied = engine.apply(engine.now(), pull('a', 1));
    assert_eq!(decision(&applied).decided, Decided::Pulled);
}

#[test]
fn a_transfer_begins_anew_or_keeps_its_age() {
    let steps = |keep_age: bool, expected: &'static str| {
        let moved = Command::Transfer {
            interaction: chat(2),
            queue: queue(2),
            keep_age,
            agent: None,
            requirements: None,
        };
        with_agents(
            "a",
            vec![
                (0, This(queue_of(2, Some(2))), ""),
                (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
                (1, Accept('a', 1), "a has 1"),
                (2, This(enqueue(2)), "2 waits"),
                (3, This(enqueue(3)), "3 waits"),
                (4, This(moved), "2 waits"),
                (5, This(ends('a', 1)), expected),
            ],
        );
    };
    steps(true, "a lost 1, a Idle, 2 to a, a Interacting");
    steps(false, "a lost 1, a Idle, 3 to a, a Interacting");
}

#[test]
fn a_transfer_from_hand_does_not_come_back() {
    let follow = |queue: &mut QueueConfig| {
        queue.after_contact = AfterContact {
            mode: AfterContactMode::Mandatory,
            ..AfterContact::default()
        };
    };
    with_agents(
        "ab",
        vec![
            (0, This(queue_with(1, follow)), ""),
            (0, This(queue_of(2, None)), ""),
            (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (2, Accept('a', 1), "a has 1"),
            (
                3,
                This(transfer(1, 2)),
                "a lost 1, a wraps up 1, a Idle, 1 waits, 1 to b, b Interacting",
            ),
            (4, Decline('b', 1), "1 not b: Declined, 1 waits, b Idle"),
            // From alerting, the offer is taken back.
            (5, This(off('b')), "b OffQueue"),
            (5, This(on('b')), "b Idle, 1 to b, b Interacting"),
            (
                6,
                This(transfer(1, 1)),
                "1 not b: Reassigned, b Idle, 1 waits, 1 to b, b Interacting",
            ),
        ],
    );
}

#[test]
fn a_transfer_to_an_agent_is_offered_to_them_first() {
    let to = |name: char| transfer_to(name, 1, 2);
    with_agents(
        "abc",
        vec![
            (0, This(queue_of(2, Some(1))), ""),
            (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (2, Accept('a', 1), "a has 1"),
            (3, This(to('z')), "! UnknownAgent"),
            (3, This(transfer(9, 2)), "! UnknownInteraction"),
            (3, This(transfer(1, 9)), "! UnknownQueue"),
            (3, This(to('a')), "! AtCapacity"),
            (4, This(off('b')), "b OffQueue"),
            (4, This(to('b')), "! OffQueue"),
            (5, This(on('b')), "b Idle"),
            (6, This(to('b')), "a lost 1, a Idle, 1 to b, b Interacting"),
            (
                7,
                Decline('b', 1),
                "1 not b: Declined, 1 waits, b Idle, 1 to c, c Interacting",
            ),
            // The queue is full with it.
            (8, This(enqueue(2)), "2 waits, 2 to b, b Interacting"),
            (9, This(transfer(2, 2)), "! QueueFull"),
            (
                9,
                This(transfer(1, 2)),
                "1 not c: Reassigned, c Idle, 1 waits, 1 to c, c Interacting",
            ),
        ],
    );
}

#[test]
fn what_is_asked_for_may_change() {
    let priority = |number, priority| Command::SetPriority {
        interaction: chat(number),
        priority,
    };
    let skills = |number| Command::SetRequirements {
        interaction: chat(number),
        requirements: Requirements::default(),
    };
    with_agents(
        "a",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (1, This(enqueue(2)), "2 waits"),
            (1, This(enqueue(3)), "3 waits"),
            (1, This(unserved(4)), "4 waits"),
            (2, This(priority(3, 1)), ""),
            (3, This(cancel(1)), "1 not a: Cancelled, a Idle, 3 to a, a Interacting"),
            (4, This(cancel(2)), ""),
            (5, This(cancel(3)), "3 not a: Cancelled, a Idle"),
            (6, This(skills(4)), "4 to a, a Interacting"),
            (7, This(priority(9, 1)), "! UnknownInteraction"),
            (7, This(skills(9)), "! UnknownInteraction"),
        ],
    );
}

#[test]
fn what_a_removed_agent_had_goes_back_to_its_old_place() {
    let remove = |name| Command::RemoveAgent { agent: agent(name) };
    with_agents(
        "ab",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (1, Accept('a', 1), "a has 1"),
            (2, This(enqueue(2)), "2 waits, 2 to b, b Interacting"),
            (3, This(enqueue(3)), "3 waits"),
            (4, This(remove('a')), "a lost 1, 1 waits"),
            (5, This(cancel(2)), "2 not b: Cancelled, b Idle, 1 to b, b Interacting"),
            (6, This(remove('b')), "1 not b: AgentGone, 1 waits"),
            (7, This(on('b')), "! UnknownAgent"),
            (8, This(remove('b')), ""),
        ],
    );
}

#[test]
fn a_removed_queue_lets_go_of_who_waits() {
    let remove = || Command::RemoveQueue { queue: queue(1) };
    with_agents(
        "ab",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (1, Accept('a', 1), "a has 1"),
            (2, This(enqueue(2)), "2 waits, 2 to b, b Interacting"),
            (3, This(enqueue(3)), "3 waits"),
            (
                4,
                This(remove()),
                "2 not b: Cancelled, b Idle, 2 rejected: UnknownQueue, 3 rejected: UnknownQueue",
            ),
            (5, This(remove()), ""),
            (6, This(ends('a', 1)), "a lost 1, a Idle"),
        ],
    );
}
