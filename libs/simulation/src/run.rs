//! One replication: what happens, in order, and what the engine makes of it.

use crate::calendar::{Calendar, Event};
use crate::chance::{Chance, Purpose, nanos};
use crate::contacts::{Contact, Contacts, Place};
use crate::crew::{Completion, Crew};
use crate::gauges::{EVERY, Gauge};
use crate::model::{Model, Pool, Preferred, agent_id, agent_number};
use crate::tally::{Counts, FlowTally};
use crate::{Nanos, Observer, Tally};
use onqueue_acd::{AfterContactMode, Command, Effect, Engine, Requirements};
use onqueue_model::Timestamp;

const MILLISECOND: Nanos = 1_000_000;

pub(crate) struct Run<'m, O> {
    model: &'m Model,
    observer: &'m mut O,
    engine: Engine,
    calendar: Calendar,
    sources: Vec<Source>,
    contacts: Contacts,
    crew: Crew,
    flows: Vec<FlowTally>,
    gauges: Vec<Gauge>,
    /// How many of those who are measured wait.
    measured_waiting: u64,
    events: u64,
}

/// A flow's random numbers.
struct Source {
    arrivals: Chance,
    handling: Chance,
    wrap_up: Chance,
    patience: Chance,
    wishes: Chance,
}

impl Source {
    fn new(seed: u64, replication: u32, flow: u16) -> Self {
        let chance = |purpose| Chance::new(seed, replication, flow, purpose);
        Self {
            arrivals: chance(Purpose::Arrivals),
            handling: chance(Purpose::Handling),
            wrap_up: chance(Purpose::WrapUp),
            patience: chance(Purpose::Patience),
            wishes: chance(Purpose::Wishes),
        }
    }
}

impl<'m, O: Observer> Run<'m, O> {
    pub fn new(model: &'m Model, replication: u32, observer: &'m mut O) -> Self {
        let manners = model
            .pools
            .iter()
            .flat_map(|pool| pool.agents.clone().map(|_| pool.manner));
        let intervals = model.intervals();
        let numbers = 0..u16::try_from(model.flows.len()).unwrap_or(u16::MAX);
        let mut run = Self {
            model,
            observer,
            engine: model.engine.clone(),
            calendar: Calendar::default(),
            sources: numbers.map(|flow| Source::new(model.seed, replication, flow)).collect(),
            contacts: Contacts::default(),
            crew: Crew::new(manners, model.measured.clone()),
            flows: vec![FlowTally::new(intervals); model.flows.len()],
            gauges: model.gauges(),
            measured_waiting: 0,
            events: 0,
        };
        run.begin();
        run
    }

    /// Everybody comes to work, and the first ones set out.
    fn begin(&mut self) {
        for pool in 0..self.model.pools.len() {
            self.change_shift(pool as u16, 0);
        }
        for flow in 0..self.sources.len() {
            self.expect_arrival(flow as u16, 0);
        }
        if self.model.has_conditions {
            self.read_gauges(0);
        }
    }

    pub fn run(mut self) -> Tally {
        while let Some(at) = self.calendar.next_at() {
            let is_over = at >= self.model.measured.end && self.measured_waiting == 0;
            if is_over || at >= self.model.give_up {
                break;
            }
            if !self.tick_before(at) {
                self.happen();
            }
        }
        self.count_left();
        Tally {
            flows: self.flows,
            staff: self.crew.tallies(self.model.give_up),
            events: self.events,
        }
    }

    /// Lets the engine's own timers fire that are due by then; false if there is none.
    fn tick_before(&mut self, at: Nanos) -> bool {
        let deadline = self.engine.next_deadline();
        let Some(due) = deadline.map(nanos_of).filter(|due| *due <= at) else {
            return false;
        };
        self.apply(due, Command::Tick);
        true
    }

