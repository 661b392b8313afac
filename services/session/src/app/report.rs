//! What routing says: decisions for the log, and queues' policies.

use super::App;
use super::access::not_found;
use super::commit::{Item, Outcome, What, traceparent};
use crate::store::policies::{self, Policy};
use onqueue_chat::{Fact, Input, Place, Refusal};
use onqueue_model::{ConversationId, Fault, OrganisationId, QueueId, Reason};

/// A decision of routing.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub organisation: OrganisationId,
    pub conversation: ConversationId,
    pub opening: u32,
    pub place: Place,
    pub fact: Fact,
}

impl App {
    /// Records a decision; false when a newer one has been recorded. CONVERSATION_CLOSED, CONVERSATION_NOT_FOUND.
    pub async fn report(&self, report: Report) -> Result<bool, Fault> {
        let input = Input::Report {
            opening: report.opening,
            place: report.place,
            fact: report.fact,
        };
        let item = Item {
            what: What::Apply((report.organisation, report.conversation), input),
            traceparent: traceparent(),
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
