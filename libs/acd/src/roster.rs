//! The agents as sets: who is a member, on queue, has room, knows what; and in which order they are preferred. One survey
//! answers who is eligible for an interaction and why the others are not.

use crate::bits::Bits;
use crate::config::{KNOWN, primary};
use crate::rules::{Preference, Rules};
use crate::state::{Agent, Presence, Signature};
use crate::{AgentProfile, Exclusion, Medium, Proficiency};
use onqueue_model::{QueueId, SkillId, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// Up to so many are sorted; more are met soon enough in the order of preference.
const FEW: usize = 64;

#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    rules: Rules,
    slots: BTreeMap<UserId, usize>,
    ids: Vec<UserId>,
    queues: BTreeMap<QueueId, Members>,
    /// Per skill and proficiency.
    skilled: BTreeMap<SkillId, BTreeMap<Proficiency, Bits>>,
    /// Per first subtag.
    speakers: BTreeMap<String, Bits>,
    off: Bits,
    silent: Bits,
    with_room: Bits,
    preferred: Preferred,
}

#[derive(Clone, Debug, Default)]
struct Members {
    all: Bits,
    joined: Bits,
}

/// Who is eligible, and how many are not for which first reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    pub eligible: Bits,
    pub excluded: Vec<(Exclusion, u32)>,
}

impl Survey {
    fn only(&mut self, mask: &Bits, else_: Exclusion) {
        let gone = self.eligible.keep(mask);
        self.note(else_, gone);
    }

    fn without(&mut self, mask: &Bits, because: Exclusion) {
        let gone = self.eligible.drop(mask);
        self.note(because, gone);
    }

    fn note(&mut self, exclusion: Exclusion, number: u32) {
        if number > 0 {
            self.excluded.push((exclusion, number));
        }
    }
}

impl Roster {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    /// Takes up an agent's profile, in place of `former`.
    pub fn enrol(&mut self, former: Option<&AgentProfile>, profile: &AgentProfile) {
        let slot = self.slot(profile.id);
        if let Some(former) = former {
            self.mark(slot, former, false);
        }
        self.mark(slot, profile, true);
    }

    fn slot(&mut self, agent: UserId) -> usize {
        *self.slots.entry(agent).or_insert_with(|| {
            self.ids.push(agent);
            self.ids.len() - 1
        })
    }

    fn mark(&mut self, slot: usize, profile: &AgentProfile, present: bool) {
        for (queue, membership) in &profile.queues {
            let members = self.queues.entry(*queue).or_default();
            members.all.set(slot, present);
            members.joined.set(slot, present && membership.joined);
        }
        for (skill, proficiency) in &profile.skills {
            let levels = self.skilled.entry(*skill).or_default();
            levels.entry(*proficiency).or_default().set(slot, present);
        }
        let known = profile
            .languages
            .iter()
            .filter(|(_, proficiency)| **proficiency >= KNOWN);
        for (language, _) in known {
            self.speakers
                .entry(primary(language).to_owned())
                .or_default()
                .set(slot, present);
        }
    }

    pub fn set_joined(&mut self, agent: UserId, queue: QueueId, joined: Joined) {
        let slot = self.slot(agent);
        self.queues
            .entry(queue)
            .or_default()
            .joined
            .set(slot, joined == Joined::Yes);
    }

    /// Takes up what an enrolled agent does and has in hand.
    pub fn refresh(&mut self, agent: &Agent, now: Timestamp) {
        let slot = self.slot(agent.profile.id);
        let on = agent.presence == Presence::On;
        let room = agent.has_room(&self.rules);
        self.off.set(slot, agent.presence == Presence::Off);
        self.silent.set(slot, agent.presence == Presence::Silent);
        self.with_room.set(slot, room);
        self.preferred.take_out(slot, agent.profile.id);
        if on && room {
            self.preferred.put_in(slot, agent, &self.rules, now);
        }
    }

    /// Time has passed: idle times reach their cap.
    pub fn age(&mut self, now: Timestamp) {
        self.preferred.age(&self.ids, &self.rules, now);
    }

    /// Who may have an interaction of this kind.
    pub fn survey(&self, wish: &Signature) -> Survey {
        let Some(members) = self.queues.get(&wish.queue) else {
            return Survey::default();
        };
        let mut survey = Survey {
            eligible: members.all.clone(),
            excluded: Vec::new(),
        };
        survey.only(&members.joined, Exclusion::NotJoined);
        survey.without(&self.off, Exclusion::OffQueue);
        survey.without(&self.silent, Exclusion::NotResponding);
        if self.rules.decline_excludes {
            let declined = wish.declined.iter().filter_map(|agent| self.slots.get(agent).copied());
            survey.without(&declined.collect(), Exclusion::Declined);
        }
        survey.only(&self.with_room, Exclusion::AtCapacity(Medium::Chat));
        if let Some(language) = &wish.language {
            let none = Bits::default();
            survey.only(
                self.speakers.get(primary(language)).unwrap_or(&none),
                Exclusion::Language,
            );
        }
        self.sieve_by_skill(&mut survey, &wish.skills);
        survey
    }

