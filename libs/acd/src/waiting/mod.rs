//! Waiting: where somebody stands in line, how long it will probably take, and what to tell them meanwhile. Position and
//! estimate are questions to an [`Engine`]; what is learnt from the past is a fold over the log, so that reading the log again
//! gives the same answers.

mod crowd;
mod experience;
mod message;
mod outlook;
mod wish;

pub use message::{Due, InQueueMessage, Sent, When, due, next_look};
pub use outlook::Outlook;

use crate::metrics::{Happening, Score, What, listed};
use crate::{Engine, Medium, Requirements};
use experience::{Experience, Guess, Guesses, Handles, Load};
use onqueue_model::{InteractionId, QueueId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Estimates are made for newcomers at most so often, to see later how good they were.
const SURVEY_EVERY: Duration = Duration::from_secs(5);

/// Somebody who may come: into which queue, and with which requirements.
pub type Newcomer = (QueueId, Requirements);

/// Under what waits are learnt of.
type Key = (QueueId, Medium);

/// Where a waiting interaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// 1, and all that rank before it in its queue or in a queue that shares a member with it (joined or not). Alerting ones are
    /// not in line. Whether the same agents could serve those is not looked at here, but in the estimate.
    pub position: u64,
    /// How long it will take.
    pub estimate: Estimate,
}

/// How long it will take until an agent has the interaction, from the engine's latest time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimate {
    /// Probably so long.
    Wait {
        /// One of two is served within this, in milliseconds.
        p50_ms: u64,
        /// Nine of ten are, in milliseconds; not less than P50.
        p90_ms: u64,
        /// How it was found.
        method: WaitMethod,
    },
    /// That cannot be said.
    Unknown(Unknown),
}

/// How an estimate was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitMethod {
    /// What is to be done before it is served, by the mean of the last 128 handle times of queue and medium, divided by how many
    /// at once the agents can have who could serve it: on queue, joined, with its skills and language, less work from elsewhere.
    /// Of others that rank before it, as much counts as of their service comes from these agents.
    QueueLength,
    /// As long as the last one waited in the queue that an agent took.
    LastToEnterService,
    /// Both, each by the inverse of its mean squared error in about the last 16 waits.
    Blend,
}

/// Why there is no estimate. The first four: no agent could ever have it, on queue or not, joined or not, whatever stage its
/// queue's method comes to, unless an agent, the queue or its requirements are changed. Preferred agents whom the method opens
/// need no skills and no language; the last agent, while nobody else is tried, neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// The queue has no members, or none in the groups that were opened for it.
    NoMember,
    /// None of them may have any of its medium.
    NoCapacity,
    /// None of these speaks its language.
    NoLanguage,
    /// None of these has every skill that it requires to the end.
    NoSkills,
    /// Somebody could have it, but nobody of them is on queue and joined, responds and may take its medium now.
    NobodyServing,
    /// Nobody was served yet, so that nothing is known of how long anything takes.
    NoExperience,
}

/// What was learnt of waiting in one organisation. Begin it with the log; serialising it gives a snapshot, from which it goes on
/// as this one would.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    #[serde(with = "listed")]
    experience: BTreeMap<Key, Experience>,
    /// Handle times of all queues together, for those that have none of their own.
    #[serde(with = "listed")]
    by_medium: BTreeMap<Medium, Handles>,
    anywhere: Handles,
    /// When newcomers were estimated last.
    surveyed: Option<Timestamp>,
    /// Who entered since.
    fresh: BTreeSet<InteractionId>,
    #[serde(with = "listed")]
    noted: BTreeMap<InteractionId, Noted>,
}

/// What was estimated of somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    at: Timestamp,
    ahead: u64,
    guesses: Guesses,
    estimated: Guess,
}

impl Waiting {
    /// Takes up what became of interactions (see [`crate::metrics::Metrics::observe`]) when the engine took a command at `at`;
    /// `engine` is as it was left by that. Answers what had been estimated and what it was in the end, for each that was
    /// answered now and had waited for an estimate.
    ///
    /// Estimates are noted for those who entered within the last five seconds or so, whoever watches.
    pub fn observe(&mut self, engine: &Engine, at: Timestamp, happenings: &[Happening]) -> Vec<(Happening, Score)> {
        let scores = happenings
            .iter()
            .filter_map(|happening| Some((*happening, self.take_up(at, happening)?)));
        let scores = scores.collect();
        if !self.fresh.is_empty() && self.surveyed.is_none_or(|last| at.since(last) >= SURVEY_EVERY) {
            self.survey(engine, at);
        }
        scores
    }

