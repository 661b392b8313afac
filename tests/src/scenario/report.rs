//! What is said at the end of a run.

use super::{Limits, Scenario, finds::Finds, waits::Waits};
use crate::{
    history::{Facts, Fault, Violation, check::count},
    load::{Measured, Samples},
};
use std::{fmt, time::Duration};

/// How many violations are shown.
const SHOWN: usize = 12;

/// Times that belong to rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Pauses {
    /// From a fault's beginning to the next acknowledgement.
    pub back: Samples,
    /// From a fault's beginning to the first input of a new owner of routing.
    pub take_over: Samples,
    /// From the signal to the end of the process that was told to end.
    pub exits: Samples,
}

impl Pauses {
    /// Adds how long after the fault began a new owner of routing took its first input, if there was a new one.
    pub fn add_take_over(&mut self, facts: &Facts, fault: Fault) {
        let before = facts.log.iter().filter(|row| row.at <= fault.from);
        let Some(before) = before.map(|row| row.epoch).max() else {
            return;
        };
        let within = facts
            .log
            .iter()
            .filter(|row| (fault.from..=fault.until).contains(&row.at));
        if let Some(at) = within.filter(|row| row.epoch > before).map(|row| row.at).min() {
            self.take_over
                .add(Duration::from_millis(u64::try_from(at - fault.from).unwrap_or(0)));
        }
    }
}

/// Times of acknowledgements while content is away.
#[derive(Clone, Debug, Default)]
pub(super) struct Sends {
    away: Samples,
}

impl Sends {
    /// Adds what was acknowledged since there were so many.
    pub fn add_outage(&mut self, all: &Samples, before: usize) {
        self.away.extend(&all.since(before));
    }
}

/// How much longer than at other times an acknowledgement may take that takes no time.
const NOISE: Duration = Duration::from_millis(2);

/// Something that has to hold, with what was found.
#[derive(Clone, Debug)]
pub struct Goal {
    pub name: &'static str,
    pub limit: String,
    pub found: String,
    pub is_held: bool,
}

impl Goal {
    /// At most so many.
    pub(super) fn at_most(name: &'static str, limit: usize, found: usize) -> Self {
        Self {
            name,
            limit: limit.to_string(),
            found: found.to_string(),
            is_held: found <= limit,
        }
    }

    /// A time, taken of so many samples.
    pub(super) fn within(name: &'static str, limit: Duration, (found, samples): (Duration, &Samples)) -> Self {
        Self {
            name,
            limit: format!("{limit:?}"),
            found: format!("{found:.2?} of {}", samples.count()),
            is_held: found <= limit,
        }
    }

    /// The same, which without a single sample is not held.
    pub(super) fn measured(self, samples: &Samples) -> Self {
        Self {
            is_held: self.is_held && samples.count() > 0,
            ..self
        }
    }
}

/// The outcome of one run.
#[derive(Clone, Debug)]
pub struct Report {
    pub name: String,
    pub seed: u64,
    pub rounds: usize,
    pub violations: Vec<Violation>,
    pub measured: Measured,
    /// What had to hold.
    pub goals: Vec<Goal>,
    /// Other things that must not be.
    pub complaints: Vec<String>,
    /// Further figures for people.
    pub figures: Vec<(String, String)>,
}

impl Report {
    pub(super) fn of(scenario: &Scenario, seed: u64, violations: Vec<Violation>, measured: Measured) -> Self {
        let Limits {
            resumed,
            delivered,
            no_failures,
            ..
        } = scenario.limits;
        let mut goals = vec![
            Goal::at_most("violations of I1 … I7", 0, violations.len()),
            Goal::at_most("answers that no fault excuses", 0, measured.wrong_answers()),
        ];
        let streams = &measured.resumed;
        goals.extend(resumed.map(|limit| Goal::within("streams resumed, p99", limit, (streams.at(0.99), streams))));
        let events = &measured.delivered;
        let late = |limit| Goal::within("events delivered, p99", limit, (events.at(0.99), events)).measured(events);
        goals.extend(delivered.map(late));
        goals.extend(no_failures.then(|| Goal::at_most("unary calls failed", 0, measured.failures())));
        Self {
            name: scenario.name.clone(),
            seed,
            rounds: scenario.rounds,
            violations,
            complaints: Vec::new(),
            figures: Vec::new(),
            goals,
            measured,
        }
    }

    pub(super) fn with_pauses(mut self, scenario: &Scenario, pauses: &Pauses) -> Self {
        let back = &pauses.back;
        let limit = scenario.limits.back;
        self.goals
            .extend(limit.map(|limit| Goal::within("back, the longest", limit, (back.most(), back)).measured(back)));
        let exits = &pauses.exits;
        let ended = |limit| Goal::within("exit, the longest", limit, (exits.most(), exits)).measured(exits);
        self.goals.extend(scenario.limits.exit.map(ended));
        self.figure("take-over p50/p99", times(&pauses.take_over));
        self.figure("next acknowledgement p50/p99", times(back));
        self
    }

