//! Random commands that make sense often enough, from a seed.

use onqueue_acd::{AgentProfile, Applied, Command, Effect, Evaluation, Membership, Method, QueueConfig, Requirements};
use onqueue_model::{ConversationId, Id, InteractionId, Language, OfferId, QueueId, SkillId, Timestamp, UserId};
use std::collections::BTreeMap;
use uuid::Uuid;

const DAY: u64 = 86_400_000;
const AGENTS: u64 = 9;
const QUEUES: u64 = 3;

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let last = u64::try_from(from.len()).ok().filter(|length| *length > 0)?;
        usize::try_from(self.below(last)).ok().map(|index| from[index])
    }
}

/// Makes commands, and keeps in mind what they brought about.
pub struct World {
    dice: Dice,
    now: u64,
    chats_made: u64,
    chats: Vec<InteractionId>,
    offers: Vec<(UserId, OfferId)>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let now = 1_700_000_000_000 + dice.below(DAY);
        Self {
            dice,
            now,
            chats_made: 0,
            chats: Vec::new(),
            offers: Vec::new(),
        }
    }

    /// The commands that set the world up.
    pub fn opening(&mut self) -> Vec<(Timestamp, Command)> {
        let queues = (0..QUEUES).map(|number| Command::UpsertQueue {
            queue: self.queue(number),
        });
        let mut commands: Vec<Command> = queues.collect();
        commands.extend((0..AGENTS).map(|number| self.upsert_agent(number)));
        commands.extend((0..AGENTS).map(|number| Command::GoOnQueue { agent: user(number) }));
        commands.into_iter().map(|command| (self.time(), command)).collect()
    }

    pub fn step(&mut self) -> (Timestamp, Command) {
        self.now += match self.dice.below(200) {
            0 => DAY + self.dice.below(8 * DAY),
            1..90 => 0,
            90..170 => self.dice.below(2_000),
            _ => self.dice.below(40_000),
        };
        (self.time(), self.command())
    }

    /// Now, or now and then a clock that went back.
    fn time(&mut self) -> Timestamp {
        let back = if self.dice.one_in(50) {
            self.dice.below(5_000)
        } else {
            0
        };
        Timestamp(i64::try_from(self.now - back).expect("far from the end of time"))
    }

    pub fn learn(&mut self, command: &Command, applied: &Applied) {
        if let Command::Cancel { interaction } = command
            && !self.dice.one_in(10)
        {
            self.chats.retain(|chat| chat != interaction);
        }
        for effect in &applied.effects {
            match effect {
                Effect::Queued { interaction, .. } if !self.chats.contains(interaction) => {
                    self.chats.push(*interaction);
                }
                Effect::Offered { agent, offer, .. } => self.offers.push((*agent, *offer)),
                _ => {}
            }
        }
        let surplus = self.offers.len().saturating_sub(12);
        self.offers.drain(..surplus);
        let surplus = self.chats.len().saturating_sub(60);
        self.chats.drain(..surplus);
    }

    fn command(&mut self) -> Command {
        let agent = self.agent();
        let queue = self.some_queue();
        let crowded = self.chats.len() > 25;
        match self.dice.below(100) {
            0..30 if !crowded => self.enqueue(queue),
            0..30 => self.cancel(),
            30..52 => self.answer(),
            52..68 => self.cancel(),
            68..78 => Command::GoOnQueue { agent },
            78..81 => Command::GoOffQueue { agent },
            81 => Command::AgentGone { agent },
            82..85 => Command::JoinQueue { agent, queue },
            85..87 => Command::LeaveQueue { agent, queue },
            87..90 => {
                let number = self.dice.below(AGENTS);
                self.upsert_agent(number)
            }
            90 => {
                let number = self.dice.below(QUEUES);
                let queue = self.queue(number);
                Command::UpsertQueue { queue }
            }
            91 => Command::Resume,
            92 if self.dice.one_in(5) => Command::RemoveQueue { queue },
            _ => Command::Tick,
        }
    }

    fn agent(&mut self) -> UserId {
        let bound = if self.dice.one_in(40) { AGENTS + 1 } else { AGENTS };
        user(self.dice.below(bound))
    }

    fn some_queue(&mut self) -> QueueId {
        let bound = if self.dice.one_in(20) { QUEUES + 1 } else { QUEUES };
        id(2, self.dice.below(bound))
    }

    fn enqueue(&mut self, queue: QueueId) -> Command {
        let again = if self.dice.one_in(25) {
            self.dice.pick(&self.chats)
        } else {
            None
        };
        let interaction = again.unwrap_or_else(|| {
            self.chats_made += 1;
            InteractionId {
                conversation: id::<_>(3, self.chats_made) as ConversationId,
                opening: 1,
            }
        });
        let skills = (0..self.dice.below(3)).map(|_| (self.skill(), self.least()));
        Command::Enqueue {
            interaction,
            queue,
            requirements: Requirements {
                skills: skills.collect(),
                language: self.language(),
                priority: self.priority(),
            },
        }
    }

    fn priority(&mut self) -> i32 {
        let spread = self.dice.below(7);
        if self.dice.one_in(3) {
            i32::try_from(spread).unwrap_or(0) - 3
        } else {
            0
        }
    }

    fn skill(&mut self) -> SkillId {
        id(4, self.dice.below(4))
    }

    fn least(&mut self) -> u16 {
        self.dice.pick(&[100, 100, 100, 0, 1, 250, 400]).unwrap_or(100)
    }

    fn language(&mut self) -> Option<Language> {
        self.dice
            .pick(&["de", "de-AT", "en", "", "", ""])
            .and_then(Language::parse)
    }

    fn cancel(&mut self) -> Command {
        self.dice
            .pick(&self.chats)
            .map_or(Command::Tick, |interaction| Command::Cancel { interaction })
    }

    fn answer(&mut self) -> Command {
        let recent = self.offers.len().saturating_sub(4);
        let from = if self.dice.one_in(4) {
            &self.offers[..]
        } else {
            &self.offers[recent..]
        };
        let Some((agent, offer)) = self.dice.pick(from) else {
            return Command::Tick;
        };
        let agent = if self.dice.one_in(30) { self.agent() } else { agent };
        if self.dice.one_in(5) {
            Command::Decline { agent, offer }
        } else {
            Command::Accept { agent, offer }
        }
    }

    fn queue(&mut self, number: u64) -> QueueConfig {
        QueueConfig {
            id: id(2, number),
            evaluation: Evaluation::AllSkills,
            method: Method::Standard,
            limit: self.dice.pick(&[None, Some(3), Some(8)]).flatten(),
            alerting_timeout_ms: self.dice.pick(&[30_000, 5_000, 5_001, 0]).unwrap_or(30_000),
        }
    }

    fn upsert_agent(&mut self, number: u64) -> Command {
        let mut queues = BTreeMap::new();
        for queue in 0..=QUEUES {
            if !self.dice.one_in(3) {
                let joined = !self.dice.one_in(5);
                queues.insert(id(2, queue), Membership { joined });
            }
        }
        let skills = (0..self.dice.below(6)).map(|_| (self.skill(), self.proficiency()));
        let skills = skills.collect();
        let languages = (0..self.dice.below(4)).filter_map(|_| Some((self.language()?, self.proficiency())));
        Command::UpsertAgent {
            agent: AgentProfile {
                id: user(number),
                queues,
                skills,
                languages: languages.collect(),
                maximum_chats: self.dice.pick(&[1, 1, 2, 3, 0]).unwrap_or(1),
            },
        }
    }

    fn proficiency(&mut self) -> u16 {
        self.dice.pick(&[500, 300, 100, 100, 99, 0]).unwrap_or(100)
    }
}

fn user(number: u64) -> UserId {
    // The order of the ids is not the order in which the agents are made.
    id(1, (number * 7) % 11)
}

fn id<T>(kind: u64, number: u64) -> Id<T> {
    Id::new(Uuid::from_u64_pair(kind, number))
}
