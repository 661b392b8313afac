//! What is open to an interaction, as a function of its queue's configuration, of what it keeps, and of the time.

use super::*;
use onqueue_acd::{LastAgentMode, Method, PreferredRule, Proficiency};
use onqueue_model::SkillId;

impl Naive {
    /// When the method began, or will when the last agent's time is over.
    fn base(chat: &Chat) -> i64 {
        chat.hold.unwrap_or(chat.since)
    }

    pub(super) fn stage_at(&self, chat: &Chat, time: i64) -> Stage {
        if chat.hold.is_some_and(|until| time < until) {
            return Stage::LastAgent;
        }
        let elapsed = time - Self::base(chat);
        match &self.queue_of(chat).method {
            Method::Standard => Stage::Standard,
            Method::Bullseye { rings } if rings.is_empty() => Stage::Standard,
            Method::Bullseye { rings } => {
                let (_, left) = rings.split_last().expect("there is one");
                Stage::Ring(1 + over(left.iter().map(|ring| ring.wait_ms), elapsed))
            }
            Method::Preferred { .. } if chat.wants.preferred.is_empty() => Stage::Standard,
            Method::Preferred { rules, .. } => {
                let over = over(rules.iter().map(|rule| rule.wait_ms), elapsed);
                if usize::from(over) == rules.len() {
                    Stage::AfterPreferred
                } else {
                    Stage::Preferred(1 + over)
                }
            }
            Method::Conditional { .. } if chat.openings.is_empty() => Stage::Standard,
            Method::Conditional { rules } => {
                let (_, left) = chat.openings.split_last().expect("there is one");
                let over = over(left.iter().map(|rule| rules[*rule].wait_ms), elapsed);
                let last = chat.openings[usize::from(over)];
                Stage::Groups(1 + u8::try_from(last).expect("few rules"))
            }
        }
    }

    /// When the interaction's stage changes next.
    pub(super) fn next_stage(&self, chat: &Chat) -> Option<i64> {
        let waits: Vec<u64> = match &self.queue_of(chat).method {
            Method::Standard => Vec::new(),
            Method::Bullseye { rings } => rings.iter().map(|ring| ring.wait_ms).collect(),
            Method::Preferred { rules, .. } => rules.iter().map(|rule| rule.wait_ms).collect(),
            Method::Conditional { rules } => chat.openings.iter().map(|rule| rules[*rule].wait_ms).collect(),
        };
        let mut time = Self::base(chat);
        let mut times = vec![time];
        for wait in waits {
            time += i64::try_from(wait).expect("small");
            times.push(time);
        }
        let mut changes = times.into_iter().filter(|time| *time > self.now);
        changes.find(|time| self.stage_at(chat, *time) != chat.stage)
    }

    /// Tells if a waiting interaction is at another stage than was told last.
    pub(super) fn note_stage(&mut self, interaction: InteractionId) {
        let chat = self.chat(interaction).expect("it waits");
        let stage = self.stage_at(&self.chats[chat], self.now);
        if stage != self.chats[chat].stage {
            self.chats[chat].stage = stage;
            self.out.push(Effect::StageChanged { interaction, stage });
        }
    }

    /// Whether the last agent has it for himself from now on, and until when.
    pub(super) fn hold(&self, queue: QueueId, wants: &Requirements) -> Option<i64> {
        let rule = self.queue(queue)?.last_agent;
        let agent = &self.agents[self.agent(wants.last_agent?)?];
        let joined = agent.profile.queues.get(&queue).is_some_and(|member| member.joined);
        let counts = match rule.mode {
            LastAgentMode::Disabled => false,
            LastAgentMode::QueueMembersOnly => joined,
            LastAgentMode::AnyAgent => true,
        };
        let free = agent.duty == Duty::On && self.no_room(agent, wants).is_none();
        let wait = i64::try_from(rule.hold_ms).expect("small");
        (counts && free && wait > 0).then_some(self.now + wait)
    }

    pub(super) fn is_last_agent(agent: UserId, chat: &Chat) -> bool {
        chat.hold.is_some() && chat.wants.last_agent == Some(agent)
    }

