//! Who is eligible for an interaction, and how many are not for which first reason.

use crate::bits::Bits;
use crate::load::{VERDICTS, reason};
use crate::order::{Key, Scale};
use crate::pool::Pool;
use crate::roster::{Roster, seat_bit};
use crate::stage::{Open, Signature};
use crate::state::{Agent, Presence};
use crate::table::{Slot, Table};
use crate::{Exclusion, Medium, Proficiency, Recording};
use onqueue_model::SkillId;

/// Up to so many are best kept in order while they are looked for.
const FEW: usize = 32;

/// How many steps along the order of all agents cost as much as looking at one who is eligible.
const STEPS: usize = 2;

#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    queue: u32,
    /// Places of members.
    eligible: Bits,
    /// How many those are.
    number: usize,
    /// Who is eligible without being a member.
    outside: Vec<Slot>,
    excluded: Vec<(Exclusion, u32)>,
    set: Bits,
}

impl Survey {
    pub fn eligible(&self) -> usize {
        self.number + self.outside.len()
    }

    /// Whether the first of the eligible may be found along the order of all agents, which must then be settled.
    pub fn is_large(&self) -> bool {
        self.number > FEW
    }

    /// In order of the reason.
    pub fn excluded(&mut self) -> Vec<(Exclusion, u32)> {
        self.excluded.retain(|(_, number)| *number > 0);
        self.excluded.sort_unstable();
        self.excluded.clone()
    }

    fn note(&mut self, exclusion: Exclusion, number: u32) {
        match self.excluded.iter_mut().find(|(known, _)| *known == exclusion) {
            Some((_, known)) => *known += number,
            None if number > 0 => self.excluded.push((exclusion, number)),
            None => {}
        }
    }

    fn unnote(&mut self, exclusion: Exclusion) {
        if let Some((_, known)) = self.excluded.iter_mut().find(|(known, _)| *known == exclusion) {
            *known -= 1;
        }
    }

    /// Leaves those who are in a set; for the others that is the reason.
    fn sieve(&mut self, set: &Bits, reason: Exclusion, recording: Recording) {
        let before = self.number;
        self.number = self.eligible.keep(set);
        if recording != Recording::Off {
            self.note(reason, (before - self.number) as u32);
        }
    }

    fn mark(&mut self, place: usize, is_eligible: bool) {
        if self.eligible.contains(place) != is_eligible {
            self.eligible.set(place, is_eligible);
            self.number = if is_eligible { self.number + 1 } else { self.number - 1 };
        }
    }

    /// Makes the survey. Reasons are counted only if they are recorded.
    pub fn make(&mut self, roster: &Roster, agents: &Table<Agent>, wish: &Signature, recording: Recording) {
        self.queue = wish.queue;
        self.outside.clear();
        self.excluded.clear();
        let pool = roster.pool(wish.queue);
        if recording != Recording::Off {
            self.note(Exclusion::NotJoined, pool.unjoined);
            self.note(Exclusion::OffQueue, pool.off);
            self.note(Exclusion::NotResponding, pool.silent);
        }
        self.open(roster, pool, wish, recording);
        self.sieve_by_label(roster, pool, wish, recording);
        self.sieve_by_knowledge(roster, pool, wish, recording);
        self.correct(roster, agents, wish, recording);
    }

    /// Those of the ready members whom the stage opens and who have room.
    fn open(&mut self, roster: &Roster, pool: &Pool, wish: &Signature, recording: Recording) {
        let free = &pool.free[wish.medium as usize];
        match &wish.open {
            Open::All => {
                self.eligible.copy(free);
                self.number = pool.free_members(wish.medium);
                if recording != Recording::Off {
                    self.note_verdicts(wish.medium, pool.verdicts[wish.medium as usize]);
                }
                return;
            }
            Open::Nobody => {
                self.eligible.clear();
                self.number = 0;
                return self.note(Exclusion::NotPreferredYet, pool.ready_members());
            }
            Open::Rings(first, last) => self.set = pool.rings(*first, *last),
            Open::Groups(groups) => {
                self.set.clear();
                let sets = groups.iter().filter_map(|group| pool.groups.get(group));
                sets.for_each(|group| self.set.add_all(group));
            }
        }
        self.set.keep(&pool.ready);
        self.eligible.copy(&self.set);
        self.number = self.eligible.keep(free);
        if recording != Recording::Off {
            self.note_closed(roster, pool, wish);
        }
    }

    /// Counts who is not open, and who is open but has no room.
    fn note_closed(&mut self, roster: &Roster, pool: &Pool, wish: &Signature) {
        let reason = if matches!(wish.open, Open::Groups(_)) {
            Exclusion::NotInGroup
        } else {
            Exclusion::OuterRing
        };
        self.note(reason, pool.ready_members() - self.set.len() as u32);
        self.set.drop_all(&pool.free[wish.medium as usize]);
        let counts = pool.count_verdicts(wish.medium, &self.set, |slot| roster.entry(slot).verdict(wish.medium));
        self.note_verdicts(wish.medium, counts);
    }

    fn note_verdicts(&mut self, medium: Medium, counts: [u32; VERDICTS]) {
        for (verdict, count) in (0..).zip(counts).filter(|(_, count)| *count > 0) {
            if let Some(reason) = reason(verdict, medium) {
                self.note(reason, count);
            }
        }
    }

    fn sieve_by_label(&mut self, roster: &Roster, pool: &Pool, wish: &Signature, recording: Recording) {
        if wish.labels.is_empty() {
            return;
        }
        self.set.copy(&self.eligible);
        self.set.keep(&pool.labelled);
        let set = std::mem::take(&mut self.set);
        for place in set.iter() {
            if let Some(reason) = roster.no_room(pool.member(place), wish) {
                self.mark(place, false);
                if recording != Recording::Off {
                    self.note(reason, 1);
                }
            }
        }
        self.set = set;
    }

