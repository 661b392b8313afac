//! The agents: what they have in hand, how fast it goes, and how their time is spent.

use crate::Nanos;
use crate::tally::StaffTally;
use std::ops::Range;

/// How an agent works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// 1 is usual, 2 twice as fast.
    pub speed: f64,
    /// By how much each further conversation in hand lengthens all of them; 0 is not at all.
    pub slowdown: f64,
}

#[derive(Clone, Debug)]
struct Agent {
    manner: Manner,
    is_on: bool,
    /// Where each contact is, and how much work of it is left.
    in_hand: Vec<(u32, f64)>,
    wrapping_up: u32,
    /// Up to when work and time are accounted for.
    since: Nanos,
    /// Counts changes of what is in hand.
    generation: u32,
    tally: StaffTally,
}

/// When an agent will be done with something, unless their generation is another one by then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Completion {
    pub at: Nanos,
    pub generation: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Crew {
    agents: Vec<Agent>,
    measured: Range<Nanos>,
}

impl Crew {
    pub fn new(manners: impl Iterator<Item = Manner>, measured: Range<Nanos>) -> Self {
        let agent = |manner| Agent {
            manner,
            is_on: false,
            in_hand: Vec::new(),
            wrapping_up: 0,
            since: 0,
            generation: 0,
            tally: StaffTally::default(),
        };
        Self {
            agents: manners.map(agent).collect(),
            measured,
        }
    }

    fn settled(&mut self, agent: u32, now: Nanos) -> &mut Agent {
        let agent = &mut self.agents[agent as usize];
        agent.settle(now, &self.measured);
        agent
    }

    pub fn set_on(&mut self, agent: u32, is_on: bool, now: Nanos) {
        self.settled(agent, now).is_on = is_on;
    }

    pub fn is_on(&self, agent: u32) -> bool {
        self.agents[agent as usize].is_on
    }

    /// Gives the agent a contact with so much work.
    pub fn begin(&mut self, agent: u32, slot: u32, work: f64, now: Nanos) -> Option<Completion> {
        let agent = self.settled(agent, now);
        agent.in_hand.push((slot, work));
        agent.next_completion(now)
    }

    /// Takes from the agent what has the least work left, unless it is not of this generation any more.
    pub fn finish(&mut self, agent: u32, generation: u32, now: Nanos) -> Option<(u32, Option<Completion>)> {
        if self.agents[agent as usize].generation != generation {
            return None;
        }
        let agent = self.settled(agent, now);
        let (number, _) = agent.least()?;
        let (slot, _) = agent.in_hand.swap_remove(number);
        Some((slot, agent.next_completion(now)))
    }

    pub fn wrap_up_begins(&mut self, agent: u32, now: Nanos) {
        self.settled(agent, now).wrapping_up += 1;
    }

    pub fn wrap_up_ends(&mut self, agent: u32, now: Nanos) {
        let agent = self.settled(agent, now);
        agent.wrapping_up = agent.wrapping_up.saturating_sub(1);
    }

    /// How each agent's time was spent, up to now.
    pub fn tallies(mut self, now: Nanos) -> Vec<StaffTally> {
        for agent in &mut self.agents {
            agent.settle(now, &self.measured);
        }
        self.agents.into_iter().map(|agent| agent.tally).collect()
    }
}

impl Agent {
    /// How much work of each contact in hand is done in a nanosecond.
    fn pace(&self) -> f64 {
        let others = self.in_hand.len().saturating_sub(1) as f64;
        self.manner.speed / (1.0 + self.manner.slowdown * others)
    }

    fn settle(&mut self, now: Nanos, measured: &Range<Nanos>) {
        let done = (now - self.since) as f64 * self.pace();
        for (_, left) in &mut self.in_hand {
            *left -= done;
        }
        let counted = now.min(measured.end).saturating_sub(self.since.max(measured.start));
        let active = self.in_hand.len() as u64 + u64::from(self.wrapping_up);
        self.tally.in_hand += counted * active;
        if active > 0 {
            self.tally.busy += counted;
        }
        if active > 0 || self.is_on {
            self.tally.staffed += counted;
        }
        self.since = now;
    }

    /// The place of what has the least work left, and how much that is.
    fn least(&self) -> Option<(usize, f64)> {
        let left = self.in_hand.iter().map(|(_, left)| *left).enumerate();
        left.min_by(|(_, one), (_, other)| one.total_cmp(other))
    }

    fn next_completion(&mut self, now: Nanos) -> Option<Completion> {
        self.generation = self.generation.wrapping_add(1);
        let (_, left) = self.least()?;
        Some(Completion {
            at: now + crate::chance::nanos(left.max(0.0) / self.pace()),
            generation: self.generation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crew(slowdown: f64) -> Crew {
        Crew::new(std::iter::once(Manner { speed: 1.0, slowdown }), 100..1_000)
    }

    #[test]
    fn two_at_once_take_longer_by_the_slowdown() {
        let mut crew = crew(0.5);
        let first = crew.begin(0, 7, 300.0, 0).expect("has work");
        assert_eq!(first.at, 300);
        // 100 of 300 are left; from here on each nanosecond does two thirds of one.
        let second = crew.begin(0, 8, 300.0, 200).expect("has work");
        assert_eq!(second.at, 350);
        assert!(crew.finish(0, first.generation, 300).is_none(), "it was slowed down");
        let (slot, next) = crew.finish(0, second.generation, 350).expect("is due");
        assert_eq!((slot, next.expect("has work").at), (7, 550));
    }

    #[test]
    fn time_is_counted_within_what_is_measured() {
        let mut crew = crew(0.0);
        crew.set_on(0, true, 0);
        let done = crew.begin(0, 1, 150.0, 50).expect("has work");
        assert!(crew.finish(0, done.generation, done.at).is_some());
        crew.wrap_up_begins(0, 200);
        crew.wrap_up_ends(0, 250);
        crew.set_on(0, false, 900);
        let tally = crew.tallies(2_000)[0];
        assert_eq!((tally.staffed, tally.busy, tally.in_hand), (800, 150, 150));
    }
}
