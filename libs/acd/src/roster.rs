//! The agents as routing sees them: what they do, know and have, and at which place of which queue.

use crate::config::KNOWN;
use crate::load::{Burden, Limits, Verdict, reason};
use crate::order::{Order, Room, Scale, Standing};
use crate::pool::{Pool, Status};
use crate::rules::Rules;
use crate::stage::{Knowledge, Open, Signature, Tongue};
use crate::state::{Agent, Presence};
use crate::table::{Map, Slot};
use crate::{AgentProfile, AgentState, Exclusion, Medium, Method, Proficiency, Settings};
use onqueue_model::{QueueId, SkillId, Timestamp, UserId};

#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    rules: Rules,
    settings: Settings,
    numbers: Map<QueueId, u32>,
    pools: Vec<Pool>,
    entries: Vec<Option<Entry>>,
    pub order: Order,
}

/// An agent.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub id: UserId,
    pub burden: Burden,
    pub seats: Vec<Seat>,
    pub knows: Knowledge,
    limits: Limits,
    status: Status,
    skills: Vec<(SkillId, Proficiency)>,
    tongues: Vec<(Tongue, Proficiency)>,
}

/// The bit of a queue, which it shares with others.
pub(crate) fn seat_bit(pool: u32) -> u64 {
    1 << (pool % 64)
}

/// A membership.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub pool: u32,
    pub place: u32,
    pub joined: bool,
}

impl Entry {
    fn new(id: UserId) -> Self {
        Self {
            id,
            burden: Burden::default(),
            seats: Vec::new(),
            knows: Knowledge::default(),
            limits: Limits::default(),
            status: Status::NEW,
            skills: Vec::new(),
            tongues: Vec::new(),
        }
    }

    pub fn seat(&self, pool: u32) -> Option<Seat> {
        self.seats.iter().find(|seat| seat.pool == pool).copied()
    }

    pub fn proficiency(&self, skill: SkillId) -> Proficiency {
        let place = self.skills.binary_search_by_key(&skill, |(skill, _)| *skill);
        place.map_or(0, |place| self.skills[place].1)
    }

    pub fn fluency(&self, tongue: Tongue) -> Proficiency {
        let same = self.tongues.iter().filter(|(known, _)| *known == tongue);
        same.map(|(_, proficiency)| *proficiency).max().unwrap_or(0)
    }

    pub fn has(&self, skill: SkillId, least: Proficiency) -> bool {
        self.proficiency(skill) >= least
    }

    pub fn speaks(&self, tongue: Tongue) -> bool {
        self.fluency(tongue) >= KNOWN
    }

    pub fn is_on(&self) -> bool {
        self.status.presence == Presence::On
    }

    pub fn verdict(&self, medium: Medium) -> Verdict {
        self.status.verdicts[medium as usize]
    }

    pub fn state(&self) -> AgentState {
        match self.status.presence {
            Presence::Off => AgentState::OffQueue,
            Presence::Silent => AgentState::NotResponding,
            Presence::On if self.burden.total() == 0 => AgentState::Idle,
            Presence::On if self.burden.is_external_only() => AgentState::Communicating,
            Presence::On => AgentState::Interacting,
        }
    }

    /// Skills without which there is nothing for them, each once.
    pub fn leads(&self) -> impl Iterator<Item = SkillId> {
        let skills = self.skills.iter().filter(|(_, level)| *level > 0);
        skills.map(|(skill, _)| *skill)
    }

    fn learn(&mut self, profile: &AgentProfile) {
        self.skills = profile.skills.iter().map(|(skill, level)| (*skill, *level)).collect();
        let languages = profile.languages.iter();
        self.tongues = languages
            .map(|(language, level)| (Tongue::of(language), *level))
            .collect();
        let mut knows = Knowledge::default();
        self.leads().for_each(|skill| knows.add(&skill));
        self.tongues.iter().for_each(|(tongue, _)| knows.add(tongue));
        self.knows = knows;
    }

    /// The queues as bits, several of them to a bit.
    fn queues(&self) -> u64 {
        self.seats.iter().fold(0, |bits, seat| bits | seat_bit(seat.pool))
    }

    pub fn media_with_room(&self) -> impl Iterator<Item = Medium> {
        let room = self.status.verdicts;
        Medium::ALL
            .into_iter()
            .filter(move |medium| room[*medium as usize] == 0)
    }
}

impl Roster {
    pub fn new(rules: Rules, settings: &Settings) -> Self {
        Self {
            rules,
            settings: *settings,
            ..Self::default()
        }
    }

    /// The number of a queue, which it keeps for good.
    pub fn number(&mut self, queue: QueueId) -> u32 {
        if let Some(number) = self.number_of(queue) {
            return number;
        }
        let number = self.pools.len() as u32;
        self.numbers.insert(queue, number);
        self.pools.push(Pool::default());
        number
    }