    fn happen(&mut self) {
        let Some((now, event)) = self.calendar.pop() else {
            return;
        };
        match event {
            Event::Arrival { flow } => self.arrive(flow, now),
            Event::Done { agent, generation } => self.done(agent, generation, now),
            Event::WrappedUp { slot, serial } => self.wrapped_up(slot, serial, now),
            Event::Patience { slot, serial } => self.lose_patience(slot, serial, now),
            Event::Shift { pool } => self.change_shift(pool, now),
            Event::Gauges => self.read_gauges(now),
        }
    }

    fn apply(&mut self, now: Nanos, command: Command) {
        let at = Timestamp((now / MILLISECOND) as i64);
        for effect in self.engine.apply(at, command).effects {
            match effect {
                Effect::Assigned { interaction, agent, .. } => {
                    self.assigned(Contacts::slot(interaction), agent_number(agent), now);
                }
                Effect::AcwStarted { interaction, ends, .. } => {
                    self.wrap_up(Contacts::slot(interaction), ends.map(nanos_of), now);
                }
                Effect::AcwEnded { interaction, .. } => self.wrap_up_ended(Contacts::slot(interaction), now),
                Effect::Rejected { interaction, .. } => self.refused(Contacts::slot(interaction)),
                _ => {}
            }
        }
    }

    fn expect_arrival(&mut self, flow: u16, now: Nanos) {
        let number = usize::from(flow);
        let chance = &mut self.sources[number].arrivals;
        if let Some(at) = self.model.flows[number].rates.next(now, chance) {
            self.calendar.note(at, Event::Arrival { flow });
        }
    }

    fn arrive(&mut self, flow: u16, now: Nanos) {
        self.events += 1;
        self.expect_arrival(flow, now);
        let model = self.model;
        let of = &model.flows[usize::from(flow)];
        let source = &mut self.sources[usize::from(flow)];
        let patience = of
            .patience
            .as_ref()
            .map(|patience| patience.sample(&mut source.patience));
        let slot = self.contacts.add(Contact {
            serial: 0,
            flow,
            waits: false,
            measured: model.measured.contains(&now),
            place: Place::Waiting,
            arrived: now,
            answered: 0,
            work: of.handling.sample(&mut source.handling),
            wrap_up: of
                .wrap_up
                .as_ref()
                .map_or(0.0, |wrap_up| wrap_up.sample(&mut source.wrap_up)),
        });
        let command = Command::Enqueue {
            interaction: self.contacts.id(slot),
            queue: model.queues[of.queue].id,
            requirements: requirements(model, flow, &mut source.wishes),
        };
        self.count(slot, |counts| counts.offered += 1);
        self.apply(now, command);
        let contact = *self.contacts.at(slot);
        if contact.place != Place::Waiting {
            return;
        }
        self.begin_to_wait(slot, contact, of.queue);
        if let Some(patience) = patience {
            let serial = contact.serial;
            self.calendar
                .note(now + nanos(patience), Event::Patience { slot, serial });
        }
    }

    fn begin_to_wait(&mut self, slot: u32, contact: Contact, queue: usize) {
        let gauge = &mut self.gauges[queue];
        let ahead = usize::try_from(gauge.waiting).unwrap_or(usize::MAX);
        gauge.waiting += 1;
        self.measured_waiting += u64::from(contact.measured);
        self.count(slot, |counts| counts.delayed += 1);
        self.observer
            .waits(contact.arrived, contact.serial, usize::from(contact.flow), ahead);
        self.contacts.at(slot).waits = true;
    }

    fn end_to_wait(&mut self, slot: u32, within: bool) {
        let contact = *self.contacts.at(slot);
        let gauge = &mut self.gauges[self.model.flows[usize::from(contact.flow)].queue];
        gauge.left(within);
        if contact.waits {
            gauge.waiting -= 1;
            self.measured_waiting -= u64::from(contact.measured);
        }
    }

