//! Estimates in a day as the literature has it: arrivals and handle times without memory, a few agents, hardly any spare.

use crate::world::{Dice, id, on_queue};
use onqueue_acd::metrics::{EstimateTally, Metrics, Score, What};
use onqueue_acd::waiting::{Estimate, WaitMethod, Waiting};
use onqueue_acd::{AgentProfile, Command, Effect, Engine, Membership, QueueConfig, Requirements, Utilization};
use onqueue_model::{InteractionId, QueueId, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// Quantiles of an exponential distribution with mean 1,000: −1,000 · ln((i + ½) ÷ 32).
const EXPONENTIAL: [u64; 32] = [
    4159, 3060, 2549, 2213, 1962, 1761, 1594, 1451, 1326, 1214, 1114, 1023, 940, 863, 791, 725, 662, 603, 548, 495,
    445, 398, 352, 309, 267, 227, 188, 151, 115, 81, 48, 16,
];

/// A day in one queue.
struct Day {
    engine: Engine,
    metrics: Metrics,
    learnt: Waiting,
    dice: Dice,
    /// When who ends what.
    ends: BTreeSet<(i64, UserId, InteractionId)>,
    handle_ms: u64,
    scores: Vec<Score>,
}

impl Day {
    fn new(seed: u64, agents: u64, handle_ms: u64) -> Self {
        let mut day = Self {
            engine: Engine::new(),
            metrics: Metrics::default(),
            learnt: Waiting::default(),
            dice: Dice(seed),
            ends: BTreeSet::new(),
            handle_ms,
            scores: Vec::new(),
        };
        let queue = QueueConfig {
            auto_answer: true,
            ..QueueConfig::new(queue())
        };
        day.apply(0, &Command::UpsertQueue { queue });
        for number in 0..agents {
            let agent = AgentProfile {
                id: id(1, number),
                queues: BTreeMap::from([(self::queue(), Membership::new(true))]),
                skills: BTreeMap::new(),
                languages: BTreeMap::new(),
                utilization: Utilization::with_chats(1),
            };
            day.apply(0, &Command::UpsertAgent { agent });
            day.apply(0, &on_queue(id(1, number)));
        }
        day
    }

    fn apply(&mut self, at: i64, command: &Command) {
        let applied = self.engine.apply(Timestamp(at), command.clone());
        for effect in &applied.effects {
            if let Effect::Assigned { interaction, agent, .. } = effect {
                let handle = self.exponential(self.handle_ms);
                self.ends.insert((at + handle, *agent, *interaction));
            }
        }
        let happenings = self.metrics.observe(Timestamp(at), command, &applied);
        for (happening, score) in self.learnt.observe(&self.engine, Timestamp(at), &happenings) {
            assert!(matches!(happening.what, What::Answered { .. }));
            self.metrics.score(&happening, &score);
            self.scores.push(score);
        }
    }

    fn exponential(&mut self, mean: u64) -> i64 {
        let quantile = self.dice.pick(&EXPONENTIAL);
        i64::try_from(quantile * mean / 1_000).expect("small").max(1)
    }

    /// Lets so many chats come, one every `pause_ms` on average.
    fn run(&mut self, chats: u64, pause_ms: u64) {
        let mut now = self.engine.now().millis();
        for number in 0..chats {
            now += self.exponential(pause_ms);
            while let Some((at, agent, interaction)) = self.ends.first().copied()
                && at <= now
            {
                self.ends.pop_first();
                self.apply(at, &Command::EndWork { agent, interaction });
            }
            let enqueue = Command::Enqueue {
                interaction: chat(number),
                queue: queue(),
                requirements: Requirements::default(),
            };
            self.apply(now, &enqueue);
        }
    }

    fn tally(&mut self) -> EstimateTally {
        let mut all = self.metrics.current().clone();
        self.metrics
            .take_closed()
            .iter()
            .for_each(|interval| all.merge(interval));
        all.organisation().estimates
    }
}

fn queue() -> QueueId {
    id(2, 1)
}

fn chat(number: u64) -> InteractionId {
    InteractionId {
        conversation: id(3, number),
        opening: 1,
    }
}

#[test]
fn nine_of_ten_stay_within_the_p90_and_half_within_the_p50() {
    for seed in 1..=4 {
        let mut day = Day::new(seed, 5, 120_000);
        day.run(6_000, 25_000);
        let tally = day.tally();
        assert!(tally.scored > 4_000, "{tally:?}");
        let within_p90 = tally.share_within_p90().expect("scored");
        assert!((8_700..=9_300).contains(&within_p90), "{tally:?}");
        let within_p50 = tally.within_p50 * 10_000 / tally.scored;
        assert!((4_400..=5_600).contains(&within_p50), "{tally:?}");
    }
}

#[test]
fn an_estimate_says_more_than_the_mean_wait() {
    let mut day = Day::new(11, 5, 120_000);
    day.run(6_000, 25_000);
    let waits: Vec<u64> = day.scores.iter().map(|score| score.wait_ms).collect();
    let mean = waits.iter().sum::<u64>() / waits.len() as u64;
    let by_mean: u64 = waits.iter().map(|wait| wait.abs_diff(mean)).sum();
    let by_estimate = day.tally().error_ms;
    assert!(by_estimate * 2 < by_mean, "{by_estimate} against {by_mean}");
}

/// One agent is busy, nobody has been served longer than a minute: each who waits takes a minute more.
#[test]
fn position_times_handle_time_by_capacity() {
    let mut day = Day::new(1, 1, 60_000);
    for number in 0..40 {
        let enqueue = Command::Enqueue {
            interaction: chat(number),
            queue: queue(),
            requirements: Requirements::default(),
        };
        day.apply(1_000, &enqueue);
    }
    let (_, agent, interaction) = *day.ends.first().expect("one is in hand");
    day.apply(61_000, &Command::EndWork { agent, interaction });
    let outlook = day.learnt.outlook(&day.engine);
    let tenth = outlook.standing(chat(11)).expect("waits");
    assert_eq!(tenth.position, 10);
    let Estimate::Wait { p50_ms, p90_ms, method } = tenth.estimate else {
        panic!("{tenth:?}");
    };
    assert_eq!(method, WaitMethod::Blend);
    // The queue length says 10 minutes, less a third of one for the median. The last one who entered waited a minute, but the
    // first had been told 0 by that method, so that it counts next to nothing; and what was too short then stretches by 2 %.
    let error = 600 * 600 + 1;
    let blend = (580_000 * error + 60_000 * 2) / (error + 2);
    assert_eq!(p50_ms, blend * 102 / 100);
    assert!(p90_ms > p50_ms);
}
