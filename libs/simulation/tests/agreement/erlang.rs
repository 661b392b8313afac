//! One skill: Erlang C, and with patience Erlang A.

use crate::trial::{Point, Set, assert_agreement, outcome, point, run_section, set};

/// How long a conversation takes on the average, in seconds.
const HANDLING: f64 = 300.0;

/// Of Erlang B's blocking probability, by its recursion.
fn erlang_b(servers: u32, load: f64) -> f64 {
    (1..=servers).fold(1.0, |blocked, n| load * blocked / (f64::from(n) + load * blocked))
}

/// The probability of waiting, by Erlang C.
pub fn erlang_c(servers: u32, load: f64) -> f64 {
    let blocked = erlang_b(servers, load);
    let idle = 1.0 - load / f64::from(servers);
    blocked / (idle + blocked - idle * blocked)
}

fn per_hour(load: f64) -> f64 {
    load * 3_600.0 / HANDLING
}

fn scenario(servers: u32, load: f64, patience: Option<f64>, run: &str) -> String {
    let patience = patience.map(|mean| format!("patience_seconds = {{ exponential = {mean} }}"));
    format!(
        "{run}
[queues.q]
target_seconds = 20
[arrivals.a]
queue = \"q\"
per_hour = {}
handle_seconds = {{ exponential = {HANDLING} }}
{}
[agents.p]
count = {servers}
queues = [\"q\"]
at_once = {{ chat = 1 }}
",
        per_hour(load),
        patience.unwrap_or_default()
    )
}

/// Agents, load in erlangs, hours in the long set.
const POINTS_C: [(u32, f64, f64); 12] = [
    (1, 0.5, 1_500.0),
    (1, 0.7, 2_500.0),
    (2, 1.0, 1_500.0),
    (2, 1.5, 2_400.0),
    (4, 2.8, 1_500.0),
    (5, 4.0, 1_300.0),
    (8, 6.0, 1_500.0),
    (12, 8.4, 3_000.0),
    (12, 10.2, 2_400.0),
    (20, 16.0, 2_200.0),
    (30, 25.0, 2_100.0),
    (50, 42.0, 2_800.0),
];

/// Which of them are in the short set.
const SHORT_C: [u32; 3] = [1, 5, 12];

#[test]
fn erlang_c_knows_the_figure_of_the_textbook() {
    assert!((erlang_c(12, 8.4) - 0.183_888_630_393).abs() < 1e-12);
}

#[test]
fn many_who_wait_for_a_few_are_erlang_c() {
    let set = set();
    let mut points = Vec::new();
    let mut seen = Vec::new();
    for (number, (servers, load, hours)) in POINTS_C.into_iter().enumerate() {
        let is_in_short = SHORT_C.contains(&servers) && !seen.contains(&servers);
        seen.push(servers);
        if set == Set::Long || is_in_short {
            points.extend(points_c(servers, load, set.hours(hours), number as u64));
        }
    }
    assert_agreement(set, &points);
}

fn points_c(servers: u32, load: f64, hours: f64, seed: u64) -> Vec<Point> {
    let outcome = outcome(&scenario(servers, load, None, &run_section(hours, seed)));
    let line = outcome.line("q", None).expect("the queue");
    let waits = erlang_c(servers, load);
    let spare = (f64::from(servers) - load) / HANDLING;
    let name = |what: &str| format!("{servers} agents, {load} erlangs: {what}");
    // The wait of those who wait is exponential with the spare rate.
    let within = 1.0 - waits * (-spare * 20.0).exp();
    let mut points = vec![
        point(name("must wait"), line.delayed, waits),
        point(name("mean wait"), line.wait, waits / spare),
        point(name("service level"), line.service_level, within),
        point(name("occupancy"), outcome.staff[0].occupancy, load / f64::from(servers)),
    ];
    // Where hardly more than one in ten waits, the ninth decile says little.
    if waits > 0.2 {
        points.push(point(name("P90"), line.wait_p90, (waits / 0.1).ln() / spare));
    }
    points
}

/// What becomes of those who come to agents who are too few, when each goes away at the same rate while waiting.
struct ErlangA {
    waits: f64,
    abandons: f64,
    wait: f64,
}

/// By the balance of births and deaths.
fn erlang_a(servers: u32, load: f64, patience: f64) -> ErlangA {
    let servers = f64::from(servers);
    let leaving = HANDLING / patience;
    let (mut weight, mut sum, mut waits, mut queue) = (1.0, 0.0, 0.0, 0.0);
    for n in 0..5_000 {
        let n = f64::from(n);
        sum += weight;
        if n >= servers {
            waits += weight;
            queue += weight * (n - servers);
        }
        let next = n + 1.0;
        weight *= load / (next.min(servers) + (next - servers).max(0.0) * leaving);
    }
    let queue = queue / sum;
    ErlangA {
        waits: waits / sum,
        abandons: queue * leaving / load,
        wait: queue * HANDLING / load,
    }
}

#[test]
fn without_impatience_erlang_a_is_erlang_c() {
    let patient = erlang_a(12, 8.4, 1e12);
    assert!((patient.waits - erlang_c(12, 8.4)).abs() < 1e-9);
}

/// Agents, load, mean patience in seconds, hours in the long set.
const POINTS_A: [(u32, f64, f64, f64); 4] = [
    (10, 9.0, 120.0, 300.0),
    (10, 12.0, 300.0, 300.0),
    (3, 2.0, 60.0, 1_500.0),
    (40, 40.0, 180.0, 200.0),
];

#[test]
fn with_patience_it_is_erlang_a() {
    let set = set();
    let several = if set == Set::Long { POINTS_A.len() } else { 1 };
    let mut points = Vec::new();
    for (number, (servers, load, patience, hours)) in POINTS_A.into_iter().take(several).enumerate() {
        let run = run_section(set.hours(hours), 100 + number as u64);
        let outcome = outcome(&scenario(servers, load, Some(patience), &run));
        let line = outcome.line("q", None).expect("the queue");
        let truth = erlang_a(servers, load, patience);
        let name = |what: &str| format!("{servers} agents, {load} erlangs, {patience} s: {what}");
        points.extend([
            point(name("must wait"), line.delayed, truth.waits),
            point(name("abandoned"), line.abandoned, truth.abandons),
            point(name("mean wait of all"), line.wait_all, truth.wait),
        ]);
    }
    assert_agreement(set, &points);
}
