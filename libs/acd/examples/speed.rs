//! How fast the engine is: `cargo run --release -p onqueue-acd --example speed [--json] [AGENTS…]`. A table of the median and the
//! 99th percentile of one `apply`, in microseconds, at each number of agents (100, 1,000, 10,000 and 100,000 unless given),
//! with decisions recorded and not, and once with hardly two chats that ask for the same; and how many events of a small
//! simulated centre it decides in a second. With `--json` the same as one JSON object, for `cargo xtask bench routing`.
#![allow(clippy::disallowed_methods, reason = "it measures time")]
#![allow(clippy::print_stdout, reason = "its answer is a table")]

use onqueue_acd::{
    AgentProfile, Command, Effect, Engine, Medium, Membership, QueueConfig, Recording, Requirements, Utilization,
};
use onqueue_model::{Id, InteractionId, Language, Timestamp, UserId};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::Instant;

/// As the product has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const QUEUES: u64 = 50;
const SKILLS: u64 = 200;
const WAITING: u64 = 100_000;
const QUEUES_OF_AN_AGENT: u64 = 5;
const SKILLS_OF_AN_AGENT: u64 = 8;
const MEASURED: usize = 20_000;
const BEGINNING: i64 = 1_700_000_000_000;

/// A generator of SplitMix64: the same centre on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

fn id<T>(kind: u64, number: u64) -> Id<T> {
    Id::new(uuid::Uuid::from_u64_pair(kind, number))
}

fn chat(number: u64) -> InteractionId {
    InteractionId {
        conversation: id(3, number),
        opening: 1,
    }
}

/// Half of the agents have all that they may, half of the others have room. Everything that waits asks for a skill that only
/// the first have.
struct Centre {
    engine: Engine,
    dice: Dice,
    now: i64,
    chats: u64,
    /// How many kinds of chats there are in a queue, for each half and number of skills.
    kinds: u64,
    /// What the first half has in hand.
    held: VecDeque<(UserId, InteractionId)>,
}

impl Centre {
    fn of(agents: u64, kinds: u64, recording: Recording) -> Self {
        let mut centre = Self {
            engine: Engine::new().with_recording(recording),
            dice: Dice(agents),
            now: BEGINNING,
            chats: 0,
            kinds,
            held: VecDeque::new(),
        };
        for queue in 0..QUEUES {
            let queue = QueueConfig::new(id(2, queue));
            centre.apply(Command::UpsertQueue { queue });
        }
        for number in 0..agents {
            let agent = centre.agent(number);
            let id = agent.id;
            centre.apply(Command::UpsertAgent { agent });
            centre.apply(Command::GoOnQueue {
                agent: id,
                last_interaction: None,
            });
        }
        centre.fill(agents);
        centre
    }

    fn apply(&mut self, command: Command) -> Vec<Effect> {
        let applied = self.engine.apply(Timestamp(self.now), command);
        assert_eq!(applied.refusal, None);
        applied.effects
    }

    fn agent(&mut self, number: u64) -> AgentProfile {
        let dice = &mut self.dice;
        let half = number % 2 * SKILLS / 2;
        let queues = (0..QUEUES_OF_AN_AGENT)
            .map(|_| (id(2, dice.roll(QUEUES)), Membership::new(true)))
            .collect();
        let skills = (0..SKILLS_OF_AN_AGENT)
            .map(|_| (id(4, half + dice.roll(SKILLS / 2)), 100 + dice.roll(401) as u16))
            .collect();
        let languages = BTreeMap::from([(language(dice.roll(3)), 500), (language(dice.roll(3)), 500)]);
        AgentProfile {
            id: id(1, number),
            queues,
            skills,
            languages,
            utilization: Utilization::with_chats(1 + (number / 2 % 4) as u8),
        }
    }

    /// What asks for so many skills of this half, of one of the kinds of its queue.
    fn enqueue(&mut self, half: u64, skills: u64) -> Command {
        self.chats += 1;
        let queue = self.dice.roll(QUEUES);
        let kind = self.dice.roll(self.kinds);
        let mut dice = Dice((queue * self.kinds + kind) * 8 + half * 4 + skills);
        let skills = (0..skills)
            .map(|_| (id(4, half * SKILLS / 2 + dice.roll(SKILLS / 2)), 100))
            .collect();
        Command::Enqueue {
            interaction: chat(self.chats),
            queue: id(2, queue),
            requirements: Requirements {
                medium: Medium::Chat,
                skills,
                language: (dice.roll(2) == 0).then(|| language(0)),
                ..Requirements::default()
            },
        }
    }

