//! Random commands that make sense often enough, from a seed, given to an engine as a shell does: with a tick at each deadline.

use onqueue_acd::{
    AfterContact, AfterContactMode, AgentProfile, Applied, Capacity, Command, Effect, Engine, Evaluation, Medium,
    Membership, Method, PreferredRule, QueueConfig, Requirements, Ring, Scoring, ServiceTarget, Utilization,
};
use onqueue_model::{Id, InteractionId, Language, OfferId, QueueId, Timestamp, UserId, WorkId};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub const AGENTS: u64 = 8;
pub const QUEUES: u64 = 4;
const BEGINNING: i64 = 1_700_000_000_000;

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len() as u64);
        from[usize::try_from(index).expect("within the slice")].clone()
    }
}

/// A command that was taken, and what it brought about.
pub struct Step {
    pub at: Timestamp,
    pub command: Command,
    pub applied: Applied,
}

/// An engine in the middle of a random day.
pub struct World {
    pub engine: Engine,
    dice: Dice,
    now: i64,
    made: u64,
    offers: Vec<(UserId, OfferId)>,
    waiting_commands: Vec<Command>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut world = Self {
            engine: Engine::new(),
            dice: Dice(seed),
            now: BEGINNING,
            made: 0,
            offers: Vec::new(),
            waiting_commands: Vec::new(),
        };
        for number in 0..QUEUES {
            let queue = world.queue_config(number);
            world.waiting_commands.push(Command::UpsertQueue { queue });
        }
        for number in 0..AGENTS {
            let agent = world.profile(number);
            world.waiting_commands.push(Command::UpsertAgent { agent });
            world.waiting_commands.push(on_queue(id(1, number)));
        }
        world.waiting_commands.reverse();
        world
    }

    /// The next command, or the tick that is due before it.
    pub fn step(&mut self) -> Step {
        let command = match self.waiting_commands.pop() {
            Some(command) => command,
            None => {
                self.now += self.pause();
                self.command()
            }
        };
        let due = self.engine.next_deadline().filter(|at| at.millis() < self.now);
        let (at, command) = match due {
            Some(at) => {
                self.waiting_commands.push(command);
                (at, Command::Tick)
            }
            None => (Timestamp(self.now), command),
        };
        let applied = self.engine.apply(at, command.clone());
        let made = applied.effects.iter().filter_map(|effect| match effect {
            Effect::Offered { agent, offer, .. } => Some((*agent, *offer)),
            _ => None,
        });
        self.offers.extend(made);
        Step { at, command, applied }
    }

    /// Lets time pass without any command, with the next steps.
    pub fn rest(&mut self, ms: i64) {
        self.now += ms;
        self.waiting_commands.push(Command::Tick);
    }

    /// Whether the next step takes a command that was meant already.
    pub fn is_behind(&self) -> bool {
        !self.waiting_commands.is_empty()
    }

    fn pause(&mut self) -> i64 {
        let pause = match self.dice.below(60) {
            0 => self.dice.below(3_000_000),
            1..15 => 0,
            15..40 => self.dice.below(4_000),
            _ => self.dice.below(40_000),
        };
        i64::try_from(pause).expect("small")
    }

    fn command(&mut self) -> Command {
        let agent = self.agent();
        let queue = self.queue();
        match self.dice.below(100) {
            0..26 => self.enqueue(queue),
            26..50 => self.answer(),
            50..56 => self.some_interaction(|interaction| Command::Cancel { interaction }),
            56..68 => self.end_work(agent),
            68..71 => self.transfer(),
            71..73 => self.transfer_attended(queue),
            73..78 => self.some_acw(agent),
            78..86 => on_queue(agent),
            86..88 => Command::GoOffQueue { agent },
            88 => Command::AgentGone { agent },
            89 => Command::JoinQueue { agent, queue },
            90 => Command::LeaveQueue { agent, queue },
            91 => self.by_hand(agent),
            92 => self.external(agent),
            93 => Command::Resume,
            94..97 => self.change(agent, queue),
            _ => self.request_acw(agent),
        }
    }

    fn change(&mut self, agent: UserId, queue: QueueId) -> Command {
        match self.dice.below(10) {
            0 => Command::RemoveQueue { queue },
            1 => Command::RemoveAgent { agent },
            2..5 => {
                let number = self.dice.below(QUEUES);
                let queue = self.queue_config(number);
                Command::UpsertQueue { queue }
            }
            _ => {
                let number = self.dice.below(AGENTS);
                let agent = self.profile(number);
                Command::UpsertAgent { agent }
            }
        }
    }

    fn agent(&mut self) -> UserId {
        id(1, self.dice.below(AGENTS))
    }

    fn queue(&mut self) -> QueueId {
        id(2, self.dice.below(QUEUES))
    }

    fn enqueue(&mut self, queue: QueueId) -> Command {
        self.made += 1;
        let interaction = InteractionId {
            conversation: id(3, self.made),
            opening: 1,
        };
        let requirements = self.requirements();
        Command::Enqueue {
            interaction,
            queue,
            requirements,
        }
    }

    pub fn requirements(&mut self) -> Requirements {
        let skills = (0..self.dice.below(2)).map(|_| (id(4, self.dice.below(4)), 100));
        let skills = skills.collect();
        let preferred = if self.dice.one_in(4) {
            BTreeMap::from([(self.agent(), 50)])
        } else {
            BTreeMap::new()
        };
        Requirements {
            medium: self
                .dice
                .pick(&[Medium::Chat, Medium::Chat, Medium::Chat, Medium::Email]),
            skills,
            language: Language::parse(self.dice.pick(&["de", "en", "", "", ""])),
            priority: self.dice.pick(&[0, 0, 0, 1, -2, 5]),
            preferred,
            ..Requirements::default()
        }
    }

    fn answer(&mut self) -> Command {
        let surplus = self.offers.len().saturating_sub(5);
        self.offers.drain(..surplus);
        if self.offers.is_empty() {
            return Command::Tick;
        }
        let (agent, offer) = self.dice.pick(&self.offers);
        if self.dice.one_in(6) {
            Command::Decline { agent, offer }
        } else {
            Command::Accept { agent, offer }
        }
    }

    fn some_interaction(&mut self, command: impl FnOnce(InteractionId) -> Command) -> Command {
        let all: Vec<_> = self.engine.interactions().map(|interaction| interaction.id).collect();
        if all.is_empty() {
            return Command::Tick;
        }
        command(self.dice.pick(&all))
    }

    fn held(&mut self, agent: UserId) -> Option<InteractionId> {
        let held = self.engine.agent(agent)?.held.to_vec();
        (!held.is_empty()).then(|| self.dice.pick(&held))
    }

    fn end_work(&mut self, agent: UserId) -> Command {
        let held = self.held(agent);
        held.map_or(Command::Tick, |interaction| Command::EndWork { agent, interaction })
    }

    fn request_acw(&mut self, agent: UserId) -> Command {
        let held = self.held(agent);
        held.map_or(Command::Tick, |interaction| Command::RequestAcw { agent, interaction })
    }

    fn some_acw(&mut self, agent: UserId) -> Command {
        let first = self.engine.agent(agent).and_then(|agent| agent.acw.first().cloned());
        first.map_or(Command::Tick, |acw| Command::CompleteAcw {
            agent,
            interaction: acw.interaction,
        })
    }

    fn transfer(&mut self) -> Command {
        let (queue, agent, keep_age) = (self.queue(), self.agent(), self.dice.one_in(2));
        let agent = self.dice.one_in(3).then_some(agent);
        self.some_interaction(|interaction| Command::Transfer {
            interaction,
            queue,
            keep_age,
            agent,
            requirements: None,
        })
    }

    fn transfer_attended(&mut self, queue: QueueId) -> Command {
        let agent = self.agent();
        let agents: Vec<UserId> = self.engine.agents().map(|agent| agent.profile.id).collect();
        let held = agents.into_iter().find_map(|agent| self.held(agent));
        self.made += 1;
        let interaction = InteractionId {
            conversation: id(3, self.made),
            opening: 1,
        };
        let to = self.dice.one_in(2).then_some(agent);
        held.map_or(Command::Tick, |held| Command::TransferAttended {
            interaction,
            held,
            queue,
            agent: to,
            requirements: None,
            priority: None,
        })
    }

    fn by_hand(&mut self, agent: UserId) -> Command {
        let forced = self.dice.one_in(3);
        if self.dice.one_in(2) {
            return self.some_interaction(|interaction| Command::Pull { agent, interaction });
        }
        self.some_interaction(|interaction| Command::AssignByHand {
            interaction,
            agent,
            forced,
        })
    }

    fn external(&mut self, agent: UserId) -> Command {
        let work: WorkId = id(5, self.dice.below(3));
        if self.dice.one_in(2) {
            return Command::EndExternalWork { agent, work };
        }
        Command::StartExternalWork {
            agent,
            work,
            medium: self.dice.pick(&Medium::ALL),
            labels: BTreeSet::new(),
        }
    }

    fn queue_config(&mut self, number: u64) -> QueueConfig {
        let dropped = BTreeSet::from([id(4, 0)]);
        let rings = [dropped, BTreeSet::new()].map(|skills_to_remove| Ring {
            wait_ms: 20_000,
            skills_to_remove,
            groups: BTreeSet::new(),
        });
        let bullseye = Method::Bullseye { rings: rings.to_vec() };
        let preferred = Method::Preferred {
            rules: vec![PreferredRule {
                threshold: 40,
                wait_ms: 15_000,
            }],
            then_all_preferred: self.dice.one_in(2),
        };
        QueueConfig {
            evaluation: self
                .dice
                .pick(&[Evaluation::AllSkills, Evaluation::BestSkills, Evaluation::Disregard]),
            scoring: self.dice.pick(&[Scoring::TimestampAndPriority, Scoring::PriorityOnly]),
            method: self
                .dice
                .pick(&[Method::Standard, Method::Standard, bullseye, preferred]),
            limit: self.dice.pick(&[None, Some(3)]),
            auto_answer: self.dice.one_in(4),
            after_contact: self.after_contact(),
            service_target: ServiceTarget {
                within_ms: self.dice.pick(&[20_000, 3_000]),
                short_abandon_ms: self.dice.pick(&[5_000, 0]),
            },
            ..QueueConfig::new(id(2, number))
        }
    }

    fn after_contact(&mut self) -> AfterContact {
        AfterContact {
            mode: self.dice.pick(&[
                AfterContactMode::Optional,
                AfterContactMode::Mandatory,
                AfterContactMode::MandatoryTimeout,
                AfterContactMode::MandatoryForced,
                AfterContactMode::AgentRequested,
            ]),
            timeout_ms: self.dice.pick(&[None, Some(8_000)]),
            holds_slot: self.dice.one_in(2),
        }
    }

    fn profile(&mut self, number: u64) -> AgentProfile {
        let mut queues = BTreeMap::new();
        for queue in 0..QUEUES {
            if !self.dice.one_in(3) {
                queues.insert(id(2, queue), Membership::new(!self.dice.one_in(5)));
            }
        }
        let skills = (0..4).filter(|_| self.dice.one_in(2));
        let skills = skills.map(|skill| (id(4, skill), 200)).collect();
        let languages = ["de", "en"].into_iter().filter(|_| self.dice.one_in(2));
        let languages = languages.filter_map(|tag| Some((Language::parse(tag)?, 300))).collect();
        AgentProfile {
            id: id(1, number),
            queues,
            skills,
            languages,
            utilization: self.utilization(),
        }
    }

    fn utilization(&mut self) -> Utilization {
        let capacity = |maximum, by: &[Medium]| Capacity {
            maximum,
            interruptible_by: by.iter().copied().collect(),
        };
        let chats = capacity(self.dice.pick(&[1, 2, 3, 0]), &[Medium::Email]);
        let emails = capacity(self.dice.pick(&[1, 2, 0]), &[Medium::Chat, Medium::Call]);
        Utilization {
            media: BTreeMap::from([(Medium::Chat, chats), (Medium::Email, emails)]),
            labels: BTreeMap::new(),
        }
    }
}

pub fn on_queue(agent: UserId) -> Command {
    Command::GoOnQueue {
        agent,
        last_interaction: None,
    }
}

pub fn id<T>(kind: u64, number: u64) -> Id<T> {
    Id::new(Uuid::from_u64_pair(kind, number))
}
