//! Who of the eligible is best, and whose turn it is.

use crate::steps::*;
use onqueue_acd::*;
use onqueue_model::Timestamp;

fn configure(change: impl FnOnce(&mut Settings)) -> Command {
    let mut settings = Settings::default();
    change(&mut settings);
    Command::Configure { settings }
}

fn evaluated(evaluation: Evaluation) -> Command {
    queue_with(1, |queue| queue.evaluation = evaluation)
}

fn knowing(name: char, level: u16) -> Command {
    hired(name, |agent| agent.skills = [(skill(1), level)].into())
}

fn skilled(number: u64) -> Command {
    asking(number, |wish| wish.skills = [(skill(1), 100)].into())
}

#[test]
fn best_skills_prefers_who_knows_more() {
    let steps = |evaluation, expected: &'static str| {
        check(vec![
            (0, This(evaluated(evaluation)), ""),
            (0, This(knowing('a', 99)), ""),
            (0, This(knowing('b', 200)), ""),
            (0, This(knowing('c', 300)), ""),
            (0, This(on('a')), "a Idle"),
            (0, This(on('b')), "b Idle"),
            (0, This(on('c')), "c Idle"),
            (1, This(skilled(1)), expected),
        ]);
    };
    steps(Evaluation::BestSkills, "1 waits, 1 to c, c Interacting");
    steps(Evaluation::AllSkills, "1 waits, 1 to b, b Interacting");
    steps(Evaluation::Disregard, "1 waits, 1 to a, a Interacting");
}

#[test]
fn only_the_first_by_idle_time_compete() {
    let steps = |top, expected: &'static str| {
        check(vec![
            (0, This(configure(|settings| settings.top = top)), ""),
            (0, This(evaluated(Evaluation::BestSkills)), ""),
            (0, This(knowing('a', 100)), ""),
            (0, This(knowing('b', 200)), ""),
            (0, This(knowing('c', 300)), ""),
            (0, This(on('a')), "a Idle"),
            (0, This(on('b')), "b Idle"),
            (0, This(on('c')), "c Idle"),
            (1, This(skilled(1)), expected),
        ]);
    };
    steps(None, "1 waits, 1 to c, c Interacting");
    steps(Some(2), "1 waits, 1 to b, b Interacting");
}

#[test]
fn the_least_loaded_come_first_where_it_is_set() {
    let steps = |least_loaded, expected: &'static str| {
        check(vec![
            (0, This(queue_of(1, None)), ""),
            (0, This(configure(|settings| settings.least_loaded = least_loaded)), ""),
            (0, This(hire(profile('a', 2))), ""),
            (0, This(hire(profile('b', 2))), ""),
            (0, This(on('a')), "a Idle"),
            (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (2, Accept('a', 1), "a has 1"),
            (3, This(on('b')), "b Idle"),
            (4, This(enqueue(2)), "2 waits, 2 to b, b Interacting"),
            (5, Accept('b', 2), "b has 2"),
            (6, This(cancel(2)), "b lost 2, b Idle"),
            (7, This(enqueue(3)), expected),
        ]);
    };
    steps(false, "3 waits, 3 to a, a Interacting");
    steps(true, "3 waits, 3 to b, b Interacting");
}

#[test]
fn idle_counts_from_what_is_set() {
    let steps = |idle_from, expected: &'static str| {
        check(vec![
            (0, This(queue_of(1, None)), ""),
            (0, This(configure(|settings| settings.idle_from = idle_from)), ""),
            (0, This(hire(profile('a', 2))), ""),
            (0, This(hire(profile('b', 2))), ""),
            (0, This(on('b')), "b Idle"),
            (1, This(enqueue(1)), "1 waits, 1 to b, b Interacting"),
            (2, Accept('b', 1), "b has 1"),
            (3, This(cancel(1)), "b lost 1, b Idle"),
            (4, This(on('a')), "a Idle"),
            (5, This(enqueue(2)), "2 waits, 2 to a, a Interacting"),
            (6, Accept('a', 2), "a has 2"),
            // a was assigned something later, but nothing of theirs has ended.
            (7, This(enqueue(3)), expected),
        ]);
    };
    steps(IdleFrom::LastOfAssignmentAndEnd, "3 waits, 3 to b, b Interacting");
    steps(IdleFrom::End, "3 waits, 3 to a, a Interacting");
}