    fn assigned(&mut self, slot: u32, agent: u32, now: Nanos) {
        let contact = *self.contacts.at(slot);
        let flow = usize::from(contact.flow);
        let waited = now - contact.arrived;
        let target = self.model.queues[self.model.flows[flow].queue].target;
        let within = target.is_some_and(|target| waited <= target);
        self.end_to_wait(slot, within);
        self.count(slot, |counts| {
            counts.answered += 1;
            counts.within += u64::from(within);
            counts.waited += u128::from(waited);
            counts.waited_answered += u128::from(waited);
        });
        if contact.measured {
            self.flows[flow].waited(waited);
        }
        self.observer.answered(now, contact.serial, flow, waited);
        let taken = self.contacts.at(slot);
        taken.place = Place::InHand { agent };
        taken.answered = now;
        let completion = self.crew.begin(agent, slot, contact.work, now);
        self.expect(agent, completion);
    }

    fn expect(&mut self, agent: u32, completion: Option<Completion>) {
        if let Some(Completion { at, generation }) = completion {
            self.calendar.note(at, Event::Done { agent, generation });
        }
    }

    fn done(&mut self, agent: u32, generation: u32, now: Nanos) {
        let Some((slot, next)) = self.crew.finish(agent, generation, now) else {
            return;
        };
        self.events += 1;
        self.expect(agent, next);
        let talked = u128::from(now - self.contacts.at(slot).answered);
        self.count(slot, |counts| {
            counts.talked_to += 1;
            counts.talked += talked;
        });
        let interaction = self.contacts.id(slot);
        let id = agent_id(agent);
        if self.wants_wrap_up(slot) {
            self.apply(now, Command::RequestAcw { agent: id, interaction });
        }
        self.apply(now, Command::EndWork { agent: id, interaction });
        if matches!(self.contacts.at(slot).place, Place::InHand { .. }) {
            self.contacts.remove(slot);
        }
    }

    /// Whether the agent has to ask for the time to wrap up.
    fn wants_wrap_up(&mut self, slot: u32) -> bool {
        let flow = &self.model.flows[usize::from(self.contacts.at(slot).flow)];
        let mode = self.model.queues[flow.queue].after_contact;
        mode == AfterContactMode::AgentRequested && flow.wrap_up.is_some()
    }

    fn wrap_up(&mut self, slot: u32, ends: Option<Nanos>, now: Nanos) {
        let contact = self.contacts.at(slot);
        let Place::InHand { agent } = contact.place else { return };
        contact.place = Place::WrappingUp { agent };
        let serial = contact.serial;
        let done = now + nanos(contact.wrap_up);
        let has_own = self.model.flows[usize::from(contact.flow)].wrap_up.is_some();
        self.crew.wrap_up_begins(agent, now);
        if has_own && ends.is_none_or(|ends| done < ends) {
            self.calendar.note(done, Event::WrappedUp { slot, serial });
        }
    }

    fn wrapped_up(&mut self, slot: u32, serial: u64, now: Nanos) {
        let contact = *self.contacts.at(slot);
        let Place::WrappingUp { agent } = contact.place else {
            return;
        };
        if contact.serial == serial {
            let command = Command::CompleteAcw {
                agent: agent_id(agent),
                interaction: self.contacts.id(slot),
            };
            self.apply(now, command);
        }
    }

    fn wrap_up_ended(&mut self, slot: u32, now: Nanos) {
        if let Place::WrappingUp { agent } = self.contacts.at(slot).place {
            self.crew.wrap_up_ends(agent, now);
            self.contacts.remove(slot);
        }
    }

    fn refused(&mut self, slot: u32) {
        self.count(slot, |counts| counts.refused += 1);
        self.contacts.remove(slot);
    }

    fn lose_patience(&mut self, slot: u32, serial: u64, now: Nanos) {
        let contact = *self.contacts.at(slot);
        if contact.serial != serial || contact.place != Place::Waiting {
            return;
        }
        self.end_to_wait(slot, false);
        self.count(slot, |counts| {
            counts.abandoned += 1;
            counts.waited += u128::from(now - contact.arrived);
        });
        let interaction = self.contacts.id(slot);
        self.contacts.remove(slot);
        self.apply(now, Command::Cancel { interaction });
    }

