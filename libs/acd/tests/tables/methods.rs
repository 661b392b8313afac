//! How the search widens: rings, preferred agents, groups, whom the customer had last.

use crate::steps::*;
use onqueue_acd::*;

fn ring(seconds: u64, without: &[u64]) -> Ring {
    Ring {
        wait_ms: seconds * 1_000,
        skills_to_remove: without.iter().map(|number| skill(*number)).collect(),
        ..Ring::default()
    }
}

/// In this ring, with these skills.
fn in_ring(name: char, ring: u8, skills: &[u64]) -> Command {
    hired(name, |agent| {
        agent.queues.insert(
            queue(1),
            Membership {
                ring,
                ..Membership::new(true)
            },
        );
        agent.skills = skills.iter().map(|number| (skill(*number), 300)).collect();
    })
}

fn skilled(number: u64, skills: &[u64]) -> Command {
    asking(number, |wish| {
        wish.skills = skills.iter().map(|number| (skill(*number), 100)).collect();
    })
}

#[test]
fn a_bullseye_opens_three_rings_and_drops_a_skill() {
    let rings = vec![ring(10, &[]), ring(20, &[2]), ring(30, &[])];
    let engine = check(vec![
        (
            0,
            This(queue_with(1, |queue| queue.method = Method::Bullseye { rings })),
            "",
        ),
        (0, This(in_ring('a', 1, &[1])), ""),
        (0, This(in_ring('b', 2, &[1])), ""),
        // In a ring beyond the last: stands in the last.
        (0, This(in_ring('c', 6, &[1])), ""),
        (0, This(on('a')), "a Idle"),
        (0, This(on('b')), "b Idle"),
        (0, This(on('c')), "c Idle"),
        (0, This(skilled(1, &[1, 2])), "1 waits"),
        (0, This(skilled(2, &[1])), "2 waits, 2 to a, a Interacting"),
        (1, This(skilled(3, &[1])), "3 waits"),
        // b is in the second ring: he can have the third chat, but still lacks a skill for the first.
        (10 * SECOND, This(Command::Tick), "1 at Ring(2)"),
        (
            10 * SECOND + 1,
            This(Command::Tick),
            "3 at Ring(2), 3 to b, b Interacting",
        ),
        (10 * SECOND + 2, Accept('b', 3), "b has 3"),
        // With the third ring the second skill is not asked for any more, and inner rings stay open.
        (30 * SECOND - 1, This(ends('b', 3)), "b lost 3, b Idle"),
        (
            30 * SECOND,
            This(cancel(2)),
            "2 not a: Cancelled, a Idle, 1 at Ring(3), 1 to a, a Interacting",
        ),
        // The last ring is never left.
        (
            DAY,
            This(off('a')),
            "1 not a: TimedOut, 1 waits, a NotResponding, 1 to c, c Interacting, \
             1 not c: TimedOut, 1 waits, c NotResponding, 1 to b, b Interacting, 1 not b: TimedOut, 1 waits, b NotResponding, \
             a OffQueue",
        ),
        (DAY, This(on('a')), "a Idle, 1 to a, a Interacting"),
    ]);
    let record = engine.interaction(chat(1)).map(|it| it.requirements.skills.len());
    assert_eq!(record, Some(2), "what was asked for is kept");
}

#[test]
fn a_group_stands_in_its_ring() {
    let mut second = ring(5, &[]);
    second.groups = [group(7)].into();
    let rings = vec![ring(5, &[]), second, ring(5, &[])];
    let member = hired('a', |agent| {
        let membership = Membership {
            ring: 3,
            groups: [group(7)].into(),
            ..Membership::new(true)
        };
        agent.queues.insert(queue(1), membership);
    });
    check(vec![
        (
            0,
            This(queue_with(1, |queue| queue.method = Method::Bullseye { rings })),
            "",
        ),
        (0, This(member), ""),
        (0, This(on('a')), "a Idle"),
        (0, This(enqueue(1)), "1 waits"),
        (5 * SECOND, This(Command::Tick), "1 at Ring(2), 1 to a, a Interacting"),
    ]);
}

fn preferring(number: u64, scores: &[(char, u8)]) -> Command {
    asking(number, |wish| {
        wish.preferred = scores.iter().map(|(name, score)| (agent(*name), *score)).collect();
        wish.skills = [(skill(1), 100)].into();
    })
}