    /// Gives the first half all that they may have, the second half some, and puts the rest in line.
    fn fill(&mut self, agents: u64) {
        for number in 0..agents {
            let maximum = 1 + number / 2 % 4;
            let share = if number % 2 == 0 { maximum } else { maximum / 2 };
            for _ in 0..share {
                self.give(id(1, number));
            }
        }
        while self.waiting() < WAITING as usize {
            self.now += 1;
            let command = self.wait();
            let effects = self.apply(command);
            effects.iter().for_each(|effect| self.accept(effect));
        }
    }

    fn wait(&mut self) -> Command {
        let skills = 1 + self.dice.roll(2);
        self.enqueue(0, skills)
    }

    fn waiting(&self) -> usize {
        self.engine.queues().map(|queue| queue.waiting).sum()
    }

    fn give(&mut self, agent: UserId) {
        let command = self.enqueue(0, 1);
        let Command::Enqueue { interaction, .. } = command else {
            return;
        };
        for effect in self.apply(command) {
            self.accept(&effect);
        }
        let it = self.engine.interaction(interaction).map(|it| it.place);
        if it == Some(onqueue_acd::InteractionPlace::Waiting) {
            let effects = self.apply(Command::AssignByHand {
                interaction,
                agent,
                forced: true,
            });
            effects.iter().for_each(|effect| self.accept(effect));
        }
    }

    fn accept(&mut self, effect: &Effect) {
        if let Effect::Offered {
            agent,
            offer,
            interaction,
            ..
        } = effect
        {
            self.apply(Command::Accept {
                agent: *agent,
                offer: *offer,
            });
            self.held.push_back((*agent, *interaction));
        }
    }

    /// How long it takes.
    fn time(&mut self, command: Command) -> (u64, Vec<Effect>) {
        let begun = Instant::now();
        let applied = self.engine.apply(Timestamp(self.now), command);
        let taken = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        assert_eq!(applied.refusal, None);
        (taken, applied.effects)
    }

    fn enqueue_and_offer(&mut self) -> u64 {
        loop {
            self.now += 1;
            let skills = self.dice.roll(3);
            let command = self.enqueue(1, skills);
            let interaction = chat(self.chats);
            let (taken, effects) = self.time(command);
            let offered = effects.iter().any(|effect| matches!(effect, Effect::Offered { .. }));
            self.apply(Command::Cancel { interaction });
            if offered {
                return taken;
            }
        }
    }

    fn enqueue_and_wait(&mut self) -> u64 {
        loop {
            self.now += 1;
            let command = self.wait();
            let interaction = chat(self.chats);
            let (taken, effects) = self.time(command);
            if effects.len() == 1 {
                self.apply(Command::Cancel { interaction });
                return taken;
            }
            effects.iter().for_each(|effect| self.accept(effect));
        }
    }

    /// Only those count that bring an offer. What is taken from the line is replaced by its like.
    fn agent_freed(&mut self) -> u64 {
        loop {
            self.now += 1;
            let (agent, interaction) = self.held.pop_front().expect("somebody has something in hand");
            let (taken, effects) = self.time(Command::EndWork { agent, interaction });
            let mut offers = 0;
            for effect in &effects {
                if let Effect::Offered { interaction, .. } = effect {
                    offers += 1;
                    let another = self.like(*interaction);
                    self.accept(effect);
                    let effects = self.apply(another);
                    effects.iter().for_each(|effect| self.accept(effect));
                }
            }
            if offers == 0 {
                self.give(agent);
                continue;
            }
            return taken;
        }
    }

    fn like(&mut self, interaction: InteractionId) -> Command {
        self.chats += 1;
        let it = self.engine.interaction(interaction).expect("it alerts");
        Command::Enqueue {
            interaction: chat(self.chats),
            queue: it.queue,
            requirements: it.requirements.clone(),
        }
    }

    fn row(&mut self, what: &'static str, once: impl Fn(&mut Self) -> u64) -> Row {
        (0..MEASURED / 4).for_each(|_| {
            once(self);
        });
        let mut taken: Vec<u64> = (0..MEASURED).map(|_| once(self)).collect();
        taken.sort_unstable();
        let at = |share: usize| taken[MEASURED * share / 1_000] as f64 / 1_000.0;
        Row {
            what,
            median: at(500),
            p99: at(990),
            p999: at(999),
            rate: MEASURED as f64 * 1e9 / taken.iter().sum::<u64>() as f64,
        }
    }
}

/// What one kind of input costs, in microseconds, and how many of it there could be in a second.
struct Row {
    what: &'static str,
    median: f64,
    p99: f64,
    p999: f64,
    rate: f64,
}

