//! The routing pass and the decision record, looked up anew for every agent.

use super::fit::fluency;
use super::*;
use onqueue_acd::{Candidate, Decided, Decision, Evaluation, IdleFrom, Scoring};
use sha2::{Digest, Sha256};
use std::cmp::Reverse;

impl Naive {
    pub(super) fn route(&mut self) {
        while let Some(chat) = self.first_routable() {
            let decision = self.decide(&self.chats[chat]);
            let number = self.offer(chat, decision);
            self.answer_if_automatic(number);
        }
    }

    /// Before it: what queues that go by priority alone have. Then the key, then what breaks ties.
    fn rank(&self, chat: &Chat) -> (u8, i64, i64, u64) {
        let priority = i64::from(chat.wants.priority);
        match self.queue_of(chat).scoring {
            Scoring::PriorityOnly => (0, -priority, chat.entered, chat.position),
            Scoring::TimestampAndPriority => (1, chat.entered - 60_000 * priority, 0, chat.position),
        }
    }

    fn line(&self) -> Vec<usize> {
        let all = 0..self.chats.len();
        let mut line: Vec<usize> = all.filter(|n| self.chats[*n].at == At::Line).collect();
        line.sort_by_key(|n| self.rank(&self.chats[*n]));
        line
    }

    fn first_routable(&self) -> Option<usize> {
        self.line().into_iter().find(|n| {
            let chat = &self.chats[*n];
            let may = |agent: &Agent| {
                self.is_surveyed(agent, chat, chat.stage) && self.why_not(agent, chat, chat.stage).is_none()
            };
            self.agents.iter().any(may)
        })
    }

    /// Who waits in the queue, in the order in which they are served.
    pub fn waiting(&self, queue: QueueId) -> Vec<InteractionId> {
        let line = self.line().into_iter().map(|n| &self.chats[n]);
        line.filter(|chat| chat.queue == queue).map(|chat| chat.id).collect()
    }

    /// At which stage a waiting interaction is and who is not eligible for which reason; `None` if it does not wait.
    pub fn why_waiting(&self, interaction: InteractionId) -> Option<(Stage, Vec<(Exclusion, u32)>)> {
        let chat = &self.chats[self.chat(interaction)?];
        (chat.at == At::Line).then(|| (chat.stage, self.excluded(chat)))
    }

    fn excluded(&self, chat: &Chat) -> Vec<(Exclusion, u32)> {
        let surveyed = self.agents.iter().filter(|it| self.is_surveyed(it, chat, chat.stage));
        let mut reasons: Vec<Exclusion> = surveyed.filter_map(|it| self.why_not(it, chat, chat.stage)).collect();
        reasons.sort();
        let count = |reason: &Exclusion| reasons.iter().filter(|other| *other == reason).count();
        let mut excluded: Vec<(Exclusion, u32)> = reasons
            .iter()
            .map(|reason| (*reason, u32::try_from(count(reason)).expect("small")))
            .collect();
        excluded.dedup();
        excluded
    }

    fn decide(&self, chat: &Chat) -> Decision {
        let mut candidates: Vec<Candidate> = Vec::new();
        for agent in &self.agents {
            if self.is_surveyed(agent, chat, chat.stage) && self.why_not(agent, chat, chat.stage).is_none() {
                candidates.push(self.candidate(agent, chat, chat.stage));
            }
        }
        let eligible = u32::try_from(candidates.len()).expect("small");
        if self.proficiency_counts(chat, chat.stage) {
            candidates = self.cut(candidates);
        }
        candidates.sort_by_key(|it| (Reverse((it.preference, it.proficiency)), self.without_skills(it)));
        candidates.truncate(10);
        Decision {
            eligible,
            decided: self.decided(&candidates),
            excluded: self.excluded(chat),
            candidates,
            ..self.record(chat, chat.stage)
        }
    }

    pub(super) fn decide_by_hand(&self, chat: &Chat, agent: UserId, decided: Decided) -> Decision {
        let agent = &self.agents[self.agent(agent).expect("looked at before")];
        Decision {
            eligible: 1,
            candidates: vec![self.candidate(agent, chat, Stage::ByHand)],
            decided,
            stage: Stage::ByHand,
            ..self.record(chat, chat.stage)
        }
    }