fn preferred(rules: &[(u8, u64)], then_all_preferred: bool) -> Command {
    let rules = rules.iter().map(|(threshold, seconds)| PreferredRule {
        threshold: *threshold,
        wait_ms: seconds * 1_000,
    });
    let rules = rules.collect();
    queue_with(1, |queue| {
        queue.method = Method::Preferred {
            rules,
            then_all_preferred,
        };
    })
}

fn knowing(name: char) -> Command {
    hired(name, |agent| agent.skills = [(skill(1), 100)].into())
}

#[test]
fn a_preferred_agent_has_it_for_fifteen_seconds_then_all() {
    check(vec![
        (0, This(preferred(&[(80, 15)], false)), ""),
        (0, This(hired('a', |_| {})), ""),
        (0, This(knowing('b')), ""),
        (0, This(knowing('c')), ""),
        (0, This(on('b')), "b Idle"),
        (0, This(on('c')), "c Idle"),
        // a is preferred and off queue; c is preferred too little; b is not at all.
        (0, This(preferring(1, &[('a', 90), ('c', 70)])), "1 waits"),
        (0, This(preferring(2, &[('a', 90)])), "2 waits"),
        // Skills do not count for whom the customer prefers.
        (14 * SECOND, This(on('a')), "a Idle, 1 to a, a Interacting"),
        (
            15 * SECOND,
            This(Command::Tick),
            "2 at AfterPreferred, 2 to b, b Interacting",
        ),
        // Back in line it is where its time has brought it.
        (
            16 * SECOND,
            Decline('a', 1),
            "1 not a: Declined, 1 waits, 1 at AfterPreferred, a Idle, 1 to c, c Interacting",
        ),
        // Who prefers nobody waits for nobody.
        (17 * SECOND, Decline('c', 1), "1 not c: Declined, 1 waits, c Idle"),
        (17 * SECOND, This(preferring(3, &[])), "3 waits, 3 to c, c Interacting"),
    ]);
}

#[test]
fn preferred_agents_rank_by_score() {
    let steps = |then_all: bool, last: &'static str| {
        check(vec![
            (0, This(preferred(&[(80, 5), (50, 5)], then_all)), ""),
            (0, This(hired('a', |_| {})), ""),
            (0, This(hired('b', |_| {})), ""),
            (0, This(hired('c', |_| {})), ""),
            (0, This(knowing('d')), ""),
            (0, This(on('a')), "a Idle"),
            (0, This(on('b')), "b Idle"),
            (
                0,
                This(preferring(1, &[('a', 80), ('b', 81)])),
                "1 waits, 1 to b, b Interacting",
            ),
            (0, This(preferring(2, &[('a', 60), ('b', 61), ('c', 10)])), "2 waits"),
            (1, This(cancel(1)), "1 not b: Cancelled, b Idle"),
            (
                5 * SECOND,
                This(off('b')),
                "b OffQueue, 2 at Preferred(2), 2 to a, a Interacting",
            ),
            (
                5 * SECOND,
                This(off('a')),
                "a OffQueue, 2 not a: AgentGone, 2 waits, a OffQueue",
            ),
            (6 * SECOND, This(on('c')), "c Idle"),
            (6 * SECOND, This(on('d')), "d Idle"),
            (10 * SECOND, This(Command::Tick), last),
        ]);
    };
    steps(false, "2 at AfterPreferred, 2 to d, d Interacting");
    steps(true, "2 at AfterPreferred, 2 to c, c Interacting");
}

