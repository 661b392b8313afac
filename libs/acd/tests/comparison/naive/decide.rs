//! The decision record, looked up anew for every agent.

use super::*;

impl Naive {
    pub(super) fn decide(&self, chat: &Chat) -> Decision {
        let verdicts = self
            .agents
            .iter()
            .filter_map(|agent| Some((agent, self.why_not(agent, chat)?)));
        let (eligible, others): (Vec<_>, Vec<_>) = verdicts.partition(|(_, why)| why.is_none());
        let mut candidates: Vec<Candidate> = Vec::new();
        for (agent, _) in eligible {
            candidates.push(Candidate {
                agent: agent.profile.id,
                idle_ms: u64::try_from(self.idle(agent)).expect("not negative"),
                active: u8::try_from(self.load(agent.profile.id)).expect("small"),
            });
        }
        candidates.sort_by_key(|one| (std::cmp::Reverse(one.idle_ms), one.agent));
        candidates.truncate(10);
        let decided = match candidates.get(1) {
            None => Decided::OnlyCandidate,
            Some(second) if second.idle_ms < candidates[0].idle_ms => Decided::LongestIdle,
            Some(_) => Decided::AgentId,
        };
        let mut reasons: Vec<Exclusion> = others.into_iter().filter_map(|(_, why)| why).collect();
        reasons.sort();
        let count = |reason: &Exclusion| reasons.iter().filter(|other| *other == reason).count();
        let mut excluded: Vec<(Exclusion, u32)> = reasons
            .iter()
            .map(|reason| (*reason, u32::try_from(count(reason)).expect("small")))
            .collect();
        excluded.dedup();
        Decision {
            interaction: chat.id,
            queue: chat.queue,
            at: Timestamp(self.now),
            offer: offer_id(chat.id, self.offers.len() as u64),
            rank_key: Self::key(chat),
            stage: "standard".to_owned(),
            skills: chat.wants.skills.keys().copied().collect(),
            language: chat.wants.language.clone(),
            candidates,
            excluded,
            decided,
        }
    }
}
