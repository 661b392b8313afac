//! All that waits at one moment, grouped so that each interaction's place and estimate are found quickly.

use super::crowd::{Asked, Crowd, Lack, Set};
use super::experience::{Load, narrow};
use super::wish::Wish;
use super::{Estimate, Key, Newcomer, Standing, Unknown, Waiting};
use crate::{Engine, InteractionPlace, InteractionView, Method, QueueConfig, Rank, Scoring};
use onqueue_model::{InteractionId, QueueId};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Shares of agents, and interactions, are counted in millionths.
pub(super) const WHOLE: u64 = 1_000_000;

/// The head start that one point of priority gives, in milliseconds.
const HEAD_START_MS: i64 = 60_000;

/// Places and estimates as of one moment. Making it looks at every agent and every interaction once; asking it does not, so that
/// one serves all who watch.
#[derive(Debug)]
pub struct Outlook<'a> {
    waiting: &'a Waiting,
    engine: &'a Engine,
    crowd: Crowd<'a>,
    /// What waits in each queue, in rank order.
    lines: BTreeMap<QueueId, Vec<Rank>>,
    numbers: BTreeMap<Wish<'a>, usize>,
    kinds: Vec<Kind<'a>>,
}

/// Interactions of one kind, in rank order.
#[derive(Debug)]
struct Kind<'a> {
    wish: Wish<'a>,
    ranks: Vec<Rank>,
    able: OnceLock<Result<Able, Lack>>,
    rivals: OnceLock<Vec<Rival>>,
}

/// Who could serve a kind.
#[derive(Debug)]
struct Able {
    serving: Set,
    /// How many of the medium those can have at once.
    slots: u64,
}

/// A kind that the same agents serve.
#[derive(Clone, Copy, Debug)]
struct Rival {
    kind: usize,
    /// How much of its service comes from agents of the kind whose rival it is, in millionths.
    share: u64,
}

impl<'a> Outlook<'a> {
    /// Of what waits, and for those who may come.
    pub(super) fn of(waiting: &'a Waiting, engine: &'a Engine, newcomers: &'a [Newcomer]) -> Self {
        let Line { kinds, numbers, lines } = Line::of(engine);
        let crowd = Crowd::of(engine, &asked(engine, &kinds, newcomers));
        Self {
            waiting,
            engine,
            crowd,
            lines,
            numbers,
            kinds,
        }
    }

    /// Where a waiting interaction stands; `None` if it does not wait.
    pub fn standing(&self, interaction: InteractionId) -> Option<Standing> {
        let view = self.engine.interaction(interaction)?;
        let kind = self.kind_of(&view)?;
        let estimate = match self.load_of(kind, view.rank) {
            Ok(load) => self.waiting.estimate_of(interaction, kind.wish.key(), load),
            Err(unknown) => Estimate::Unknown(unknown),
        };
        Some(Standing {
            position: self.position(view.queue, view.rank),
            estimate,
        })
    }

    /// Where a newcomer, one of those for whom this was made, would stand; `None` if the queue is not known.
    pub(super) fn forecast(&self, newcomer: &'a Newcomer) -> Option<Standing> {
        let (queue, requirements) = newcomer;
        let queue = *queue;
        let config = self.engine.queue(queue)?.config;
        let rank = self.rank_of_newcomer(config.scoring, requirements.priority);
        let wish = Wish::plain(requirements, config);
        let load = match self.serve(&wish) {
            Ok(able) => self.load(&wish, &able, &self.rivals(&able), rank),
            Err(lack) => Err(unknown(lack)),
        };
        let estimate = match load {
            Ok(load) => self.waiting.estimate(wish.key(), load),
            Err(unknown) => Estimate::Unknown(unknown),
        };
        Some(Standing {
            position: self.position(queue, rank),
            estimate,
        })
    }

    /// What is to be done before a waiting interaction is served; `None` if it does not wait or nobody serves it.
    pub(super) fn work_before(&self, interaction: InteractionId) -> Option<(Key, Load)> {
        let view = self.engine.interaction(interaction)?;
        let kind = self.kind_of(&view)?;
        let load = self.load_of(kind, view.rank).ok()?;
        Some((kind.wish.key(), load))
    }

