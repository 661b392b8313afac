//! The agents as sets, in as much detail as the waiting interactions ask for, so that who could serve them can be counted
//! without visiting agents.

use super::wish::Wish;
use crate::config::{KNOWN, primary};
use crate::{AgentState, AgentView, Engine, LastAgentMode, Medium, Proficiency};
use onqueue_model::{GroupId, QueueId, SkillId, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// A maximum takes so many bits.
const PLANES: usize = 5;

/// A set of agents; all have the same length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    words: Vec<u64>,
}

impl Set {
    fn empty(agents: usize) -> Self {
        let words = vec![0; agents.div_ceil(64)];
        Self { words }
    }

    fn insert(&mut self, agent: usize) {
        self.words[agent / 64] |= 1 << (agent % 64);
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    fn keep(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
    }

    fn add(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a |= b);
    }
}

/// What the index must tell apart.
#[derive(Debug, Default)]
pub(super) struct Asked<'a> {
    pub queues: BTreeSet<QueueId>,
    pub media: BTreeSet<Medium>,
    pub skills: BTreeSet<(SkillId, Proficiency)>,
    pub languages: BTreeSet<&'a str>,
}

impl<'a> Asked<'a> {
    pub fn add(&mut self, wish: &Wish<'a>) {
        self.queues.insert(wish.queue);
        self.media.insert(wish.medium);
        self.skills.extend(&wish.skills);
        self.languages.extend(wish.language);
    }
}

/// All agents, numbered in the order of their ids.
#[derive(Debug)]
pub(super) struct Crowd<'a> {
    engine: &'a Engine,
    /// By number.
    ids: Vec<UserId>,
    members: BTreeMap<QueueId, Set>,
    joined: BTreeMap<QueueId, Set>,
    groups: BTreeMap<(QueueId, GroupId), Set>,
    skilled: BTreeMap<SkillId, BTreeMap<Proficiency, Set>>,
    speakers: BTreeMap<&'a str, Set>,
    nobody: Set,
    media: BTreeMap<Medium, Slots>,
}

/// Of one medium: who may have any, and how many at once, as bits of equal value.
#[derive(Debug, Default)]
struct Slots {
    may: Set,
    planes: [Set; PLANES],
}

/// Who could serve, and why nobody could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    Member,
    Capacity,
    Language,
    Skills,
}

impl<'a> Crowd<'a> {
    pub fn of(engine: &'a Engine, asked: &Asked<'a>) -> Self {
        let agents: Vec<AgentView<'_>> = engine.agents().collect();
        let size = agents.len();
        let empty = || Set::empty(size);
        let slots = || Slots {
            may: empty(),
            planes: std::array::from_fn(|_| empty()),
        };
        let mut crowd = Self {
            engine,
            ids: agents.iter().map(|agent| agent.profile.id).collect(),
            members: asked.queues.iter().map(|queue| (*queue, empty())).collect(),
            joined: asked.queues.iter().map(|queue| (*queue, empty())).collect(),
            groups: BTreeMap::new(),
            skilled: BTreeMap::new(),
            speakers: asked.languages.iter().map(|language| (*language, empty())).collect(),
            nobody: empty(),
            media: asked.media.iter().map(|medium| (*medium, slots())).collect(),
        };
        for (skill, least) in &asked.skills {
            crowd.skilled.entry(*skill).or_default().insert(*least, empty());
        }
        for (number, agent) in agents.iter().enumerate() {
            crowd.enrol(number, agent);
        }
        crowd
    }

    fn enrol(&mut self, number: usize, agent: &AgentView<'a>) {
        self.enrol_memberships(number, agent);
        for (skill, proficiency) in &agent.profile.skills {
            if let Some(levels) = self.skilled.get_mut(skill) {
                let levels = levels.range_mut(..=*proficiency);
                levels.for_each(|(_, set)| set.insert(number));
            }
        }
        for (language, proficiency) in &agent.profile.languages {
            if let Some(set) = self.speakers.get_mut(primary(language))
                && *proficiency >= KNOWN
            {
                set.insert(number);
            }
        }
        for (medium, slots) in &mut self.media {
            slots.enrol(number, agent, *medium);
        }
    }

    fn enrol_memberships(&mut self, number: usize, agent: &AgentView<'_>) {
        for (queue, membership) in &agent.profile.queues {
            let Some(members) = self.members.get_mut(queue) else {
                continue;
            };
            members.insert(number);
            if membership.joined
                && let Some(joined) = self.joined.get_mut(queue)
            {
                joined.insert(number);
            }
            for group in &membership.groups {
                let empty = || self.nobody.clone();
                self.groups.entry((*queue, *group)).or_insert_with(empty).insert(number);
            }
        }
    }

    pub fn members(&self, queue: QueueId) -> &Set {
        self.members.get(&queue).unwrap_or(&self.nobody)
    }