    pub fn number_of(&self, queue: QueueId) -> Option<u32> {
        self.numbers.get(&queue).copied()
    }

    pub fn pool(&self, number: u32) -> &Pool {
        &self.pools[number as usize]
    }

    pub fn set_method(&mut self, queue: QueueId, method: &Method) {
        let number = self.number(queue);
        self.pools[number as usize].set_method(method);
    }

    pub fn any_skill_suffices(&self) -> bool {
        self.rules.any_skill_suffices
    }

    pub fn presence(&self, slot: Slot) -> Presence {
        self.entry(slot).status.presence
    }

    pub fn entry(&self, slot: Slot) -> &Entry {
        self.entries[slot as usize].as_ref().expect("every agent has an entry")
    }

    pub fn burden(&mut self, slot: Slot) -> &mut Burden {
        &mut self.entries[slot as usize]
            .as_mut()
            .expect("every agent has an entry")
            .burden
    }

    /// Takes up an agent's profile, in place of the former one if there is one. [`Roster::refresh`] must follow.
    pub fn enrol(&mut self, slot: Slot, profile: &AgentProfile) {
        if self.entries.len() <= slot as usize {
            self.entries.resize(slot as usize + 1, None);
        }
        let mut entry = self.entries[slot as usize]
            .take()
            .unwrap_or_else(|| Entry::new(profile.id));
        self.leave_all(&mut entry);
        entry.learn(profile);
        entry.limits = Limits::of(&profile.utilization, &self.rules);
        for (queue, membership) in &profile.queues {
            let number = self.number(*queue);
            let pool = &mut self.pools[number as usize];
            let place = pool.admit(slot, membership);
            pool.labelled.set(place as usize, entry.limits.has_labels());
            pool.note_knowledge(place, &entry.skills, &entry.tongues);
            let seat = Seat {
                pool: number,
                place,
                joined: membership.joined,
            };
            pool.sit(seat, entry.status);
            entry.seats.push(seat);
        }
        self.entries[slot as usize] = Some(entry);
    }

    fn leave_all(&mut self, entry: &mut Entry) {
        for seat in std::mem::take(&mut entry.seats) {
            let pool = &mut self.pools[seat.pool as usize];
            pool.rise(seat, entry.status);
            pool.dismiss(seat.place);
        }
    }

    /// The agent is no more.
    pub fn strike(&mut self, slot: Slot) {
        let Some(mut entry) = self.entries[slot as usize].take() else {
            return;
        };
        self.leave_all(&mut entry);
        let never = Scale::at(Timestamp::default(), &self.rules);
        let nobody = Standing {
            id: entry.id,
            queues: 0,
            active: 0,
            load: 0,
            used: None,
        };
        self.order.put(slot, nobody, Room::None, never);
    }

    pub fn set_joined(&mut self, slot: Slot, queue: QueueId, joined: Joined) {
        let Some(number) = self.number_of(queue) else { return };
        let Some(entry) = self.entries[slot as usize].as_mut() else {
            return;
        };
        let status = entry.status;
        if let Some(seat) = entry.seats.iter_mut().find(|seat| seat.pool == number) {
            let pool = &mut self.pools[number as usize];
            pool.rise(*seat, status);
            seat.joined = joined == Joined::Yes;
            pool.sit(*seat, status);
        }
    }

    /// Takes up what an enrolled agent does and has in hand.
    pub fn refresh(&mut self, slot: Slot, agent: &Agent, now: Timestamp) {
        let Some(entry) = self.entries[slot as usize].as_mut() else {
            return;
        };
        let before = entry.status;
        let after = Status {
            presence: agent.presence,
            verdicts: entry.limits.verdicts(&entry.burden, &self.rules),
        };
        entry.status = after;
        if before != after {
            for seat in entry.seats.iter().filter(|seat| seat.joined) {
                self.pools[seat.pool as usize].tell(seat.place, Some(before), Some(after));
            }
        }
        let active = u8::try_from(entry.burden.total()).unwrap_or(u8::MAX);
        let standing = Standing {
            id: entry.id,
            queues: entry.queues(),
            active,
            load: if self.settings.least_loaded { active } else { 0 },
            used: agent.last_used(self.settings.idle_from),
        };
        let room = if after.is_free() { Room::Some } else { Room::None };
        self.order.put(slot, standing, room, Scale::at(now, &self.rules));
    }

    /// Has the order of agents follow what was taken up. Time must not pass before, and nobody go along it.
    pub fn settle(&mut self, now: Timestamp) {
        self.order.settle(Scale::at(now, &self.rules));
    }