impl Row {
    fn line(&self) -> String {
        let Self {
            what,
            median,
            p99,
            p999,
            rate,
        } = self;
        format!("  {what:<20} median {median:>7.2} µs   p99 {p99:>7.2} µs   p99.9 {p999:>8.2} µs   {rate:>9.0}/s")
    }

    fn json(&self) -> Value {
        json!({ "what": self.what, "median_us": self.median, "p99_us": self.p99, "per_second": self.rate })
    }
}

fn language(number: u64) -> Language {
    let tags = ["de", "en", "fr"];
    Language::parse(tags[number as usize]).expect("a language")
}

/// One queue, agents with one chat at a time, everything taken at once.
fn small_engine(agents: u64) -> Engine {
    let mut engine = Engine::new().with_recording(Recording::Off);
    let queue = QueueConfig {
        auto_answer: true,
        ..QueueConfig::new(id(2, 0))
    };
    let mut commands = vec![Command::UpsertQueue { queue }];
    for number in 0..agents {
        let agent = AgentProfile {
            id: id(1, number),
            queues: BTreeMap::from([(id(2, 0), Membership::new(true))]),
            skills: BTreeMap::new(),
            languages: BTreeMap::new(),
            utilization: Utilization::with_chats(1),
        };
        commands.push(Command::UpsertAgent { agent });
        commands.push(Command::GoOnQueue {
            agent: id(1, number),
            last_interaction: None,
        });
    }
    for command in commands {
        let _ = engine.apply(Timestamp(BEGINNING), command);
    }
    engine
}

/// A hundred agents at nine tenths of what they can do: arrivals and ends in turn. How many of them there are in a second.
fn small_centre() -> f64 {
    const EVENTS: u64 = 3_000_000;
    let mut engine = small_engine(100);
    let mut dice = Dice(7);
    let mut ends: BinaryHeap<Reverse<(i64, UserId, InteractionId)>> = BinaryHeap::new();
    let (mut arrival, mut chats) = (BEGINNING, 0);
    let begun = Instant::now();
    for _ in 0..EVENTS {
        let end = ends.peek().map_or(i64::MAX, |end| end.0.0);
        let (now, command) = if end <= arrival {
            let Reverse((now, agent, interaction)) = ends.pop().expect("there is one");
            (now, Command::EndWork { agent, interaction })
        } else {
            chats += 1;
            let now = arrival;
            arrival += 1 + dice.roll(2_220) as i64;
            let enqueue = Command::Enqueue {
                interaction: chat(chats),
                queue: id(2, 0),
                requirements: Requirements::default(),
            };
            (now, enqueue)
        };
        for effect in engine.apply(Timestamp(now), command).effects {
            if let Effect::Assigned { interaction, agent, .. } = effect {
                ends.push(Reverse((now + 1 + dice.roll(200_000) as i64, agent, interaction)));
            }
        }
    }
    EVENTS as f64 / begun.elapsed().as_secs_f64()
}

/// One centre in each way, said as it is measured unless all of it is wanted as JSON.
fn centres(sizes: &[u64], is_json: bool) -> Vec<Value> {
    let ways = [(20, Recording::On), (20, Recording::Off), (1_000_000, Recording::On)];
    let all = sizes.iter().flat_map(|agents| ways.map(|way| (*agents, way)));
    let measured = all.map(|(agents, (kinds, recording))| {
        let mut centre = Centre::of(agents, kinds, recording);
        let rows = [
            centre.row("enqueue and offer", Centre::enqueue_and_offer),
            centre.row("enqueue and wait", Centre::enqueue_and_wait),
            centre.row("agent freed", Centre::agent_freed),
        ];
        if !is_json {
            println!("{agents} agents, {WAITING} waiting of {kinds} kinds, recording {recording:?}");
            rows.iter().for_each(|row| println!("{}", row.line()));
        }
        let rows: Vec<_> = rows.iter().map(Row::json).collect();
        json!({ "agents": agents, "kinds": kinds, "recorded": recording == Recording::On, "rows": rows })
    });
    measured.collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_json = arguments.iter().any(|argument| argument == "--json");
    let given: Vec<u64> = arguments.iter().filter_map(|agents| agents.parse().ok()).collect();
    let sizes = if given.is_empty() {
        vec![100, 1_000, 10_000, 100_000]
    } else {
        given
    };
    let events = small_centre();
    if !is_json {
        println!("100 agents, arrivals and ends, not recorded: {events:.0} events/s");
    }
    let centres = centres(&sizes, is_json);
    if is_json {
        println!("{}", json!({ "events_per_second": events, "centres": centres }));
    }
}
