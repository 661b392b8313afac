//! The members of one queue as sets, over places of their own, so that a survey takes a few steps for each 64 of them.

use crate::bits::Bits;
use crate::config::KNOWN;
use crate::load::{VERDICTS, Verdict};
use crate::stage::Tongue;
use crate::state::Presence;
use crate::table::{Map, Slot};
use crate::{Medium, Membership, Method, Proficiency, Ring};
use onqueue_model::{GroupId, SkillId};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Sets of who has a skill at some unusual level are made when first asked for; if there are more than so many, they are made
/// anew.
const LEVELS: usize = 1024;

/// What of an agent's doings counts for every queue alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub presence: Presence,
    /// By medium.
    pub verdicts: [Verdict; 5],
}

impl Status {
    pub const NEW: Self = Self {
        presence: Presence::Off,
        verdicts: [0; 5],
    };

    /// Whether there is room for anything.
    pub fn is_free(&self) -> bool {
        self.presence == Presence::On && self.verdicts.contains(&0)
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    /// Who is at each place; what nobody is at is in no set.
    members: Vec<Slot>,
    vacant: Vec<u32>,
    pub unjoined: u32,
    /// Of the joined.
    pub off: u32,
    /// Of the joined.
    pub silent: u32,
    /// How many of the ready have each verdict, by medium.
    pub verdicts: [[u32; VERDICTS]; 5],
    /// Joined and on queue.
    pub ready: Bits,
    /// Those of the ready with room, by medium.
    pub free: [Bits; 5],
    /// Who has maxima of labels.
    pub labelled: Bits,
    pub groups: BTreeMap<GroupId, Bits>,
    rings: Vec<Ring>,
    /// Ring as in the membership, by place.
    own_rings: Vec<u8>,
    /// Who stands in each ring.
    in_ring: Vec<Bits>,
    /// Who knows a skill.
    skilled: Map<SkillId, Bits>,
    /// Who has a skill at another level than that which counts as knowing it.
    levels: Map<(SkillId, Proficiency), Bits>,
    speakers: Map<Tongue, Bits>,
    nobody: Bits,
}

impl Pool {
    pub fn member(&self, place: usize) -> Slot {
        self.members[place]
    }

    pub fn ready_members(&self) -> u32 {
        self.verdicts[0].iter().sum()
    }

    /// How many of the ready have room for a medium.
    pub fn free_members(&self, medium: Medium) -> usize {
        self.verdicts[medium as usize][0] as usize
    }

    /// Gives an agent a place. They count as not joined and off until told otherwise.
    pub fn admit(&mut self, agent: Slot, membership: &Membership) -> u32 {
        let place = match self.vacant.pop() {
            Some(place) => place,
            None => {
                self.members.push(agent);
                self.own_rings.push(0);
                (self.members.len() - 1) as u32
            }
        };
        self.members[place as usize] = agent;
        self.own_rings[place as usize] = membership.ring;
        for group in &membership.groups {
            self.groups.entry(*group).or_default().set(place as usize, true);
        }
        self.set_ring(place as usize, true);
        place
    }

    /// Takes the place back. What was told of them must have been taken back before.
    pub fn dismiss(&mut self, place: u32) {
        self.set_ring(place as usize, false);
        self.groups
            .values_mut()
            .for_each(|group| group.set(place as usize, false));
        self.labelled.set(place as usize, false);
        let known = self.skilled.values_mut().chain(self.levels.values_mut());
        known
            .chain(self.speakers.values_mut())
            .for_each(|knowing| knowing.set(place as usize, false));
        self.vacant.push(place);
    }

    fn set_ring(&mut self, place: usize, present: bool) {
        let ring = self.ring_of(place);
        if let Some(ring) = ring.and_then(|ring| self.in_ring.get_mut(ring)) {
            ring.set(place, present);
        }
    }

    /// From 0; `None` if there are no rings.
    fn ring_of(&self, place: usize) -> Option<usize> {
        let last = self.rings.len().checked_sub(1)?;
        let own = usize::from(self.own_rings[place].saturating_sub(1)).min(last);
        let is_in = |group: &GroupId| self.groups.get(group).is_some_and(|group| group.contains(place));
        let by_group = self.rings.iter().position(|ring| ring.groups.iter().any(is_in));
        Some(by_group.map_or(own, |by_group| by_group.min(own)))
    }

    /// Takes up the queue's method.
    pub fn set_method(&mut self, method: &Method) {
        self.rings = match method {
            Method::Bullseye { rings } => rings.clone(),
            _ => Vec::new(),
        };
        self.in_ring = vec![Bits::default(); self.rings.len()];
        let vacant: Bits = self.vacant.iter().map(|place| *place as usize).collect();
        for place in (0..self.members.len()).filter(|place| !vacant.contains(*place)) {
            self.set_ring(place, true);
        }
    }

    /// Who stands in these rings, from 1, both ends included.
    pub fn rings(&self, first: u8, last: u8) -> Bits {
        let mut all = Bits::default();
        let rings = (first..=last).filter_map(|ring| self.in_ring.get(usize::from(ring).checked_sub(1)?));
        rings.for_each(|ring| all.add_all(ring));
        all
    }

