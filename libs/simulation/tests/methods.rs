//! The engine's methods as they show in a simulation: what a scenario says reaches the engine, and its timers fire.

use onqueue_simulation::{Outcome, Scenario};

fn outcome(text: &str) -> Outcome {
    let scenario = Scenario::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let model = scenario.variants[0].model(1);
    let tallies: Vec<_> = (0..4).map(|number| model.replicate(number)).collect();
    Outcome::of("", &model, &tallies)
}

fn scenario(queue: &str, arrivals: &str, agents: &str) -> String {
    format!(
        "[run]\nhours = 50\n[queues.q]\ntarget_seconds = 20\n{queue}\n[arrivals.a]\nqueue = \"q\"\nper_hour = 4\n\
         handle_seconds = {{ constant = 10 }}\n{arrivals}\n{agents}\n"
    )
}

fn mean_wait(outcome: &Outcome) -> f64 {
    outcome
        .line("q", None)
        .and_then(|line| line.wait)
        .expect("some came")
        .value
}

/// Few come and all agents are free: the wait is until somebody may take it, to the millisecond.
fn assert_wait(outcome: &Outcome, expected: f64) {
    let wait = mean_wait(outcome);
    assert!((wait - expected).abs() < 0.5, "{wait} instead of {expected}");
}

#[test]
fn rings_open_one_after_the_other_and_drop_skills() {
    let rings = "method = \"bullseye\"\nrings = [{ seconds = 15 }, { seconds = 10, skills_to_remove = [\"x\"] }, {}]";
    let outer = scenario(rings, "", "[agents.p]\ncount = 9\nqueues = { q = { ring = 3 } }");
    assert_wait(&outcome(&outer), 25.0);
    let unskilled = scenario(rings, "skills = [\"x\"]", "[agents.p]\ncount = 9\nqueues = [\"q\"]");
    assert_wait(&outcome(&unskilled), 25.0);
}

#[test]
fn preferred_agents_come_first() {
    let queue = "method = \"preferred\"\npreferred = { rules = [{ threshold = 50, seconds = 15 }] }";
    let agents = "[agents.p]\ncount = 9\nqueues = [\"q\"]\n[agents.r]\ncount = 3\nqueues = [\"q\"]";
    let of = |scores: &str| {
        let preferred = format!("preferred = {{ pool = \"r\", agents = 2, {scores} }}");
        outcome(&scenario(queue, &preferred, agents))
    };
    let liked = of("least_score = 60");
    assert_wait(&liked, 0.0);
    assert!(
        liked.staff[0].occupancy.expect("was there").value < 0.001,
        "the others are idle"
    );
    assert_wait(&of("most_score = 40"), 15.0);
}

#[test]
fn the_last_agent_takes_whom_nobody_else_can() {
    let queue = "last_agent = { mode = \"queue_members_only\", hold_seconds = 30 }";
    let agents = "[agents.p]\ncount = 9\nqueues = [\"q\"]";
    let text = scenario(
        queue,
        "skills = [\"x\"]\nlast_agent_share = 0.7\npatience_seconds = { constant = 60 }",
        agents,
    );
    let outcome = outcome(&text.replace("hours = 50", "hours = 500"));
    assert_wait(&outcome, 0.0);
    let line = outcome.line("q", None).expect("the queue");
    let abandoned = line.abandoned.expect("some came").value;
    assert!((abandoned - 0.3).abs() < 0.03, "those who name nobody: {abandoned}");
}

#[test]
fn groups_join_when_the_recorded_wait_is_long() {
    let rules = |value: u32| {
        format!(
            "method = \"conditional\"\nconditional = {{ rules = [{{ metric = \"estimated_wait\", comparison = \">=\", value = {value}, \
             groups = [\"few\"], seconds = 0 }}] }}"
        )
    };
    let agents =
        "[agents.p]\ncount = 2\nqueues = { q = { groups = [\"few\"] } }\n[agents.r]\ncount = 2\nqueues = [\"q\"]";
    let others = |value| {
        outcome(&scenario(&rules(value), "", agents)).staff[1]
            .occupancy
            .expect("were there")
            .value
    };
    // Nobody waits: the estimate is 0, so the rule that asks for 0 holds and the group alone is open; else all are.
    assert!(others(0) < 1e-6 && others(60) > 1e-3, "{} {}", others(0), others(60));
}

#[test]
fn shifts_bring_agents_and_take_them_away() {
    let agents = "[agents.p]\ncount = 3\nqueues = [\"q\"]\nshifts = [{ from = \"06:00\", to = \"18:00\" }]";
    let text = scenario("", "patience_seconds = { constant = 1 }", agents).replace("hours = 50", "hours = 480");
    let line = outcome(&text);
    let abandoned = line.line("q", None).and_then(|line| line.abandoned).expect("some came");
    assert!(
        (abandoned.value - 0.5).abs() < 0.03,
        "half of the day: {}",
        abandoned.value
    );
}

#[test]
fn forced_time_after_contact_is_over_when_it_says() {
    let queue = "after_contact = { mode = \"mandatory_forced\", timeout_seconds = 30 }";
    let agents = "[agents.p]\ncount = 4\nqueues = [\"q\"]\nat_once = { chat = 1 }";
    let text = scenario(queue, "", agents).replace("per_hour = 4", "per_hour = 180");
    let occupancy = outcome(&text).staff[0].occupancy.expect("were there");
    assert!(
        (occupancy.value - 0.5).abs() < 0.02,
        "180 × 40 s of 4 × 3600 s: {}",
        occupancy.value
    );
}