    fn record(&self, chat: &Chat, stage: Stage) -> Decision {
        let skills = self.still_asked_for(chat, stage).into_iter();
        Decision {
            interaction: chat.id,
            queue: chat.queue,
            at: Timestamp(self.now),
            offer: offer_id(chat.id, self.offers.len() as u64),
            rank_key: self.rank(chat).1,
            stage,
            skills: skills.map(|(skill, _)| skill).collect(),
            language: chat.wants.language.clone(),
            eligible: 0,
            candidates: Vec::new(),
            excluded: Vec::new(),
            decided: Decided::OnlyCandidate,
        }
    }

    fn candidate(&self, agent: &Agent, chat: &Chat, stage: Stage) -> Candidate {
        let proficiency = if self.proficiency_counts(chat, stage) {
            self.proficiency(agent, chat, stage)
        } else {
            0
        };
        Candidate {
            agent: agent.profile.id,
            preference: self.preference(agent.profile.id, chat, stage),
            proficiency,
            idle_ms: self.idle(agent),
            active: u8::try_from(self.burden(agent).len()).expect("small"),
        }
    }

    fn proficiency_counts(&self, chat: &Chat, stage: Stage) -> bool {
        let counts = !matches!(stage, Stage::LastAgent | Stage::Preferred(_) | Stage::ByHand);
        counts && self.queue_of(chat).evaluation == Evaluation::BestSkills
    }

    fn proficiency(&self, agent: &Agent, chat: &Chat, stage: Stage) -> u32 {
        let mut sum = 0;
        for (skill, _) in self.still_asked_for(chat, stage) {
            sum += agent.profile.skills.get(&skill).copied().map_or(0, u32::from);
        }
        match &chat.wants.language {
            Some(language) if self.settings.language_counts => sum + u32::from(fluency(&agent.profile, language)),
            _ => sum,
        }
    }

    fn idle(&self, agent: &Agent) -> u64 {
        let used = match self.settings.idle_from {
            IdleFrom::LastOfAssignmentAndEnd => agent.assigned.max(agent.ended),
            IdleFrom::End => agent.ended,
        };
        let idle = used.map_or(SEVEN_DAYS, |used| (self.now - used).min(SEVEN_DAYS));
        u64::try_from(idle).expect("not negative")
    }

    /// How candidates compare where neither preference nor skills decide.
    fn without_skills(&self, one: &Candidate) -> (u8, Reverse<u64>, UserId) {
        let load = if self.settings.least_loaded { one.active } else { 0 };
        (load, Reverse(one.idle_ms), one.agent)
    }

    /// Those who compete: the first so many, and the preferred.
    fn cut(&self, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
        let Some(top) = self.settings.top else {
            return candidates;
        };
        candidates.sort_by_key(|one| self.without_skills(one));
        let mut left = top.max(1);
        candidates.retain(|one| {
            let stays = one.preference.is_some() || left > 0;
            left -= u32::from(stays && one.preference.is_none());
            stays
        });
        candidates
    }

    fn decided(&self, candidates: &[Candidate]) -> Decided {
        let [first, second, ..] = candidates else {
            return Decided::OnlyCandidate;
        };
        if first.preference != second.preference {
            Decided::Preference
        } else if first.proficiency != second.proficiency {
            Decided::Proficiency
        } else if self.settings.least_loaded && first.active != second.active {
            Decided::LeastLoaded
        } else if first.idle_ms != second.idle_ms {
            Decided::LongestIdle
        } else {
            Decided::AgentId
        }
    }
}

fn offer_id(chat: InteractionId, made: u64) -> OfferId {
    let mut text = chat.conversation.uuid().as_bytes().to_vec();
    text.extend(chat.opening.to_be_bytes());
    text.extend(made.to_be_bytes());
    let hash: [u8; 32] = Sha256::digest(text).into();
    OfferId::new(uuid::Uuid::from_slice(&hash[..16]).expect("16 bytes"))
}