    fn sieve_by_knowledge(&mut self, roster: &Roster, pool: &Pool, wish: &Signature, recording: Recording) {
        if let Some(tongue) = wish.language {
            self.sieve(pool.speakers(tongue), Exclusion::Language, recording);
        }
        let knowing = |(skill, least): &(SkillId, Proficiency)| {
            pool.places(pool.with_skill(*skill, *least), |slot| {
                roster.entry(slot).has(*skill, *least)
            })
        };
        if roster.any_skill_suffices() && !wish.required.is_empty() {
            let mut any = Bits::default();
            wish.required.iter().for_each(|wish| any.add_all(&knowing(wish)));
            return self.sieve(&any, Exclusion::MissingSkill(wish.required[0].0), recording);
        }
        for wish in &wish.required {
            self.sieve(&knowing(wish), Exclusion::MissingSkill(wish.0), recording);
        }
    }

    /// Puts right those who declined and those who are named, whom the sets know nothing of.
    fn correct(&mut self, roster: &Roster, agents: &Table<Agent>, wish: &Signature, recording: Recording) {
        let declined = wish.declined.iter().copied().filter(|agent| !wish.is_named(*agent));
        for slot in wish.names().chain(declined).filter_map(|agent| agents.slot(agent)) {
            let entry = roster.entry(slot);
            let named = wish.is_named(entry.id);
            let seat = entry.seat(wish.queue);
            if seat.is_none() && !named {
                continue;
            }
            let why_not = roster.why_not(slot, wish);
            if let Some(seat) = seat {
                self.mark(seat.place as usize, why_not.is_none());
                self.uncount(roster, slot, seat.joined, wish, recording);
            } else if why_not.is_none() {
                self.outside.push(slot);
            }
            if recording != Recording::Off
                && let Some(why_not) = why_not
            {
                self.note(why_not, 1);
            }
        }
    }

    /// Takes a member out of the counts of the sets.
    fn uncount(&mut self, roster: &Roster, slot: Slot, joined: bool, wish: &Signature, recording: Recording) {
        if recording == Recording::Off {
            return;
        }
        let why_not = match roster.presence(slot) {
            _ if !joined => Some(Exclusion::NotJoined),
            Presence::Off => Some(Exclusion::OffQueue),
            Presence::Silent => Some(Exclusion::NotResponding),
            Presence::On => roster.why_not_plainly(slot, wish),
        };
        if let Some(why_not) = why_not {
            self.unnote(why_not);
        }
    }

    pub fn is_eligible(&self, roster: &Roster, slot: Slot) -> bool {
        let seat = roster.entry(slot).seat(self.queue);
        seat.is_some_and(|seat| self.eligible.contains(seat.place as usize)) || self.outside.contains(&slot)
    }

    /// Takes somebody out who is dealt with otherwise.
    pub fn take_out(&mut self, roster: &Roster, slot: Slot) {
        if let Some(seat) = roster.entry(slot).seat(self.queue) {
            self.mark(seat.place as usize, false);
        }
        self.outside.retain(|outside| *outside != slot);
    }

    /// The first `number` of the eligible in the order of load and idle time, in order.
    pub fn first(&self, roster: &Roster, scale: Scale, number: usize, current: Current) -> Vec<Key> {
        let is_near = || roster.order.len().saturating_mul(number) / self.number < self.number * STEPS;
        let mut first = if self.is_large() && current == Current::Yes && is_near() {
            self.along_the_order(roster, number)
        } else {
            self.selected(roster, scale, number)
        };
        if !self.outside.is_empty() {
            let outside = self.outside.iter().map(|slot| roster.order.key(*slot, scale));
            first.extend(outside);
            first.sort_unstable();
            first.truncate(number);
        }
        first
    }

    fn along_the_order(&self, roster: &Roster, number: usize) -> Vec<Key> {
        let is_eligible = |slot: Slot| {
            let seat = roster.entry(slot).seat(self.queue);
            seat.is_some_and(|seat| self.eligible.contains(seat.place as usize))
        };
        let eligible = roster
            .order
            .of_queue(seat_bit(self.queue))
            .filter(|(.., slot)| is_eligible(*slot));
        eligible.take(number).copied().collect()
    }

    fn selected(&self, roster: &Roster, scale: Scale, number: usize) -> Vec<Key> {
        let pool = roster.pool(self.queue);
        let key = |place: usize| {
            let slot = pool.member(place);
            roster.order.key(slot, scale)
        };
        if number <= FEW {
            return smallest(self.eligible.iter().map(key), number);
        }
        let most = number.saturating_mul(2);
        let mut keys: Vec<Key> = Vec::with_capacity(self.number.min(most));
        for key in self.eligible.iter().map(key) {
            if keys.len() >= most {
                keys.select_nth_unstable(number - 1);
                keys.truncate(number);
            }
            keys.push(key);
        }
        keys.sort_unstable();
        keys.truncate(number);
        keys
    }
}

/// The smallest few, in order.
fn smallest(keys: impl Iterator<Item = Key>, number: usize) -> Vec<Key> {
    let mut smallest: Vec<Key> = Vec::with_capacity(number);
    for key in keys {
        if smallest.len() == number {
            if smallest.last().is_none_or(|last| *last < key) {
                continue;
            }
            smallest.pop();
        }
        let place = smallest.partition_point(|other| *other < key);
        smallest.insert(place, key);
    }
    smallest
}

/// Whether the scale is of the engine's own time and rule, so that the order kept goes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Current {
    Yes,
    No,
}