    /// Places and estimates of all that wait, as the engine was left by the last command.
    pub fn outlook<'a>(&'a self, engine: &'a Engine) -> Outlook<'a> {
        Outlook::of(self, engine, &[])
    }

    /// Where newcomers would stand, each if they alone came now, behind all who wait with their priority; `None` for those whose
    /// queue is not known.
    pub fn forecast(&self, engine: &Engine, newcomers: &[Newcomer]) -> Vec<Option<Standing>> {
        let outlook = Outlook::of(self, engine, newcomers);
        newcomers.iter().map(|newcomer| outlook.forecast(newcomer)).collect()
    }

    fn take_up(&mut self, at: Timestamp, happening: &Happening) -> Option<Score> {
        let key = (happening.queue, happening.medium);
        match happening.what {
            What::Entered(_) => {
                self.fresh.insert(happening.interaction);
            }
            What::Answered { wait_ms, .. } => {
                let score = self.score(at, key, happening.interaction);
                self.experience.entry(key).or_default().last_wait_ms = Some(wait_ms);
                return score;
            }
            What::Abandoned { .. } | What::Redirected { .. } | What::Lost { .. } => {
                self.forget(happening.interaction);
            }
            What::Handled { talk_ms, acw_ms, .. } => self.learn_handle(key, talk_ms + acw_ms.unwrap_or(0)),
            What::Refused | What::Offered { .. } | What::OfferEnded { .. } | What::TalkEnded { .. } => {}
        }
        None
    }

    fn score(&mut self, at: Timestamp, key: Key, interaction: InteractionId) -> Option<Score> {
        let noted = self.forget(interaction)?;
        let wait_ms = u64::try_from(at.since(noted.at).as_millis()).unwrap_or(u64::MAX);
        let experience = self.experience.entry(key).or_default();
        experience.learn(wait_ms, noted.ahead, noted.guesses, noted.estimated);
        Some(Score {
            p50_ms: noted.estimated.p50_ms,
            p90_ms: noted.estimated.p90_ms,
            wait_ms,
        })
    }

    fn forget(&mut self, interaction: InteractionId) -> Option<Noted> {
        self.fresh.remove(&interaction);
        self.noted.remove(&interaction)
    }

    fn learn_handle(&mut self, key: Key, handle_ms: u64) {
        self.experience.entry(key).or_default().handles.learn(handle_ms);
        self.by_medium.entry(key.1).or_default().learn(handle_ms);
        self.anywhere.learn(handle_ms);
    }

    /// Notes estimates for those who entered since the last time and still wait.
    fn survey(&mut self, engine: &Engine, at: Timestamp) {
        self.surveyed = Some(at);
        let fresh = std::mem::take(&mut self.fresh);
        let outlook = self.outlook(engine);
        let noted = fresh.into_iter().filter_map(|interaction| {
            let (key, load) = outlook.work_before(interaction)?;
            Some((interaction, self.note(at, key, load)?))
        });
        let noted: Vec<_> = noted.collect();
        self.noted.extend(noted);
    }

    fn note(&self, at: Timestamp, key: Key, load: Load) -> Option<Noted> {
        let (guesses, estimate) = self.guess(key, load, None);
        let Estimate::Wait { p50_ms, p90_ms, .. } = estimate else {
            return None;
        };
        Some(Noted {
            at,
            ahead: load.ahead,
            guesses,
            estimated: Guess { p50_ms, p90_ms },
        })
    }

    /// Mean handle time of queue and medium; of the medium, or of anything, if there was none yet.
    fn handle_ms(&self, key: Key) -> Option<u64> {
        let own = self.experience.get(&key).and_then(|own| own.handles.mean());
        let of_medium = || self.by_medium.get(&key.1).and_then(Handles::mean);
        own.or_else(of_medium).or_else(|| self.anywhere.mean())
    }

    fn estimate_of(&self, interaction: InteractionId, key: Key, load: Load) -> Estimate {
        let began = self.noted.get(&interaction).map(|noted| noted.ahead);
        self.guess(key, load, began).1
    }

    fn estimate(&self, key: Key, load: Load) -> Estimate {
        self.guess(key, load, None).1
    }

    fn guess(&self, key: Key, load: Load, began: Option<u64>) -> (Guesses, Estimate) {
        let beginner = Experience::default();
        let experience = self.experience.get(&key).unwrap_or(&beginner);
        let guesses = experience.guesses(load, began);
        (guesses, experience.estimate(guesses))
    }
}