#[test]
fn a_group_joins_when_the_wait_is_long() {
    let rule = |number: u64, comparison, value, seconds: u64| GroupRule {
        queue: queue(2),
        metric: Metric::EstimatedWait,
        comparison,
        value,
        groups: [group(number)].into(),
        wait_ms: seconds * 1_000,
    };
    // The first rule is about its own queue, whatever it names.
    let rules = vec![
        rule(1, Comparison::AtLeast, 0, 10),
        rule(2, Comparison::Greater, 60_000, 10),
        rule(3, Comparison::Less, 60_000, 10),
    ];
    let member = |name, number| {
        hired(name, |agent| {
            let membership = Membership {
                groups: [group(number)].into(),
                ..Membership::new(true)
            };
            agent.queues.insert(queue(1), membership);
        })
    };
    let observed = |number, estimated_wait_ms| Command::ObserveMetric {
        queue: queue(number),
        estimated_wait_ms,
        service_level: None,
    };
    let groups = move |queue: &mut QueueConfig| queue.method = Method::Conditional { rules };
    check(vec![
        (0, This(queue_of(2, None)), ""),
        (0, This(queue_with(1, groups)), ""),
        (0, This(member('b', 2)), ""),
        (0, This(member('c', 3)), ""),
        (0, This(on('b')), "b Idle"),
        (0, This(on('c')), "c Idle"),
        // Nothing is known, so no rule is true: everybody.
        (0, This(enqueue(1)), "1 waits, 1 to b, b Interacting"),
        (0, This(cancel(1)), "1 not b: Cancelled, b Idle"),
        (1, This(observed(1, Some(0))), ""),
        (1, This(observed(2, Some(60_001))), ""),
        (2, This(enqueue(2)), "2 waits"),
        // What is observed later changes nothing for those who wait.
        (3, This(observed(2, Some(5))), ""),
        (
            10 * SECOND + 2,
            This(Command::Tick),
            "2 at Groups(2), 2 to b, b Interacting",
        ),
        // The second rule is false now: passed over without waiting.
        (11 * SECOND, This(enqueue(3)), "3 waits"),
        (
            21 * SECOND,
            This(Command::Tick),
            "3 at Groups(3), 3 to c, c Interacting",
        ),
        (22 * SECOND, This(observed(9, None)), "! UnknownQueue"),
    ]);
}

fn with_last(mode: LastAgentMode) -> Command {
    queue_with(1, |queue| queue.last_agent = LastAgentRule { mode, hold_ms: 10_000 })
}

fn again(number: u64, last: char) -> Command {
    asking(number, |wish| {
        wish.last_agent = Some(agent(last));
        wish.skills = [(skill(1), 100)].into();
    })
}

#[test]
fn the_last_agent_is_tried_first() {
    check(vec![
        (0, This(with_last(LastAgentMode::QueueMembersOnly)), ""),
        (0, This(knowing('a')), ""),
        (0, This(hired('z', |_| {})), ""),
        (0, This(on('a')), "a Idle"),
        (0, This(on('z')), "z Idle"),
        (1, This(again(1, 'z')), "1 waits, 1 to z, z Interacting"),
        // No room: not waited for.
        (2, This(again(2, 'z')), "2 waits, 2 to a, a Interacting"),
        (3, This(cancel(2)), "2 not a: Cancelled, a Idle"),
        // Who says no is not waited for either.
        (
            4,
            Decline('z', 1),
            "1 not z: Declined, 1 waits, 1 at Standard, z Idle, 1 to a, a Interacting",
        ),
        (5, This(again(3, 'z')), "3 waits, 3 to z, z Interacting"),
        (6, This(off('z')), "z OffQueue, 3 not z: AgentGone, 3 waits, z OffQueue"),
        (7, This(cancel(1)), "1 not a: Cancelled, a Idle"),
        // The others come when the time is over.
        (
            10 * SECOND + 5,
            This(Command::Tick),
            "3 at Standard, 3 to a, a Interacting",
        ),
    ]);
}

#[test]
fn any_agent_need_not_be_a_member() {
    let stranger = |agent: &mut AgentProfile| agent.queues.clear();
    let steps = |mode, expected: &'static str| {
        check(vec![
            (0, This(with_last(mode)), ""),
            (0, This(knowing('a')), ""),
            (0, This(hired('z', stranger)), ""),
            (0, This(on('a')), "a Idle"),
            (0, This(on('z')), "z Idle"),
            (1, This(again(1, 'z')), expected),
        ]);
    };
    steps(LastAgentMode::AnyAgent, "1 waits, 1 to z, z Interacting");
    steps(LastAgentMode::QueueMembersOnly, "1 waits, 1 to a, a Interacting");
    steps(LastAgentMode::Disabled, "1 waits, 1 to a, a Interacting");
}

#[test]
fn another_method_is_as_if_it_had_been_from_the_beginning() {
    let rings = vec![ring(10, &[]), ring(10, &[]), ring(10, &[])];
    let bullseye = queue_with(1, |queue| queue.method = Method::Bullseye { rings });
    check(vec![
        (0, This(queue_of(1, None)), ""),
        (0, This(enqueue(1)), "1 waits"),
        (5 * SECOND, This(enqueue(2)), "2 waits"),
        (12 * SECOND, This(bullseye), "1 at Ring(2), 2 at Ring(1)"),
        (20 * SECOND, This(Command::Tick), "2 at Ring(2), 1 at Ring(3)"),
        (21 * SECOND, This(queue_of(1, None)), "1 at Standard, 2 at Standard"),
    ]);
}
