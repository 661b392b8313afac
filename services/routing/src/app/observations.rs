//! Queues as they are now, and history, for those who may see them.

use super::Routing;
use super::handle::Handle;
use super::overview::{Age, Observation, Overview};
use super::pulse::{Beat, Pulse};
use crate::store::{IntervalPlace, Past, Span};
use onqueue_acd::metrics::{AgentTally, QueueTally};
use onqueue_model::{Caller, Divisions, Fault, OrganisationId, QueueId, Timestamp, UserId, permissions};
use onqueue_server::resource::Page;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::{sync::Arc, time::Duration};

/// How often a stream says what has changed.
const EVERY: Duration = Duration::from_secs(1);

/// How many queues go into one frame.
const FRAME: usize = 200;

/// What is to be observed.
#[derive(Clone, Debug)]
pub struct Observing {
    /// These; all if there are none.
    pub queues: BTreeSet<QueueId>,
    /// What happened for so long.
    pub window: Duration,
}

/// A queue's observation.
pub type Observed = (QueueId, Arc<Observation>);

/// Queues at one moment.
#[derive(Debug)]
pub struct Observations {
    pub at: Timestamp,
    pub queues: Page<Observed, QueueId>,
    /// All together.
    pub organisation: Option<Arc<Observation>>,
}

/// What is not as it was told before.
#[derive(Debug, Default)]
pub struct Changes {
    pub at: Timestamp,
    pub queues: Vec<Observed>,
    pub organisation: Option<Arc<Observation>>,
    pub removed: Vec<QueueId>,
    /// Whether nothing more is to be told now.
    pub complete: bool,
}

impl Routing {
    /// A page of the queues that are wanted and may be seen, after that one; all together on the first page, for who may see
    /// all.
    pub async fn observations(
        &self,
        caller: &Caller,
        wanted: Observing,
        after: Option<QueueId>,
        size: u64,
    ) -> Result<Observations, Fault> {
        let divisions = self.divisions(caller, permissions::OBSERVATION_VIEW);
        let overview = overview(&self.owner, caller.organisation, wanted.window, Age::Now).await?;
        let seen = seen(&overview, &wanted.queues, &divisions);
        let rest = seen.filter(|(queue, _)| after.is_none_or(|after| *queue > after));
        let some = rest.take(usize::try_from(size + 1).unwrap_or(usize::MAX)).collect();
        let is_whole = divisions == Divisions::All && after.is_none();
        Ok(Observations {
            at: overview.at,
            queues: Page::of(some, size, |(queue, _)| *queue),
            organisation: is_whole.then(|| Arc::clone(&overview.organisation)),
        })
    }

    /// Follows them.
    pub async fn watch_observations(&self, caller: &Caller, wanted: Observing) -> Result<ObservationWatch, Fault> {
        let divisions = self.divisions(caller, permissions::OBSERVATION_VIEW);
        let every = self.settings.heartbeat();
        let mut watch = ObservationWatch {
            owner: self.owner.clone(),
            organisation: caller.organisation,
            pulse: Pulse::new(&self.context, caller, Some(permissions::OBSERVATION_VIEW), every),
            wanted,
            divisions,
            told: BTreeMap::new(),
            told_whole: None,
            pending: VecDeque::new(),
            next_look: self.context.clock.now() + EVERY,
        };
        let first = watch.look().await?;
        // It comes even if there is nothing.
        watch.pending = first.in_frames();
        Ok(watch)
    }

    /// What happened in queues.
    pub async fn queue_history(
        &self,
        caller: &Caller,
        queues: &BTreeSet<QueueId>,
        span: Span,
    ) -> Result<Page<Past<QueueId, QueueTally>, IntervalPlace>, Fault> {
        let divisions = self.divisions(caller, permissions::OBSERVATION_VIEW);
        let size = span.size;
        let span = Span { size: size + 1, ..span };
        let past = self
            .tables
            .queue_history(caller.organisation, queues, &divisions, &span);
        Ok(Page::of(past.await?, size, Past::place))
    }

