//! Why routing did what it did, for those who may know.

use super::Routing;
use crate::store::{DecisionPlace, StoredDecision};
use onqueue_model::{Caller, ConversationId, Fault, permissions};
use onqueue_server::resource::Page;

impl Routing {
    /// The decisions about the conversation, in order, of queues in divisions where the caller may read them.
    pub async fn list_decisions(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        after: DecisionPlace,
        size: u64,
    ) -> Result<Page<StoredDecision, DecisionPlace>, Fault> {
        let divisions = self.divisions(caller, permissions::DECISION_VIEW);
        let tables = &self.tables;
        let decisions = tables.decisions(caller.organisation, conversation, &divisions, after, size + 1);
        Ok(Page::of(decisions.await?, size, |decision| decision.position))
    }
}