    fn sieve_by_skill(&self, survey: &mut Survey, skills: &BTreeMap<SkillId, Proficiency>) {
        if self.rules.any_skill_suffices {
            let mut any = Bits::default();
            skills
                .iter()
                .for_each(|(skill, least)| any.add_all(&self.with_skill(*skill, *least)));
            if let Some(skill) = skills.keys().next() {
                survey.only(&any, Exclusion::MissingSkill(*skill));
            }
            return;
        }
        for (skill, least) in skills.iter().filter(|(_, least)| **least > 0) {
            survey.only(&self.with_skill(*skill, *least), Exclusion::MissingSkill(*skill));
        }
    }

    fn with_skill(&self, skill: SkillId, least: Proficiency) -> Bits {
        let mut bits = Bits::default();
        let levels = self.skilled.get(&skill).into_iter();
        levels
            .flat_map(|levels| levels.range(least..))
            .for_each(|(_, level)| bits.add_all(level));
        bits
    }

    /// Whether the agent may have an interaction of this kind: [`Roster::survey`] for one who is a joined member.
    pub fn suits(&self, agent: &Agent, wish: &Signature) -> bool {
        agent.presence == Presence::On
            && !(self.rules.decline_excludes && wish.declined.contains(&agent.profile.id))
            && agent.has_room(&self.rules)
            && wish
                .language
                .as_ref()
                .is_none_or(|language| agent.profile.speaks(language))
            && self.is_skilled(&agent.profile, &wish.skills)
    }

    fn is_skilled(&self, profile: &AgentProfile, skills: &BTreeMap<SkillId, Proficiency>) -> bool {
        let mut held = skills.iter().map(|(skill, least)| profile.has(*skill, *least));
        if self.rules.any_skill_suffices {
            return skills.is_empty() || held.any(|has| has);
        }
        held.all(|has| has)
    }

    /// The most preferred of the eligible, at most `number`, best first.
    pub fn best(&self, eligible: &Bits, number: usize) -> Vec<UserId> {
        if eligible.len() > FEW {
            let order = self
                .preferred
                .order
                .iter()
                .filter(|(.., slot)| eligible.contains(*slot));
            return order.take(number).map(|(_, agent, _)| *agent).collect();
        }
        let keys = eligible
            .iter()
            .filter_map(|slot| Some((self.preferred.key(slot)?, self.ids[slot])));
        let mut keys: Vec<_> = keys.collect();
        keys.sort_unstable();
        keys.truncate(number);
        keys.into_iter().map(|(_, agent)| agent).collect()
    }
}

/// Whether a membership is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    Yes,
    No,
}

/// Agents on queue with room, in the order in which they are preferred.
#[derive(Clone, Debug, Default)]
struct Preferred {
    order: BTreeSet<(i64, UserId, usize)>,
    /// Those whose idle time has not reached its cap.
    ageing: BTreeSet<(Timestamp, usize)>,
    entries: Vec<Option<Entry>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: i64,
    last_used: Option<Timestamp>,
}

impl Preferred {
    fn key(&self, slot: usize) -> Option<i64> {
        self.entries.get(slot).copied().flatten().map(|entry| entry.key)
    }

    fn put_in(&mut self, slot: usize, agent: &Agent, rules: &Rules, now: Timestamp) {
        let uncapped = agent.last_used.filter(|at| now.since(*at) < rules.idle_cap);
        let key = key(uncapped, rules);
        if self.entries.len() <= slot {
            self.entries.resize(slot + 1, None);
        }
        self.entries[slot] = Some(Entry {
            key,
            last_used: agent.last_used,
        });
        self.order.insert((key, agent.profile.id, slot));
        if let Some(at) = uncapped {
            self.ageing.insert((at, slot));
        }
    }

    fn take_out(&mut self, slot: usize, agent: UserId) {
        let Some(entry) = self.entries.get_mut(slot).and_then(Option::take) else {
            return;
        };
        self.order.remove(&(entry.key, agent, slot));
        if let Some(at) = entry.last_used {
            self.ageing.remove(&(at, slot));
        }
    }

    fn age(&mut self, ids: &[UserId], rules: &Rules, now: Timestamp) {
        while let Some((at, slot)) = self.ageing.first().copied()
            && now.since(at) >= rules.idle_cap
        {
            self.ageing.pop_first();
            let capped = key(None, rules);
            if let Some(entry) = self.entries[slot].as_mut() {
                self.order.remove(&(entry.key, ids[slot], slot));
                entry.key = capped;
                self.order.insert((capped, ids[slot], slot));
            }
        }
    }
}

/// Smaller is preferred. `None` is an idle time at its cap.
fn key(uncapped: Option<Timestamp>, rules: &Rules) -> i64 {
    let longest = uncapped.map_or(i64::MIN, Timestamp::millis);
    match rules.preference {
        Preference::LongestIdle => longest,
        Preference::ShortestIdle => longest.saturating_neg(),
        Preference::LowestId => 0,
    }
}
