//! Random commands that make sense often enough, from a seed.

mod config;
mod dice;

pub use dice::Dice;

use onqueue_acd::{AgentState, Applied, Command, Effect};
use onqueue_model::{GroupId, Id, InteractionId, LabelId, OfferId, QueueId, SkillId, Timestamp, UserId, WorkId};
use uuid::Uuid;

const DAY: u64 = 86_400_000;
const FEW_AGENTS: u64 = 8;
/// More than a machine word has bits.
const MANY_AGENTS: u64 = 100;
const QUEUES: u64 = 3;

/// Makes commands, and keeps in mind what they brought about.
pub struct World {
    dice: Dice,
    /// Sets its ids apart from another world's.
    island: u64,
    agents: u64,
    /// Whether there is anything but chats.
    has_media: bool,
    now: u64,
    chats_made: u64,
    chats: Vec<InteractionId>,
    offers: Vec<(UserId, OfferId)>,
    held: Vec<(UserId, InteractionId)>,
    acws: Vec<(UserId, InteractionId)>,
    /// Who takes nothing.
    away: Vec<UserId>,
    /// How many interactions there shall be at most, for a while.
    crowd: usize,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self::on_island(seed, 0)
    }

    pub fn on_island(seed: u64, island: u64) -> Self {
        let mut dice = Dice(seed);
        let is_large = seed % 25 == 24;
        Self {
            now: 1_700_000_000_000 + dice.below(60_000),
            has_media: !dice.one_in(3) && !is_large,
            dice,
            island,
            agents: if is_large { MANY_AGENTS } else { FEW_AGENTS },
            chats_made: 0,
            chats: Vec::new(),
            offers: Vec::new(),
            held: Vec::new(),
            acws: Vec::new(),
            away: Vec::new(),
            crowd: 10,
        }
    }

    /// The commands that set the world up.
    pub fn opening(&mut self) -> Vec<(Timestamp, Command)> {
        let mut commands = vec![self.configure()];
        for number in 0..QUEUES {
            commands.push(self.upsert_queue(number));
        }
        for number in 0..self.agents {
            commands.push(self.upsert_agent(number));
        }
        for number in 0..self.agents {
            commands.push(Command::GoOnQueue {
                agent: self.user(number),
                last_interaction: None,
            });
        }
        commands.into_iter().map(|command| (self.time(), command)).collect()
    }

    pub fn step(&mut self) -> (Timestamp, Command) {
        self.now += match self.dice.below(400) {
            0 => DAY + self.dice.below(8 * DAY),
            1..240 => 0,
            240..350 => 500 * self.dice.below(3),
            350..393 => self.dice.below(2_000),
            _ => self.dice.below(40_000),
        };
        if self.dice.one_in(60) {
            self.crowd = self.dice.any([2, 5, 10, 20]);
        }
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
        if let Command::Cancel { interaction } | Command::EndWork { interaction, .. } = command
            && applied.refusal.is_none()
            && !self.dice.one_in(10)
        {
            self.chats.retain(|chat| chat != interaction);
        }
        for effect in &applied.effects {
            self.see(effect);
        }
        keep_last(&mut self.offers, 7);
        keep_last(&mut self.chats, 40);
        keep_last(&mut self.held, 30);
        keep_last(&mut self.acws, 10);
    }

    fn see(&mut self, effect: &Effect) {
        match effect {
            Effect::Queued { interaction, .. } if !self.chats.contains(interaction) => self.chats.push(*interaction),
            Effect::Offered { agent, offer, .. } => self.offers.push((*agent, *offer)),
            Effect::Rescinded { offer, .. } if !self.dice.one_in(20) => self.offers.retain(|(_, other)| other != offer),
            Effect::Assigned {
                interaction,
                agent,
                offer,
            } => {
                self.held.push((*agent, *interaction));
                if !self.dice.one_in(20) {
                    self.offers.retain(|(_, other)| other != offer);
                }
            }
            Effect::AgentStateChanged { agent, state } => {
                self.away.retain(|other| other != agent);
                if matches!(state, AgentState::OffQueue | AgentState::NotResponding) {
                    self.away.push(*agent);
                }
            }
            Effect::Over { interaction } => self.chats.retain(|chat| chat != interaction),
            Effect::SlotFreed { agent, interaction } => self.held.retain(|held| *held != (*agent, *interaction)),
            Effect::AcwStarted { agent, interaction, .. } => {
                self.held.retain(|held| *held != (*agent, *interaction));
                self.acws.push((*agent, *interaction));
            }
            Effect::AcwEnded { agent, interaction } if !self.dice.one_in(8) => {
                self.acws.retain(|acw| *acw != (*agent, *interaction));
            }
            _ => {}
        }
    }

    fn command(&mut self) -> Command {
        let crowded = self.chats.len() > self.crowd;
        match self.dice.below(1_000) {
            0..260 if !crowded => self.enqueue(),
            0..30 => self.cancel(),
            30..180 => self.end_work(),
            180..440 => self.answer(),
            440..460 => self.cancel(),
            460..570 => self.end_work(),
            570..740 => self.about_an_agent(),
            740..780 => self.about_the_whole(),
            780..900 => self.by_hand(),
            900..950 => self.after_contact(),
            _ => Command::Tick,
        }
    }

    fn about_an_agent(&mut self) -> Command {
        let (agent, queue) = (self.agent(), self.some_queue());
        match self.dice.below(34) {
            0..18 => {
                let away = self.dice.pick(&self.away);
                self.go_on(away.unwrap_or(agent))
            }
            18..20 => Command::GoOffQueue { agent },
            20 if self.dice.one_in(2) => Command::AgentGone { agent },
            21..23 => Command::JoinQueue { agent, queue },
            23 => Command::LeaveQueue { agent, queue },
            24..27 => {
                let number = self.dice.below(self.agents);
                self.upsert_agent(number)
            }
            27 if self.dice.one_in(3) => Command::RemoveAgent { agent },
            28..30 => self.start_external(agent),
            _ => Command::EndExternalWork {
                agent,
                work: self.work(),
            },
        }
    }

    fn go_on(&mut self, agent: UserId) -> Command {
        let ago = self.dice.pick(&[0, 0, 1_000, 60_000, 3_600_000]).unwrap_or(0);
        let time = (self.now + 500).saturating_sub(ago);
        let time = Timestamp(i64::try_from(time).expect("far from the end of time"));
        Command::GoOnQueue {
            agent,
            last_interaction: self.dice.one_in(5).then_some(time),
        }
    }

    fn start_external(&mut self, agent: UserId) -> Command {
        let mut medium = self.medium();
        if self.dice.one_in(3) {
            medium = onqueue_acd::Medium::Call;
        }
        Command::StartExternalWork {
            agent,
            work: self.work(),
            medium,
            labels: self.labels(),
        }
    }

    fn about_the_whole(&mut self) -> Command {
        let queue = self.some_queue();
        match self.dice.below(40) {
            0..14 => {
                let number = self.dice.below(QUEUES);
                self.upsert_queue(number)
            }
            14 => Command::RemoveQueue { queue },
            15..18 => self.configure(),
            18..24 => Command::Resume,
            _ => Command::ObserveMetric {
                queue,
                estimated_wait_ms: self.dice.pick(&[None, Some(0), Some(60_000), Some(90_000)]).flatten(),
                service_level: self.dice.pick(&[None, Some(8_000), Some(5_000), Some(9_000)]).flatten(),
            },
        }
    }

    /// What people do with an interaction other than to answer and to end it.
    fn by_hand(&mut self) -> Command {
        let (agent, queue) = (self.agent(), self.some_queue());
        let Some(interaction) = self.some_chat() else {
            return Command::Tick;
        };
        match self.dice.below(14) {
            12..14 => self.transfer_attended(agent, queue),
            0..2 => Command::SetPriority {
                interaction,
                priority: self.priority(),
            },
            2..4 => Command::SetRequirements {
                interaction,
                requirements: self.requirements(),
            },
            4..7 => Command::Transfer {
                interaction,
                queue,
                keep_age: self.dice.one_in(2),
                agent: self.dice.one_in(4).then_some(agent),
                requirements: self.dice.one_in(4).then(|| self.requirements()),
            },
            7..9 => Command::AssignByHand {
                interaction,
                agent,
                forced: self.dice.one_in(2),
            },
            _ => Command::Pull { agent, interaction },
        }
    }

    fn transfer_attended(&mut self, agent: UserId, queue: QueueId) -> Command {
        let held = self.dice.pick(&self.held).map(|(_, held)| held);
        let Some(held) = held.or(self.some_chat()) else {
            return Command::Tick;
        };
        let again = if self.dice.one_in(20) { self.some_chat() } else { None };
        Command::TransferAttended {
            interaction: again.unwrap_or_else(|| self.new_chat()),
            held,
            queue,
            agent: self.dice.one_in(2).then_some(agent),
            requirements: self.dice.one_in(4).then(|| self.requirements()),
            priority: self.dice.one_in(4).then(|| self.priority()),
        }
    }

    fn after_contact(&mut self) -> Command {
        let agent = self.agent();
        if self.dice.one_in(3) {
            let held = self.dice.pick(&self.held);
            let held = held.or(self.some_chat().map(|chat| (agent, chat)));
            return held.map_or(Command::Tick, |(agent, interaction)| Command::RequestAcw {
                agent,
                interaction,
            });
        }
        let acw = self.dice.pick(&self.acws);
        let acw = acw.or(self.some_chat().map(|chat| (agent, chat)));
        acw.map_or(Command::Tick, |(agent, interaction)| Command::CompleteAcw {
            agent,
            interaction,
        })
    }

    fn enqueue(&mut self) -> Command {
        let again = if self.dice.one_in(25) { self.some_chat() } else { None };
        let interaction = again.unwrap_or_else(|| self.new_chat());
        Command::Enqueue {
            interaction,
            queue: self.some_queue(),
            requirements: self.requirements(),
        }
    }

    /// The order of the ids is not the order in which they come.
    fn new_chat(&mut self) -> InteractionId {
        self.chats_made += 1;
        InteractionId {
            conversation: self.id(3, (self.chats_made * 7_919) % 1_000_003),
            opening: 1,
        }
    }

    /// Mostly one that lives.
    fn some_chat(&mut self) -> Option<InteractionId> {
        if self.dice.one_in(60) {
            return Some(self.new_chat());
        }
        self.dice.pick(&self.chats)
    }

    fn cancel(&mut self) -> Command {
        let chat = self.some_chat();
        chat.map_or(Command::Tick, |interaction| Command::Cancel { interaction })
    }

    fn end_work(&mut self) -> Command {
        let Some((holder, interaction)) = self.dice.pick(&self.held) else {
            return if self.dice.one_in(4) {
                self.cancel()
            } else {
                self.enqueue()
            };
        };
        match self.dice.below(30) {
            0 => Command::EndWork {
                agent: self.agent(),
                interaction,
            },
            1..8 => Command::Cancel { interaction },
            _ => Command::EndWork {
                agent: holder,
                interaction,
            },
        }
    }

    fn answer(&mut self) -> Command {
        let Some((agent, offer)) = self.dice.pick(&self.offers) else {
            return self.end_work();
        };
        let agent = if self.dice.one_in(30) { self.agent() } else { agent };
        if self.dice.one_in(7) {
            Command::Decline { agent, offer }
        } else {
            Command::Accept { agent, offer }
        }
    }

    /// Whether there are so many agents that most could have most of what comes.
    fn is_large(&self) -> bool {
        self.agents == MANY_AGENTS
    }

    fn agent(&mut self) -> UserId {
        let bound = self.agents + u64::from(self.dice.one_in(40));
        let number = self.dice.below(bound);
        self.user(number)
    }

    fn some_queue(&mut self) -> QueueId {
        let bound = if self.dice.one_in(25) { QUEUES + 1 } else { QUEUES };
        let number = self.dice.below(bound);
        self.id(2, number)
    }

    fn work(&mut self) -> WorkId {
        let number = self.dice.below(3);
        self.id(7, number)
    }

    /// The order of the ids is not the order in which the agents are made.
    fn user(&self, number: u64) -> UserId {
        self.id(1, (number * 37) % 101)
    }

    fn skill(&mut self) -> SkillId {
        let number = self.dice.below(3);
        self.id(4, number)
    }

    fn group(&mut self) -> GroupId {
        let number = self.dice.below(3);
        self.id(5, number)
    }

    fn label(&mut self) -> LabelId {
        let number = self.dice.below(2);
        self.id(6, number)
    }

    fn id<T>(&self, kind: u64, number: u64) -> Id<T> {
        Id::new(Uuid::from_u64_pair(kind + 100 * self.island, number))
    }
}

fn keep_last<T>(list: &mut Vec<T>, number: usize) {
    let surplus = list.len().saturating_sub(number);
    list.drain(..surplus);
}

/// The commands of a seed, as `apply` answers them.
pub fn log(world: &mut World, steps: usize, mut apply: impl FnMut(Timestamp, &Command) -> Applied) -> Log {
    let mut log = world.opening();
    for (now, command) in &log {
        let applied = apply(*now, command);
        world.learn(command, &applied);
    }
    for _ in 0..steps {
        let (now, command) = world.step();
        let applied = apply(now, &command);
        world.learn(&command, &applied);
        log.push((now, command));
    }
    log
}

pub type Log = Vec<(Timestamp, Command)>;
