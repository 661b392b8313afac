//! How long handling takes: other distributions (Pollaczek and Khinchine), several at once, and work after contact.

use crate::erlang_c;
use crate::trial::{Point, Set, assert_agreement, outcome, point, run_section, set};

/// Of everything here, in seconds.
const HANDLING: f64 = 300.0;

struct Shop {
    load: f64,
    handling: String,
    of_arrivals: &'static str,
    of_queue: &'static str,
    of_agents: String,
}

impl Shop {
    fn text(&self, run: &str) -> String {
        format!(
            "{run}\n[queues.q]\n{}\n[arrivals.a]\nqueue = \"q\"\nper_hour = {}\nhandle_seconds = {{ {} }}\n{}\n\
             [agents.p]\nqueues = [\"q\"]\n{}\n",
            self.of_queue,
            self.load * 3_600.0 / HANDLING,
            self.handling,
            self.of_arrivals,
            self.of_agents
        )
    }
}

/// One agent, and handling times whose squared coefficient of variation is this.
fn pollaczek(handling: &str, variation: f64, seed: u64, hours: f64) -> Point {
    let shop = Shop {
        load: 0.6,
        handling: handling.to_owned(),
        of_arrivals: "",
        of_queue: "",
        of_agents: "count = 1\nat_once = { chat = 1 }".to_owned(),
    };
    let found = outcome(&shop.text(&run_section(hours, seed)));
    let line = found.line("q", None).expect("the queue");
    let wait = shop.load * HANDLING * (1.0 + variation) / 2.0 / (1.0 - shop.load);
    point(format!("{handling}: mean wait"), line.wait, wait)
}

#[test]
fn one_agent_is_pollaczek_and_khinchine() {
    let set = set();
    let mut points = vec![pollaczek(
        "erlang = { mean = 300, stages = 3 }",
        1.0 / 3.0,
        500,
        set.hours(2_000.0),
    )];
    if set == Set::Long {
        points.push(pollaczek("constant = 300", 0.0, 501, 2_000.0));
        let variation = (240.0_f64 / 300.0).powi(2);
        points.push(pollaczek(
            "lognormal = { mean = 300, deviation = 240 }",
            variation,
            502,
            40_000.0,
        ));
    }
    assert_agreement(set, &points);
}

/// Agents with several chats at once, and how much each further one lengthens them.
fn at_once(agents: u32, chats: u32, slowdown: f64, load: f64, seed: u64, hours: f64) -> onqueue_simulation::Outcome {
    let shop = Shop {
        load,
        handling: format!("exponential = {HANDLING}"),
        of_arrivals: "",
        of_queue: "",
        of_agents: format!("count = {agents}\nat_once = {{ chat = {chats} }}\nslowdown = {slowdown}"),
    };
    outcome(&shop.text(&run_section(hours, seed)))
}

#[test]
fn several_at_once_are_several_agents_unless_they_slow_one_another_down() {
    let set = set();
    let hours = set.hours(2_000.0);
    let quick = at_once(2, 3, 0.0, 4.5, 510, hours);
    let quick = quick.line("q", None).expect("the queue");
    let waits = erlang_c(6, 4.5);
    // With two at half the speed there is always as much done as by one: as many are there as of an agent with one at once.
    let shared = at_once(1, 2, 1.0, 0.6, 511, hours);
    let spent = shared.staff[0].occupancy;
    let in_hand = shared.staff[0].in_hand;
    let line = shared.line("q", None).expect("the queue");
    assert_agreement(
        set,
        &[
            point("2 agents with 3 at once: must wait", quick.delayed, waits),
            point("2 agents with 3 at once: mean wait", quick.wait, waits * HANDLING / 1.5),
            point("two at half the speed: must wait", line.delayed, 0.36),
            point("two at half the speed: occupancy", spent, 0.6),
            // P(1) + 2 P(2 and more) = 0.24 + 2 × 0.36.
            point("two at half the speed: in hand", in_hand, 0.96),
        ],
    );
}

#[test]
fn work_after_contact_holds_its_place() {
    let set = set();
    for (number, queue) in [
        "after_contact = { mode = \"mandatory\" }",
        "after_contact = { mode = \"agent_requested\" }",
    ]
    .into_iter()
    .enumerate()
    {
        let shop = Shop {
            load: 2.0,
            handling: format!("constant = {HANDLING}"),
            of_arrivals: "wrap_up_seconds = { exponential = 60 }",
            of_queue: queue,
            of_agents: "count = 4\nat_once = { chat = 1 }".to_owned(),
        };
        let found = outcome(&shop.text(&run_section(set.hours(300.0), 520 + number as u64)));
        assert_agreement(set, &[point(queue, found.staff[0].occupancy, 0.6)]);
    }
}
