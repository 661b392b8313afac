//! What a scenario that could be read may still have wrong.

use super::format::{
    AfterContact, Agents, Arrivals, Asked, ClockTime, File, MethodName, PreferredAgents, Queue, Rate, Run, Spread,
};
use crate::Mistake;
use onqueue_acd::AfterContactMode;
use onqueue_model::Language;
use std::collections::BTreeMap;

/// So long as a simulation's clock counts, with room to spare.
const LONGEST_HOURS: f64 = 100_000.0;

const MOST_AGENTS: u32 = 100_000;

/// What is wrong with it.
pub fn mistakes(file: &File) -> Vec<Mistake> {
    let mut found = Found::default();
    found.run(&file.run);
    for (kind, is_empty) in [
        ("queues", file.queues.is_empty()),
        ("arrivals", file.arrivals.is_empty()),
        ("agents", file.agents.is_empty()),
    ] {
        found.unless(!is_empty, kind, "there are none; write at least one");
    }
    for (name, queue) in &file.queues {
        found.queue(&format!("queues.{name}"), queue, file);
    }
    for (name, arrivals) in &file.arrivals {
        found.arrivals(&format!("arrivals.{name}"), arrivals, file);
    }
    for (name, agents) in &file.agents {
        found.agents(&format!("agents.{name}"), agents, file);
    }
    let agents: u64 = file.agents.values().map(|agents| u64::from(agents.count)).sum();
    found.unless(
        agents <= u64::from(MOST_AGENTS),
        "agents",
        "more than 100,000 in all; write fewer",
    );
    found.mistakes
}

#[derive(Default)]
struct Found {
    mistakes: Vec<Mistake>,
}

impl Found {
    fn unless(&mut self, holds: bool, field: impl Into<String>, problem: &str) {
        if !holds {
            self.mistakes.push(Mistake::new(field, problem));
        }
    }

    fn at_least(&mut self, value: f64, least: f64, field: String) {
        if !(value.is_finite() && value >= least) {
            self.mistakes.push(Mistake::new(
                field,
                format!("is {value}; write a number of at least {least}"),
            ));
        }
    }

    fn positive(&mut self, value: f64, field: String) {
        if !(value.is_finite() && value > 0.0) {
            self.mistakes.push(Mistake::new(
                field,
                format!("is {value}; write a number greater than 0"),
            ));
        }
    }

    fn known<T>(&mut self, name: &str, of: &BTreeMap<String, T>, field: String) {
        if of.contains_key(name) {
            return;
        }
        let there: Vec<&str> = of.keys().map(String::as_str).collect();
        let problem = format!("there is no “{name}”; there is {}", there.join(", "));
        self.mistakes.push(Mistake::new(field, problem));
    }

    fn run(&mut self, run: &Run) {
        self.unless(run.replications > 0, "run.replications", "is 0; write at least 1");
        self.positive(run.hours, "run.hours".to_owned());
        self.at_least(run.warm_up_hours, 0.0, "run.warm_up_hours".to_owned());
        self.at_least(run.interval_minutes, 0.0, "run.interval_minutes".to_owned());
        let intervals = run.hours * 60.0 / run.interval_minutes;
        self.unless(
            run.interval_minutes == 0.0 || intervals <= 10_000.0,
            "run.interval_minutes",
            "makes more than 10,000 intervals; write a greater number",
        );
        self.unless(
            run.hours + run.warm_up_hours <= LONGEST_HOURS,
            "run.hours",
            "more than 100,000 in all; write fewer hours and more replications",
        );
    }