    fn change_shift(&mut self, pool: u16, now: Nanos) {
        let of = &self.model.pools[usize::from(pool)];
        let is_on = of.shifts.cover(now);
        for number in of.agents.clone() {
            if self.crew.is_on(number) == is_on {
                continue;
            }
            self.crew.set_on(number, is_on, now);
            let agent = agent_id(number);
            let command = if is_on {
                Command::GoOnQueue {
                    agent,
                    last_interaction: None,
                }
            } else {
                Command::GoOffQueue { agent }
            };
            self.apply(now, command);
        }
        if let Some(at) = of.shifts.next_change(now) {
            self.calendar.note(at, Event::Shift { pool });
        }
    }

    fn read_gauges(&mut self, now: Nanos) {
        for queue in 0..self.gauges.len() {
            let places = self.places(queue);
            let reading = self.gauges[queue].reading(places);
            self.apply(now, reading);
        }
        self.calendar.note(now + EVERY, Event::Gauges);
    }

    /// How much of what comes to the queue those who are there take at once.
    fn places(&self, queue: usize) -> u64 {
        let pools = self.model.pools.iter();
        let there = pools.filter(|pool| !pool.agents.is_empty() && self.crew.is_on(pool.agents.start));
        let places = |pool: &Pool| {
            let takes = pool.takes.iter().filter(|(taken, _)| *taken == queue);
            takes.map(|(_, places)| places * pool.agents.len() as u64).sum::<u64>()
        };
        there.map(places).sum()
    }

    fn count_left(&mut self) {
        let left: Vec<Contact> = self
            .contacts
            .waiting()
            .filter(|contact| contact.measured)
            .copied()
            .collect();
        for contact in left {
            let interval = self.interval(contact.arrived);
            let waited = u128::from(self.model.give_up - contact.arrived);
            self.flows[usize::from(contact.flow)].count(interval, |counts| {
                counts.left += 1;
                counts.waited += waited;
            });
        }
    }

    /// Counts something of a contact, if it is measured.
    fn count(&mut self, slot: u32, what: impl Fn(&mut Counts)) {
        let contact = *self.contacts.at(slot);
        if contact.measured {
            let interval = self.interval(contact.arrived);
            self.flows[usize::from(contact.flow)].count(interval, what);
        }
    }

    fn interval(&self, arrived: Nanos) -> Option<usize> {
        let interval = self.model.interval?;
        usize::try_from((arrived - self.model.measured.start) / interval).ok()
    }
}

fn nanos_of(at: Timestamp) -> Nanos {
    at.millis().unsigned_abs() * MILLISECOND
}

/// What the next one of a flow asks for.
fn requirements(model: &Model, flow: u16, chance: &mut Chance) -> Requirements {
    let flow = &model.flows[usize::from(flow)];
    let mut requirements = flow.requirements.clone();
    if let Some(preferred) = &flow.preferred {
        prefer(&mut requirements, preferred, chance);
    }
    let members = &model.queues[flow.queue].members;
    if flow.last_agent_share > 0.0 && chance.share() < flow.last_agent_share && !members.is_empty() {
        let number = chance.below(u32::try_from(members.len()).unwrap_or(u32::MAX));
        requirements.last_agent = members.get(number as usize).map(|agent| agent_id(*agent));
    }
    requirements
}

fn prefer(requirements: &mut Requirements, preferred: &Preferred, chance: &mut Chance) {
    let (least, most) = preferred.scores;
    while requirements.preferred.len() < preferred.agents as usize {
        let agent = preferred.among.start + chance.below(preferred.among.len() as u32);
        let score = least + chance.below(u32::from(most - least) + 1) as u8;
        requirements.preferred.entry(agent_id(agent)).or_insert(score);
    }
}
