//! What routing says: decisions for the log, and queues' policies.

use super::App;
use super::access::not_found;
use super::commit::{Item, Outcome, What, traceparent};
use crate::store::policies::{self, Policy};
use futures::future::join_all;
use onqueue_chat::{Fact, Input, Place, Refusal};
use onqueue_model::{ConversationId, Fault, OrganisationId, QueueId, Reason};
use std::{collections::HashMap, sync::Arc};

/// A decision of routing.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub organisation: OrganisationId,
    pub conversation: ConversationId,
    pub opening: u32,
    pub place: Place,
    pub fact: Fact,
}

/// A report among many, or why it makes no sense.
#[derive(Debug)]
pub(crate) struct Told {
    /// The conversation as it was named: reports that name the same keep their order, whether they make sense or not.
    pub about: String,
    pub report: Result<Report, Fault>,
    /// W3C trace context of what caused it.
    pub traceparent: Option<Arc<str>>,
}

impl App {
    /// Records a decision; false when a newer one has been recorded. CONVERSATION_CLOSED, CONVERSATION_NOT_FOUND.
    pub async fn report(&self, report: Report) -> Result<bool, Fault> {
        self.record(report, traceparent()).await
    }

    /// Records each as [`App::report`] does, and answers each on its own, in their order. What waits of different
    /// conversations shares transactions. Those of one conversation go one after the other; after one that may be sent again
    /// the others of its conversation are not tried: a later one in the log would make an older of it.
    pub async fn report_all(&self, all: Vec<Told>) -> Vec<Result<bool, Fault>> {
        let count = all.len();
        let mut lines: HashMap<String, Vec<(usize, Told)>> = HashMap::new();
        for (at, told) in all.into_iter().enumerate() {
            lines.entry(told.about.clone()).or_default().push((at, told));
        }
        let answered = join_all(lines.into_values().map(|line| self.report_line(line))).await;
        let untold = || Err(Fault::internal("a report without an answer"));
        let mut answers: Vec<_> = std::iter::repeat_with(untold).take(count).collect();
        for (at, answer) in answered.into_iter().flatten() {
            answers[at] = answer;
        }
        answers
    }

    async fn report_line(&self, line: Vec<(usize, Told)>) -> Vec<(usize, Result<bool, Fault>)> {
        let mut answers: Vec<(usize, Result<bool, Fault>)> = Vec::with_capacity(line.len());
        for (at, told) in line {
            let stop = answers.last().and_then(|(_, answer)| answer.as_ref().err());
            let answer = match (stop.filter(|fault| !is_final(fault)).cloned(), told.report) {
                (Some(fault), _) | (None, Err(fault)) => Err(fault),
                (None, Ok(report)) => self.record(report, told.traceparent).await,
            };
            answers.push((at, answer));
        }
        answers
    }

    async fn record(&self, report: Report, traceparent: Option<Arc<str>>) -> Result<bool, Fault> {
        let input = Input::Report {
            opening: report.opening,
            place: report.place,
            fact: report.fact,
        };
        let item = Item {
            what: What::Apply((report.organisation, report.conversation), input),
            traceparent,
            actor: "service:routing".into(),
        };
        match self.submit(report.organisation, item).await {
            Outcome::Done(_) => Ok(true),
            Outcome::Refused(Refusal::Older) => Ok(false),
            Outcome::Refused(Refusal::Ended { .. }) => {
                Err(Fault::new(Reason::ConversationClosed, "this conversation is over"))
            }
            Outcome::Missing => Err(not_found()),
            Outcome::Failed(fault) => Err(fault),
            other => Err(Fault::internal(format_args!("a report was answered {other:?}"))),
        }
    }

    /// The queue's name as it is now; empty for a queue that session was not told of.
    pub async fn queue_name(&self, organisation: OrganisationId, queue: QueueId) -> Result<String, Fault> {
        let policy = self.policies.read(&self.store, organisation, queue).await?;
        Ok(policy.map(|policy| policy.name.clone()).unwrap_or_default())
    }

    /// Keeps a queue's policy, unless a newer one is kept.
    pub async fn put_policy(&self, policy: Policy) -> Result<(), Fault> {
        let (organisation, queue) = (policy.organisation, policy.queue);
        policies::put(&self.store, policy, self.context.clock.now()).await?;
        self.policies.forget(organisation, queue);
        Ok(())
    }
}

/// Whether the same report is refused for good.
const fn is_final(fault: &Fault) -> bool {
    matches!(fault.reason, Reason::ConversationClosed | Reason::ConversationNotFound)
}