    fn queue(&mut self, field: &str, queue: &Queue, file: &File) {
        if let Some(target) = queue.target_seconds {
            self.at_least(target, 0.0, format!("{field}.target_seconds"));
        }
        self.method(field, queue, file);
        self.at_least(
            queue.last_agent.hold_seconds,
            0.0,
            format!("{field}.last_agent.hold_seconds"),
        );
        let after_contact = &queue.after_contact;
        if let Some(timeout) = after_contact.timeout_seconds {
            let sensible = (1.0..=3_600.0).contains(&timeout);
            self.unless(
                sensible,
                format!("{field}.after_contact.timeout_seconds"),
                "write a number from 1 to 3600",
            );
        }
        let needs_timeout = matches!(
            after_contact.mode,
            AfterContactMode::MandatoryTimeout | AfterContactMode::MandatoryForced
        );
        self.unless(
            !needs_timeout || after_contact.timeout_seconds.is_some(),
            format!("{field}.after_contact.timeout_seconds"),
            "is missing; this mode needs it",
        );
    }

    fn method(&mut self, field: &str, queue: &Queue, file: &File) {
        let given = [
            (MethodName::Bullseye, "rings", queue.rings.len(), 6),
            (MethodName::Preferred, "preferred.rules", queue.preferred.rules.len(), 6),
            (
                MethodName::Conditional,
                "conditional.rules",
                queue.conditional.rules.len(),
                5,
            ),
        ];
        for (method, name, count, most) in given {
            let is_used = queue.method == method;
            self.unless(
                is_used || count == 0,
                format!("{field}.{name}"),
                "is not looked at by this queue's method; change the method or leave it out",
            );
            self.unless(
                count <= most,
                format!("{field}.{name}"),
                &format!("has {count}; write at most {most}"),
            );
        }
        for (number, ring) in queue.rings.iter().enumerate() {
            self.at_least(ring.seconds, 0.0, format!("{field}.rings[{number}].seconds"));
        }
        for (number, rule) in queue.preferred.rules.iter().enumerate() {
            let field = format!("{field}.preferred.rules[{number}]");
            self.at_least(rule.seconds, 0.0, format!("{field}.seconds"));
            self.unless(
                rule.threshold <= 100,
                format!("{field}.threshold"),
                "write a number from 0 to 100",
            );
        }
        for (number, rule) in queue.conditional.rules.iter().enumerate() {
            let field = format!("{field}.conditional.rules[{number}]");
            self.at_least(rule.seconds, 0.0, format!("{field}.seconds"));
            self.at_least(rule.value, 0.0, format!("{field}.value"));
            if let Some(queue) = &rule.queue {
                self.known(queue, &file.queues, format!("{field}.queue"));
            }
        }
    }

    fn arrivals(&mut self, field: &str, arrivals: &Arrivals, file: &File) {
        self.known(&arrivals.queue, &file.queues, format!("{field}.queue"));
        self.positive(arrivals.interval_minutes, format!("{field}.interval_minutes"));
        match &arrivals.per_hour {
            Rate::Steady(rate) => self.at_least(*rate, 0.0, format!("{field}.per_hour")),
            Rate::Profile(rates) => {
                self.unless(
                    !rates.is_empty(),
                    format!("{field}.per_hour"),
                    "is an empty list; write a number",
                );
                for (number, rate) in rates.iter().enumerate() {
                    self.at_least(*rate, 0.0, format!("{field}.per_hour[{number}]"));
                }
            }
        }
        let sensible = (-25_000_000..=25_000_000).contains(&arrivals.priority);
        self.unless(
            sensible,
            format!("{field}.priority"),
            "write a number from −25,000,000 to 25,000,000",
        );
        self.spread(&arrivals.handle_seconds, format!("{field}.handle_seconds"));
        for (name, spread) in [
            ("wrap_up_seconds", &arrivals.wrap_up_seconds),
            ("patience_seconds", &arrivals.patience_seconds),
        ] {
            if let Some(spread) = spread {
                self.spread(spread, format!("{field}.{name}"));
            }
        }
        self.wants(field, arrivals, file);
        if let Some(queue) = file.queues.get(&arrivals.queue) {
            self.wrap_up(field, arrivals, &queue.after_contact);
        }
    }