    pub(super) fn with_finds(mut self, scenario: &Scenario, finds: Option<&Finds>) -> Self {
        let Some(finds) = finds else { return self };
        self.goals.extend(finds.goals(&scenario.limits));
        for (name, value) in finds.figures() {
            self.figure(name, value);
        }
        self
    }

    pub(super) fn with_sends(mut self, scenario: &Scenario, sends: &Sends) -> Self {
        let away = &sends.away;
        if away.count() == 0 {
            return self;
        }
        let all = &self.measured.sends;
        let unaffected = |times: f64| {
            let limit = all.at(0.99).mul_f64(times) + NOISE;
            Goal::within("sends while it is away, p99", limit, (away.at(0.99), away))
        };
        let goal = scenario.limits.unaffected.map(unaffected);
        self.goals.extend(goal);
        self.figure("sends while it is away p50/p99", times(away));
        self
    }

    pub(super) fn with_waits(mut self, scenario: &Scenario, waits: &Waits) -> Self {
        let touched = &waits.touched;
        let late = |limit| Goal::within("wait for an agent, p99", limit, (touched.at(0.99), touched)).measured(touched);
        self.goals.extend(scenario.limits.assignment_pause.map(late));
        for (name, samples) in [("waits during faults", touched), ("waits at other times", &waits.calm)] {
            let most = format!("{}, at most {:.1?}", times(samples), samples.most());
            self.figure(&format!("{name} p50/p99"), most);
        }
        self
    }

    pub(super) fn with_facts(mut self, facts: &Facts, unanswered: usize) -> Self {
        let events: usize = facts.transcripts.values().map(Vec::len).sum();
        let writes: i64 = facts.writes.iter().map(|write| write.count).sum();
        let judged = format!(
            "{} conversations, {events} events, {} inputs of routing",
            facts.conversations.len(),
            facts.log.len()
        );
        self.figure("judged", judged);
        self.figure("owners' writes checked", writes.to_string());
        if writes == 0 || events == 0 {
            self.complaints
                .push("nothing happened: the run proves nothing".to_owned());
        }
        self.figure("given up unacknowledged", unanswered.to_string());
        self
    }

    pub(super) fn with_complaints(mut self, complaints: Vec<String>) -> Self {
        self.complaints.extend(complaints);
        self
    }

    pub(super) fn with_figure(mut self, name: &str, value: String) -> Self {
        self.figure(name, value);
        self
    }

    pub(super) fn figure(&mut self, name: &str, value: String) {
        self.figures.push((name.to_owned(), value));
    }

    /// Whether everything held.
    pub fn passed(&self) -> bool {
        self.goals.iter().all(|goal| goal.is_held) && self.complaints.is_empty()
    }
}

fn times(samples: &Samples) -> String {
    format!(
        "{:.1?} / {:.1?} of {}",
        samples.at(0.5),
        samples.at(0.99),
        samples.count()
    )
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (goal: {})", self.name, self.found, self.limit)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measured {
            sends,
            resumed,
            desks_resumed,
            assigned,
            delivered,
            late,
            turned_away,
            ..
        } = &self.measured;
        let outcome = if self.passed() { "passed" } else { "FAILED" };
        writeln!(
            f,
            "{} (seed {}, {} rounds): {outcome}",
            self.name, self.seed, self.rounds
        )?;
        let counts = count(&self.violations).map(|count| count.to_string()).join(" ");
        let mut line = |name: &str, value: String| writeln!(f, "  {name:<32} {value}");
        line("violations of I1 … I7", counts)?;
        line("streams resumed p50/p99", times(resumed))?;
        line("agents' among them", times(desks_resumed))?;
        line("sends acknowledged p50/p99", times(sends))?;
        line("events delivered p50/p99", times(delivered))?;
        line("chats served p50/p99", times(assigned))?;
        line(
            "failed attempts of unary calls",
            format!("{} {}", self.measured.failures(), self.measured.failures_named()),
        )?;
        line("attempts at closed doors", turned_away.to_string())?;
        line("messages due too soon", late.to_string())?;
        for (name, value) in &self.figures {
            line(name, value.clone())?;
        }
        for violation in self.violations.iter().take(SHOWN) {
            line("violation", violation.to_string())?;
        }
        for goal in &self.goals {
            line(if goal.is_held { "held" } else { "MISSED" }, goal.to_string())?;
        }
        for complaint in &self.complaints {
            line("complaint", complaint.clone())?;
        }
        Ok(())
    }
}
