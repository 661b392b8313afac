//! Invariants that need a world of their own: 7, 9, 13 and 14.

use crate::Worlds;
use crate::world::{Dice, Log, World, log};
use onqueue_acd::{
    AgentExplanation, AgentProfile, Applied, Candidate, Command, Decided, Effect, Engine, Exclusion, GroupRule,
    Membership, Method, Metric, PreferredRule, QueueConfig, Requirements, Ring, Scoring, Stage, Utilization,
};
use onqueue_model::{Id, InteractionId, OfferId, QueueId, Timestamp, UserId};
use std::collections::BTreeMap;
use uuid::Uuid;

const START: i64 = 1_700_000_000_000;

fn id<T>(kind: u64, number: u64) -> Id<T> {
    Id::new(Uuid::from_u64_pair(kind, number))
}

fn chat(number: u64) -> InteractionId {
    InteractionId {
        conversation: id(3, number),
        opening: 1,
    }
}

fn agent(number: u64, chats: u8, ring: u8, group: u64) -> AgentProfile {
    let membership = Membership {
        joined: true,
        ring,
        groups: [id(5, group)].into(),
    };
    AgentProfile {
        id: id(1, number),
        queues: BTreeMap::from([(id(2, 0), membership)]),
        skills: BTreeMap::new(),
        languages: BTreeMap::new(),
        utilization: Utilization::with_chats(chats),
    }
}

fn enqueue(number: u64, requirements: Requirements) -> Command {
    Command::Enqueue {
        interaction: chat(number),
        queue: id(2, 0),
        requirements,
    }
}

fn urgent(number: u64, priority: i32) -> Command {
    let requirements = Requirements {
        priority,
        ..Requirements::default()
    };
    enqueue(number, requirements)
}

/// An engine with one queue, and these agents on queue.
fn with(queue: QueueConfig, agents: impl IntoIterator<Item = AgentProfile>) -> Engine {
    let mut engine = Engine::new();
    let mut at_start = |command| {
        let _ = engine.apply(Timestamp(START), command);
    };
    at_start(Command::UpsertQueue { queue });
    for agent in agents {
        let id = agent.id;
        at_start(Command::UpsertAgent { agent });
        at_start(Command::GoOnQueue {
            agent: id,
            last_interaction: None,
        });
    }
    engine
}

/// What one customer's line came to.
struct Served {
    number: u64,
    entered: i64,
    priority: i32,
    waited: i64,
}

/// Lets customers come at random to a few equal agents, each of whom takes the same time for each; in the order in which they
/// were served.
fn serve(seed: u64, scoring: Scoring) -> Vec<Served> {
    let mut dice = Dice(seed);
    let queue = QueueConfig {
        scoring,
        auto_answer: true,
        ..QueueConfig::new(id(2, 0))
    };
    let agents = 1 + dice.below(4);
    let service = 10_000 + dice.below(60_000) as i64;
    let mut engine = with(queue, (0..agents).map(|number| agent(number, 1, 1, 0)));
    let mut coming: Vec<(i64, i32)> = Vec::new();
    let mut time = START;
    for _ in 0..150 {
        time += dice.below(2 * service as u64 / agents) as i64;
        coming.push((time, dice.any([0, 0, 0, 1, 2, -1, 5])));
    }
    let (mut next, mut at_work, mut served) = (0, Vec::<(i64, UserId, InteractionId)>::new(), Vec::new());
    while served.len() < coming.len() {
        at_work.sort_unstable();
        let ends = at_work
            .first()
            .copied()
            .filter(|work| next == coming.len() || work.0 <= coming[next].0);
        let (now, command) = match ends {
            Some((now, agent, interaction)) => {
                at_work.remove(0);
                (now, Command::EndWork { agent, interaction })
            }
            None => {
                let (now, priority) = coming[next];
                next += 1;
                (now, urgent(next as u64 - 1, priority))
            }
        };
        for effect in engine.apply(Timestamp(now), command).effects {
            if let Effect::Assigned { interaction, agent, .. } = effect {
                at_work.push((now + service, agent, interaction));
                let (_, number) = interaction.conversation.uuid().as_u64_pair();
                let (entered, priority) = coming[number as usize];
                served.push(Served {
                    number,
                    entered,
                    priority,
                    waited: now - entered,
                });
            }
        }
    }
    served
}

