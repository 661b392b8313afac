//! Rank, requirements, memberships and limits.

use crate::steps::*;
use onqueue_acd::*;
use onqueue_model::Timestamp;

#[test]
fn a_point_of_priority_is_a_minute() {
    let head_start = |later: i64, first: &'static str| {
        with_agents(
            "a",
            vec![
                (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
                (0, Accept('a', 1), "a has 1"),
                (0, This(enqueue(2)), "2 waits"),
                (later, This(urgent(3, 2)), "3 waits"),
                (later, This(cancel(1)), first),
            ],
        );
    };
    head_start(2 * MINUTE - 1, "a lost 1, a Idle, 3 to a, a Interacting");
    head_start(2 * MINUTE, "a lost 1, a Idle, 2 to a, a Interacting");
}

#[test]
fn skills_and_language_decide_who_may() {
    let knows = |name, skills: &[(u64, u16)], languages: &[(&str, u16)]| {
        let skills = skills
            .iter()
            .map(|(number, proficiency)| (skill(*number), *proficiency));
        let languages = languages.iter().map(|(tag, proficiency)| (language(tag), *proficiency));
        hire(AgentProfile {
            skills: skills.collect(),
            languages: languages.collect(),
            ..profile(name, 1)
        })
    };
    let wants = |number, skills: &[(u64, u16)], tag: Option<&str>| {
        let requirements = Requirements {
            skills: skills.iter().map(|(number, least)| (skill(*number), *least)).collect(),
            language: tag.map(language),
            ..Requirements::default()
        };
        wanting(number, requirements)
    };
    let engine = check(vec![
        (0, This(queue_of(1, None)), ""),
        (0, This(knows('a', &[(1, 100)], &[("de", 99), ("en", 500)])), ""),
        (0, This(knows('b', &[(1, 99), (2, 500)], &[("de-AT", 100)])), ""),
        (0, This(knows('c', &[(1, 300), (2, 100)], &[("de", 100)])), ""),
        (0, This(on('a')), "a Idle"),
        (0, This(on('b')), "b Idle"),
        (0, This(on('c')), "c Idle"),
        (
            1,
            This(wants(1, &[(1, 100), (2, 100)], None)),
            "1 waits, 1 to c, c Interacting",
        ),
        (2, This(wants(2, &[], Some("de-CH"))), "2 waits, 2 to b, b Interacting"),
        // Nobody has it; the next is not held up.
        (3, This(wants(3, &[(1, 301)], Some("de"))), "3 waits"),
        (4, This(wants(4, &[(3, 100)], Some("en"))), "4 waits"),
        (
            5,
            This(wants(5, &[(1, 1)], Some("en"))),
            "5 waits, 5 to a, a Interacting",
        ),
        // A better profile is noticed at once.
        (6, This(cancel(5)), "5 not a: Cancelled, a Idle"),
        (
            7,
            This(knows('a', &[(3, 100)], &[("en", 500)])),
            "4 to a, a Interacting",
        ),
    ]);
    let explanation = engine.explain(chat(3), Timestamp(START + 8)).expect("it waits");
    assert_eq!(
        (explanation.candidates, explanation.excluded),
        (vec![], vec![(Exclusion::AtCapacity(Medium::Chat), 3)])
    );
    assert_eq!(engine.explain(chat(4), Timestamp(START + 8)), None, "it does not wait");
}

#[test]
fn memberships_are_joined_and_left() {
    let join = |name, number| Command::JoinQueue {
        agent: agent(name),
        queue: queue(number),
    };
    let leave = |name, number| Command::LeaveQueue {
        agent: agent(name),
        queue: queue(number),
    };
    let mut stranger = profile('b', 1);
    stranger.queues.clear();
    with_agents(
        "a",
        vec![
            (0, This(hire(stranger)), ""),
            (0, This(on('b')), "b Idle"),
            (1, This(leave('a', 1)), ""),
            (2, This(enqueue(1)), "1 waits"),
            (3, This(join('a', 1)), "1 to a, a Interacting"),
            (4, This(leave('a', 1)), ""),
            (5, Accept('a', 1), "a has 1"),
            (6, This(join('b', 1)), "! NotMember"),
            (6, This(leave('b', 1)), "! NotMember"),
            (6, This(join('a', 9)), "! UnknownQueue"),
            (6, This(join('z', 1)), "! UnknownAgent"),
        ],
    );
}

#[test]
fn a_limit_counts_waiting_and_alerting() {
    check(vec![
        (0, This(enqueue(1)), "1 rejected: UnknownQueue, ! UnknownQueue"),
        (0, This(queue_of(1, Some(2))), ""),
        (0, This(hire(profile('a', 1))), ""),
        (0, This(on('a')), "a Idle"),
        (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
        (1, This(enqueue(2)), "2 waits"),
        (1, This(enqueue(3)), "3 rejected: QueueFull, ! QueueFull"),
        (1, This(enqueue(2)), ""),
        (2, Accept('a', 1), "a has 1"),
        (3, This(enqueue(3)), "3 waits"),
        (4, This(queue_of(1, Some(1))), ""),
        (5, This(cancel(3)), ""),
        (5, This(enqueue(4)), "4 rejected: QueueFull, ! QueueFull"),
        (5, This(cancel(2)), ""),
        (6, This(enqueue(4)), "4 waits"),
    ]);
}

#[test]
fn a_lowered_maximum_takes_nothing_away() {
    check(vec![
        (0, This(queue_of(1, None)), ""),
        (0, This(hire(profile('a', 2))), ""),
        (0, This(on('a')), "a Idle"),
        (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
        (1, This(enqueue(2)), "2 waits, 2 to a, a Interacting"),
        (1, This(enqueue(3)), "3 waits"),
        (2, This(hire(profile('a', 1))), ""),
        (3, Accept('a', 1), "a has 1"),
        (4, This(cancel(2)), "2 not a: Cancelled, a Interacting"),
        (5, This(hire(profile('a', 2))), "3 to a, a Interacting"),
    ]);
}
