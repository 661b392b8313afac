//! One transaction of the owner in the making: what goes in, what follows, and who waits for it.

use super::figures::EndedWait;
use super::frames::Frame;
use super::report::{Pack, Report};
use super::tenure::Tenure;
use crate::store::{Batch, History};
use onqueue_acd::{Effect, Engine};
use onqueue_model::{ConversationId, Fault, OrganisationId, Timestamp, UserId};
use onqueue_server::Ids;
use std::collections::BTreeMap;
use tokio::sync::{mpsc, oneshot};

/// Told whether it was committed.
type Answer = Box<dyn FnOnce(Result<(), Fault>) + Send>;

/// A frame for one who watches.
pub struct Told {
    pub organisation: OrganisationId,
    pub user: UserId,
    pub stream: mpsc::Sender<Frame>,
    pub frame: Frame,
}

/// A copy of an engine and of what was learnt, as the turn has left them.
pub struct Snapshot {
    pub organisation: OrganisationId,
    /// Of the last input that is in them.
    pub position: i64,
    pub engine: Engine,
    pub history: History,
}

/// Who wants to follow an agent.
pub struct Watching {
    pub organisation: OrganisationId,
    pub user: UserId,
    pub stream: mpsc::Sender<Frame>,
    pub answer: oneshot::Sender<Result<(), Fault>>,
}

/// Filled input by input, then committed, then let out. The next one is filled while this one is being committed: so
/// everything that is let out is drawn up before, as this one has left it.
pub struct Turn {
    pub tenure: Tenure,
    pub ids: Ids,
    /// The time of the inputs that come next; it does not go back.
    pub now: Timestamp,
    /// How many messages are in it.
    pub messages: usize,
    /// Whether any of them is more than that reports were delivered.
    pub is_asked_for: bool,
    pub batch: Batch,
    /// To be let out, in order.
    pub effects: Vec<(OrganisationId, Effect)>,
    /// For session.
    pub reports: BTreeMap<OrganisationId, Vec<Report>>,
    /// The same as they are kept.
    pub packs: Vec<Pack>,
    /// Waits that ended with it.
    pub ended_waits: Vec<EndedWait>,
    /// Why it must not be committed.
    pub defect: Option<String>,
    /// Agents whose profile changed.
    pub changed: Vec<(OrganisationId, UserId)>,
    /// When rows of the feed were committed that are in it.
    pub fed: Vec<Timestamp>,
    pub watching: Vec<Watching>,
    /// What is made of the effects for those who watch.
    pub told: Vec<Told>,
    pub snapshots: Vec<Snapshot>,
    answers: Vec<Answer>,
}

impl Turn {
    pub fn new(tenure: &Tenure, ids: &Ids, now: Timestamp) -> Self {
        Self {
            tenure: tenure.clone(),
            ids: ids.clone(),
            now,
            messages: 0,
            is_asked_for: false,
            batch: Batch::default(),
            effects: Vec::new(),
            reports: BTreeMap::new(),
            packs: Vec::new(),
            ended_waits: Vec::new(),
            defect: None,
            changed: Vec::new(),
            fed: Vec::new(),
            watching: Vec::new(),
            told: Vec::new(),
            snapshots: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Whether it is to be committed as soon as that can be: somebody waits for it, or it has something that must not get lost.
    pub fn is_due(&self) -> bool {
        self.is_asked_for || !self.batch.only_tidies()
    }

    /// Answers so once it is committed, or with its fault.
    pub fn answer<T: Send + 'static>(&mut self, to: oneshot::Sender<Result<T, Fault>>, answer: Result<T, Fault>) {
        self.answers.push(Box::new(move |committed| {
            let _ = to.send(committed.and(answer));
        }));
    }

    /// Ends when session has answered to the last report of the conversation so far; at once without one.
    pub fn reported(&mut self, organisation: OrganisationId, conversation: ConversationId) -> oneshot::Receiver<()> {
        let (told, reported) = oneshot::channel();
        let reports = self.reports.get_mut(&organisation).into_iter().flatten();
        let last = reports
            .rev()
            .find(|report| report.interaction.conversation == conversation);
        if let Some(report) = last {
            report.told = Some(told);
        }
        reported
    }

    /// Tells everybody that it was committed.
    pub fn succeed(&mut self) {
        for answer in std::mem::take(&mut self.answers) {
            answer(Ok(()));
        }
    }

    /// Tells everybody that it failed, though the owner goes on.
    pub fn fail(self, fault: &Fault) {
        for answer in self.answers {
            answer(Err(fault.clone()));
        }
        for watching in self.watching {
            let _ = watching.answer.send(Err(fault.clone()));
        }
    }
}