    /// Who could serve this sooner or later: agents whom the stage will come to, on queue or not, joined or not.
    pub fn able(&self, wish: &Wish<'_>) -> Result<Set, Lack> {
        let named = self.named(wish);
        let pool = self.pool(wish);
        if pool.is_empty() && named.is_empty() {
            return Err(Lack::Member);
        }
        let may = self.media.get(&wish.medium).map_or(&self.nobody, |slots| &slots.may);
        let able = self.sieve(wish, pool, may);
        let mut named = named;
        named.keep(may);
        match able {
            Ok(mut able) => {
                able.add(&named);
                Ok(able)
            }
            Err(lack) if named.is_empty() => Err(lack),
            Err(_) => Ok(named),
        }
    }

    fn sieve(&self, wish: &Wish<'_>, mut able: Set, may: &Set) -> Result<Set, Lack> {
        able.keep(may);
        if able.is_empty() {
            return Err(Lack::Capacity);
        }
        if let Some(language) = wish.language {
            able.keep(self.speakers.get(language).unwrap_or(&self.nobody));
        }
        if able.is_empty() {
            return Err(Lack::Language);
        }
        for (skill, least) in &wish.skills {
            let level = self.skilled.get(skill).and_then(|levels| levels.get(least));
            able.keep(level.unwrap_or(&self.nobody));
        }
        if able.is_empty() { Err(Lack::Skills) } else { Ok(able) }
    }

    /// Members whom the stages come to without naming them.
    fn pool(&self, wish: &Wish<'_>) -> Set {
        let mut pool = self.members(wish.queue).clone();
        if let Some(groups) = &wish.groups {
            let mut inside = self.nobody.clone();
            let sets = groups.iter().filter_map(|group| self.groups.get(&(wish.queue, *group)));
            sets.for_each(|set| inside.add(set));
            pool.keep(&inside);
        }
        pool
    }

    /// Agents for whom skills and language do not count: preferred ones whom a rule opens, and the last agent.
    fn named(&self, wish: &Wish<'_>) -> Set {
        let mut named = self.set_of(wish.preferred.iter().copied());
        named.keep(self.members(wish.queue));
        let Some(last) = wish.last_agent else { return named };
        let mut last = self.set_of(std::iter::once(last));
        if self.last_agent_mode(wish.queue) != LastAgentMode::AnyAgent {
            last.keep(self.members(wish.queue));
        }
        named.add(&last);
        named
    }

    fn set_of(&self, agents: impl Iterator<Item = UserId>) -> Set {
        let mut set = self.nobody.clone();
        let numbers = agents.filter_map(|agent| self.ids.binary_search(&agent).ok());
        numbers.for_each(|number| set.insert(number));
        set
    }

    fn last_agent_mode(&self, queue: QueueId) -> LastAgentMode {
        let queue = self.engine.queue(queue);
        queue.map_or(LastAgentMode::Disabled, |queue| queue.config.last_agent.mode)
    }

    /// Those of the able who take interactions of this kind now, sooner or later: on queue and joined.
    pub fn serving(&self, wish: &Wish<'_>, able: &Set) -> Set {
        let mut joined = self.joined.get(&wish.queue).unwrap_or(&self.nobody).clone();
        if self.last_agent_mode(wish.queue) == LastAgentMode::AnyAgent {
            joined.add(&self.set_of(wish.last_agent.into_iter()));
        }
        joined.keep(able);
        joined
    }

    /// How many of the medium the agents who are in both sets can have at once, as things stand.
    pub fn slots(&self, medium: Medium, a: &Set, b: &Set) -> u64 {
        let Some(slots) = self.media.get(&medium) else { return 0 };
        let planes = slots.planes.iter().enumerate();
        planes.map(|(plane, set)| common(set, a, b) << plane).sum()
    }
}

impl Slots {
    fn enrol(&mut self, number: usize, agent: &AgentView<'_>, medium: Medium) {
        if agent.profile.utilization.maximum(medium) > 0 {
            self.may.insert(number);
        }
        let slots = slots(agent, medium);
        let planes = self.planes.iter_mut().enumerate();
        let held = planes.filter(|(plane, _)| slots >> plane & 1 == 1);
        held.for_each(|(_, set)| set.insert(number));
    }
}

/// How many of a medium the agent can have at once now: none off queue, or while another medium in hand lets none through; else
/// the maximum less what work from elsewhere takes.
fn slots(agent: &AgentView<'_>, medium: Medium) -> u8 {
    if matches!(agent.state, AgentState::OffQueue | AgentState::NotResponding) {
        return 0;
    }
    let utilization = &agent.profile.utilization;
    let mut others = Medium::ALL.into_iter().zip(agent.active_by_medium);
    if others.any(|(other, active)| other != medium && active > 0 && !utilization.lets_through(other, medium)) {
        return 0;
    }
    let elsewhere = agent.external.iter().filter(|work| work.medium == medium).count();
    let taken = u8::try_from(elsewhere).unwrap_or(u8::MAX);
    utilization.maximum(medium).saturating_sub(taken)
}

fn common(a: &Set, b: &Set, c: &Set) -> u64 {
    let words = a.words.iter().zip(&b.words).zip(&c.words);
    words.map(|((a, b), c)| u64::from((a & b & c).count_ones())).sum()
}
