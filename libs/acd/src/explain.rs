//! Why a waiting interaction has nobody, whom it would get, and where one agent stands with it. Reading changes nothing.

use crate::contest::Contest;
use crate::decide::NAMED;
use crate::lines::Lines;
use crate::stage::{Signature, asked, progress};
use crate::state::{Interaction, Place};
use crate::survey::{Current, Survey};
use crate::table::Slot;
use crate::{AgentExplanation, Candidate, Engine, Exclusion, Explanation, Load, Medium, Recording, Stage};
use onqueue_model::{InteractionId, LabelId, Timestamp, UserId};

/// What is found out about a waiting interaction.
struct Inquiry<'a> {
    slot: Slot,
    interaction: &'a Interaction,
    signature: &'a Signature,
    at: Timestamp,
}

impl Engine {
    /// Who would get the interaction and why the others would not, as things stood after the last [`Engine::apply`], with
    /// idle times as of `now`. `None` if it does not wait.
    pub fn explain(&self, interaction: InteractionId, now: Timestamp) -> Option<Explanation> {
        let inquiry = self.inquire(interaction, now)?;
        let interaction = inquiry.interaction;
        let config = self.state.config(interaction.queue)?;
        let mut survey = self.survey(&inquiry);
        let eligible = survey.eligible();
        Some(Explanation {
            interaction: interaction.id,
            queue: interaction.queue,
            at: inquiry.at,
            rank_key: interaction.rank(config.scoring, &self.rules).key,
            stage: interaction.stage,
            skills: asked(interaction, &config.method),
            language: interaction.requirements.language.clone(),
            eligible: u32::try_from(eligible).unwrap_or(u32::MAX),
            excluded: survey.excluded(),
            candidates: self.contest(&inquiry)?.candidates(&mut survey, Current::No, NAMED),
        })
    }

    /// Everybody eligible for a waiting interaction, best first; those whom the cut of [`crate::Settings::top`] keeps from
    /// competing come last. `None` if it does not wait.
    pub fn all_candidates(&self, interaction: InteractionId, now: Timestamp) -> Option<Vec<Candidate>> {
        let inquiry = self.inquire(interaction, now)?;
        let mut survey = self.survey(&inquiry);
        Some(self.contest(&inquiry)?.everybody(&mut survey))
    }

    /// To which stage of its queue's method a waiting interaction comes next, and when. `None` if it does not wait or stays at its
    /// stage.
    pub fn next_stage(&self, interaction: InteractionId) -> Option<(Timestamp, Stage)> {
        let interaction = self.inquire(interaction, self.state.now)?.interaction;
        let config = self.state.config(interaction.queue)?;
        let at = progress(interaction, config, &self.rules, self.state.now).1?;
        Some((at, progress(interaction, config, &self.rules, at).0))
    }

    /// Where an agent stands with a waiting interaction, as of `now`. `None` if it does not wait or nobody knows the agent.
    pub fn explain_agent(&self, interaction: InteractionId, agent: UserId, now: Timestamp) -> Option<AgentExplanation> {
        let inquiry = self.inquire(interaction, now)?;
        let slot = self.state.agents.slot(agent)?;
        if let Some(exclusion) = self.index.roster.why_not(slot, inquiry.signature) {
            let load = self.load(slot, exclusion);
            return Some(AgentExplanation::Excluded { exclusion, load });
        }
        let all = self.all_candidates(interaction, now)?;
        let place = all.iter().position(|candidate| candidate.agent == agent)?;
        Some(AgentExplanation::Eligible {
            candidate: all[place],
            place: u32::try_from(place + 1).unwrap_or(u32::MAX),
        })
    }

    fn inquire(&self, interaction: InteractionId, now: Timestamp) -> Option<Inquiry<'_>> {
        let slot = self.state.interactions.slot(interaction)?;
        let interaction = &self.state.interactions[slot];
        if interaction.place != Place::Waiting {
            return None;
        }
        let lines: &Lines = &self.index.lines;
        Some(Inquiry {
            slot,
            interaction,
            signature: lines.signature(lines.standing(slot)?.group),
            at: now.max(self.state.now),
        })
    }

    fn survey(&self, inquiry: &Inquiry<'_>) -> Survey {
        let mut survey = Survey::default();
        survey.make(&self.index.roster, &self.state.agents, inquiry.signature, Recording::On);
        survey
    }

    fn contest(&self, inquiry: &Inquiry<'_>) -> Option<Contest<'_>> {
        Contest::of(&self.state, &self.index.roster, &self.rules, inquiry.slot, inquiry.at)
    }

    fn load(&self, agent: Slot, exclusion: Exclusion) -> Option<Load> {
        match exclusion {
            Exclusion::AtCapacity(medium) | Exclusion::BlockedBy(medium) => Some(self.load_of_medium(agent, medium)),
            Exclusion::AtLabel(label) => Some(self.load_of_label(agent, label)),
            _ => None,
        }
    }

    fn load_of_medium(&self, agent: Slot, medium: Medium) -> Load {
        let active = self.index.roster.entry(agent).burden.of_medium(medium);
        Load {
            active: u32::try_from(active).unwrap_or(u32::MAX),
            maximum: u32::from(self.state.agents[agent].profile.utilization.maximum(medium)),
        }
    }

    fn load_of_label(&self, agent: Slot, label: LabelId) -> Load {
        let active = self.index.roster.entry(agent).burden.of_label(label);
        let maximum = self.state.agents[agent].profile.utilization.labels.get(&label).copied();
        Load {
            active: u32::try_from(active).unwrap_or(u32::MAX),
            maximum: u32::from(maximum.unwrap_or(u8::MAX)),
        }
    }
}
