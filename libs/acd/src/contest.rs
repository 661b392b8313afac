//! Who of the eligible is best.

use crate::decide::idle_ms;
use crate::order::{Key, Scale};
use crate::roster::Roster;
use crate::rules::{Preference, Rules};
use crate::stage::{Tongue, asked, ranks_preferred};
use crate::state::{Interaction, State};
use crate::survey::{Current, Survey};
use crate::table::Slot;
use crate::{Candidate, Evaluation, QueueConfig, Stage};
use onqueue_model::{SkillId, Timestamp};
use std::cmp::Reverse;

/// How the eligible for one interaction are compared.
pub(crate) struct Contest<'a> {
    state: &'a State,
    roster: &'a Roster,
    rules: &'a Rules,
    interaction: &'a Interaction,
    config: &'a QueueConfig,
    now: Timestamp,
    /// In what proficiency is summed up; `None` if it does not count.
    sum: Option<(Vec<SkillId>, Option<Tongue>)>,
}

impl<'a> Contest<'a> {
    /// `None` if the queue is no more.
    pub fn of(state: &'a State, roster: &'a Roster, rules: &'a Rules, slot: Slot, now: Timestamp) -> Option<Self> {
        let interaction = &state.interactions[slot];
        let config = state.config(interaction.queue)?;
        let counts = config.evaluation == Evaluation::BestSkills
            && rules.proficiency_counts
            && !matches!(interaction.stage, Stage::LastAgent | Stage::Preferred(_));
        let sum = counts.then(|| {
            let skills = if rules.removed_skill_counts {
                interaction.requirements.skills.keys().copied().collect()
            } else {
                asked(interaction, &config.method)
            };
            let language = interaction.requirements.language.as_ref();
            (
                skills,
                language.filter(|_| state.settings.language_counts).map(Tongue::of),
            )
        });
        Some(Self {
            state,
            roster,
            rules,
            interaction,
            config,
            now,
            sum,
        })
    }

    /// The best of those who compete, best first, at most so many. Leaves the survey without those who rank first as preferred.
    pub fn candidates(&self, survey: &mut Survey, current: Current, number: usize) -> Vec<Candidate> {
        let preferred = self.preferred(survey);
        let competing = self.competing(survey, current, number);
        let mut candidates: Vec<Candidate> = preferred;
        candidates.extend(competing.iter().map(|(.., slot)| self.candidate(*slot, None)));
        if self.sum.is_some() || candidates.len() > competing.len() {
            self.sort(&mut candidates);
        }
        candidates.truncate(number);
        candidates
    }

    /// All of them, best first, those who do not compete last.
    pub fn everybody(&self, survey: &mut Survey) -> Vec<Candidate> {
        let mut all = self.candidates(survey, Current::No, usize::MAX);
        let known: std::collections::BTreeSet<_> = all.iter().map(|candidate| candidate.agent).collect();
        let others = self.first(survey, Current::No, usize::MAX);
        let others = others.into_iter().filter(|(_, _, agent, _)| !known.contains(agent));
        all.extend(others.map(|(.., slot)| self.candidate(slot, None)));
        all
    }

    /// Those who rank first; they are taken out of the survey.
    fn preferred(&self, survey: &mut Survey) -> Vec<Candidate> {
        if !self.rules.preference_counts || !ranks_preferred(&self.config.method, self.interaction.stage) {
            return Vec::new();
        }
        let mut candidates = Vec::new();
        for (agent, score) in &self.interaction.requirements.preferred {
            let slot = self.state.agents.slot(*agent);
            if let Some(slot) = slot.filter(|slot| survey.is_eligible(self.roster, *slot)) {
                survey.take_out(self.roster, slot);
                candidates.push(self.candidate(slot, Some(*score)));
            }
        }
        candidates
    }

    fn competing(&self, survey: &Survey, current: Current, number: usize) -> Vec<Key> {
        let number = match (&self.sum, self.state.settings.top) {
            (None, _) => number,
            (Some(_), None) => usize::MAX,
            (Some(_), Some(top)) => top.max(1) as usize,
        };
        self.first(survey, current, number)
    }

    fn first(&self, survey: &Survey, current: Current, number: usize) -> Vec<Key> {
        let kept = self.rules.preference == Preference::LongestIdle;
        let current = if kept { current } else { Current::No };
        survey.first(self.roster, Scale::at(self.now, self.rules), number, current)
    }

    fn candidate(&self, slot: Slot, preference: Option<u8>) -> Candidate {
        let standing = self.roster.order.standing(slot);
        Candidate {
            agent: standing.id,
            preference,
            proficiency: self.proficiency(slot),
            idle_ms: idle_ms(standing.used, self.rules, self.now),
            active: standing.active,
        }
    }

    /// The sum, 0 if it does not count.
    fn proficiency(&self, slot: Slot) -> u32 {
        let Some((skills, tongue)) = &self.sum else { return 0 };
        let entry = self.roster.entry(slot);
        let skills: u32 = skills.iter().map(|skill| u32::from(entry.proficiency(*skill))).sum();
        skills + tongue.map_or(0, |tongue| u32::from(entry.fluency(tongue)))
    }

    fn sort(&self, candidates: &mut [Candidate]) {
        let loaded = self.state.settings.least_loaded;
        candidates.sort_unstable_by_key(|candidate| {
            let load = if loaded { candidate.active } else { 0 };
            let idle = match self.rules.preference {
                Preference::LongestIdle => Reverse(i128::from(candidate.idle_ms)),
                Preference::ShortestIdle => Reverse(-i128::from(candidate.idle_ms)),
                Preference::LowestId => Reverse(0),
            };
            (
                Reverse(candidate.preference),
                Reverse(candidate.proficiency),
                load,
                idle,
                candidate.agent,
            )
        });
    }
}