    pub fn stands_in(&self, place: usize, first: u8, last: u8) -> bool {
        let ring = self.ring_of(place).map(|ring| ring + 1);
        ring.is_some_and(|ring| (usize::from(first)..=usize::from(last)).contains(&ring))
    }

    pub fn is_in_any(&self, place: usize, groups: &[GroupId]) -> bool {
        let mut sets = groups.iter().filter_map(|group| self.groups.get(group));
        sets.any(|set| set.contains(place))
    }

    /// What a joined member does has changed; `None` is not yet, or no longer, told.
    pub fn tell(&mut self, place: u32, before: Option<Status>, after: Option<Status>) {
        if before == after {
            return;
        }
        let place = place as usize;
        let is_ready = |status: &Option<Status>| status.is_some_and(|status| status.presence == Presence::On);
        if let (Some(before), Some(after)) = (before, after)
            && before.presence == Presence::On
            && after.presence == Presence::On
        {
            return self.change_verdicts(place, before.verdicts, after.verdicts);
        }
        self.count(place, before, Tell::Past);
        self.count(place, after, Tell::Now);
        self.ready.set(place, is_ready(&after));
    }

    fn change_verdicts(&mut self, place: usize, before: [Verdict; 5], after: [Verdict; 5]) {
        for medium in (0..5).filter(|medium| before[*medium] != after[*medium]) {
            self.verdicts[medium][usize::from(before[medium])] -= 1;
            self.verdicts[medium][usize::from(after[medium])] += 1;
            self.free[medium].set(place, after[medium] == 0);
        }
    }

    fn count(&mut self, place: usize, status: Option<Status>, tell: Tell) {
        let Some(status) = status else { return };
        let step = |count: &mut u32| match tell {
            Tell::Past => *count -= 1,
            Tell::Now => *count += 1,
        };
        match status.presence {
            Presence::Off => step(&mut self.off),
            Presence::Silent => step(&mut self.silent),
            Presence::On => {
                for (medium, verdict) in status.verdicts.into_iter().enumerate() {
                    step(&mut self.verdicts[medium][usize::from(verdict)]);
                    self.free[medium].set(place, tell == Tell::Now && verdict == 0);
                }
            }
        }
    }

    /// Who has a skill at least so well; `None` if that was never asked.
    pub fn with_skill(&self, skill: SkillId, least: Proficiency) -> Option<&Bits> {
        if least == KNOWN {
            return Some(self.skilled.get(&skill).unwrap_or(&self.nobody));
        }
        self.levels.get(&(skill, least))
    }

    pub fn speakers(&self, tongue: Tongue) -> &Bits {
        self.speakers.get(&tongue).unwrap_or(&self.nobody)
    }

    /// Finds out which members have a skill so well, if that was never asked.
    pub fn learn_skill(&mut self, skill: SkillId, least: Proficiency, knows: impl Fn(Slot) -> bool) {
        if self.with_skill(skill, least).is_some() {
            return;
        }
        if self.levels.len() >= LEVELS {
            self.levels.clear();
        }
        let knowing = self.places_of(knows);
        self.levels.insert((skill, least), knowing);
    }

    /// A set if it was made, else made now.
    pub fn places<'a>(&self, made: Option<&'a Bits>, is_so: impl Fn(Slot) -> bool) -> Cow<'a, Bits> {
        made.map_or_else(|| Cow::Owned(self.places_of(is_so)), Cow::Borrowed)
    }

    /// The places of those of whom it is true.
    fn places_of(&self, is_so: impl Fn(Slot) -> bool) -> Bits {
        let vacant: Bits = self.vacant.iter().map(|place| *place as usize).collect();
        let taken = (0..self.members.len()).filter(|place| !vacant.contains(*place));
        taken.filter(|place| is_so(self.members[*place])).collect()
    }

    /// A new member knows this.
    pub fn note_knowledge(&mut self, place: u32, skills: &[(SkillId, Proficiency)], tongues: &[(Tongue, Proficiency)]) {
        let place = place as usize;
        for (skill, _) in skills.iter().filter(|(_, level)| *level >= KNOWN) {
            self.skilled.entry(*skill).or_default().set(place, true);
        }
        for (tongue, _) in tongues.iter().filter(|(_, level)| *level >= KNOWN) {
            self.speakers.entry(*tongue).or_default().set(place, true);
        }
        for ((skill, least), with) in &mut self.levels {
            let level = skills.iter().find(|(known, _)| known == skill);
            with.set(place, level.is_some_and(|(_, level)| level >= least));
        }
    }

    /// How many of these have which verdict on a medium, those with room left out.
    pub fn count_verdicts(&self, medium: Medium, of: &Bits, verdict: impl Fn(Slot) -> Verdict) -> [u32; VERDICTS] {
        let all = &self.verdicts[medium as usize];
        let mut counts = [0; VERDICTS];
        let mut kinds = (1..VERDICTS).filter(|verdict| all[*verdict] > 0);
        match (kinds.next(), kinds.next()) {
            (Some(only), None) => counts[only] = of.len() as u32,
            (Some(_), Some(_)) => of
                .iter()
                .for_each(|place| counts[usize::from(verdict(self.members[place]))] += 1),
            (None, _) => {}
        }
        counts
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tell {
    Past,
    Now,
}