/// 7: who came later and is served first came no later than the head start that their priority gives them.
#[test]
fn overtaking_is_bounded() {
    let worlds = Worlds {
        test: "properties::overtaking_is_bounded",
        short: 50,
        long: 2_000,
    };
    let overtaken = worlds.each(|seed| {
        let served = serve(seed, Scoring::TimestampAndPriority);
        let mut overtaken = 0;
        for (place, first) in served.iter().enumerate() {
            for second in served[place + 1..].iter().filter(|second| second.number < first.number) {
                let head_start = 60_000 * i64::from(first.priority - second.priority);
                assert!(first.entered - second.entered <= head_start, "seed {seed}");
                overtaken += 1;
            }
        }
        overtaken
    });
    let sum: u32 = overtaken.iter().sum();
    assert!(sum > 1_000 || !worlds.are_many(), "only {sum} were overtaken");
}

/// 14: whatever the rank, the sum of all waits is the same where nobody stands idle and all take equally long.
#[test]
fn in_sum_all_ranks_wait_equally_long() {
    let worlds = Worlds {
        test: "properties::in_sum_all_ranks_wait_equally_long",
        short: 50,
        long: 2_000,
    };
    let differed = worlds.each(|seed| {
        let by_time = serve(seed, Scoring::TimestampAndPriority);
        let by_priority = serve(seed, Scoring::PriorityOnly);
        let sum = |served: &[Served]| served.iter().map(|one| one.waited).sum::<i64>();
        assert_eq!(sum(&by_time), sum(&by_priority), "seed {seed}");
        let order = |served: &[Served]| served.iter().map(|one| one.number).collect::<Vec<_>>();
        order(&by_time) != order(&by_priority)
    });
    let times = differed.iter().filter(|differed| **differed).count();
    assert!(
        times > 40 || !worlds.are_many(),
        "the orders differed {times} times only"
    );
}

fn widening(dice: &mut Dice) -> Method {
    let mut wait = || dice.any([0, 1, 1_000, 7_000, 30_000]);
    let waits: Vec<u64> = (0..5).map(|_| wait()).collect();
    let number = 1 + dice.below(5) as usize;
    let waits = waits.into_iter().take(number);
    match dice.below(3) {
        0 => Method::Bullseye {
            rings: waits.map(|wait_ms| ring(wait_ms, dice.below(3))).collect(),
        },
        1 => Method::Preferred {
            rules: waits
                .map(|wait_ms| rule(wait_ms, dice.any([100, 90, 70, 10])))
                .collect(),
            then_all_preferred: dice.one_in(2),
        },
        _ => Method::Conditional {
            rules: waits.map(|wait_ms| group_rule(wait_ms, dice.below(3))).collect(),
        },
    }
}

fn ring(wait_ms: u64, group: u64) -> Ring {
    let groups = if group == 0 {
        [id(5, 1)].into()
    } else {
        Default::default()
    };
    Ring {
        wait_ms,
        groups,
        ..Ring::default()
    }
}

fn rule(wait_ms: u64, threshold: u8) -> PreferredRule {
    PreferredRule { threshold, wait_ms }
}

fn group_rule(wait_ms: u64, group: u64) -> GroupRule {
    GroupRule {
        queue: id(2, 0),
        metric: Metric::EstimatedWait,
        comparison: onqueue_acd::Comparison::AtLeast,
        value: 10,
        groups: [id(5, group)].into(),
        wait_ms,
    }
}

/// 9: time alone opens and never closes. Agents without room are told apart from those to whom the stage is not open.
#[test]
fn the_pool_only_grows() {
    let worlds = Worlds {
        test: "properties::the_pool_only_grows",
        short: 500,
        long: 20_000,
    };
    let grown: usize = worlds.each(grown_in).iter().sum();
    assert!(grown > 500 || !worlds.are_many(), "it grew by {grown} in all");
}

fn grown_in(seed: u64) -> usize {
    let mut grown = 0;
    let mut dice = Dice(seed);
    let queue = QueueConfig {
        method: widening(&mut dice),
        ..QueueConfig::new(id(2, 0))
    };
    let agents = (0..6).map(|number| agent(number, 0, 1 + (number % 6) as u8, number % 4));
    let mut engine = with(queue, agents);
    let known = Command::ObserveMetric {
        queue: id(2, 0),
        estimated_wait_ms: Some(10),
        service_level: None,
    };
    let _ = engine.apply(Timestamp(START), known);
    let scores = (0..4).map(|number| (id(1, number), dice.any([100, 95, 80, 60, 5])));
    let requirements = Requirements {
        preferred: scores.collect(),
        ..Requirements::default()
    };
    let _ = engine.apply(Timestamp(START), enqueue(1, requirements));
    let mut open = open_to(&engine);
    while let Some(due) = engine.next_deadline() {
        let _ = engine.apply(due, Command::Tick);
        let wider = open_to(&engine);
        assert!(
            open.iter().all(|agent| wider.contains(agent)),
            "seed {seed}: {open:?}, then {wider:?}"
        );
        grown += wider.len() - open.len();
        open = wider;
    }
    assert!(
        !open.is_empty() || matches!(stage(&engine), Stage::Groups(_)),
        "seed {seed}"
    );
    grown
}

