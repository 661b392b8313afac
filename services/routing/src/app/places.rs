//! Where those stand in line whom somebody watches, found together.

use super::host::Host;
use super::legs::opening;
use crate::store::Message;
use onqueue_acd::waiting::Standing;
use onqueue_acd::{InteractionPlace, Requirements};
use onqueue_model::{ConversationId, InteractionId, QueueId, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How often all are found anew at most, if anything has changed.
const EVERY: Duration = Duration::from_secs(5);

/// How soon somebody is found who was not looked for before; at once where finding takes no time.
const SOON: Duration = Duration::from_secs(1);

/// So many agents and interactions take no time.
const FEW: usize = 2_000;

/// Who was not asked about for so long is not looked for any more.
const FORGOTTEN: Duration = Duration::from_secs(15);

/// The places that were found last.
#[derive(Debug, Default)]
pub struct Places {
    /// Who is watched, and when they were asked about last.
    asked: BTreeMap<InteractionId, Timestamp>,
    found: BTreeMap<InteractionId, Standing>,
    /// When, and as of which input.
    as_of: Option<(Timestamp, i64)>,
}

/// What has become of somebody who waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// In line; `None`: it will soon be known where.
    Waiting(Option<Standing>),
    /// Alerts an agent.
    Alerting,
    /// An agent has it.
    Served,
    /// It is over.
    Ended,
}

/// An interaction that may wait.
#[derive(Debug)]
pub struct Stay {
    pub spot: Spot,
    /// `None` if it has ended.
    pub line: Option<Line>,
}

/// What a queue is to somebody in it.
#[derive(Debug)]
pub struct Line {
    pub queue: QueueId,
    pub waited_ms: u64,
    /// The conversation's.
    pub language: Option<String>,
    pub messages: Arc<[Message]>,
}

/// A conversation that waits, or alerts an agent.
#[derive(Clone, Copy, Debug)]
pub struct InLine {
    pub interaction: InteractionId,
    pub queue: QueueId,
}

impl Host {
    /// The conversation's newest interaction, if it waits or alerts.
    pub fn in_line(&self, conversation: ConversationId) -> Option<InLine> {
        let newest = self.of_conversation(conversation).map(opening).max()?;
        let view = self.live(conversation).filter(|view| opening(view.id) == newest)?;
        let is_held = matches!(view.place, InteractionPlace::Held { .. });
        (!is_held).then_some(InLine {
            interaction: view.id,
            queue: view.queue,
        })
    }

    /// Where a newcomer would stand; `None` if the queue is not known.
    pub fn forecast(&self, queue: QueueId, requirements: Requirements) -> Option<Standing> {
        let newcomers = [(queue, requirements)];
        let standings = self.history.waiting.forecast(&self.engine, &newcomers);
        standings.into_iter().next().flatten()
    }

    /// Where the interaction is, and what of its queue concerns those who wait.
    pub fn stay(&mut self, interaction: InteractionId, now: Timestamp) -> Stay {
        let spot = self.spot(interaction, now);
        let line = self.engine.interaction(interaction).map(|view| Line {
            queue: view.queue,
            waited_ms: u64::try_from(now.since(view.entered).as_millis()).unwrap_or(u64::MAX),
            language: view.requirements.language.as_ref().map(ToString::to_string),
            messages: self.names().messages(view.queue),
        });
        Stay { spot, line }
    }

    fn spot(&mut self, interaction: InteractionId, now: Timestamp) -> Spot {
        match self.engine.interaction(interaction).map(|view| view.place) {
            None => Spot::Ended,
            Some(InteractionPlace::Held { .. }) => Spot::Served,
            Some(InteractionPlace::Alerting { .. }) => Spot::Alerting,
            Some(InteractionPlace::Waiting) => Spot::Waiting(self.place(interaction, now)),
        }
    }

    fn place(&mut self, interaction: InteractionId, now: Timestamp) -> Option<Standing> {
        self.lookout.places.asked.insert(interaction, now);
        if self.is_stale(interaction, now) {
            self.find_places(now);
        }
        self.lookout.places.found.get(&interaction).copied()
    }

    fn is_stale(&self, interaction: InteractionId, now: Timestamp) -> bool {
        let places = &self.lookout.places;
        let Some((at, position)) = places.as_of else {
            return true;
        };
        let has_changed = position != self.position;
        match places.found.contains_key(&interaction) {
            true => has_changed && now.since(at) >= EVERY,
            false => now.since(at) >= SOON || self.are_few(),
        }
    }

    /// The details are of all interactions that there are.
    fn are_few(&self) -> bool {
        self.details.len() + self.engine.agents().take(FEW).count() <= FEW
    }

    fn find_places(&mut self, now: Timestamp) {
        let places = &mut self.lookout.places;
        places.asked.retain(|_, at| now.since(*at) < FORGOTTEN);
        let outlook = self.history.waiting.outlook(&self.engine);
        let found = places.asked.keys().copied();
        places.found = found.filter_map(|id| Some((id, outlook.standing(id)?))).collect();
        places.as_of = Some((now, self.position));
    }
}