    fn wants(&mut self, field: &str, arrivals: &Arrivals, file: &File) {
        if let Asked::Least(skills) = &arrivals.skills {
            self.stars(skills, &format!("{field}.skills"));
        }
        if let Some(language) = &arrivals.language {
            self.language(language, format!("{field}.language"));
        }
        self.unless(
            (0.0..=1.0).contains(&arrivals.last_agent_share),
            format!("{field}.last_agent_share"),
            "write a share from 0 to 1",
        );
        if let Some(preferred) = &arrivals.preferred {
            self.preferred(&format!("{field}.preferred"), preferred, file);
        }
    }

    fn preferred(&mut self, field: &str, preferred: &PreferredAgents, file: &File) {
        self.known(&preferred.pool, &file.agents, format!("{field}.pool"));
        self.unless(
            (1..=20).contains(&preferred.agents),
            format!("{field}.agents"),
            "write a number from 1 to 20",
        );
        let ordered = preferred.least_score <= preferred.most_score && preferred.most_score <= 100;
        self.unless(
            ordered,
            format!("{field}.most_score"),
            "write scores from 0 to 100, the least first",
        );
    }

    fn wrap_up(&mut self, field: &str, arrivals: &Arrivals, after_contact: &AfterContact) {
        let field = format!("{field}.wrap_up_seconds");
        let is_given = arrivals.wrap_up_seconds.is_some();
        match after_contact.mode {
            AfterContactMode::Optional | AfterContactMode::MandatoryForced => self.unless(
                !is_given,
                field,
                "is not looked at by its queue's after_contact.mode; leave it out or change the mode (“mandatory”)",
            ),
            AfterContactMode::Mandatory => self.unless(
                is_given,
                field,
                "is missing; the queue's after-contact work would never end",
            ),
            AfterContactMode::MandatoryTimeout | AfterContactMode::AgentRequested => {}
        }
    }

    fn agents(&mut self, field: &str, agents: &Agents, file: &File) {
        for (queue, place) in agents.queues.places() {
            self.known(&queue, &file.queues, format!("{field}.queues"));
            self.unless(
                (1..=6).contains(&place.ring),
                format!("{field}.queues.{queue}.ring"),
                "write a number from 1 to 6",
            );
        }
        self.stars(&agents.skills, &format!("{field}.skills"));
        self.stars(&agents.languages, &format!("{field}.languages"));
        for language in agents.languages.keys() {
            self.language(language, format!("{field}.languages.{language}"));
        }
        let too_much = agents.at_once.values().any(|maximum| *maximum > 25);
        self.unless(!too_much, format!("{field}.at_once"), "write numbers from 0 to 25");
        self.positive(agents.speed, format!("{field}.speed"));
        self.at_least(agents.slowdown, 0.0, format!("{field}.slowdown"));
        for (number, shift) in agents.shifts.iter().enumerate() {
            self.unless(
                shift.from != shift.to && shift.from < MIDNIGHT,
                format!("{field}.shifts[{number}]"),
                "ends as it begins; write different times, the first before 24:00",
            );
        }
    }

    fn stars(&mut self, skills: &BTreeMap<String, f64>, field: &str) {
        for (skill, stars) in skills {
            let sensible = (0.0..=5.0).contains(stars);
            self.unless(
                sensible,
                format!("{field}.{skill}"),
                "write a number of stars from 0 to 5",
            );
        }
    }

    fn language(&mut self, language: &str, field: String) {
        let sensible = Language::parse(language).is_some();
        self.unless(
            sensible,
            field,
            "is no language; write its tag, such as “en” or “de-AT”",
        );
    }

    fn spread(&mut self, spread: &Spread, field: String) {
        match spread {
            Spread::Constant(seconds) => self.at_least(*seconds, 0.0, field),
            Spread::Exponential(mean) => self.positive(*mean, field),
            Spread::Erlang(erlang) => {
                self.positive(erlang.mean, format!("{field}.mean"));
                self.unless(erlang.stages > 0, format!("{field}.stages"), "is 0; write at least 1");
            }
            Spread::Lognormal(lognormal) => {
                self.positive(lognormal.mean, format!("{field}.mean"));
                self.positive(lognormal.deviation, format!("{field}.deviation"));
            }
        }
    }
}

const MIDNIGHT: ClockTime = ClockTime { minutes: 24 * 60 };