    /// Takes up the settings. All agents must be refreshed.
    pub fn configure(&mut self, settings: &Settings) {
        self.settings = *settings;
    }

    /// Time has passed.
    pub fn age(&mut self, now: Timestamp) {
        self.order.age(Scale::at(now, &self.rules));
    }

    /// The first reason for which an agent may not have an interaction of this kind; `None` is that they may.
    pub fn why_not(&self, slot: Slot, wish: &Signature) -> Option<Exclusion> {
        let entry = self.entry(slot);
        let anywhere = wish.anywhere == Some(entry.id);
        let named = anywhere || wish.named.has(&entry.id);
        match entry.seat(wish.queue) {
            None if !anywhere => return Some(Exclusion::NotMember),
            Some(seat) if !seat.joined && !anywhere => return Some(Exclusion::NotJoined),
            _ => {}
        }
        match entry.status.presence {
            Presence::Off => return Some(Exclusion::OffQueue),
            Presence::Silent => return Some(Exclusion::NotResponding),
            Presence::On => {}
        }
        if wish.declined.has(&entry.id) {
            return Some(Exclusion::Declined);
        }
        let closed = if named { None } else { self.closed(entry, wish) };
        closed.or_else(|| self.no_room(slot, wish)).or_else(|| {
            if named && !self.rules.preferred_need_skills {
                None
            } else {
                self.unable(entry, wish)
            }
        })
    }

    /// The same for a joined member on queue, as if they were neither named nor had declined.
    pub fn why_not_plainly(&self, slot: Slot, wish: &Signature) -> Option<Exclusion> {
        let entry = self.entry(slot);
        let closed = self.closed(entry, wish);
        closed
            .or_else(|| self.no_room(slot, wish))
            .or_else(|| self.unable(entry, wish))
    }

    fn closed(&self, entry: &Entry, wish: &Signature) -> Option<Exclusion> {
        let place = |entry: &Entry| entry.seat(wish.queue).map_or(usize::MAX, |seat| seat.place as usize);
        let pool = self.pool(wish.queue);
        match &wish.open {
            Open::All => None,
            Open::Nobody => Some(Exclusion::NotPreferredYet),
            Open::Rings(first, last) => (!pool.stands_in(place(entry), *first, *last)).then_some(Exclusion::OuterRing),
            Open::Groups(groups) => (!pool.is_in_any(place(entry), groups)).then_some(Exclusion::NotInGroup),
        }
    }

    /// Why an agent has no room for an interaction of this kind, if they have none.
    pub fn no_room(&self, slot: Slot, wish: &Signature) -> Option<Exclusion> {
        self.full(slot, wish.medium, &wish.labels)
    }

    /// The same for a medium and labels.
    pub fn full(&self, slot: Slot, medium: Medium, labels: &[onqueue_model::LabelId]) -> Option<Exclusion> {
        let entry = self.entry(slot);
        let label = || {
            entry
                .limits
                .full_label(&entry.burden, labels, &self.rules)
                .map(Exclusion::AtLabel)
        };
        reason(entry.verdict(medium), medium).or_else(label)
    }

    fn unable(&self, entry: &Entry, wish: &Signature) -> Option<Exclusion> {
        if wish.language.is_some_and(|tongue| !entry.speaks(tongue)) {
            return Some(Exclusion::Language);
        }
        let mut lacking = wish.required.iter().filter(|(skill, least)| !entry.has(*skill, *least));
        let first = lacking.next();
        if self.rules.any_skill_suffices {
            let none = !wish.required.is_empty() && first.is_some() && lacking.count() + 1 == wish.required.len();
            return none.then(|| Exclusion::MissingSkill(wish.required[0].0));
        }
        first.map(|(skill, _)| Exclusion::MissingSkill(*skill))
    }

    /// Makes the sets that a survey of this kind goes by.
    pub fn prepare(&mut self, wish: &Signature) {
        let entries = &self.entries;
        let knows = |slot: Slot, is_so: &dyn Fn(&Entry) -> bool| entries[slot as usize].as_ref().is_some_and(is_so);
        let pool = &mut self.pools[wish.queue as usize];
        for (skill, least) in &wish.required {
            pool.learn_skill(*skill, *least, |slot| knows(slot, &|entry| entry.has(*skill, *least)));
        }
    }
}

impl Pool {
    fn sit(&mut self, seat: Seat, status: Status) {
        if seat.joined {
            self.tell(seat.place, None, Some(status));
        } else {
            self.unjoined += 1;
        }
    }

    fn rise(&mut self, seat: Seat, status: Status) {
        if seat.joined {
            self.tell(seat.place, Some(status), None);
        } else {
            self.unjoined -= 1;
        }
    }
}

/// Whether a membership is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    Yes,
    No,
}
