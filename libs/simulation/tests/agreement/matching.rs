//! Several skills, first come first served, the longest idle first: the product form of Adan and Weiss, “A skill based parallel
//! service system under FCFS-ALIS”, Stochastic Systems 4 (2014).

use crate::trial::{Point, assert_agreement, outcome, point, run_section, set};

/// Arrivals an hour of each type, and of each agent which types they serve and in how many seconds.
struct System {
    per_hour: [f64; 2],
    agents: Vec<([bool; 2], f64)>,
}

/// What the product form says of each type and agent.
#[derive(Default)]
struct Steady {
    waits: [f64; 2],
    /// In hours.
    wait: [f64; 2],
    busy: Vec<f64>,
}

impl System {
    /// The rate an hour of those whom only these agents can serve.
    fn bound(&self, agents: &[usize]) -> f64 {
        let others = (0..self.agents.len()).filter(|agent| !agents.contains(agent));
        let others: Vec<usize> = others.collect();
        self.per_hour.iter().sum::<f64>() - self.served(&others)
    }

    /// The rate of those whom one of these agents can serve.
    fn served(&self, agents: &[usize]) -> f64 {
        (0..2)
            .filter(|kind| self.serves(agents, *kind))
            .map(|kind| self.per_hour[kind])
            .sum()
    }

    fn serves(&self, agents: &[usize], kind: usize) -> bool {
        agents.iter().any(|agent| self.agents[*agent].0[kind])
    }

    fn speed(&self, agents: &[usize]) -> f64 {
        agents.iter().map(|agent| 3_600.0 / self.agents[*agent].1).sum()
    }

    /// Sums over all orders of the agents and all numbers of them that are busy: the busy ones by the order in which those whom
    /// they serve arrived, then the idle ones, who was idle shortest first. Behind each busy one wait those whom only
    /// they and the ones before can serve; their numbers are geometric and are summed here.
    fn steady(&self) -> Steady {
        let mut steady = Steady {
            busy: vec![0.0; self.agents.len()],
            ..Steady::default()
        };
        let mut total = 0.0;
        for order in orders(self.agents.len()) {
            for busy in 0..=order.len() {
                let weight = self.weight(&order, busy);
                total += weight;
                self.add(&mut steady, &order[..busy], weight);
            }
        }
        let sums = steady.waits.iter_mut().chain(&mut steady.wait).chain(&mut steady.busy);
        sums.for_each(|sum| *sum /= total);
        steady
    }

    fn weight(&self, order: &[usize], busy: usize) -> f64 {
        let of_busy = (1..=busy).map(|n| 1.0 / (self.speed(&order[..n]) - self.bound(&order[..n])));
        let of_idle = (busy..order.len()).map(|n| 1.0 / self.served(&order[n..]));
        of_busy.chain(of_idle).product()
    }

    fn add(&self, steady: &mut Steady, busy: &[usize], weight: f64) {
        let idle: Vec<usize> = (0..self.agents.len()).filter(|agent| !busy.contains(agent)).collect();
        busy.iter().for_each(|agent| steady.busy[*agent] += weight);
        for kind in 0..2 {
            if !self.serves(&idle, kind) {
                steady.waits[kind] += weight;
            }
            for n in 1..=busy.len() {
                let others = (0..self.agents.len()).filter(|agent| !busy[..n].contains(agent));
                if !self.serves(&others.collect::<Vec<_>>(), kind) {
                    // Little's law: their number by their rate.
                    let behind = 1.0 / (self.speed(&busy[..n]) - self.bound(&busy[..n]));
                    steady.wait[kind] += weight * behind;
                }
            }
        }
    }

    fn scenario(&self, run: &str) -> String {
        let mut text = format!("{run}\n[queues.q]\n");
        for (name, per_hour) in ["a", "b"].iter().zip(self.per_hour) {
            text += &format!(
                "[arrivals.{name}]\nqueue = \"q\"\nper_hour = {per_hour}\nskills = [\"{name}\"]\n\
                 handle_seconds = {{ exponential = 300 }}\n"
            );
        }
        for (number, ([a, b], seconds)) in self.agents.iter().enumerate() {
            let known = [("a", *a), ("b", *b)].into_iter().filter(|(_, knows)| *knows);
            let skills: Vec<String> = known.map(|(name, _)| format!("{name} = 1")).collect();
            text += &format!(
                "[agents.agent{number}]\ncount = 1\nqueues = [\"q\"]\nat_once = {{ chat = 1 }}\nskills = {{ {} }}\nspeed = {}\n",
                skills.join(", "),
                300.0 / seconds
            );
        }
        text
    }
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..count).map(|place| {
            let mut longer = order.clone();
            longer.insert(place, count - 1);
            longer
        })
    });
    longer.collect()
}

#[test]
fn with_one_skill_the_product_form_is_erlang_c() {
    let system = System {
        per_hour: [20.0, 0.0],
        agents: vec![([true, false], 300.0); 3],
    };
    let load = 20.0 / 12.0;
    let steady = system.steady();
    let waits = crate::erlang_c(3, load);
    assert!((steady.waits[0] - waits).abs() < 1e-12, "{}", steady.waits[0]);
    assert!((steady.wait[0] - waits / (3.0 - load) / 12.0).abs() < 1e-12);
    assert!(steady.busy.iter().all(|busy| (busy - load / 3.0).abs() < 1e-12));
}

#[test]
fn two_skills_are_the_product_form_of_adan_and_weiss() {
    let set = set();
    // Two who know one skill each, two who know both, one of them slower.
    let system = System {
        per_hour: [15.0, 20.0],
        agents: vec![
            ([true, false], 300.0),
            ([false, true], 300.0),
            ([true, true], 300.0),
            ([true, true], 400.0),
        ],
    };
    let truth = system.steady();
    let outcome = outcome(&system.scenario(&run_section(set.hours(2_200.0), 300)));
    let mut points: Vec<Point> = Vec::new();
    for (kind, name) in ["a", "b"].into_iter().enumerate() {
        let line = outcome.line("q", Some(name)).expect("the type");
        points.push(point(format!("{name}: must wait"), line.delayed, truth.waits[kind]));
        points.push(point(
            format!("{name}: mean wait"),
            line.wait,
            truth.wait[kind] * 3_600.0,
        ));
    }
    for (staff, busy) in outcome.staff.iter().zip(truth.busy) {
        points.push(point(format!("{}: occupancy", staff.pool), staff.occupancy, busy));
    }
    assert_agreement(set, &points);
}