#[test]
fn coming_on_queue_starts_idle_anew_or_with_what_was_elsewhere() {
    let on_after = |last: Option<i64>| Command::GoOnQueue {
        agent: agent('a'),
        last_interaction: last.map(|time| Timestamp(START + time)),
    };
    let steps = |resets, last, expected: &'static str| {
        check(vec![
            (0, This(queue_of(1, None)), ""),
            (
                0,
                This(configure(|settings| settings.on_queue_resets_idle = resets)),
                "",
            ),
            (0, This(hire(profile('a', 1))), ""),
            (0, This(hire(profile('b', 1))), ""),
            (0, This(on('b')), "b Idle"),
            (10, This(on_after(last)), "a Idle"),
            (20, This(enqueue(1)), expected),
        ]);
    };
    steps(false, None, "1 waits, 1 to a, a Interacting");
    steps(false, Some(5), "1 waits, 1 to b, b Interacting");
    steps(true, None, "1 waits, 1 to b, b Interacting");
    // What is said to be in the future is not believed.
    steps(false, Some(11), "1 waits, 1 to a, a Interacting");
}

#[test]
fn queues_by_priority_alone_come_first_and_go_by_it() {
    let in_second = |number, priority| Command::Enqueue {
        interaction: chat(number),
        queue: queue(2),
        requirements: Requirements {
            priority,
            ..Requirements::default()
        },
    };
    with_agents(
        "a",
        vec![
            (
                0,
                This(queue_with(2, |queue| queue.scoring = Scoring::PriorityOnly)),
                "",
            ),
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (1, This(urgent(2, 1_000)), "2 waits"),
            (2, This(in_second(3, -5)), "3 waits"),
            (
                DAY,
                This(in_second(4, -4)),
                "1 not a: TimedOut, 1 waits, a NotResponding, 4 waits",
            ),
            (DAY, This(on('a')), "a Idle, 4 to a, a Interacting"),
            (
                DAY,
                This(cancel(4)),
                "4 not a: Cancelled, a Idle, 3 to a, a Interacting",
            ),
            (
                DAY,
                This(cancel(3)),
                "3 not a: Cancelled, a Idle, 2 to a, a Interacting",
            ),
        ],
    );
}

#[test]
fn who_declines_stays_or_not() {
    let steps = |decline, expected: &'static str| {
        with_agents(
            "a",
            vec![
                (0, This(configure(|settings| settings.decline = decline)), ""),
                (1, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
                (2, Decline('a', 1), expected),
            ],
        );
    };
    steps(DeclineRule::Stays, "1 not a: Declined, 1 waits, a Idle");
    steps(
        DeclineRule::NotResponding,
        "1 not a: Declined, 1 waits, a NotResponding",
    );
}

#[test]
fn alerting_lasts_as_long_as_the_medium_says_and_not_at_all_when_automatic() {
    let slow = |queue: &mut QueueConfig| {
        queue.alerting_by_medium = [(Medium::Call, 5_000)].into();
    };
    check(vec![
        (0, This(queue_with(1, slow)), ""),
        (0, This(queue_with(2, |queue| queue.auto_answer = true)), ""),
        (0, This(hire(profile('a', 1))), ""),
        (0, This(on('a')), "a Idle"),
        (
            0,
            This(asking(1, |wish| wish.medium = Medium::Call)),
            "1 waits, 1 to a, a Interacting",
        ),
        (
            5_000,
            This(Command::Tick),
            "1 not a: TimedOut, 1 waits, a NotResponding",
        ),
        (5_001, This(cancel(1)), ""),
        (5_002, This(on('a')), "a Idle"),
        (
            5_003,
            This(Command::Enqueue {
                interaction: chat(2),
                queue: queue(2),
                requirements: Requirements::default(),
            }),
            "2 waits, 2 to a, a Interacting, a has 2",
        ),
    ]);
}