fn open_to(engine: &Engine) -> Vec<UserId> {
    let why_not = |agent| match engine.explain_agent(chat(1), agent, engine.now()) {
        Some(AgentExplanation::Excluded { exclusion, .. }) => exclusion,
        other => panic!("{other:?} without room"),
    };
    let all = engine.agents().map(|agent| agent.profile.id);
    all.filter(|agent| matches!(why_not(*agent), Exclusion::AtCapacity(_)))
        .collect()
}

fn stage(engine: &Engine) -> Stage {
    engine.interaction(chat(1)).expect("it waits").stage
}

/// What is decided, without what counts all decisions of the engine.
#[derive(Debug, PartialEq)]
struct Choice {
    at: Timestamp,
    interaction: InteractionId,
    queue: QueueId,
    stage: Stage,
    candidates: Vec<Candidate>,
    excluded: Vec<(Exclusion, u32)>,
    decided: Decided,
}

/// Goes through logs in which an engine's offers are named by another's.
#[derive(Default)]
struct Translator {
    engine: Engine,
    /// The offers of each interaction, in order.
    offers: BTreeMap<InteractionId, Vec<OfferId>>,
    choices: Vec<Choice>,
}

impl Translator {
    fn apply(&mut self, now: Timestamp, command: Command) -> Applied {
        let applied = self.engine.apply(now, command);
        for effect in &applied.effects {
            if let Effect::DecisionRecorded { decision } = effect {
                let offers = self.offers.entry(decision.interaction).or_default();
                offers.push(decision.offer);
                self.choices.push(Choice {
                    at: decision.at,
                    interaction: decision.interaction,
                    queue: decision.queue,
                    stage: decision.stage,
                    candidates: decision.candidates.clone(),
                    excluded: decision.excluded.clone(),
                    decided: decision.decided,
                });
            }
        }
        applied
    }

    /// The same offer in this engine.
    fn translate(&self, command: Command, of: &BTreeMap<InteractionId, Vec<OfferId>>) -> Command {
        let same = |offer: OfferId| {
            let place = of
                .iter()
                .find_map(|(chat, offers)| Some((chat, offers.iter().position(|it| *it == offer)?)));
            place
                .and_then(|(chat, place)| self.offers.get(chat)?.get(place).copied())
                .unwrap_or(offer)
        };
        match command {
            Command::Accept { agent, offer } => Command::Accept {
                agent,
                offer: same(offer),
            },
            Command::Decline { agent, offer } => Command::Decline {
                agent,
                offer: same(offer),
            },
            other => other,
        }
    }
}

/// A world's commands, at times all even or all odd, without those that concern everybody.
fn island(seed: u64, island: u64) -> (Log, Translator) {
    let mut alone = Translator::default();
    let mut kept = Log::new();
    let _ = log(&mut World::on_island(seed, island), 400, |now, command| {
        let now = Timestamp((now.0 & !1) + island as i64).max(alone.engine.now());
        if matches!(command, Command::Configure { .. } | Command::Resume) {
            let effects = Vec::new();
            return Applied { effects, refusal: None };
        }
        kept.push((now, command.clone()));
        alone.apply(now, command.clone())
    });
    (kept, alone)
}

/// 13: what happens to queues and agents changes nothing that is decided of queues that share no agent with them.
#[test]
fn islands_do_not_disturb_each_other() {
    let worlds = Worlds {
        test: "properties::islands_do_not_disturb_each_other",
        short: 20,
        long: 1_000,
    };
    let _ = worlds.each(|seed| {
        let (first, alone) = island(seed, 0);
        let (second, other) = island(seed + 500_000, 1);
        let mut both = Translator::default();
        let mut all: Vec<_> = first.into_iter().map(|step| (step, &alone)).collect();
        all.extend(second.into_iter().map(|step| (step, &other)));
        all.sort_by_key(|((now, _), _)| *now);
        for ((now, command), whose) in all {
            let command = both.translate(command, &whose.offers);
            let _ = both.apply(now, command);
        }
        for one in [&alone, &other] {
            // The worlds end at different times: what comes at the end or later is for the longer one.
            let last = one.engine.now();
            let is_its = |choice: &&Choice| one.offers.contains_key(&choice.interaction) && choice.at < last;
            let (among_both, alone) = (both.choices.iter().filter(is_its), one.choices.iter().filter(is_its));
            for (choice, expected) in among_both.clone().zip(alone.clone()) {
                assert_eq!(choice, expected, "seed {seed}");
            }
            assert_eq!(among_both.count(), alone.count(), "seed {seed}");
        }
        assert!(alone.choices.len() > 20, "seed {seed} decides little");
    });
}