    /// Whether the pool names the agent: neither stage nor skills nor language count for them.
    pub(super) fn is_named(&self, agent: UserId, chat: &Chat, stage: Stage) -> bool {
        Self::is_last_agent(agent, chat) || self.is_preferred(agent, chat, stage)
    }

    /// Whether the agent is preferred and a rule has opened them.
    fn is_preferred(&self, agent: UserId, chat: &Chat, stage: Stage) -> bool {
        let (Some(score), Method::Preferred { rules, .. }) =
            (chat.wants.preferred.get(&agent), &self.queue_of(chat).method)
        else {
            return false;
        };
        let opened = |rules: &[PreferredRule]| rules.iter().any(|rule| *score >= rule.threshold);
        match stage {
            Stage::Preferred(number) => opened(&rules[..usize::from(number)]),
            Stage::AfterPreferred => self.prefers_all(chat) || opened(rules),
            _ => false,
        }
    }

    fn prefers_all(&self, chat: &Chat) -> bool {
        matches!(
            self.queue_of(chat).method,
            Method::Preferred {
                then_all_preferred: true,
                ..
            }
        )
    }

    /// The score by which the agent ranks before others.
    pub(super) fn preference(&self, agent: UserId, chat: &Chat, stage: Stage) -> Option<u8> {
        let ranks = match stage {
            Stage::Preferred(_) => true,
            Stage::AfterPreferred => self.prefers_all(chat),
            _ => false,
        };
        chat.wants.preferred.get(&agent).copied().filter(|_| ranks)
    }

    /// The skills of the interaction, without those of rings that were left.
    pub(super) fn still_asked_for(&self, chat: &Chat, stage: Stage) -> Vec<(SkillId, Proficiency)> {
        let mut skills: Vec<(SkillId, Proficiency)> = Vec::new();
        for (skill, least) in &chat.wants.skills {
            if !self.is_removed(*skill, chat, stage) {
                skills.push((*skill, *least));
            }
        }
        skills
    }

    fn is_removed(&self, skill: SkillId, chat: &Chat, stage: Stage) -> bool {
        let Stage::Ring(open) = stage else {
            return false;
        };
        let Method::Bullseye { rings } = &self.queue_of(chat).method else {
            return false;
        };
        // What alerts is at the stage that it had in line, also if its queue has fewer rings since.
        let mut left = rings.iter().take(usize::from(open) - 1);
        left.any(|ring| ring.skills_to_remove.contains(&skill))
    }

    /// Why the stage does not open to a member.
    pub(super) fn not_open(&self, agent: &Agent, chat: &Chat, stage: Stage) -> Option<Exclusion> {
        let member = agent.profile.queues.get(&chat.queue);
        let groups = member.map(|member| member.groups.clone()).unwrap_or_default();
        match (stage, &self.queue_of(chat).method) {
            (Stage::LastAgent | Stage::Preferred(_), _) => Some(Exclusion::NotPreferredYet),
            (Stage::Ring(open), Method::Bullseye { rings }) => {
                let own = member.map_or(1, |member| usize::from(member.ring)).min(rings.len());
                let by_group = rings.iter().position(|ring| !ring.groups.is_disjoint(&groups));
                let ring = by_group.map_or(own, |place| own.min(place + 1));
                (ring > usize::from(open)).then_some(Exclusion::OuterRing)
            }
            (Stage::Groups(_), Method::Conditional { rules }) => {
                let open = chat
                    .openings
                    .iter()
                    .filter(|place| Stage::Groups(1 + **place as u8) <= stage);
                let is_in = open
                    .map(|place| &rules[*place])
                    .any(|rule| !rule.groups.is_disjoint(&groups));
                (!is_in).then_some(Exclusion::NotInGroup)
            }
            _ => None,
        }
    }
}

/// How many of the waits, one after the other, are over.
fn over(waits: impl Iterator<Item = u64>, elapsed: i64) -> u8 {
    let (mut sum, mut over) = (0, 0);
    for wait in waits {
        sum += i64::try_from(wait).expect("small");
        if elapsed >= sum {
            over += 1;
        }
    }
    over
}