    /// The kind of an interaction, if it waits.
    fn kind_of(&self, interaction: &InteractionView<'a>) -> Option<&Kind<'a>> {
        if interaction.place != InteractionPlace::Waiting {
            return None;
        }
        let config = self.engine.queue(interaction.queue)?.config;
        let number = self.numbers.get(&Wish::of(interaction, config))?;
        self.kinds.get(*number)
    }

    fn load_of(&self, kind: &Kind<'a>, rank: Rank) -> Result<Load, Unknown> {
        let able = self.able(kind).map_err(unknown)?;
        let rivals = kind.rivals.get_or_init(|| self.rivals(able));
        self.load(&kind.wish, able, rivals, rank)
    }

    fn rank_of_newcomer(&self, scoring: Scoring, priority: i32) -> Rank {
        let now = self.engine.now().millis();
        let priority = i64::from(priority);
        let (class, key, tie) = match scoring {
            Scoring::TimestampAndPriority => (1, now.saturating_sub(priority.saturating_mul(HEAD_START_MS)), 0),
            Scoring::PriorityOnly => (0, -priority, now),
        };
        Rank {
            class,
            key,
            tie,
            position: u64::MAX,
        }
    }

    /// 1 and those that rank before it in its queue and in queues that share a member with it.
    fn position(&self, queue: QueueId, rank: Rank) -> u64 {
        let members = self.crowd.members(queue);
        let near = self
            .lines
            .iter()
            .filter(|(other, _)| **other == queue || self.crowd.members(**other).meets(members));
        1 + near.map(|(_, line)| before(line, rank)).sum::<u64>()
    }

    /// Who serves the kind; found once for all its interactions.
    fn able<'k>(&self, kind: &'k Kind<'a>) -> Result<&'k Able, Lack> {
        let able = kind.able.get_or_init(|| self.serve(&kind.wish));
        able.as_ref().map_err(|lack| *lack)
    }

    fn serve(&self, wish: &Wish<'_>) -> Result<Able, Lack> {
        let able = self.crowd.able(wish)?;
        let serving = self.crowd.serving(wish, &able);
        let slots = self.crowd.slots(wish.medium, &serving, &serving);
        Ok(Able { serving, slots })
    }

    fn rivals(&self, able: &Able) -> Vec<Rival> {
        let rivals = self.kinds.iter().enumerate().map(|(number, kind)| Rival {
            kind: number,
            share: self.shared(kind, able),
        });
        rivals.filter(|rival| rival.share > 0).collect()
    }

    /// How much of the kind's service comes from these agents, in millionths.
    fn shared(&self, kind: &Kind<'a>, able: &Able) -> u64 {
        let Ok(other) = self.able(kind) else { return 0 };
        let common = self.crowd.slots(kind.wish.medium, &other.serving, &able.serving);
        (common * WHOLE).checked_div(other.slots).unwrap_or(0)
    }

    /// What is to be done before an interaction of this kind and rank is served.
    fn load(&self, wish: &Wish<'_>, able: &Able, rivals: &[Rival], rank: Rank) -> Result<Load, Unknown> {
        if able.slots == 0 {
            return Err(Unknown::NobodyServing);
        }
        let own = self.waiting.handle_ms(wish.key());
        let mut ahead = u128::from(WHOLE);
        let mut work = u128::from(WHOLE) * u128::from(own.unwrap_or(0));
        for rival in rivals {
            let kind = &self.kinds[rival.kind];
            let number = u128::from(before(&kind.ranks, rank)) * u128::from(rival.share);
            let each = self.waiting.handle_ms(kind.wish.key()).or(own);
            ahead += number;
            work += number * u128::from(each.unwrap_or(0));
        }
        let whole = u128::from(WHOLE) * u128::from(able.slots);
        Ok(Load {
            ahead: narrow(ahead),
            mean_ms: own.map(|_| narrow(work / whole)),
        })
    }
}

/// Everything that waits: by queue, and by kind; in rank order.
#[derive(Debug, Default)]
struct Line<'a> {
    lines: BTreeMap<QueueId, Vec<Rank>>,
    numbers: BTreeMap<Wish<'a>, usize>,
    kinds: Vec<Kind<'a>>,
}

impl<'a> Line<'a> {
    fn of(engine: &'a Engine) -> Self {
        let mut all = Self::default();
        for queue in engine.queues().filter(|queue| queue.waiting > 0) {
            all.take_up(engine, queue.config);
        }
        all
    }

    /// Those of one of the engine's groups are of one kind, unless the method opens other agents to them later than to one another.
    fn take_up(&mut self, engine: &'a Engine, config: &'a QueueConfig) {
        let mut of_group: BTreeMap<u32, usize> = BTreeMap::new();
        let grouped = matches!(config.method, Method::Standard | Method::Bullseye { .. });
        let mut line = Vec::new();
        for (rank, group, slot) in engine.line(config.id) {
            let known = of_group.get(&group).filter(|_| grouped);
            let number = known.copied().unwrap_or_else(|| {
                let number = self.number_of(Wish::of(&engine.in_line(slot), config));
                of_group.insert(group, number);
                number
            });
            self.kinds[number].ranks.push(rank);
            line.push(rank);
        }
        self.lines.insert(config.id, line);
    }

    fn number_of(&mut self, wish: Wish<'a>) -> usize {
        *self.numbers.entry(wish).or_insert_with_key(|wish| {
            self.kinds.push(Kind::new(wish.clone()));
            self.kinds.len() - 1
        })
    }
}

impl<'a> Kind<'a> {
    const fn new(wish: Wish<'a>) -> Self {
        Self {
            wish,
            ranks: Vec::new(),
            able: OnceLock::new(),
            rivals: OnceLock::new(),
        }
    }
}

/// What the index of agents must tell apart.
fn asked<'a>(engine: &'a Engine, kinds: &[Kind<'a>], newcomers: &'a [Newcomer]) -> Asked<'a> {
    let mut asked = Asked::default();
    kinds.iter().for_each(|kind| asked.add(&kind.wish));
    for (queue, requirements) in newcomers {
        if let Some(queue) = engine.queue(*queue) {
            asked.add(&Wish::plain(requirements, queue.config));
        }
    }
    asked
}

/// How many rank before.
fn before(sorted: &[Rank], rank: Rank) -> u64 {
    sorted.partition_point(|other| *other < rank) as u64
}

const fn unknown(lack: Lack) -> Unknown {
    match lack {
        Lack::Member => Unknown::NoMember,
        Lack::Capacity => Unknown::NoCapacity,
        Lack::Language => Unknown::NoLanguage,
        Lack::Skills => Unknown::NoSkills,
    }
}
