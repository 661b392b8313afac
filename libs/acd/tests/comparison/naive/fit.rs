//! Whether an agent may have an interaction, and if not, why.

use super::*;
use onqueue_acd::{Evaluation, LastAgentMode, Proficiency};
use onqueue_model::Language;

impl Naive {
    /// What counts as active, one by one.
    pub(super) fn burden<'a>(&'a self, agent: &'a Agent) -> Vec<(Medium, &'a BTreeSet<LabelId>)> {
        let id = agent.profile.id;
        let mut all: Vec<(Medium, &BTreeSet<LabelId>)> = Vec::new();
        for chat in &self.chats {
            match chat.at {
                At::Alerting(agent) | At::With { agent, .. } if agent == id => {
                    all.push((chat.wants.medium, &chat.wants.labels));
                }
                _ => {}
            }
        }
        for acw in self.acws.iter().filter(|acw| acw.agent == id && acw.holds) {
            all.push((acw.medium, &acw.labels));
        }
        for work in &agent.external {
            all.push((work.medium, &work.labels));
        }
        all
    }

    /// Why the agent can not take another of the kind.
    pub(super) fn no_room(&self, agent: &Agent, wants: &Requirements) -> Option<Exclusion> {
        let burden = self.burden(agent);
        let capacities = &agent.profile.utilization.media;
        let usual = match wants.medium {
            Medium::Chat | Medium::Message => 4,
            Medium::Call | Medium::Email | Medium::Callback => 1,
        };
        let maximum = capacities.get(&wants.medium).map_or(usual, |capacity| capacity.maximum);
        let number = |medium: Medium| burden.iter().filter(|(other, _)| *other == medium).count();
        if number(wants.medium) >= usize::from(maximum) {
            return Some(Exclusion::AtCapacity(wants.medium));
        }
        let all = [
            Medium::Call,
            Medium::Chat,
            Medium::Email,
            Medium::Message,
            Medium::Callback,
        ];
        for other in all {
            let capacity = capacities.get(&other);
            let lets_through = capacity.is_some_and(|capacity| capacity.interruptible_by.contains(&wants.medium));
            if other != wants.medium && number(other) > 0 && !lets_through {
                return Some(Exclusion::BlockedBy(other));
            }
        }
        for label in &wants.labels {
            let number = burden.iter().filter(|(_, labels)| labels.contains(label)).count();
            let maximum = agent.profile.utilization.labels.get(label);
            if maximum.is_some_and(|maximum| number >= usize::from(*maximum)) {
                return Some(Exclusion::AtLabel(*label));
            }
        }
        None
    }

    /// Whether anybody asks about the agent: a member, or named by the pool.
    pub(super) fn is_surveyed(&self, agent: &Agent, chat: &Chat, stage: Stage) -> bool {
        agent.profile.queues.contains_key(&chat.queue) || self.is_named(agent.profile.id, chat, stage)
    }

    pub(super) fn why_not(&self, agent: &Agent, chat: &Chat, stage: Stage) -> Option<Exclusion> {
        let id = agent.profile.id;
        let config = self.queue_of(chat);
        let any = Self::is_last_agent(id, chat) && config.last_agent.mode == LastAgentMode::AnyAgent;
        match agent.profile.queues.get(&chat.queue) {
            None if !any => return Some(Exclusion::NotMember),
            Some(member) if !member.joined && !any => return Some(Exclusion::NotJoined),
            _ => {}
        }
        match agent.duty {
            Duty::Off => return Some(Exclusion::OffQueue),
            Duty::Silent => return Some(Exclusion::NotResponding),
            Duty::On => {}
        }
        if chat.refused_by.contains(&id) {
            return Some(Exclusion::Declined);
        }
        if self.is_named(id, chat, stage) {
            return self.no_room(agent, &chat.wants);
        }
        if let Some(exclusion) = self.not_open(agent, chat, stage) {
            return Some(exclusion);
        }
        if let Some(exclusion) = self.no_room(agent, &chat.wants) {
            return Some(exclusion);
        }
        if config.evaluation == Evaluation::Disregard {
            return None;
        }
        self.unable(agent, chat, stage)
    }

    fn unable(&self, agent: &Agent, chat: &Chat, stage: Stage) -> Option<Exclusion> {
        if let Some(wanted) = &chat.wants.language
            && fluency(&agent.profile, wanted) < 100
        {
            return Some(Exclusion::Language);
        }
        for (skill, least) in self.still_asked_for(chat, stage) {
            if agent.profile.skills.get(&skill).copied().unwrap_or(0) < least {
                return Some(Exclusion::MissingSkill(skill));
            }
        }
        None
    }

    /// For what is done by hand.
    pub(super) fn not_ready(&self, agent: &Agent, wants: &Requirements) -> Option<Refusal> {
        if agent.duty != Duty::On {
            return Some(Refusal::OffQueue);
        }
        self.no_room(agent, wants).map(|_| Refusal::AtCapacity)
    }
}

pub(super) fn fluency(profile: &AgentProfile, wanted: &Language) -> Proficiency {
    let mut best = 0;
    for (known, level) in &profile.languages {
        if tag(known) == tag(wanted) {
            best = best.max(*level);
        }
    }
    best
}

fn tag(language: &Language) -> &str {
    language.as_str().split('-').next().expect("a tag has a first part")
}
