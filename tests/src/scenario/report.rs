//! What is said at the end of a run.

use super::{Limits, Scenario};
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
    pub assignment: Samples,
}

impl Pauses {
    /// Adds how long after the fault began a new owner of routing took its first input, if there was a new one.
    pub fn add_assignment(&mut self, facts: &Facts, fault: Fault) {
        let before = facts
            .log
            .iter()
            .filter(|row| row.at <= fault.from)
            .map(|row| row.epoch)
            .max();
        let within = facts
            .log
            .iter()
            .filter(|row| (fault.from..=fault.until).contains(&row.at));
        let of_new = within
            .filter(|row| before.is_some_and(|before| row.epoch > before))
            .map(|row| row.at)
            .min();
        if let Some(at) = of_new {
            self.assignment
                .add(Duration::from_millis(u64::try_from(at - fault.from).unwrap_or(0)));
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
    /// Limits that were not kept, and other things that must not be.
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
        let mut report = Self {
            name: scenario.name.clone(),
            seed,
            rounds: scenario.rounds,
            violations,
            complaints: Vec::new(),
            figures: Vec::new(),
            measured,
        };
        report.limit("streams resumed, p99", report.measured.resumed.at(0.99), resumed);
        report.limit("events delivered, p99", report.measured.delivered.at(0.99), delivered);
        let wrong = report.measured.wrong_answers();
        if wrong > 0 {
            let failed = report.measured.failures_named();
            report
                .complaints
                .push(format!("{wrong} answers that no fault excuses: {failed}"));
        }
        if no_failures && report.measured.failures() > 0 {
            let failed = report.measured.failures_named();
            report.complaints.push(format!("unary calls failed: {failed}"));
        }
        report
    }

    pub(super) fn with_pauses(mut self, scenario: &Scenario, pauses: &Pauses) -> Self {
        self.limit(
            "assignment pause, p99",
            pauses.assignment.at(0.99),
            scenario.limits.assignment_pause,
        );
        self.limit("back, the longest", pauses.back.most(), scenario.limits.back);
        self.figure("assignment pause p50/p99", times(&pauses.assignment));
        self.figure("next acknowledgement p50/p99", times(&pauses.back));
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

    fn limit(&mut self, name: &str, value: Duration, limit: Option<Duration>) {
        if let Some(limit) = limit.filter(|limit| value > *limit) {
            self.complaints
                .push(format!("{name}: {value:.1?}, more than {limit:?}"));
        }
    }

    /// Whether everything held.
    pub fn passed(&self) -> bool {
        self.violations.is_empty() && self.complaints.is_empty()
    }
}

fn times(samples: &Samples) -> String {
    format!(
        "{:.0?} / {:.0?} of {}",
        samples.at(0.5),
        samples.at(0.99),
        samples.count()
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measured {
            sends,
            resumed,
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
        for complaint in &self.complaints {
            line("complaint", complaint.clone())?;
        }
        Ok(())
    }
}
