//! One transaction of the owner in the making: what goes in, what follows, and who waits for it.

use super::handle::Message;
use super::tenure::Tenure;
use crate::store::Batch;
use onqueue_acd::Effect;
use onqueue_model::{Fault, OrganisationId, Timestamp, UserId};
use onqueue_server::Ids;

/// Told whether it was committed.
type Answer = Box<dyn FnOnce(Result<(), Fault>) + Send>;

/// Filled input by input, then committed, then let out.
pub struct Turn {
    pub tenure: Tenure,
    pub ids: Ids,
    /// The time of every input in it.
    pub now: Timestamp,
    pub batch: Batch,
    /// To be let out, in order.
    pub effects: Vec<(OrganisationId, Effect)>,
    /// Why it must not be committed.
    pub defect: Option<String>,
    /// Agents whose profile changed.
    pub changed: Vec<(OrganisationId, UserId)>,
    /// When rows of the feed were committed that are in it.
    pub fed: Vec<Timestamp>,
    answers: Vec<Answer>,
    /// Messages that only read: they see what was committed.
    pub readers: Vec<Message>,
}

impl Turn {
    pub fn new(tenure: &Tenure, ids: &Ids, now: Timestamp) -> Self {
        Self {
            tenure: tenure.clone(),
            ids: ids.clone(),
            now,
            batch: Batch::default(),
            effects: Vec::new(),
            defect: None,
            changed: Vec::new(),
            fed: Vec::new(),
            answers: Vec::new(),
            readers: Vec::new(),
        }
    }

    /// Answers with the value once it is committed, or with the fault.
    pub fn answer<T: Send + 'static>(&mut self, to: tokio::sync::oneshot::Sender<Result<T, Fault>>, value: T) {
        self.answers.push(Box::new(move |committed| {
            let _ = to.send(committed.map(|()| value));
        }));
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
        for reader in self.readers {
            reader.fail(fault.clone());
        }
    }
}