    /// What agents did. PERMISSION_MISSING for all agents, for who may not see all divisions.
    pub async fn agent_history(
        &self,
        caller: &Caller,
        agents: &BTreeSet<UserId>,
        span: Span,
    ) -> Result<Page<Past<UserId, AgentTally>, IntervalPlace>, Fault> {
        if agents.is_empty() {
            let trust = &self.context.trust;
            trust.may_everywhere(caller, permissions::OBSERVATION_VIEW)?;
        }
        for agent in agents {
            self.may_about(caller, permissions::OBSERVATION_VIEW, *agent).await?;
        }
        let size = span.size;
        let span = Span { size: size + 1, ..span };
        let past = self.tables.agent_history(caller.organisation, agents, &span);
        Ok(Page::of(past.await?, size, Past::place))
    }
}

async fn overview(
    owner: &Handle,
    organisation: OrganisationId,
    window: Duration,
    age: Age,
) -> Result<Arc<Overview>, Fault> {
    let look = owner.look(organisation, move |host, now| host.overview(window, now, age));
    look.await
}

fn seen<'a>(
    overview: &'a Overview,
    queues: &'a BTreeSet<QueueId>,
    divisions: &'a Divisions,
) -> impl Iterator<Item = Observed> + 'a {
    let placed = overview.queues.iter();
    let wanted = placed.filter(|(queue, _)| queues.is_empty() || queues.contains(queue));
    let visible = wanted.filter(|(_, placed)| divisions.contains(&placed.division));
    visible.map(|(queue, placed)| (*queue, Arc::clone(&placed.observation)))
}

/// A stream of observations.
#[derive(Debug)]
pub struct ObservationWatch {
    owner: Handle,
    organisation: OrganisationId,
    pulse: Pulse,
    wanted: Observing,
    divisions: Divisions,
    told: BTreeMap<QueueId, Arc<Observation>>,
    told_whole: Option<Arc<Observation>>,
    pending: VecDeque<Changes>,
    next_look: Timestamp,
}

/// What comes next on the stream.
#[derive(Debug)]
pub enum NextObservation {
    Changes(Changes),
    Heartbeat(Timestamp),
    Goodbye(&'static str),
}

impl ObservationWatch {
    /// What comes next; not to be asked after a goodbye.
    pub async fn next(&mut self) -> NextObservation {
        loop {
            if let Some(changes) = self.pending.pop_front() {
                return NextObservation::Changes(changes);
            }
            match self.pulse.next(self.next_look).await {
                Beat::Goodbye(reason) => return NextObservation::Goodbye(reason),
                Beat::Heartbeat(at) => return NextObservation::Heartbeat(at),
                Beat::Due(now) => {
                    self.next_look = now + EVERY;
                    match self.look().await {
                        Ok(changes) if changes.is_empty() => {}
                        Ok(changes) => self.pending = changes.in_frames(),
                        Err(_) => return NextObservation::Goodbye("moved"),
                    }
                }
            }
        }
    }

    /// What is not as it was told, and from now on counts as told.
    async fn look(&mut self) -> Result<Changes, Fault> {
        let overview = overview(&self.owner, self.organisation, self.wanted.window, Age::Lately).await?;
        let seen: BTreeMap<_, _> = seen(&overview, &self.wanted.queues, &self.divisions).collect();
        let is_new = |(queue, now): &(&QueueId, &Arc<Observation>)| self.told.get(queue) != Some(*now);
        let changed = seen.iter().filter(is_new);
        let removed = self.told.keys().filter(|queue| !seen.contains_key(queue));
        let whole = (self.divisions == Divisions::All).then(|| Arc::clone(&overview.organisation));
        let changes = Changes {
            at: overview.at,
            queues: changed.map(|(queue, now)| (*queue, Arc::clone(now))).collect(),
            removed: removed.copied().collect(),
            organisation: whole.clone().filter(|_| whole != self.told_whole),
            complete: true,
        };
        (self.told, self.told_whole) = (seen, whole);
        Ok(changes)
    }
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.queues.is_empty() && self.organisation.is_none() && self.removed.is_empty()
    }

    fn in_frames(mut self) -> VecDeque<Self> {
        let mut frames = VecDeque::new();
        while self.queues.len() > FRAME {
            let rest = self.queues.split_off(FRAME);
            frames.push_back(Self {
                at: self.at,
                queues: std::mem::replace(&mut self.queues, rest),
                ..Self::default()
            });
        }
        frames.push_back(self);
        frames
    }
}
