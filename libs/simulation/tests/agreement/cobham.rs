//! Two classes of which the first always goes before the second, without interrupting: Cobham's formula.

use crate::erlang_c;
use crate::trial::{Point, Set, assert_agreement, outcome, point, run_section, set};

/// One class: arrivals an hour, mean handling in seconds, and its second moment.
struct Class {
    per_hour: f64,
    handling: &'static str,
    mean: f64,
    square: f64,
}

const fn exponential(per_hour: f64, handling: &'static str, mean: f64) -> Class {
    Class {
        per_hour,
        handling,
        mean,
        square: 2.0 * mean * mean,
    }
}

const fn constant(per_hour: f64, handling: &'static str, mean: f64) -> Class {
    Class {
        per_hour,
        handling,
        mean,
        square: mean * mean,
    }
}

impl Class {
    /// In erlangs.
    fn load(&self) -> f64 {
        self.per_hour / 3_600.0 * self.mean
    }
}

/// The mean waits of both classes, in seconds: the work in hand that a newcomer finds, stretched by what may overtake. For one
/// agent with any handling times; for several if both classes have the same exponential ones.
fn cobham(servers: u32, classes: &[Class; 2]) -> [f64; 2] {
    let [first, second] = [0, 1].map(|class| classes[class].load() / f64::from(servers));
    let in_hand = if servers == 1 {
        let part = |class: &Class| class.per_hour / 3_600.0 * class.square / 2.0;
        classes.iter().map(part).sum::<f64>()
    } else {
        let load = classes[0].load() + classes[1].load();
        erlang_c(servers, load) * classes[0].mean / f64::from(servers)
    };
    [
        in_hand / (1.0 - first),
        in_hand / ((1.0 - first) * (1.0 - first - second)),
    ]
}

fn points(name: &str, servers: u32, classes: &[Class; 2], run: &str) -> Vec<Point> {
    let mut text = format!(
        "{run}
[queues.q]
scoring = \"priority_only\"
[agents.p]
count = {servers}
queues = [\"q\"]
at_once = {{ chat = 1 }}
"
    );
    for (class, (flow, priority)) in classes.iter().zip([("urgent", 1), ("other", 0)]) {
        text += &format!(
            "[arrivals.{flow}]\nqueue = \"q\"\nper_hour = {}\npriority = {priority}\nhandle_seconds = {{ {} = {} }}\n",
            class.per_hour, class.handling, class.mean
        );
    }
    let outcome = outcome(&text);
    let truth = cobham(servers, classes);
    let flows = ["urgent", "other"].into_iter().zip(truth);
    flows
        .map(|(flow, wait)| {
            let line = outcome.line("q", Some(flow)).expect("the class");
            point(format!("{name}: mean wait, {flow}"), line.wait, wait)
        })
        .collect()
}

#[test]
fn without_a_first_class_it_is_erlang_c() {
    let classes = [
        exponential(0.0, "exponential", 300.0),
        exponential(100.8, "exponential", 300.0),
    ];
    let wait = erlang_c(12, 8.4) * 300.0 / (12.0 - 8.4);
    assert!((cobham(12, &classes)[1] - wait).abs() < 1e-9);
}

#[test]
fn strict_priority_is_cobhams_formula() {
    let set = set();
    let several = [
        exponential(40.0, "exponential", 300.0),
        exponential(30.0, "exponential", 300.0),
    ];
    let mut all = points("7 agents", 7, &several, &run_section(set.hours(3_200.0), 200));
    if set == Set::Long {
        let alone = [constant(4.0, "constant", 200.0), exponential(4.0, "exponential", 400.0)];
        all.extend(points(
            "1 agent, constant and exponential",
            1,
            &alone,
            &run_section(5_000.0, 201),
        ));
    }
    assert_agreement(set, &all);
}
